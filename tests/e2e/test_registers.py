"""A decision is recorded, and axe finds nothing on the registers' pages. Signing is in `test_monday.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .looking import faults

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
SCOPE = "integration-platform"

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
MORE = (
    "/debt/integration-platform/",
    "/budget/integration-platform/",
    "/retro/integration-platform/",
    "/scorecard/integration-platform/",
    "/scorecard/integration-platform/roadmap/",
    "/scorecard/integration-platform/attrition/?weeks=26",
    "/debt/integration-platform/new/",
    "/modernisation/integration-platform/",
    "/modernisation/integration-platform/new/",
    "/budget/integration-platform/new/",
    "/budget/integration-platform/file/",
    "/go/integration-platform/",
    "/go/integration-platform/new/",
    "/audit/",
)


def opened(page: Page, register: str, row: int = 0) -> str:
    """The address of a record of a list."""
    page.goto(register)
    return str(page.locator("a.row-link").nth(row).get_attribute("href"))


def test_axe_finds_nothing_on_any_page_of_the_registers(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    registers = ("/risks/{}/register/", "/acceptances/{}/", "/requirements/{}/", "/decisions/{}/?show=waiting")
    records = [opened(page, one.format(SCOPE)) for one in registers]
    acceptance = next(one for one in records if one.startswith("/acceptance/"))
    assert faults(page, (*PAGES, *records, f"{acceptance}print/")) == {}


def test_axe_finds_nothing_on_any_page_of_money_health_and_the_trail(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    lists = ("/debt/{}/", "/modernisation/{}/", "/go/{}/")
    records = [opened(page, one.format(SCOPE)) for one in lists]
    page.goto(f"/week/{SCOPE}/")
    health = page.locator("table.health [data-label='Pipeline success'] a").first.get_attribute("href") or ""
    assert faults(page, (*MORE, *records, health.partition("#")[0])) == {}


def test_a_decision_is_recorded_once_with_its_reason(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.goto("/decisions/integration-platform/?show=waiting&q=audit")
    page.locator("a.row-link").first.click()
    page.get_by_role("link", name="Take option A").click()
    page.get_by_label("Why").fill("Read and search are what payers wait for.")
    page.get_by_role("button", name="Record decision").click()
    expect(page.get_by_text("Read and search are what payers wait for.").first).to_be_visible()
    expect(page.get_by_role("link", name="Say how it turned out")).to_be_visible()
