"""Dates, floats, driving paths, deadlines, loops and what-ifs; the worked example, properties, and a slow twin."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.activities import in_order
from delivery.calendar import EVERY_DAY, WorkCalendar
from delivery.schedule import Activity, Deadline, Kind, LagIn, Link, Loop, Schedule, find_cycle, schedule
from delivery.whatif import Absorbed, FloatChange, compare
from tests.delivery.slow_schedule import DAY, Slow, small_network, walk

START = date(2026, 1, 5)  # a Monday
OFFICE = WorkCalendar()
SHIFTS = EVERY_DAY
LINKS = (
    Link(before="A", after="B"),
    Link(before="A", after="C", kind=Kind.SS, lag=5),
    Link(before="C", after="B", kind=Kind.FF, lag=2),
    Link(before="B", after="V", lag=5),
)
DUE = Deadline(id="due", activity="V", date=date(2026, 3, 20))


def golden(*, a_days: int = 20, holidays: frozenset[date] = frozenset()) -> Schedule:
    calendar = WorkCalendar(holidays=holidays)
    durations = {"A": a_days, "B": 15, "C": 8, "V": 10}
    work = [Activity(id=id_, duration_days=days, calendar=calendar) for id_, days in durations.items()]
    return schedule(work, LINKS, start=START, deadlines=[DUE])


def activity(id_: str, days: int, calendar: WorkCalendar = OFFICE, **facts: date) -> Activity:
    return Activity(id=id_, duration_days=days, calendar=calendar, **facts)


def plan(activities: list[Activity], *links: Link, status_date: date | None = None, **due: date) -> Schedule:
    deadlines = [Deadline(id=id_, activity=id_, date=day) for id_, day in due.items()]
    return schedule(activities, links, start=START, status_date=status_date, deadlines=deadlines)


def planned(slow: Slow) -> Schedule:
    deadlines = [
        Deadline(id=one.id, activity=one.id, date=date(2026, 1, 9) + len(slow.links) * DAY) for one in slow.activities
    ]
    return schedule(slow.activities, slow.links, start=slow.start, status_date=slow.status, deadlines=deadlines)


def dates(one: Schedule, id_: str) -> tuple[date, date]:
    return one[id_].early_start, one[id_].early_finish


def days(one: Schedule, id_: str) -> tuple[int, int]:
    """Early start and exclusive early finish, in working days from the start."""
    first, last = dates(one, id_)
    return OFFICE.working_days_between(START, first), OFFICE.working_days_between(START, last + DAY)


# The worked example


def test_the_worked_example_lands_on_13_march_after_50_days_and_five_before_its_deadline():
    found = golden()
    assert [days(found, id_) for id_ in "ABCV"] == [(0, 20), (20, 35), (5, 13), (40, 50)]
    assert (found.finish, found.deadline_float("due")) == (date(2026, 3, 13), 5)
    assert [found[id_].total_float_days for id_ in "ABCV"] == [0, 0, 20, 0]
    assert found.link_floats == (0, 0, 20, 0)
    assert [found[id_].free_float_days for id_ in "ABCV"] == [0, 0, 20, 0]


def test_its_critical_path_is_what_drives_the_vendor_and_a_loose_deadline_does_not_hide_it():
    found = golden()
    assert [(step.activity, step.link) for step in found.driving_path("V")] == [
        ("A", None),
        ("B", LINKS[0]),
        ("V", LINKS[3]),
    ]
    assert found.critical("V") == {"A", "B", "V"}
    assert found.critical("C") == {"A", "C"}
    assert [found.days_to_spare(id_, "due") for id_ in "ABCV"] == [5, 5, 25, 5]
    assert [found.latest_safe(id_, "due") for id_ in "ABCV"] == [
        date(2026, 2, 6),
        date(2026, 2, 27),
        date(2026, 2, 25),
        date(2026, 3, 20),
    ]


def test_ten_more_days_for_a_make_it_seven_days_late_and_give_c_ten_more_to_spare():
    found = golden(a_days=30)
    assert found.finish == date(2026, 3, 27)
    assert (found.finish - DUE.date).days == 7
    assert found.deadline_float("due") == -5
    assert found["C"].total_float_days == 30
    assert found.critical("V") == {"A", "B", "V"}
    assert found.latest_safe("A", "due") == date(2026, 2, 6)


def test_two_holidays_more_make_it_eleven_days_late():
    found = golden(a_days=30, holidays=frozenset({date(2026, 1, 19), date(2026, 2, 16)}))
    assert found.finish == date(2026, 3, 31)
    assert (found.finish - DUE.date).days == 11
    assert found.deadline_float("due") == -7


def test_the_what_if_says_what_moves_and_leaves_the_base_alone():
    base = golden()
    found = compare(base, golden(a_days=30))
    assert {move.id: (move.start_days, move.finish_days, move.finish_working_days) for move in found.moved} == {
        "A": (0, 14, 10),
        "B": (14, 14, 10),
        "V": (14, 14, 10),
    }
    assert found.floats == (FloatChange(id="C", before_days=20, after_days=30),)
    assert found.deadlines == (FloatChange(id="due", before_days=5, after_days=-5),)
    assert (found.finish_before, found.finish_after) == (date(2026, 3, 13), date(2026, 3, 27))
    assert base.finish == date(2026, 3, 13)


# Links, lags and calendars


@pytest.mark.parametrize(
    ("kind", "lag", "expected"),
    [
        (Kind.FS, 0, (4, 6)), (Kind.FS, 3, (7, 9)), (Kind.FS, -3, (1, 3)), (Kind.SS, 0, (1, 3)), (Kind.SS, 2, (3, 5)),
        (Kind.SS, -1, (0, 2)), (Kind.FF, 0, (2, 4)), (Kind.FF, 2, (4, 6)), (Kind.FF, -1, (1, 3)), (Kind.SF, 0, (0, 2)),
        (Kind.SF, 4, (3, 5)), (Kind.SF, -4, (0, 2)),
    ],
)  # fmt: skip
def test_each_kind_of_link_holds_its_own_end(kind, lag, expected):
    work = [activity("first", 3, no_earlier_than=date(2026, 1, 6)), activity("then", 2)]
    assert days(plan(work, Link(before="first", after="then", kind=kind, lag=lag)), "then") == expected


@pytest.mark.parametrize(
    ("lag", "lag_in", "starts"),
    [
        (2, LagIn.WORKING, date(2026, 1, 14)),
        (2, LagIn.CALENDAR, date(2026, 1, 12)),
        (4, LagIn.CALENDAR, date(2026, 1, 14)),
        (-2, LagIn.WORKING, date(2026, 1, 8)),
        (-2, LagIn.CALENDAR, date(2026, 1, 8)),
    ],
)
def test_a_lag_over_the_weekend_counts_it_in_calendar_days_only(lag, lag_in, starts):
    work = [activity("first", 5), activity("then", 1)]
    found = plan(work, Link(before="first", after="then", lag=lag, lag_in=lag_in))
    assert found["then"].early_start == starts


def test_a_working_lag_is_counted_on_the_days_of_the_one_after():
    for team, starts in ((OFFICE, date(2026, 1, 14)), (SHIFTS, date(2026, 1, 12))):
        found = plan([activity("first", 5), activity("then", 1, team)], Link(before="first", after="then", lag=2))
        assert found["then"].early_start == starts


def test_a_team_that_works_on_saturday_goes_on_at_once_and_one_that_does_not_waits():
    for team, expected in ((SHIFTS, (date(2026, 1, 10), date(2026, 1, 11))), (OFFICE, (date(2026, 1, 12),) * 2)):
        days_needed = 2 if team is SHIFTS else 1
        found = plan([activity("first", 5), activity("then", days_needed, team)], Link(before="first", after="then"))
        assert dates(found, "then") == expected


def test_work_that_finishes_on_a_sunday_keeps_the_office_from_finishing_on_friday():
    found = plan([activity("first", 7, SHIFTS), activity("then", 1)], Link(before="first", after="then", kind=Kind.FF))
    assert found["then"].early_finish == date(2026, 1, 12)


def test_a_teams_holiday_stretches_its_own_work_only():
    away = OFFICE.with_team(days_off={date(2026, 1, 7)})
    found = plan([activity("theirs", 5, away), activity("ours", 5)])
    assert (found["theirs"].early_finish, found["ours"].early_finish) == (date(2026, 1, 12), date(2026, 1, 9))
    assert found["ours"].total_float_days == 1


def test_a_milestone_passes_on_the_real_day_whatever_its_calendar():
    for before, gate, after, start in (
        (OFFICE, OFFICE, SHIFTS, date(2026, 1, 10)),
        (SHIFTS, OFFICE, SHIFTS, date(2026, 1, 10)),
    ):
        found = plan(
            [activity("first", 5, before), activity("gate", 0, gate), activity("then", 1, after)],
            Link(before="first", after="gate"),
            Link(before="gate", after="then"),
        )
        assert (found["then"].early_start, found["gate"].early_finish) == (start, date(2026, 1, 9))


def test_a_milestone_is_shown_at_the_end_that_brings_it_or_at_the_beginning_it_waits_for():
    work = [activity("kick-off", 0), activity("work", 5), activity("done", 0)]
    found = plan(work, Link(before="kick-off", after="work"), Link(before="work", after="done"))
    assert [found[id_].early_finish for id_ in ("kick-off", "work", "done")] == [START, *[date(2026, 1, 9)] * 2]
    assert [found[id_].late_finish for id_ in ("kick-off", "work", "done")] == [START, *[date(2026, 1, 9)] * 2]
    assert dates(plan([activity("go", 0, no_earlier_than=date(2026, 1, 10))]), "go") == (date(2026, 1, 12),) * 2
    late = plan([activity("week", 7, SHIFTS), activity("done", 0)], Link(before="week", after="done"))
    assert late["done"].early_finish == date(2026, 1, 12)


def test_a_milestone_in_midweek_is_shown_on_the_day_that_holds_it():
    wednesday = date(2026, 1, 7)
    assert dates(plan([activity("go", 0)], status_date=wednesday), "go") == (wednesday, wednesday)
    work = [activity("first", 2), activity("gate", 0), activity("then", 1)]
    by_end = plan(work, Link(before="first", after="gate"))
    by_beginning = plan(work, Link(before="first", after="then"), Link(before="then", after="gate", kind=Kind.SS))
    assert (by_end["gate"].early_finish, by_beginning["gate"].early_finish) == (date(2026, 1, 6), wednesday)


def test_work_that_would_begin_a_milestone_a_day_later_has_one_day_less_to_spare():
    work = [activity("first", 3), activity("beside", 9), activity("gate", 0), activity("then", 9)]
    begins = Link(before="beside", after="gate", kind=Kind.SS)
    links = Link(before="first", after="gate"), begins, Link(before="gate", after="then")
    found = plan(work, *links)
    assert (found["gate"].early_finish, found.free_float_of(begins)) == (date(2026, 1, 7), 2)
    for days_late, shown in ((2, date(2026, 1, 7)), (3, date(2026, 1, 8))):
        later = replace(work[1], no_earlier_than=OFFICE.add_working_days(START, days_late))
        assert plan([work[0], later, *work[2:]], *links)["gate"].early_finish == shown


def test_a_milestone_that_begins_a_monday_is_late_for_the_friday_before():
    found = plan([activity("go", 0, no_earlier_than=date(2026, 1, 12))], go=date(2026, 1, 9))
    assert found.deadline_float("go") == -1
    assert found.latest_safe("go", "go") == date(2026, 1, 9)
    assert found.days_to_spare("go", "go") == -1
    on_time = plan([activity("go", 0, no_earlier_than=date(2026, 1, 12))], go=date(2026, 1, 12))
    assert on_time.deadline_float("go") == 0


# Bounds and facts


def test_the_project_the_status_date_and_no_earlier_than_each_hold_a_start():
    found = plan([activity("a", 1), activity("b", 1, no_earlier_than=date(2026, 1, 10))])
    assert (found["a"].early_start, found["b"].early_start) == (START, date(2026, 1, 12))
    found = plan([activity("a", 1), activity("b", 1, no_earlier_than=START)], status_date=date(2026, 1, 8))
    assert found["a"].early_start == found["b"].early_start == date(2026, 1, 8)


def test_late_dates_are_not_held_at_the_status_date_or_the_start():
    found = plan([activity("a", 10)], status_date=date(2026, 2, 2), a=date(2026, 1, 9))
    assert found.deadline_float("a") == -25
    assert found.latest_safe("a", "a") == date(2026, 1, 9)
    chain = plan([activity("a", 10), activity("b", 10)], Link(before="a", after="b"), b=date(2026, 1, 9))
    assert chain.latest_safe("a", "b") == date(2025, 12, 26)


def test_delivered_work_is_a_fact_that_nothing_moves_and_what_follows_starts_from_it():
    done = activity("done", 9, no_earlier_than=date(2026, 3, 2), fixed_start=START, fixed_finish=date(2026, 1, 10))
    late = activity("late", 20)
    links = Link(before="late", after="done"), Link(before="done", after="then")
    found = plan([done, late, activity("then", 1)], *links, then=date(2026, 1, 30))
    assert dates(found, "done") == (START, date(2026, 1, 10))
    assert found["then"].early_start == date(2026, 1, 12)
    assert (found["done"].total_float_days, found["done"].free_float_days, found["done"].is_delivered) == (
        None,
        None,
        True,
    )
    assert found.link_floats == (None, None)
    assert found.latest_safe("late", "then") is None
    assert [step.activity for step in found.driving_path("done")] == ["done"]
    assert [step.activity for step in found.driving_path("then")] == ["done", "then"]


def test_a_delivered_activity_says_how_early_or_late_it_was():
    for finished, left in ((date(2026, 1, 7), 2), (date(2026, 1, 9), 0), (date(2026, 1, 13), -2)):
        found = plan([activity("done", 0, fixed_finish=finished)], done=date(2026, 1, 9))
        assert found.deadline_float("done") == left
        assert found.latest_safe("done", "done") is None


def test_work_under_way_keeps_its_start_and_does_what_remains_from_the_status_date():
    begun = activity("begun", 3, fixed_start=START, no_earlier_than=date(2026, 5, 1))
    found = plan(
        [begun, activity("beside", 1), activity("then", 1)],
        Link(before="begun", after="beside", kind=Kind.SS, lag=1),
        Link(before="begun", after="then"),
        status_date=date(2026, 1, 14),
    )
    assert dates(found, "begun") == (START, date(2026, 1, 16))
    assert found["begun"].late_start == START
    assert found["beside"].early_start == date(2026, 1, 14)
    assert found["then"].early_start == date(2026, 1, 19)
    assert found.link_floats == (None, 0)


def test_what_remains_of_work_under_way_still_waits_for_its_links():
    begun = activity("begun", 2, fixed_start=START)
    found = plan([activity("first", 5), begun], Link(before="first", after="begun"), status_date=date(2026, 1, 7))
    assert dates(found, "begun") == (START, date(2026, 1, 15))


def test_two_activities_that_set_a_date_together_are_both_critical():
    work = [activity("long", 5), activity("as long", 5), activity("short", 4), activity("end", 1)]
    found = plan(work, *(Link(before=one, after="end") for one in ("long", "as long", "short")))
    assert found.critical("end") == {"long", "as long", "end"}
    assert [step.activity for step in found.driving_path("end")] == ["long", "end"]
    assert found["short"].total_float_days == 1


def test_a_path_follows_the_one_that_finishes_last_and_stops_at_a_start_that_is_a_fact():
    work = [activity("short", 1), activity("long", 5), activity("end", 1)]
    found = plan(work, Link(before="short", after="end", kind=Kind.SS, lag=5), Link(before="long", after="end"))
    assert [step.activity for step in found.driving_path("end")] == ["long", "end"]
    assert found.critical("end") == {"short", "long", "end"}
    work = [activity("first", 9), activity("begun", 3, fixed_start=START), activity("beside", 1)]
    beside = Link(before="begun", after="beside", kind=Kind.SS, lag=2)
    found = plan(work, Link(before="first", after="begun"), beside)
    assert [step.activity for step in found.driving_path("beside")] == ["begun", "beside"]
    assert found.critical("beside") == {"begun", "beside"}
    assert found.critical("begun") == {"first", "begun"}


def test_days_to_spare_are_told_for_each_deadline_apart():
    work = [activity("a", 5), activity("b", 5), activity("c", 1)]
    found = plan(work, Link(before="a", after="b"), b=date(2026, 1, 14), c=date(2026, 1, 9), a=date(2026, 1, 16))
    assert [found.deadline_float(id_) for id_ in "abc"] == [5, -2, 4]
    assert [found.days_to_spare("a", id_) for id_ in "abc"] == [5, -2, None]


def test_nothing_at_all_has_no_finish():
    found = plan([])
    assert (found.finish, list(found), len(found), "a" in found) == (None, [], 0, False)


# Loops and mistakes


def test_a_link_that_closes_a_loop_is_told_with_the_shortest_loop():
    chain = [Link(before=a, after=b) for a, b in ("ab", "bc", "cd", "de", "bd")]
    assert find_cycle(chain, Link(before="e", after="a")) == ["e", "a", "b", "d", "e"]
    detour = [Link(before=a, after=b) for a, b in ("az", "zy", "yd")]
    assert find_cycle([*detour, *chain], Link(before="e", after="a")) == ["e", "a", "b", "d", "e"]
    assert find_cycle(chain, Link(before="b", after="a")) == ["b", "a", "b"]
    assert find_cycle(chain, Link(before="a", after="e")) is None
    assert find_cycle([], Link(before="a", after="a")) == ["a", "a"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14), st.randoms())
def test_a_link_is_refused_exactly_when_no_order_is_left_and_the_loop_named_is_one(pairs, shuffle):
    links: list[Link] = []
    work = [activity(str(number), 1) for number in range(7)]
    for before, after in pairs:
        new = Link(before=str(before), after=str(after))
        loop = find_cycle(links, new)
        shuffled = shuffle.sample(links, len(links))
        assert find_cycle(shuffled, new) == loop
        known = {(link.before, link.after) for link in [*links, new]}
        if loop is None:
            links.append(new)
            in_order(work, links)
        else:
            assert set(pairwise(loop)) <= known
            assert loop[0] == loop[-1] == new.before
            assert loop[1] == new.after
            with pytest.raises(Loop) as refused:
                in_order(work, [*links, new])
            ring = refused.value.ids
            assert ring[0] == ring[-1]
            assert len(set(ring)) == len(ring) - 1
            assert set(pairwise(ring)) <= known


def test_a_schedule_with_a_loop_is_refused_in_words():
    with pytest.raises(Loop, match=r"in a loop: (a → b → a|b → a → b)\."):
        plan([activity("a", 1), activity("b", 1)], Link(before="a", after="b"), Link(before="b", after="a"))


def test_ids_that_are_unknown_or_occur_twice_are_refused():
    with pytest.raises(ValueError, match="“a” occurs twice among the activities"):
        plan([activity("a", 1), activity("a", 2)])
    with pytest.raises(ValueError, match="The link a → x names an unknown activity, “x”"):
        plan([activity("a", 1)], Link(before="a", after="x"))
    with pytest.raises(ValueError, match="no activity “x”"):
        plan([activity("a", 1)], x=START)
    with pytest.raises(ValueError, match="“d” occurs twice among the deadlines"):
        schedule([activity("a", 1)], [], start=START, deadlines=[Deadline(id="d", activity="a", date=START)] * 2)
    found = plan([activity("a", 1)])
    with pytest.raises(ValueError, match="no activity “x”"):
        found["x"]
    with pytest.raises(ValueError, match="no deadline “x”"):
        found.deadline_float("x")
    with pytest.raises(ValueError, match="no such link: a → a, FS"):
        found.free_float_of(Link(before="a", after="a"))


def test_facts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="“a” takes -1 working days"):
        activity("a", -1)
    with pytest.raises(ValueError, match="cannot have finished before it started"):
        activity("a", 1, fixed_start=date(2026, 1, 6), fixed_finish=START)
    with pytest.raises(ValueError, match="longer than the calendar"):
        Link(before="a", after="b", lag=99_999)


@pytest.mark.parametrize(
    ("work", "link"),
    [
        ([activity("a", 20_000), activity("b", 20_000)], Link(before="a", after="b")),
        ([activity("a", 1), activity("b", 1)], Link(before="a", after="b", lag=25_000)),
        ([activity("a", 1), activity("b", 0)], Link(before="a", after="b", lag=25_000)),
        ([activity("a", 1), activity("b", 1)], Link(before="a", after="b", lag=-25_000)),
        ([activity("a", 1, no_earlier_than=date(2101, 1, 1))], None),
    ],
)
def test_dates_that_leave_the_calendar_are_refused(work, link):
    with pytest.raises(ValueError, match="from 1970 to 2100"):
        plan(work, *([link] if link else []))


def test_a_date_before_1970_is_refused_when_days_must_be_won_back_to_there():
    found = schedule(
        [activity("a", 20), activity("b", 1)],
        [Link(before="a", after="b")],
        start=date(1970, 1, 5),
        deadlines=[Deadline(id="d", activity="b", date=date(1970, 1, 6))],
    )
    with pytest.raises(ValueError, match="from 1970 to 2100"):
        found.latest_safe("a", "d")


# Properties

networks = st.integers(0, 10**9).map(small_network)


@given(networks)
def test_free_float_is_never_below_zero_nor_above_total_float(slow):
    """For all open work, always: no deadline takes part in either, and both measure from dates that were reached."""
    for one in planned(slow):
        if one.is_delivered:
            assert (one.free_float_days, one.total_float_days) == (None, None)
        else:
            assert one.free_float_days is not None
            assert one.total_float_days is not None
            assert 0 <= one.free_float_days <= one.total_float_days


@given(networks, st.data())
def test_a_delay_within_free_float_moves_nothing_else(slow, data):
    base = planned(slow)
    free = [one for one in base if one.free_float_days and not slow.by_id[one.id].fixed_start]
    if not free:
        return
    chosen = data.draw(st.sampled_from(free))
    late = slow.by_id[chosen.id]
    if late.duration_days == 0:
        return  # a milestone that is told to wait begins a day; the slow twin delays it to a day's end
    days_late = data.draw(st.integers(1, chosen.free_float_days or 1))
    held = late.calendar.add_working_days(chosen.early_start, days_late)
    work = [replace(one, no_earlier_than=held) if one.id == late.id else one for one in slow.activities]
    after = planned(Slow(work, slow.links, slow.start, slow.status))
    assert [move.id for move in compare(base, after).moved] == [late.id]
    assert after.finish == base.finish


@given(networks)
def test_adding_a_link_never_makes_anything_earlier(slow):
    without = slow.links[:-1]
    fewer = schedule(slow.activities, without, start=slow.start, status_date=slow.status)
    more = schedule(slow.activities, slow.links, start=slow.start, status_date=slow.status)
    for one in slow.activities:
        assert more[one.id].early_start >= fewer[one.id].early_start
        assert more[one.id].early_finish >= fewer[one.id].early_finish


@given(networks, st.randoms())
def test_other_names_in_another_order_change_nothing(slow, shuffle):
    ids = [one.id for one in slow.activities]
    names = dict(zip(ids, shuffle.sample([f"x{number}" for number in range(50)], len(ids)), strict=True))
    work = [replace(one, id=names[one.id]) for one in slow.activities]
    links = [replace(link, before=names[link.before], after=names[link.after]) for link in slow.links]
    shuffle.shuffle(work)
    shuffle.shuffle(links)
    base, other = planned(slow), planned(Slow(work, links, slow.start, slow.status))
    assert base.finish == other.finish
    for id_ in ids:
        assert replace(other[names[id_]], id=id_) == base[id_]
        assert other.critical(names[id_]) == {names[one] for one in base.critical(id_)}
        assert other.deadline_float(names[id_]) == base.deadline_float(id_)
        for due in ids:
            assert other.latest_safe(names[id_], names[due]) == base.latest_safe(id_, due)


@given(st.integers(0, 10**9), st.integers(1, 30))
def test_more_days_on_a_chain_without_a_parallel_path_move_the_finish_by_as_many(seed, more):
    draw = random.Random(seed)
    calendar = WorkCalendar(holidays=frozenset({date(2026, 1, 19), date(2026, 2, 16)}))
    work = [activity(f"n{number}", draw.randrange(1, 9), calendar) for number in range(draw.randint(1, 6))]
    links = [Link(before=one.id, after=other.id, lag=draw.randrange(4)) for one, other in pairwise(work)]
    chosen = draw.randrange(len(work))
    base = plan(work, *links)
    longer = [replace(one, duration_days=one.duration_days + more) if one is work[chosen] else one for one in work]
    after = plan(longer, *links)
    assert base.critical(work[-1].id) == {one.id for one in work}
    assert base.finish is not None
    assert after.finish == calendar.add_working_days(base.finish, more)


MIRROR = {Kind.FS: Kind.FS, Kind.SS: Kind.FF, Kind.FF: Kind.SS, Kind.SF: Kind.SF}


@given(networks)
def test_latest_dates_mirror_the_earliest_of_the_network_turned_round(slow):
    """On one calendar, without facts, bounds, milestones and calendar lags: those know which way time runs."""
    work = [activity(one.id, one.duration_days + 1) for one in slow.activities]
    links = [replace(link, lag_in=LagIn.WORKING) for link in slow.links]
    found = plan(work, *links)
    turned = plan(
        work,
        *(replace(link, before=link.after, after=link.before, kind=MIRROR[link.kind]) for link in links),
    )
    assert found.finish is not None
    for one in work:
        late = OFFICE.working_days_between(found[one.id].late_start, found.finish)
        early = OFFICE.working_days_between(START, turned[one.id].early_finish)
        assert late == early


def test_a_schedule_of_ten_thousand_in_one_line_needs_no_recursion():
    work = [activity(f"n{number}", 1) for number in range(10_000)]
    links = [Link(before=one.id, after=other.id) for one, other in pairwise(work)]
    found = plan(work, *links)
    assert found["n9999"].early_start == OFFICE.add_working_days(START, 9_999)
    assert len(found.driving_path("n9999")) == len(found.critical("n9999")) == 10_000
    assert find_cycle(links, Link(before="n9999", after="n0")) is not None


def test_days_to_spare_take_up_a_slip_before_anything_moves():
    links = [Link(before="a", after="end"), Link(before="b", after="end")]
    base = plan([activity("a", 3), activity("b", 5), activity("end", 1)], *links)
    found = compare(base, plan([activity("a", 6), activity("b", 5), activity("end", 1)], *links))
    assert [(move.id, move.finish_working_days) for move in found.moved] == [("a", 3), ("end", 1)]
    assert found.absorbed == (Absorbed(link=links[0], days=2, days_left=0),)
    assert (found.moved[1].start_before, found.moved[1].start_after) == (date(2026, 1, 12), date(2026, 1, 13))


def test_a_comparison_names_what_is_new_and_what_is_gone():
    found = compare(plan([activity("a", 1), activity("b", 1)]), plan([activity("b", 1), activity("c", 1)]))
    assert (found.added, found.removed, found.moved) == (("c",), ("a",), ())


# The slow twin


BATCHES = [range(first, first + 100) for first in range(0, 1000, 100)]


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_early_dates_are_those_the_slow_twin_finds_by_moving_days(seeds):
    for seed in seeds:
        slow = small_network(seed)
        found, early = planned(slow), slow.early()
        for one in slow.activities:
            start = slow.ends(one, early[one.id])[0]
            last = slow.last_day(one, early, slow.links)
            first = last if slow.is_moment(one) and not one.fixed_start else start
            assert dates(found, one.id) == (first, last), (seed, one.id)


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_floats_are_the_days_that_a_slip_can_take_before_something_moves_in_the_slow_twin(seeds):
    for seed in seeds:
        slow = small_network(seed)
        found, early = planned(slow), slow.early()
        finish = slow.finish(early)
        for one in found:
            if one.total_float_days is None or one.free_float_days is None:
                continue
            for days_late, held in ((one.total_float_days, True), (one.total_float_days + 1, False)):
                late = slow.early(**{one.id: slow.delayed(one.id, early[one.id], days_late)})
                assert (slow.finish(late) <= finish) is held, (seed, one.id, days_late)
            for days_late, held in ((one.free_float_days, True), (one.free_float_days + 1, False)):
                late = slow.early(**{one.id: slow.delayed(one.id, early[one.id], days_late)})
                stays = all(late[id_] == early[id_] for id_ in early if id_ != one.id) and all(
                    slow.last_day(other, late, slow.links) <= found[other.id].early_finish
                    for other in slow.activities
                    if other.id != one.id
                )
                assert (stays and slow.finish(late) <= finish) is held, (seed, one.id, days_late)
        for link, free in zip(found.links, found.link_floats, strict=True):
            for days_late, held in () if free is None else ((free, True), (free + 1, False)):
                late = early | {link.before: slow.delayed(link.before, early[link.before], days_late)}
                same = slow.last_day(slow.by_id[link.after], late, [link]) <= found[link.after].early_finish
                assert (slow.content(link, late) and same) is held, (seed, link, days_late)


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_the_latest_safe_day_keeps_the_deadline_and_the_next_does_not_in_the_slow_twin(seeds):
    asked = 0
    for seed in seeds:
        slow = small_network(seed)
        found = planned(slow)
        for one in slow.activities:
            behind = slow.behind(one.id)
            for due in found.deadlines:
                safe, goal = found.latest_safe(one.id, due.id), slow.by_id[due.activity]
                if one.fixed_finish or goal.fixed_finish or goal.id not in behind:
                    assert safe is None, (seed, one.id, due.id)
                    continue
                assert safe is not None, (seed, one.id, due.id)
                asked += 1
                after = walk(one.calendar, safe, 1)
                if slow.is_moment(one):
                    last, after = safe + DAY, after + DAY
                else:
                    last, after = (walk(one.calendar, day, 1 - one.duration_days) for day in (safe, after))
                for at, held in ((last, True), (after, False)):
                    finish = slow.ends(goal, slow.alone(one.id, at)[goal.id])[1]
                    assert (finish <= due.date + DAY) is held, (seed, one.id, due.id, at)
    assert asked > 300
