"""What risks may cost together. Pure.

The sum of expected losses says what to set aside on average; it is rarely what happens. Beside it stands the 85th
percentile of the total: each risk happens or not, on its own, and then costs something between low and high.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

TRIALS = 20_000
SEED = 85
PERCENTILE = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """One risk: `chance` 0–1 that it happens; then it costs `low` to `high` cents, most likely `likely` if known."""

    chance: float
    low: int
    high: int
    likely: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.chance <= 1:
            raise ValueError("A chance is from 0 to 1.")
        if not 0 <= self.low <= self.high or (self.likely is not None and not self.low <= self.likely <= self.high):
            raise ValueError("An impact is low, likely, high, in this order, and nothing or more.")

    @property
    def impact(self) -> float:
        """Mean cost in cents if it happens: the middle of the range, or of the triangle."""
        if self.likely is None:
            return (self.low + self.high) / 2
        return (self.low + self.likely + self.high) / 3

    @property
    def expected(self) -> float:
        """Cents: chance × impact."""
        return self.chance * self.impact


@dataclass(frozen=True, slots=True)
class Exposure:
    """All of them together, in cents."""

    expected: int
    sure: int  # 85 of 100 times it costs no more than this
    count: int


def together(stakes: Iterable[Stake], *, seed: int = SEED, trials: int = TRIALS) -> Exposure | None:
    """The sum of expected losses, and the 85th percentile of the simulated total. None without any risk.

    The order of the risks does not matter: they are sorted before anything is drawn.
    """
    ordered = sorted(stakes, key=lambda one: (one.chance, one.low, one.high, one.likely or 0))
    if not ordered:
        return None
    total = _totals(ordered, np.random.default_rng(seed), trials)
    total.sort()
    at = -(-trials * PERCENTILE // 100) - 1  # the smallest total that at least 85 of 100 trials do not exceed
    return Exposure(round(sum(one.expected for one in ordered)), round(float(total[at])), len(ordered))


def _totals(stakes: Sequence[Stake], draw: np.random.Generator, trials: int) -> np.ndarray:
    total = np.zeros(trials)
    for one in stakes:
        happens = draw.random(trials) < one.chance
        if one.low == one.high:
            costs = np.full(trials, float(one.low))
        elif one.likely is None:
            costs = draw.uniform(one.low, one.high, trials)
        else:
            costs = draw.triangular(one.low, one.likely, one.high, trials)
        total += happens * costs
    return total


CHANCES = ((0.05, "Very unlikely"), (0.25, "Unlikely"), (0.6, "Possible"), (0.85, "Likely"), (1.01, "Almost certain"))


def chance_words(chance: float | None) -> str:
    """As a person says it."""
    if chance is None:
        return "Nobody has said"
    return next(word for below, word in CHANCES if chance < below)


HIGH = (5_000_000, 3.0)  # cents, working days: the expected loss from which a risk is high
MEDIUM = (500_000, 1.0)


def level(expected: float | None, days: float | None) -> str | None:
    """High, medium or low by what it is expected to cost, money or days, whichever is worse; None: unknown."""
    if expected is None and days is None:
        return None
    for name, (cents, working_days) in (("high", HIGH), ("medium", MEDIUM)):
        if (expected or 0) >= cents or (days or 0) >= working_days:
            return name
    return "low"
