"""The demo as a visitor meets it: real servers, a real worker, a real repository, a real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.demos import Demo

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
