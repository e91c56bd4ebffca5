"""The plain door: deployments, changes, pipeline runs and incidents in our own words, or in Apache DevLake's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from metrics import read, signed
from metrics.events import (
    Asked,
    Connection,
    Derived,
    Event,
    Found,
    Guide,
    Hook,
    Observation,
    Page,
    Push,
    Tell,
    Unreadable,
)

from . import parse


class RestProvider:
    title = "REST API"
    feeds = "Deployments, changes, pipeline runs, incidents"
    streams: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    serial = False
    windows = False
    guide: ClassVar[Guide] = Guide(
        address="",
        address_help="",
        token="",
        token_where="",
        hook=Hook(
            where="A step of your pipeline that sends JSON to /api/deployments/, /api/changes/, /api/runs/ or "
            "/api/incidents/; scripts written for Apache DevLake need only the new address and token",
            events=("deployments", "changes", "runs", "incidents"),
            secured_by="The secret below is sent as “Authorization: Bearer …”.",
        ),
        pushes_only=True,
        rules=(
            "via", "environment", "repository", "workflow", "branch", "job", "service", "title", "type", "severity",
            "priority", "urgency", "label",
        ),
        default_rules={"production": None, "incidents": [{"type": "incident"}], "services": []},
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def check(self) -> Found:
        return Found("Nothing is read here: facts come when they are sent.")

    def search(self, words: str) -> Found:
        return Found("Nothing is chosen here: rules decide what counts.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        return Page(cursor={}, done=True)

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        return Asked()

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derived(kind, told, now=now)

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        signed.by_token(push, secrets)

    @staticmethod
    def key(push: Push) -> str:
        """The sender's Idempotency-Key, else what the delivery holds: sent again it changes nothing."""
        form = push.headers.get(parse.KIND_HEADER, "")
        if given := read.text(push.headers.get("idempotency-key"), 150):
            return f"key:{form}:{given}"
        return f"body:{read.digest(form, push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push, now=now)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("What is sent here is observed.")
