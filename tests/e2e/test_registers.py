"""A director and legal sign an acceptance, a decision is recorded, and axe finds nothing on the registers' pages."""

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


def sign(page: Page) -> None:
    """From the board, with the sample password that the page shows."""
    page.goto("/risks/integration-platform/")
    page.get_by_role("link", name="Sign", exact=True).click()
    password = page.locator(".sign-form .help code").inner_text()
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Sign", exact=True).click()


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


def test_the_director_signs_then_legal_and_the_acceptance_is_in_force(visit: Visit) -> None:
    director = visit("Maya Lindqvist")
    director.goto("/risks/integration-platform/")
    expect(director.locator(".page-intro")).to_contain_text("One acceptance needs your signature")
    expect(director.locator(".risk-card.is-chosen")).to_contain_text("2 of 4 signed")
    sign(director)
    expect(director.get_by_text("3 of 4 signed").first).to_be_visible()
    legal = visit("Priya Raman")
    sign(legal)
    expect(legal.locator("#messages")).to_contain_text("It is in force.")
    director.goto("/requirements/integration-platform/")
    expect(director.locator("td", has_text="Accepted")).to_be_visible()


def test_a_decision_is_recorded_once_with_its_reason(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.goto("/decisions/integration-platform/?show=waiting&q=audit")
    page.locator("a.row-link").first.click()
    page.get_by_role("link", name="Take option A").click()
    page.get_by_label("Why").fill("Read and search are what payers wait for.")
    page.get_by_role("button", name="Record decision").click()
    expect(page.get_by_text("Read and search are what payers wait for.").first).to_be_visible()
    expect(page.get_by_role("link", name="Say how it turned out")).to_be_visible()
