"""Who left and who stayed: the worked example, the edges, and what must hold for any stints."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.attrition import Attrition, Stint, attrition, retention, year_before

UNTIL = date(2026, 11, 22)
SINCE = date(2025, 11, 22)
LONG_AGO = date(2020, 1, 1)
SPRING = date(2026, 4, 15)


def people(count: int, *, first: int = 0, **facts: object) -> list[Stint]:
    return [Stint(person=first + n, **{"started_on": LONG_AGO} | facts) for n in range(count)]  # type: ignore[arg-type]


def test_twelve_leavers_between_200_and_210_people_are_5_85_percent() -> None:
    stints = people(188) + people(12, first=188, ended_on=SPRING, separation=True)
    stints += people(22, first=200, started_on=SPRING)
    year = attrition(stints, until=UNTIL)
    assert (year.opening, year.closing, year.left) == (200, 210, 12)
    assert year.rate == pytest.approx(0.0585, abs=0.00005)


def test_a_squad_of_four_has_counts_and_no_percentage() -> None:
    year = attrition([*people(3), Stint(9, LONG_AGO, SPRING, separation=True)], until=UNTIL)
    assert (year.left, year.rate, year.senior_rate) == (1, None, None)


def test_a_team_that_shrank_under_five_has_no_percentage_either() -> None:
    year = attrition(people(4) + people(4, first=4, ended_on=SPRING, separation=True), until=UNTIL)
    assert year.average == 6
    assert year.rate is None


def test_nobody_at_all_is_no_rate_and_not_zero() -> None:
    assert attrition([], until=UNTIL).rate is None
    assert retention([], until=UNTIL).rate is None
    assert retention([], until=UNTIL).words == ""


def test_departures_are_split_into_seniors_and_regretted() -> None:
    stints = people(8)
    stints += [Stint(20, LONG_AGO, SPRING, level=3, separation=True, regretted=True)]
    stints += [Stint(21, LONG_AGO, SPRING, level=2, separation=True)]
    year = attrition(stints, until=UNTIL)
    assert (year.left, year.left_senior, year.left_regretted) == (2, 1, 1)
    assert year.senior_rate == year.rate / 2  # type: ignore[operator]


def test_a_move_inside_the_scope_is_no_departure_and_a_move_out_of_it_is_not_a_separation() -> None:
    inside = [Stint(1, LONG_AGO, SPRING), Stint(1, SPRING + timedelta(days=1))]
    year = attrition(inside, until=UNTIL)
    assert (year.left, year.moved_away, year.joined, year.closing) == (0, 0, 0, 1)
    out = attrition(inside[:1], until=UNTIL)
    assert (out.left, out.moved_away, out.closing) == (0, 1, 0)


def test_leaving_one_of_two_teams_is_no_departure_from_the_group() -> None:
    both = [Stint(1, LONG_AGO, SPRING, separation=True), Stint(1, LONG_AGO)]
    assert attrition(both, until=UNTIL).left == 0


def test_the_last_day_is_still_a_day_in_the_team() -> None:
    last_day_today = [Stint(1, LONG_AGO, UNTIL, separation=True)]
    assert (attrition(last_day_today, until=UNTIL).left, attrition(last_day_today, until=UNTIL).closing) == (0, 1)
    assert attrition(last_day_today, until=UNTIL + timedelta(days=1)).left == 1


def test_retention_follows_the_people_of_the_start_and_not_the_newcomers() -> None:
    stints = people(4, level=3) + people(6, first=10, started_on=SPRING, level=3)
    stints[0] = replace(stints[0], ended_on=SPRING, separation=True)
    kept = retention(stints, until=UNTIL, seniors_only=True)
    assert (kept.cohort, kept.stayed, kept.left) == (4, 3, 1)
    assert kept.words == "3 of 4 stayed"
    assert attrition(stints, until=UNTIL).rate != 1 - 3 / 4


def test_a_senior_with_a_last_day_ahead_is_leaving() -> None:
    stints = [*people(3, level=3), Stint(9, LONG_AGO, UNTIL + timedelta(days=19), level=4, separation=True)]
    kept = retention(stints, until=UNTIL, seniors_only=True)
    assert kept.words == "4 of 4 stayed, 1 leaving"


def test_a_promotion_is_growth_and_not_a_departure() -> None:
    stints = [Stint(1, LONG_AGO, SPRING, level=3), Stint(1, SPRING + timedelta(days=1), level=4)]
    kept = retention(stints, until=UNTIL, seniors_only=True)
    assert (kept.stayed, kept.grew) == (1, 1)


def test_somebody_who_left_and_came_back_has_left() -> None:
    stints = [Stint(1, LONG_AGO, SPRING, separation=True), Stint(1, SPRING + timedelta(days=90))]
    kept = retention(stints, until=UNTIL)
    assert (kept.stayed, kept.left) == (0, 1)


def test_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    assert year_before(date(2028, 2, 29)) == date(2027, 2, 28)


@st.composite
def stint(draw: st.DrawFn) -> Stint:
    started_on = SINCE + timedelta(days=draw(st.integers(-400, 500)))
    length = draw(st.none() | st.integers(0, 500))
    ended_on = None if length is None else started_on + timedelta(days=length)
    separation = ended_on is not None and draw(st.booleans())
    return Stint(
        person=draw(st.integers(1, 6)),
        started_on=started_on,
        ended_on=ended_on,
        level=draw(st.integers(0, 5)),
        separation=separation,
        regretted=separation and draw(st.booleans()),
    )


stints_of_few = st.lists(stint(), max_size=14)


def present(stints: list[Stint], day: date) -> set[int]:
    return {one.person for one in stints if one.covers(day)}


@given(stints_of_few)
def test_headcounts_add_up_and_agree_with_counting_heads(stints: list[Stint]) -> None:
    year = attrition(stints, until=UNTIL)
    assert year.opening == len(present(stints, SINCE))
    assert year.closing == len(present(stints, UNTIL))
    assert year.opening + year.joined - year.left - year.moved_away == year.closing
    assert 0 <= max(year.left_senior, year.left_regretted) <= year.left


@given(stints_of_few)
def test_departures_agree_with_walking_day_by_day(stints: list[Stint]) -> None:
    left = 0
    for ahead in range(1, (UNTIL - SINCE).days + 1):
        day = SINCE + timedelta(days=ahead)
        gone = present(stints, day - timedelta(days=1)) - present(stints, day)
        ends = [one for one in stints if one.ended_on == day - timedelta(days=1) and one.separation]
        left += len(gone & {one.person for one in ends})
    assert attrition(stints, until=UNTIL).left == left


@given(stints_of_few, st.booleans())
def test_the_cohort_is_divided_without_a_rest(stints: list[Stint], seniors_only: bool) -> None:
    kept = retention(stints, until=UNTIL, seniors_only=seniors_only)
    assert kept.stayed + kept.left + kept.moved_away == kept.cohort
    assert 0 <= max(kept.leaving, kept.grew) <= kept.stayed
    assert kept.cohort <= attrition(stints, until=UNTIL).opening


@given(stints_of_few, st.randoms())
def test_the_order_of_the_rows_does_not_matter(stints: list[Stint], random: object) -> None:
    mixed = list(stints)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert attrition(mixed, until=UNTIL) == attrition(stints, until=UNTIL)
    assert retention(mixed, until=UNTIL) == retention(stints, until=UNTIL)


@given(stints_of_few)
def test_two_years_one_after_the_other_add_up(stints: list[Stint]) -> None:
    middle = SINCE + timedelta(days=100)
    first = attrition(stints, since=SINCE, until=middle)
    second = attrition(stints, since=middle, until=UNTIL)
    whole: Attrition = attrition(stints, since=SINCE, until=UNTIL)
    assert first.closing == second.opening
    assert (first.left + second.left, first.joined + second.joined) == (whole.left, whole.joined)
