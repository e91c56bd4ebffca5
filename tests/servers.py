"""A pytest plugin, loaded before Django: the tests' own environment, PostgreSQL and Redis.

Without DATABASE_URL the embedded servers are started once for the whole run, in a folder apart from the demo's;
xdist's workers inherit their addresses.
"""

from __future__ import annotations

import contextlib
import os
import sys

import pytest

_servers = contextlib.ExitStack()


def _settings() -> None:
    os.environ.setdefault("DEBUG", "0")
    os.environ.setdefault("SECRET_KEY", "for-the-tests-only-for-the-tests-only-for-the-tests-only")
    os.environ.setdefault("SECURE_SSL_REDIRECT", "0")
    os.environ.setdefault("ALLOWED_HOSTS", "testserver,127.0.0.1,localhost")
    os.environ.setdefault("PLUMBLINE_SOURCE_KEYS", "Zm9yLXRoZS10ZXN0cy1vbmx5LWZvci10aGUtdGVzdHM=")
    os.environ.setdefault("PLUMBLINE_SEAL_KEY", "for-the-tests-only-for-the-tests-only-for-the-tests-only")
    os.environ.setdefault("PLUMBLINE_TIME_ZONE", "Europe/Lisbon")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright keeps a loop in the browser tests' thread


_settings()
if "DATABASE_URL" not in os.environ and "--help" not in sys.argv:
    from config import embedded

    _folder = embedded.home("test")
    os.environ.update(_servers.enter_context(embedded.running(_folder, durable=False)).environment())


def pytest_unconfigure(config: pytest.Config) -> None:
    _servers.close()
