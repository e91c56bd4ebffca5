"""`manage.py demo`: embedded servers, tables, the sample organisation, a repository, then web, worker and beat.

Runs until Ctrl-C or SIGTERM and leaves no process and no lock behind. It sets its environment before Django is
loaded, so nothing of Django may be imported at the top of this module.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config import embedded

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
PULL_SECONDS = 600


def main(arguments: list[str]) -> int:
    """The exit status. Prints what it does, one line a step."""
    parser = argparse.ArgumentParser(prog="manage.py demo", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
    parser.add_argument("--repo", default=os.environ.get("REPO") or "", help="path or address of a Git repository")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    folder = embedded.home("demo")
    try:
        with contextlib.ExitStack() as stack:
            servers = stack.enter_context(_servers(folder))
            (folder / "address").unlink(missing_ok=True)  # of an earlier run
            if busy := _who_listens(options.port):
                print(f"Port {options.port} is in use{busy}. Choose another: make demo PORT={options.port + 1}")
                return 1
            repository = options.repo or str(_own_repository(folder))
            _environment(folder, servers, options.port, repository)
            (folder / "address").write_text(f"http://127.0.0.1:{options.port}/")
            return _run(options.port, repository)
    except embedded.AlreadyRunning as busy:
        address = folder / "address"
        where = f" at {address.read_text()}" if address.exists() else ""
        who = f" (process {busy.owner})" if busy.owner else ""
        print(f"A demo is already running{where}{who}. Use that one, or stop it with Ctrl-C first.")
        return 1
    except embedded.EmbeddedError as wrong:
        print(f"The demo cannot start. {wrong}")
        return 1
    except KeyboardInterrupt:
        return 130


def _leave(*_: Any) -> None:
    raise SystemExit(143)


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of the two servers: those named in the environment, or our own."""
    named = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if len(named) == 2:
        print("Using the PostgreSQL and the Redis that are named in the environment")
        folder.mkdir(parents=True, exist_ok=True)
        with embedded.owned(folder):
            yield named
        return
    print("Starting PostgreSQL and Redis")
    with embedded.running(folder) as servers:
        yield servers.environment() | named


def _environment(folder: Path, servers: dict[str, str], port: int, repository: str) -> None:
    key, static = folder / "key", folder / "static"
    static.mkdir(exist_ok=True)
    if not key.exists():
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
    paths = [os.environ.get("PLUMBLINE_LOCAL_REPOSITORIES", ""), repository if "://" not in repository else ""]
    os.environ.update(servers)
    os.environ.update(
        {
            "DEBUG": "1",
            "PLUMBLINE_DEMO": "1",
            "SECRET_KEY": key.read_text(),
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "STATIC_ROOT": str(static),
            "BEAT_FILE": str(folder / "beat"),
            "PLUMBLINE_CLONES": str(folder / "clones"),
            "PLUMBLINE_LOCAL_REPOSITORIES": ",".join(path for path in paths if path),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",  # as root; a demo may
        }
    )
    os.environ.setdefault("PLUMBLINE_ORGANISATION", "Meridian Health")
    os.environ.setdefault("PLUMBLINE_ADDRESS", f"http://127.0.0.1:{port}")
    os.environ.setdefault("PLUMBLINE_READ_EVERY", "60")
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def _run(port: int, repository: str) -> int:
    """Prepare the database, start the processes of the Procfile, tell when the page answers; until one of them ends."""
    import django
    from django.core.management import call_command

    django.setup()
    from django.db import connections
    from honcho.environ import parse_procfile
    from honcho.manager import Manager

    from config.demo import story

    call_command("migrate", verbosity=0)
    if story.load(say=print):
        print("Loaded the sample organisation")
    source = story.connect_repository(repository)
    connections.close_all()

    manager = Manager()
    manager._printer = _Lines(manager)
    for name, command in parse_procfile((PROJECT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=os.environ.copy(), cwd=str(PROJECT))
    teller = threading.Thread(target=_tell, args=(port, source, manager), daemon=True)
    teller.start()
    manager.loop()
    print("Stopped.")
    return 0 if manager.returncode in (130, 143) else int(manager.returncode or 0)


class _Lines:
    """Prints what the processes say, with their names; not honcho's remarks, nor their words while they are stopped."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self.width = 0

    def write(self, message: Any) -> None:
        if message.name == "system" or self.manager._terminating:
            return
        line = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        for part in line.splitlines():
            print(f"{message.name:>{self.width}} | {part}", flush=True)


def _tell(port: int, source: int, manager: Any) -> None:
    """Wait for the page, show how the repository is read, then say where to look."""
    from django.db import connection

    from config.demo import story

    address = f"http://127.0.0.1:{port}/"
    until = time.monotonic() + READY_SECONDS
    while not _answers(f"{address}healthz"):
        if manager._terminating or time.monotonic() > until:
            return
        time.sleep(0.1)
    _show_reading(story, source, manager)
    _tell_reports(manager)
    connection.close()
    if manager._terminating:
        return
    print("", f"Plumbline is at {address}", "Look around as:", sep="\n", flush=True)
    for name, role in story.PERSONAS:
        print(f"  {name:<18} {role}", flush=True)
    print("Its log-in page signs you in with one button. Ctrl-C stops everything.", flush=True)
    _trace(manager)


def _trace(manager: Any) -> None:
    """What a debt of the sample led to, once a worker has read the sample's incidents."""
    from django.db import connection

    from config.demo import investment

    until = time.monotonic() + PULL_SECONDS
    while not manager._terminating and time.monotonic() < until and not investment.trace():
        time.sleep(1)  # a worker reads the sources meanwhile
    connection.close()


def _show_reading(story: Any, source: int, manager: Any) -> None:
    shown = ""
    until = time.monotonic() + PULL_SECONDS
    while not manager._terminating and time.monotonic() < until:
        line, done = story.reading(source)
        if line != shown:
            print(line, flush=True)
            shown = line
        if done:
            return
        time.sleep(0.3)


def _tell_reports(manager: Any) -> None:
    """Reports of past weeks say what was measured, so that they are told once the sample sources were read."""
    from config.demo import reports

    until = time.monotonic() + READY_SECONDS
    while not manager._terminating and not reports.is_measured() and time.monotonic() < until:
        time.sleep(0.3)  # a worker reads the sources meanwhile
    if not manager._terminating:
        reports.load()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _who_listens(port: int) -> str:
    """ "" when the port is free, else a word about who has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            return f" ({(taken.strerror or str(taken)).lower()})"
    return ""


def _own_repository(folder: Path) -> Path:
    """The checkout this runs in, or, where that has no whole history, a small repository made for the purpose."""
    if shutil.which("git"):
        asked = ["git", "-C", str(PROJECT), "rev-parse", "--is-shallow-repository", "HEAD"]
        answer = subprocess.run(asked, capture_output=True, text=True).stdout.split()
        top = subprocess.run(
            ["git", "-C", str(PROJECT), "rev-parse", "--show-toplevel"], capture_output=True, text=True
        )
        if answer[:1] == ["false"] and len(answer) == 2 and Path(top.stdout.strip() or "/").resolve() == PROJECT:
            return PROJECT
    made = folder / "repository"
    if not (made / ".git").exists():
        from config.demo import repository

        repository.make(made)
    return made
