"""Scores of forecasts: worked by hand, and what must hold for any record."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.chance import Chance, FinishDays, Spread
from delivery.scoring import Scored, score

rows = st.builds(lambda hits, kept: Scored(chance=Chance(hits, 1000), kept=kept), st.integers(0, 1000), st.booleans())


def said(percent: int, kept: bool) -> Scored:
    return Scored(chance=Chance(percent, 100), kept=kept)


def test_without_forecasts_there_is_no_score_not_a_perfect_one():
    empty = score([])
    assert (empty.count, empty.brier, empty.base_brier) == (0, None, None)
    assert {(tenth.count, tenth.forecast_share, tenth.kept_share) for tenth in empty.tenths} == {(0, None, None)}


def test_brier_score_of_four_forecasts_by_hand():
    result = score([said(90, True), said(90, False), said(20, False), said(50, True)])
    assert result.brier == pytest.approx((0.01 + 0.81 + 0.04 + 0.25) / 4)
    assert (result.count, result.kept, result.base_brier) == (4, 2, 0.25)


def test_always_saying_half_earns_a_quarter():
    assert score([said(50, True), said(50, False), said(50, True)]).brier == 0.25


def test_a_forecast_on_a_border_counts_in_the_tenth_above_it_and_certainty_in_the_last():
    tenths = score([said(percent, True) for percent in (0, 9, 10, 30, 69, 70, 99, 100)]).tenths
    assert [tenth.count for tenth in tenths] == [2, 1, 0, 1, 0, 0, 1, 1, 0, 2]
    assert [tenth.low_percent for tenth in tenths] == list(range(0, 100, 10))


def test_a_tenth_shows_what_was_said_beside_what_happened():
    tenth = score([said(80, True), said(84, True), said(88, False)]).tenths[8]
    assert (tenth.count, tenth.kept, tenth.forecast_share) == (3, 2, pytest.approx(0.84))
    assert tenth.kept_share == pytest.approx(2 / 3)


@given(st.lists(rows, min_size=1))
def test_scores_stay_between_perfect_and_surely_wrong_and_lose_no_row(record: list[Scored]):
    result = score(record)
    assert result.brier is not None
    assert 0 <= result.brier <= 1
    assert sum(tenth.count for tenth in result.tenths) == len(record)
    assert sum(tenth.kept for tenth in result.tenths) == result.kept


@given(st.lists(st.booleans(), min_size=1))
def test_foreknowledge_scores_nought(outcomes: list[bool]):
    assert score([said(100 * kept, kept) for kept in outcomes]).brier == 0


# --- chances and spreads ---------------------------------------------------------------------------------------------


def test_words_of_a_chance_never_reach_a_border_that_the_number_did_not():
    assert [Chance(hits, 10_000).words for hits in (6_999, 7_000, 3_499)] == ["69%", "70%", "34%"]
    assert [Chance(hits, 10_000).words for hits in (0, 99, 100, 9_900, 9_901, 10_000)] == [
        "under 1%", "under 1%", "1%", "99%", "over 99%", "over 99%",
    ]  # fmt: skip


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (2, 1), (-1, 5)])
def test_a_chance_of_impossible_counts_is_refused(hits: int, trials: int):
    with pytest.raises(ValueError, match="is not a chance"):
        Chance(hits, trials)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60), st.integers(1, 100), st.integers(-25, 25))
def test_percentiles_and_chances_are_those_of_the_sorted_trials(values: list[int], percent: int, asked: int):
    spread = Spread(min(values), tuple(values.count(v) for v in range(min(values), max(values) + 1)))
    needed = [v for v in sorted(set(values)) if 100 * sum(w <= v for w in values) >= percent * len(values)]
    assert spread.quantile(percent) == needed[0]
    reached = [v for v in sorted(set(values)) if 100 * sum(w >= v for w in values) >= percent * len(values)]
    assert spread.at_least_quantile(percent) == reached[-1]
    assert spread.up_to(asked).hits == sum(v <= asked for v in values)
    assert spread.at_least(asked).hits == sum(v >= asked for v in values)


@pytest.mark.parametrize("counts", [(), (0, 1), (1, 0), (1, -1, 1)])
def test_a_spread_has_no_empty_ends(counts: tuple[int, ...]):
    with pytest.raises(ValueError, match="starts and ends with a value"):
        Spread(0, counts)


@pytest.mark.parametrize("percent", [0, 101])
def test_there_is_no_percentile_outside_one_to_a_hundred(percent: int):
    with pytest.raises(ValueError, match="between 1 and 100"):
        Spread(0, (1,)).quantile(percent)


def test_a_finish_spread_gives_days_and_a_bar_for_each_day():
    days = FinishDays(date(2026, 2, 27), (50, 0, 35, 15))
    assert (days.even_odds, days.sure_85) == (date(2026, 2, 27), date(2026, 3, 1))
    assert days.by(date(2026, 2, 28)) == Chance(50, 100)
    assert [day.day for day, _ in days.bins] == [27, 28, 1, 2]
