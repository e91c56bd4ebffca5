"""Where the bars of a forecast and the ranges of many stand, in percent of the width. Pure; the templates draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

TALLEST = 150  # pixels of the tallest bar
GROUND = 210  # pixels from the top to the axis
MOST_BARS = 90  # more days than this are drawn as weeks
FAR_TAIL = 0.998  # what comes after it is told in words, not drawn
EDGE = 1.5  # percent kept free at both ends of an axis


@dataclass(frozen=True, slots=True)
class Bar:
    """One day or week: `later` than the promise or not."""

    first: date
    last: date
    count: int
    share: float
    x: float
    width: float
    y: float
    height: float
    later: bool


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    day: date
    minor: bool  # left out where the page is narrow


@dataclass(frozen=True, slots=True)
class Spread:
    """How a forecast spreads over days. `due_x` None: the promise lies so far away that it is told in words only."""

    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    due_x: float | None
    sure_x: float
    sure_y: float
    weeks: bool
    left_out: int  # trials after the last bar
    ground: int = GROUND

    @property
    def side(self) -> str:
        """Where there is room for the two shares beside the due line."""
        if self.due_x is None:
            return "none"
        return "right" if self.due_x < 36 else "left" if self.due_x > 66 else "both"

    @property
    def sure_side(self) -> str:
        return "left" if self.sure_x > 66 else "right"


def spread(days: Sequence[tuple[date, int]], *, due: date, sure: date) -> Spread | None:
    """The bars of how many trials finished on each day; a day off without any takes no room. None without trials."""
    total = sum(count for _, count in days)
    if not total:
        return None
    counts = {day: count for day, count in days if count}
    last, seen = max(counts), 0
    for day in sorted(counts):
        seen += counts[day]
        if seen >= FAR_TAIL * total and day >= sure:
            last = day
            break
    first = min(counts)
    near = first - timedelta(days=45) <= due <= last + timedelta(days=45)
    begin, end = (min(first, due), max(last, due)) if near else (first, last)
    span = [begin + timedelta(days=step) for step in range((end - begin).days + 1)]
    slots = [(day, day) for day in span if counts.get(day) or day.weekday() < 5]
    weeks = len(slots) > MOST_BARS
    if weeks:
        mondays = sorted({day - timedelta(days=day.weekday()) for day in span})
        slots = [(monday, monday + timedelta(days=6)) for monday in mondays]
    return _drawn(slots, counts, total, due=due if near else None, later_than=due, sure=sure, weeks=weeks)


def _drawn(
    slots: Sequence[tuple[date, date]],
    counts: dict[date, int],
    total: int,
    *,
    due: date | None,
    later_than: date,
    sure: date,
    weeks: bool,
) -> Spread:
    sums = [sum(counts.get(a + timedelta(days=step), 0) for step in range((b - a).days + 1)) for a, b in slots]
    tallest, step = max(sums) or 1, 100 / len(slots)
    bars = []
    for index, ((a, b), count) in enumerate(zip(slots, sums, strict=True)):
        height = round(count / tallest * TALLEST, 1)
        bars.append(
            Bar(a, b, count, count / total, round(index * step + step * 0.06, 3), round(step * 0.88, 3),
                round(GROUND - height, 1), height, a > later_than)
        )  # fmt: skip
    sure_at = next((index for index, (_, b) in enumerate(slots) if b >= sure), len(slots) - 1)
    due_x = None
    if due is not None:
        due_x = round(sum(b <= due or a <= due for a, b in slots) * step, 3)
    return Spread(
        tuple(bars), _labels(slots, step, weeks), due_x, round((sure_at + 0.5) * step, 3), bars[sure_at].y, weeks,
        total - sum(sums),
    )  # fmt: skip


def _labels(slots: Sequence[tuple[date, date]], step: float, weeks: bool) -> tuple[Label, ...]:
    mondays = [(index, a) for index, (a, _) in enumerate(slots) if weeks or a.weekday() == 0]
    if not mondays:
        mondays = [(0, slots[0][0])]
    every = max(1, round(len(mondays) / 8))
    chosen = mondays[::every]
    return tuple(
        Label(round((index + 0.5) * step, 3), day, place % 2 == 1)
        for place, (index, day) in enumerate(chosen)
        if 3 < (index + 0.5) * step < 97
    )


# --- many ranges on one axis -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of days; `at` is where a day stands, in percent, kept to the edge when it lies outside."""

    first: date
    last: date

    def at(self, day: date) -> float:
        whole = max((self.last - self.first).days, 1)
        share = (day - self.first).days / whole
        return round(EDGE + min(max(share, 0), 1) * (100 - 2 * EDGE), 2)

    @property
    def months(self) -> list[tuple[float, date]]:
        """The first of each month that lies on it, thinned to at most eight."""
        found, day = [], self.first.replace(day=1)
        while day <= self.last:
            if day > self.first:
                found.append((self.at(day), day))
            day = (day + timedelta(days=32)).replace(day=1)
        every = -(-len(found) // 8) or 1
        return found[::every]


@dataclass(frozen=True, slots=True)
class Range:
    """One promise on the axis, all in percent: hollow tick, tick, dot, the bar before and after the due day."""

    due: float
    first: float | None
    even: float | None
    sure: float | None
    done: float | None

    @property
    def kept(self) -> tuple[float, float] | None:
        """From, width: the part of the bar up to the due day."""
        if self.even is None or self.sure is None or self.even >= self.due:
            return None
        return self.even, round(max(min(self.sure, self.due) - self.even, 0.8), 2)

    @property
    def past(self) -> tuple[float, float] | None:
        """From, width: the part after it."""
        if self.even is None or self.sure is None or self.sure <= self.due:
            return None
        start = max(self.even, self.due)
        return start, round(max(self.sure - start, 0.8), 2)

    @property
    def moved(self) -> tuple[float, float] | None:
        """From, width: the way from the first promise to the one in force."""
        return None if self.first is None else (min(self.first, self.due), round(abs(self.due - self.first), 2))


def axis(days: Sequence[date], *, today: date) -> Axis:
    """One that holds `days` up to three months back and fourteen ahead: what lies outside stands at its edge."""
    earliest, latest = today - timedelta(days=92), today + timedelta(days=425)
    near = [min(max(day, earliest), latest) for day in days] or [today, today + timedelta(days=60)]
    return Axis(min(*near, today) - timedelta(days=3), max(*near, today) + timedelta(days=5))
