"""How commitments and deadlines stand now: records, the newest forecast and the check-ins, put together for pages.

Reads in a fixed number of queries, whatever the data; the judging is `status.py`'s, the numbers are the forecast's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from django.db.models import Max, OuterRef, Subquery

from teams import access
from teams.models import User

from .actions.rules import today as this_day
from .chance import Chance
from .models import (
    Answer,
    Commitment,
    Deadline,
    DeadlineForecast,
    Dependency,
    DependencyEvent,
    ForecastLine,
    ForecastRun,
    Slip,
    StatusOverride,
)
from .models.promises import CommitmentQuerySet
from .status import Known, Override, Standing, Status, status


def visible(user: User) -> CommitmentQuerySet:
    """The commitments of the teams that `user` sees."""
    return Commitment.objects.filter(team__in=access.teams(user))


@dataclass(slots=True)
class Shown:
    """One commitment as pages show it."""

    row: Commitment
    promised_on: date
    last_slip: int | None
    estimate: tuple[int, int, int] | None
    status: Status
    line: ForecastLine | None
    answer: Answer | None  # the newest check-in's
    answered_on: date | None

    @property
    def state(self) -> str:
        """The shape of the current status, as the `status` component knows it."""
        return self.status.current.standing.value

    @property
    def word(self) -> str:
        return self.status.current.standing.words

    @property
    def moved(self) -> bool:
        return self.promised_on != self.row.first_promised_on

    @property
    def days_against_due(self) -> int | None:
        """Calendar days that the even-odds date lies after the promise; negative: early."""
        if self.row.delivered_on:
            return (self.row.delivered_on - self.promised_on).days
        return (self.line.even - self.promised_on).days if self.line else None

    @property
    def chance(self) -> Chance | None:
        """Of the promise in force."""
        return Chance(self.line.hits, self.line.run.trials) if self.line else None


@dataclass
class Board:
    """What a page shows: commitments of a scope, the deadlines that they feed, and when the forecast was made."""

    shown: list[Shown]
    run: ForecastRun | None
    today: date
    deadlines: list[DeadlineNow] = field(default_factory=list)

    @cached_property
    def by_id(self) -> dict[int, Shown]:
        return {one.row.pk: one for one in self.shown}

    @property
    def open(self) -> list[Shown]:
        return [one for one in self.shown if one.row.is_open]


@dataclass(slots=True)
class DeadlineNow:
    """A deadline with its newest forecast (None: not forecast yet) and its windows."""

    row: Deadline
    forecast: DeadlineForecast | None

    @property
    def chance(self) -> Chance | None:
        return Chance(self.forecast.hits, self.forecast.run.trials) if self.forecast else None

    @property
    def days_late(self) -> int | None:
        """Calendar days from the deadline to the even-odds date; negative: early."""
        return (self.forecast.even - self.row.date).days if self.forecast else None


def board(commitments: CommitmentQuerySet, *, today: date | None = None, deadlines: bool = True) -> Board:
    """Everything about `commitments`, in their order. At most seven queries."""
    day = today or this_day()
    rows = list(commitments.with_promise().with_estimate().select_related("team", "outcome", "owner", "interval"))
    ids = [row.pk for row in rows]
    run = ForecastRun.objects.order_by("-pk").defer("inputs").first()
    open_ids = {row.pk for row in rows if row.is_open}
    lines = {
        pk: line  # what is open and not in the newest run has no forecast any more
        for pk, line in newest_lines(ids).items()
        if pk not in open_ids or (run is not None and line.run_id == run.pk)
    }
    answers = _newest_answers(ids)
    overrides = _overrides(ids, day)
    found = Board(
        [_shown(row, lines.get(row.pk), answers.get(row.pk), overrides.get(row.pk), day) for row in rows], run, day
    )
    if deadlines:
        found.deadlines = deadlines_of({row.team_id for row in rows}, ids)
    return found


def newest_lines(ids: Collection[int]) -> dict[int, ForecastLine]:
    """commitment → its line in the newest run that has one."""
    newest = ForecastLine.objects.filter(commitment=OuterRef("pk")).order_by("-run_id")
    picked = Commitment.objects.filter(pk__in=ids).annotate(line=Subquery(newest.values("pk")[:1])).values("line")
    lines = ForecastLine.objects.filter(pk__in=picked).select_related("run").defer("run__inputs")
    return {line.commitment_id: line for line in lines}


def deadlines_of(teams: Collection[int], ids: Collection[int]) -> list[DeadlineNow]:
    """Open deadlines whose milestone is among `ids` or whose team is among `teams`, nearest first."""
    rows = Deadline.objects.filter(closed_at=None, team__in=teams) | Deadline.objects.filter(
        closed_at=None, milestone__in=ids
    )
    rows = rows.distinct().select_related("milestone", "milestone__team", "team").prefetch_related("windows")
    found = list(rows.order_by("date", "pk"))
    newest = DeadlineForecast.objects.filter(deadline__in=found).values("deadline").annotate(newest=Max("pk"))
    picked = DeadlineForecast.objects.filter(pk__in=newest.values("newest")).select_related("run").defer("run__inputs")
    forecasts = {one.deadline_id: one for one in picked}
    return [DeadlineNow(row, forecasts.get(row.pk)) for row in found]


def _newest_answers(ids: Collection[int]) -> dict[int, Answer]:
    newest = Answer.objects.filter(commitment__in=ids).values("commitment").annotate(newest=Max("pk")).values("newest")
    return {one.commitment_id: one for one in Answer.objects.filter(pk__in=newest).select_related("checkin")}


def _overrides(ids: Collection[int], day: date) -> dict[int, StatusOverride]:
    rows = StatusOverride.objects.filter(commitment__in=ids, expires_on__gt=day).order_by("pk")
    return {one.commitment_id: one for one in rows}


def _shown(
    row: Commitment, line: ForecastLine | None, answer: Answer | None, override: StatusOverride | None, day: date
) -> Shown:
    promised_on: date = row.promised_on  # type: ignore[attr-defined]  # annotated by its queryset
    estimate = None if row.likely is None else (row.low, row.likely, row.high)  # type: ignore[attr-defined]  # annotated by its queryset
    answered_on = _day(answer.checkin.at) if answer else None
    heard_on = day if row.is_milestone else answered_on  # nobody is asked about a milestone
    missing = () if estimate is not None else ("a low, likely and high estimate",)
    known = Known(
        promised_on=row.made_on, delivered_on=row.delivered_on, last_check_in=heard_on, missing=missing
    )  # silence counts from the day the promise was made
    judged = status(
        known,
        first_promise=row.first_promised_on,
        current_promise=promised_on,
        first_chance=Chance(line.hits_first, line.run.trials) if line else None,
        current_chance=Chance(line.hits, line.run.trials) if line else None,
        today=day,
        override=_override(override),
    )
    return Shown(row, promised_on, row.last_slip, estimate, judged, line, answer, answered_on)  # type: ignore[attr-defined]  # annotated by its queryset


def _override(row: StatusOverride | None) -> Override | None:
    if row is None:
        return None
    return Override(standing=Standing(row.status), reason=row.why, by=row.by_name, on=_day(row.at))


def _day(at: datetime) -> date:
    from django.conf import settings

    return at.astimezone(settings.ORGANISATION_ZONE).date()


# --- contracts -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Contract:
    """A dependency with what its events made of it."""

    row: Dependency
    step: str
    on: date | None  # the day that was named last
    agreed_on: date | None  # the day agreed on, None: nobody has agreed
    events: list[DependencyEvent]

    @property
    def step_name(self) -> str:
        return DependencyEvent.Step(self.step).label

    @property
    def is_open(self) -> bool:
        return self.step != DependencyEvent.Step.MET


def contracts(rows: Iterable[Dependency]) -> list[Contract]:
    """Each dependency's state. `rows` should prefetch `events`."""
    found = []
    for row in rows:
        events = list(row.events.all())
        last = events[-1] if events else None
        agreed = next((event.on for event in reversed(events) if event.step == DependencyEvent.Step.AGREED), None)
        named = next((event.on for event in reversed(events) if event.on), row.needed_by)
        found.append(Contract(row, last.step if last else "requested", named, agreed, events))
    return found


def links_of(ids: Collection[int]) -> list[Contract]:
    """The contracts in force that touch any of `ids`, with both commitments and their teams."""
    touching = Dependency.objects.filter(removed_at=None, before__in=ids) | Dependency.objects.filter(
        removed_at=None, after__in=ids
    )
    rows = touching.distinct().select_related("before__team", "after__team").prefetch_related("events")
    return contracts(rows.order_by("pk"))


def slip_log(commitment: Commitment) -> list[Slip]:
    """All slips and corrections, newest first, with their options and choices."""
    return list(commitment.slips.select_related("by", "corrects").prefetch_related("options__choice").order_by("-pk"))


__all__ = [
    "Board", "Contract", "DeadlineNow", "Shown", "board", "contracts", "deadlines_of", "links_of", "newest_lines",
    "slip_log", "visible",
]  # fmt: skip
