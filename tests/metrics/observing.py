"""Reads a provider to the end as the pipeline does, in memory, and works out what follows from what it observed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from metrics.events import Connection, Derived, Event, Observation, Push
from metrics.read import digest

HERE = Path(__file__).resolve().parents[2]
MOST_PAGES = 5000


def quiet(doing: str, read: int = 0, total: int | None = None) -> None:
    """Nobody to tell."""


@dataclass
class Held:
    """What is kept: each observation once, and where the stream stands."""

    provider: Any
    cursor: Mapping[str, Any] = field(default_factory=dict)
    things: dict[tuple[str, str], dict[tuple[Any, bytes], Observation]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pages: int = 0

    def keep(self, observations: Sequence[Observation]) -> None:
        for one in observations:
            self.things.setdefault((one.kind, one.id), {})[one.updated_at, one.body] = one

    def pull(self, stream: str, *, now: datetime, stop: Callable[[int], bool] | None = None) -> Held:
        """Read pages until the stream is done, or `stop` says that the worker was killed before a page was kept."""
        for _ in range(MOST_PAGES):
            page = self.provider.fetch(stream, self.cursor, now=now, tell=quiet)
            self.pages += 1
            if stop is not None and stop(self.pages):
                return self
            self.keep(page.observations)
            self.cursor, self.notes = dict(page.cursor), page.notes
            if page.done:
                return self
        raise AssertionError("the stream never ends")

    def told(self, kind: str, identity: str) -> list[Observation]:
        return in_order(self.things[kind, identity].values())

    def derived(self, *, now: datetime) -> dict[str, Derived]:
        return {
            identity: self.provider.derive(kind, self.told(kind, identity), now=now)
            for kind, identity in sorted(self.things)
        }

    def events(self, *, now: datetime) -> list[Event]:
        return [event for made in self.derived(now=now).values() for event in made.events]

    def open(self, *, now: datetime) -> list[str]:
        return [identity for identity, made in self.derived(now=now).items() if made.open]


def in_order(observations: Any) -> list[Observation]:
    """By the vendor's time, then by digest: as the pipeline hands them over."""
    start = datetime.min
    return sorted(
        observations,
        key=lambda one: (one.updated_at.replace(tzinfo=None) if one.updated_at else start, digest(one.body)),
    )


def heard(provider: Any, pushes: Sequence[Push], *, now: datetime) -> Held:
    """What follows from deliveries alone."""
    held = Held(provider)
    for push in pushes:
        held.keep(provider.hear(push, now=now))
    return held


def same_in_any_order(provider: Any, observations: Sequence[Observation], *, now: datetime, seed: int = 7) -> Derived:
    """What follows from `observations`, which must be the same shuffled and doubled."""
    chance = random.Random(seed)  # noqa: S311
    kind = observations[0].kind
    expected = provider.derive(kind, in_order(observations), now=now)
    for _ in range(5):
        mixed = [*observations, *chance.choices(observations, k=len(observations))]
        chance.shuffle(mixed)
        assert provider.derive(kind, mixed, now=now) == expected
    return expected  # type: ignore[no-any-return]


def connection(address: str = "", *, secret: str = "", **settings: Any) -> Connection:
    return Connection(source=1, address=address, settings=settings, secret=secret, trusted_hosts=("127.0.0.1",))


def samples(*parts: str) -> Path | None:
    """A folder of recorded payloads beside the project, if there."""
    for above in (HERE.parent, *HERE.parent.parents):
        for root in (above / "shared" / "samples", above / "samples"):
            if (found := root.joinpath(*parts)).exists():
                return found
    return None
