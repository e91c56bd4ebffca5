# ruff: noqa: F811 (fixtures are imported)
"""Every list of the product is a file too: all of its rows, and nothing that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from delivery import actions as promises
from delivery.models import Commitment, Outcome
from stakeholders.models import RetroAction
from teams.models import Person, Team
from tests.delivery.commitments import Story, forecast, story
from tests.personas import Organisation

pytestmark = pytest.mark.django_db
__all__ = ["story"]
EVIL = '=HYPERLINK("http://evil.example","x")'
LISTS = {
    "/week/integration-platform/needs/rows.csv": "title",
    "/dependencies/integration-platform/rows.csv": "for",
    "/deadlines/integration-platform/rows.csv": "deadline",
    "/outcomes/integration-platform/rows.csv": "outcome",
    "/holidays/integration-platform/rows.csv": "name",
    "/retro/integration-platform/rows.csv": "action",
    "/teams/rows.csv": "about",
    "/people/rows.csv": "name",
    "/commitments/integration-platform/rows.csv": "commitment",
}


@pytest.fixture
def hostile(story: Story, organisation: Organisation, director: Person) -> Story:
    by = director.user
    Commitment.objects.filter(pk=story.exchange.pk).update(title=EVIL)
    type(story.deadline).objects.update(name=EVIL)
    Outcome.objects.create(team=organisation.platform, title=EVIL, created_by=by)
    promises.add_holiday(team=organisation.platform, day=story.on(9), name=EVIL[:80], by=by)
    RetroAction.objects.create(
        team=organisation.platform, text=EVIL, agreed_on=story.today, due_on=story.on(7), created_by=by
    )
    Team.objects.filter(pk=organisation.squad_a.pk).update(about=EVIL)
    Person.objects.filter(name="Ines Carvalho").update(name=EVIL)
    promises.log_slip(
        commitment=story.exchange, to_date=story.on(60), reason="scope", by=by, options=[promises.Proposal(title="Cut")]
    )
    forecast()
    return story


def rows(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))  # type: ignore[attr-defined]


def test_each_list_is_a_file_without_formulas(
    hostile: Story, director: Person, page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(director)
    for address, column in LISTS.items():
        found = rows(browser, address)
        told = [one[column] for one in found]
        assert any("HYPERLINK" in one for one in told), address
        for line in found:
            assert not any(cell.startswith(("=", "+", "@")) for cell in line.values()), address


def test_the_page_of_each_list_leads_to_its_file(
    hostile: Story, director: Person, page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(director)
    for address in LISTS:
        page = browser.get(address.removesuffix("rows.csv"))
        assert f'href="{address}' in page.content.decode(), address


def test_money_and_days_are_numbers_that_add_up_with_the_page(
    hostile: Story, director: Person, page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(director)
    deadline = rows(browser, "/deadlines/integration-platform/rows.csv")[0]
    page = browser.get("/week/integration-platform/").context["page"].judged.known.deadlines[0]
    assert deadline["expected penalty"] == f"{page.penalty / 100:.2f}"
    assert deadline["even odds"] == page.even.isoformat()
    assert deadline["date"] == hostile.deadline.date.isoformat()


def test_a_person_gets_only_what_they_see(
    hostile: Story, outsider_manager: Person, page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(outsider_manager)
    assert {one["team"] for one in rows(browser, "/teams/rows.csv")} == {"Squad M"}
    for address in LISTS:
        if "integration-platform" in address:
            assert browser.get(address).status_code == 404, address
