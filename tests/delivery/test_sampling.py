"""One commitment's drawn work: the triangle, the squad's record, and streams that are the same everywhere."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.sampling import DEFAULT_RATIOS, ENOUGH_DELIVERED, Delivered, Remaining, history, uniforms, work_days


@pytest.mark.parametrize("remaining", [Remaining(2, 4, 10), Remaining(3, 3, 9), Remaining(3, 9, 9), Remaining(0, 1, 2)])
def test_drawn_work_is_the_triangle_of_the_estimate(remaining: Remaining):
    draws = uniforms(3, "x", start=0, stop=200_000)
    days = work_days(draws, remaining, (1000,))
    low, likely, high = int(remaining.low), int(remaining.likely), int(remaining.high)

    def below(x: int) -> float:
        if x <= low:
            return 0.0
        if x >= high:
            return 1.0
        if x <= likely:
            return (x - low) ** 2 / ((high - low) * (likely - low))
        return 1 - (high - x) ** 2 / ((high - low) * (high - likely))

    for day in range(low, high + 1):
        assert abs(float((days <= day).mean()) - below(day)) < 0.0045  # four standard errors


def test_three_equal_estimates_and_a_record_of_ones_are_exact():
    draws = uniforms(3, "x", start=0, stop=100)
    assert set(work_days(draws, Remaining(7, 7, 7), (1000,)).tolist()) == {7}
    assert set(work_days(draws, Remaining(5, 5, 5), (1200,)).tolist()) == {6}  # in floats 5 × 1.2 may be 6.000000000001
    assert set(work_days(draws, Remaining(*[Decimal("4.1")] * 3), (1000,)).tolist()) == {5}


def test_each_ratio_of_the_record_is_as_likely_as_the_other():
    days = work_days(uniforms(3, "x", start=0, stop=40_000), Remaining(10, 10, 10), (500, 1000, 1000, 3000))
    shares = {day: count / 40_000 for day, count in Counter(days.tolist()).items()}
    assert shares == pytest.approx({5: 0.25, 10: 0.5, 30: 0.25}, abs=0.01)


@given(st.tuples(*[st.integers(0, 60)] * 3), st.tuples(*[st.integers(0, 60)] * 3), st.integers(500, 3000))
def test_a_larger_estimate_never_takes_fewer_days_in_any_trial(one: Any, more: Any, ratio: int):
    first = sorted(one)
    second = sorted(a + b for a, b in zip(first, sorted(more), strict=True))
    draws = uniforms(1, "x", start=0, stop=64)
    assert (work_days(draws, Remaining(*first), (ratio,)) <= work_days(draws, Remaining(*second), (ratio,))).all()


def test_draws_do_not_depend_on_how_trials_are_cut_into_chunks():
    whole = uniforms(5, "x", start=0, stop=1001)
    parts = [uniforms(5, "x", start=start, stop=min(start + 12, 1001)) for start in range(0, 1001, 12)]
    assert whole.tolist() == np.concatenate(parts).tolist()


def test_the_stream_is_what_it_has_always_been():
    assert uniforms(1, "C-7", start=0, stop=3).tolist() == STREAM


STREAM = [7450981621062486591, 10177100617751286251, 16367702589044223765]


@pytest.mark.parametrize(("delivered", "missing"), [(0, 8), (7, 1), (8, 0), (20, 0)])
def test_under_eight_delivered_commitments_a_wider_default_stands_in_and_says_so(delivered: int, missing: int):
    found = history([Delivered(6, 5)] * delivered)
    assert (found.missing, found.thin) == (missing, missing > 0)
    assert found.ratios == (DEFAULT_RATIOS if missing else (1200,) * delivered)


def test_the_documentation_states_the_default_that_is_used():
    said = (Path(__file__).parents[2] / "docs" / "forecast.md").read_text()
    *first, last = (f"{ratio / 1000:g}" for ratio in DEFAULT_RATIOS)
    assert f"{', '.join(first)} and {last} times the estimate" in " ".join(said.split())
    assert f"fewer than {ENOUGH_DELIVERED} delivered commitments" in said


def test_a_ratio_is_rounded_half_up_and_work_of_no_size_has_none():
    assert [Delivered(*pair).ratio for pair in ((1, 3), (2, 3), (1, 2000), (1, 9_999), (9_999, 1))] == [
        333, 667, 1, 1, 100_000,
    ]  # fmt: skip
    for pair in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(ValueError, match="took some days"):
            Delivered(*pair)


@pytest.mark.parametrize("estimate", [(2, 1, 3), (1, 3, 2), (-1, 1, 2), (0, 1, 10_001)])
def test_estimates_out_of_order_or_out_of_reach_are_refused(estimate: tuple[int, int, int]):
    with pytest.raises(ValueError, match=r"order|between"):
        Remaining(*estimate)


def test_floats_are_refused_for_they_would_not_be_the_same_everywhere():
    with pytest.raises(TypeError, match=r"not 1\.5"):
        Remaining(1.5, 2, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two decimals"):
        Remaining(Decimal("1.005"), 2, 3)
