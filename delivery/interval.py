"""One planning interval: its objectives, the load of each team against its capacity, and what came of it.

Reads in a fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.templatetags import ui

from . import shown
from .actions.rules import today as this_day
from .loads import loads
from .models import Capacity, Commitment, FrozenPromise, PlanningInterval
from .planning import odds, value_state, values
from .status import AT_RISK_PERCENT
from .warning import Load, Ratio, overcommitment, predictability, predictability_by_squad


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
        """ "" when all of it fits."""
        return self._part(int(self.load.over_days)) if self.load and self.load.overcommitted else ""

    @property
    def mark(self) -> str | None:
        return None if self.capacity is None else self._part(self.capacity)


@dataclass
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
        came = f"{len(done)} of {len(self.promises)}"
        unlikely = f"under {AT_RISK_PERCENT}% likely when frozen" if self.overpromised else said
        return [
            {"label": "Committed", "value": self.committed, "note": f"and {stretch} stretch"},
            {"label": "Delivered", "value": came, "note": f"until {ui.day(self.row.ends_on)}"},
            {"label": "Planned value", "value": planned or ui.MISSING, "note": "of what is committed"},
            {"label": "Overpromised", "value": len(self.overpromised) if frozen else ui.MISSING, "note": unlikely},
        ]


def opened(user: User, row: PlanningInterval, *, today: date | None = None) -> Opened:
    """Everything about one interval that `user` may see."""
    day = today or this_day()
    board = shown.board(shown.visible(user).filter(interval=row, cancelled_at=None), today=day, deadlines=False)
    seen = list(access.below(user, row.team).order_by("position", "name"))
    frozen = FrozenPromise.objects.filter(interval=row, commitment__team__in=[team.pk for team in seen])
    then = {one.commitment_id: one for one in frozen.select_related("commitment")}
    told, without = values(then.values(), row.ends_on)
    teams = _team_loads(user, row, board, seen, [one.commitment for one in then.values()])
    by_team = predictability_by_squad(told)
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
            found[key] = Objective(outcome.title if outcome else "Without an outcome")
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
