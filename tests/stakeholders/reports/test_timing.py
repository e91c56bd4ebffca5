"""When reports go out: weekly on the organisation's wall, across both changes of its clocks; and when tries end."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from stakeholders.reports.sending.timing import MOST_TRIES, PAUSES, last_run, next_run, next_try

LISBON, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Lisbon"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_it_runs_at_the_same_time_of_the_wall_in_summer_and_in_winter() -> None:
    runs = [_utc("2026-10-15T00:00")]
    for _ in range(3):
        runs.append(next_run(runs[-1], weekday=1, at=time(7, 30), zone=LISBON))
    assert runs[1:] == [_utc("2026-10-19T06:30"), _utc("2026-10-26T07:30"), _utc("2026-11-02T07:30")]


def test_a_time_that_the_clocks_leave_out_is_taken_an_hour_later_once() -> None:
    before = _utc("2027-03-20T00:00")  # the night to Sunday 28 March has no 01:30 in Lisbon
    assert next_run(before, weekday=7, at=time(1, 30), zone=LISBON) == _utc("2027-03-21T01:30")
    gap = next_run(_utc("2027-03-27T00:00"), weekday=7, at=time(1, 30), zone=LISBON)
    assert gap == _utc("2027-03-28T01:30")
    assert gap.astimezone(LISBON).time() == time(2, 30)
    assert next_run(gap, weekday=7, at=time(1, 30), zone=LISBON) == _utc("2027-04-04T00:30")


def test_a_time_that_comes_twice_is_taken_the_first_time_only() -> None:
    run = next_run(_utc("2026-10-30T00:00"), weekday=7, at=time(1, 30), zone=NEW_YORK)
    assert run == _utc("2026-11-01T05:30")
    again = next_run(run, weekday=7, at=time(1, 30), zone=NEW_YORK)
    assert again == _utc("2026-11-08T06:30")
    between = _utc("2026-11-01T06:00")  # after the first 01:30, before the second
    assert next_run(between, weekday=7, at=time(1, 30), zone=NEW_YORK) == again


@settings(max_examples=25, deadline=None)
@given(
    start=some.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2028, 1, 1)),
    weekday=some.integers(1, 7),
    at=some.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=some.sampled_from([LISBON, NEW_YORK, LORD_HOWE, ZoneInfo("UTC")]),
)
def test_there_is_exactly_one_run_in_every_week(start: datetime, weekday: int, at: time, zone: ZoneInfo) -> None:
    runs = [next_run(start.replace(tzinfo=UTC), weekday=weekday, at=at, zone=zone)]
    for _ in range(54):
        runs.append(next_run(runs[-1], weekday=weekday, at=at, zone=zone))
    for one, other in pairwise(runs):
        days = other.astimezone(zone).date() - one.astimezone(zone).date()
        assert timedelta(days=6) <= days <= timedelta(days=8)
        assert last_run(other - timedelta(seconds=1), weekday=weekday, at=at, zone=zone) == one
    weeks = {one.astimezone(zone).date().isocalendar()[:2] for one in runs}
    assert len(weeks) >= len(runs) - 1  # a time left out on a Sunday night may fall into the Monday
    assert last_run(runs[3], weekday=weekday, at=at, zone=zone) == runs[3]


def test_tries_grow_apart_and_end_after_a_day_and_a_half() -> None:
    now = start = _utc("2026-11-23T08:00")
    for tries in range(1, MOST_TRIES):
        found = next_try(tries, now)
        assert found == now + PAUSES[tries - 1]
        now = found
    assert next_try(MOST_TRIES, now) is None
    assert timedelta(days=1) < now - start < timedelta(days=2)


@pytest.mark.parametrize("minutes", [0, 1])
def test_a_run_is_after_the_moment_asked_about(minutes: int) -> None:
    run = _utc("2026-11-23T08:00")
    found = next_run(run - timedelta(minutes=minutes), weekday=1, at=time(8), zone=ZoneInfo("UTC"))
    assert found == (run if minutes else run + timedelta(days=7))
