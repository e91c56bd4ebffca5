"""CSV files of deployments or incidents, uploaded or sent. `preview` shows one before it is kept."""

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
from .parse import Preview, Row, preview
from .table import Fault

__all__ = ["CsvProvider", "Fault", "Preview", "Row", "preview"]

AT_HEADER = "x-plumbline-at"


class CsvProvider:
    title = "CSV file"
    feeds = "Deployments, incidents"
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
            where="A script that sends the file to the address below (curl --data-binary @deployments.csv)",
            events=("deployments", "incidents"),
            secured_by="The secret below is sent as “Authorization: Bearer …”.",
        ),
        pushes_only=True,
        rules=("via", "environment", "repository", "service", "title", "severity", "type", "label"),
        default_rules={"production": None, "incidents": None, "services": []},
    )

    columns = parse.named()
    preview = staticmethod(preview)  # that there is one says that files are uploaded on the source's page

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def check(self) -> Found:
        return Found("Nothing is read here: a file is taken when it is uploaded.")

    def search(self, words: str) -> Found:
        return Found("Nothing is chosen here: the file tells what it holds.")

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
        """The same file again says nothing new."""
        return f"body:{read.digest(push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push.body, imported=read.when(push.headers.get(AT_HEADER)) or now)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("The rows of a file are observed.")
