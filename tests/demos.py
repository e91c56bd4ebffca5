"""One demo for every test that looks at it: `manage.py demo` as somebody starts it who has just cloned the project.

It takes half a minute to start, so that all of its tests run in one process and share it; `tests.order` sees to that.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from .metrics.repository import Repository
from .processes import Process, start, wait_for

START_SECONDS = 240
READY = "Ctrl-C stops everything"


@dataclass(frozen=True, slots=True)
class Demo:
    home: Path
    port: int
    process: Process
    repository: Repository
    second: Repository  # one that nobody has connected yet

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Everything that it has printed."""
        return self.process.log.read_text(errors="replace")

    def dead_letter(self, source: int) -> int:
        """The id of an event of `source` that could not be read five times. Nobody waits for the five here."""
        servers = json.loads(next(self.home.rglob("servers.json")).read_text())
        with psycopg.connect(servers["DATABASE_URL"]) as line:
            made = line.execute(
                "INSERT INTO metrics_inbox (source_id, key, headers, body, received_at, due_at, dead_at, attempts,"
                " error, error_detail) VALUES (%s, %s, %s, %s, now(), now(), now(), 5, %s, '') RETURNING id",
                [source, "delivery-72d3162e-cc78-11e3-81ab-4c9367dc0958", '{"x-kind": "deployments"}', b"{}",
                 "Each thing has an id, so that it is known again when it is sent a second time."],
            ).fetchone()  # fmt: skip
        assert made
        return int(made[0])


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """It runs until the tests are over, beside a repository with a release every five days."""
    with some_home() as home:
        repository, second = _released(home / "real-service"), _released(home / "another-service")
        port = free_port()
        process = launch(home, port, repository.path)
        try:
            until_ready(process)
            yield Demo(home, port, process, repository, second)
        finally:
            process.end(30)


def launch(home: Path, port: int, repository: Path, name: str = "demo") -> Process:
    command = [sys.executable, "manage.py", "demo", "--port", str(port), "--repo", repository]
    return start(name, command, environment=surroundings(home), log=home / f"{name}.log")


def until_ready(process: Process) -> None:
    """Wait until it says so; fails with its last words when it ends instead."""
    wait_for(
        lambda: READY in process.log.read_text(errors="replace") or not process.alive(),
        seconds=START_SECONDS, name="the demo is ready", told=process.words,
    )  # fmt: skip
    assert process.alive(), process.words()


def surroundings(home: Path) -> dict[str, str]:
    """A person's environment, with none of the tests' own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "PLUMBLINE_HOME": str(home),
        "PLUMBLINE_LOCAL_REPOSITORIES": str(home),
        "PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES": "127.0.0.1",  # where fake providers are
    }


@contextlib.contextmanager
def some_home() -> Iterator[Path]:
    """A folder that anybody may enter: as root the servers run as somebody else."""
    made = Path(tempfile.mkdtemp(prefix="plumbline-test-", dir="/var/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _released(path: Path) -> Repository:
    repository = Repository(path)
    repository.now = datetime.now(UTC) - timedelta(days=60)
    for number in range(1, 41):
        repository.now += timedelta(hours=30)
        repository.commit(f"Improve part {number}", authored=repository.now - timedelta(hours=number))
        if number % 4 == 0:
            repository.tag(f"v1.{number // 4}")
    return repository
