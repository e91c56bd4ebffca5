"""What a schedule is made of: activities, the links between them, deadlines; loops among links, named. Pure.

Dates come from `schedule`; this knows only what waits for what.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from delivery.calendar import WorkCalendar

MOST_DAYS = 30_000  # a duration or a lag beyond this is longer than the calendar


class Kind(enum.StrEnum):
    """Which end of the one before holds which end of the one after."""

    FS = "FS"
    SS = "SS"
    FF = "FF"
    SF = "SF"


class LagIn(enum.StrEnum):
    """What a lag counts: working days of the one after, or days of the calendar on the wall."""

    WORKING = "working"
    CALENDAR = "calendar"


class Loop(ValueError):
    """Links that wait for each other in a ring; `ids` name it, with the first again at the end."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"These wait for each other in a loop: {' → '.join(self.ids)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One piece of work, in one go from its start to its finish. Raises ValueError when its facts disagree.

    `duration_days` is the work that remains, in working days of `calendar`; 0 is a milestone. Facts are real
    dates, on working days or not. With `fixed_finish`, its last day of work, it is delivered: nothing moves it and
    its duration no longer counts. With `fixed_start` alone it is under way: its start is a fact, and what remains
    waits for the links and the status date like any other work, but not for `no_earlier_than`.
    """

    id: str
    duration_days: int
    calendar: WorkCalendar
    no_earlier_than: date | None = None
    fixed_start: date | None = None
    fixed_finish: date | None = None  # its start, too, when no start is known

    def __post_init__(self) -> None:
        if not 0 <= self.duration_days <= MOST_DAYS:
            raise ValueError(f"“{self.id}” takes {self.duration_days} working days; 0 to {MOST_DAYS} are possible.")
        if self.fixed_start and self.fixed_finish and self.fixed_start > self.fixed_finish:
            raise ValueError(f"“{self.id}” cannot have finished before it started.")

    @property
    def is_delivered(self) -> bool:
        """Whether its finish is a fact."""
        return self.fixed_finish is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`after` waits for `before`, both ids; a negative lag lets it overlap. Raises ValueError for a lag too large.

    Source: DOMAIN §3, Dependency.
    """

    before: str
    after: str
    kind: Kind = Kind.FS
    lag: int = 0
    lag_in: LagIn = LagIn.WORKING

    def __post_init__(self) -> None:
        if abs(self.lag) > MOST_DAYS:
            raise ValueError(f"A lag of {self.lag} days is longer than the calendar.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The last day, `date`, on which `activity` may finish to be on time."""

    id: str
    activity: str
    date: date


def find_cycle(links: Iterable[Link], new_link: Link) -> list[str] | None:
    """The loop that `new_link` would close, or None: its `before`, its `after`, and on back to its `before`.

    A shortest loop, the same for every order of `links`. A link from an activity to itself is a loop of one.

    Source: DOMAIN §4, Cycles.
    """
    start, goal = new_link.after, new_link.before
    if start == goal:
        return [goal, goal]
    nexts: dict[str, set[str]] = {}
    for link in links:
        nexts.setdefault(link.before, set()).add(link.after)
    came: dict[str, str] = {start: goal}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there in sorted(nexts.get(here, ())):
            if there == goal:
                way = [goal, here]
                while way[-1] != goal:
                    way.append(came[way[-1]])
                return way[::-1]
            if there not in came:
                came[there] = here
                queue.append(there)
    return None


def in_order(activities: Sequence[Activity], links: Sequence[Link]) -> list[int]:
    """Positions in `activities` such that each comes after everything it waits for.

    Raises ValueError for an id that occurs twice and for a link to or from an unknown one, Loop (a ValueError
    that names the ring) when there is no such order.
    """
    place = {activity.id: position for position, activity in enumerate(activities)}
    if len(place) < len(activities):
        twice = next(one.id for position, one in enumerate(activities) if place[one.id] != position)
        raise ValueError(f"“{twice}” occurs twice among the activities.")
    waits = [0] * len(activities)
    nexts: list[list[int]] = [[] for _ in activities]
    for link in links:
        for end in (link.before, link.after):
            if end not in place:
                raise ValueError(f"The link {link.before} → {link.after} names an unknown activity, “{end}”.")
        after = place[link.after]
        nexts[place[link.before]].append(after)
        waits[after] += 1
    order = [position for position, count in enumerate(waits) if count == 0]
    for position in order:  # grows while it is read
        for after in nexts[position]:
            waits[after] -= 1
            if waits[after] == 0:
                order.append(after)
    if len(order) < len(activities):
        raise Loop(_ring(activities, links, waits))
    return order


def _ring(activities: Sequence[Activity], links: Sequence[Link], waits: Sequence[int]) -> list[str]:
    """One ring among those that still wait: each waits for another of them, so walking back must meet itself."""
    waiting = {activity.id for activity, count in zip(activities, waits, strict=True) if count}
    for_what = {link.after: link.before for link in links if link.before in waiting and link.after in waiting}
    here = next(activity.id for activity in activities if activity.id in waiting)
    seen: dict[str, int] = {}
    walked: list[str] = []
    while here not in seen:
        seen[here] = len(walked)
        walked.append(here)
        here = for_what[here]
    ring = walked[seen[here] :]
    return [here, *reversed(ring)]
