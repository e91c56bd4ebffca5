"""The sample's story holds on every day of the week on which it may be loaded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from config.demo.programme import slip_days

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize("day", range(7))
def test_the_slip_lies_before_this_week_and_its_reason_is_corrected_after_it(day: int) -> None:
    today = MONDAY + timedelta(days=day)
    slipped, corrected = slip_days(today)
    assert slipped < MONDAY, "this week's check-in is still to be told"
    assert slipped < corrected < today, "what it says of the slip comes after it, and before now"
    assert slipped.weekday() < 5
    assert corrected.weekday() < 5
    assert 5 < (today - slipped).days < 10
