"""When work lands: early and late dates, days to spare, and the chain that sets a date (critical path method). Pure.

`schedule` answers for one network at a time and keeps nothing: a what-if is another call with replaced activities,
compared by `whatif.compare`. Records are turned into activities elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from delivery.activities import Activity, Deadline, Kind, LagIn, Link, Loop, find_cycle
from delivery.calendar import day_number, numbered_day
from delivery.passes import NO_LIMIT, Network, Tie

__all__ = [
    "Activity",
    "Deadline",
    "Kind",
    "LagIn",
    "Link",
    "Loop",
    "Planned",
    "Schedule",
    "Step",
    "find_cycle",
    "schedule",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One activity's dates, each the first or the last day of its work, and its days to spare.

    Floats are in working days of its own calendar, None once it is delivered; its late dates are then the facts.
    A milestone has one day: that at whose end it is reached, or, where it waits for a beginning, that beginning. One
    day's end and the next one's beginning are the same point to late dates and total float.
    """

    id: str
    early_start: date
    early_finish: date
    late_start: date
    late_finish: date
    total_float_days: int | None  # how far it can slip before the project's finish does; never below 0
    free_float_days: int | None  # how far it can slip before anything else does: 0 ≤ free ≤ total
    is_delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One activity on a driving path, and the link by which the one before it set its date (None: the first)."""

    activity: str
    link: Link | None


class Schedule:
    """The dates of one network; made by `schedule`, and never changed. Ids that it does not know raise ValueError."""

    def __init__(self, network: Network, deadlines: Iterable[Deadline]) -> None:
        self._network = network
        self._deadlines: dict[str, Deadline] = {}
        self._late_for: dict[str, list[int]] = {}
        for deadline in deadlines:
            if deadline.id in self._deadlines:
                raise ValueError(f"“{deadline.id}” occurs twice among the deadlines.")
            self._position(deadline.activity)
            day_number(deadline.date)
            self._deadlines[deadline.id] = deadline
        self._late = network.backward(dict.fromkeys(range(len(network.activities)), network.finish))
        self._link_floats, self._free_floats = _free_floats(network, self._late)

    def __iter__(self) -> Iterator[Planned]:
        """Each activity's dates, in the order they were given."""
        return (self._planned(position) for position in range(len(self._network.activities)))

    def __getitem__(self, activity: str) -> Planned:
        return self._planned(self._position(activity))

    def __contains__(self, activity: object) -> bool:
        return activity in self._network.place

    def __len__(self) -> int:
        return len(self._network.activities)

    @property
    def activities(self) -> tuple[Activity, ...]:
        """What it was made from, in the order given."""
        return tuple(self._network.activities)

    @property
    def links(self) -> tuple[Link, ...]:
        """What it was made from, in the order given."""
        return tuple(self._network.links)

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What it was made from, in the order given."""
        return tuple(self._deadlines.values())

    @property
    def finish(self) -> date | None:
        """The last day on which anything finishes; None when there is nothing to finish."""
        return max((self._early_finish(position) for position in range(len(self))), default=None)

    def free_float_of(self, link: Link) -> int | None:
        """Working days, on its own calendar, that `link.before` can slip before this link moves `link.after`.

        None when nothing can: one of the two is delivered, or the link holds a start that has already happened.
        Source: DOMAIN §4.
        """
        try:
            return self._link_floats[self._network.links.index(link)]
        except ValueError:
            raise ValueError(f"The schedule has no such link: {link.before} → {link.after}, {link.kind}.") from None

    @property
    def link_floats(self) -> tuple[int | None, ...]:
        """`free_float_of` each link, in the order of `links`."""
        return tuple(self._link_floats)

    def deadline_float(self, deadline: str) -> int:
        """Working days left between its activity's finish and the deadline; negative: days to win back.

        Counted on the activity's calendar; of a delivered activity it says how early or late it was.
        Source: DOMAIN §4.
        """
        wanted, network = self._deadline(deadline), self._network
        position = self._position(wanted.activity)
        points = network.points[position]
        left = points[day_number(wanted.date) + 1] - points[network.finishes[position]]
        return left - 1 if network.opens[position] else left  # a day that it begins with cannot be after the deadline

    def days_to_spare(self, activity: str, deadline: str) -> int | None:
        """Working days that `activity` can slip without making the deadline late; negative: days to win back.

        Counted on its own calendar, and by its own chains: others may be late on theirs. None when it is delivered
        or when the deadline's activity does not wait for it.
        """
        latest = self._latest_for(deadline)[self._position(activity)]
        if latest == NO_LIMIT:
            return None
        if activity == self._deadline(deadline).activity:
            return self.deadline_float(deadline)
        position = self._position(activity)
        return self._network.between(position, self._network.at[position], latest)

    def latest_safe(self, activity: str, deadline: str) -> date | None:
        """The last day on which `activity` may finish without moving the deadline's activity past the deadline.

        Before its early finish when days must be won back. None when it is delivered or has no part in it.
        """
        position = self._position(activity)
        latest = self._latest_for(deadline)[position]
        return None if latest == NO_LIMIT else self._late_finish(position, latest)

    def driving(self, activity: str) -> tuple[Link, ...]:
        """The links that set its date, in the order given; none when its own bounds or facts alone set it."""
        return tuple(self._network.links[tie.number] for tie in self._network.driving(self._position(activity)))

    def driving_path(self, to: str) -> tuple[Step, ...]:
        """The chain that sets the date of `to`, first activity first, `to` last.

        Where several links set a date together, the path follows the one whose activity finishes last, then the
        one given first; `critical` has them all.
        """
        network = self._network
        position = self._position(to)
        steps: list[Step] = []
        ties = list(network.driving(position))
        while ties:
            tie = max(ties, key=lambda tie: (network.finishes[tie.before], -tie.before, -tie.number))
            steps.append(Step(activity=network.activities[tie.after].id, link=network.links[tie.number]))
            position = tie.before
            ties = self._behind(tie)
        steps.append(Step(activity=network.activities[position].id, link=None))
        return tuple(reversed(steps))

    def critical(self, to: str) -> frozenset[str]:
        """Ids on any chain that sets the date of `to`, and its own: not those with little float.

        Source: DOMAIN §4, Critical.
        """
        network = self._network
        found = {self._position(to)}
        stack = list(network.driving(self._position(to)))
        seen = {tie.number for tie in stack}
        while stack:
            tie = stack.pop()
            found.add(tie.before)
            new = [further for further in self._behind(tie) if further.number not in seen]
            seen.update(further.number for further in new)
            stack.extend(new)
        return frozenset(network.activities[position].id for position in found)

    def _behind(self, tie: Tie) -> list[Tie]:
        """What sets the end that `tie` starts from: nothing, when that end is a fact."""
        if tie.from_start and self._network.under_way[tie.before]:
            return []
        return list(self._network.driving(tie.before))

    def _latest_for(self, deadline: str) -> list[int]:
        wanted = self._deadline(deadline)
        if deadline not in self._late_for:
            limit = {self._position(wanted.activity): day_number(wanted.date) + 1}
            self._late_for[deadline] = self._network.backward(limit)
        return self._late_for[deadline]

    def _planned(self, position: int) -> Planned:
        network = self._network
        late, delivered = self._late[position], network.delivered[position]
        early_finish = self._early_finish(position)
        early_start = early_finish
        if network.under_way[position] or not network.moment[position]:
            early_start = numbered_day(network.starts[position])
        late_finish = early_finish
        if not delivered and not (network.moment[position] and late == network.at[position]):
            late_finish = self._late_finish(position, late)
        late_start = early_start
        if not network.under_way[position] and not delivered:
            late_start = late_finish if network.moment[position] else numbered_day(network.days[position][late])
        return Planned(
            id=network.activities[position].id,
            early_start=early_start,
            early_finish=early_finish,
            late_start=late_start,
            late_finish=late_finish,
            total_float_days=None if delivered else network.between(position, network.at[position], late),
            free_float_days=self._free_floats[position],
            is_delivered=delivered,
        )

    def _early_finish(self, position: int) -> date:
        network = self._network
        finish = network.finishes[position]
        if network.opens[position]:
            return numbered_day(network.days[position][network.points[position][finish]])
        return numbered_day(finish - 1)

    def _late_finish(self, position: int, late: int) -> date:
        network = self._network
        days = network.days[position]
        if not network.moment[position]:
            return numbered_day(days[late + network.durations[position] - 1])
        return network.activities[position].calendar.finish_shown(numbered_day(late))

    def _position(self, activity: str) -> int:
        try:
            return self._network.place[activity]
        except KeyError:
            raise ValueError(f"The schedule has no activity “{activity}”.") from None

    def _deadline(self, deadline: str) -> Deadline:
        try:
            return self._deadlines[deadline]
        except KeyError:
            raise ValueError(f"The schedule has no deadline “{deadline}”.") from None


def schedule(
    activities: Iterable[Activity],
    links: Iterable[Link],
    *,
    start: date,
    status_date: date | None = None,
    deadlines: Iterable[Deadline] = (),
) -> Schedule:
    """The dates that follow from durations, links, calendars and facts alone; nothing is shifted from an older plan.

    Work that is not delivered starts at the earliest on `start`, on the status date and on its own
    `no_earlier_than`, each whichever is later, and goes on without a break; a bound on its finish therefore moves
    its start. Links, with a lag of L working days of the one *after*: FS, it starts on its first working day after
    the last day of the one before, L later; SS, on its first working day from the first day of the one before; FF,
    its last day is its first working day from the last day of the one before; SF, the working day before the first
    day of the one before. A lag in calendar days moves the real date first, the working day is found second.

    Late dates go back from the last finish of all; they are not held at the start or at the status date, nor the
    early ones at a deadline. Raises ValueError for ids that are unknown or occur twice, Loop for a ring, and
    ValueError when dates leave 1970–2100.

    Source: DOMAIN §4.
    """
    return Schedule(Network(tuple(activities), tuple(links), start=start, status_date=status_date), deadlines)


def _free_floats(network: Network, late: list[int]) -> tuple[list[int | None], list[int | None]]:
    """By link and by activity. An activity's is at most what it has to the project's finish."""
    at, delivered = network.at, network.delivered
    by_link: list[int | None] = [None] * len(network.links)
    by_activity: list[int | None] = [None] * len(at)
    for position, ties in enumerate(network.after):
        if delivered[position]:
            continue
        spare = network.between(position, at[position], late[position])
        for tie in ties:
            if not delivered[tie.after]:
                reached = at[tie.after]
                if network.moment[tie.after] and tie.from_start and not network.moment[position]:
                    # A start on that very day would show a milestone that is reached by the day before one day later.
                    reached -= not network.opens[tie.after]
                held = network.held(tie, reached)
                if held != NO_LIMIT:
                    left = network.between(position, at[position], held)
                    by_link[tie.number] = left
                    spare = min(spare, left)
        by_activity[position] = spare
    return by_link, by_activity
