"""Weeks: labels, borders in UTC across clock changes, and the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.periods import Week, day_start, days_in, local_day, week_in_review, weeks_ending

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
# Clocks that change at midnight, whole days left out, half hours, far east and far west.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Asia/Kolkata",
        "America/St_Johns", "Pacific/Kiritimati", "Pacific/Kwajalein", "Australia/Lord_Howe", "Africa/Cairo",
        "Asia/Amman", "America/Havana", "America/Toronto", "Asia/Manila", "America/Juneau", "Pacific/Guam",
    )
]  # fmt: skip
zones = st.sampled_from(ZONES)
weeks = st.dates(date(2, 1, 1), date(9998, 12, 20)).map(lambda day: Week(day - timedelta(days=day.weekday())))
modern_weeks = st.dates(date(1850, 1, 1), date(2100, 1, 1)).map(lambda day: Week(day - timedelta(days=day.weekday())))
instants = st.datetimes(datetime(1850, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


def test_a_label_names_its_monday_and_sunday():
    week = Week.parse("2026-W47")
    assert (week.monday, week.sunday, week.number, week.label) == (
        date(2026, 11, 16),
        date(2026, 11, 22),
        47,
        "2026-W47",
    )


def test_the_iso_year_is_not_the_calendar_year_around_new_year():
    assert Week.of(datetime(2027, 1, 3, 12, tzinfo=UTC), BERLIN).label == "2026-W53"
    assert Week.of(datetime(2024, 12, 30, 12, tzinfo=UTC), BERLIN).label == "2025-W01"
    assert Week.parse("2026-W53").next().label == "2027-W01"
    assert Week.parse("2025-W01").previous().label == "2024-W52"


@pytest.mark.parametrize("label", ["2026-W00", "2026-W54", "2025-W53", "2026-W99"])
def test_a_week_that_its_year_does_not_have_is_refused_with_the_weeks_it_has(label):
    last = "W53" if label.startswith("2026") else "W52"
    with pytest.raises(ValueError, match=f"{label[:4]} has the weeks W01 to {last}; there is no {label[5:]}"):
        Week.parse(label)


@pytest.mark.parametrize(
    "label",
    ["", "2026", "2026-47", "2026W47", "2026-W7", "2026-w47", " 2026-W47", "2026-W47\n", "26-W47", "٢٠٢٦-W47"],
)
def test_anything_else_is_refused_with_an_example(label):
    with pytest.raises(ValueError, match=r"is not a week\. Write it like 2026-W47\."):
        Week.parse(label)


@pytest.mark.parametrize("label", ["0000-W01", "0001-W01", "9999-W01", "9999-W52"])
def test_the_ends_of_the_calendar_are_refused(label):
    with pytest.raises(ValueError, match="outside the calendar"):
        Week.parse(label)


@pytest.mark.parametrize(
    "instant", [datetime.min, datetime.max, datetime(1, 1, 8), datetime(9999, 12, 26), datetime(9999, 6, 1)]
)
@pytest.mark.parametrize("zone", [ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago"), ZoneInfo("UTC")])
def test_instants_at_the_ends_of_the_calendar_are_a_value_error_not_an_overflow(instant, zone):
    with pytest.raises(ValueError, match="outside the calendar"):
        Week.of(instant.replace(tzinfo=UTC), zone)


def test_walking_off_the_calendar_is_a_value_error_not_an_overflow():
    week = Week.parse("2026-W47")
    for far in (10**6, -(10**6), 10**12, -(10**12)):
        with pytest.raises(ValueError, match="outside the calendar"):
            week.shift(far)
    with pytest.raises(ValueError, match="outside the calendar"):
        Week.parse("9998-W53").next()
    with pytest.raises(ValueError, match="outside the calendar"):
        weeks_ending(Week.parse("0002-W01"), 2)


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_and_the_last_week_have_bounds_in_every_zone(zone):
    for label in ("0002-W01", "9998-W53"):
        start, end = Week.parse(label).bounds(zone)
        assert start < end


def test_days_at_the_very_ends_are_a_value_error_not_an_overflow():
    tokyo = ZoneInfo("Asia/Tokyo")
    with pytest.raises(ValueError, match="outside the calendar"):
        day_start(date(1, 1, 1), tokyo)
    with pytest.raises(ValueError, match="outside the calendar"):
        local_day(datetime.max.replace(tzinfo=UTC), tokyo)


def test_a_week_is_its_monday():
    with pytest.raises(ValueError, match="starts on a Monday; 2026-11-17"):
        Week(date(2026, 11, 17))


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("2026-W47", "16–22 Nov 2026"),
        ("2026-W49", "30 Nov – 6 Dec 2026"),
        ("2026-W53", "28 Dec 2026 – 3 Jan 2027"),
        ("2026-W10", "2–8 Mar 2026"),
    ],
)
def test_a_title_says_no_month_or_year_twice(label, title):
    assert Week.parse(label).title == title


def test_a_week_runs_from_local_midnight_to_local_midnight():
    assert Week.parse("2026-W47").bounds(BERLIN) == (
        datetime(2026, 11, 15, 23, tzinfo=UTC),
        datetime(2026, 11, 22, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("label", "zone", "hours"),
    [
        ("2026-W13", BERLIN, 167), ("2026-W43", BERLIN, 169), ("2026-W47", BERLIN, 168),
        ("2026-W10", NEW_YORK, 167), ("2026-W44", NEW_YORK, 169), ("2026-W10", BERLIN, 168),
    ],
)  # fmt: skip
def test_a_week_is_an_hour_shorter_or_longer_when_the_clocks_change(label, zone, hours):
    start, end = Week.parse(label).bounds(zone)
    assert (end - start) / HOUR == hours
    assert start.tzinfo is UTC


def test_a_monday_without_midnight_starts_when_the_clocks_have_jumped():
    # Searched for, so that the claim does not hang on one country's history.
    found = 0
    for zone in ZONES:
        for label in (f"{year}-W{number:02}" for year in range(1920, 2026) for number in range(1, 53)):
            start, _ = Week.parse(label).bounds(zone)
            local = start.astimezone(zone)
            if (local.hour, local.minute) != (0, 0):
                found += 1
                assert local.date() >= Week.parse(label).monday
                assert (start - timedelta(seconds=1)).astimezone(zone).date() < Week.parse(label).monday
    assert found


def test_a_day_without_midnight_starts_at_the_jump():
    # São Paulo, Sunday 4 November 2018: 00:00 became 01:00, at 03:00 UTC.
    zone = ZoneInfo("America/Sao_Paulo")
    assert day_start(date(2018, 11, 4), zone) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    # Beirut, Sunday 28 March 2021: 00:00 became 01:00, at 22:00 UTC of the day before.
    assert day_start(date(2021, 3, 28), ZoneInfo("Asia/Beirut")) == datetime(2021, 3, 27, 22, tzinfo=UTC)


def test_a_gap_that_begins_before_midnight_starts_the_day_at_the_jump_and_not_later():
    # Toronto, 30 March 1919: 23:30 became 00:30 of the 31st, a Monday.
    zone = ZoneInfo("America/Toronto")
    start = day_start(date(1919, 3, 31), zone)
    assert start.astimezone(zone).replace(tzinfo=None) == datetime(1919, 3, 31, 0, 30)
    assert local_day(start - timedelta(microseconds=1), zone) == date(1919, 3, 30)


def test_a_day_that_was_skipped_starts_where_the_next_one_does():
    # Samoa crossed the date line: there was no Friday 30 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    assert day_start(date(2011, 12, 30), apia) == day_start(date(2011, 12, 31), apia)
    start, end = Week.of(datetime(2011, 12, 28, 12, tzinfo=UTC), apia).bounds(apia)
    assert (end - start) / HOUR == 144


def test_a_partial_week_is_one_whose_end_is_still_to_come():
    week = Week.parse("2026-W47")
    end = week.bounds(BERLIN)[1]
    assert week.is_partial(end - timedelta(microseconds=1), BERLIN)
    assert not week.is_partial(end, BERLIN)
    assert week.is_partial(end, NEW_YORK)


def test_weeks_ending_are_in_order_and_include_the_last():
    week = Week.parse("2027-W01")
    assert [one.label for one in weeks_ending(week, 3)] == ["2026-W52", "2026-W53", "2027-W01"]
    assert weeks_ending(week, 1) == (week,)
    with pytest.raises(ValueError, match="at least one week"):
        weeks_ending(week, 0)


def test_the_local_day_is_the_organisations():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_day(late, BERLIN) == date(2026, 11, 23)
    assert local_day(late, NEW_YORK) == date(2026, 11, 22)
    assert Week.of(late, BERLIN).label == "2026-W48"
    assert Week.of(late, NEW_YORK).label == "2026-W47"


def test_days_in_counts_each_local_day_once():
    at = [datetime(2026, 11, 16, hour, tzinfo=UTC) for hour in (1, 4, 6, 23)]
    assert days_in(at, NEW_YORK) == {date(2026, 11, 15), date(2026, 11, 16)}
    assert days_in([], NEW_YORK) == frozenset()


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2026, 11, 16)
    for call in (
        lambda: Week.of(naive, BERLIN),
        lambda: local_day(naive, BERLIN),
        lambda: Week.parse("2026-W47").is_partial(naive, BERLIN),
    ):
        with pytest.raises(ValueError, match="has no zone"):
            call()


@given(weeks)
def test_a_label_reads_back_as_the_same_week(week):
    assert Week.parse(week.label) == week
    assert str(week) == week.label


@given(modern_weeks, zones)
def test_weeks_tile_time_without_gap_or_overlap_in_any_zone(week, zone):
    start, end = week.bounds(zone)
    assert start < end == week.next().bounds(zone)[0]
    assert Week.of(start, zone) == week
    assert Week.of(end - timedelta(microseconds=1), zone) == week
    assert Week.of(end, zone) == week.next()


@given(instants, zones)
def test_the_week_of_an_instant_is_the_one_whose_bounds_hold_it(instant, zone):
    start, end = Week.of(instant, zone).bounds(zone)
    assert start <= instant < end


@given(instants, zones)
def test_a_local_day_starts_no_later_than_any_of_its_instants(instant, zone):
    day = local_day(instant, zone)
    start = day_start(day, zone)
    assert start <= instant
    assert local_day(start, zone) >= day
    assert local_day(start - timedelta(microseconds=1), zone) < day


@given(weeks, st.integers(-500, 500))
def test_weeks_sort_by_time_and_shift_there_and_back(week, by):
    try:
        other = week.shift(by)
    except ValueError:
        return
    assert other.shift(-by) == week
    assert (other > week) == (by > 0)
    assert week not in {other} or by == 0


@pytest.mark.parametrize(
    ("now", "label"),
    [
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), "2026-W48"),
        (datetime(2027, 1, 4, 8, 0, tzinfo=UTC), "2026-W53"),
    ],
)
def test_on_a_monday_the_week_in_review_is_the_one_that_has_just_become_whole(now: datetime, label: str) -> None:
    assert week_in_review(now, ZoneInfo("UTC")).label == label
