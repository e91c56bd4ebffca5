"""What the planning pages show: intervals, the load of each team, predictability, and how early misses were told.

Reads in a fixed number of queries, whatever the data. An interval belongs to a group and is seen by everybody who sees
a team below it; of its promises each person sees those of the teams that they see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.templatetags import ui

from . import network, shown
from .actions.rules import today as this_day
from .chance import Chance
from .loads import loads
from .models import Capacity, Commitment, FrozenPromise, PlanningInterval, Slip
from .scoring import Score
from .status import AT_RISK_PERCENT
from .warned import judged
from .warning import Load, Ratio, Value, Warnings, by_reason, by_squad, overcommitment, predictability, warnings
from .warning import predictability_by_squad as by_squad_predictable

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
    def few_forecasts(self) -> bool:
        return self.score.count < FEW_FORECASTS


def overview(user: User, team: Team, *, most: int = 60, today: date | None = None) -> Overview:
    """Intervals of `team`, of the groups above it and of the teams below it, newest first; and how planning fares."""
    day = today or this_day()
    scope = {pk: name for pk, name in access.below(user, team).values_list("pk", "name")}
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


# --- one interval ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Promise:
    """A commitment in the plan: as it stood when the plan was frozen, and as it stands now."""

    now: shown.Shown
    then: FrozenPromise | None
    frozen: bool  # whether the plan is

    @property
    def stretch(self) -> bool:
        return self.then.is_stretch if self.then else self.now.row.is_stretch

    @property
    def added(self) -> bool:
        return self.frozen and self.then is None

    @property
    def then_words(self) -> str:
        return odds(self.then.chance) if self.then else ui.MISSING

    @property
    def overpromised(self) -> bool:
        return self.then is not None and self.then.chance is not None and self.then.chance * 100 < AT_RISK_PERCENT

    @property
    def planned(self) -> int | None:
        return self.then.planned_value if self.then else self.now.row.planned_value


@dataclass(slots=True)
class Objective:
    """An outcome with the promises that bring it; None: promises without an outcome."""

    title: str
    sponsor: str
    promises: list[Promise] = field(default_factory=list)


@dataclass(slots=True)
class TeamLoad:
    """One team's work against its capacity, with a bar on the scale that all teams share."""

    team: Team
    days: int | None  # None: nothing estimated
    capacity: int | None
    unestimated: int
    load: Load | None
    may_edit: bool
    scale: int = 1
    value: Ratio | None = None
    value_state: str = "none"

    @property
    def words(self) -> str:
        if self.load and self.load.overcommitted:
            return f"{self.team.name} has promised {ui.plural(self.days, 'day')} of work and has {self.capacity}"
        if self.load and self.days is not None and self.capacity is not None:
            return f"{self.capacity - self.days} of {ui.plural(self.capacity, 'day')} free"
        if self.days is None:
            return "No promise with an estimate"
        return f"{ui.plural(self.days, 'day')} promised; how many it has is not known"

    @property
    def state(self) -> str:
        return "none" if self.load is None else "late" if self.load.overcommitted else "ok"

    def _part(self, days: int) -> str:
        return f"{min(days / self.scale * 100, 100):.2f}"

    @property
    def fits(self) -> str:
        held = self.days or 0
        return self._part(held if self.capacity is None else min(held, self.capacity))

    @property
    def over(self) -> str:
        return self._part(int(self.load.over_days)) if self.load else "0"

    @property
    def mark(self) -> str | None:
        return None if self.capacity is None else self._part(self.capacity)


@dataclass(slots=True)
class Opened:
    """The page of one interval."""

    row: PlanningInterval
    objectives: list[Objective]
    teams: list[TeamLoad]
    value: Ratio
    without_value: int
    today: date

    @cached_property
    def promises(self) -> list[Promise]:
        return [one for objective in self.objectives for one in objective.promises]

    @property
    def over(self) -> bool:
        return self.row.ends_on < self.today

    @property
    def committed(self) -> int:
        return sum(not one.stretch for one in self.promises)

    @property
    def overpromised(self) -> list[Promise]:
        return [one for one in self.promises if one.overpromised]

    @property
    def overcommitted(self) -> list[TeamLoad]:
        return [one for one in self.teams if one.state == "late"]

    @property
    def sentence(self) -> str:
        """The page in one or two sentences."""
        if not self.promises:
            return "Nothing is promised in this interval yet."
        if self.over and self.value.of:
            return f"{ui.percent(self.value.share)} of the planned value came: {self.value.part} of {self.value.of}."
        heavy = self.overcommitted
        if len(heavy) == 1:
            return f"{heavy[0].words}."
        if heavy:
            return f"{len(heavy)} teams have promised more than they can do."
        if any(one.load for one in self.teams):
            return "No team has promised more than its capacity."
        return "Set the capacity of each team to see whether the plan fits."

    @property
    def facts(self) -> list[dict[str, object]]:
        planned = sum(one.planned or 0 for one in self.promises if not one.stretch)
        done = [one for one in self.promises if one.now.row.delivered_on]
        stretch = len(self.promises) - self.committed
        frozen = self.row.frozen_at is not None
        said = "at least 35% likely when frozen, all of them" if frozen else "counted when the plan is frozen"
        return [
            {"label": "Committed", "value": self.committed, "note": f"and {stretch} stretch"},
            {"label": "Delivered", "value": f"{len(done)} of {len(self.promises)}", "note": f"until {ui.day(self.row.ends_on)}"},
            {"label": "Planned value", "value": planned or ui.MISSING, "note": "of what is committed"},
            {"label": "Overpromised", "value": len(self.overpromised) if frozen else ui.MISSING,
             "note": f"under {AT_RISK_PERCENT}% likely when frozen" if self.overpromised else said},
        ]  # fmt: skip


def opened(user: User, row: PlanningInterval, *, today: date | None = None) -> Opened:
    """Everything about one interval that `user` may see."""
    day = today or this_day()
    board = shown.board(shown.visible(user).filter(interval=row, cancelled_at=None), today=day, deadlines=False)
    seen = list(access.below(user, row.team).order_by("position", "name"))
    frozen = FrozenPromise.objects.filter(interval=row, commitment__team__in=[team.pk for team in seen])
    then = {one.commitment_id: one for one in frozen.select_related("commitment")}
    told, without = values(then.values(), row.ends_on)
    teams = _team_loads(user, row, board, seen, [one.commitment for one in then.values()])
    by_team = by_squad_predictable(told)
    for one in teams:
        one.value = by_team.get(str(one.team.pk))
        one.value_state = value_state(one.value, over=row.ends_on < day) if one.value else "none"
    promises = [Promise(one, then.get(one.row.pk), row.frozen_at is not None) for one in board.shown]
    return Opened(row, _objectives(promises), teams, predictability(told), without, day)


def _objectives(promises: Sequence[Promise]) -> list[Objective]:
    found: dict[int | None, Objective] = {}
    for one in promises:
        outcome = one.now.row.outcome
        key = outcome.pk if outcome else None
        if key not in found:
            found[key] = Objective(outcome.title if outcome else "Without an outcome", "")
        found[key].promises.append(one)
    return sorted(found.values(), key=lambda one: (one is found.get(None), one.title))


def _team_loads(
    user: User, row: PlanningInterval, board: shown.Board, seen: Sequence[Team], frozen: Sequence[Commitment]
) -> list[TeamLoad]:
    """By the estimates of the moment of freezing, once the plan is frozen; else by today's."""
    open_rows = [one.row for one in board.open]
    sums = loads(frozen, at=row.frozen_at) if row.frozen_at else loads(open_rows)
    capacities = dict(Capacity.objects.filter(interval=row, team__in=seen).values_list("team_id", "days"))
    judged_ = overcommitment(sums, {str(pk): days for pk, days in capacities.items()})
    may = set(access.teams(user, Right.DECIDE).values_list("pk", flat=True))
    leads = access.teams(user, Right.PEOPLE).filter(pk__in=access.teams(user, Right.LOG).values("pk"))
    may |= set(leads.values_list("pk", flat=True))
    lacking: dict[int, int] = defaultdict(int)
    for one in board.open:
        if one.estimate is None and not one.row.is_milestone:
            lacking[one.row.team_id] += 1
    held = {one.team_id for one in open_rows} | {one.team_id for one in frozen}
    found = [
        TeamLoad(
            team, sums.get(str(team.pk)), capacities.get(team.pk), lacking[team.pk], judged_.get(str(team.pk)),
            team.pk in may,
        )
        for team in seen
        if (not team.is_group and team.closed_at is None) or team.pk in held or team.pk in capacities
    ]  # fmt: skip
    scale = max((max(one.days or 0, one.capacity or 0) for one in found), default=0) or 1
    for line in found:
        line.scale = scale
    return found
