"""What the planning page shows: intervals with their predictability, and how early misses were told.

Reads in a fixed number of queries, whatever the data. An interval belongs to a group and is seen by everybody who sees
a team below it; of its promises each person sees those of the teams that they see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import network, scoring
from .actions.rules import today as this_day
from .chance import Chance
from .models import Commitment, FrozenPromise, PlanningInterval, Slip
from .scoring import Score
from .warned import judged
from .warning import (
    Ratio,
    Value,
    Warnings,
    by_reason,
    by_squad,
    predictability,
    warnings,
)

HEALTHY = (0.8, 1.0)  # of predictability (SAFe)
FEW = 5  # under so many events a share says little
FEW_FORECASTS = 20


def odds(share: float | None) -> str:
    """A stored chance as the pages write chances."""
    return ui.MISSING if share is None else Chance(round(share * 10_000), 10_000).words


# --- which intervals -------------------------------------------------------------------------------------------------


def _above(teams: Iterable[int]) -> set[int]:
    """These teams and all groups above them. One query."""
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    found: set[int] = set()
    for team in teams:
        above: int | None = team
        while above is not None and above not in found:
            found.add(above)
            above = parents.get(above)
    return found


def intervals(user: User) -> QuerySet[PlanningInterval]:
    """Those that plan for any team which `user` sees."""
    seen = list(access.teams(user).values_list("pk", flat=True))
    return PlanningInterval.objects.filter(team__in=_above(seen))


def get_interval(user: User, pk: int) -> PlanningInterval:
    """The interval `pk`. Raises Http404 when it plans for no team that `user` sees."""
    found = intervals(user).select_related("team", "frozen_by").filter(pk=pk).first()
    if found is None:
        raise Http404("No such planning interval.")
    return found


# --- the list --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Line:
    """One interval in the list. `promises` and `delivered` count what the person sees."""

    row: PlanningInterval
    when: str
    value: Ratio

    @property
    def words(self) -> str:
        return value_words(self.value)


@dataclass(slots=True)
class Group:
    """Warnings of one squad or one reason."""

    name: str
    told: Warnings

    @property
    def few(self) -> bool:
        return self.told.misses < FEW


@dataclass(slots=True)
class Tenth:
    """Forecasts that said much the same, with a bar of how many were kept."""

    row: scoring.Tenth

    @property
    def count(self) -> int:
        return self.row.count

    @property
    def kept(self) -> int:
        return self.row.kept

    @property
    def words(self) -> str:
        return f"{self.row.low_percent}–{self.row.low_percent + 10}%"

    @property
    def bar(self) -> str:
        return f"{(self.row.kept_share or 0) * 100:.2f}"

    @property
    def mark(self) -> str:
        return f"{(self.row.forecast_share or 0) * 100:.2f}"

    @property
    def label(self) -> str:
        return f"{ui.percent(self.row.kept_share)} kept, {ui.percent(self.row.forecast_share)} said"


@dataclass(slots=True)
class Overview:
    """The planning page of a team and all below it."""

    lines: list[Line]
    score: Score
    warned: Warnings
    squads: list[Group]
    reasons: list[Group]
    today: date
    past_count: int = 0

    def at(self, when: str) -> list[Line]:
        return [line for line in self.lines if line.when == when]

    @property
    def now(self) -> list[Line]:
        return self.at("now")

    @property
    def coming(self) -> list[Line]:
        return list(reversed(self.at("next")))

    @property
    def past(self) -> list[Line]:
        return self.at("past")

    @property
    def tenths(self) -> list[Tenth]:
        """Those with forecasts in them."""
        return [Tenth(one) for one in self.score.tenths if one.count]

    @property
    def share(self) -> str:
        """Of the promises that were kept."""
        return ui.percent(self.score.kept / self.score.count) if self.score.count else ui.MISSING

    @property
    def few_forecasts(self) -> bool:
        return self.score.count < FEW_FORECASTS


def overview(user: User, team: Team, *, most: int = 60, today: date | None = None) -> Overview:
    """Intervals of `team`, of the groups above it and of the teams below it, newest first; and how planning fares."""
    day = today or this_day()
    scope = dict(access.below(user, team).values_list("pk", "name"))
    rows = PlanningInterval.objects.filter(team__in=_above([team.pk]) | set(scope)).select_related("team")
    mine = Q(commitments__team__in=scope, commitments__cancelled_at=None)
    rows = rows.annotate(
        promises=Count("commitments", filter=mine),
        delivered=Count("commitments", filter=mine & Q(commitments__delivered_on__isnull=False)),
    )
    found = list(rows.order_by("-starts_on", "name")[:most])
    frozen = FrozenPromise.objects.filter(interval__in=found, commitment__team__in=scope)
    kept: dict[int, list[FrozenPromise]] = defaultdict(list)
    for promise in frozen.select_related("commitment"):
        kept[promise.interval_id].append(promise)
    told = judged(Commitment.objects.filter(team__in=scope), today=day)
    return Overview(
        lines=[Line(row, _when(row, day), predictability(values(kept[row.pk], row.ends_on)[0])) for row in found],
        score=network.scored(teams=list(scope), today=day),
        warned=warnings(told),
        squads=sorted((Group(scope[int(pk)], one) for pk, one in by_squad(told).items()), key=lambda one: one.name),
        reasons=[Group(_reason(name), one) for name, one in by_reason(told).items() if one.misses],
        today=day,
    )


def _when(row: PlanningInterval, day: date) -> str:
    return "next" if row.starts_on > day else "past" if row.ends_on < day else "now"


def _reason(name: str) -> str:
    if not name:
        return "No reason logged"
    return Slip.Reason(name).label if name in Slip.Reason.values else name


def values(rows: Iterable[FrozenPromise], ends_on: date) -> tuple[list[Value], int]:
    """What was planned and what came by the interval's last day; and how many promises lack the value to count.

    A promise that was not delivered by then, or was cancelled, brought 0. One that was delivered but never valued is
    unknown, and left out with its planned value.
    """
    found, without = [], 0
    for row in rows:
        one = row.commitment
        done = one.delivered_on is not None and one.delivered_on <= ends_on
        if (row.planned_value is None and not row.is_stretch) or (done and one.actual_value is None):
            without += 1
            continue
        actual = one.actual_value or 0 if done else 0
        found.append(
            Value(squad=str(one.team_id), planned=row.planned_value or 0, actual=actual, stretch=row.is_stretch)
        )
    return found, without


def value_words(ratio: Ratio) -> str:
    """“86%, 43 of 50”."""
    return f"{ui.percent(ratio.share)}, {ratio.part} of {ratio.of}" if ratio.of else ui.MISSING


def value_state(ratio: Ratio, *, over: bool) -> str:
    """Healthy from 80 to 100 %; nothing is judged before the interval is over."""
    if ratio.share is None or not over:
        return "none"
    return "ok" if HEALTHY[0] <= ratio.share <= HEALTHY[1] else "risk"
