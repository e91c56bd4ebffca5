"""CDEvents over CloudEvents, pushed by pipelines and deployers (Tekton, Jenkins, Keptn and others). Nothing is read."""

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
from .envelope import opened


class CDEventsProvider:
    title = "CDEvents"
    feeds = "Deployments, pipeline runs, incidents"
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
            where="The CloudEvents sink of your pipeline, HTTP protocol binding: binary, structured or batched",
            events=tuple(f"dev.cdevents.{name}" for name in parse.KINDS),
            secured_by="The secret below is sent as “Authorization: Bearer …”, or signs each delivery as Standard "
            "Webhooks say (webhook-id, webhook-timestamp, webhook-signature).",
        ),
        pushes_only=True,
        rules=("via", "environment", "service", "type", "workflow", "job", "title", "severity", "priority", "label"),
        default_rules={"production": [{"environment": "prod*, live*"}], "incidents": None, "services": []},
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def check(self) -> Found:
        return Found("Nothing is read here: events come when they are sent.")

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
        if signed.is_standard(push):
            signed.by_standard_webhooks(push, secrets, now=now)
        else:
            signed.by_token(push, secrets)

    @staticmethod
    def key(push: Push) -> str:
        """Source and id of an event name it for ever; a batch is known by its body."""
        try:
            events = opened(push)
        except Unreadable:
            events = []
        if len(events) == 1 and not isinstance(one := events[0], str) and one.identity:
            return f"event:{read.digest(one.source, one.identity, one.name)}"
        return f"body:{read.digest(push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("CDEvents are observed.")
