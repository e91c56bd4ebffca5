"""Who owned a service when: what a list of sayings comes to.

Each saying is "from this day on it is theirs", and it holds over everything said before about that day and later ones.
So the owner on a day is who was named last among the sayings that had begun by then. The first saying has no day: it
reaches back to the beginning, so that there is an owner at every moment. `attribution` says the same in SQL; a
property test holds the two equal. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

Team = TypeVar("Team", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Said(Generic[Team]):
    """`team` owns the service from `since` on, whatever was said before; None: from the beginning."""

    team: Team
    since: date | None


def owner_on(said: Sequence[Said[Team]], day: date) -> Team:
    """The owner on `day`, which begins at midnight in the organisation's zone. `said`: in the order it was said.

    Raises ValueError when none of it reaches that far back.
    """
    for one in reversed(said):
        if one.since is None or one.since <= day:
            return one.team
    raise ValueError("Nobody was named as the owner from the beginning.")


def standing(said: Sequence[Said[Team]]) -> list[int]:
    """The places of those sayings of which something holds still, oldest day first."""
    found: list[int] = []
    for place, one in enumerate(said):
        while found and _is_over(said[found[-1]], one):
            found.pop()
        found.append(place)
    return found


def _is_over(earlier: Said[Team], later: Said[Team]) -> bool:
    """Whether nothing holds any more of what was said earlier."""
    return later.since is None or (earlier.since is not None and earlier.since >= later.since)


def stints(said: Sequence[Said[Team]]) -> list[Said[Team]]:
    """What holds now, oldest first: each team once for each time that it owned the service without a break."""
    found: list[Said[Team]] = []
    for one in (said[place] for place in standing(said)):
        if not found or found[-1].team != one.team:
            found.append(one)
    return found
