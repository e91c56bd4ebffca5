# ruff: noqa: F811 (fixtures are imported)
"""The facts of a report are those of the weekly page of the same moment, and nobody's who may not see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery import actions as promises
from delivery.models import Commitment, Outcome
from delivery.recovery import money
from stakeholders import tasks
from stakeholders.models import KeptWeek
from stakeholders.registers import actions as registers
from stakeholders.reports.facts import FactBase, read
from teams.models import Person, Team
from tests.delivery.commitments import Story, forecast, story, words
from tests.personas import Organisation

from .scene import SEES, Told, long_ago, staff, tell

Browser = Callable[[Person], Client]
pytestmark = pytest.mark.django_db
__all__ = ["story"]
PAGE = "/week/integration-platform/"


@pytest.fixture
def told(organisation: Organisation, story: Story, director: Person) -> Told:
    return tell(organisation, story, director)


@pytest.fixture
def browser(director: Person, page_of: Browser) -> Client:
    return page_of(director)


# --- equal to the page -----------------------------------------------------------------------------------------------


def test_its_numbers_are_those_that_the_page_prints_at_that_moment(told: Told, browser: Client) -> None:
    facts = told.facts()
    answer = browser.get(PAGE)
    seen, page = words(answer.content.decode()), answer.context["page"]
    deadline = facts.deadlines[0]
    figures = {one["label"]: one for one in page.facts}
    chance, penalty, track, waiting = list(figures.values())
    assert chance["label"] == f"Chance of making {deadline.date.day} {deadline.date:%b}"
    assert chance["value"] == deadline.chance_words
    assert penalty["value"] == money(deadline.penalty or 0, "USD")
    assert f"85% sure under {money(deadline.penalty_85 or 0, 'USD')}" in penalty["note"]
    assert (track["value"], track["unit"]) == (facts.on_track, f"of {facts.open} open")
    assert waiting["value"] == facts.waiting == len(facts.asks)
    assert (facts.say, facts.clause, facts.more) == (page.say, page.clause, page.headline.more)
    tiles = {one["label"]: one["value"] for one in page.tiles}
    assert all(one.figure.startswith(tiles[one.name]) for one in facts.measures)
    for said in (deadline.chance_words, penalty["value"], f"of {facts.open} open", *facts.more[:1]):
        assert said.replace("\xa0", " ") in seen.replace("\xa0", " ")


def test_the_options_are_compared_as_on_the_page_and_worked_out_by_then(told: Told, browser: Client) -> None:
    facts = told.facts()
    ask = next(one for one in facts.asks if one.key == f"options-{told.story.api.pk}")
    rows = browser.get(PAGE).context["page"].judged.table.rows
    assert [(one.letter, one.chance_words, one.penalty, one.lands) for one in ask.choices] == [
        (row.letter, row.chance, row.penalty_cents, row.lands_on) for row in rows
    ]
    assert ask.choices[0].penalty is not None
    assert ask.stake == facts.deadlines[0].penalty
    decision = next(one for one in facts.asks if one.key.startswith("decision-"))
    assert (decision.by, decision.owner, decision.stake) == (told.story.on(6), "Maya Lindqvist", 10_800_000)
    assert [one.advised for one in decision.choices] == [False, True]


def test_what_changed_is_what_the_page_says_changed(told: Told, browser: Client) -> None:
    page = browser.get(PAGE).context["page"]
    lines = [line for group in page.judged.groups for line in group.lines]
    changes = told.facts().changes
    assert len(changes) == len(lines) > 0
    assert all(one.what.startswith(line.what) and one.what.endswith(line.text) for one, line in zip(changes, lines))  # noqa: B905
    slip = next(one for one in changes if one.kind == "Slipped")
    assert slip.technical.startswith("Squad A moved FHIR Patient API by 2")
    assert "published profile differs" in slip.technical


def test_it_is_read_back_equal_with_the_same_digest(told: Told) -> None:
    facts = told.facts()
    assert read(facts.as_json()) == facts
    assert read(facts.as_json()).digest == facts.digest


# --- outcomes --------------------------------------------------------------------------------------------------------


def titles(facts: FactBase) -> list[str]:
    return [one.title for one in facts.outcomes]


def test_an_outcome_is_as_late_as_its_latest_commitment_and_the_worst_comes_first(told: Told) -> None:
    facts = told.facts()
    known = {one.pk: one for one in Commitment.objects.all()}
    assert set(titles(facts)) == {SEES, "FHIR Patient API"}, "a commitment without an outcome has its own title"
    shared = next(one for one in facts.outcomes if one.title == SEES)
    assert shared.commitments == 2
    live = facts.deadlines[0]
    assert shared.even == live.even, "of the two the milestone lands last"
    assert shared.due == known[told.story.live.pk].first_promised_on
    alone = next(one for one in facts.outcomes if one.title == "FHIR Patient API")
    assert alone.id == -told.story.api.pk
    assert (alone.first, alone.due) == (told.story.on(20), told.story.on(34))
    assert alone.cause == "The published profile differs."
    assert "Squad A moved FHIR Patient API" in alone.technical
    order = ["late", "risk", "none", "ok", "delivered"]
    places = [order.index(one.state) for one in facts.outcomes]
    assert places == sorted(places)


def test_an_outcome_is_delivered_when_all_of_it_is_and_leaves_after_a_week(told: Told) -> None:
    by = told.story.api.created_by
    promises.deliver(commitment=told.story.api, by=by, on=told.story.today)
    facts = told.facts()
    done = next(one for one in facts.outcomes if one.title == "FHIR Patient API")
    assert (done.state, done.delivered, done.even) == ("delivered", told.story.today, None)
    assert facts.delivered == 1
    Commitment.objects.filter(pk=told.story.api.pk).update(delivered_on=told.story.today - timedelta(days=8))
    assert "FHIR Patient API" not in titles(told.facts())
    promises.deliver(commitment=told.story.exchange, by=by, on=told.story.today)
    shared = next(one for one in told.facts().outcomes if one.title == SEES)
    assert (shared.delivered, shared.delivered_commitments, shared.commitments) == (None, 1, 2)


def test_an_outcome_of_which_part_has_no_forecast_is_not_called_on_track(told: Told) -> None:
    outcome = Outcome.objects.create(team=told.team, title="Two of them", created_by=told.by.user)
    said = {"team": told.organisation.squad_b, "by": told.by.user, "outcome": outcome}
    promises.make_commitment(title="Easy", promised_on=told.story.on(300), days=(1, 1, 1), **said)  # type: ignore[arg-type]
    forecast()
    assert next(one for one in told.facts().outcomes if one.title == "Two of them").state == "ok"
    promises.make_commitment(title="Unknown", promised_on=told.story.on(310), **said)  # type: ignore[arg-type]
    rolled = next(one for one in told.facts().outcomes if one.title == "Two of them")
    assert (rolled.state, rolled.word, rolled.chance) == ("none", "No forecast", None)


# --- people, money, risks --------------------------------------------------------------------------------------------


def test_of_fewer_than_five_people_nothing_is_said_and_nobody_is_named(told: Told) -> None:
    staff(told.organisation.squad_a, "Ann One", "Bo Two", "Cy Three", "Di Four", since=long_ago(told.story.today))
    leaving = {"ended_on": told.story.today + timedelta(days=9), "end_reason": "resigned"}
    staff(told.organisation.squad_b, "Clara Duarte", since=long_ago(told.story.today), **leaving)
    of_four = told.facts(team=told.organisation.squad_a)
    assert of_four.people is None
    platform = told.facts()
    assert platform.people is not None
    assert (platform.people.headcount, platform.people.seniors_stayed, platform.people.seniors_at_start) == (5, 5, 5)
    for facts in (of_four, platform):
        assert not any("Clara" in text or "senior engineer" in text for text in str(facts.as_json()).split("'"))
    assert platform.waiting == len(platform.asks) + 1, "that somebody leaves is counted and not told"


def test_money_is_the_year_so_far_by_category_and_in_all(told: Told) -> None:
    rows = {one.category: one for one in told.facts().budget}
    assert (rows["Headcount"].plan, rows["Headcount"].actual, rows["Headcount"].variance) == (
        9_000_000,
        9_400_000,
        400_000,
    )
    assert (rows["Tooling"].actual, rows["Tooling"].outlook) == (None, 500_000)
    assert rows["All"].plan == 9_500_000


def test_risks_come_with_their_money_and_what_they_may_cost_together(told: Told) -> None:
    facts = told.facts()
    risk = facts.risks[0]
    assert (risk.title, risk.state, risk.owner, risk.expected, risk.days) == (
        "Profiles differ", "Owned", "Maya Lindqvist", 2_000_000, 2.0,
    )  # fmt: skip
    assert [(one.currency, one.expected, one.count) for one in facts.exposure] == [("USD", 2_000_000, 1)]


# --- the past, and who may -------------------------------------------------------------------------------------------


def test_a_past_week_is_told_as_it_was_known_then(told: Told, browser: Client) -> None:
    week = told.week.previous().previous()
    end = week.bounds(settings.ORGANISATION_ZONE)[1]
    Commitment.objects.update(created_at=end - timedelta(days=20))
    Team.objects.update(created_at=end - timedelta(days=30))
    assert tasks.keep(week) > 0
    kept = KeptWeek.objects.get(team=told.team, monday=week.monday)
    facts = told.facts(week=week)
    assert facts.as_of == kept.at == end
    api = next(one for one in facts.outcomes if one.id == -told.story.api.pk)
    assert api.due == told.story.on(20), "the slip was logged later"
    page = browser.get(f"{PAGE}{week.label}/").context["page"]
    assert (facts.say, facts.on_track, facts.open) == (
        page.say, sum(one.state == "ok" for one in page.judged.known.open), len(page.judged.known.open),
    )  # fmt: skip
    assert facts.asks == ()


def test_nobody_gathers_what_they_may_not_see(told: Told, stranger: Person, manager_a: Person) -> None:
    with pytest.raises(PermissionDenied):
        told.facts(by=stranger)
    with pytest.raises(PermissionDenied):
        told.facts(by=manager_a)
    own = told.facts(by=manager_a, team=told.organisation.squad_a)
    assert titles(own) == ["FHIR Patient API"]


def test_without_a_promise_it_says_what_the_page_says(organisation: Organisation, director: Person) -> None:
    from stakeholders.reports.gather import gather

    week = Told(organisation, None, director).week  # type: ignore[arg-type]
    facts = gather(director.user, organisation.platform, week, now=timezone.now())  # type: ignore[arg-type]
    assert facts.say == "No source is connected yet, so nothing is measured here."
    assert (facts.outcomes, facts.deadlines, facts.asks, facts.open) == ((), (), (), 0)
    assert facts.people is None


def test_it_asks_the_database_the_same_number_of_questions_whatever_the_data(told: Told) -> None:
    by = told.by.user
    assert by is not None

    def more(count: int) -> None:
        with promises.rules.marked_once("many"):
            for number in range(count):
                row = promises.make_commitment(
                    team=told.organisation.squad_b, title=f"More {number}", promised_on=told.story.on(20),
                    days=(1, 2, 3), by=by,
                )  # fmt: skip
                promises.log_slip(commitment=row, to_date=told.story.on(25), reason="scope", by=by,
                                  options=[promises.Proposal(title="Cut it")])  # fmt: skip
        registers.ask_decision(team=told.team, question="Which", by=by, for_person=told.by,
                               answers=[registers.Answer(title="A")])  # fmt: skip
        registers.add_risk(team=told.team, title="More", category="vendor", by=by, chance=0.2)
        forecast()

    def asked() -> int:
        told.facts()  # what-ifs are kept from now on
        with CaptureQueriesContext(connection) as seen:
            told.facts()
        return len(seen)

    more(2)
    few = asked()
    more(20)
    assert asked() == few
