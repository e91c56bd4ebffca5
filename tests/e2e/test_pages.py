"""The product in a real browser: what each person sees and does, on every width, in both themes, by keyboard too."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.demos import Demo

from .looking import axe, faults

pytestmark = [pytest.mark.browser]

Visit = Callable[..., Page]

PAGES = (
    "/week/product-engineering/",
    "/week/squad-a/",
    "/metrics/tools/lead-time/",
    "/metrics/integration-platform/deployment-frequency/",
    "/metrics/integration-platform/change-failure-rate/",
    "/metrics/integration-platform/time-to-restore/",
    "/metrics/integration-platform/rework-rate/",
    "/sources/product-engineering/",
    "/sources/product-engineering/connect/",
    "/sources/product-engineering/connect/github/",
    "/sources/product-engineering/unread/",
    "/source/1/",
    "/reports/integration-platform/",
    "/reports/squad-a/",
    "/reports/integration-platform/ledger/",
    "/reports/integration-platform/sending/",
    "/reports/integration-platform/sending/new/",
    "/report/1/",
    "/report/10/deliver/",
    "/report/10/links/",
    "/report/11/?audience=engineering&edit=lead",
    "/teams/",
    "/teams/squad-a/",
    "/people/",
    "/gallery/",
    "/week/squad-a/1999-W01x/",
)


def test_the_director_signs_in_by_one_button_and_sees_this_week(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    expect(page).to_have_url(re.compile("/week/product-engineering/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Sample data").first).to_be_visible()
    expect(page.get_by_text("Deployment frequency").first).to_be_visible()


def test_the_real_repository_shows_lead_time_that_opens_to_rows_which_add_up(visit: Visit, demo: Demo) -> None:
    page = visit("Maya Lindqvist")
    tags = demo.repository.tags()
    counts = [demo.repository.count(f"{a}..{b}") for a, b in pairwise(tags)]
    page.goto("/sources/product-engineering/")
    expect(page.get_by_role("link", name="real-service")).to_be_visible()

    found = 0
    page.goto("/metrics/tools/lead-time/?weeks=12")
    for _ in range(12):
        rows = page.locator("tr[data-row]", has_text="Improve part").count()
        found += rows
        earlier = page.get_by_role("link", name=re.compile("previous week", re.IGNORECASE)).first
        if not earlier.count():
            break
        earlier.click()
        page.wait_for_load_state()

    assert found == sum(counts)


def test_the_executive_reads_and_is_refused_when_writing(visit: Visit) -> None:
    page = visit("Robert Achebe")
    page.goto("/sources/product-engineering/")
    expect(page.get_by_role("link", name="Connect a source")).to_have_count(0)
    answer = page.goto("/sources/product-engineering/connect/")
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("nav").first).to_be_attached()  # in the shell
    assert page.goto("/teams/add/").status == 403  # type: ignore[union-attr]


def test_a_manager_lands_on_their_own_team_and_sees_no_other(visit: Visit) -> None:
    page = visit("Ines Carvalho")
    expect(page).to_have_url(re.compile("/week/squad-a/"))
    assert page.goto("/week/squad-b/").status == 404  # type: ignore[union-attr]


def test_a_repository_is_connected_in_few_steps_and_read_by_a_worker(visit: Visit, demo: Demo) -> None:
    page = visit("Sam Ortiz")
    page.goto("/sources/squad-c/")
    page.get_by_role("link", name="Connect a source").first.click()
    page.get_by_role("link", name=re.compile("Git$")).click()
    page.get_by_label("Address of the repository").fill(str(demo.second.path))
    page.get_by_label("Name", exact=True).fill("another-service")
    page.get_by_label("Whose service is it").select_option(label="Squad C")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_text("another-service is connected.").first).to_be_visible()
    row = page.locator("tbody.source", has_text="another-service")
    expect(row.get_by_text("Up to date")).to_be_visible(timeout=60_000)  # the page renews itself


def test_a_refused_form_keeps_what_was_typed(visit: Visit) -> None:
    page = visit("Sam Ortiz")
    page.goto("/sources/squad-c/connect/git/")
    page.get_by_label("Address of the repository").fill("https://10.0.0.1/private.git")
    page.get_by_label("Name", exact=True).fill("Inside")
    page.get_by_label("Whose service is it").select_option(label="Squad C")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_text("inside a private network").first).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Inside")


def test_every_page_holds_at_three_widths_in_both_themes_and_axe_finds_nothing(visit: Visit) -> None:
    assert faults(visit("Maya Lindqvist"), PAGES) == {}


def test_files_services_incidents_and_what_could_not_be_read_hold_everywhere(visit: Visit, demo: Demo) -> None:
    page = visit("Maya Lindqvist")
    page.goto("/sources/integration-platform/connect/csv/")
    page.get_by_label("Name", exact=True).fill("Files")
    page.get_by_label(re.compile("^Whose services")).select_option(label="Squad A")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.wait_for_url(re.compile("/begin/"))
    files = re.sub("begin/$", "", page.url.removeprefix(demo.address))
    page.goto(f"{files}file/")
    page.get_by_label("CSV file").set_input_files(
        {"name": "odd.csv", "mimeType": "text/csv", "buffer": b"id,finished_at\n1,yesterday\n"}
    )
    page.get_by_role("button", name="Show what it holds").click()
    expect(page.get_by_text("cannot be imported yet")).to_be_visible()
    assert axe(page) == []

    page.goto("/metrics/integration-platform/time-to-restore/")
    page.get_by_role("link", name="Previous week").first.click()
    page.get_by_role("link", name=re.compile("^Correct")).first.click()
    incident = page.url.removeprefix(demo.address)
    page.goto("/source/1/")
    page.get_by_role("link", name=re.compile("^Hand over")).first.click()
    service = page.url.removeprefix(demo.address).partition("#")[0]
    letter = demo.dead_letter(int(files.strip("/").rpartition("/")[2]))
    seen = (f"{files}file/", f"{files}unread/", f"{files}unread/event/{letter}/", incident, service)
    assert faults(page, seen) == {}


def test_axe_finds_nothing_on_the_log_in_page(visit: Visit) -> None:
    page = visit(None)
    assert axe(page) == []


def test_the_keyboard_goes_everywhere(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text(re.compile("Skip to", re.IGNORECASE))
    for key, address in (
        ("m", "/metrics/"),
        ("s", "/sources/"),
        ("r", "/roadmap/"),
        ("c", "/commitments/"),
        ("w", "/week/"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(re.compile(address))
    page.keyboard.press("[")
    page.wait_for_url(re.compile(r"/week/product-engineering/\d{4}-W\d\d/"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_chosen_theme_stays(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    page.locator("[data-person-menu], .person-menu").first.click()
    page.get_by_role("button", name=re.compile("dark", re.IGNORECASE)).first.click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_an_unknown_week_team_or_measure_is_a_404_in_the_shell(visit: Visit) -> None:
    page = visit("Maya Lindqvist")
    for address in ("/week/squad-a/2026-W60/", "/week/nowhere/", "/metrics/squad-a/velocity/", "/nothing/here/"):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("link", name="This week").first).to_be_attached()
