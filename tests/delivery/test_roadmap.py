"""The roadmap: what it shows, to whom, and in how many queries."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from delivery import actions, network
from delivery.models import DeadlineForecast, ForecastLine, Option
from delivery.roadmap.axis import Axis
from teams.models import Person
from tests.personas import Organisation

from .roadmaps import Browser, Programme, programme, promise, read, url, what_if_url

__all__ = ["programme"]
FAR = 400  # days from now


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "page", "save"),
    [
        ("director", 200, 302), ("manager_a", 404, 404), ("contributor", 404, 404), ("executive", 200, 403),
        ("legal", 200, 403), ("administrator", 200, 403), ("stranger", 404, 404), ("outsider_manager", 404, 404),
    ],
)  # fmt: skip
def test_each_person_gets_what_their_role_allows(
    who: str, page: int, save: int, programme: Programme, organisation: Organisation, page_of: Browser,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    client = page_of(request.getfixturevalue(who))
    asked_for = {"commitment": programme.exchange.pk, "days": 5}
    assert client.get(url(organisation.platform)).status_code == page
    answer = client.get(what_if_url(organisation.platform, **asked_for), headers={"HX-Request": "true"})
    assert answer.status_code == page
    kept = client.post(
        reverse("delivery:save_option", args=[organisation.platform.slug]), {**asked_for, "title": "Wait"}
    )
    assert kept.status_code == save


def test_a_contributor_of_one_squad_may_keep_an_option_there_and_not_elsewhere(
    programme: Programme, organisation: Organisation, page_of: Browser, contributor: Person
) -> None:
    client, address = page_of(contributor), reverse("delivery:save_option", args=[organisation.squad_a.slug])
    own = client.post(address, {"commitment": programme.api.pk, "days": -4, "title": "Two more people"})
    assert own.status_code == 302
    other = client.post(address, {"commitment": programme.exchange.pk, "days": -4, "title": "Hurry"})
    assert other.status_code == 404
    assert list(Option.objects.values_list("title", "saves_days")) == [("Two more people", 4)]


def test_nobody_who_is_not_signed_in_sees_it(programme: Programme, organisation: Organisation, client: Client) -> None:
    assert client.get(url(organisation.platform)).status_code == 302


def test_teams_that_are_not_seen_are_not_named(
    programme: Programme, organisation: Organisation, page_of: Browser, manager_a: Person
) -> None:
    client = page_of(manager_a)
    page = read(client, url(organisation.squad_a, links="all", commitment=programme.api.pk, days=10))
    assert "another team" in page
    for word in ("Data exchange", "Secret portal work", "Squad B", "Squad M", "CMS deadline", "Go-live"):
        assert word not in page
    assert "dates of other teams move too" in page


def test_what_lies_outside_the_scope_is_named_to_who_may_see_it(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    page = read(page_of(director), url(organisation.squad_a))
    assert "Data exchange (Squad B) waits for it" in page
    assert "CMS deadline" in page
    assert "Two commitments form the chain to Go-live, one of them in other teams" in page


def test_a_commitment_that_is_not_seen_cannot_be_asked_about(
    programme: Programme, organisation: Organisation, page_of: Browser, manager_a: Person
) -> None:
    client = page_of(manager_a)
    for address in (url, what_if_url):
        answer = client.get(
            address(organisation.squad_a, commitment=programme.exchange.pk, days=3), headers={"HX-Request": "true"}
        )
        assert answer.status_code == 404


# --- the timeline ----------------------------------------------------------------------------------------------------


def test_arrows_of_the_chain_are_those_of_the_forecast(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    page = read(page_of(director), url(organisation.platform))
    chain = DeadlineForecast.objects.get().critical
    assert chain == [programme.api.pk, programme.exchange.pk, programme.live.pk]
    drawn = re.findall(r'class="rm-link rm-arrow is-chain"[^>]*data-from="(\d+)" data-to="(\d+)"', page)
    assert {(int(one), int(other)) for one, other in drawn} == set(pairwise(chain))
    for pk in chain:
        assert f'class="rm-bar is-chain" data-item="{pk}"' in page
    assert f'class="rm-bar" data-item="{programme.audit.pk}"' in page


def test_a_bar_goes_from_the_early_start_to_even_odds_and_its_range_to_85_percent(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    page = read(page_of(director), url(organisation.platform))
    line = ForecastLine.objects.get(commitment=programme.exchange)
    axis = Axis.around(today, "weeks")
    group = page.split(f'data-item="{programme.exchange.pk}"')[1].split("</g>")[0]
    left, width = axis.x(line.early_start), round(axis.end(line.even) - axis.x(line.early_start), 1)
    assert f'class="rm-body-bar" x="{left}" y=' in group
    assert f'width="{width}"' in group
    assert f'x="{axis.end(line.even)}"' in group  # the range begins where the bar ends
    assert f'width="{round(axis.end(line.sure) - axis.end(line.even), 1)}"' in group


def test_the_sentence_is_made_of_the_forecasts_numbers(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    made = DeadlineForecast.objects.get()
    page = read(page_of(director), url(organisation.platform))
    assert made.float_days > 0
    assert "Two commitments form the chain to Go-live." in page
    assert f"If the likely estimates hold, it has {made.float_days} working days to spare" in page


def test_without_a_day_to_spare_it_says_so(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    actions.estimate(commitment=programme.api, days=(30, 40, 50), by=None)
    network.recompute(why="test")
    made = DeadlineForecast.objects.get(float_days__lt=-1)
    page = read(page_of(director), url(organisation.platform))
    assert "Any day lost on it is a day lost at the deadline." in page
    assert f"{-made.float_days} working days are to be won back." in page


def test_what_has_no_forecast_says_what_is_missing(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    page = read(page_of(director), url(organisation.platform))
    row = page.split(f'data-bar="{programme.unestimated.pk}"')[1].split("</li>")[0]
    assert "No forecast" in row
    assert "its low, likely and high estimate is missing" in row


def test_moved_late_and_delivered_are_said_beside_the_title(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    option = actions.Proposal(title="Ship less")
    actions.log_slip(
        commitment=programme.api, to_date=today + timedelta(days=28), reason="vendor", by=None, options=[option]
    )
    actions.estimate(commitment=programme.api, days=(40, 40, 40), by=None)
    actions.deliver(commitment=programme.audit, on=today, by=director.user)
    network.recompute(why="test")
    page = read(page_of(director), url(organisation.platform))
    late = (ForecastLine.objects.filter(commitment=programme.api).latest("pk").even - today).days - 28
    assert late > 0
    assert "moved 14 days" in page
    assert f"{late} days late" in page
    assert "30 days early" in page


def test_the_penalty_window_is_washed_and_its_rate_written(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    page = read(page_of(director), url(organisation.platform))
    assert 'class="rm-wash"' in page
    assert "$18,000 a day" in page
    assert "CMS deadline" in page


def test_each_bar_links_to_its_commitment_and_can_be_walked_by_keyboard(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    page = read(page_of(director), url(organisation.platform))
    for one in (programme.api, programme.exchange, programme.live, programme.audit, programme.unestimated):
        row = page.split(f'data-row data-bar="{one.pk}"')[1].split("</li>")[0]
        assert f'row-link" href="{one.get_absolute_url()}"' in row


def test_an_empty_scope_says_what_makes_it_appear(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    actions.cancel(commitment=programme.secret, why="Not needed", by=director.user)
    page = read(page_of(director), url(organisation.portal))
    assert "No commitments here yet" in page
    assert "data-roadmap" not in page
    assert "What if" not in page


def test_before_the_first_forecast_due_dates_show(
    organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    promise(organisation.squad_a, "Early days", today, 14, (1, 2, 3))
    page = read(page_of(director), url(organisation.platform))
    assert "No forecast yet" in page
    assert "the first forecast has not been made" in page


@pytest.mark.parametrize("query", [{"unit": "years"}, {"from": "soon"}, {"from": "0001-01-01"}])
def test_a_window_that_cannot_be_is_not_found(
    query: dict[str, str], programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    assert page_of(director).get(url(organisation.platform, **query)).status_code == 404


@pytest.mark.parametrize("query", [{"unit": "months"}, {"view": "list"}, {"deadline": "9" * 30}, {"open": "nobody"}])
def test_other_views_answer(
    query: dict[str, str], programme: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    assert "Patient API" in read(page_of(director), url(organisation.platform, **query))


def test_a_window_far_away_counts_what_it_leaves_out(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    page = read(page_of(director), url(organisation.platform, **{"from": today + timedelta(days=FAR)}))
    assert "5 before these dates are not shown." in page
    assert "Back to today" in page


def test_titles_are_data(organisation: Organisation, page_of: Browser, director: Person, today: date) -> None:
    title = "<script>alert(1)</script>" + "x" * 275
    one = promise(organisation.squad_a, title, today, 14, (1, 2, 3))
    network.recompute(why="test")
    page = read(page_of(director), url(organisation.platform, commitment=one.pk, days=5))
    assert "<script>alert" not in page


# --- many ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(programme: Programme, organisation: Organisation, today: date) -> Programme:
    for number in range(200):
        team = organisation.squad_a if number % 2 else organisation.squad_b
        promise(team, f"Work {number}", today, 20 + number % 40, (2, 4, 9))
    network.recompute(why="test")
    return programme


def test_two_hundred_commitments_fold_their_lanes_and_keep_the_chain(
    many: Programme, organisation: Organisation, page_of: Browser, director: Person
) -> None:
    client = page_of(director)
    folded = read(client, url(organisation.platform))
    assert folded.count("data-bar=") < 20
    assert f'data-bar="{many.api.pk}"' in folded
    assert "more of Squad A" in folded
    opened = read(client, url(organisation.platform, open="squad-a"))
    assert opened.count("data-bar=") > 100
    assert "Fewer of Squad A" in opened
    assert "more of Squad B" in opened


def test_the_number_of_queries_does_not_grow(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    client = page_of(director)
    plain, asking = url(organisation.platform), url(organisation.platform, commitment=programme.api.pk, days=10)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            read(client, address)
        return len(caught)

    read(client, plain)
    few = queries(plain), queries(asking)
    for number in range(30):
        one = promise(organisation.squad_b, f"More {number}", today, 30, (1, 2, 3))
        actions.link(before=programme.api, after=one, by=None)
    network.recompute(why="test")
    assert (queries(plain), queries(asking)) == few
    assert few[0] <= 24


def test_where_much_is_late_red_outside_the_chain_steps_back(
    programme: Programme, organisation: Organisation, page_of: Browser, director: Person, today: date
) -> None:
    client = page_of(director)
    assert "is-many-late" not in read(client, url(organisation.platform))
    for number in range(8):
        promise(organisation.squad_b, f"Late {number}", today, 3, (20, 25, 30))
    network.recompute(why="test")
    assert "is-many-late" in read(client, url(organisation.platform))
