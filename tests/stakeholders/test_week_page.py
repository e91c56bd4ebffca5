"""The way to the weekly page, which weeks there are, and what it says while there is no data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from teams.models import Grant, Team, User

from .weeks import a_service, a_source, deployed, fact, html_of, page_of, reader, sentence, some_weeks, told

pytestmark = pytest.mark.django_db


# --- the way to it ---------------------------------------------------------------------------------------------------


def test_the_front_door_leads_to_the_highest_team_that_the_person_sees(platform: Team, squad_a: Team) -> None:
    assert reader(squad_a).get("/").headers["Location"] == "/week/squad-a/"
    assert reader(platform, name="Ruth Adler").get("/").headers["Location"] == "/week/integration-platform/"


def test_the_front_door_remembers_the_team_looked_at_last(platform: Team, squad_a: Team) -> None:
    client = reader(platform)
    client.get("/week/squad-a/")
    assert client.get("/").headers["Location"] == "/week/squad-a/"


def test_the_remembered_team_opens_nothing_to_somebody_who_may_not_see_it(squad_a: Team, squad_b: Team) -> None:
    client = reader(squad_a)
    client.cookies["scope"] = "squad-b"
    assert client.get("/").headers["Location"] == "/week/squad-a/"


def test_somebody_without_a_team_is_told_what_to_do(squad_a: Team) -> None:
    answer = reader(None).get("/")
    assert answer.status_code == 200
    assert "Nobody has given you a team yet" in answer.content.decode()
    assert "Squad A" not in answer.content.decode()


def test_the_first_person_is_led_to_the_first_team() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("first@example.org", "a long password"))
    assert "/teams/add/" in client.get("/").content.decode()


def test_a_visitor_is_asked_to_sign_in(squad_a: Team) -> None:
    for address in ("/", "/week/squad-a/", "/week/squad-a/2026-W47/"):
        assert Client().get(address).headers["Location"].startswith("/accounts/login/")


def test_a_team_that_the_person_does_not_see_is_not_there(squad_a: Team, squad_b: Team) -> None:
    client = reader(squad_a)
    assert client.get("/week/squad-b/").status_code == 404
    assert client.get("/week/no-such-team/").status_code == 404


@pytest.mark.parametrize(
    "week",
    ["2026-W49", "2030-W01", "2026-W54", "2025-W53", "0001-W01", "0002-W05", "9999-W01", "now", "2026-47", "W47"],
)
def test_a_week_that_cannot_be_shown_is_not_there(squad_a: Team, week: str) -> None:
    answer = reader(squad_a).get(f"/week/squad-a/{week}/")
    assert answer.status_code == 404
    assert "This page is not here" in answer.content.decode()


def test_nothing_can_be_sent_to_it(squad_a: Team) -> None:
    assert reader(squad_a).post("/week/squad-a/").status_code == 405


# --- weeks -----------------------------------------------------------------------------------------------------------


def test_without_a_week_it_is_the_current_one_marked_as_partial(squad_a: Team) -> None:
    page = page_of(reader(squad_a), squad_a, "")
    assert page.week.label == "2026-W48"
    assert page.partial == "Partial week: day 3 of 7"
    assert page.picker["previous"] == "/week/squad-a/2026-W47/"
    assert page.picker["next"] == ""


def test_a_week_of_the_past_leads_both_ways(squad_a: Team) -> None:
    page = page_of(reader(squad_a), squad_a, "2026-W46")
    assert page.partial == ""
    assert page.picker["next"] == "/week/squad-a/2026-W47/"
    assert page.this_week == {"word": "Week 48 so far", "url": "/week/squad-a/2026-W48/"}


def test_the_week_begins_in_the_zone_of_the_organisation(squad_a: Team, settings: Any) -> None:
    settings.ORGANISATION_ZONE = ZoneInfo("Pacific/Auckland")
    source = a_source(squad_a)
    a_service(source, squad_a)
    sunday_evening = datetime(2026, 11, 15, 12, 30, tzinfo=UTC)  # Monday, half past one, over there
    told(source, deployed("1", sunday_evening))
    assert fact(page_of(reader(squad_a), squad_a), "Deployments")["value"] == "1"


def test_a_week_before_the_first_data_says_where_it_begins(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(3, 2))
    page = page_of(reader(squad_a), squad_a, "2026-W40")
    assert sentence(page) == "There is no data for week 40; it begins in week 45."
    assert not page.has_data
    assert "Deployment frequency" not in html_of(reader(squad_a, name="Ruth Adler"), squad_a, "2026-W40")


def test_the_first_week_is_compared_with_nothing(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(1, 6))
    page = page_of(reader(squad_a), squad_a)
    assert fact(page, "Deployments")["note"] == "no week before it"
    assert any("first week with data" in line for line in page.headline.more)


# --- without data ----------------------------------------------------------------------------------------------------


def test_without_any_source_it_says_what_makes_it_fill(platform: Team) -> None:
    page = page_of(reader(platform), platform)
    assert sentence(page) == "No source is connected yet, so nothing is measured here."
    html = html_of(reader(platform, name="Second Director"), platform)
    assert f"/sources/{platform.slug}/connect/" in html
    assert "Add a team below" in html


def test_who_may_not_connect_a_source_is_not_offered_it(platform: Team, squad_a: Team) -> None:
    html = html_of(reader(platform, Grant.Role.EXECUTIVE), platform)
    assert "/connect/" not in html
    assert "Whoever looks after the sources" in html


def test_a_source_that_told_nothing_yet_is_not_called_missing(squad_a: Team) -> None:
    a_source(squad_a)
    assert sentence(page_of(reader(squad_a), squad_a)) == "The sources have reported no deployment and no incident yet."


def test_where_nothing_is_promised_deliveries_speak_and_the_page_says_how_to_begin(squad_a: Team) -> None:
    source = a_source(squad_a)
    a_service(source, squad_a)
    told(source, some_weeks(2, 3))
    client = reader(squad_a)
    past, current = page_of(client, squad_a, "2026-W46"), html_of(client, squad_a, "")
    assert past.judged.headline is None
    assert "deployments" in sentence(past)
    assert "Nothing is promised here yet." in current
    assert "Nothing needs you" in current
