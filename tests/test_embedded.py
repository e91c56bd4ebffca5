"""The embedded servers: one owner, nothing left behind, whatever kills the owner and wherever the project lies."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from redis import Redis

from config import embedded

from .processes import Process, gone, mentioning, start, wait_for

OWNER = """
import sys
from pathlib import Path
from config import embedded
with embedded.running(Path(sys.argv[1]), durable=True) as servers:
    print("ready", flush=True)
    sys.stdin.read() or __import__("time").sleep(600)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder that anybody may enter: pytest's own are private, and as root the servers run as somebody else."""
    made = Path(tempfile.mkdtemp(prefix="plumbline-test-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    """One cluster for the tests that need no new one."""
    return home / "shared" / "servers"


def owner(folder: Path, log: Path) -> Process:
    """A process that owns `folder` until it is ended."""
    started = start("owner", [sys.executable, "-c", OWNER, folder], environment=os.environ, log=log)
    wait_for(lambda: "ready" in started.words(), seconds=60, name="the owner's servers answer", told=started.words)
    return started


def ask(servers: embedded.Servers, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(servers.database_url, autocommit=True) as line:
        cursor = line.execute(statement)
        return cursor.fetchall() if cursor.description else []


def sockets(servers: embedded.Servers) -> Path:
    return Path(parse_qs(urlsplit(servers.database_url).query)["host"][0])


def modes(*folders: Path) -> list[int]:
    return [stat.S_IMODE(folder.stat().st_mode) for folder in folders]


def test_both_servers_answer_and_stopping_leaves_no_process_and_no_socket(folder: Path) -> None:
    with embedded.running(folder) as servers:
        assert ask(servers, "SELECT 1") == [(1,)]
        assert Redis.from_url(servers.redis_url).ping()
        assert sockets(servers).exists()
        left = [servers.postgres_pid, servers.redis_pid]
    assert all(gone(pid) for pid in left)
    assert mentioning(str(folder)) == []
    assert not sockets(servers).exists()
    assert not (folder / "servers.json").exists()


def test_the_servers_listen_on_sockets_only(folder: Path) -> None:
    with embedded.running(folder) as servers:
        assert ask(servers, "SHOW listen_addresses") == [("",)]
        assert Redis.from_url(servers.redis_url).config_get("port") == {"port": "0"}


def test_a_second_owner_is_refused_with_the_pid_of_the_first(folder: Path) -> None:
    with embedded.running(folder) as servers:
        with pytest.raises(embedded.AlreadyRunning, match=f"in use by process {os.getpid()}") as refused:
            embedded.running(folder).__enter__()
        assert refused.value.owner == os.getpid()
        assert refused.value.servers == servers
        assert ask(servers, "SELECT 1") == [(1,)]


def test_a_killed_owner_leaves_no_server_and_the_next_start_finds_the_data(folder: Path, tmp_path: Path) -> None:
    first = owner(folder, tmp_path / "owner.log")
    servers = embedded._read(folder)
    assert servers
    ask(servers, "CREATE TABLE IF NOT EXISTS kept (word text)")
    ask(servers, "INSERT INTO kept VALUES ('still here')")
    Redis.from_url(servers.redis_url).set("kept", "too")
    first.kill()
    wait_for(
        lambda: gone(servers.postgres_pid) and gone(servers.redis_pid), seconds=30, name="the servers end by themselves"
    )
    left = sockets(servers)
    with embedded.running(folder) as again:
        assert ask(again, "SELECT word FROM kept") == [("still here",)]
        assert Redis.from_url(again.redis_url).get("kept") == b"too"
        assert not left.exists()
        ask(again, "DROP TABLE kept")


def test_an_owner_killed_a_moment_ago_does_not_stop_the_next_start(folder: Path, tmp_path: Path) -> None:
    first = owner(folder, tmp_path / "owner.log")
    first.kill()
    with embedded.running(folder) as servers:
        assert ask(servers, "SELECT 1") == [(1,)]


def test_borrowing_uses_the_servers_of_the_owner_and_leaves_them_running(folder: Path) -> None:
    with embedded.running(folder) as servers:
        with embedded.borrowed_or_running(folder) as borrowed:
            assert borrowed == servers
        assert ask(servers, "SELECT 1") == [(1,)]


def test_borrowing_from_nobody_starts_servers_of_its_own(folder: Path) -> None:
    with embedded.borrowed_or_running(folder) as servers:
        assert ask(servers, "SELECT 1") == [(1,)]
    assert gone(servers.postgres_pid)


def test_a_server_that_does_not_start_is_reported_in_its_own_words(folder: Path) -> None:
    with embedded.running(folder):
        pass
    settings = folder / "postgres" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    try:
        with pytest.raises(embedded.EmbeddedError, match="no_such_setting"):
            embedded.running(folder).__enter__()
        assert mentioning(str(folder)) == []
    finally:
        settings.write_text(before)
    with embedded.running(folder) as servers:
        assert ask(servers, "SELECT 1") == [(1,)]


def test_a_strict_umask_does_not_keep_the_servers_from_their_data(home: Path) -> None:
    before = os.umask(0o077)
    try:
        with embedded.running(home / "strict" / "deep" / "servers") as servers:
            assert ask(servers, "SELECT 1") == [(1,)]
    finally:
        os.umask(before)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")


@pytest.fixture
def private(home: Path) -> Iterator[Path]:
    """A private home with a project in it."""
    made = home / "private"
    (made / "project").mkdir(parents=True)
    made.chmod(0o700)
    yield made
    shutil.rmtree(made)


@as_root
@pytest.mark.parametrize("named", [False, True], ids=["the project's own folder", "PLUMBLINE_HOME"])
def test_as_root_a_private_home_stays_private_and_the_data_lies_outside(
    named: bool, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PROJECT", private / "project")
    monkeypatch.delenv("PLUMBLINE_HOME", raising=False)
    if named:
        monkeypatch.setenv("PLUMBLINE_HOME", str(private))
    before = modes(private, private / "project", *private.parents)
    chosen = embedded.home("test")
    try:
        assert not chosen.is_relative_to(private)
        assert chosen.parent.parent == Path("/var/tmp")
        with embedded.running(chosen, durable=False) as servers:
            assert ask(servers, "SELECT 1") == [(1,)]
        assert embedded.home("test") == chosen  # the same place the next time
    finally:
        shutil.rmtree(chosen.parent, ignore_errors=True)
    assert modes(private, private / "project", *private.parents) == before
    assert sorted(entry.name for entry in private.rglob("*")) == ["project"]


@as_root
def test_as_root_a_private_folder_named_outright_is_refused_and_not_opened(private: Path) -> None:
    before = modes(private)
    with pytest.raises(embedded.EmbeddedError, match="may not enter"):
        embedded.running(private / "servers").__enter__()
    assert modes(private) == before


def test_the_state_names_both_servers_and_goes_with_them(folder: Path) -> None:
    with embedded.running(folder) as servers:
        state = json.loads((folder / "servers.json").read_text())
        assert state["pids"] == [servers.postgres_pid, servers.redis_pid]
    assert embedded._read(folder) is None
