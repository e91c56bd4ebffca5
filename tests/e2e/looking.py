"""Looks at pages as a careful tester would: at three widths, in both themes, with axe, from one load of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

HEIGHT = 900
SPARE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN_MS = 120  # the charts draw themselves anew
CONTRAST: dict[str, Any] = {"runOnly": ["color-contrast"]}  # all that another theme can change
LOOKS: tuple[tuple[int, Any, dict[str, Any] | None], ...] = (
    (1440, "light", {}), (1440, "dark", CONTRAST), (1024, "dark", None), (390, "dark", {}),
)  # fmt: skip


def faults(page: Page, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Address → what is wrong there: scrolling sideways, what axe finds, or that it does not answer."""
    found = {}
    for address in addresses:
        answer = page.goto(address)
        wrong = [] if answer is not None and answer.status in (200, 404) else [f"answered {answer and answer.status}"]
        for width, theme, options in LOOKS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(DRAWN_MS)
            wrong += [f"{width} {theme}: {one}" for one in _faults_now(page, options)]
        if wrong:
            found[address] = wrong
    return found


def _faults_now(page: Page, options: dict[str, Any] | None) -> list[str]:
    spare = page.evaluate(SPARE)
    wide = [f"scrolls sideways by {spare}"] if spare > 0 else []
    return wide if options is None else wide + axe(page, options)


def axe(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """What axe finds on the page as it is now: rule and element."""
    found = Axe().run(page, options=options or None).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
