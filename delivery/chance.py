"""What trials say: a chance, and how many trials ended on each day or number. Pure.

Everything stays whole numbers of trials until it is printed, so that borders (70 %, even odds) are exact. Percentiles
are read from one spread, by inverted CDF; there is no function here that combines them, nor one for a mean date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

EVEN_ODDS = 50  # percent
SURE = 85  # percent: what a page calls "85% sure"


@dataclass(frozen=True, slots=True)
class Chance:
    """In how many of the trials it came true. Raises ValueError without trials, or with more hits than trials."""

    hits: int
    trials: int

    def __post_init__(self) -> None:
        if self.trials < 1 or not 0 <= self.hits <= self.trials:
            raise ValueError(f"{self.hits} of {self.trials} trials is not a chance.")

    @property
    def share(self) -> float:
        """0–1."""
        return self.hits / self.trials

    def at_least(self, percent: int) -> bool:
        """Whether it reaches so many percent, compared as whole numbers."""
        return self.hits * 100 >= percent * self.trials

    @property
    def words(self) -> str:
        """“69%”, rounded down: the words never claim a border that was not reached. Trials make nothing certain, so
        that all of them still read “over 99%”, and none of them “under 1%”."""
        percent = self.hits * 100 // self.trials
        if self.hits * 100 > 99 * self.trials:
            return "over 99%"
        return f"{percent}%" if percent else "under 1%"


@dataclass(frozen=True, slots=True)
class Spread:
    """How many trials ended on each whole number, from `first` on without gaps; the ends hold at least one trial.

    Raises ValueError without trials.
    """

    first: int
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.counts or min(self.counts) < 0 or not self.counts[0] or not self.counts[-1]:
            raise ValueError("A spread starts and ends with a value that came up, and counts are never negative.")

    @property
    def trials(self) -> int:
        """How many there were."""
        return sum(self.counts)

    @property
    def last(self) -> int:
        """The largest value that came up."""
        return self.first + len(self.counts) - 1

    def quantile(self, percent: int) -> int:
        """The smallest value that at least `percent` of the trials do not exceed (inverted CDF). Percent: 1–100."""
        return self.first + _reached(self.counts, percent)

    def at_least_quantile(self, percent: int) -> int:
        """The largest value that at least `percent` of the trials reach: “at least 11, 85% sure”. Percent: 1–100."""
        return self.last - _reached(self.counts[::-1], percent)

    def up_to(self, value: int) -> Chance:
        """The chance of `value` or less."""
        return Chance(sum(self.counts[: max(value - self.first + 1, 0)]), self.trials)

    def at_least(self, value: int) -> Chance:
        """The chance of `value` or more."""
        return Chance(sum(self.counts[max(value - self.first, 0) :]), self.trials)


@dataclass(frozen=True, slots=True)
class FinishDays:
    """How many trials finished on each calendar day, from `first` on without gaps. A finish day is the last day of
    work, shown inclusive."""

    first: date
    counts: tuple[int, ...]

    @property
    def _spread(self) -> Spread:
        return Spread(self.first.toordinal(), self.counts)

    def sure(self, percent: int) -> date:
        """The first day by the end of which at least `percent` of the trials had finished. Source: DOMAIN §5."""
        return date.fromordinal(self._spread.quantile(percent))

    @property
    def even_odds(self) -> date:
        """The day it is as likely as not to be done by (50 %)."""
        return self.sure(EVEN_ODDS)

    @property
    def sure_85(self) -> date:
        """The day it is done by in at least 85 of 100 trials."""
        return self.sure(SURE)

    def by(self, day: date) -> Chance:
        """The chance of being finished on or before `day`."""
        return self._spread.up_to(day.toordinal())

    @property
    def bins(self) -> tuple[tuple[date, int], ...]:
        """One bar a day for a chart, days without a trial included."""
        return tuple((self.first + timedelta(days=index), count) for index, count in enumerate(self.counts))


def _reached(counts: tuple[int, ...], percent: int) -> int:
    if not 1 <= percent <= 100:
        raise ValueError(f"A percentile lies between 1 and 100, not {percent}.")
    needed, total = percent * sum(counts), 0
    for index, count in enumerate(counts):
        total += count
        if total * 100 >= needed:
            return index
    raise AssertionError("the last value holds all the trials")
