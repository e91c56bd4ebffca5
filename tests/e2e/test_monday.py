"""The director's Monday: read, open the why, decide the slip, mark the week reviewed, open an earlier one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
WEEK = "/week/integration-platform/"


def test_the_first_screen_shows_headline_figures_the_first_decision_and_what_changed(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.goto(WEEK)
    parts = (".headline-say", ".fact-strip", ".need.is-open .option-table", "#changed", ".week-changed .change-group")
    for part in parts:
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["y"] + min(box["height"], 200) <= 900, part


def test_a_monday(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.goto(WEEK)
    say = page.locator(".headline-say")
    expect(say).to_contain_text("CMS go-live is forecast for")
    expect(say).to_contain_text("into the penalty window.")
    page.get_by_text("How this was worked out").click()
    expect(page.locator(".how-facts")).to_contain_text("FHIR Patient API")
    first = page.locator(".need").first
    expect(first).to_contain_text("Choose how to recover FHIR Patient API")
    expect(first.locator("tbody tr")).to_have_count(3, timeout=20_000)  # what each option would do is worked out
    expect(first.locator("tbody tr").first).to_contain_text("$")
    expect(first.get_by_role("radio").first).to_be_checked()
    first.get_by_placeholder(re.compile("Why this one")).fill("Payers read first; writes can wait.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages, #toasts, body").first).to_contain_text("Decided: Ship read and search first")
    expect(page.locator(".needs")).not_to_contain_text("Choose how to recover FHIR Patient API")
    page.goto("/decisions/integration-platform/")
    expect(page.locator("body")).to_contain_text("Payers read first; writes can wait.")
    page.goto(WEEK)
    page.get_by_role("button", name="Mark reviewed").click()
    expect(page.locator("body")).to_contain_text("Reviewed.")
    page.locator('[data-week="previous"]').click()
    page.locator('[data-week="previous"]').click()
    expect(page.locator(".past-bar")).to_contain_text("as known")
    expect(page.get_by_role("button", name="Record decision")).to_have_count(0)
    page.locator(".past-bar").get_by_role("link", name="Back to now").click()
    expect(page.locator(".past-bar")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_axe_finds_nothing_and_no_page_of_the_week_scrolls_sideways(visit: Visit, width: int, theme: str) -> None:
    page = visit("Maya Lindqvist", width=width, theme=theme)
    page.goto(f"{WEEK}needs/")
    inner = page.locator(".need a.row-link").first.get_attribute("href")
    for address in (WEEK, f"{WEEK}needs/", str(inner)):
        page.goto(address)
        spare = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spare <= 0, (address, spare)
        found = Axe().run(page).response["violations"]
        assert not found, (address, [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found])
