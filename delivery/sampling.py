"""Remaining work, drawn: a three-point estimate times a squad's own history of actual ÷ estimated. Pure.

Every commitment draws from a stream of its own, named by the seed and its id, so that adding, dropping or changing one
commitment leaves every other's draws as they were. All of it is whole-number arithmetic on a counter-based generator
(Philox 4x64-10): the same seed gives the same days on any machine, whatever its maths library. No network in here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

ENOUGH_DELIVERED = 8  # commitments delivered before a squad's own history is used
# Used in place of a thin history: eight equally likely ratios of actual to estimated work. Half of the work takes at
# least a quarter longer than estimated and one in eight three times as long: wider than most squads' own record, so
# that knowing little never looks like being sure.
DEFAULT_RATIOS = (800, 900, 1000, 1100, 1250, 1500, 2000, 3000)  # thousandths
LONGEST_DAYS = 10_000  # working days one estimate may hold
LARGEST_RATIO = 100_000  # thousandths: a hundred times the estimate

_HUNDREDTHS = 100
_THOUSANDTHS = 1000
_STEPS = 1 << 16  # a uniform draw is a whole number of this many equal steps


@dataclass(frozen=True, slots=True)
class Remaining:
    """Working days of work left: at best, most likely, at worst; up to two decimals. Three equal values are exact.

    Raises ValueError when they are not in order, negative, too fine or too large; TypeError for floats.
    """

    low: Decimal | int
    likely: Decimal | int
    high: Decimal | int

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"Low, likely and high are in this order, not {self.low}, {self.likely}, {self.high}.")
        if self.low < 0 or self.high > LONGEST_DAYS:
            raise ValueError(f"Remaining work lies between 0 and {LONGEST_DAYS:,} working days.")
        _ = self.hundredths

    @property
    def hundredths(self) -> tuple[int, int, int]:
        """The same in hundredths of a working day."""
        return _hundredths(self.low), _hundredths(self.likely), _hundredths(self.high)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One commitment a squad has delivered: working days it took and working days it was estimated at (likely).

    Raises ValueError for work of no size.
    """

    actual_days: Decimal | int
    estimated_days: Decimal | int

    def __post_init__(self) -> None:
        if self.actual_days <= 0 or self.estimated_days <= 0:
            raise ValueError("A delivered commitment took some days and was estimated at some days.")

    @property
    def ratio(self) -> int:
        """Actual ÷ estimated in thousandths, rounded half up; from 1 to 100,000."""
        exact = Fraction(self.actual_days) / Fraction(self.estimated_days) * _THOUSANDTHS
        return min(max(int(exact + Fraction(1, 2)), 1), LARGEST_RATIO)


@dataclass(frozen=True, slots=True)
class History:
    """The ratios a squad's work is multiplied by, in thousandths and in order of size. `missing` is how many delivered
    commitments it would take to use its own record; 0: this is its own."""

    ratios: tuple[int, ...]
    missing: int

    @property
    def thin(self) -> bool:
        """Whether the stated default stands in for a record that is too short."""
        return self.missing > 0


def history(delivered: Sequence[Delivered]) -> History:
    """A squad's own ratios from 8 delivered commitments on; under that the wider default alone. Source: DOMAIN §5."""
    if len(delivered) < ENOUGH_DELIVERED:
        return History(DEFAULT_RATIOS, ENOUGH_DELIVERED - len(delivered))
    return History(tuple(sorted(one.ratio for one in delivered)), 0)


def uniforms(seed: int, name: str, *, start: int, stop: int) -> NDArray[np.uint64]:
    """The 64-bit draws of the trials `start` to `stop` (exclusive) in the stream `name`: trial by trial the same,
    however the trials are cut into chunks. `start` is a multiple of 4, Philox's block. Raises ValueError otherwise."""
    if start % 4 or not 0 <= start <= stop:
        raise ValueError(f"Trials are drawn in order from a multiple of 4, not {start} to {stop}.")
    digest = hashlib.sha256(f"{seed}\x00{name}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
    generator = np.random.Philox(key=key, counter=start // 4)
    drawn: NDArray[np.uint64] = generator.random_raw(stop - start)
    return drawn


def work_days(draws: NDArray[np.uint64], remaining: Remaining, ratios: Sequence[int]) -> Days:
    """Whole working days of work, one for each draw: a triangular estimate times one of the ratios, rounded up.

    A draw's lowest two 16-bit parts are the uniforms U and V of the estimate
    `low + (likely − low)·max(U, V) + (high − likely)·min(U, V)`, which is exactly triangular with its peak at `likely`
    and never falls when an estimate rises; its upper half picks a ratio, each as likely as the other, from the smallest
    to the largest. Work that ends during a day is finished that day, hence rounded up. Source: Stein & Keblis 2009.
    """
    low, likely, high = remaining.hundredths
    chosen = pick(draws, ratios)
    first = (draws & np.uint64(0xFFFF)).astype(np.int64)
    second = (draws >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.int64)
    larger = np.maximum(first, second)
    smaller = np.minimum(first, second, out=second)
    # Nothing is rounded before the last step: 5 days × 1.2 are 6 days, where floats may make 6.000000000000001, so 7.
    estimate = low * _STEPS + (likely - low) * larger + (high - likely) * smaller
    days: Days = -(-estimate * chosen // (_STEPS * _HUNDREDTHS * _THOUSANDTHS))
    return days


def pick(draws: NDArray[np.uint64], choices: Sequence[int]) -> Days:
    """One of the choices for each draw, each as likely as the other; in the order given, by the draw's upper half."""
    index = (draws >> np.uint64(32)) * np.uint64(len(choices)) >> np.uint64(32)
    return np.take(np.asarray(choices, dtype=np.int64), index.astype(np.int64))


def _hundredths(days: Any) -> int:
    if isinstance(days, float) or not isinstance(days, (int, Decimal)):
        raise TypeError(f"Working days are whole or decimal numbers, not {days!r}.")
    scaled = days * _HUNDREDTHS
    if scaled != int(scaled):
        raise ValueError(f"Working days have at most two decimals, not {days}.")
    return int(scaled)
