"""The schedule again, by another road: real dates, one day at a time, moved until every link is content.

No axis, no order of the network, no backward pass. Slow, and short enough to be read against the definitions.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from delivery.activities import Activity, Kind, LagIn, Link
from delivery.calendar import EVERY_DAY, WorkCalendar

DAY = timedelta(days=1)
LONG_AGO = date(2025, 6, 2)


def walk(calendar: WorkCalendar, day: date, count: int) -> date:
    """The first working day from `day` on, then `count` working days further (negative: back)."""
    while not calendar.is_working(day):
        day += DAY
    while count:
        step = DAY if count > 0 else -DAY
        day += step
        while not calendar.is_working(day):
            day += step
        count -= 1 if count > 0 else -1
    return day


@dataclass
class Slow:
    activities: list[Activity]
    links: list[Link]
    start: date
    status: date | None = None

    def __post_init__(self) -> None:
        self.by_id = {one.id: one for one in self.activities}

    def floor(self, one: Activity) -> date:
        own = one.fixed_start or one.no_earlier_than or self.start
        return walk(one.calendar, max(self.start, self.status or self.start, own), 0)

    def is_moment(self, one: Activity) -> bool:
        return one.duration_days == 0 and one.fixed_finish is None

    def ends(self, one: Activity, at: date) -> tuple[date, date]:
        """Start, and the day after the last day of work, when what remains begins at `at`."""
        if one.fixed_finish:
            return one.fixed_start or one.fixed_finish, one.fixed_finish + DAY
        finish = at if self.is_moment(one) else walk(one.calendar, at, one.duration_days - 1) + DAY
        return one.fixed_start or at, finish

    def asked(self, link: Link, at: Mapping[str, date]) -> tuple[str, date]:
        """Which end of the one after the link holds ("at", "last day"), and the day it must not come before."""
        one, other = self.by_id[link.before], self.by_id[link.after]
        calendar = other.calendar
        start, finish = self.ends(one, at[one.id])
        anchor = start if link.kind in ("SS", "SF") else finish
        last_days = link.kind == "FF" and not self.is_moment(one) and not self.is_moment(other)
        if last_days:
            anchor -= DAY
        working = link.lag if link.lag_in is LagIn.WORKING else 0
        if link.lag_in is LagIn.CALENDAR:
            anchor += link.lag * DAY
        if self.is_moment(other):
            return "at", anchor if not working else walk(calendar, walk(calendar, anchor, working), -1) + DAY
        day = walk(calendar, anchor, working)
        if link.kind in ("FS", "SS"):
            return "at", day
        return "last day", day if last_days else walk(calendar, day, -1)

    def content(self, link: Link, at: Mapping[str, date]) -> bool:
        if self.by_id[link.after].fixed_finish:
            return True
        end, day = self.asked(link, at)
        here = at[link.after]
        return (here if end == "at" else self.ends(self.by_id[link.after], here)[1] - DAY) >= day

    def opens(self, one: Activity, at: Mapping[str, date], links: list[Link]) -> bool:
        """Whether a milestone waits for the beginning of its day, and not for the end of the day before."""
        if not self.is_moment(one):
            return False
        here = at[one.id]
        if not one.calendar.is_working(here - DAY) or self.floor(one) == here:
            return True
        for link in links:
            if link.after == one.id and link.before in at and self.asked(link, at)[1] == here:
                before = self.by_id[link.before]
                if link.kind in ("SS", "SF") and (before.fixed_start or not self.is_moment(before)):
                    return True
                if self.opens(before, at, links):
                    return True
        return False

    def last_day(self, one: Activity, at: Mapping[str, date], links: list[Link]) -> date:
        """The last day of its work; for a milestone the day it is shown on."""
        if self.opens(one, at, links):
            return walk(one.calendar, at[one.id], 0)
        return self.ends(one, at[one.id])[1] - DAY

    def holds_a_fact(self, link: Link) -> bool:
        """Whether it leads from a start that has already happened."""
        return link.kind in ("SS", "SF") and self.by_id[link.before].fixed_start is not None

    def settle(self, at: dict[str, date], links: list[Link]) -> dict[str, date]:
        """Moves whatever breaks a link to the next day on which it can begin, until nothing breaks one."""
        restless = True
        while restless:
            restless = False
            for link in links:
                while link.before in at and link.after in at and not self.content(link, at):
                    other = self.by_id[link.after]
                    day = at[other.id] + DAY
                    at[other.id] = day if self.is_moment(other) else walk(other.calendar, day, 0)
                    restless = True
        return at

    def early(self, **delayed: date) -> dict[str, date]:
        at = {one.id: self.floor(one) for one in self.activities}
        for id_, day in delayed.items():
            at[id_] = max(at[id_], day)
        return self.settle(at, self.links)

    def finish(self, at: Mapping[str, date]) -> date:
        """The day after everything has finished."""
        return max(self.ends(one, at[one.id])[1] for one in self.activities)

    def delayed(self, id_: str, at: date, days: int) -> date:
        """Where `id_` is when it slips by working days of its own; a milestone slips to the end of a day."""
        one = self.by_id[id_]
        if not self.is_moment(one):
            return walk(one.calendar, at, days)
        if days == 0:
            return at
        return walk(one.calendar, walk(one.calendar, at, days), -1) + DAY

    def behind(self, id_: str) -> set[str]:
        """`id_` and what waits for it through work that is not delivered."""
        found = {id_}
        while (
            new := {
                link.after
                for link in self.links
                if link.before in found and not self.by_id[link.after].fixed_finish and not self.holds_a_fact(link)
            }
            - found
        ):
            found |= new
        return found

    def alone(self, id_: str, at: date) -> dict[str, date]:
        """Where `id_` at `at` drives what waits for it, were there nothing else, not even a first day."""
        positions = dict.fromkeys(self.behind(id_), LONG_AGO)
        for other in positions:
            if not self.is_moment(self.by_id[other]):
                positions[other] = walk(self.by_id[other].calendar, LONG_AGO, 0)
        positions[id_] = at
        return self.settle(positions, [link for link in self.links if not self.holds_a_fact(link)])


def small_network(seed: int) -> Slow:
    """A random network of two to six activities: three calendars, all links, both lags, facts now and then."""
    draw = random.Random(seed)
    calendars = [
        WorkCalendar(holidays=frozenset({date(2026, 1, 7), date(2026, 1, 19)})),
        EVERY_DAY,
        WorkCalendar(weekend=frozenset({3, 4}), days_off=frozenset({date(2026, 1, 12)})),
    ]
    if draw.random() < 0.3:
        calendars = calendars[:1]
    start = date(2026, 1, 5) + draw.randrange(7) * DAY
    status = start + draw.randrange(-2, 5) * DAY if draw.random() < 0.4 else None
    activities = []
    for number in range(draw.randint(2, 6)):
        facts: dict[str, date] = {}
        if draw.random() < 0.2:
            facts["no_earlier_than"] = start + draw.randrange(12) * DAY
        if draw.random() < 0.15:
            facts["fixed_start"] = start + draw.randrange(-4, 4) * DAY
            if draw.random() < 0.5:
                facts["fixed_finish"] = facts["fixed_start"] + draw.randrange(6) * DAY
        activities.append(
            Activity(id=f"n{number}", duration_days=draw.randrange(5), calendar=draw.choice(calendars), **facts)
        )
    links = [
        Link(
            before=f"n{before}",
            after=f"n{after}",
            kind=draw.choice(list(Kind)),
            lag=draw.randrange(-3, 4),
            lag_in=draw.choice(list(LagIn)),
        )
        for after in range(len(activities))
        for before in range(after)
        if draw.random() < 0.45
    ]
    draw.shuffle(activities)
    draw.shuffle(links)
    return Slow(activities, links, start, status)
