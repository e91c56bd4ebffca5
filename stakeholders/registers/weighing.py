"""Options side by side: weighted scores, and what each costs over the years. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MOST_POINTS = 5


@dataclass(frozen=True, slots=True)
class Weighed:
    """`score` is 0–1 of what could be had; None while a criterion has no points."""

    score: float | None
    missing: int


def weigh(points: Mapping[int, int], weights: Mapping[int, int]) -> Weighed:
    """`points` and `weights` by criterion. A criterion without points is missing, not nothing."""
    missing = sum(1 for criterion in weights if criterion not in points)
    whole = sum(weights.values()) * MOST_POINTS
    if missing or not whole:
        return Weighed(None, missing)
    return Weighed(sum(points[one] * weight for one, weight in weights.items()) / whole, 0)


def cost_over(once: int | None, yearly: int | None, years: int) -> int | None:
    """Cents over so many years; None when neither is known."""
    if once is None and yearly is None:
        return None
    return (once or 0) + (yearly or 0) * years
