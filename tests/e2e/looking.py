"""Looks at pages as a careful tester would: at three widths, in both themes, with axe, from one load of each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

HEIGHT = 900
SPARE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN_MS = 150  # the large charts draw themselves anew
LOOKS: tuple[tuple[int, Any, bool], ...] = ((1440, "light", True), (1024, "dark", False), (390, "dark", True))
ASK = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


def faults(page: Page, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Address → what is wrong there: scrolling sideways, what axe finds, or that it does not answer."""
    found = {}
    for address in addresses:
        answer = page.goto(address)
        wrong = [] if answer is not None and answer.status in (200, 404) else [f"answered {answer and answer.status}"]
        for width, theme, ask in LOOKS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=theme)
            if page.locator(".js-plotly-plot").count():
                page.wait_for_timeout(DRAWN_MS)
            spare = page.evaluate(SPARE)
            seen = [f"scrolls sideways by {spare}"] if spare > 0 else []
            wrong += [f"{width} {theme}: {one}" for one in [*seen, *(axe(page) if ask else [])]]
        if wrong:
            found[address] = wrong
    return found


def axe(page: Page) -> list[str]:
    """What axe finds on the page as it is now: rule and element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_program())
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in page.evaluate(ASK)]


@cache
def _program() -> str:
    (found,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return found.read_text()
