"""Reads a fake GitHub as the pipeline does: page by page, keeping each observation once with its ETags and cursor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from metrics import read
from metrics.events import Connection, Derived, Etag, Event, Observation, Page, RunSeen
from metrics.http import Answer, Door
from metrics.providers.github import GitHubProvider
from tests.fakes.github import FakeGitHub
from tests.fakes.server import Request

TOKEN = "ghp_secretsecretsecret"


def tell(doing: str, read: int = 0, total: int | None = None) -> None:
    pass


class Direct(Door):
    """A door without a wire, for thousands of requests: all but the socket is as it is."""

    def __init__(self, fake: FakeGitHub, **more: Any) -> None:
        super().__init__(**more)
        self.fake = fake

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = url.removeprefix(self.fake.url).partition("?")
        said = {name.lower(): value for name, value in headers.items()}
        request = Request(
            method=method, path=path, query=dict(parse_qsl(query)), headers=said, body=body, at=float(self.requests)
        )
        self.requests += 1
        self.fake.log.append(request)
        if self.fake.between is not None:
            self.fake.between(request)
        planned = next((one for mishap in self.fake.mishaps if (one := mishap(request))), None)
        reply = planned or self.fake.reply(request)
        raw, status = reply.raw(), reply.status
        told = {name.lower(): value for name, value in reply.headers.items()}
        if reply.etag:
            told["etag"] = f'"{read.digest(raw, told.get("link", ""))[:20]}"'
            if said.get("if-none-match") == told["etag"]:
                raw, status = b"", 304
        self.fake.statuses.append(status)
        found = Answer(status=status, headers=told, body=raw, url=url, at=self._now())
        self._note(found)
        return found


@dataclass
class Reading:
    fake: FakeGitHub
    repositories: tuple[str, ...] = ()
    since: datetime | None = None
    anew: bool = False  # another worker for each page
    wire: bool = True  # by real HTTP; without it for thousands of requests
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
        if not self.wire:
            made.client.door.close()
            made.client.door = Direct(self.fake, address=self.fake.url + self.fake.prefix, trusted_hosts=("127.0.0.1",))
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
