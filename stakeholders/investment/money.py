"""Sums of a budget by month and purpose, and variances. Pure; amounts in cents.

None is not 0: a sum of nothing known is None. Outlook of a month: what was spent where that is known, else the
forecast, else the plan. Amounts of two currencies are never added: `Mixed` is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

K = TypeVar("K")


class Mixed(ValueError):
    """Two currencies in one sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One purpose of one team in one month."""

    team: str
    month: date
    category: str
    plan: int | None = None
    actual: int | None = None
    forecast: int | None = None
    currency: str = "USD"

    @property
    def outlook(self) -> int | None:
        """What the month will have cost, as far as anybody knows."""
        return next((one for one in (self.actual, self.forecast, self.plan) if one is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Several lines together. `variance` is outlook − plan over the lines that have both; None when none has."""

    plan: int | None
    actual: int | None
    forecast: int | None
    outlook: int | None
    variance: int | None
    unplanned: int  # outlook of lines without a plan
    count: int


def sums(lines: Iterable[Line]) -> Sums:
    """Raises Mixed for more than one currency."""
    kept = list(lines)
    currencies = {line.currency for line in kept}
    if len(currencies) > 1:
        raise Mixed(f"These lines are in {' and '.join(sorted(currencies))}, which cannot be added.")
    both = [line for line in kept if line.plan is not None and line.outlook is not None]
    return Sums(
        plan=_sum(line.plan for line in kept),
        actual=_sum(line.actual for line in kept),
        forecast=_sum(line.forecast for line in kept),
        outlook=_sum(line.outlook for line in kept),
        variance=_sum((line.outlook or 0) - (line.plan or 0) for line in both),
        unplanned=sum(line.outlook or 0 for line in kept if line.plan is None),
        count=len(kept),
    )


def grouped(lines: Iterable[Line], key: Callable[[Line], K]) -> dict[K, Sums]:
    """`sums` of each group, in the order in which groups first appear."""
    found: dict[K, list[Line]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return {name: sums(members) for name, members in found.items()}


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from that of `first` to that of `last`."""
    found, at = [], first.replace(day=1)
    while at <= last:
        found.append(at)
        at = (at.replace(year=at.year + 1, month=1)) if at.month == 12 else at.replace(month=at.month + 1)
    return found


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
