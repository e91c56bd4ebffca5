"""How good the forecasts were, once the days have come: calibration by tenths and Brier score. Pure.

One row is one forecast of one promise: the chance that was printed, and whether the promise was kept. Which forecasts
are rows (all of them, or those frozen with a planning interval) is the caller's choice; the page says which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from delivery.chance import Chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One forecast whose day has come."""

    chance: Chance
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenth:
    """The forecasts from `low_percent` up to the next tenth (the last one includes 100 %): well calibrated when
    `kept_share` is near `forecast_share`. Both are None when there are none."""

    low_percent: int
    count: int
    kept: int
    forecast_share: float | None

    @property
    def kept_share(self) -> float | None:
        """0–1."""
        return self.kept / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the forecasts did. `brier`: 0 is perfect, 0.25 is what always saying 50 % earns, 1 is surely wrong each time.

    `base_brier` is what always saying the share that was kept would have earned: a forecast worth its page lies below.
    Both are None without forecasts.
    """

    count: int
    kept: int
    brier: float | None
    base_brier: float | None
    tenths: tuple[Tenth, ...]


def score(rows: Iterable[Scored]) -> Score:
    """Calibration by tenths, Brier score (mean of (chance − outcome)²) and counts; exact until the last division.

    Source: DOMAIN §5; Brier 1950.
    """
    bins: list[list[Scored]] = [[] for _ in range(10)]
    squares, count, kept = Fraction(), 0, 0
    for row in rows:
        bins[min(row.chance.hits * 10 // row.chance.trials, 9)].append(row)
        squares += (_exact(row.chance) - row.kept) ** 2
        count, kept = count + 1, kept + row.kept
    return Score(
        count=count,
        kept=kept,
        brier=float(squares / count) if count else None,
        base_brier=float(Fraction(kept, count) * Fraction(count - kept, count)) if count else None,
        tenths=tuple(_tenth(index * 10, members) for index, members in enumerate(bins)),
    )


def _tenth(low_percent: int, members: list[Scored]) -> Tenth:
    mean = sum((_exact(row.chance) for row in members), Fraction()) / len(members) if members else None
    return Tenth(
        low_percent=low_percent,
        count=len(members),
        kept=sum(row.kept for row in members),
        forecast_share=None if mean is None else float(mean),
    )


def _exact(chance: Chance) -> Fraction:
    return Fraction(chance.hits, chance.trials)
