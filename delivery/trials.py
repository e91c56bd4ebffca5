"""Early dates of one network in many trials at once: the forward pass as array operations. Pure; draws nothing.

One row of an array is one activity, one column one trial. The rules are those of `passes`, trial by trial: starts
count on an activity's own calendar, links carry real days, a milestone keeps the real day its links give it. Dates
after the calendar's last day are held at that day, for one trial in ten thousand must not stop a forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from delivery.activities import Activity, Kind, LagIn, Link, in_order
from delivery.calendar import WorkCalendar, day_number

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FROM_START = (Kind.SS, Kind.SF)
_TO_FINISH = (Kind.FF, Kind.SF)


class _Tables(NamedTuple):
    points: Ints  # by day number: working days before it
    days: Ints  # by point: the number of its working day


class _Tie(NamedTuple):
    number: int  # of the link
    before: int
    after: int
    from_start: bool
    to_finish: bool  # it bounds the finish, so that the work of the one after is taken off
    shift: int  # days on the wall, before the axis of the one after is read
    wait: int  # working days of the one after
    direct: bool  # both count on one calendar: its points need no detour over real days


@dataclass(frozen=True, slots=True)
class Dates:
    """One chunk of trials. `shown` is the day number of each finish as a page prints it, by activity and trial.

    `driving[k]` tells, for the k-th goal, in how many of these trials each activity was on its driving path.
    """

    shown: NDArray[np.uint16]
    driving: Ints


class TrialNetwork:
    """A network compiled once, whose early dates are then asked for any number of trials.

    An activity whose `duration_days` is 0 is a milestone; every other works for the days that each trial gives it, and
    at least one. Raises ValueError as `in_order` does.
    """

    def __init__(self, activities: Sequence[Activity], links: Sequence[Link], *, status_date: date) -> None:
        self.activities = activities
        self.order = in_order(activities, links)
        self._place = {activity.id: position for position, activity in enumerate(activities)}
        tables: dict[WorkCalendar, _Tables] = {}
        for activity in activities:
            if activity.calendar not in tables:
                axis = activity.calendar.axis
                points, days = (np.frombuffer(part, dtype=np.uint16).astype(np.int64) for part in axis)
                tables[activity.calendar] = _Tables(points, days)
        self._tables = [tables[activity.calendar] for activity in activities]
        self._delivered = [activity.is_delivered for activity in activities]
        self._under_way = [activity.fixed_start is not None for activity in activities]
        self._moment = [not activity.duration_days and not activity.is_delivered for activity in activities]
        floor = day_number(status_date)
        self._floors = [floor] * len(activities)
        for position, activity in enumerate(activities):
            own = activity.fixed_start or activity.no_earlier_than
            if own is not None:
                self._floors[position] = max(floor, day_number(own))
        self._before: list[list[_Tie]] = [[] for _ in activities]
        for number, link in enumerate(links):
            tie = self._tie(number, link)
            self._before[tie.after].append(tie)

    def run(self, work: Ints, goals: Sequence[str] = ()) -> Dates:
        """Early dates when activity i works `work[i, t]` days in trial t; a milestone's and a delivered one's row is
        not read."""
        return _Pass(self, work).dates([self._place[goal] for goal in goals])

    def _tie(self, number: int, link: Link) -> _Tie:
        before, after = self._place[link.before], self._place[link.after]
        shift, wait = (0, link.lag) if link.lag_in is LagIn.WORKING else (link.lag, 0)
        from_start, to_finish = link.kind in _FROM_START, link.kind in _TO_FINISH and not self._moment[after]
        if to_finish and not from_start and not self._moment[before]:
            shift, wait = shift - 1, wait + 1  # last day against last day
        direct = (
            self._tables[before] is self._tables[after]
            and not self._moment[before]
            and not self._moment[after]
            and not self._delivered[before]
            and not (from_start and self._under_way[before])
            and (link.lag_in is LagIn.WORKING or not link.lag)
        )
        if direct:
            shift, wait = 0, link.lag if link.lag_in is LagIn.WORKING else 0
        return _Tie(number, before, after, from_start, to_finish, shift, wait, direct)


class _Pass:
    """One forward pass; holds what the walk back along the driving path needs."""

    def __init__(self, network: TrialNetwork, work: Ints) -> None:
        self.net = network
        self.work = work
        count, self.trials = work.shape
        self.at: list[Ints] = [np.empty(0, np.int64)] * count  # a point of its own axis; of a milestone, a real day
        self.ends: list[Ints] = list(self.at)  # the point after its last, where it has points
        self.opens: dict[int, Flags] = {}
        self.starts: dict[int, Ints] = {}  # real days, where a link asked for them
        self.finishes: dict[int, Ints] = {}
        self.found: dict[int, Ints] = {}  # what a link asked for, by its number
        self.driven: dict[int, Flags] = {}  # whether it got no more than that

    def dates(self, goals: Sequence[int]) -> Dates:
        net = self.net
        shown = np.empty(self.work.shape, dtype=np.uint16)
        for position in net.order:
            activity, tables = net.activities[position], net._tables[position]
            if activity.fixed_finish is not None:
                shown[position] = day_number(activity.fixed_finish)
            elif net._moment[position]:
                self._reach(position)
                shown[position] = self._moment_shown(position)
            else:
                self._work(position)
                shown[position] = _read(tables.days, self.ends[position] - 1)
        driving = np.zeros((len(goals), len(net.activities)), dtype=np.int64)
        for row, goal in enumerate(goals):
            driving[row] = self._driving(goal)
        return Dates(shown, driving)

    def _work(self, position: int) -> None:
        net, work = self.net, self.work[position]
        at = np.full(self.trials, net._tables[position].points[net._floors[position]])
        for tie in net._before[position]:
            found = self._asked(tie)
            if tie.to_finish:
                found = found - work
            self.found[tie.number] = found
            np.maximum(at, found, out=at)
        self.at[position] = at
        self.ends[position] = at + work

    def _reach(self, position: int) -> None:
        net, tables = self.net, self.net._tables[position]
        floor = int(tables.days[tables.points[net._floors[position]]])
        at = np.full(self.trials, floor)
        for tie in net._before[position]:
            day = np.maximum(self._real(tie) + tie.shift, 0)
            if tie.wait:  # it ends with its last working day
                last = _read(tables.points, day) + (tie.wait - 1)
                day = np.where(last >= 0, _read(tables.days, last) + 1, 0)
            self.found[tie.number] = day
            np.maximum(at, day, out=at)
        opens = at == floor
        for tie in net._before[position]:
            here = self.found[tie.number] == at
            if net._moment[tie.before] and not self._is_fact(tie):
                opens |= here & self.opens[tie.before]
            elif tie.from_start:
                opens |= here
        self.at[position] = self.finishes[position] = at
        self.starts[position] = self._fact_start(position) if net._under_way[position] else at
        self.opens[position] = opens | (_read(tables.points, at) == _read(tables.points, at - 1))

    def _moment_shown(self, position: int) -> Ints:
        """Its first working day when it waits for a beginning, else the day at whose end it is reached."""
        tables, at = self.net._tables[position], self.at[position]
        return np.where(self.opens[position], _read(tables.days, _read(tables.points, at)), at - 1)

    def _asked(self, tie: _Tie) -> Ints:
        """The point at which a link lets the one after start, or end when it bounds the finish."""
        if tie.direct:
            found = self.at[tie.before] if tie.from_start else self.ends[tie.before]
        else:
            found = _read(self.net._tables[tie.after].points, self._real(tie) + tie.shift)
        return found + tie.wait if tie.wait else found

    def _is_fact(self, tie: _Tie) -> bool:
        """Whether it hangs on a start that has already happened."""
        return tie.from_start and self.net._under_way[tie.before]

    def _real(self, tie: _Tie) -> Ints:
        """The real day on which the one before starts, or the day after its last."""
        return self._start(tie.before) if tie.from_start else self._finish(tie.before)

    def _start(self, position: int) -> Ints:
        if position not in self.starts:
            if self.net._delivered[position] or self.net._under_way[position]:
                self.starts[position] = self._fact_start(position)
            else:
                self.starts[position] = _read(self.net._tables[position].days, self.at[position])
        return self.starts[position]

    def _finish(self, position: int) -> Ints:
        if position not in self.finishes:
            fact = self.net.activities[position].fixed_finish
            if fact is not None:
                self.finishes[position] = np.full(self.trials, day_number(fact) + 1)
            else:
                self.finishes[position] = _read(self.net._tables[position].days, self.ends[position] - 1) + 1
        return self.finishes[position]

    def _fact_start(self, position: int) -> Ints:
        activity = self.net.activities[position]
        fact = activity.fixed_start or activity.fixed_finish
        assert fact is not None
        return np.full(self.trials, day_number(fact))

    def _drives(self, tie: _Tie) -> Flags:
        """Whether a link sets the early date of the one after, or is one of several that do."""
        if tie.number not in self.driven:
            self.driven[tie.number] = self.found[tie.number] == self.at[tie.after]
        return self.driven[tie.number]

    def _driving(self, goal: int) -> Ints:
        """In how many trials each activity is on a chain of links that sets the date of `goal`."""
        net = self.net
        counts = np.zeros(len(net.activities), dtype=np.int64)
        on: dict[int, Flags] = {goal: np.ones(self.trials, dtype=np.bool_)}  # and what sets its date is on it, too
        ends: dict[int, Flags] = {}  # on it by a start that is a fact: nothing sets that
        for position in reversed(net.order):
            here, end = on.pop(position, None), ends.pop(position, None)
            if here is not None and not net._delivered[position]:
                for tie in net._before[position]:
                    drives = self._drives(tie) & here
                    further = ends if self._is_fact(tie) else on
                    if tie.before in further:
                        further[tie.before] |= drives
                    else:
                        further[tie.before] = drives
            seen = here if end is None else end if here is None else here | end
            counts[position] = 0 if seen is None else np.count_nonzero(seen)
        return counts


def _read(table: Ints, places: Ints) -> Ints:
    """The table's entries, its last one for places beyond its end and its first for places before its beginning."""
    return np.take(table, places, mode="clip")
