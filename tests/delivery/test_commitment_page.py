# ruff: noqa: F811 (fixtures are imported)
"""One commitment: what its page says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from delivery import actions, bars
from delivery.models import Commitment, NetworkMark
from delivery.one import One, downstream
from teams.models import Person
from tests.personas import Organisation

from .commitments import Story, forecast, manager, read, story, words

pytestmark = pytest.mark.django_db
__all__ = ["manager", "story"]
Browser = Callable[[Person], Client]


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_promised_how_likely_and_what_is_at_stake(manager: Client, story: Story) -> None:
    story.slip(27)
    forecast()
    shown = words(read(manager, story))
    line = story.api.forecasts.get()
    for said in (
        "FHIR Patient API",
        "Payers read a record.",
        "Owner Ines Carvalho, Squad A.",
        "On the critical chain to CMS.",
        "First promise",
        "Now promised",
        "+7 days",
        "even odds to 85% sure",
        "At stake: CMS",
        "10,000 runs",
    ):
        assert said in shown, said
    assert f"{line.hits * 100 // 10_000}% on or before" in shown or "under 1% on or before" in shown


def test_both_shares_of_the_forecast_add_up_to_a_hundred(manager: Client, story: Story, manager_a: Person) -> None:
    forecast()
    one = One(Commitment.objects.select_related("team__parent").get(pk=story.api.pk), manager_a.user)
    assert one.now.chance is not None
    said, rest = one.now.chance.words, one.later
    if "%" in said and said[0].isdigit():
        assert int(said[:-1]) + int(rest[:-1]) == 100
    else:
        assert {said, rest} == {"over 99%", "under 1%"}


def test_bars_add_up_to_all_runs_and_split_at_the_due_day(story: Story) -> None:
    forecast()
    line = story.api.forecasts.get()
    days = [(date.fromisoformat(day), count) for day, count in line.days]
    found = bars.spread(days, due=line.promised_on, sure=line.sure)
    assert found is not None
    assert sum(bar.count for bar in found.bars) + found.left_out == 10_000
    assert sum(bar.count for bar in found.bars if not bar.later) == line.hits


def test_bars_of_years_become_weeks_and_a_far_promise_is_told_in_words() -> None:
    monday = date(2026, 1, 5)
    days = [(monday + timedelta(days=step), 1) for step in range(600)]
    found = bars.spread(days, due=date(2020, 1, 1), sure=days[500][0])
    assert found is not None
    assert found.weeks
    assert found.due_x is None
    assert len(found.bars) < 90
    assert bars.spread([], due=monday, sure=monday) is None


def test_without_an_estimate_the_page_asks_for_one(
    manager: Client, organisation: Organisation, manager_a: Person, today: date
) -> None:
    bare = actions.make_commitment(team=organisation.squad_a, title="Bare", promised_on=today, by=manager_a.user)
    shown = words(manager.get(bare.get_absolute_url()).content.decode())
    assert "No forecast" in shown
    assert "Estimate what remains" in shown
    assert "No options on the table" in shown
    assert "It waits for nothing." in shown


def test_a_thin_history_is_said(manager: Client, story: Story) -> None:
    forecast()
    assert escape("Squad A's own history counts from 8 delivered commitments; 0 so far") in read(manager, story)


def test_while_a_forecast_is_being_made_the_page_asks_for_it_and_then_stops(manager: Client, story: Story) -> None:
    forecast()
    assert "hx-get" not in read(manager, story)
    actions.estimate(commitment=story.api, days=(7, 9, 15), by=story.api.created_by)
    part = manager.get(f"/commitment/{story.api.pk}/now/").content.decode()
    assert 'hx-trigger="every 2s"' in part
    assert "A new one is being made" in part
    NetworkMark.objects.update(at=timezone.now() - timedelta(minutes=20))
    assert "no new forecast has come" in manager.get(f"/commitment/{story.api.pk}/now/").content.decode()
    forecast()
    assert "hx-get" not in manager.get(f"/commitment/{story.api.pk}/now/").content.decode()


def test_links_of_both_sides_are_listed_and_lead_only_where_the_person_may_go(
    page_of: Browser, director: Person, manager_a: Person, story: Story
) -> None:
    actions.agree(dependency=story.link, on=story.on(20), by=director.user)
    forecast()
    seen = page_of(director).get(story.api.get_absolute_url()).content.decode()
    assert f'href="/commitment/{story.exchange.pk}/"' in seen
    assert "agreed for" in seen
    mine = page_of(manager_a).get(story.api.get_absolute_url()).content.decode()
    assert "Patient data exchange" in mine  # whoever gives it knows who waits
    assert f'href="/commitment/{story.exchange.pk}/"' not in mine
    assert "Integration Platform</a>" not in mine


def test_what_is_fed_is_found_through_what_waits_and_rings_end() -> None:
    assert downstream(1, [(1, 2), (2, 3), (4, 1), (3, 2)]) == {1, 2, 3}


def test_the_slip_log_keeps_every_entry_with_its_warning(manager: Client, story: Story) -> None:
    first = story.slip(27)
    story.slip(30, words_="And again.")
    shown = words(read(manager, story))
    assert "First promise:" in shown
    assert "7 days later" in shown
    assert "3 days later" in shown
    assert first.mark in shown
    assert "working days of warning" in shown
    assert "1 option given" in shown


def test_many_moves_leave_the_first_and_the_last_in_the_strip(manager_a: Person, story: Story) -> None:
    for days in range(21, 29):
        story.slip(days)
    one = One(Commitment.objects.select_related("team__parent").get(pk=story.api.pk), manager_a.user)
    assert [promise.name for promise in one.promises] == [
        "First promise",
        "Seventh promise",
        "Eighth promise",
        "Now promised",
    ]
    assert one.promises[1].left_out == 5
    assert len(one.log) == 9


def test_the_number_of_queries_does_not_grow(manager: Client, story: Story, organisation: Organisation) -> None:
    story.slip(27)
    forecast()
    read(manager, story)
    with CaptureQueriesContext(
        connection,
    ) as few:
        read(manager, story)
    for number in range(6):
        other = actions.make_commitment(
            team=organisation.squad_b,
            title=f"More {number}",
            promised_on=story.on(60),
            days=(1, 2, 3),
            by=story.api.created_by,
        )
        actions.link(before=story.api, after=other, by=story.api.created_by)
        story.slip(28 + number)
        actions.propose(commitment=story.api, option=actions.Proposal(title="More"), by=story.api.created_by)
    forecast()
    read(manager, story)
    with CaptureQueriesContext(connection) as many:
        read(manager, story)
    assert len(many) <= len(few) + 1
    assert len(many) < 55
