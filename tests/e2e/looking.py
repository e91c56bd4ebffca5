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
ALL: tuple[str, ...] = ()  # rules of axe
CHANGING = (  # those whose answer depends on the theme or the width: the others ask about the same document again
    "color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size", "label", "button-name",
    "link-name", "aria-hidden-focus", "page-has-heading-one",
)  # fmt: skip
LOOKS: tuple[tuple[int, Any, tuple[str, ...] | None], ...] = (
    (1440, "light", ALL), (1024, "dark", None), (390, "dark", CHANGING),
)  # fmt: skip
ASK = """async (rules) => {
  const only = rules.length ? {runOnly: rules} : {};
  return (await axe.run(document, {resultTypes: ['violations'], ...only})).violations;
}"""


def faults(page: Page, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Address → what is wrong there: scrolling sideways, what axe finds, or that it does not answer."""
    found = {}
    for address in addresses:
        answer = page.goto(address)
        wrong = [] if answer is not None and answer.status in (200, 404) else [f"answered {answer and answer.status}"]
        for width, theme, rules in LOOKS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=theme)
            if page.locator(".js-plotly-plot").count():
                page.wait_for_timeout(DRAWN_MS)
            spare = page.evaluate(SPARE)
            seen = [f"scrolls sideways by {spare}"] if spare > 0 else []
            wrong += [f"{width} {theme}: {one}" for one in [*seen, *(axe(page, rules) if rules is not None else [])]]
        if wrong:
            found[address] = wrong
    return found


def axe(page: Page, rules: tuple[str, ...] = ALL) -> list[str]:
    """What axe finds on the page as it is now, by `rules` or by all: rule and element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_program())
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in page.evaluate(ASK, list(rules))]


@cache
def _program() -> str:
    (found,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return found.read_text()
