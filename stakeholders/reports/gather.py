"""Records → fact base: what the weekly page of that moment says, and nothing worked out a second time.

A fixed number of queries, whatever the data. A past week is told as it was known when it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from delivery.models import Commitment
from metrics.periods import Week, week_in_review
from stakeholders.models import Report
from stakeholders.registers.people import person_of
from stakeholders.week import gather as weeks
from stakeholders.week import remembering, since
from stakeholders.week.gather import Gathered
from stakeholders.week.judged import Judged
from stakeholders.week.known import Deadline as Outside
from stakeholders.week.known import Known
from stakeholders.week.known import changes as differences
from stakeholders.week.page import composed
from stakeholders.week.promises import RECENT
from stakeholders.week.saying import chance_of, slip_words
from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import evidence
from .asks import asks
from .facts import Ahead, Ask, Change, Deadline, Drift, FactBase
from .outcomes import Owned, outcomes

AHEAD_WEEKS = 3
MOST_AHEAD = 12  # in one week; the rest as a count
MOST_CHANGES = 200
MOST_WORKED_OUT = 500  # open commitments of the whole network
JOINED = {"risks": ": ", "requirements": ": ", "asked": " ", "needs": " ", "contracts": " "}  # of who and what
TONES = {"slipped": "late", "delivered": "ok", "decided": "ok", "cancelled": "risk"}


def gather(user: User, team: Team, week: Week, *, now: datetime) -> FactBase:
    """Everything that a report of `week` rests on, as `user` may see it.

    Raises PermissionDenied when `user` does not see `team`, ValueError where the calendar ends.
    """
    if not access.teams(user).filter(pk=team.pk).exists():
        raise PermissionDenied(f"{user} does not see {team.name}.")
    got = weeks.gather(user, team, week, now=now)
    work_out = week >= week_in_review(now, settings.ORGANISATION_ZONE) and _is_quick()
    page = composed(got, work_out=work_out)
    judged, known = page.judged, page.judged.known
    person = person_of(user)
    risks, exposure = evidence.risks(got, known)
    point, point_day = _compared_with(got, judged)
    asked = asks(judged, work_out=work_out)
    return FactBase(
        organisation=settings.ORGANISATION, team=team.name, team_slug=team.slug, week=week.monday, as_of=known.at,
        zone=str(settings.ORGANISATION_ZONE), currency=settings.CURRENCY,
        prepared_by=person.name if person else user.get_full_name(), prepared_title=person.title if person else "",
        say=page.say, clause=page.clause, tone=page.headline.tone, more=tuple(page.headline.more),
        **_standing(judged),
        deadlines=tuple(_deadline(one, judged.before) for one in known.deadlines), drift=_drift(judged),
        outcomes=outcomes(known, _owned(known)), changes=_changes(point, known), changes_since=point_day, asks=asked,
        risks=risks, exposure=exposure, budget=evidence.budget(got, _last_day(got)), measures=evidence.measures(got),
        people=evidence.people(got), ahead=_ahead(known, asked), sources=evidence.sources(got),
        signatures=evidence.signatures(got, known),
    )  # fmt: skip


def _is_quick() -> bool:
    """Whether a what-if takes a moment: of a larger network only those are told that somebody has looked at."""
    return Commitment.objects.open().count() <= MOST_WORKED_OUT


def _last_day(got: Gathered) -> date:
    return min(got.week.sunday, got.now.astimezone(settings.ORGANISATION_ZONE).date())


# --- promises --------------------------------------------------------------------------------------------------------


def _standing(judged: Judged) -> dict[str, Any]:
    """The counts of the page's figures."""
    known, before = judged.known, judged.before
    told = [one.trials for one in known.deadlines] + [one.trials for one in known.promises]
    since_ = known.today - RECENT
    return {
        "forecast_at": known.forecast_at, "forecast_digest": known.forecast_digest,
        "trials": next((one for one in told if one), None),
        "on_track": _on_track(known), "open": len(known.open),
        "on_track_before": _on_track(before) if before.open else None,
        "open_before": len(before.open) if before.open else None,
        "delivered": sum(
            one.delivered is not None and since_ <= one.delivered <= known.today
            for one in known.promises if not one.is_milestone
        ),
        "waiting": len(judged.queue.items) if judged.queue else 0,
    }  # fmt: skip


def _on_track(known: Known) -> int:
    return sum(one.state == "ok" for one in known.open)


def _deadline(one: Outside, before: Known) -> Deadline:
    was = before.get("deadlines", one.id)
    chance, was_chance = chance_of(one), chance_of(was) if was else None
    url = reverse("delivery:commitment", args=[one.milestone])
    return Deadline(
        id=one.id, name=one.name, title=one.title, date=one.date, penalty_from=one.penalty_from, rate=one.rate,
        currency=one.currency, even=one.even, sure=one.sure, chance=chance.share if chance else None,
        chance_words=chance.words if chance else "", penalty=one.penalty, penalty_85=one.penalty_85,
        chance_before=was_chance.share if was_chance else None,
        chance_before_words=was_chance.words if was_chance else "",
        penalty_before=was.penalty if was_chance and was else None, url=url,
    )  # fmt: skip


def _drift(judged: Judged) -> tuple[Drift, ...]:
    return tuple(
        Drift(monday=one.monday, even=one.even, sure=one.sure, chance=one.hits / one.trials, penalty=one.penalty)
        for one in judged.weeks
        if one.trials
    )


def _owned(known: Known) -> dict[int, Owned]:
    """commitment → its outcome. One query."""
    rows = Commitment.objects.filter(pk__in=[one.id for one in known.promises], outcome__isnull=False)
    return {
        pk: Owned(outcome, title, team)
        for pk, outcome, title, team in rows.values_list("pk", "outcome_id", "outcome__title", "outcome__team__name")
    }


# --- what changed ----------------------------------------------------------------------------------------------------


def _compared_with(got: Gathered, judged: Judged) -> tuple[Known, date]:
    """What was known at the last report sent of an earlier week, else a week before; and that day."""
    rows = Report.objects.filter(team=got.team, monday__lt=got.week.monday, steps__step="sent")
    last = rows.only("as_of").order_by("-monday", "-pk").first()
    at = last.as_of if last is not None and last.as_of < judged.known.at else None
    point = remembering.known([one.pk for one in got.teams], at=at) if at else judged.before
    return point, point.today


def _changes(before: Known, known: Known) -> tuple[Change, ...]:
    """In the order of the page: group by group, what hangs on a deadline first."""
    made = sorted(differences(before, known), key=lambda one: one.kind != "deadlines")
    lines = [(line, one) for one, line in since.told_of(made, known)]
    found = [
        Change(
            kind=title, what=f"{line.what}{JOINED.get(name, ', ')}{line.text}", tone=TONES.get(name, ""),
            technical=slip_words(one.after) if one.kind == "slips" else "",
        )
        for name, title, _ in since.GROUPS
        for line, one in lines
        if line.group == name
    ]  # fmt: skip
    return tuple(found[:MOST_CHANGES])


# --- what is ahead ---------------------------------------------------------------------------------------------------


def _ahead(known: Known, asked: Sequence[Ask]) -> tuple[Ahead, ...]:
    """Promised, needed, due or to be decided in the coming weeks, the current one first."""
    first = known.today - timedelta(days=known.today.weekday())
    told: list[tuple[date, str]] = [(one.date, f"Deadline: {one.name}.") for one in known.deadlines]
    told += [(one.by, f"Decide: {one.question.rstrip('.?')}.") for one in asked if one.by and one.choices]
    for one in known.promises:
        if one.is_open:
            told.append((one.due, f"{one.title}, promised by {one.team_name}."))
    for need in known.of("needs"):
        before = known.get("promises", need.before)
        if need.agreed is None and need.step != "met" and need.needed_by and (before is None or before.is_open):
            told.append((need.needed_by, f"{need.asks} needs {need.before_title}; no day agreed."))
    mondays = [first + timedelta(weeks=count) for count in range(AHEAD_WEEKS)]
    return tuple(Ahead(monday=monday, items=_items(monday, told)) for monday in mondays)


def _items(monday: date, told: Sequence[tuple[date, str]]) -> tuple[str, ...]:
    own = [text for day, text in sorted(told) if monday <= day < monday + timedelta(weeks=1)]
    rest = len(own) - MOST_AHEAD
    return (*own[:MOST_AHEAD], f"And {ui.count(rest)} more.") if rest > 0 else tuple(own)


__all__ = ["gather"]
