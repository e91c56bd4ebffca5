"""Early warning: worked records by hand, the denominators that must not shrink, and ratios of totals."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.warning import (
    Flag,
    Load,
    Means,
    Outcome,
    Promised,
    Track,
    Value,
    Warned,
    by_reason,
    by_squad,
    overcommitment,
    predictability,
    predictability_by_squad,
    warned,
    warnings,
)

MADE = date(2026, 1, 5)
DUE = date(2026, 3, 13)
TODAY = date(2026, 4, 1)
DAY = timedelta(days=1)


def weekdays(after: date, until: date) -> int:
    """Monday to Friday, without holidays."""
    return sum((after + n * DAY).weekday() < 5 for n in range(1, (until - after).days + 1))


def flag(on: date, means: Means = Means.CHECK_IN, reason: str = "") -> Flag:
    return Flag(on=on, means=means, reason=reason)


def row(today: date = TODAY, **changed: Any) -> Warned:
    facts: dict[str, Any] = {"id": "c", "squad": "A", "promises": (Promised(on=MADE, due=DUE),)}
    return warned(Track(**(facts | changed)), today=today, working_days=weekdays)


def moved(on: date, due: date, reason: str = "") -> tuple[Promised, ...]:
    return (Promised(on=MADE, due=DUE), Promised(on=on, due=due, reason=reason))


def test_warning_runs_from_the_first_flag_to_the_promise_in_force():
    seen = row(flags=(flag(date(2026, 2, 27)), flag(date(2026, 3, 6))), delivered_on=date(2026, 3, 20))
    assert (seen.outcome, seen.working_days, seen.calendar_days) == (Outcome.MISSED, 10, 14)
    assert (seen.flagged_on, seen.means, seen.found_at_review) == (date(2026, 2, 27), Means.CHECK_IN, False)


def test_a_slip_is_measured_against_the_promise_it_moved_not_the_new_one():
    seen = row(promises=moved(date(2026, 2, 16), date(2026, 3, 27), "vendor"), delivered_on=date(2026, 3, 27))
    assert (seen.due, seen.means, seen.reason) == (DUE, Means.SLIP, "vendor")
    assert (seen.outcome, seen.calendar_days) == (Outcome.MISSED, 25)


def test_a_linked_risk_is_a_flag_and_the_earliest_one_counts():
    seen = row(
        flags=(flag(date(2026, 2, 2), Means.RISK), flag(date(2026, 2, 20))),
        promises=moved(date(2026, 3, 1), date(2026, 3, 27), "people away"),
    )
    assert (seen.means, seen.flagged_on, seen.reason) == (Means.RISK, date(2026, 2, 2), "people away")


def test_a_date_that_moves_earlier_is_a_new_promise_and_no_flag():
    seen = row(promises=moved(date(2026, 2, 16), date(2026, 3, 6)))
    assert (seen.flagged_on, seen.due, seen.outcome) == (None, date(2026, 3, 6), Outcome.MISSED)


def test_after_rebaselining_the_flag_is_measured_against_the_promise_then_in_force():
    pulled_in = moved(date(2026, 2, 16), date(2026, 3, 6))
    assert row(promises=pulled_in, flags=(flag(date(2026, 2, 20)),)).calendar_days == 14
    assert row(promises=pulled_in, flags=(flag(date(2026, 2, 10)),)).due == DUE


def test_a_miss_never_flagged_has_no_warning_and_stays_in_the_denominator():
    silent = row(delivered_on=date(2026, 3, 20))
    told = row(flags=(flag(date(2026, 2, 13)),), delivered_on=date(2026, 3, 20))
    assert (silent.working_days, silent.calendar_days, silent.found_at_review) == (0, 0, True)
    both = warnings([silent, told])
    assert (both.misses, both.never_flagged, both.median_working_days, both.median_calendar_days) == (2, 1, 10, 14)
    assert (both.early.part, both.early.of, both.found_at_review.share) == (1, 2, 0.5)


@pytest.mark.parametrize(("ahead", "at_review", "days"), [(-5, True, 0), (0, True, 0), (1, False, 1)])
def test_a_miss_first_told_on_or_after_its_day_was_found_at_review(ahead: int, at_review: bool, days: int):
    seen = row(flags=(flag(DUE - ahead * DAY),), delivered_on=date(2026, 3, 30))
    assert (seen.found_at_review, seen.calendar_days) == (at_review, days)


def test_the_standard_is_ten_working_days_and_exactly_ten_is_early_enough():
    ten, nine = row(flags=(flag(date(2026, 2, 27)),)), row(flags=(flag(date(2026, 3, 2)),))
    assert (ten.working_days, nine.working_days) == (10, 9)
    assert warnings([ten, nine]).early.part == 1
    assert warnings([ten, nine], standard_days=9).early.part == 2
    optioned = row(flags=(flag(date(2026, 2, 27)),), with_options=True)
    assert warnings([ten, nine, optioned]).early_with_options.share == pytest.approx(1 / 3)


def test_flagged_and_then_delivered_by_the_promise_is_a_false_alarm():
    alarm = row(flags=(flag(date(2026, 2, 20)),), delivered_on=DUE)
    right = row(flags=(flag(date(2026, 2, 20)),), delivered_on=DUE + DAY)
    still = row(flags=(flag(date(2026, 2, 20)),), today=DUE)
    quiet = row(delivered_on=DUE)
    result = warnings([alarm, right, still, quiet])
    assert (alarm.false_alarm, still.outcome) == (True, Outcome.OPEN)
    assert (result.false_alarms.part, result.false_alarms.of, result.misses) == (1, 2, 1)


def test_an_open_promise_is_a_miss_only_when_its_day_is_over():
    assert (row(today=DUE).outcome, row(today=DUE + DAY).outcome) == (Outcome.OPEN, Outcome.MISSED)


def test_without_misses_there_is_no_median_and_no_share():
    none = warnings([])
    assert (none.median_working_days, none.median_calendar_days) == (None, None)
    assert (none.early.share, none.found_at_review.share, none.false_alarms.share) == (None, None, None)


def test_squads_and_reasons_split_the_same_rows():
    rows = [
        row(id="1", squad="B", flags=(flag(date(2026, 2, 20), reason="vendor"),)),
        row(id="2", squad="A", flags=(flag(date(2026, 2, 20), reason="vendor"),)),
        row(id="3", squad="B"),
    ]
    assert {name: part.misses for name, part in by_squad(rows).items()} == {"A": 1, "B": 2}
    assert {name: part.misses for name, part in by_reason(rows).items()} == {"": 1, "vendor": 2}


def test_a_track_needs_promises_in_order():
    with pytest.raises(ValueError, match="no promise"):
        row(promises=())
    with pytest.raises(ValueError, match="order they were made"):
        row(promises=(Promised(on=TODAY, due=DUE), Promised(on=MADE, due=DUE)))


days = st.dates(date(2025, 12, 20), date(2026, 5, 1))
tracks = st.builds(
    lambda made, flags, delivered: Track(
        id="c", squad="A", promises=tuple(Promised(on=on, due=due) for on, due in sorted(made)),
        flags=tuple(flag(on) for on in flags), delivered_on=delivered,
    ),
    st.lists(st.tuples(days, days), min_size=1, max_size=4), st.lists(days, max_size=3), st.none() | days,
)  # fmt: skip


@given(st.lists(tracks, max_size=12))
def test_shares_stay_within_one_and_no_miss_is_lost(record: list[Track]):
    rows = [warned(track, today=TODAY, working_days=weekdays) for track in record]
    result = warnings(rows)
    assert result.misses == sum(r.outcome is Outcome.MISSED for r in rows)
    for ratio in (result.early, result.early_with_options, result.found_at_review, result.false_alarms):
        assert 0 <= ratio.part <= ratio.of
    assert result.early.part + result.found_at_review.part <= result.misses
    assert all(0 <= r.working_days <= r.calendar_days for r in rows)
    assert all(r.calendar_days == 0 for r in rows if r.flagged_on is None)


# --- predictability and load -----------------------------------------------------------------------------------------


def test_predictability_is_a_ratio_of_totals_and_stretch_counts_only_when_done():
    values = [
        Value(squad="A", planned=10, actual=8),
        Value(squad="A", planned=2, actual=2),
        Value(squad="A", planned=5, actual=5, stretch=True),
        Value(squad="B", planned=8, actual=0),
    ]
    squads = predictability_by_squad(values)
    assert (squads["A"].share, squads["B"].share) == (1.25, 0)
    assert predictability(values).share == 0.75  # not the average of 125 % and 0 %


def test_predictability_without_commitments_is_none_not_zero():
    assert predictability([]).share is None
    assert predictability([Value(squad="A", planned=5, actual=5, stretch=True)]).share is None


def test_load_over_capacity_is_overcommitted_and_equal_is_not():
    loads = overcommitment({"B": 55, "A": 50, "C": 9}, {"A": 50, "B": Fraction(99, 2)})
    assert list(loads) == ["A", "B"]
    assert (loads["A"].overcommitted, loads["A"].over_days, loads["A"].share) == (False, 0, 1.0)
    assert (loads["B"].overcommitted, loads["B"].over_days) == (True, Fraction(11, 2))


def test_a_squad_without_capacity_has_no_share_of_it():
    assert Load(load_days=5, capacity_days=Fraction(0)).share is None
    with pytest.raises(ValueError, match="never negative"):
        overcommitment({"A": 1}, {"A": -1})
