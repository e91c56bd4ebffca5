"""A decision is recorded, and axe finds nothing on the registers' pages. Signing is in `test_monday.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]

PAGES = (
    "/risks/integration-platform/",
    "/risks/integration-platform/register/",
    "/risks/integration-platform/new/",
    "/acceptances/integration-platform/",
    "/acceptances/integration-platform/new/",
    "/requirements/integration-platform/",
    "/decisions/integration-platform/",
    "/decisions/integration-platform/new/",
    "/decisions/integration-platform/push-back/",
)


def opened(page: Page, register: str, row: int = 0) -> str:
    """The address of a record of a list."""
    page.goto(register)
    return str(page.locator("a.row-link").nth(row).get_attribute("href"))


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing_on_any_page_of_the_registers(visit: Visit, width: int, theme: str) -> None:
    page = visit("Maya Lindqvist", width=width, theme=theme)
    registers = ("/risks/{}/register/", "/acceptances/{}/", "/requirements/{}/", "/decisions/{}/?show=waiting")
    records = [opened(page, one.format("integration-platform")) for one in registers]
    acceptance = next(one for one in records if one.startswith("/acceptance/"))
    found = {}
    for address in (*PAGES, *records, f"{acceptance}print/"):
        page.goto(address)
        wrong = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in Axe().run(page).response["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wrong or wide > 0:
            found[address] = (wrong, wide)
    assert not found


def test_a_decision_is_recorded_once_with_its_reason(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.goto("/decisions/integration-platform/?show=waiting&q=audit")
    page.locator("a.row-link").first.click()
    page.get_by_role("link", name="Take option A").click()
    page.get_by_label("Why").fill("Read and search are what payers wait for.")
    page.get_by_role("button", name="Record decision").click()
    expect(page.get_by_text("Read and search are what payers wait for.").first).to_be_visible()
    expect(page.get_by_role("link", name="Say how it turned out")).to_be_visible()
