"""The demo as a visitor meets it: real servers, a real worker, a real repository, a real Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.metrics.repository import Repository

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 240
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Demo:
    address: str
    repository: Repository
    second: Repository  # one that nobody has connected yet


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            chromium = _chromium(playwright)
        except Error as missing:
            pytest.skip(f"No Chromium, so no browser tests: {str(missing).splitlines()[0]}")
        yield chromium
        chromium.close()


def _chromium(playwright: Playwright) -> Browser:
    named = os.environ.get("PLUMBLINE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return playwright.chromium.launch(executable_path=named or None, args=QUIET)


@pytest.fixture(scope="session")
def demo(browser: Browser) -> Iterator[Demo]:
    """`manage.py demo` in a folder of its own, until the tests are over."""
    room = Path(tempfile.mkdtemp(prefix="pl-e2e-"))
    room.chmod(0o755)
    repository, second = _released(room / "real-service"), _released(room / "another-service")
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    for name in ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "PLUMBLINE_TIME_ZONE", "PLUMBLINE_SOURCE_KEYS"):
        environment.pop(name, None)
    environment |= {
        "PLUMBLINE_HOME": str(room / "home"),
        "PLUMBLINE_LOCAL_REPOSITORIES": str(room),
        "PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES": "127.0.0.1",  # where fake providers are
    }
    log = (room / "log").open("wb+")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port), "--repo", str(repository.path)],
        cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(process, room / "log")
        yield Demo(f"http://127.0.0.1:{port}", repository, second)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()
        shutil.rmtree(room, ignore_errors=True)


def _released(path: Path) -> Repository:
    from datetime import UTC, datetime, timedelta

    repository = Repository(path)
    repository.now = datetime.now(UTC) - timedelta(days=60)
    for number in range(1, 41):
        repository.now += timedelta(hours=30)
        repository.commit(f"Improve part {number}", authored=repository.now - timedelta(hours=number))
        if number % 4 == 0:
            repository.tag(f"v1.{number // 4}")
    return repository


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if b"Ctrl-C stops everything" in log.read_bytes():
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"The demo did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture
def visit(browser: Browser, demo: Demo) -> Iterator[Callable[..., Page]]:
    """`visit("Maya Lindqvist", width=390, theme="dark")`: a page on which that person is signed in."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def signed_in(name: str | None, *, width: int = 1440, theme: str = "light") -> Page:
        context = browser.new_context(
            base_url=demo.address,
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto("/")
        if name:
            page.get_by_role("button", name=name).click()
            page.wait_for_url(f"{demo.address}/week/**")
        return page

    yield signed_in
    for context in contexts:
        context.close()
    assert not faults, faults
