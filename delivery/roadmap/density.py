"""The little chart of a what-if: on which days a deadline's milestone lands, now and then. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT, BASE = 284, 118, 96
_TOP = 22
_WEEK = 7  # days over which a curve is smoothed, so that weekends leave no teeth
_TAIL = 0.004  # of all trials: what each end leaves out

Bins = Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Density:
    """Two curves on one axis, as paths, with the deadline's line."""

    now: str
    then: str
    now_x: float
    then_x: float
    now_y: float
    then_y: float
    line_x: float | None
    first: date
    last: date

    @property
    def wash_width(self) -> float:
        return round(WIDTH - (self.line_x or 0), 1)

    @property
    def line_text_x(self) -> float:
        return min(max(self.line_x or 0, 16), WIDTH - 16)

    @property
    def now_word_x(self) -> float:
        """Over its peak, away from the other's when the two would meet."""
        near = abs(self.now_x - self.then_x) < 44
        return self._inside(self.now_x - (22 if self.now_x <= self.then_x else -22) * near)

    @property
    def then_word_x(self) -> float:
        near = abs(self.now_x - self.then_x) < 44
        return self._inside(self.then_x + (22 if self.now_x <= self.then_x else -22) * near)

    @property
    def now_word_y(self) -> float:
        return max(self.now_y - 6, 10)

    @property
    def then_word_y(self) -> float:
        return max(self.then_y - 6, 10)

    @property
    def shows_first(self) -> bool:
        """Whether the deadline's day leaves room for the first day's name."""
        return self.line_x is None or self.line_text_x > 60

    @property
    def shows_last(self) -> bool:
        return self.line_x is None or self.line_text_x < WIDTH - 60

    @staticmethod
    def _inside(x: float) -> float:
        return round(min(max(x, 20), WIDTH - 20), 1)


def density(before: Bins, after: Bins, deadline: date) -> Density:
    """The curves of `before` and `after`; the window holds all but the far tails, and the deadline when it is near."""
    ends = [_trimmed(before), _trimmed(after)]
    first = min(first for first, _ in ends) - timedelta(days=_WEEK)
    last = max(last for _, last in ends) + timedelta(days=_WEEK)
    if first - timedelta(days=30) <= deadline < first:
        first = deadline - timedelta(days=3)
    if last < deadline <= last + timedelta(days=30):
        last = deadline + timedelta(days=3)
    span = (last - first).days or 1
    curves = [_smoothed(before, first, span), _smoothed(after, first, span)]
    most = max(max(curve) for curve in curves) or 1
    paths, peaks = [], []
    for curve in curves:
        spots = [
            (round(index * WIDTH / span, 1), round(BASE - value / most * (BASE - _TOP), 1))
            for index, value in enumerate(curve)
        ]
        paths.append("M" + "L".join(f"{x:g} {y:g}" for x, y in spots))
        peaks.append(min(spots, key=lambda spot: spot[1]))
    line = (deadline - first).days + 1
    return Density(
        paths[0], paths[1], peaks[0][0], peaks[1][0], peaks[0][1], peaks[1][1],
        round(line * WIDTH / span, 1) if 0 <= line <= span else None, first, last,
    )  # fmt: skip


def _trimmed(bins: Bins) -> tuple[date, date]:
    total = sum(count for _, count in bins)
    seen = 0
    inside = []
    for day, count in bins:
        if seen + count > total * _TAIL and seen < total * (1 - _TAIL):
            inside.append(day)
        seen += count
    return inside[0], inside[-1]


def _smoothed(bins: Bins, first: date, span: int) -> list[float]:
    """The mean of seven days around each, twice."""
    counts = [0.0] * (span + 1)
    for day, count in bins:
        place = (day - first).days
        if 0 <= place <= span:
            counts[place] = count
    for _ in range(2):
        counts = [sum(counts[max(at - 3, 0) : at + 4]) / _WEEK for at in range(span + 1)]
    return counts
