"""What every test stands on: no way out to the network, and clones of its own."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

OF_MIGRATIONS = ("django_content_type", "auth_permission", "django_migrations")
pytest_plugins = ["tests.personas", "tests.demos"]


def pytest_configure() -> None:
    """Each process of the suite has a cache of its own: one that is emptied must not empty the others'."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker.startswith("gw"):
        cache = settings.CACHES["default"]
        cache["LOCATION"] += f"{'&' if '?' in cache['LOCATION'] else '?'}db={1 + int(worker[2:]) % 15}"


_real_connect = socket.socket.connect


def _local_only(self: socket.socket, address: object) -> object:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0]) if isinstance(address, tuple) else ""
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"A test tried to reach {address}. Tests talk to this machine only.")
    return _real_connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="session")
def network_off() -> Iterator[None]:
    socket.socket.connect = _local_only  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def clones_apart(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Each test has its own folder of clones, and may read repositories under its own tmp_path."""
    settings.CLONES_DIR = tmp_path / "clones"
    settings.SOURCE_LOCAL_PATHS = [str(tmp_path)]


@pytest.fixture(scope="session")
def git_program() -> str:
    found = shutil.which("git")
    assert found, "git is needed"
    return found


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """The tables come from the models, which takes a tenth of the migrations' time; triggers are put on after that.

    That migrations come to the same is for `make check`, the demo's tests and those of `test_config`. Tests that need
    real transactions empty the tables with TRUNCATE; what forbids that rests meanwhile.
    """
    from django.core.management import call_command
    from django.db import connection
    from pghistory.models import Context

    guard = importlib.import_module("stakeholders.migrations.0001_registers").GUARD
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        Context.install_pgh_attach_context_func()
        call_command("pgtrigger", "install", verbosity=0)
        cursor.execute(guard)
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal AND (tgname LIKE '%kept_whole%' OR tgname = 'audit_truncate')"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            DatabaseOperations.sql_flush = _emptied  # type: ignore[method-assign]
            flush.emit_post_migrate_signal = lambda *_, **__: None  # type: ignore[assignment]


def _emptied(
    self: DatabaseOperations, style: Any, tables: Sequence[str], *, reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:  # fmt: skip
    """What empties the tables that hold anything: TRUNCATE of all of them takes half a second a test.

    What migrations fill, content types and permissions, stays, and so need not be made again.
    """
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    with self.connection.cursor() as cursor:
        cursor.execute(asked)
        full = [table for (table,) in cursor.fetchall()]
    emptied = [f'DELETE FROM "{table}"' for table in full if table not in OF_MIGRATIONS]
    return ["SET session_replication_role = replica", *emptied, "SET session_replication_role = origin"]
