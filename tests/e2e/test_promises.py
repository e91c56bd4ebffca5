"""A manager logs a slip, and the director sees what it does to the others, to the deadline and to the money."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .looking import faults

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]

PAGES = (
    "/roadmap/integration-platform/",
    "/roadmap/integration-platform/?view=list",
    "/commitments/integration-platform/",
    "/commitments/squad-a/new/",
    "/check-in/squad-a/",
    "/check-in/integration-platform/",
    "/planning/integration-platform/",
    "/deadlines/integration-platform/",
    "/dependencies/integration-platform/",
    "/import/squad-a/",
)


def commitment(page: Page, title: str) -> str:
    """The address of a commitment."""
    page.goto("/commitments/integration-platform/")
    return str(page.get_by_role("link", name=title).first.get_attribute("href"))


def patient_api(page: Page) -> str:
    """The address of the commitment that the story is about."""
    return commitment(page, "FHIR Patient API")


def forecast_of(page: Page, address: str) -> str:
    """What a commitment's page says of its odds."""
    page.goto(address)
    return str(page.locator("#commitment-now").inner_text())


def the_deadline(page: Page) -> str:
    """What the weekly page says of the go-live deadline."""
    page.goto("/week/integration-platform/")
    return page.locator(".fact-strip .fact", has_text="Expected penalty").inner_text().replace("\n", " ")


def test_a_logged_slip_moves_the_blocked_squad_the_deadline_and_the_penalty_and_the_director_sees_why(
    visit: Visit,
) -> None:
    director = visit("Maya Lindqvist")
    before = the_deadline(director)
    address, blocked = patient_api(director), commitment(director, "Patient data exchange on FHIR")
    was = forecast_of(director, blocked)
    director.goto("/roadmap/integration-platform/")
    drawn = director.locator(".rm-canvas").inner_html()

    manager = visit("Ines Carvalho")
    manager.goto("/check-in/squad-a/")
    row = manager.locator("[id^=c-]", has_text="FHIR Patient API").first
    row.get_by_role("radio", name=re.compile("Will slip")).check(force=True)
    row.get_by_role("radio", name=re.compile(r"\+2 weeks")).check(force=True)
    row.get_by_role("radio", name="Vendor or outside team").check(force=True)
    row.get_by_label("What happened, in a few words").fill("The profile differs from the published guide")
    title = row.get_by_label("Option A: what we could do").first
    if not title.is_visible():
        row.locator("[data-more-options] summary").click()
    title.fill("Freeze the profile and adapt later")
    row.get_by_role("button", name="Log this slip").click()
    expect(manager.locator("body")).to_contain_text(re.compile("Freeze the profile|logged|moved", re.IGNORECASE))

    asked = time.monotonic()
    while (after := the_deadline(director)) == before and time.monotonic() - asked < 20:
        time.sleep(0.2)
    assert after != before, "the forecast did not change"

    assert _money(after) > _money(before)
    director.goto(address)
    expect(director.locator("body")).to_contain_text("The profile differs from the published guide")
    expect(director.locator("body")).to_contain_text("Vendor or outside team")
    expect(director.locator("body")).to_contain_text("Freeze the profile and adapt later")
    director.goto("/roadmap/integration-platform/")
    assert director.locator(".rm-canvas").inner_html() != drawn
    assert forecast_of(director, blocked) != was


def _money(sentence: str) -> float:
    found = re.search(r"penalty\s+\$([\d.,]+)([km]?)", sentence)
    assert found, sentence
    return float(found[1].replace(",", "")) * {"": 1, "k": 1e3, "m": 1e6}[found[2]]


def test_a_what_if_answers_at_once_and_writes_nothing(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    before = the_deadline(page)
    page.goto("/roadmap/integration-platform/")
    choice = page.locator("#what-if-commitment option", has_text="Patient data exchange").first
    page.locator("#what-if-commitment").select_option(choice.get_attribute("value"))
    page.locator("#what-if-days").fill("10")
    page.locator("#what-if-days").press("Tab")
    expect(page.locator("#what-if-answer")).to_contain_text(re.compile("Expected penalty"))
    assert the_deadline(page) == before


def test_every_page_of_promises_holds_at_three_widths_in_both_themes_and_axe_finds_nothing(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    assert faults(page, (*PAGES, patient_api(page))) == {}


def test_an_ordinary_check_in_takes_one_press(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    began = time.monotonic()
    page.goto("/check-in/squad-c/")
    page.get_by_role("button", name="Send check-in").first.click()
    expect(page.locator("body")).to_contain_text(re.compile("sent|thank", re.IGNORECASE))
    assert time.monotonic() - began < 30
