"""The time axis of a roadmap, and how arrows go between bars: dates to pixels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH = 672
WEEKS = {"weeks": 14, "months": 40}
BACK = {"weeks": 2, "months": 4}  # weeks that are shown before this one
_DAY = timedelta(days=1)
_LETTER = 6.6  # px of one letter of a label, on the safe side


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its word."""

    x: float
    word: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The days that a roadmap shows, from a Monday on."""

    first: date
    unit: str

    @classmethod
    def around(cls, day: date, unit: str) -> Axis:
        """Begins a little before `day`, so that what is under way shows with its past."""
        return cls(monday(day) - timedelta(weeks=BACK[unit]), unit)

    @property
    def weeks(self) -> int:
        return WEEKS[self.unit]

    @property
    def last(self) -> date:
        """The last day shown."""
        return self.first + timedelta(weeks=self.weeks) - _DAY

    @property
    def earlier(self) -> date:
        return self.first - timedelta(weeks=self.weeks // 2)

    @property
    def later(self) -> date:
        return self.first + timedelta(weeks=self.weeks // 2)

    def x(self, day: date) -> float:
        """Where `day` begins; outside the window it is its edge."""
        return round(min(max((day - self.first).days / (7 * self.weeks), 0), 1) * WIDTH, 1)

    def end(self, day: date) -> float:
        """Where `day` ends."""
        return self.x(day + _DAY)

    def shows(self, first: date, last: date) -> bool:
        """Whether any of these days is in the window."""
        return first <= self.last and last >= self.first

    def ticks(self, today: date) -> list[Tick]:
        """Mondays, without a word under the mark of today; in the long view the first Monday of each month."""
        mondays = [self.first + timedelta(weeks=week) for week in range(self.weeks)]
        if self.unit == "months":
            return [Tick(self.x(day), "") for day in mondays if day.day <= 7]
        return [Tick(self.x(day), str(day.day) if self._clear(day, today) else "") for day in mondays]

    def _clear(self, day: date, today: date) -> bool:
        return abs(self.x(day) - self.x(today)) > 20 or not self.first <= today <= self.last

    def months(self) -> list[Tick]:
        """Each month where it begins; the year with the first one and with January."""
        days = [self.first]
        while (after := (days[-1].replace(day=1) + timedelta(days=32)).replace(day=1)) <= self.last:
            days.append(after)
        if len(days) > 1 and self.x(days[1]) - self.x(days[0]) < text_width(f"{days[0]:%B %Y}"):
            del days[0]  # what is left of the first month is too narrow for its name
        form = "%B" if self.unit == "weeks" else "%b"
        return [
            Tick(self.x(day), format(day, f"{form} %Y" if day is days[0] or day.month == 1 else form))
            for day in days
            if self.x(day) < WIDTH - 24
        ]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def text_width(words: str) -> float:
    return len(words) * _LETTER + 8


def stacked(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For each span from left to right, the first level on which it overlaps none before it."""
    ends: list[float] = []
    levels = []
    for left, right in spans:
        level = next((index for index, end in enumerate(ends) if end <= left), len(ends))
        if level == len(ends):
            ends.append(right)
        ends[level] = right
        levels.append(level)
    return levels


def route(x1: float, y1: float, x2: float, y2: float) -> str:
    """An elbow from one bar's edge to another's, with round corners; it comes in from the left."""
    turn = x2 - 9
    if x1 + 4 <= turn:
        points = [(x1, y1), (turn, y1), (turn, y2), (x2, y2)]
    elif x1 - 10 <= turn:  # it drops from within the first bar, just before its end
        points = [(turn, y1), (turn, y2), (x2, y2)]
    else:
        half = y1 + (14 if y2 > y1 else -14)
        points = [(x1 - 4, y1), (x1 - 4, half), (turn, half), (turn, y2), (x2, y2)]
    return _rounded(points)


def _rounded(points: Sequence[tuple[float, float]], radius: float = 4) -> str:
    said = f"M{points[0][0]:g} {points[0][1]:g}"
    for (xa, ya), (x, y), (xb, yb) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x - xa) + abs(y - ya), abs(xb - x) + abs(yb - y)
        r = min(radius, before / 2, after / 2)
        inx, iny = x - r * _sign(x - xa), y - r * _sign(y - ya)
        outx, outy = x + r * _sign(xb - x), y + r * _sign(yb - y)
        said += f"L{inx:g} {iny:g}Q{x:g} {y:g} {outx:g} {outy:g}"
    return said + f"L{points[-1][0]:g} {points[-1][1]:g}"


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
