"""The days a team works: weekends, holidays, days off, and the axis that counts working days. Pure.

A point on the axis is the number of working days before it, counted from 1970-01-01; so Saturday, Sunday and
Monday morning are one point for a team that works Monday to Friday. Axes of different teams do not compare:
what passes between teams is always a real date. Dates outside 1970–2100 raise ValueError.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np

EPOCH = date(1970, 1, 1)
LAST = date(2100, 12, 31)
SATURDAY_SUNDAY = frozenset({5, 6})

_FIRST_ORDINAL = EPOCH.toordinal()
_DAYS = LAST.toordinal() - _FIRST_ORDINAL + 1
_OUTSIDE = "is outside the working calendar, which runs from 1970 to 2100."
_CALENDARS_KEPT = 256  # one takes 160 kB


class Axis(NamedTuple):
    """A calendar as two tables, for loops that cannot afford a call; `numpy.frombuffer` reads them in place.

    Days are numbers from 1970-01-01 = 0, as `day_number` gives them.
    """

    points: array[int]  # by day number, one entry past the last day: working days before it
    days: array[int]  # by point: the number of its working day


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """One team's working days; equal calendars count alike and share their tables.

    `weekend` holds weekdays, Monday 0 to Sunday 6. `holidays` are everybody's, `days_off` the team's own;
    `extra_days` are worked whatever the weekend and the holidays say. Raises ValueError for a weekday that does
    not exist, a day both off and extra, an exception outside 1970–2100, or a team that never works.
    """

    weekend: frozenset[int] = SATURDAY_SUNDAY
    holidays: frozenset[date] = frozenset()
    days_off: frozenset[date] = frozenset()
    extra_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        for name in ("weekend", "holidays", "days_off", "extra_days"):
            object.__setattr__(self, name, frozenset(getattr(self, name)))
        if not self.weekend <= frozenset(range(7)):
            raise ValueError("A weekend is made of weekdays from 0, Monday, to 6, Sunday.")
        for day in self.holidays | self.days_off | self.extra_days:
            day_number(day)
        if both := self.days_off & self.extra_days:
            raise ValueError(f"{min(both).isoformat()} cannot be a day off and an extra working day.")
        if len(self.weekend) == 7 and not self.extra_days:
            raise ValueError("A calendar needs at least one working day.")

    @property
    def axis(self) -> Axis:
        """Its two tables, made on first use, in about 1 ms, then kept."""
        return _axis(self)

    def is_working(self, day: date) -> bool:
        """Whether the team works on `day`. Raises ValueError outside 1970–2100."""
        day_number(day)
        if day in self.extra_days:
            return True
        return day.weekday() not in self.weekend and day not in self.holidays and day not in self.days_off

    def index(self, day: date) -> int:
        """The point at which `day` begins: working days from 1970-01-01 up to and without `day`.

        A day off has the index of the next working day. Raises ValueError outside 1970–2100.
        """
        return self.axis.points[day_number(day)]

    def day(self, index: int) -> date:
        """The working day that begins at the point `index`: the inverse of `index` on working days.

        Raises ValueError when there is no such day between 1970 and 2100.
        """
        days = self.axis.days
        if not 0 <= index < len(days):
            raise ValueError(f"Working day {index} {_OUTSIDE}")
        return numbered_day(days[index])

    def next_working_day(self, day: date) -> date:
        """The first working day at or after `day`. Raises ValueError when 2100 has none left."""
        return self.day(self.index(day))

    def previous_working_day(self, day: date) -> date:
        """The last working day at or before `day`. Raises ValueError when 1970 has none."""
        return self.day(self.axis.points[day_number(day) + 1] - 1)

    def add_working_days(self, day: date, count: int) -> date:
        """The working day `count` after `day` (negative: before); a day off counts from the next working day.

        So 0 gives `next_working_day`, and −1 from a Sunday gives the Friday before it. The result is a day, not
        the end of `count` days of work: work of 5 days that starts on a Monday ends on that Friday, which is
        `finish_shown(add_working_days(monday, 5))`. Raises ValueError outside 1970–2100.
        """
        return self.day(self.index(day) + count)

    def working_days_between(self, start: date, stop: date) -> int:
        """Working days from `start` up to and without `stop`; the same, negative, when `stop` is earlier."""
        points = self.axis.points
        return points[day_number(stop)] - points[day_number(start)]

    def finish_shown(self, finish: date) -> date:
        """The last working day before the exclusive `finish`: what a page prints as the finish date.

        Inside, work that ends with Friday finishes on Saturday, the first day it no longer needs; shown, it
        finishes on Friday. Raises ValueError when there is no earlier working day.
        """
        return self.day(self.index(finish) - 1)

    def finish_exclusive(self, shown: date) -> date:
        """The day after `shown`, a last day of work as a page prints it. A real date: good for every calendar."""
        if shown == LAST:
            raise ValueError(f"The day after {LAST.isoformat()} {_OUTSIDE}")
        return numbered_day(day_number(shown) + 1)

    def convert(self, index: int, to: WorkCalendar) -> int:
        """The point of `to` at which the working day `index` of this calendar begins, by its real date."""
        return to.index(self.day(index))

    def with_holidays(self, holidays: Iterable[date]) -> WorkCalendar:
        """This calendar with more holidays. The team's extra working days stay."""
        return replace(self, holidays=self.holidays | frozenset(holidays))

    def with_team(self, *, days_off: Iterable[date] = (), extra_days: Iterable[date] = ()) -> WorkCalendar:
        """This calendar with more days off and extra working days of one team."""
        return replace(
            self, days_off=self.days_off | frozenset(days_off), extra_days=self.extra_days | frozenset(extra_days)
        )

    def together_with(self, other: WorkCalendar) -> WorkCalendar:
        """The days on which both work: the union of what is off. Raises ValueError when there is none."""
        return self._combined(other, self.weekend | other.weekend, both=True)

    def either_with(self, other: WorkCalendar) -> WorkCalendar:
        """The days on which at least one works: what is off for both stays off."""
        return self._combined(other, self.weekend & other.weekend, both=False)

    def _combined(self, other: WorkCalendar, weekend: frozenset[int], *, both: bool) -> WorkCalendar:
        exceptions: set[date] = set()
        for one in (self, other):
            exceptions |= one.holidays | one.days_off | one.extra_days
        needed = 2 if both else 1
        worked = {day for day in exceptions if self.is_working(day) + other.is_working(day) >= needed}
        return WorkCalendar(
            weekend=weekend,
            holidays=frozenset(exceptions - worked),
            extra_days=frozenset(day for day in worked if day.weekday() in weekend),
        )


EVERY_DAY = WorkCalendar(weekend=frozenset())


def day_number(day: date) -> int:
    """Days from 1970-01-01 to `day`. Raises ValueError outside 1970–2100."""
    number = day.toordinal() - _FIRST_ORDINAL
    if not 0 <= number < _DAYS:
        raise ValueError(f"{day.isoformat()} {_OUTSIDE}")
    return number


def numbered_day(number: int) -> date:
    """The date `number` days after 1970-01-01. Raises ValueError outside 1970–2100."""
    if not 0 <= number < _DAYS:
        raise ValueError(f"Day {number} after {EPOCH.isoformat()} {_OUTSIDE}")
    return EPOCH + timedelta(days=number)


@lru_cache(maxsize=_CALENDARS_KEPT)
def _axis(calendar: WorkCalendar) -> Axis:
    week = np.array([(EPOCH.weekday() + offset) % 7 not in calendar.weekend for offset in range(7)])
    working = np.tile(week, _DAYS // 7 + 1)[:_DAYS]
    for day in calendar.holidays | calendar.days_off:
        working[day.toordinal() - _FIRST_ORDINAL] = False
    for day in calendar.extra_days:
        working[day.toordinal() - _FIRST_ORDINAL] = True
    points = np.zeros(_DAYS + 1, np.uint16)
    np.cumsum(working, out=points[1:])
    # Plain arrays: reading one number at a time, they are several times as fast as NumPy's.
    return Axis(array("H", points.tobytes()), array("H", np.flatnonzero(working).astype(np.uint16).tobytes()))
