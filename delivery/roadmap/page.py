"""A roadmap put together: lanes by team, bars, arrows, deadlines and the sentence over them.

A fixed number of queries, whatever the data. What the person may not see is counted and never named.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Q

from delivery import shown
from delivery.models import Dependency
from delivery.shown import Board, DeadlineNow
from teams import access
from teams.models import Team, User

from . import words
from .axis import WIDTH, Axis, Tick, stacked, text_width
from .bars import Bar
from .lanes import Lane, lanes
from .links import Arrow, Stub, arrows, links_touching, stubs, unestimated_before

LABEL_ROW = 20
MOST_LABELS = 3  # rows of deadline labels over the plot


@dataclass(frozen=True, slots=True)
class Line:
    """A deadline's line with its label."""

    x: float
    words: str
    label_x: float
    level: int
    is_chosen: bool
    top: int = 0


@dataclass(frozen=True, slots=True)
class Wash:
    x: float
    width: float


@dataclass
class Roadmap:
    """All that the page shows. `bars` are the drawn ones by commitment."""

    team: Team
    axis: Axis
    board: Board
    lanes: list[Lane]
    deadlines: list[DeadlineNow]
    chosen: DeadlineNow | None
    seen: frozenset[int]
    links: list[Dependency]
    earlier: int = 0
    later: int = 0

    @property
    def today(self) -> date:
        return self.board.today

    @cached_property
    def bars(self) -> dict[int, Bar]:
        return {bar.pk: bar for lane in self.lanes for bar in lane.bars}

    @property
    def chain(self) -> list[int]:
        """The commitments of the critical chain to the chosen deadline, first to last, as the forecast has it."""
        return list(self.chosen.forecast.critical) if self.chosen and self.chosen.forecast else []

    @cached_property
    def arrows(self) -> list[Arrow]:
        return arrows(self.links, self.bars, self.chain)

    @cached_property
    def stubs(self) -> list[Stub]:
        return stubs(self.links, self.bars, self.chain, self.seen)

    @property
    def height(self) -> int:
        return sum(lane.height for lane in self.lanes)

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def today_x(self) -> float | None:
        return self.axis.x(self.today) if self.axis.shows(self.today, self.today) else None

    @cached_property
    def lines(self) -> list[Line]:
        """The deadlines in the window, their labels stacked where they would overlap."""
        placed = []
        for one in self.deadlines:
            if self.axis.shows(one.row.date, one.row.date):
                x, said = self.axis.end(one.row.date), words.deadline_label(one, self.today)
                wide = text_width(said) + 4
                placed.append((x if x + wide <= WIDTH else max(x - wide, 0), x, said, one))
        placed.sort(key=lambda each: each[0])
        levels = stacked([(label, label + text_width(said) + 4) for label, _, said, _ in placed])
        rows = min(max(levels, default=0) + 1, MOST_LABELS)
        return [
            Line(x, said, label, level, one is self.chosen, (rows - 1 - level) * LABEL_ROW)
            for (label, x, said, one), level in zip(placed, levels, strict=True)
        ]

    @property
    def label_rows(self) -> range:
        """The rows of deadline labels; the lowest is that of the months."""
        return range(min(max((line.level for line in self.lines), default=0) + 1, MOST_LABELS))

    @property
    def month_top(self) -> int:
        return (len(self.label_rows) - 1) * LABEL_ROW

    @property
    def head_height(self) -> int:
        return self.month_top + LABEL_ROW + 24

    @cached_property
    def ticks(self) -> list[Tick]:
        return self.axis.ticks(self.today)

    @property
    def month_ticks(self) -> list[Tick]:
        """The months whose names no deadline's label covers."""
        taken = [(line.label_x, line.label_x + text_width(line.words)) for line in self.lines if line.level == 0]
        return [
            tick
            for tick in self.axis.months()
            if all(tick.x >= right or tick.x + text_width(tick.word) <= left for left, right in taken)
        ]

    @property
    def washes(self) -> list[Wash]:
        """The days in the window on which lateness at the chosen deadline costs something."""
        found = []
        for window in self._windows:
            last = window.to_date or self.axis.last
            if self.axis.shows(window.from_date, last):
                x = self.axis.x(window.from_date)
                found.append(Wash(x, round(self.axis.end(last) - x, 1)))
        return found

    @property
    def penalty_words(self) -> str:
        return words.windows_words(self._windows, self.chosen.row.currency) if self.chosen and self.washes else ""

    @property
    def _windows(self) -> Sequence:
        return list(self.chosen.row.windows.all()) if self.chosen else []

    @property
    def many_late(self) -> bool:
        """So much is late that red outside the chain steps back."""
        late = sum(1 for bar in self.bars.values() if bar.late_width and not bar.on_chain)
        return late > 4 and late * 3 > len(self.bars)

    @property
    def goal(self) -> str:
        """What the chain leads to: the milestone's title when the person sees it, else the deadline's name."""
        if self.chosen is None:
            return ""
        milestone = self.chosen.row.milestone
        return milestone.title if milestone.team_id in self.seen else self.chosen.row.name

    @property
    def sentence(self) -> str:
        if not self.board.shown:
            return ""
        if self.chosen is None:
            return "No deadline hangs on these commitments, so no chain of them is critical."
        steps = [pk for pk in self.chain if pk != self.chosen.row.milestone_id]
        outside = sum(1 for pk in steps if pk not in self.board.by_id)
        return words.chain_sentence(self.chosen, self.goal, len(steps), outside, self.today)

    @property
    def span_words(self) -> str:
        first, last = self.axis.first, self.axis.last
        return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"

    @property
    def outside_words(self) -> str:
        """How many bars the window leaves out."""
        parts = [f"{self.earlier} before"] * bool(self.earlier) + [f"{self.later} after"] * bool(self.later)
        return f"{' and '.join(parts)} these dates" if parts else ""

    @property
    def pickable(self) -> list[Bar]:
        """The commitments that a what-if may change: open ones with a forecast of their own work."""
        rows = [Bar(one, self.axis, self.today) for one in self.board.open if one.line and not one.row.is_milestone]
        return sorted(rows, key=lambda bar: (bar.shown.row.team.name, bar.title))


def compose(
    user: User, team: Team, *, axis: Axis, opened: Collection[str] = (), deadline: int | None = None, today: date
) -> Roadmap:
    """The roadmap of `team` and all below it, as `user` sees it. Thirteen queries."""
    scope = list(access.below(user, team).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries
    seen = frozenset(access.teams(user).values_list("pk", flat=True))
    recent = Q(delivered_on=None) | Q(delivered_on__gte=axis.first)
    rows = shown.visible(user).filter(recent, team__in=scope, cancelled_at=None)
    board = shown.board(rows, today=today, deadlines=False)
    ids = {one.row.pk for one in board.shown}
    deadlines = _deadlines(seen, {one.pk for one in scope}, ids)
    chosen = _chosen(deadlines, deadline)
    made = Roadmap(team, axis, board, [], deadlines, chosen, seen, links_touching(ids))
    unestimated = {one.row.pk for one in board.open if one.estimate is None and not one.row.is_milestone}
    chain = set(made.chain)
    bars = []
    for one in board.shown:
        bar = Bar(one, axis, today, on_chain=one.row.pk in chain)
        if bar.even is None:
            bar.missing = _missing(one.row.pk, board, made.links, unestimated)
        bars.append(bar)
    made.earlier = sum(1 for bar in bars if bar.span[1] < axis.first)
    made.later = sum(1 for bar in bars if bar.span[0] > axis.last)
    made.lanes = lanes([bar for bar in bars if bar.is_in_window], scope, made.chain, set(opened))
    for stub in made.stubs:
        made.bars[stub.bar].outside.append(f"waits for {stub.words}" if stub.waits else f"{stub.words} waits for it")
    return made


def _deadlines(seen: Collection[int], scope: Collection[int], ids: Collection[int]) -> list[DeadlineNow]:
    """Those of the scope, and those that the person sees and that its commitments drive."""
    return [
        one
        for one in shown.deadlines_of(seen, ids)
        if one.row.milestone_id in ids
        or one.row.team_id in scope
        or (one.forecast and ids & {int(pk) for pk in one.forecast.driving})  # type: ignore[operator]  # a query does for a set of ids
    ]


def _chosen(deadlines: Sequence[DeadlineNow], asked: int | None) -> DeadlineNow | None:
    """The one asked for, else the nearest with a chain."""
    for one in deadlines:
        if one.row.pk == asked:
            return one
    return next((one for one in deadlines if one.forecast and one.forecast.critical), next(iter(deadlines), None))


def _missing(pk: int, board: Board, links: Sequence[Dependency], unestimated: Collection[int]) -> str:
    if pk in unestimated:
        return "its low, likely and high estimate is missing"
    count = unestimated_before(pk, links, unestimated)
    if count:
        return f"{words.number(count).lower()} that it waits for {'has' if count == 1 else 'have'} no estimate"
    if board.run is None:
        return "the first forecast has not been made"
    return "it waits for work without an estimate, or the forecast is being made"
