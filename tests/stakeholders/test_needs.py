# ruff: noqa: F811 (fixtures are imported)
"""What needs a leader: the order, who sees what, and what is decided, handed on and put off in place."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from delivery import actions as promised
from delivery.models import Choice, NetworkMark, Option
from delivery.tasks import forecast_if_needed
from stakeholders.models import QueueMove
from stakeholders.registers import actions as registers
from stakeholders.week.ordering import Weight, ordered
from teams.models import Person
from tests.delivery.commitments import Story, forecast, story, words

Browser = Callable[[Person], Client]
__all__ = ["story"]

# --- the order, pure -------------------------------------------------------------------------------------------------

DAY = date(2026, 11, 23)
WEIGHTS = st.builds(
    lambda money, days, age, key: Weight(money=money, days=days, since=DAY - timedelta(days=age), key=f"item-{key}"),
    st.none() | st.integers(0, 5), st.none() | st.integers(-3, 3), st.integers(0, 4), st.integers(0, 10_000),
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    weight: Weight


@given(st.lists(WEIGHTS, max_size=12, unique_by=lambda one: one.key), st.randoms(use_true_random=False))
def test_the_order_is_total_and_the_same_however_the_items_came(weights: list[Weight], chance: random.Random) -> None:
    things = [Thing(one) for one in weights]
    shuffled = list(things)
    chance.shuffle(shuffled)
    assert ordered(shuffled) == ordered(things)
    ranks = [one.weight.rank for one in ordered(things)]
    assert len(set(ranks)) == len(ranks)
    assert sorted(ranks) == ranks


@given(WEIGHTS, WEIGHTS)
def test_more_money_comes_first_then_more_days_then_the_older(one: Weight, other: Weight) -> None:
    first = ordered([Thing(one), Thing(other)])[0].weight
    last = other if first is one else one
    assert (first.money or 0) >= (last.money or 0)
    if (first.money or 0) == (last.money or 0):
        assert max(first.days or 0, 0) >= max(last.days or 0, 0)
        if max(first.days or 0, 0) == max(last.days or 0, 0):
            assert first.since <= last.since


# --- the queue -------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db
WEEK = "/week/integration-platform/"


@pytest.fixture
def slipped(story: Story) -> Story:
    story.slip(34, words_="The published profile differs.", impact="Squad B cannot start.")
    forecast()
    return story


@pytest.fixture
def browser(director: Person, page_of: Browser) -> Client:
    return page_of(director)


def queue_of(client: Client) -> list[str]:
    return [item.key for item in client.get(WEEK).context["page"].judged.queue.items]


def key(story: Story) -> str:
    return f"options-{story.api.pk}"


def test_the_slip_on_the_way_to_the_deadline_stands_first_with_its_options(slipped: Story, browser: Client) -> None:
    page = browser.get(WEEK).context["page"].judged
    first = page.queue.items[0]
    assert first.key == key(slipped) == page.opened.key
    deadline = page.known.deadlines[0]
    assert first.weight.money == deadline.penalty > 0
    assert first.weight.days == deadline.days_late > 0
    assert not any(one.kind == "deadline" for one in page.queue.items), "the same danger would stand there twice"


def test_opened_it_compares_what_each_option_brings(slipped: Story, browser: Client) -> None:
    shown = browser.get(f"{WEEK}needs/{key(slipped)}/")
    row = shown.context["table"].rows[0]
    deadline = shown.context["item"].deadline
    assert row.title == "Ship read first"
    assert row.penalty_cents < deadline.penalty
    assert row.lands_on < deadline.even
    again = browser.get(WEEK).context["page"].judged
    assert again.table.complete, "what was worked out once is kept"
    assert "brings CMS go-live back to" in " ".join(again.headline.more)


def test_a_worker_has_the_figures_ready_before_anybody_opens_the_page(slipped: Story, browser: Client) -> None:
    cache.clear()
    shown = browser.get(WEEK)
    assert not shown.context["page"].judged.table.complete
    assert 'hx-trigger="load, again" data-again' in shown.content.decode(), "the page asks, and asks again"
    NetworkMark.objects.create(why="a test")
    forecast_if_needed()
    page = browser.get(WEEK).context["page"].judged
    assert page.table.complete
    assert page.table.rows[0].penalty


def test_deciding_it_changes_the_log_the_queue_and_the_forecast(slipped: Story, browser: Client) -> None:
    before = browser.get(WEEK).context["page"].judged.known.deadlines[0]
    option = slipped.option()
    answer = browser.post(
        f"{WEEK}needs/{key(slipped)}/decide/", {"option": option.pk, "why": "Payers read first."}, follow=True
    )
    assert "Decided: Ship read first" in answer.content.decode()
    choice = Choice.objects.get()
    assert (choice.option_id, choice.why) == (option.pk, "Payers read first.")
    assert choice.forecast[str(option.pk)]["deadlines"], "what was promised is kept with the decision"
    assert key(slipped) not in queue_of(browser)
    assert "Payers read first." in browser.get("/decisions/integration-platform/").content.decode()
    forecast()
    after = browser.get(WEEK).context["page"].judged.known.deadlines[0]
    assert after.penalty < before.penalty


@pytest.mark.parametrize(
    ("said", "asks"), [({"why": "So."}, "Choose one of the options"), ({"option": "x"}, "Choose one of the options")]
)
def test_a_decision_without_an_option_says_what_to_do(
    said: dict[str, str], asks: str, slipped: Story, browser: Client
) -> None:
    answer = browser.post(f"{WEEK}needs/{key(slipped)}/decide/", said)
    assert answer.status_code == 422
    assert asks in answer.content.decode()
    assert said.get("why", "") in answer.content.decode()


def test_a_decision_without_a_reason_keeps_the_option_that_was_picked(slipped: Story, browser: Client) -> None:
    option = slipped.option()
    answer = browser.post(f"{WEEK}needs/{key(slipped)}/decide/", {"option": option.pk, "why": " "})
    assert answer.status_code == 422
    assert "it goes to the decision log" in answer.content.decode()
    assert f'value="{option.pk}" data-letter="a" checked' in answer.content.decode()
    assert not Choice.objects.exists()


def test_of_two_who_decide_at_once_the_second_is_told_and_keeps_the_words(
    slipped: Story, browser: Client, director: Person
) -> None:
    promised.choose(option=slipped.option(), by=director.user, why="First.")
    answer = browser.post(
        f"{WEEK}needs/{key(slipped)}/decide/", {"option": slipped.option().pk, "why": "Mine."}, follow=True
    )
    assert "Somebody else has settled this" in answer.content.decode()
    assert "Mine." in answer.content.decode()
    assert Choice.objects.get().why == "First."


def test_an_option_that_was_withdrawn_meanwhile_is_refused_and_nothing_is_lost(
    slipped: Story, browser: Client, manager_a: Person
) -> None:
    promised.propose(commitment=slipped.api, option=promised.Proposal(title="Another way"), by=manager_a.user)
    gone = slipped.option()
    promised.withdraw_option(option=gone, by=manager_a.user)
    answer = browser.post(f"{WEEK}needs/{key(slipped)}/decide/", {"option": gone.pk, "why": "Kept words."})
    assert answer.status_code == 422
    assert "no longer on the table" in answer.content.decode()
    assert "Kept words." in answer.content.decode()


# --- put off, handed on ----------------------------------------------------------------------------------------------


def test_an_item_is_put_off_until_a_day_and_taken_back(slipped: Story, browser: Client, today: date) -> None:
    until = today + timedelta(days=5)
    browser.post(f"{WEEK}needs/{key(slipped)}/snooze/", {"until": until.isoformat(), "why": "After the demo."})
    assert key(slipped) not in queue_of(browser)
    listed = words(browser.get(f"{WEEK}needs/").content.decode())
    assert "Put off" in listed
    assert "After the demo." in listed
    browser.post(f"{WEEK}needs/{key(slipped)}/wake/")
    assert key(slipped) in queue_of(browser)


def test_no_item_is_put_off_past_its_deadline(slipped: Story, browser: Client) -> None:
    after = slipped.deadline.date + timedelta(days=1)
    answer = browser.post(f"{WEEK}needs/{key(slipped)}/snooze/", {"until": after.isoformat(), "why": "Later."})
    assert answer.status_code == 422
    assert "It must be settled by" in answer.content.decode()
    assert after.isoformat() in answer.content.decode()
    assert not QueueMove.objects.exists()


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01"])
def test_a_day_that_cannot_be_meant_is_refused(until: str, slipped: Story, browser: Client) -> None:
    assert browser.post(f"{WEEK}needs/{key(slipped)}/snooze/", {"until": until}).status_code == 422
    assert not QueueMove.objects.exists()


def test_what_is_passed_on_leaves_one_queue_and_enters_the_other(
    slipped: Story, browser: Client, manager_a: Person, page_of: Browser
) -> None:
    other = page_of(manager_a)
    path = f"/week/{slipped.api.team.slug}/"
    assert other.get(path).context["page"].judged.queue.items == []
    browser.post(f"{WEEK}needs/{key(slipped)}/pass/", {"to": manager_a.pk, "why": "You know the team."})
    assert key(slipped) not in queue_of(browser)
    theirs = other.get(path).context["page"].judged.queue.items
    assert [one.key for one in theirs] == [key(slipped)]
    assert "You know the team." in theirs[0].note


def test_nothing_is_passed_to_somebody_who_does_not_see_the_team(
    slipped: Story, browser: Client, outsider_manager: Person
) -> None:
    answer = browser.post(f"{WEEK}needs/{key(slipped)}/pass/", {"to": outsider_manager.pk, "why": "Please."})
    assert answer.status_code == 422
    assert not QueueMove.objects.exists()


# --- other kinds -----------------------------------------------------------------------------------------------------


def test_a_decision_is_taken_in_place_and_stands_in_the_log(slipped: Story, browser: Client, director: Person) -> None:
    row = registers.ask_decision(
        team=slipped.api.team.parent, question="Build the router or buy it", by=slipped.api.created_by,  # type: ignore[arg-type]
        for_person=director, stakes=99_900_000_000,
        answers=[registers.Answer(title="Build"), registers.Answer(title="Buy", is_advised=True, cost=5_000_000)],
    )  # fmt: skip
    assert queue_of(browser)[0] == f"decision-{row.pk}", "more money stands first"
    option = row.options.get(title="Buy")
    browser.post(f"{WEEK}needs/decision-{row.pk}/decide/", {"option": option.pk, "why": "It exists."})
    assert row.events.filter(step="decided", option=option, words="It exists.").exists()
    assert f"decision-{row.pk}" not in queue_of(browser)


def test_a_dependency_near_its_day_without_an_agreed_one_needs_somebody(
    story: Story, browser: Client, today: date
) -> None:
    row = story.link
    type(row).objects.filter(pk=row.pk).update(needed_by=today + timedelta(days=6))
    forecast()
    assert f"need-{row.pk}" in queue_of(browser)
    promised.offer(dependency=row, on=today + timedelta(days=6), by=story.api.created_by)
    promised.agree(dependency=row, on=today + timedelta(days=6), by=story.api.created_by)
    assert f"need-{row.pk}" not in queue_of(browser)


def test_at_most_seven_are_shown_and_the_rest_are_a_page_away(story: Story, browser: Client, director: Person) -> None:
    for number in range(9):
        registers.ask_decision(
            team=story.live.team, question=f"Question {number}", by=story.api.created_by, for_person=director  # type: ignore[arg-type]
        )  # fmt: skip
    shown = browser.get(WEEK)
    assert len(shown.context["page"].judged.queue.shown) == 7
    assert "2 more" in words(shown.content.decode())
    assert "Question 8" in browser.get(f"{WEEK}needs/").content.decode()


def test_the_sidebar_counts_what_waits(slipped: Story, browser: Client) -> None:
    count = len(queue_of(browser))
    again = browser.get(f"/roadmap/{slipped.live.team.slug}/")
    nav = next(page for page in again.context["shell"].pages if page.name == "This week")
    assert nav.count == count > 0


def test_the_page_asks_the_same_number_of_questions_whatever_the_data(
    slipped: Story, browser: Client, director: Person
) -> None:
    team = slipped.api.team

    def more(count: int) -> None:
        with promised.rules.marked_once("many"):
            for number in range(count):
                row = promised.make_commitment(
                    team=team, title=f"More {number}", promised_on=slipped.on(20), days=(1, 2, 3), by=director.user
                )
                promised.log_slip(
                    commitment=row, to_date=slipped.on(25), reason="scope", by=director.user,
                    options=[promised.Proposal(title="Cut it")],
                )  # fmt: skip
        registers.ask_decision(
            team=team, question="Which", by=director.user, for_person=director, answers=[registers.Answer(title="A")]  # type: ignore[arg-type]
        )  # fmt: skip
        forecast()

    def asked() -> int:
        browser.get(WEEK)
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(WEEK).status_code == 200
        return len(seen)

    more(2)
    few = asked()
    more(25)
    assert asked() == few
    assert Option.objects.count() > 25
