"""Go or no-go from a checklist: each item's state in, the verdict with its reasons out. Pure.

One item that fails is a no-go. What is not known is a no-go too: nobody has looked. An item that fails and whose risk
somebody accepted lets the release go, and the verdict says so.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class State(enum.StrEnum):
    """How one item stands."""

    HOLDS = "holds"
    FAILS = "fails"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"


class Verdict(enum.StrEnum):
    GO = "go"
    ACCEPTED = "accepted"
    NO_GO = "no_go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item with the words that say why it stands so."""

    title: str
    state: State
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`reasons`: what stands in the way, else what was accepted, else that everything holds."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(items: Iterable[Item]) -> Judged:
    """The verdict of a checklist; an empty one is a no-go, since nothing was checked."""
    kept = list(items)
    if not kept:
        return Judged(verdict=Verdict.NO_GO, reasons=("Nothing is on the checklist yet.",))
    stops = [one for one in kept if one.state in (State.FAILS, State.UNKNOWN)]
    if stops:
        return Judged(verdict=Verdict.NO_GO, reasons=tuple(_said(one) for one in stops))
    accepted = [one for one in kept if one.state is State.ACCEPTED]
    if accepted:
        return Judged(verdict=Verdict.ACCEPTED, reasons=tuple(_said(one) for one in accepted))
    count = "The one item holds." if len(kept) == 1 else f"All {len(kept)} items hold."
    return Judged(verdict=Verdict.GO, reasons=(count,))


def at_least(part: int, of: int, percent: int) -> State:
    """Whether part ÷ of reaches so many percent, exactly; unknown of nothing."""
    if not of:
        return State.UNKNOWN
    return State.HOLDS if part * 100 >= percent * of else State.FAILS


def _said(one: Item) -> str:
    return f"{one.title}: {one.why}" if one.why else one.title
