"""Counts of items: exact answers by convolution, and the simulation within sampling error of them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.chance import Spread
from delivery.throughput import Throughput, all_until_done, items_in_days, items_until_done

TRIALS = 20_000
ERROR = 0.015  # four standard errors of a share of 20,000 trials


def done_after(history: tuple[int, ...], days: int) -> dict[int, Fraction]:
    """The exact distribution of items done in so many days, by convolution."""
    total = {0: Fraction(1)}
    for _ in range(days):
        further: dict[int, Fraction] = {}
        for done, chance in total.items():
            for count in history:
                further[done + count] = further.get(done + count, Fraction(0)) + chance / len(history)
        total = further
    return total


def chance_done(history: tuple[int, ...], items: int, days: int) -> Fraction:
    return sum((chance for done, chance in done_after(history, days).items() if done >= items), Fraction(0))


def first_day(history: tuple[int, ...], items: int, percent: int, squads: int = 1) -> int:
    """The first day by which all of so many equal, independent squads are done with that chance, exactly."""
    return next(day for day in range(999) if chance_done(history, items, day) ** squads * 100 >= percent)


ANSWERS = [
    ((0, 1), 10, {50: 19, 70: 22, 85: 25, 95: 28}),
    ((0, 1, 2), 20, {50: 20, 70: 22, 85: 24, 95: 27}),
    ((0, 0, 1, 3), 20, {50: 20, 70: 23, 85: 26, 95: 31}),
]


def agrees(spread: Spread, percent: int, day: int) -> bool:
    """Whether the exact day is the simulated percentile, within the error of so many trials."""
    share = percent / 100
    return spread.up_to(day).share >= share - ERROR and spread.up_to(day - 1).share < share + ERROR


@pytest.mark.parametrize(("history", "items", "days"), ANSWERS)
def test_days_until_done_are_the_exact_ones(history: tuple[int, ...], items: int, days: dict[int, int]):
    assert {percent: first_day(history, items, percent) for percent in days} == days
    spread = items_until_done(history, items, trials=TRIALS, seed=7)
    assert all(agrees(spread, percent, day) for percent, day in days.items())
    for day in range(spread.first - 1, spread.last + 1):
        assert abs(spread.up_to(day).share - float(chance_done(history, items, day))) < ERROR


def test_two_squads_are_done_later_than_either_and_its_85_percent_day_is_not_theirs():
    history, items = (0, 1, 2), 20
    assert {percent: first_day(history, items, percent, squads=2) for percent in (50, 85, 95)} == {
        50: 22,
        85: 26,
        95: 28,
    }
    assert round(float(chance_done(history, items, 24) ** 2), 4) == 0.7556
    both = all_until_done(dict.fromkeys("ab", Throughput(history=history, items=items)), trials=TRIALS, seed=7)
    assert all(agrees(both, percent, day) for percent, day in {50: 22, 85: 26, 95: 28}.items())
    assert abs(both.up_to(24).share - 0.7556) < ERROR


def test_items_done_in_ten_days_are_the_exact_ones():
    spread = items_in_days((0, 1, 2, 3), 10, trials=TRIALS, seed=7)
    for percent, items, chance in ((50, 15, 0.5555), (85, 11, 0.8973), (95, 9, 0.9678)):
        assert round(float(chance_done((0, 1, 2, 3), items, 10)), 4) == chance
        assert chance_done((0, 1, 2, 3), items + 1, 10) * 100 < percent
        assert spread.at_least_quantile(percent) == items
        assert abs(spread.at_least(items).share - chance) < ERROR


def test_a_certain_history_gives_a_certain_day():
    assert items_until_done((2,), 7, trials=50, seed=0) == Spread(4, (50,))
    assert items_in_days((2,), 7, trials=50, seed=0) == Spread(14, (50,))


def test_nothing_left_takes_no_day_and_no_day_finishes_nothing():
    assert items_until_done((0,), 0, trials=5, seed=0) == Spread(0, (5,))
    assert items_in_days((3,), 0, trials=5, seed=0) == Spread(0, (5,))


@pytest.mark.parametrize(
    ("history", "items", "said"),
    [((0, 0), 1, "Nothing was finished"), ((), 1, "at least one day"), ((1,), -1, "items left")],
)
def test_what_cannot_be_forecast_is_refused(history: tuple[int, ...], items: int, said: str):
    with pytest.raises(ValueError, match=said):
        items_until_done(history, items, trials=10, seed=0)


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(1, 30))
def test_the_same_seed_gives_the_same_days_and_more_items_never_take_fewer(seed: int, items: int):
    few = items_until_done((0, 1, 2), items, trials=40, seed=seed)
    assert few == items_until_done((0, 1, 2), items, trials=40, seed=seed)
    more = items_until_done((0, 1, 2), items + 1, trials=40, seed=seed)
    assert all(more.quantile(percent) >= few.quantile(percent) for percent in range(1, 101))
