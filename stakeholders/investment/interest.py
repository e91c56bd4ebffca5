"""Technical debt as its events tell it: what is left, what it costs a week, and how much of its box is used. Pure.

Principal is working days to pay it off; interest is working days that it costs each week while it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

ENDED = frozenset({"closed", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event: what was left after it. `days`: spent, when it was worked on."""

    on: date
    step: str
    principal: Decimal
    interest: Decimal
    days: Decimal | None = None
    tracked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What may be spent on it: days, or percent of a capacity; until a day."""

    days: int | None = None
    share: int | None = None
    until: date | None = None


def standing(steps: Sequence[Step], on: date) -> Step | None:
    """The last event by the end of `on`; None before the first. `steps` are in the order of time."""
    return next((step for step in reversed(steps) if step.on <= on), None)


def is_open(steps: Sequence[Step], on: date) -> bool:
    """Whether it was there, and not ended, at the end of `on`."""
    now = standing(steps, on)
    return now is not None and now.step not in ENDED


def interest_on(debts: Iterable[Sequence[Step]], on: date) -> Decimal | None:
    """Days a week that all of them cost at the end of `on`; None where nothing was on record yet."""
    held = [now for steps in debts if (now := standing(steps, on)) is not None]
    return sum((now.interest for now in held if now.step not in ENDED), Decimal(0)) if held else None


def interest_trend(debts: Sequence[Sequence[Step]], days: Iterable[date]) -> list[Decimal | None]:
    """`interest_on` for each day."""
    return [interest_on(debts, day) for day in days]


def spent(steps: Iterable[Step]) -> Decimal:
    """Working days that were put into it."""
    return sum((step.days or Decimal(0) for step in steps), Decimal(0))


def paid_down(principal: Decimal, days: Decimal) -> Decimal:
    """What is left after so many days of work: never under nothing."""
    return max(principal - days, Decimal(0))


def box_size(box: Box, *, capacity_days: Fraction | int | None = None) -> Fraction | None:
    """The box in working days; None when there is none, or when it is a share of a capacity that nobody stated."""
    if box.days is not None:
        return Fraction(box.days)
    if box.share is None or capacity_days is None:
        return None
    return Fraction(capacity_days) * box.share / 100


def box_over(box: Box, steps: Sequence[Step], *, today: date, capacity_days: Fraction | int | None = None) -> str:
    """Why the box is over while the debt is still open: "late", "full", or "" while it holds."""
    if not is_open(steps, today):
        return ""
    if box.until is not None and today > box.until:
        return "late"
    size = box_size(box, capacity_days=capacity_days)
    return "full" if size is not None and spent(steps) > size else ""


def box_kept(box: Box, steps: Sequence[Step], *, today: date) -> bool | None:
    """Whether it ended within its box; None without a box, and while both the box and the debt are open."""
    if box.until is None:
        return None
    end = next((step for step in steps if step.step in ENDED), None)
    if end is None or end.on > today:
        return False if today > box.until else None
    size = box_size(box)
    return end.on <= box.until and (size is None or spent(steps) <= size)
