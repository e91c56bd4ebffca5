"""GitHub, github.com and Enterprise Server: deployments, releases, workflow runs, pull requests, commits, issues.

Each stream goes through the chosen repositories one after the other; `lists` says how it walks through one, `nested`
what belongs to each row, `parse` what follows from it, `delivered` what webhooks say. One request at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics.events import Asked, Connection, Derived, Event, Found, Observation, Page, Push, Tell, Unreadable

from . import asked, checked, delivered, parse
from .client import Client
from .guide import GUIDE
from .lists import Walk
from .rounds import Rounds


class GitHubProvider:
    title = "GitHub"
    feeds = "Deployments, lead time, pipelines, reviews, incidents from issues"
    streams = ("deployments", "releases", "pulls", "commits", "runs", "issues")
    asks = ("deployment", "release", "pull", "commit", "run", "issue")
    serial = True
    windows = True
    guide = GUIDE
    irrelevant: Callable[[str], str] = staticmethod(delivered.why_not)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.chosen = checked.chosen(connection.settings)
        self.client = Client(connection)
        self.walk = Walk(self.client)

    def close(self) -> None:
        self.client.close()

    def check(self) -> Found:
        return checked.check(self.client, self.chosen)

    def search(self, words: str) -> Found:
        return checked.search(self.client, words)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("GitHub's words are observed, and worked out from all that was observed.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        return Rounds(self.client, self.walk, self.chosen, stream, cursor, now=now, tell=tell).page()

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        return asked.ask(self.client, kind, ids)

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derive(kind, told, now=now)

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        delivered.verify(push, secrets, now=now)

    @staticmethod
    def key(push: Push) -> str:
        return delivered.key(push)

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return delivered.hear(push, now=now)
