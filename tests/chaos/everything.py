"""`python -m tests.chaos.everything`: kill everything at random while 20,000 things change during paging.

Real web, workers, beats, Redis and a PostgreSQL of its own with fsync on; SIGKILL for all of them, and Redis wiped;
deliveries are pushed at the door all the while. At the end everything is ended, read, and counted: expected and found.
CHAOS_SEED and CHAOS_KILLS set the seed and how many blows fall; the moments depend on the machine all the same.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from config import embedded
from tests.fakes import feed
from tests.observing import sign
from tests.processes import PROJECT, SETTINGS, Process, Redis, start, wait_for

KILLS = int(os.environ.get("CHAOS_KILLS", "100"))
THINGS = int(os.environ.get("CHAOS_THINGS", "20000"))
SEED = int(os.environ.get("CHAOS_SEED", time.time_ns() % 100_000))
LEASE, EVERY = 10, 10
SETTLE = 1800  # seconds: a busy machine reads slowly, which loses nothing
PATIENCE = 12.0  # seconds for what was killed to start again and do something
SECRET = "a secret for the deliveries of chaos"
MAKE = """
from metrics import actions
from teams.models import Team
team = Team.objects.create(name="Squad", slug="squad", kind="squad")
source = actions.connect_source(team=team, provider="feed", name="feed", by=None, address="{address}", secret="t" * 20)
source.refresh_from_db()
actions.add_hook_secret(source=source, by=None, secret="{secret}")
print("hook", source.hook)
"""


class Postgres:
    """A PostgreSQL that can be killed and started again, on its own data, with fsync on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets = Path(tempfile.mkdtemp(prefix="plumbline-"))
        self.account = embedded._account()
        if self.account:
            os.chown(self.sockets, self.account.pw_uid, self.account.pw_gid)
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://plumbline@/plumbline?host={self.sockets}"

    def start(self) -> None:
        until = time.monotonic() + 60
        while True:  # the backends of one that was killed take a moment to let go of its memory
            self.child = embedded._start_postgres(self.folder, self.sockets, self.account, durable=True)
            try:
                return embedded._wait_for_postgres(self.child, self.sockets, self.folder)
            except embedded.EmbeddedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def kill(self) -> None:
        assert self.child is not None
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(20)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The answer, as soon as there is somebody to give it."""
        until = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(host=str(self.sockets), user="plumbline", dbname="plumbline") as line:
                    return line.execute(query, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


class Chaos:
    """Everything that runs, and what happens to it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.postgres, self.redis = Postgres(folder / "pg"), Redis(Path(tempfile.mkdtemp(prefix="plumbline-")))
        (folder / "pg").mkdir(mode=0o755)
        self.port = _free_port()
        self.dealt: Counter[str] = Counter()
        self.number = self.idle = 0
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "DEBUG": "0",
            "SECRET_KEY": "for-chaos-only-for-chaos-only-for-chaos-only-for-chaos-only",
            "SECURE_SSL_REDIRECT": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "PLUMBLINE_SOURCE_KEYS": "Zm9yLXRoZS10ZXN0cy1vbmx5LWZvci10aGUtdGVzdHM=",
            "PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES": "127.0.0.1",
            "PLUMBLINE_LEASE_SECONDS": str(LEASE),
            "PLUMBLINE_READ_EVERY": str(EVERY),
            "PLUMBLINE_CLONES": str(folder / "clones"),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "LOG_LEVEL": "ERROR",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self.workers: list[Process] = []
        self.beats: list[Process] = []
        self.web: Process | None = None

    def begin(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.manage("migrate", "--verbosity", "0")

    def run(self) -> None:
        self.web = self.serve()
        self.workers = [self.worker(), self.worker()]
        self.beats = [self.beat(), self.beat()]

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise SystemExit(f"{' '.join(words[:1])} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _start(self, name: str, *command: str) -> Process:
        self.number += 1
        log = self.folder / f"{name}-{self.number}.log"
        return start(name, [sys.executable, "-m", *command], environment=self.environment, log=log)

    def worker(self) -> Process:
        more = ("--loglevel", "error", "--concurrency", "1", "--without-gossip", "--without-mingle")
        return self._start("worker", "celery", "-q", "-A", "config", "worker", *more)

    def beat(self) -> Process:
        file = str(self.folder / f"beat-{self.number}")
        return self._start("beat", "celery", "-q", "-A", "config", "beat", "--schedule", file, "--pidfile=")

    def serve(self) -> Process:
        bind = ("--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "4", "--no-control-socket")
        return self._start("web", "gunicorn", "config.wsgi", *bind, "--log-level", "critical")

    def blow(self) -> None:
        kinds = ["worker", "worker's child", "beat", "web", "Redis", "Redis wiped", "PostgreSQL"]
        kind = self.chance.choices(kinds, [4, 4, 2, 3, 1, 2, 2])[0]
        self.dealt[kind] += 1
        if kind == "worker":
            self.workers.append(_replaced(self.workers, self.chance, self.worker))
        elif kind == "beat":
            self.beats.append(_replaced(self.beats, self.chance, self.beat))
        elif kind == "worker's child":
            for child in self.chance.choice(self.workers).children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        elif kind == "web":
            assert self.web is not None
            self.web.kill()
            self.web = self.serve()
        elif kind == "Redis":
            self.redis.kill()
            self.redis.start()
        elif kind == "Redis wiped":
            self.redis.flush()
        else:
            self.postgres.kill()
            time.sleep(self.chance.uniform(0, 0.5))
            self.postgres.start()

    def let_work(self, sender: Sender) -> None:
        """Wait until something was read and something was pushed since the last blow, for some seconds at most.

        Blows that only ever fall on processes that are starting would prove little.
        """
        before, sent, until = self._seen(), sender.sent, time.monotonic() + PATIENCE
        while time.monotonic() < until and (self._seen() == before or (sender.sent == sent and sender.is_alive())):
            time.sleep(0.1)
        self.idle += time.monotonic() >= until

    def _seen(self) -> int:
        return int(self.postgres.rows("SELECT coalesce(max(id), 0) FROM metrics_observed")[0][0])

    def revive(self) -> None:
        """What ended by itself because something it stood on was killed, as a process manager would."""
        if self.web is not None and not self.web.alive():
            self.web = self.serve()
        for among, again in ((self.workers, self.worker), (self.beats, self.beat)):
            for place, one in enumerate(among):
                if not one.alive():
                    among[place] = again()

    def end(self) -> None:
        for process in [*self.workers, *self.beats, *([self.web] if self.web else [])]:
            process.kill()
        for server in (self.redis, self.postgres):
            with contextlib.suppress(AssertionError, OSError, subprocess.TimeoutExpired):
                server.kill()
        for folder in (self.redis.folder, self.postgres.sockets):
            shutil.rmtree(folder, ignore_errors=True)


def _replaced(among: list[Process], chance: random.Random, by: Callable[[], Process]) -> Process:
    among.pop(chance.randrange(len(among))).kill()
    return by()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Sender(threading.Thread):
    """Pushes what happens at the door, each until it is taken, as providers that repeat do."""

    def __init__(self, address: str, world: feed.World, most: int) -> None:
        super().__init__(daemon=True)
        self.address, self.world, self.most = address, world, most
        self.sent = self.tries = 0
        self.over = threading.Event()

    def run(self) -> None:
        while self.sent < self.most and not self.over.is_set():
            body = feed.body(self.world.change())
            while not self.over.is_set():
                self.tries += 1
                if self._push(body):
                    self.sent += 1
                    break
                time.sleep(0.2)
            time.sleep(0.02)

    def _push(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "X-Signature": sign(body, SECRET)}
        request = urllib.request.Request(self.address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 202)
        except (OSError, urllib.error.URLError):
            return False


def main() -> int:
    print(f"CHAOS_SEED={SEED}: {KILLS} blows while {THINGS:,} things change", flush=True)
    chance = random.Random(SEED)
    folder = Path(tempfile.mkdtemp(prefix="plumbline-chaos-", dir="/var/tmp"))
    folder.chmod(0o755)
    world = feed.World(THINGS, SEED)
    chaos = Chaos(folder, chance)
    try:
        with feed.Feed(world, churn=3) as fake:
            chaos.begin()
            made = chaos.manage("shell", "-c", MAKE.format(address=fake.url, secret=SECRET))
            hook = next(line.split()[1] for line in made.splitlines() if line.startswith("hook"))
            chaos.run()
            sender = Sender(f"http://127.0.0.1:{chaos.port}/hooks/{hook}/", world, most=5000)
            sender.start()
            began = time.monotonic()
            for blow in range(KILLS):
                chaos.let_work(sender)
                time.sleep(chance.uniform(0, 0.8))
                chaos.blow()
                chaos.revive()
                if blow % 20 == 19:
                    (seen,) = chaos.postgres.rows("SELECT count(*) FROM metrics_observed")[0]
                    print(f"  {blow + 1} blows, {seen:,} observations, {sender.sent:,} deliveries taken", flush=True)
            print(f"{KILLS} blows in {time.monotonic() - began:.0f} s: {dict(chaos.dealt)}")
            sender.over.set()
            sender.join(30)
            fake.churn = 0
            world.end()
            chaos.revive()
            return _judge(chaos, world, sender)
    finally:
        chaos.end()
        shutil.rmtree(folder, ignore_errors=True)


def _judge(chaos: Chaos, world: feed.World, sender: Sender) -> int:
    wanted = feed.expected(world)
    found: dict[str, tuple[Any, ...]] = {}

    def settled() -> bool:
        chaos.revive()
        nonlocal found
        found = {
            key: tuple(values)
            for key, *values in chaos.postgres.rows(
                "SELECT provider_id, outcome, finished_at FROM metrics_deployment WHERE superseded_at IS NULL "
                "UNION ALL SELECT provider_id, title, resolved_at FROM metrics_incident WHERE superseded_at IS NULL"
            )
        }
        waiting = chaos.postgres.rows("SELECT count(*) FROM metrics_inbox WHERE processed_at IS NULL")[0][0]
        time.sleep(1)
        return found == wanted and not waiting

    try:
        took = wait_for(settled, seconds=SETTLE, name="everything is read")
        print(f"settled {took:.0f} s after the last blow")
    except AssertionError as vain:
        print(vain)
        print(*chaos.postgres.rows("SELECT row_to_json(s) FROM metrics_stream s"), sep="\n")
    lost = set(wanted) - set(found)
    wrong = {key for key in set(wanted) & set(found) if wanted[key] != found[key]}
    spare = set(found) - set(wanted)
    (doubled,) = chaos.postgres.rows(
        "SELECT count(*) - count(DISTINCT (source_id, provider_id)) FROM metrics_deployment"
    )[0]
    (kept, waiting, dead) = chaos.postgres.rows(
        "SELECT count(*), count(*) FILTER (WHERE processed_at IS NULL), count(dead_at) FROM metrics_inbox"
    )[0]
    print(f"{'':>22}{'expected':>10}{'found':>10}{'lost':>7}{'doubled':>9}{'wrong':>7}")
    print(f"{'things':>22}{len(wanted):>10,}{len(found):>10,}{len(lost):>7}{doubled + len(spare):>9}{len(wrong):>7}")
    missing = max(0, sender.sent - kept)
    print(f"{'deliveries taken':>22}{sender.sent:>10,}{kept:>10,}{missing:>7}{'':>9}{waiting + dead:>7}")
    good = not (lost or wrong or spare or doubled or waiting or dead) and kept >= sender.sent
    print(f"{chaos.idle} blows fell though nothing had moved since the one before")
    print(f"the sender tried {sender.tries:,} times")
    print(f"lost {len(lost)}, doubled {doubled + len(spare)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
