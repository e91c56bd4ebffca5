"""Penalties: worked clauses by hand, what is refused, and what must hold for any clause and any finish."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.penalty import LARGEST_AMOUNT, Kind, PenaltyTerms, Window, penalties, penalty, penalty_spread

DUE = date(2026, 3, 20)
DAY = timedelta(days=1)


def window(first: int = 1, last: int | None = None, cap: Any = None, **rate: Any) -> Window:
    """A window given in days after the due day, both included, with its rate as in `day=100`."""
    ((kind, amount),) = rate.items() or (("fixed", 1),)
    end = None if last is None else DUE + last * DAY
    return Window(first=DUE + first * DAY, last=end, kind=Kind(kind), amount=amount, cap=cap)


def terms(*windows: Window, cap: int | None = None) -> PenaltyTerms:
    return PenaltyTerms(due=DUE, windows=windows, currency="USD", cap=cap)


def owed(days_late: int, clause: PenaltyTerms) -> int:
    return penalty(DUE + days_late * DAY, clause)


amounts = st.integers(0, 10**6)
caps = st.none() | st.integers(0, 10**7)


@st.composite
def clauses(draw: st.DrawFn) -> PenaltyTerms:
    """Up to three windows of each kind, with gaps between them, in any order, the last one perhaps without end."""
    made = []
    for kind in draw(st.sets(st.sampled_from(Kind), min_size=1)):
        at, count = 0, draw(st.integers(1, 3))
        for number in range(count):
            first = at + draw(st.integers(1, 20))
            at = first + draw(st.integers(0, 30))
            endless = number == count - 1 and draw(st.booleans())
            made.append(window(first, None if endless else at, cap=draw(caps), **{kind.value: draw(amounts)}))
    return terms(*draw(st.permutations(made)), cap=draw(caps))


def test_nothing_is_owed_on_or_before_the_due_day():
    clause = terms(window(fixed=100), window(day=10), window(week=1))
    assert [owed(late, clause) for late in (-400, -1, 0)] == [0, 0, 0]
    assert owed(1, clause) == 111


def test_a_lump_sum_is_owed_once():
    assert [owed(late, terms(window(fixed=5_000))) for late in (1, 2, 300)] == [5_000] * 3


def test_every_late_day_costs_weekends_included():
    friday_to_monday = terms(window(day=1_000))
    assert DUE.strftime("%A") == "Friday"
    assert owed(3, friday_to_monday) == 3_000


def test_a_week_that_has_started_costs_all_of_it():
    clause = terms(window(week=160_000_00))
    assert [owed(late, clause) // 160_000_00 for late in (0, 1, 7, 8, 14, 15)] == [0, 1, 1, 2, 2, 3]


def test_both_ends_belong_to_a_window_and_a_gap_adds_nothing():
    clause = terms(window(1, 5, day=100), window(10, 11, day=1_000))
    assert [owed(late, clause) for late in (1, 5, 6, 9, 10, 11, 12)] == [100, 500, 500, 500, 1_500, 2_500, 2_500]


def test_weeks_are_counted_from_each_windows_own_first_day():
    clause = terms(window(1, 10, week=1), window(11, None, week=10))
    assert [owed(late, clause) for late in (8, 10, 11, 17, 18)] == [2, 2, 12, 12, 22]


def test_a_windows_cap_bounds_the_window_and_the_clauses_cap_bounds_it_all():
    clause = terms(window(1, 10, day=100, cap=350), window(11, None, day=100), cap=600)
    assert [owed(late, clause) for late in (3, 4, 10, 11, 13, 14, 99)] == [300, 350, 350, 450, 600, 600, 600]


def test_the_order_in_which_windows_are_written_does_not_matter():
    early, late = window(1, 5, day=100), window(6, None, day=200)
    assert terms(late, early) == terms(early, late)


def test_a_lump_sum_and_a_daily_rate_may_cover_the_same_days():
    clause = terms(window(1, 5, fixed=1_000), window(1, 5, day=10))
    assert [owed(late, clause) for late in (1, 5, 6)] == [1_010, 1_050, 1_050]


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ((window(1, 5), window(5, 9)), "overlap: the one from 2026-03-21 ends on 2026-03-25"),
        ((window(1), window(50, 60)), "overlap: the one from 2026-03-21 has no end"),
        ((window(6, 9), window(1, 7)), "overlap"),
        ((window(0, 5),), "only begins after 2026-03-20"),
        ((), "at least one window"),
    ],
)
def test_windows_that_make_no_sense_are_refused(windows: tuple[Window, ...], said: str):
    with pytest.raises(ValueError, match=said):
        terms(*windows)


@pytest.mark.parametrize("currency", ["", "$", "usd", "US", "DOLLAR", "USD\n"])
def test_a_penalty_without_a_currency_is_refused(currency: str):
    with pytest.raises(ValueError, match="currency in three capital letters"):
        PenaltyTerms(due=DUE, windows=(window(fixed=1),), currency=currency)


@pytest.mark.parametrize("amount", [-1, LARGEST_AMOUNT + 1, 1.5, True])
def test_amounts_are_whole_and_within_reach(amount: Any):
    for kind in Kind:
        with pytest.raises(ValueError, match="the amount is"):
            window(**{kind.value: amount})
    with pytest.raises(ValueError, match="the cap is"):
        window(cap=amount)
    with pytest.raises(ValueError, match="the cap is"):
        terms(window(), cap=amount)


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="cannot end on"):
        window(5, 4)


@given(clauses(), st.integers(-30, 200))
def test_finishing_a_day_later_never_costs_less(clause: PenaltyTerms, late: int):
    assert 0 <= owed(late, clause) <= owed(late + 1, clause)
    assert late > 0 or owed(late, clause) == 0


@given(clauses(), st.lists(st.integers(-30, 3_000), min_size=1))
def test_many_days_at_once_cost_what_each_costs(clause: PenaltyTerms, lates: list[int]):
    days = [DUE + late * DAY for late in lates]
    together = penalties(np.array([day.toordinal() for day in days]), clause)
    assert together.tolist() == [penalty(day, clause) for day in days]


@given(clauses(), st.integers(1, 200))
def test_the_penalty_is_what_counting_day_by_day_gives(clause: PenaltyTerms, late: int):
    total = 0
    for part in clause.windows:
        inside = [d for d in (DUE + n * DAY for n in range(1, late + 1)) if part.first <= d <= (part.last or date.max)]
        units = {Kind.FIXED: len(inside[:1]), Kind.DAY: len(inside), Kind.WEEK: len(inside[::7])}
        cost = part.amount * units[part.kind]
        total += cost if part.cap is None else min(cost, part.cap)
    assert owed(late, clause) == (total if clause.cap is None else min(total, clause.cap))


def test_the_largest_amounts_at_the_end_of_the_calendar_still_add_up():
    clause = terms(*(window(**{kind.value: LARGEST_AMOUNT}) for kind in Kind))
    assert penalties(np.array([date.max.toordinal()]), clause).tolist() == [penalty(date.max, clause)]


def test_expected_penalty_is_the_mean_over_trials_not_the_penalty_of_a_date():
    clause = terms(window(fixed=1_000))
    spread = penalty_spread({DUE: 84, DUE + DAY: 16}, clause)
    assert (spread.expected, spread.sure, spread.currency) == (160, 1_000, "USD")
    assert penalty_spread({DUE: 85, DUE + DAY: 15}, clause).sure == 0


def test_a_penalty_of_no_trials_is_refused():
    with pytest.raises(ValueError, match="no trials"):
        penalty_spread({}, terms(window()))


@given(clauses(), st.lists(st.integers(-10, 60), min_size=1, max_size=60))
def test_mean_and_percentile_are_those_of_the_list_of_penalties(clause: PenaltyTerms, lates: list[int]):
    costs = sorted(owed(late, clause) for late in lates)
    spread = penalty_spread(Counter(DUE + late * DAY for late in lates), clause)
    assert abs(Fraction(sum(costs), len(costs)) - spread.expected) <= Fraction(1, 2)
    assert spread.sure == next(cost for rank, cost in enumerate(costs, 1) if rank * 100 >= 85 * len(costs))
