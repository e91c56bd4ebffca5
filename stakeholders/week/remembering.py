"""A scope as it was known at a moment, read from records that are appended and stay, and from kept forecasts.

One code reads the present and the past: what was recorded later than `at` is left out, and nothing else differs. Of
what is overwritten (a title, a deadline's date) the past shows today's words; a delivery counts from its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q

from delivery import models as promised
from delivery.chance import Chance
from delivery.recovery import money
from delivery.status import Known as Heard
from delivery.status import Override, Standing, status
from stakeholders.models import Decision, DecisionEvent, Requirement, RequirementEvent, Risk, RiskEvent

from .known import Deadline, Known, Need, Promise, Record, Row, Slip

Step = promised.DependencyEvent.Step
RATES = {"fixed": "{} once", "day": "{} a day", "week": "{} a week"}


def known(teams: Collection[int], *, at: datetime) -> Known:
    """Everything that the weekly page says of promises and decisions. A fixed number of queries."""
    today = at.astimezone(settings.ORGANISATION_ZONE).date()
    rows = list(
        promised.Commitment.objects.filter(team__in=teams, created_at__lte=at).select_related("team").order_by("pk")
    )
    ids = [row.pk for row in rows]
    run = promised.ForecastRun.objects.filter(made_at__lte=at).order_by("-made_at", "-pk").defer("inputs").first()
    slips = _slips(ids, at)
    promises = _promises(rows, slips, run, today, at)
    numbered: dict[str, Sequence[Row]] = {
        "promises": promises,
        "deadlines": _deadlines(teams, ids, run, at),
        "needs": _needs(ids, at),
        "slips": slips,
        "choices": _choices(ids, at),
        "risks": _events(Risk, RiskEvent, "risk", "state", "title", teams, at),
        "decisions": _decisions(teams, at),
        "requirements": _events(Requirement, RequirementEvent, "requirement", "step", "title", teams, at),
    }
    return Known(
        at=at, today=today, forecast_at=run.made_at if run else None, forecast_digest=run.inputs_digest if run else "",
        rows={kind: {one.id: one for one in found} for kind, found in numbered.items()},
    )  # fmt: skip


# --- promises --------------------------------------------------------------------------------------------------------


def _slips(ids: Collection[int], at: datetime) -> list[Slip]:
    rows = promised.Slip.objects.filter(commitment__in=ids, at__lte=at).select_related("commitment__team")
    rows = rows.annotate(offered=Count("options", filter=Q(options__at__lte=at)))
    found: dict[int, Slip] = {}
    for row in rows.order_by("pk"):
        if row.corrects_id in found:
            first = found[row.corrects_id]
            values = {name: getattr(first, name) for name in first.__slots__}
            found[row.corrects_id] = Slip(**(values | {"reason": row.reason_name, "words": row.words}))
        elif row.corrects_id is None:
            found[row.pk] = Slip(
                id=row.pk, commitment=row.commitment_id, title=row.commitment.title, team=row.commitment.team.name,
                frm=row.from_date, to=row.to_date, reason=row.reason_name, words=row.words, on=_day(row.at),
                options=row.offered,
            )  # fmt: skip
    return list(found.values())


def _promises(
    rows: Sequence[promised.Commitment], slips: Iterable[Slip], run: promised.ForecastRun | None, today: date,
    at: datetime,
) -> list[Promise]:  # fmt: skip
    ids = [row.pk for row in rows]
    due = {row.pk: row.first_promised_on for row in rows} | {one.commitment: one.to for one in slips}
    lines = {
        one.commitment_id: one for one in promised.ForecastLine.objects.filter(run=run, commitment__in=ids)
    } if run else {}  # fmt: skip
    heard = dict(
        promised.Answer.objects.filter(commitment__in=ids, checkin__at__lte=at)
        .values_list("commitment")
        .annotate(newest=Max("checkin__at"))
    )
    estimated = set(
        promised.Estimate.objects.filter(commitment__in=ids, at__lte=at).values_list("commitment_id", flat=True)
    )
    held = promised.StatusOverride.objects.filter(commitment__in=ids, at__lte=at, expires_on__gt=today)
    overrides = {one.commitment_id: one for one in held.order_by("pk")}
    return [
        _promise(
            row, due[row.pk], lines.get(row.pk), run, heard.get(row.pk), row.pk in estimated, overrides.get(row.pk),
            today, at,
        )
        for row in rows
    ]  # fmt: skip


def _promise(
    row: promised.Commitment, due: date, line: promised.ForecastLine | None, run: promised.ForecastRun | None,
    heard: datetime | None, estimated: bool, override: promised.StatusOverride | None, today: date, at: datetime,
) -> Promise:  # fmt: skip
    delivered = row.delivered_on if row.delivered_on and row.delivered_on <= today else None
    cancelled = row.cancelled_at is not None and row.cancelled_at <= at
    common: dict[str, Any] = {
        "id": row.pk, "title": row.title, "team": row.team_id, "team_name": row.team.name, "due": due,
        "first": row.first_promised_on, "is_milestone": row.is_milestone, "delivered": delivered,
    }  # fmt: skip
    if cancelled:
        return Promise(**common, state="cancelled", word="Cancelled", why=row.cancelled_why)
    if delivered or run is None:
        line = None
    trials = run.trials if run else 0
    both = status(
        Heard(
            promised_on=row.made_on, delivered_on=delivered,
            last_check_in=today if row.is_milestone else _day(heard) if heard else None,
            missing=() if estimated else ("a low, likely and high estimate",),
        ),
        first_promise=row.first_promised_on, current_promise=due,
        first_chance=Chance(line.hits_first, trials) if line else None,
        current_chance=Chance(line.hits, trials) if line else None, today=today,
        override=Override(
            standing=Standing(override.status), reason=override.why, by=override.by_name, on=_day(override.at)
        ) if override else None,
    )  # fmt: skip
    judged = both.current
    forecast: dict[str, Any] = (
        {"even": line.even, "sure": line.sure, "hits": line.hits, "trials": trials} if line else {}
    )
    return Promise(
        **common, state=judged.standing.value, word=judged.standing.words, why=judged.reason, **forecast,
        state_first=both.first.standing.value, word_first=both.first.standing.words,
    )  # fmt: skip


# --- deadlines and contracts -----------------------------------------------------------------------------------------


def _deadlines(
    teams: Collection[int], ids: Collection[int], run: promised.ForecastRun | None, at: datetime
) -> list[Deadline]:
    rows = promised.Deadline.objects.filter(Q(team__in=teams) | Q(milestone__in=ids), created_at__lte=at)
    rows = rows.filter(Q(closed_at=None) | Q(closed_at__gt=at)).select_related("milestone").prefetch_related("windows")
    found = list(rows.order_by("pk"))
    forecasts = {
        one.deadline_id: one for one in promised.DeadlineForecast.objects.filter(run=run, deadline__in=found)
    } if run else {}  # fmt: skip
    made = []
    for row in found:
        if row.milestone.delivered_on and row.milestone.delivered_on <= _day(at):
            continue
        windows = sorted(row.windows.all(), key=lambda one: one.from_date)
        one = forecasts.get(row.pk)
        said = {
            "even": one.even, "sure": one.sure, "hits": one.hits, "trials": run.trials,  # type: ignore[union-attr]  # a forecast has its run
            "penalty": one.penalty, "penalty_85": one.penalty_85, "chain": tuple(one.critical),
            "driving": {key: share for key, share in one.driving.items() if share >= 0.005},
        } if one else {}  # fmt: skip
        made.append(
            Deadline(
                id=row.pk, name=row.name, date=one.date if one else row.date, milestone=row.milestone_id,
                title=row.milestone.title, team=row.milestone.team_id, currency=row.currency or "USD",
                penalty_from=windows[0].from_date if windows else None,
                rate=RATES[windows[0].kind].format(money(windows[0].amount, row.currency)) if windows else "", **said,  # type: ignore[arg-type]  # the fields of a Deadline
            )
        )  # fmt: skip
    return made


def _needs(ids: Collection[int], at: datetime) -> list[Need]:
    rows = promised.Dependency.objects.filter(Q(before__in=ids) | Q(after__in=ids))
    rows = rows.filter(Q(removed_at=None) | Q(removed_at__gt=at)).select_related("before__team", "after__team")
    events: dict[int, list[promised.DependencyEvent]] = defaultdict(list)
    for event in promised.DependencyEvent.objects.filter(dependency__in=rows, at__lte=at).order_by("pk"):
        events[event.dependency_id].append(event)
    found = []
    for row in rows.order_by("pk"):
        own = events.get(row.pk, [])
        if not own:
            continue  # recorded later
        step = own[-1].step
        agreed = next((one.on for one in reversed(own) if one.step == Step.AGREED), None)
        found.append(
            Need(
                id=row.pk, before=row.before_id, after=row.after_id, before_title=row.before.title,
                after_title=row.after.title, gives=row.before.team.name, asks=row.after.team.name, what=row.what,
                step=step, needed_by=row.needed_by, found=row.found, since=row.found_on,
                agreed=agreed if step in (Step.AGREED, Step.MET) else None,
            )
        )  # fmt: skip
    return found


# --- records of decisions and risks ----------------------------------------------------------------------------------


def _choices(ids: Collection[int], at: datetime) -> list[Record]:
    rows = promised.Choice.objects.filter(option__commitment__in=ids, at__lte=at).select_related("option__commitment")
    return [
        Record(id=row.pk, title=row.option.commitment.title, state=str(row.option.commitment_id),
               said=row.option.title, by=row.by_name, on=_day(row.at))
        for row in rows.order_by("pk")
    ]  # fmt: skip


def _events(
    model: Any, event: Any, name: str, column: str, title: str, teams: Collection[int], at: datetime
) -> list[Record]:
    """Each record with where its newest event up to `at` put it; those without one were recorded later."""
    rows = event.objects.filter(**{f"{name}__team__in": teams}, at__lte=at).order_by("pk").select_related(name)
    found: dict[int, Record] = {}
    for row in rows:
        held = getattr(row, name)
        found[held.pk] = Record(
            id=held.pk, title=getattr(held, title), state=getattr(row, column), said=row.words, by=row.by_name,
            on=_day(row.at),
        )  # fmt: skip
    return list(found.values())


def _decisions(teams: Collection[int], at: datetime) -> list[Record]:
    rows = DecisionEvent.objects.filter(decision__team__in=teams, at__lte=at).select_related("decision", "option")
    found: dict[int, Record] = {}
    for row in rows.order_by("pk"):
        said = row.option.title if row.option else row.words
        found[row.decision_id] = Record(
            id=row.decision_id, title=row.decision.question, state=row.step, said=said, by=row.by_name, on=_day(row.at)
        )
    return list(found.values())


def first_known(teams: Collection[int]) -> datetime | None:
    """When the first promise of these teams was recorded."""
    return promised.Commitment.objects.filter(team__in=teams).aggregate(first=Min("created_at"))["first"]


def _day(at: datetime) -> date:
    return at.astimezone(settings.ORGANISATION_ZONE).date()


__all__ = ["Decision", "first_known", "known"]
