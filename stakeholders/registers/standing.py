"""How an acceptance stands: who has signed, who must still, and whether it is in force. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


class State(enum.StrEnum):
    """What an acceptance is worth now."""

    WAITING = "waiting"  # not everybody has signed yet
    STALE = "stale"  # something that was signed has changed; everybody is asked again
    IN_FORCE = "in force"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A signature: on which seat, of which text."""

    seat: int
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version: its seats in order, the hash of what it says now, its last day, and the signatures on it."""

    number: int
    renews: bool
    seats: tuple[int, ...]
    in_order: bool
    content_hash: str
    expires_on: date
    marks: tuple[Mark, ...] = ()

    @property
    def signed(self) -> frozenset[int]:
        """Seats whose signature covers exactly what it says now."""
        return frozenset(one.seat for one in self.marks if one.content_hash == self.content_hash) & set(self.seats)

    @property
    def complete(self) -> bool:
        return bool(self.seats) and self.signed == set(self.seats)

    @property
    def superseded(self) -> bool:
        """Somebody signed another text than what it says now."""
        return any(one.content_hash != self.content_hash for one in self.marks)

    @property
    def open_to(self) -> tuple[int, ...]:
        """Seats that may sign next: the first that is missing, or all that are."""
        missing = tuple(one for one in self.seats if one not in self.signed)
        return missing[:1] if self.in_order else missing


@dataclass(frozen=True, slots=True)
class Standing:
    """`version` is the one that is in force, or the newest one when none is."""

    state: State
    version: int

    @property
    def holds(self) -> bool:
        return self.state is State.IN_FORCE


def standing(editions: Sequence[Edition], *, today: date, revoked: bool) -> Standing:
    """`editions` oldest first, at least one.

    A renewal leaves the version before it in force until the renewal itself is signed; any other new version does not.
    """
    newest = editions[-1]
    if revoked:
        return Standing(State.REVOKED, newest.number)
    for one in reversed(editions):
        if one.complete and today <= one.expires_on:
            return Standing(State.IN_FORCE, one.number)
        if not one.renews:
            break
    if today > newest.expires_on:
        return Standing(State.EXPIRED, newest.number)
    if newest.superseded:
        return Standing(State.STALE, newest.number)
    return Standing(State.WAITING, newest.number)
