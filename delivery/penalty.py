"""What a finish date costs: the penalty of an outside deadline, in whole minor units of one currency. Pure.

A contract's clause is a few windows of calendar days after the due day, each with a lump sum, a price for each day or
a price for each started week, and perhaps a cap. Working days and holidays do not matter: contracts count every day.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_CURRENCY = re.compile(r"[A-Z]{3}")
LARGEST_AMOUNT = 10**12  # ten thousand million dollars in cents: the sums below then fit in 64 bits up to the year 9999


class Kind(enum.StrEnum):
    """What the amount of a window buys."""

    FIXED = "fixed"  # all of the window, once the finish reaches it
    DAY = "day"  # each day of it, up to and including the finish
    WEEK = "week"  # each seven days of it, counted from its own first day, that have begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The calendar days `first` to `last`, both included (`last` None: without end), and what lateness costs there.

    `amount` and `cap` are minor units (cents); `cap` bounds what the whole window costs. What a window has cost stays
    owed when the finish lies after it. Raises ValueError for amounts that are negative, too large or not whole, and for
    a window that ends before it starts.
    """

    first: date
    last: date | None = None
    kind: Kind
    amount: int
    cap: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        if self.last is not None and self.last < self.first:
            raise ValueError(f"A penalty window cannot end on {self.last} when it starts on {self.first}.")
        _check("amount", self.amount)
        if self.cap is not None:
            _check("cap", self.cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyTerms:
    """A whole clause: the last day that costs nothing, what later days cost, and at most how much in all.

    Windows are kept in order of time; days that no window holds add nothing. A lump sum and a daily rate may cover the
    same days, two rates of one kind may not: nobody could say which holds. Raises ValueError for such an overlap, when
    the currency is not named (three capital letters, as in USD), when there is no window, and when one begins on or
    before the due day.
    """

    due: date
    windows: tuple[Window, ...]
    currency: str
    cap: int | None = None

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(
                f"A penalty names its currency in three capital letters, as in USD, not “{self.currency}”."
            )
        if not self.windows:
            raise ValueError("A penalty has at least one window; without a penalty there are no terms.")
        if self.cap is not None:
            _check("cap", self.cap)
        ordered = tuple(sorted(self.windows, key=lambda window: (window.first, window.kind)))
        if ordered[0].first <= self.due:
            raise ValueError(
                f"A penalty window starts on {ordered[0].first}, but lateness only begins after {self.due}."
            )
        for kind in Kind:
            for before, after in pairwise(window for window in ordered if window.kind is kind):
                if before.last is None or before.last >= after.first:
                    end = "has no end" if before.last is None else f"ends on {before.last}"
                    raise ValueError(
                        f"Penalty windows overlap: the one from {before.first} {end}, the next starts on {after.first}."
                    )
        object.__setattr__(self, "windows", ordered)


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltySpread:
    """What a deadline may cost over all trials, in minor units: the mean, and what is not exceeded in 85 of 100."""

    expected: int
    sure: int
    currency: str


def penalty(finish: date, terms: PenaltyTerms) -> int:
    """What finishing on that day costs, in minor units: 0 up to and including the due day, and never less for later.

    Source: DOMAIN §3, Deadline.
    """
    owed = 0
    for window in terms.windows:
        if finish < window.first:
            break
        end = finish if window.last is None else min(finish, window.last)
        days = (end - window.first).days + 1
        units = {Kind.FIXED: 1, Kind.DAY: days, Kind.WEEK: -(-days // 7)}[window.kind]
        cost = window.amount * units
        owed += cost if window.cap is None else min(cost, window.cap)
    return owed if terms.cap is None else min(owed, terms.cap)


def penalties(finish_ordinals: NDArray[np.int64], terms: PenaltyTerms) -> NDArray[np.int64]:
    """`penalty` of many days at once; days are proleptic ordinals, as `date.toordinal` gives them."""
    finish = np.asarray(finish_ordinals, dtype=np.int64)
    owed = np.zeros(finish.shape, dtype=np.int64)
    for window in terms.windows:
        end = finish if window.last is None else np.minimum(finish, window.last.toordinal())
        days = np.maximum(end - (window.first.toordinal() - 1), 0)
        if window.kind is Kind.FIXED:
            days = np.minimum(days, 1)
        elif window.kind is Kind.WEEK:
            days = (days + 6) // 7
        cost = window.amount * days
        owed += cost if window.cap is None else np.minimum(cost, window.cap)
    return owed if terms.cap is None else np.minimum(owed, terms.cap)


def penalty_spread(finishes: Mapping[date, int], terms: PenaltyTerms) -> PenaltySpread:
    """Mean and 85th percentile of the penalty over trials, given how many trials finished on each day.

    The mean is exact and rounded half up to a whole minor unit; the percentile is the smallest penalty that at least
    85 % of the trials do not exceed. Raises ValueError without trials.
    """
    trials = sum(finishes.values())
    if trials < 1:
        raise ValueError("There are no trials to take a penalty from.")
    total = reached = 0
    sure: int | None = None
    for day in sorted(finishes):
        cost = penalty(day, terms)  # grows with the day, so that its order is the order of the days
        total += cost * finishes[day]
        reached += finishes[day]
        if sure is None and reached * 100 >= 85 * trials:
            sure = cost
    assert sure is not None
    return PenaltySpread(expected=round_half_up(Fraction(total, trials)), sure=sure, currency=terms.currency)


def round_half_up(value: Fraction) -> int:
    """The nearest whole number, halves upwards, as people round."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _check(name: str, amount: int) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise ValueError(f"Penalty amounts are whole minor units (cents); the {name} is {amount!r}.")
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError(f"Penalty amounts lie between 0 and {LARGEST_AMOUNT:,} minor units; the {name} is {amount:,}.")
