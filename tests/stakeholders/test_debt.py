"""Technical debt: sums from events, the box, and the register's pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stakeholders.investment import actions, interest
from stakeholders.investment.actions.debt import Terms
from stakeholders.investment.interest import Box, Step
from teams.models import Person
from tests.personas import Organisation

D = Decimal
DAY = date(2026, 9, 7)


def _step(days: int, step: str, principal: str, cost: str, spent: str | None = None) -> Step:
    return Step(
        on=DAY + timedelta(days=days),
        step=step,
        principal=D(principal),
        interest=D(cost),
        days=D(spent) if spent else None,
    )


STORY = (
    _step(0, "opened", "10", "2"), _step(7, "paid", "7", "1.5", "3"), _step(14, "rescored", "9", "2.5"),
    _step(21, "closed", "0", "0"),
)  # fmt: skip


def test_interest_over_weeks_follows_the_events() -> None:
    days = [DAY + timedelta(days=n) for n in (-1, 0, 7, 13, 14, 20, 21)]
    assert interest.interest_trend([STORY], days) == [None, D(2), D("1.5"), D("1.5"), D("2.5"), D("2.5"), D(0)]


def test_two_debts_cost_what_each_costs() -> None:
    assert interest.interest_on([STORY, (_step(5, "opened", "1", "0.5"),)], DAY + timedelta(days=7)) == D(2)


def test_a_box_runs_out_by_its_day_or_by_its_size() -> None:
    open_ = STORY[:2]
    assert interest.box_over(Box(days=5, until=DAY + timedelta(days=9)), open_, today=DAY + timedelta(days=9)) == ""
    assert (
        interest.box_over(Box(days=5, until=DAY + timedelta(days=9)), open_, today=DAY + timedelta(days=10)) == "late"
    )
    assert (
        interest.box_over(Box(days=2, until=DAY + timedelta(days=90)), open_, today=DAY + timedelta(days=9)) == "full"
    )
    assert interest.box_over(Box(days=2), STORY, today=DAY + timedelta(days=30)) == ""
    assert interest.box_size(Box(share=10), capacity_days=55) == Fraction(11, 2)
    assert interest.box_size(Box(share=10)) is None


def test_a_box_is_kept_when_it_ended_in_time_and_within_its_size() -> None:
    today = DAY + timedelta(days=60)
    assert interest.box_kept(Box(days=3, until=DAY + timedelta(days=21)), STORY, today=today) is True
    assert interest.box_kept(Box(days=2, until=DAY + timedelta(days=21)), STORY, today=today) is False
    assert interest.box_kept(Box(until=DAY + timedelta(days=20)), STORY, today=today) is False
    assert interest.box_kept(Box(), STORY, today=today) is None


@hypothesis_settings(deadline=None)
@given(st.lists(st.decimals(min_value="0.25", max_value="20", places=2), max_size=12), st.integers(0, 60))
def test_work_never_leaves_less_than_nothing_and_order_does_not_matter(work: list[D], start: int) -> None:
    left = D(start)
    for days in work:
        left = interest.paid_down(left, days)
    assert left == max(D(start) - sum(work, D(0)), D(0))


@pytest.fixture
def owed(organisation: Organisation, director: Person):  # type: ignore[no-untyped-def]
    return actions.add_debt(
        team=organisation.squad_a, title="Forked template", principal=D(6), interest=D(1), by=director.user
    )


def test_work_is_taken_off_and_counts_against_the_box(owed, director: Person) -> None:  # type: ignore[no-untyped-def]
    made = actions.log_work(debt=owed, days=D("2.5"), by=director.user)
    assert (made.principal, made.interest) == (D("3.5"), D(1))
    actions.end_debt(debt=owed, step="closed", words_="Gone.", by=director.user)
    with pytest.raises(actions.Refused, match="Open a new one"):
        actions.log_work(debt=owed, days=D(1), by=director.user)


def test_what_happened_to_a_debt_is_never_edited(owed) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DatabaseError), transaction.atomic():
        owed.events.update(interest=0)


def test_a_box_needs_its_last_day_and_one_size(owed, director: Person, today: date) -> None:  # type: ignore[no-untyped-def]
    for terms, field in (
        (Terms(box_days=3), "box_until"), (Terms(box_days=3, box_share=10, box_until=today), "box_share"),
    ):  # fmt: skip
        with pytest.raises(actions.Refused) as refusal:
            actions.edit_debt(debt=owed, title="x", by=director.user, terms=terms)
        assert refusal.value.field == field


def test_the_register_shows_a_box_that_ran_out_and_keeps_what_was_typed(
    owed,
    director: Person,
    today: date,
    page_of: Callable[[Person], Client],  # type: ignore[no-untyped-def]
) -> None:
    browser, gone = page_of(director), today - timedelta(days=1)
    actions.edit_debt(debt=owed, title="Forked template", by=director.user, terms=Terms(box_days=3, box_until=gone))
    assert "still open" in browser.get("/debt/squad-a/?show=over").content.decode()
    wrong = browser.post(f"/debt-item/{owed.pk}/edit/", {"title": "Mine", "box_days": "4", "seen": "other"})
    assert wrong.status_code == 422
    assert 'value="Mine"' in wrong.content.decode()
    assert "Forked template" in browser.get("/debt/product-engineering/rows.csv").getvalue().decode()  # type: ignore[attr-defined]
