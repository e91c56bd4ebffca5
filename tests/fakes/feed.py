"""A fake that lists many things newest first and changes them while they are read; and the provider that reads it.

The things are deployments and incidents that begin, change and end. Pages have numbers, so that rows slide from one to
the next while they are paged: as with a vendor's list that has no `since`.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics.events import Asked, Connection, Found, Observation, Page, Tell
from metrics.http import Door
from tests.fakes.server import FakeServer, Reply, Request
from tests.observing import Observing, said

A_PAGE = 100
OVERLAP = 36_000.0  # seconds: 600 changes
A_CHANGE = 60.0  # seconds: 20,000 things take two weeks, as one busy service might


class World:
    """The things as they truly are. `clock` is theirs: each change takes a minute of it."""

    def __init__(self, count: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = 0.0
        self.things: dict[str, dict[str, Any]] = {}
        self.lock = threading.RLock()
        for number in range(count):
            self.begin(f"{'di'[number % 2]}{number}")

    def begin(self, id_: str) -> None:
        self.clock += A_CHANGE
        self.things[id_] = {"kind": "deployment" if id_[0] == "d" else "incident", "id": id_, "at": self.clock}
        if id_[0] == "i":
            self.things[id_]["started"] = self.clock

    def change(self) -> dict[str, Any]:
        """Something happens to one of them: it ends, begins again, or is named anew. A copy of what it is now."""
        with self.lock:
            self.clock += A_CHANGE
            thing = self.things[self.chance.choice(list(self.things))]
            thing["at"] = self.clock
            if thing["kind"] == "deployment":
                ended = {"outcome": self.chance.choice(["success", "failure"]), "finished": self.clock}
                thing |= {"started": thing.get("started", self.clock), **ended}
            else:
                thing["title"] = f"Named at {self.clock:.0f}"
                thing["resolved"] = self.clock if self.chance.random() < 0.7 else None
            return dict(thing)

    def end(self) -> None:
        """Everything that is open ends."""
        with self.lock:
            for thing in list(self.things.values()):
                if thing["kind"] == "deployment" and "outcome" not in thing:
                    self.clock += A_CHANGE
                    thing |= {"at": self.clock, "started": thing["at"], "outcome": "success", "finished": self.clock}
                elif thing["kind"] == "incident" and not thing.get("resolved"):
                    self.clock += A_CHANGE
                    thing |= {"at": self.clock, "resolved": self.clock}


class Feed(FakeServer):
    """GET /things?page=n, newest change first; GET /thing/<id>. Each request changes `churn` things."""

    def __init__(self, world: World, churn: int = 0) -> None:
        super().__init__()
        self.world, self.churn = world, churn

    def reply(self, request: Request) -> Reply:
        with self.world.lock:
            for _ in range(self.churn):
                self.world.change()
            if request.path.startswith("/thing/"):
                found = self.world.things.get(request.path.rpartition("/")[2])
                return Reply(body=found) if found else Reply(status=404, body={"message": "Not Found"})
            page = int(request.query.get("page", 1))
            newest = sorted(self.world.things.values(), key=lambda one: -one["at"])
            rows = newest[(page - 1) * A_PAGE : page * A_PAGE]
            return Reply(body={"rows": rows, "total": len(newest), "clock": self.world.clock})


class FeedProvider(Observing):
    """Reads newest first down to the mark, which never passes the moment at which the run began."""

    title = "Feed"
    streams: tuple[str, ...] = ("things",)
    serial = True
    windows = False

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.door = Door(address=connection.address, trusted_hosts=connection.trusted_hosts)

    def close(self) -> None:
        self.door.close()

    def check(self) -> Found:
        return Found("It answers.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        mark, run = cursor.get("mark", 0.0), cursor.get("run") or {"page": 1, "began": None}
        found = self.door.get("/things", params={"page": run["page"]}).json()
        began = run["began"] if run["began"] is not None else found["clock"]
        rows = found["rows"]
        over = not rows or rows[-1]["at"] < mark - OVERLAP
        again = {"mark": began} if over else {"mark": mark, "run": {"page": run["page"] + 1, "began": began}}
        return Page(
            observations=tuple(_observed(one) for one in rows), cursor=again, done=over, read=run["page"] * A_PAGE,
            total=found["total"], doing="things",
        )  # fmt: skip

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        answers = {id_: self.door.get(f"/thing/{id_}", accept=(404,)) for id_ in ids}
        seen = tuple(_observed(one.json()) for one in answers.values() if one.status == 200)
        return Asked(observations=seen, gone=tuple(id_ for id_, one in answers.items() if one.status == 404))


def _observed(thing: Mapping[str, Any]) -> Observation:
    return said(
        thing["kind"], thing["id"], thing["at"], **{k: v for k, v in thing.items() if k not in ("kind", "id", "at")}
    )


def expected(world: World) -> dict[str, tuple[Any, ...]]:
    """id → what its row must say."""
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else start + timedelta(seconds=seconds)

    return {
        id_: (one["outcome"], at(one["finished"]))
        if one["kind"] == "deployment"
        else (one.get("title", id_), at(one.get("resolved")))
        for id_, one in world.things.items()
        if one["kind"] == "incident" or "outcome" in one
    }


def body(thing: Mapping[str, Any]) -> bytes:
    """The same as a delivery."""
    return json.dumps([thing]).encode()
