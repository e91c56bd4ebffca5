# ruff: noqa: F811 (fixtures are imported)
"""The list of commitments: what it finds, in which order, on which axis, and as a file; and how a new one is made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delivery import actions, bars
from delivery.models import Commitment
from teams.models import Person
from tests.personas import Organisation

from .commitments import Story, forecast, story

pytestmark = pytest.mark.django_db
__all__ = ["story"]
Browser = Callable[[Person], Client]


@pytest.fixture
def browser(page_of: Browser, director: Person) -> Client:
    return page_of(director)


def listed(client: Client, scope: str = "integration-platform", **asked: object) -> list[str]:
    answer = client.get(f"/commitments/{scope}/", asked)
    assert answer.status_code == 200
    return [line.one.row.title for line in answer.context["listing"].lines]


def made(organisation: Organisation, director: Person, title: str, day: date, **more: object) -> Commitment:
    return actions.make_commitment(
        team=organisation.squad_a,
        title=title,
        promised_on=day,
        by=director.user,
        days=(1, 2, 3),
        **more,  # type: ignore[arg-type]
    )


def test_a_scope_holds_what_is_below_it_and_nobody_sees_more_than_they_may(
    browser: Client, page_of: Browser, manager_a: Person, story: Story
) -> None:
    assert listed(browser) == [
        "CMS go-live",
        "FHIR Patient API",
        "Patient data exchange",
    ]  # teams in the order of the tree
    assert listed(page_of(manager_a), "squad-a") == ["FHIR Patient API"]
    assert listed(browser, "member-portal") == []


def test_filters_narrow_and_what_is_not_offered_counts_as_not_given(
    browser: Client, story: Story, director: Person
) -> None:
    assert listed(browser, q="payers") == ["FHIR Patient API"]  # its purpose
    assert listed(browser, q="ines") == ["FHIR Patient API"]  # its owner
    assert listed(browser, q="a\x00b") == []
    assert listed(browser, squad="squad-b") == ["Patient data exchange"]
    everything = listed(browser)
    for odd in (
        {"sort": "x"},
        {"group": "9"},
        {"which": "-"},
        {"status": "purple"},
        {"squad": "squad-m"},
        {"interval": "x"},
        {"interval": "²"},
        {"page": "-1"},
        {"page": "x"},
        {"q": " "},
    ):
        assert sorted(listed(browser, **odd)) == sorted(everything), odd
    assert listed(browser, interval="999999999999999999999") == everything
    assert listed(browser, interval="12345") == []
    actions.deliver(commitment=story.exchange, on=story.today, by=director.user)
    actions.cancel(commitment=story.api, why="No need", by=director.user)
    assert listed(browser) == ["CMS go-live"]
    assert listed(browser, which="delivered") == ["Patient data exchange"]
    assert listed(browser, which="cancelled") == ["FHIR Patient API"]
    assert len(listed(browser, which="all")) == 3


def test_status_is_filtered_as_it_is_computed(browser: Client, story: Story) -> None:
    assert len(listed(browser, status="none")) == 3
    forecast()
    found = browser.get("/commitments/integration-platform/").context["listing"].lines
    for state in ("ok", "risk", "late"):
        same = [line.one.row.title for line in found if line.state == state]
        assert listed(browser, status=state) == same


def test_sorting_puts_what_has_no_answer_last(
    browser: Client, story: Story, organisation: Organisation, director: Person
) -> None:
    actions.make_commitment(team=organisation.squad_a, title="Unknown", promised_on=story.on(1), by=director.user)
    forecast()
    assert listed(browser, group="none", sort="due")[0] == "Unknown"
    for sort in ("forecast", "chance", "against"):
        assert listed(browser, group="none", sort=sort)[-1] == "Unknown", sort
    assert listed(browser, group="none", sort="title") == [
        "CMS go-live",
        "FHIR Patient API",
        "Patient data exchange",
        "Unknown",
    ]
    for group in ("team", "outcome", "status"):
        assert len(listed(browser, group=group)) == 4


def test_all_rows_share_one_axis_that_an_outlier_cannot_stretch() -> None:
    today = date(2026, 11, 23)
    axis = bars.axis([today, date(1990, 1, 1), date(2099, 12, 31)], today=today)
    assert axis.at(date(1990, 1, 1)) == bars.EDGE
    assert axis.at(date(2099, 12, 31)) == 100 - bars.EDGE
    assert axis.at(today) < axis.at(today + timedelta(days=30)) < 100
    assert len(axis.months) <= 8
    assert bars.axis([], today=today).last > today


def test_the_bar_is_split_at_the_due_day() -> None:
    early = bars.Range(due=50, first=30, even=40, sure=60, done=None)
    assert (early.kept, early.past, early.moved) == ((40, 10), (50, 10), (30, 20))
    late = bars.Range(due=50, first=None, even=60, sure=70, done=None)
    assert (late.kept, late.past, late.moved) == (None, (60, 10), None)


def test_the_deadline_and_its_penalty_are_drawn(browser: Client, story: Story) -> None:
    forecast()
    shown = browser.get("/commitments/integration-platform/").content.decode()
    assert 'class="range-deadline"' in shown
    assert 'class="range-wash"' in shown
    assert f"{story.deadline.date.day} {story.deadline.date:%b} deadline" in shown


def test_empty_lists_say_what_makes_them_full(
    browser: Client, page_of: Browser, executive: Person, story: Story
) -> None:
    assert "Add a commitment" in browser.get("/commitments/member-portal/").content.decode()
    assert "Add a commitment" not in page_of(executive).get("/commitments/member-portal/").content.decode()
    assert "fits these filters" in browser.get("/commitments/squad-a/", {"q": "zzz"}).content.decode()


def test_two_hundred_to_a_page_at_the_same_number_of_queries(
    browser: Client, story: Story, organisation: Organisation, director: Person
) -> None:
    forecast()
    browser.get("/commitments/squad-a/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/commitments/squad-a/")
    Commitment.objects.bulk_create(
        Commitment(
            team=organisation.squad_a,
            title=f"Promise {number}",
            first_promised_on=story.on(number % 90),
            made_on=story.today,
        )
        for number in range(250)
    )
    with CaptureQueriesContext(connection) as many:
        answer = browser.get("/commitments/squad-a/")
    assert len(many) == len(few)
    assert answer.content.decode().count("<tr data-row>") == 200
    assert browser.get("/commitments/squad-a/", {"page": 2}).content.decode().count("<tr data-row>") == 51


def test_the_file_holds_the_same_rows_and_no_formula(
    browser: Client, story: Story, organisation: Organisation, director: Person
) -> None:
    made(organisation, director, '=HYPERLINK("http://x")', story.on(3), about="+1")
    forecast()
    answer = browser.get("/commitments/integration-platform/rows.csv", {"sort": "due", "group": "none"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0]["commitment"] == '\'=HYPERLINK("http://x")'
    assert len(rows) == 4
    assert rows[1]["promised for"] == story.on(20).isoformat()
    assert rows[1]["address"] == f"http://testserver/commitment/{story.api.pk}/"
    assert rows[1]["low days"] == "6"


# --- a new one -------------------------------------------------------------------------------------------------------


def new(story: Story, organisation: Organisation, **more: object) -> dict[str, object]:
    return {
        "team": organisation.squad_a.pk,
        "title": "Consent scopes",
        "promised_on": story.on(15),
        "low": 2,
        "likely": 4,
        "high": 7,
    } | more


def test_a_promise_is_made_with_all_it_says(
    browser: Client, story: Story, organisation: Organisation, director: Person, manager_a: Person
) -> None:
    outcome = actions.add_outcome(team=organisation.root, title="Payers connect by themselves", by=director.user)
    interval = actions.add_interval(
        team=organisation.root, name="PI 1", starts_on=story.on(-5), ends_on=story.on(50), by=director.user
    )
    sent = new(
        story,
        organisation,
        outcome=outcome.pk,
        owner=manager_a.pk,
        interval=interval.pk,
        planned_value=8,
        is_stretch="on",
        no_earlier_than=story.on(2),
        about="Members decide.",
    )
    assert browser.post("/commitments/squad-a/new/", sent).status_code == 302
    row = Commitment.objects.get(title="Consent scopes")
    assert (row.team, row.outcome, row.owner, row.interval) == (organisation.squad_a, outcome, manager_a, interval)
    assert (row.planned_value, row.is_stretch, row.no_earlier_than, row.made_on) == (8, True, story.on(2), story.today)
    estimate = row.estimates.get()
    assert (estimate.low, estimate.likely, estimate.high) == (2, 4, 7)


def test_whoever_sees_one_squad_may_name_the_outcome_and_interval_of_the_group_above(
    page_of: Browser, story: Story, organisation: Organisation, director: Person, manager_a: Person
) -> None:
    outcome = actions.add_outcome(team=organisation.platform, title="Payers connect", by=director.user)
    hidden = actions.add_outcome(team=organisation.portal, title="Another group's", by=director.user)
    shown = page_of(manager_a).get("/commitments/squad-a/new/").content.decode()
    assert "Payers connect" in shown
    assert "Another group" not in shown
    assert (
        page_of(manager_a).post("/commitments/squad-a/new/", new(story, organisation, outcome=hidden.pk)).status_code
        == 422
    )
    assert (
        page_of(manager_a).post("/commitments/squad-a/new/", new(story, organisation, outcome=outcome.pk)).status_code
        == 302
    )


def test_a_milestone_takes_no_work_and_may_belong_to_a_group(
    browser: Client, story: Story, organisation: Organisation
) -> None:
    sent = new(story, organisation, team=organisation.platform.pk, is_milestone="on", low="", likely="", high="")
    assert browser.post("/commitments/integration-platform/new/", sent).status_code == 302
    assert Commitment.objects.get(title="Consent scopes").estimates.get().high == 0
    group = new(story, organisation, team=organisation.platform.pk, title="Not one")
    refused = browser.post("/commitments/integration-platform/new/", group)
    assert refused.status_code == 422
    assert "belongs to one team" in refused.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 301},
        {"promised_on": "1970-01-01"},
        {"promised_on": "2100-06-01"},
        {"promised_on": "soon"},
        {"promised_on": ""},
        {"low": 9},
        {"high": 1},
        {"high": 2001},
        {"low": -1},
        {"likely": ""},
        {"planned_value": 11},
        {"planned_value": 0},
        {"team": 0},
        {"team": ""},
        {"owner": 10**9},
        {"interval": "x"},
        {"no_earlier_than": "1970-01-01"},
        {"about": "x" * 501},
    ],
)
def test_what_cannot_be_promised_is_refused_and_stays_typed(
    browser: Client, story: Story, organisation: Organisation, wrong: dict[str, object]
) -> None:
    answer = browser.post("/commitments/squad-a/new/", new(story, organisation, **({"about": "Kept text"} | wrong)))
    assert answer.status_code == 422
    assert "about" in wrong or "Kept text" in answer.content.decode()
    assert Commitment.objects.count() == 3
