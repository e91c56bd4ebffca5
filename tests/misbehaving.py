"""Providers that fail on purpose: one whose page ends its reader, one that is slow, one that is pushed to."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from metrics.events import ChangeSeen, Connection, Event, Found, Page, Tell, Unreadable

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def change(number: int) -> ChangeSeen:
    """The fact number `number`, always the same."""
    at = START + timedelta(hours=number)
    return ChangeSeen(
        sha=f"{number:040x}", title=f"Change {number}", author="Ada", first_commit_at=at,
        merged_at=at + timedelta(minutes=30), updated_at=at,
    )  # fmt: skip


class Poison:
    """Five pages of two changes. While its file exists the third page kills its reader, or raises (`how`)."""

    title = "Poison"
    feeds = "Lead time"
    streams: tuple[str, ...] = ("changes",)
    tried: ClassVar[list[int]] = []  # the pages asked for, in this process

    def __init__(self, connection: Connection) -> None:
        self.file = Path(connection.settings["file"])
        self.how = connection.settings.get("how", "kill")

    def check(self) -> Found:
        return Found("Poison.")

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Poison is not pushed.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        page = cursor.get("page", 0)
        self.tried.append(page)
        if page == 2 and self.file.exists():
            with self.file.open("a") as marks:
                marks.write("x")
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ZeroDivisionError("poison")
        if page > 4:
            return Page(events=(), raw=b"", cursor=cursor, done=True)
        facts = (change(2 * page), change(2 * page + 1))
        return Page(events=facts, raw=b"page", cursor={"page": page + 1}, done=page == 4, read=2 * page + 2, total=10)


class Slow:
    """Two pages; each waits, without a word, until the test lets its reader go on."""

    title = "Slow"
    feeds = "Lead time"
    streams: tuple[str, ...] = ("changes",)
    gates: ClassVar[dict[str, Any]] = {}  # page → (asked for, let go), two Events, for its first reader

    def __init__(self, connection: Connection) -> None:
        pass

    def check(self) -> Found:
        return Found("Slow.")

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Slow is not pushed.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        page = cursor.get("page", 0)
        if gate := self.gates.pop(f"page {page}", None):
            asked, let_go = gate
            asked.set()
            assert let_go.wait(30)
        return Page(
            events=(change(page),), raw=b"page", cursor={"page": page + 1}, done=page == 1, read=page + 1, total=2
        )


class Pushed:
    """Each event is {"number": n}; {"bad": true} cannot be read, {"broken": true} trips the reader, "ms" takes time."""

    title = "Pushed"
    feeds = "Lead time"
    streams: tuple[str, ...] = ()

    def __init__(self, connection: Connection) -> None:
        self.healed = connection.settings.get("healed", False)

    def check(self) -> Found:
        return Found("Pushed.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        raise AssertionError("nothing to fetch")

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        event = json.loads(body)
        time.sleep(event.get("ms", 0) / 1000)
        if event.get("bad") and not self.healed:
            raise Unreadable("This event has no number.")
        if event.get("broken") and not self.healed:
            raise KeyError("number")
        return (change(event["number"]),)
