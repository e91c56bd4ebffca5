"""Early dates of many trials at once are those of the schedule, trial by trial, whatever the network."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.activities import Activity, Kind, LagIn, Link, Loop
from delivery.calendar import EVERY_DAY, LAST, WorkCalendar, numbered_day
from delivery.schedule import schedule
from delivery.trials import TrialNetwork

MONDAY = date(2026, 1, 5)
DAY = timedelta(days=1)
OFFICE = WorkCalendar()
CALENDARS = [
    OFFICE,
    OFFICE.with_holidays([MONDAY + n * DAY for n in (1, 2, 3, 10, 14, 15)]),
    WorkCalendar(weekend=frozenset({4, 5})),
    WorkCalendar(weekend=frozenset(range(1, 7))),
    EVERY_DAY,
]
near = st.integers(-12, 25).map(lambda n: MONDAY + n * DAY)


@st.composite
def activities(draw: st.DrawFn, id_: str) -> Activity:
    kind = draw(st.sampled_from(["work", "work", "work", "milestone", "delivered", "under way"]))
    start = draw(near)
    return Activity(
        id=id_,
        duration_days=0 if kind == "milestone" else 1,
        calendar=draw(st.sampled_from(CALENDARS)),
        no_earlier_than=draw(st.none() | near),
        fixed_start=start if kind == "under way" or (kind != "work" and draw(st.booleans())) else None,
        fixed_finish=start + draw(st.integers(0, 9)) * DAY if kind == "delivered" else None,
    )


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Activity], list[Link]]:
    count = draw(st.integers(1, 7))
    made = [draw(activities(f"a{n}")) for n in range(count)]
    pairs = [(i, j) for j in range(count) for i in range(j)]
    links = [
        Link(
            before=f"a{i}",
            after=f"a{j}",
            kind=draw(st.sampled_from(Kind)),
            lag=draw(st.integers(-6, 9)),
            lag_in=draw(st.sampled_from(LagIn)),
        )
        for i, j in draw(st.lists(st.sampled_from(pairs), max_size=9) if pairs else st.just([]))
    ]
    return made, links


@settings(max_examples=400, deadline=None)
@given(networks(), st.integers(0, 2**32 - 1))
def test_every_trial_is_the_schedule_of_its_durations(network: tuple[list[Activity], list[Link]], seed: int):
    made, links = network
    work = np.random.Generator(np.random.Philox(seed)).integers(1, 12, (len(made), 3))
    goals = [activity.id for activity in made]
    dates = TrialNetwork(made, links, status_date=MONDAY).run(work, goals)
    on = np.zeros((len(made), len(made)), dtype=np.int64)
    for trial in range(3):
        durations = [
            replace(one, duration_days=int(days)) if one.duration_days and not one.is_delivered else one
            for one, days in zip(made, work[:, trial], strict=True)
        ]
        plan = schedule(durations, links, start=MONDAY, status_date=MONDAY)
        shown = [numbered_day(int(day)) for day in dates.shown[:, trial]]
        assert shown == [plan[one.id].early_finish for one in made]
        for row, goal in enumerate(goals):
            on[row] += [one.id in plan.critical(goal) for one in made]
    assert dates.driving.tolist() == on.tolist()


def test_the_worked_example_lands_on_13_march_and_ten_days_more_make_it_27_march():
    made = [
        Activity(id=id_, duration_days=days, calendar=OFFICE)
        for id_, days in (("A", 20), ("B", 15), ("C", 8), ("V", 10))
    ]
    links = [
        Link(before="A", after="B"),
        Link(before="A", after="C", kind=Kind.SS, lag=5),
        Link(before="C", after="B", kind=Kind.FF, lag=2),
        Link(before="B", after="V", lag=5),
    ]
    work = np.array([[20, 30], [15, 15], [8, 8], [10, 10]])
    dates = TrialNetwork(made, links, status_date=MONDAY).run(work, ["V"])
    assert [numbered_day(int(day)) for day in dates.shown[3]] == [date(2026, 3, 13), date(2026, 3, 27)]
    assert dates.driving.tolist() == [[2, 2, 0, 2]]
    away = OFFICE.with_holidays([date(2026, 1, 19), date(2026, 2, 16)])
    later = TrialNetwork([replace(one, calendar=away) for one in made], links, status_date=MONDAY).run(work)
    assert numbered_day(int(later.shown[3, 1])) == date(2026, 3, 31)


def test_work_without_end_is_held_at_the_calendars_last_working_day():
    made = [Activity(id=id_, duration_days=1, calendar=OFFICE) for id_ in "ab"]
    dates = TrialNetwork(made, [Link(before="a", after="b")], status_date=MONDAY).run(np.array([[30_000], [30_000]]))
    assert [numbered_day(int(day)) for day in dates.shown[:, 0]] == [OFFICE.previous_working_day(LAST)] * 2


def test_links_in_a_ring_are_refused():
    made = [Activity(id=id_, duration_days=1, calendar=OFFICE) for id_ in "ab"]
    with pytest.raises(Loop):
        TrialNetwork(made, [Link(before="a", after="b"), Link(before="b", after="a")], status_date=MONDAY)
