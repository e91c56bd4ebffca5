"""Working days: counting, finishes, teams with days of their own, and the ends of the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.calendar import EPOCH, EVERY_DAY, LAST, WorkCalendar, day_number, numbered_day

MON, FRI, SAT, SUN = date(2026, 1, 5), date(2026, 1, 9), date(2026, 1, 10), date(2026, 1, 11)
NEXT_MON = date(2026, 1, 12)
OFFICE = WorkCalendar()
some_days = st.dates(date(2026, 1, 1), date(2026, 3, 31))
days = st.dates(date(2025, 12, 1), date(2026, 4, 30))


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    off = draw(st.frozensets(some_days, max_size=8))
    return WorkCalendar(
        weekend=draw(st.frozensets(st.integers(0, 6), max_size=6)),
        holidays=draw(st.frozensets(some_days, max_size=8)),
        days_off=off,
        extra_days=draw(st.frozensets(some_days, max_size=8)) - off,
    )


def walked(calendar: WorkCalendar, start: date, stop: date) -> int:
    """Working days in [start, stop), one day at a time."""
    return sum(calendar.is_working(start + timedelta(days=n)) for n in range((stop - start).days))


def test_a_holiday_and_a_day_off_are_not_worked_and_an_extra_day_is_even_on_a_holiday():
    team = WorkCalendar(holidays={MON, SAT}, days_off={FRI}, extra_days={SAT})  # type: ignore[arg-type]
    assert [team.is_working(MON + timedelta(days=n)) for n in range(7)] == [False, True, True, True, False, True, False]


def test_a_day_off_has_the_index_of_the_next_working_day():
    assert OFFICE.index(SAT) == OFFICE.index(SUN) == OFFICE.index(NEXT_MON) == OFFICE.index(FRI) + 1
    assert OFFICE.index(EPOCH) == 0
    assert OFFICE.day(0) == EPOCH


def test_adding_counts_from_the_next_working_day():
    assert OFFICE.add_working_days(MON, 5) == NEXT_MON
    assert OFFICE.add_working_days(SUN, 0) == NEXT_MON
    assert OFFICE.add_working_days(SUN, -1) == FRI
    assert OFFICE.add_working_days(NEXT_MON, -5) == MON


def test_next_and_previous_keep_a_working_day_and_leave_a_weekend():
    assert OFFICE.next_working_day(FRI) == OFFICE.previous_working_day(FRI) == FRI
    assert (OFFICE.previous_working_day(SUN), OFFICE.next_working_day(SAT)) == (FRI, NEXT_MON)


def test_five_days_from_a_monday_finish_on_saturday_inside_and_on_friday_as_shown():
    assert OFFICE.finish_shown(OFFICE.add_working_days(MON, 5)) == FRI
    assert OFFICE.finish_exclusive(FRI) == SAT
    assert OFFICE.finish_shown(OFFICE.finish_exclusive(FRI)) == FRI
    with pytest.raises(ValueError, match="2100"):
        OFFICE.finish_exclusive(LAST)


def test_teams_meet_on_real_dates_not_on_numbers():
    assert OFFICE.convert(OFFICE.index(NEXT_MON), EVERY_DAY) == day_number(NEXT_MON)
    assert EVERY_DAY.convert(EVERY_DAY.index(SAT), OFFICE) == OFFICE.index(NEXT_MON)


@given(calendars(), days, days)
def test_days_between_are_those_a_walk_counts_with_the_sign_of_the_direction(calendar, one, other):
    start, stop = sorted((one, other))
    assert calendar.working_days_between(start, stop) == walked(calendar, start, stop)
    assert calendar.working_days_between(stop, start) == -walked(calendar, start, stop)


@given(calendars(), days, st.integers(-40, 40))
def test_adding_then_taking_away_comes_back_to_a_working_day(calendar, day, count):
    there = calendar.add_working_days(day, count)
    assert calendar.is_working(there)
    assert calendar.working_days_between(day, there) == count
    assert calendar.add_working_days(there, -count) == calendar.next_working_day(day)


@given(calendars(), days)
def test_index_and_day_are_inverse_on_working_days(calendar, day):
    assert calendar.index(calendar.day(calendar.index(day))) == calendar.index(day)
    if calendar.is_working(day):
        assert calendar.day(calendar.index(day)) == day


@given(calendars(), days)
def test_next_and_previous_are_the_nearest_working_days(calendar, day):
    after, before = calendar.next_working_day(day), calendar.previous_working_day(day)
    assert before <= day <= after
    assert calendar.is_working(before)
    assert calendar.is_working(after)
    assert walked(calendar, before + timedelta(days=1), after) == 0


@given(calendars(), calendars())
def test_together_is_both_and_either_is_any(one, other):
    quarter = [date(2026, 1, 1) + timedelta(days=number) for number in range(90)]
    either = one.either_with(other)
    assert all(either.is_working(day) == (one.is_working(day) or other.is_working(day)) for day in quarter)
    both = [one.is_working(day) and other.is_working(day) for day in quarter]
    if any(both):
        together = one.together_with(other)
        assert [together.is_working(day) for day in quarter] == both
    else:
        with pytest.raises(ValueError, match="at least one working day"):
            one.together_with(other)


@given(calendars(), days)
def test_the_tables_say_what_is_working_says(calendar, day):
    axis, number = calendar.axis, day_number(day)
    assert axis.points[number + 1] - axis.points[number] == calendar.is_working(day)
    assert (number in axis.days) == calendar.is_working(day)


def test_more_holidays_leave_the_teams_own_days_alone():
    team = OFFICE.with_team(days_off={MON}, extra_days={SAT}).with_holidays({FRI, SAT})
    assert [team.is_working(day) for day in (MON, FRI, SAT)] == [False, False, True]
    assert OFFICE.is_working(MON)


def test_equal_calendars_share_their_tables():
    assert WorkCalendar(holidays=frozenset({MON})).axis is WorkCalendar(holidays=frozenset({MON})).axis


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2101, 1, 1), date.min, date.max])
def test_a_date_outside_the_calendar_is_refused_with_its_bounds(day):
    for ask in (OFFICE.is_working, OFFICE.index, OFFICE.next_working_day, OFFICE.previous_working_day):
        with pytest.raises(ValueError, match=f"{day.isoformat()} is outside .* from 1970 to 2100"):
            ask(day)


def test_a_count_that_leaves_the_calendar_is_refused():
    assert (OFFICE.is_working(LAST), OFFICE.next_working_day(EPOCH)) == (True, EPOCH)
    for day, count in ((LAST, 1), (EPOCH, -1), (MON, 50_000), (MON, -50_000)):
        with pytest.raises(ValueError, match="from 1970 to 2100"):
            OFFICE.add_working_days(day, count)
    for number in (-1, day_number(LAST) + 1):
        with pytest.raises(ValueError, match="from 1970 to 2100"):
            numbered_day(number)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"weekend": frozenset({7})}, "weekdays from 0"),
        ({"weekend": frozenset(range(7))}, "at least one working day"),
        ({"days_off": frozenset({SAT}), "extra_days": frozenset({SAT})}, "2026-01-10 cannot be a day off and"),
        ({"holidays": frozenset({date(2101, 1, 1)})}, "outside the working calendar"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(facts, told):
    with pytest.raises(ValueError, match=told):
        WorkCalendar(**facts)
