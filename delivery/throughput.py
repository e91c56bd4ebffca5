"""Forecasts from counts alone: how long N items take, or how many get done, when past days are drawn again. Pure.

Each simulated day's count is drawn from the history, every past day as likely as another. Same seed, same answer, on
any machine. For work with estimates and dependencies see `forecast`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delivery.chance import Spread
from delivery.sampling import pick, uniforms

LONGEST_DAYS = 100_000  # a simulated effort that is still not done then has no forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Items done on each of a squad's past working days (0 is a day too), and how many are left to do."""

    history: tuple[int, ...]
    items: int

    def __post_init__(self) -> None:
        if not self.history or min(self.history) < 0:
            raise ValueError("A history has at least one day, and no day finishes fewer than 0 items.")
        if self.items < 0:
            raise ValueError(f"There cannot be {self.items} items left.")
        if self.items and not any(self.history):
            raise ValueError("Nothing was finished on any of these days, so that no day can be said.")


def items_until_done(history: Sequence[int], items: int, *, trials: int, seed: int, name: str = "") -> Spread:
    """Working days until `items` are done, over trials. Raises ValueError when nothing was ever done.

    `name` tells independent squads' streams apart.
    """
    return _spread(_days_until_done(Throughput(history=tuple(history), items=items), trials, seed, name))


def all_until_done(squads: Mapping[str, Throughput], *, trials: int, seed: int) -> Spread:
    """Working days until every one of independent squads is done: the latest of them, trial by trial, which is later
    than any single squad's percentile says. Raises ValueError without squads."""
    if not squads:
        raise ValueError("There is no squad to wait for.")
    latest = np.zeros(trials, dtype=np.int64)
    for name in sorted(squads):
        np.maximum(latest, _days_until_done(squads[name], trials, seed, name), out=latest)
    return _spread(latest)


def items_in_days(history: Sequence[int], days: int, *, trials: int, seed: int, name: str = "") -> Spread:
    """Items done in `days` working days, over trials; read it with `at_least_quantile`."""
    if days < 0:
        raise ValueError(f"There cannot be {days} days.")
    past = Throughput(history=tuple(history), items=0).history
    total = np.zeros(trials, dtype=np.int64)
    for day in range(days):
        total += pick(uniforms(seed, f"{name}\x00{day}", start=0, stop=trials), past)
    return _spread(total)


def _days_until_done(squad: Throughput, trials: int, seed: int, name: str) -> NDArray[np.int64]:
    days = np.zeros(trials, dtype=np.int64)
    left = np.full(trials, squad.items, dtype=np.int64)
    day = 0
    while (left > 0).any():
        if day == LONGEST_DAYS:
            raise ValueError(f"Not done within {LONGEST_DAYS:,} days: too slow a history for so many items.")
        days += left > 0
        left -= pick(uniforms(seed, f"{name}\x00{day}", start=0, stop=trials), squad.history)
        day += 1
    return days


def _spread(values: NDArray[np.int64]) -> Spread:
    if not len(values):
        raise ValueError("A forecast needs at least one trial.")
    first = int(values.min())
    return Spread(first, tuple(np.bincount(values - first).tolist()))
