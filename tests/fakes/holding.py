"""Holds what a provider observes as the product does, without a database: each observation once, etags, cursors.

`read` fetches a stream's pages until it is done, `facts` works each thing out from all that was ever said of it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from metrics.events import Connection, Derived, Etag, Event, Observation, Page

SINCE = "2026-10-01T00:00:00+00:00"


class Holding:
    def __init__(self, provider: type[Any], address: str, secret: str = "", **settings: Any) -> None:
        self.kind = provider
        self.observations: dict[tuple[str, str], dict[tuple[datetime | None, bytes], Observation]] = defaultdict(dict)
        self.etags: dict[str, Etag] = {}
        self.cursors: dict[str, Mapping[str, Any]] = {}
        self.notes: list[str] = []
        self.pages = 0
        self.connection = Connection(
            source=1, address=address, settings=settings, secret=secret, trusted_hosts=("127.0.0.1",),
            etag=self.etags.get,
        )  # fmt: skip

    @property
    def provider(self) -> Any:
        return self.kind(self.connection)

    def read(self, stream: str, *, now: datetime, cursor: Mapping[str, Any] | None = None, most: int = 5000) -> int:
        """Read a stream to its end, in turns by several workers; how many observations were new."""
        cursor = cursor or self.cursors.get(stream) or {"since": SINCE}
        new = 0
        provider = self.provider
        for number in range(most):
            if number % 10 == 9:
                provider.close()
                provider = self.provider  # another worker goes on, and knows only the cursor
            page: Page = provider.fetch(stream, json.loads(json.dumps(cursor)), now=now, tell=_silent)
            self.pages += 1
            new += self.take(page.observations)
            self.etags |= page.etags
            self.notes = list(page.notes)
            cursor = page.cursor
            if page.done:
                provider.close()
                self.cursors[stream] = cursor
                return new
        raise AssertionError(f"{stream} has no end")

    def take(self, observations: tuple[Observation, ...]) -> int:
        new = 0
        for one in observations:
            held = self.observations[one.kind, one.id]
            new += (one.updated_at, one.body) not in held
            held[one.updated_at, one.body] = one
        return new

    def derived(self, kind: str, *, now: datetime) -> dict[str, Derived]:
        return {
            id_: self.kind.derive(kind, list(held.values()), now=now)
            for (known, id_), held in self.observations.items()
            if known == kind
        }

    def facts(self, kind: str, *, now: datetime) -> list[Event]:
        return [event for one in self.derived(kind, now=now).values() for event in one.events]

    def open(self, kind: str, *, now: datetime) -> list[str]:
        return [id_ for id_, one in self.derived(kind, now=now).items() if one.open]

    def ask(self, kind: str, *, now: datetime) -> tuple[str, ...]:
        """Ask again for what is open; what is gone."""
        asked = self.provider.ask(kind, self.open(kind, now=now)[:20], now=now)
        self.take(asked.observations)
        return tuple(asked.gone)


def _silent(doing: str, read: int = 0, total: int | None = None) -> None:
    pass
