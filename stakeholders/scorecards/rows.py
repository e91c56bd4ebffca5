"""The rows of each indicator at the end of a day, from what was gathered. Each is one fact; sums are made elsewhere."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from django.conf import settings
from django.urls import reverse

from delivery.models import Dependency, DependencyEvent
from delivery.warning import STANDARD_DAYS, Outcome
from stakeholders.investment import interest
from stakeholders.scorecard import Aside, Row
from teams import attrition
from teams.attrition import Stint
from teams.templatetags import ui

from .gather import Asked, Gathered
from .told import reports_on_time

Step_ = DependencyEvent.Step


def _within(got: Gathered, day: date | None, until: date) -> bool:
    return day is not None and until - timedelta(weeks=got.weeks) < day <= until


def _commitment(got: Gathered, pk: str, part: int, on: date, squad: str, note: str, of: int = 1) -> Row:
    url = reverse("delivery:commitment", args=[int(pk)])
    return Row(id=f"C-{pk}", label=got.titles[int(pk)], squad=squad, part=part, of=of, on=on, note=note, url=url)


# --- roadmap ---------------------------------------------------------------------------------------------------------


def roadmap(got: Gathered, until: date) -> list[Row]:
    """Misses whose date fell in the weeks: flagged so many working days ahead, with options, or not."""
    rows = []
    for one in got.warned:
        if one.outcome is Outcome.MISSED and _within(got, one.due, until):
            good = one.in_time and one.working_days >= STANDARD_DAYS and one.with_options
            ahead = f"flagged {ui.plural(one.working_days, 'working day')} ahead" if one.in_time else "found at review"
            note = f"{ahead}, {'with' if one.with_options else 'without'} options"
            rows.append(_commitment(got, one.id, int(good), one.due, one.squad, note))
    return rows


def roadmap_asides(got: Gathered) -> list[Aside]:
    misses = [one for one in got.warned if one.outcome is Outcome.MISSED and _within(got, one.due, got.until)]
    known = [
        one
        for one in got.warned
        if one.in_time and one.outcome is not Outcome.OPEN and _within(got, one.due, got.until)
    ]
    return [
        Aside(
            key="found-at-review",
            title="Found at review",
            rows=tuple(
                _commitment(
                    got,
                    one.id,
                    int(one.found_at_review),
                    one.due,
                    one.squad,
                    "first recorded on or after its day" if one.found_at_review else "flagged before its day",
                )
                for one in misses
            ),
        ),
        Aside(
            key="false-alarms",
            title="False alarms",
            rows=tuple(
                _commitment(
                    got,
                    one.id,
                    int(one.false_alarm),
                    one.due,
                    one.squad,
                    "delivered in time after all" if one.false_alarm else "the alarm was right",
                )
                for one in known
            ),
        ),
    ]


def median_warning(got: Gathered) -> str:
    days = sorted(
        one.working_days for one in got.warned if one.outcome is Outcome.MISSED and _within(got, one.due, got.until)
    )
    if not days:
        return ""
    half = len(days) // 2
    middle = days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2
    return f"Median warning {ui.count(middle)} {'day' if middle == 1 else 'days'}."


# --- debt ------------------------------------------------------------------------------------------------------------


def debt(got: Gathered, until: date) -> list[Row]:
    """What is open at the end of the day: tracked by then, or not."""
    rows = []
    for one in got.debts:
        now = interest.standing(one.steps, until)
        if now is None or now.step in interest.ENDED:
            continue
        row = one.row
        lacks = (
            []
            if now.tracked
            else [
                what
                for what, has in (
                    ("an owner", row.owner_id),
                    ("a rank", row.priority),
                    ("a time limit", row.box_until and (row.box_days or row.box_share)),
                )
                if not has
            ]
        )
        note = (
            "owned, ranked, time-boxed"
            if now.tracked
            else f"lacks {', '.join(lacks) or 'what it has been given since'}"
        )
        rows.append(
            Row(
                id=row.code,
                label=row.title,
                squad=str(row.team_id),
                part=int(now.tracked),
                on=one.steps[0].on,
                note=note,
                url=row.get_absolute_url(),
            )
        )
    return rows


def debt_asides(got: Gathered) -> list[Aside]:
    kept, traced = [], []
    for one in got.debts:
        row = one.row
        box = interest.Box(days=row.box_days, share=row.box_share, until=row.box_until)
        held = interest.box_kept(box, one.steps, today=got.today)
        if held is not None:
            said = "ended within its box" if held else "its box ran out first"
            kept.append(
                Row(
                    id=row.code,
                    label=row.title,
                    squad=str(row.team_id),
                    part=int(held),
                    on=row.box_until,
                    note=said,
                    url=row.get_absolute_url(),
                )
            )
        traced += [
            Row(
                id=f"{row.code}-{pk}",
                label=title,
                squad=str(row.team_id),
                part=1,
                on=day,
                note=f"came from {row.code}",
                url=row.get_absolute_url(),
            )
            for pk, title, day in one.incidents
            if _within(got, day, got.until)
        ]
    return [
        Aside(key="box-kept", title="Boxes kept", rows=tuple(kept)),
        Aside(
            key="incidents", title="Incidents traced to debt", rows=tuple(traced), counted=True, unit="in these weeks"
        ),
    ]


def interest_words(got: Gathered) -> str:
    """What the debt costs a week now, and at the start of the weeks."""
    steps = [one.steps for one in got.debts]
    was, now = interest.interest_on(steps, got.since), interest.interest_on(steps, got.until)
    if now is None:
        return ""
    before = f", against {ui.count(was)} at the start of these weeks" if was is not None else ""
    return f"It costs {ui.count(now)} days a week{before}."


# --- dependencies ----------------------------------------------------------------------------------------------------


def sprint_start(got: Gathered, row: Dependency) -> date:
    """The first day of the sprint in which it is needed; without one, the day itself."""
    needed = row.needed_by or row.found_on
    sprints = got.sprints.get(row.after.team_id, [])
    return next((first for first, last in sprints if first <= needed <= last), needed)


def _moment(row: Dependency, step: str) -> date | None:
    event = next((one for one in row.events.all() if one.step == step), None)
    return event.at.astimezone(settings.ORGANISATION_ZONE).date() if event else None


def _link(row: Dependency, part: int, on: date, note: str, of: int = 1) -> Row:
    url = reverse("delivery:dependency", args=[row.pk])
    label = row.what or f"{row.after.title} needs {row.before.title}"
    return Row(id=f"L-{row.pk}", label=label, squad=str(row.after.team_id), part=part, of=of, on=on, note=note, url=url)


def dependencies(got: Gathered, until: date) -> list[Row]:
    """Those whose sprint began in the weeks: agreed before it did, or not."""
    rows = []
    for row in got.contracts:
        start = sprint_start(got, row)
        if not _within(got, start, until):
            continue
        agreed = _moment(row, Step_.AGREED)
        good = agreed is not None and agreed < start and row.found != Dependency.Found.MIDSPRINT
        if good and agreed:
            note = f"agreed {ui.day(agreed)}, before its sprint"
        elif row.found == Dependency.Found.MIDSPRINT:
            note = "surfaced during the sprint"
        else:
            note = f"agreed {ui.day(agreed)}, too late" if agreed and agreed <= until else "no agreed date"
        rows.append(_link(row, int(good), start, note))
    return rows


def dependency_asides(got: Gathered) -> list[Aside]:
    found, blocked = [], []
    for row in got.contracts:
        if _within(got, row.found_on, got.until):
            mid = row.found == Dependency.Found.MIDSPRINT
            note = Dependency.Found(row.found).label if row.found in Dependency.Found.values else row.found
            found.append(_link(row, int(mid), row.found_on, note))
        days = blocked_days(row, got.since, got.until)
        if days:
            blocked.append(_link(row, days, row.needed_by or row.found_on, f"needed by {ui.day(row.needed_by)}", of=0))
    return [
        Aside(key="mid-sprint", title="Surfaced mid-sprint", rows=tuple(found)),
        Aside(key="blocked", title="Blocked", rows=tuple(blocked), counted=True, unit="calendar days"),
    ]


def blocked_days(row: Dependency, since: date, until: date) -> int:
    """Calendar days within the weeks on which it was needed and not met."""
    if row.needed_by is None:
        return 0
    met = _moment(row, Step_.MET) or row.before.delivered_on
    return max((min(met or until, until) - max(row.needed_by, since)).days, 0)


# --- attrition -------------------------------------------------------------------------------------------------------


def seniors(got: Gathered, until: date) -> list[Row]:
    """Seniors who were there a year before: stayed or not. Who has a last day ahead is counted as not staying."""
    by_person: dict[int, list[tuple[int, Stint]]] = defaultdict(list)
    for team, stint in got.stints:
        by_person[stint.person].append((team, stint))
    day = min(until, got.today)
    rows = []
    for person, own in by_person.items():
        year = attrition.retention([stint for _, stint in own], until=day, seniors_only=True)
        if not year.cohort:
            continue
        leaving = bool(year.leaving) and until == got.until
        last = max((stint.ended_on for _, stint in own if stint.ended_on), default=None)
        note = "stayed"
        if leaving:
            note = f"leaves {ui.day(last)}"
        elif year.grew:
            note = "stayed and grew"
        elif not year.stayed:
            note = "moved to another team" if year.moved_away else "left"
        at_start = [team for team, stint in own if stint.covers(attrition.year_before(day))]
        squad = str((at_start or [own[-1][0]])[-1])
        rows.append(
            Row(
                id=f"person-{person}",
                label=got.names[person],
                squad=squad,
                part=int(bool(year.stayed) and not leaving),
                on=last if leaving else None,
                note=note,
                url=reverse("teams:person", args=[person]),
            )
        )
    return sorted(rows, key=lambda row: row.label)


def growth(rows: list[Row]) -> list[Aside]:
    grown = tuple(row for row in rows if row.note == "stayed and grew")
    return [Aside(key="grew", title="Grew into wider roles", rows=grown, counted=True, unit="")]


# --- communication ---------------------------------------------------------------------------------------------------


def _decision(one: Asked, part: int, on: date, note: str) -> Row:
    row = one.row
    return Row(
        id=row.code, label=row.question, squad=str(row.team_id), part=part, on=on, note=note, url=row.get_absolute_url()
    )


def escalations(got: Gathered, until: date) -> list[Row]:
    """Decisions asked for in the weeks: with money or days, evidence and two options, or what they lack."""
    rows = []
    for one in got.asked:
        if not _within(got, one.asked_on, until):
            continue
        lacks = [
            what
            for what, has in (
                ("money or days", one.in_numbers),
                ("evidence", one.evidence),
                ("two options", one.options >= 2),
            )
            if not has
        ]
        note = f"lacks {' and '.join(lacks)}" if lacks else "impact, evidence and options"
        rows.append(_decision(one, int(not lacks), one.asked_on, note))
    return rows


def communication_asides(got: Gathered) -> list[Aside]:
    rows = []
    for one in got.asked:
        due = one.row.needed_by
        if due is None or one.withdrawn or not _within(got, due, got.until):
            continue
        in_time = one.answered_on is not None and one.answered_on <= due
        note = f"answered {ui.day(one.answered_on)}" if one.answered_on else "no answer yet"
        rows.append(_decision(one, int(in_time), due, note))
    return [
        Aside(key="answered", title="Answered in time", rows=tuple(rows)),
        Aside(
            key="reports",
            title="Reports on time",
            rows=tuple(reports_on_time(got)),
            why_not="not measured yet: no report was sent from here so far",
        ),
    ]


# --- agile -----------------------------------------------------------------------------------------------------------


def retro(got: Gathered, until: date) -> list[Row]:
    """Retro actions that were due in the weeks: done by then, or not."""
    rows = []
    for one in got.retro:
        if _within(got, one.due_on, until):
            done = one.done_on is not None and one.done_on <= one.due_on
            note = f"done {ui.day(one.done_on)}" if one.done_on else "still open"
            url = reverse("stakeholders:retro_actions", args=[_slug(got, one.team_id)])
            rows.append(
                Row(
                    id=f"A-{one.pk}",
                    label=one.text,
                    squad=str(one.team_id),
                    part=int(done),
                    on=one.due_on,
                    note=note,
                    url=url,
                )
            )
    return rows


def _slug(got: Gathered, team: int) -> str:
    return next(one.slug for one in got.teams if one.pk == team)


def agile_asides(got: Gathered) -> list[Aside]:
    return [
        Aside(
            key="predictability",
            title="Predictability, in points of value",
            rows=tuple(_predicted(got)),
            why_not="" if got.values else "not measured yet: no frozen interval ended in these weeks",
        ),
        Aside(key="check-ins", title="Check-ins sent", rows=tuple(_checkins(got))),
        Aside(key="unplanned", title="Unplanned deployments", rows=tuple(_unplanned(got))),
    ]


def _predicted(got: Gathered) -> list[Row]:
    rows = []
    for interval, value, one in got.values:
        if _within(got, interval.ends_on, got.until):
            planned = 0 if value.stretch else value.planned
            note = f"{interval.name}: {value.actual} of {value.planned}{', stretch' if value.stretch else ''}"
            rows.append(_commitment(got, str(one.pk), value.actual, interval.ends_on, value.squad, note, of=planned))
    return rows


def _checkins(got: Gathered) -> list[Row]:
    """One row for each team and week in which it had a promise to say something about."""
    rows = []
    for team in got.teams:
        own = [(made, over) for pk, made, over in got.lives if pk == team.pk]
        for sunday in got.ends:
            monday = sunday - timedelta(days=6)
            if any(made < monday and (over is None or over >= sunday) for made, over in own):
                sent = (team.pk, monday) in got.checkins
                week = monday.isocalendar().week
                rows.append(
                    Row(
                        id=f"{team.slug}-{monday}",
                        label=f"{team.name}, week {week}",
                        squad=str(team.pk),
                        part=int(sent),
                        on=sunday,
                        note="sent" if sent else "not sent",
                        url=reverse("delivery:checkin", args=[team.slug]),
                    )
                )
    return rows


def _unplanned(got: Gathered) -> list[Row]:
    rows = []
    for team in got.teams:
        for week in got.pooled.get(team.pk, []):
            if week.deployments:
                url = reverse("metrics:measure", args=[team.slug, "rework-rate"])
                rows.append(
                    Row(
                        id=f"{team.slug}-{week.week.label}",
                        label=f"{team.name}, week {week.week.number}",
                        squad=str(team.pk),
                        part=week.rework,
                        of=week.deployments,
                        on=week.week.sunday,
                        note=f"{week.rework} of {ui.plural(week.deployments, 'deployment')}",
                        url=url,
                    )
                )
    return rows
