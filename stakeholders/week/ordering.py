"""In which order what needs a leader stands: by money, then by days, then by age. Pure.

What is at stake in one item often is the same money as in another, so that nothing here adds stakes up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What hangs on an item. `money` in cents and `days` None: nobody knows; `key` tells two items apart."""

    money: int | None = None
    days: int | None = None
    since: date
    key: str

    @property
    def rank(self) -> tuple[int, int, date, str]:
        """More money first, then more days, then the one that has waited longer; the key ends every tie."""
        return (-(self.money or 0), -max(self.days or 0, 0), self.since, self.key)


class Weighed(Protocol):
    @property
    def weight(self) -> Weight: ...


Item = TypeVar("Item", bound=Weighed)


def ordered(items: Iterable[Item]) -> list[Item]:
    """The heaviest first; the same items give the same order, however they came."""
    return sorted(items, key=lambda one: one.weight.rank)
