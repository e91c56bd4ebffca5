"""The forward and the backward pass over a network of activities, on whole numbers. Pure; no dates, no answers.

What an activity has is counted on its own calendar's axis; what a link carries from one activity to another is a
real day, by number, because axes of different teams do not compare. A finish is the day after the last day of work.
A milestone has no day of its own and keeps the real day that its links give it. `schedule` turns this into dates.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from delivery.activities import Activity, Kind, LagIn, Link, in_order
from delivery.calendar import Axis, WorkCalendar, day_number

NO_LIMIT = 1 << 30
_OUTSIDE = "The schedule leaves the working calendar, which runs from 1970 to 2100."
_FROM_START = (Kind.SS, Kind.SF)
_TO_FINISH = (Kind.FF, Kind.SF)


class Tie(NamedTuple):
    """One link, compiled: the one after may start at point(`ends[before]` + `shift`) + `wait`, on its own axis."""

    number: int  # of the link
    before: int
    after: int
    ends: list[int]  # real days, by activity: the network's starts or its finishes
    from_start: bool
    shift: int
    wait: int


class Network:
    """Activities and links in order, with their early dates.

    `at` is where an activity's remaining work starts: a point of its own axis, for a milestone a real day.
    `starts` and `finishes` are real days. Raises ValueError as `in_order` does, and when dates leave 1970–2100.
    """

    def __init__(
        self, activities: Sequence[Activity], links: Sequence[Link], *, start: date, status_date: date | None
    ) -> None:
        self.activities = activities
        self.links = links
        self.order = in_order(activities, links)
        self.place = {activity.id: position for position, activity in enumerate(activities)}
        axes: dict[WorkCalendar, Axis] = {}
        points: list[array[int]] = []
        days: list[array[int]] = []
        for activity in activities:
            axis = axes.get(activity.calendar) or axes.setdefault(activity.calendar, activity.calendar.axis)
            points.append(axis.points)
            days.append(axis.days)
        self.points, self.days = points, days
        self.durations = [activity.duration_days for activity in activities]
        self.delivered = [activity.fixed_finish is not None for activity in activities]
        self.under_way = [activity.fixed_start is not None for activity in activities]
        self.moment = [one.duration_days == 0 and one.fixed_finish is None for one in activities]
        count = len(activities)
        self.at, self.starts, self.finishes = [0] * count, [0] * count, [0] * count
        self.opens = [False] * count  # a milestone that waits for a day's beginning, not for a day's end
        self.before: list[list[Tie]] = [[] for _ in activities]
        self.after: list[list[Tie]] = [[] for _ in activities]
        self._compile()
        self._state_facts(day_number(start), day_number(status_date or start))
        try:
            self._forward()
        except IndexError:
            raise ValueError(_OUTSIDE) from None
        self.finish = max(self.finishes, default=0)

    def _compile(self) -> None:
        place, moment, starts, finishes = self.place, self.moment, self.starts, self.finishes
        for number, link in enumerate(self.links):
            before, after, kind, lag = place[link.before], place[link.after], link.kind, link.lag
            shift, wait = (0, lag) if link.lag_in is LagIn.WORKING else (lag, 0)
            from_start = kind in _FROM_START
            if kind in _TO_FINISH and not moment[after]:
                wait -= self.durations[after]  # a bound on the finish, as one on the start
                if not from_start and not moment[before]:
                    # Last day against last day: a team that worked on Sunday keeps the other busy until Monday.
                    shift -= 1
                    wait += 1
            tie = Tie(number, before, after, starts if from_start else finishes, from_start, shift, wait)
            self.before[after].append(tie)
            self.after[before].append(tie)

    def _state_facts(self, start: int, status: int) -> None:
        """Writes facts into the early dates, and into `at` the earliest that an activity's own bounds allow."""
        floor = max(start, status)
        for position, activity in enumerate(self.activities):
            own = activity.fixed_start or activity.no_earlier_than
            if activity.fixed_finish is not None:
                self.starts[position] = day_number(activity.fixed_start or activity.fixed_finish)
                self.finishes[position] = day_number(activity.fixed_finish) + 1
            else:
                bound = floor if own is None else max(floor, day_number(own))
                self.at[position] = self.points[position][bound]
                if activity.fixed_start is not None:
                    self.starts[position] = day_number(activity.fixed_start)

    def _forward(self) -> None:
        for position in self.order:
            if self.delivered[position]:
                continue
            if self.moment[position]:
                self._reach(position)
                continue
            points, days = self.points[position], self.days[position]
            at = self.at[position]
            for _, before, _, ends, _, shift, wait in self.before[position]:
                day = ends[before] + shift
                point = points[day if day > 0 else 0] + wait
                if point > at:
                    at = point
            self.at[position] = at
            if not self.under_way[position]:
                self.starts[position] = days[at]
            self.finishes[position] = days[at + self.durations[position] - 1] + 1

    def _reach(self, position: int) -> None:
        points, days = self.points[position], self.days[position]
        at, opens = days[self.at[position]], True
        for tie in self.before[position]:
            day = self.moment_after(tie)
            if day >= at:
                fact = tie.from_start and self.under_way[tie.before]
                at_opening = self.opens[tie.before] if self.moment[tie.before] and not fact else tie.from_start
                opens = at_opening or (opens and day == at)
                at = day
        self.at[position] = self.finishes[position] = at
        if not self.under_way[position]:
            self.starts[position] = at
        # The day before is nobody's here: another team worked on it, and this one sees the result when it is back.
        self.opens[position] = opens or points[at] == points[at - 1]

    def moment_after(self, tie: Tie) -> int:
        """The earliest day for a milestone by one of its links; a wait ends with its last working day."""
        day = max(tie.ends[tie.before] + tie.shift, 0)
        if not tie.wait:
            return day
        last = self.points[tie.after][day] + tie.wait - 1
        return self.days[tie.after][last] + 1 if last >= 0 else 0

    def driving(self, position: int) -> Iterator[Tie]:
        """The links that set its early date, alone or together with others or with its own bounds."""
        if self.delivered[position]:
            return
        points, at, moment = self.points[position], self.at[position], self.moment[position]
        for tie in self.before[position]:
            day = max(tie.ends[tie.before] + tie.shift, 0)
            if (self.moment_after(tie) if moment else points[day] + tie.wait) == at:
                yield tie

    def backward(self, limits: dict[int, int]) -> list[int]:
        """The latest `at` of each activity when those in `limits` finish by a real day; NO_LIMIT where none is felt.

        Limits are exclusive, as finishes are. Delivered activities have none, and pass none on.
        """
        latest = [NO_LIMIT] * len(self.activities)
        try:
            for position in reversed(self.order):
                if self.delivered[position]:
                    continue
                found = self._finishing_by(position, limits[position]) if position in limits else NO_LIMIT
                for tie in self.after[position]:
                    later = latest[tie.after]
                    if later != NO_LIMIT:
                        here = self.held(tie, later)
                        if here < found:
                            found = here
                if found < 0:
                    raise IndexError
                latest[position] = found
        except IndexError:
            raise ValueError(_OUTSIDE) from None
        return latest

    def held(self, tie: Tie, after_at: int) -> int:
        """The latest `at` of the one before that lets the one after be at `after_at`. May raise IndexError."""
        _, before, after, _, from_start, shift, wait = tie
        if self.under_way[before] and from_start:
            return NO_LIMIT  # it has started: no link can ask it to have started earlier
        if self.moment[after]:
            if not wait:
                return self._ending_by(before, after_at - shift, from_start)
            after_at = self.points[after][after_at]
        point = after_at - wait
        if point < 0:
            raise IndexError
        return self._ending_by(before, self.days[after][point] - shift, from_start)

    def _ending_by(self, position: int, day: int, from_start: bool) -> int:
        if from_start and not self.moment[position]:
            if day < 0:
                raise IndexError
            return self.points[position][day + 1] - 1
        return self._finishing_by(position, day)

    def _finishing_by(self, position: int, day: int) -> int:
        if day < 0:
            raise IndexError
        if self.moment[position]:
            return day
        return self.points[position][day] - self.durations[position]

    def between(self, position: int, at: int, later: int) -> int:
        """Working days of the activity's own calendar from one `at` to another; negative when it is earlier."""
        if self.moment[position]:
            points = self.points[position]
            return points[later] - points[at]
        return later - at
