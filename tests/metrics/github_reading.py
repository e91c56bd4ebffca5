"""Reads a fake GitHub as the pipeline does: page by page, keeping each observation once with its ETags and cursor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Connection, Derived, Etag, Event, Observation, Page, RunSeen
from metrics.providers.github import GitHubProvider
from tests.fakes.github import FakeGitHub

TOKEN = "ghp_secretsecretsecret"


def tell(doing: str, read: int = 0, total: int | None = None) -> None:
    pass


@dataclass
class Reading:
    fake: FakeGitHub
    repositories: tuple[str, ...] = ()
    since: datetime | None = None
    anew: bool = False  # another worker for each page
    cursors: dict[str, dict[str, Any]] = field(default_factory=dict)
    etags: dict[str, Etag] = field(default_factory=dict)
    held: dict[tuple[str, str], dict[str, Observation]] = field(default_factory=lambda: defaultdict(dict))
    pages: list[Page] = field(default_factory=list)

    def provider(self) -> GitHubProvider:
        made = GitHubProvider(
            Connection(
                source=1, address=self.fake.url + self.fake.prefix, settings={"repositories": list(self.repositories)},
                secret=TOKEN, trusted_hosts=("127.0.0.1",), etag=self.etags.get,
            )
        )  # fmt: skip
        made.client.door._sleep = lambda seconds: None
        return made

    def keep(self, observations: Sequence[Observation]) -> None:
        for one in observations:
            self.held[one.kind, one.id][read.digest(one.body, str(one.updated_at))] = one

    def stream(self, stream: str, *, lane: str = "", cursor: dict[str, Any] | None = None, most: int = 2000) -> Page:
        """Read one stream to its end; the last page."""
        name = stream + lane
        since = self.since or self.fake.world.now - timedelta(days=60)
        self.cursors.setdefault(name, cursor or {"since": since.isoformat()})
        provider = self.provider()
        for _ in range(most):
            now = self.fake.world.now
            page = provider.fetch(stream, self.cursors[name], now=now, tell=tell)
            self.keep(page.observations)
            self.etags |= page.etags
            self.cursors[name] = dict(page.cursor)
            self.pages.append(page)
            if page.done:
                provider.close()
                return page
            if self.anew:
                provider.close()
                provider = self.provider()
        raise AssertionError(f"{stream} does not end")

    def ask(self) -> int:
        """Ask for all that is open; how many."""
        provider, asked = self.provider(), 0
        for kind in provider.asks:
            waiting = [which for (held, which), one in self.made().items() if held == kind and one.open]
            for start in range(0, len(waiting), 20):
                answer = provider.ask(kind, waiting[start : start + 20], now=self.fake.world.now)
                self.keep(answer.observations)
            asked += len(waiting)
        provider.close()
        return asked

    def everything(self) -> None:
        for stream in GitHubProvider.streams:
            self.stream(stream)

    def made(self) -> dict[tuple[str, str], Derived]:
        now = self.fake.world.now
        return {
            thing: GitHubProvider.derive(thing[0], list(told.values()), now=now) for thing, told in self.held.items()
        }

    def facts(self, kind: type[Any] | None = None) -> dict[Any, Event]:
        found: dict[Any, Event] = {}
        for made in self.made().values():
            for event in made.events:
                if kind is None or isinstance(event, kind):
                    found[key_of(event)] = event
        return found


def key_of(event: Any) -> Any:
    if isinstance(event, RunSeen):
        return (event.provider_id, event.attempt)
    return getattr(event, "provider_id", None) or event.sha
