"""Two schedules side by side: which dates move, by how much, and whose days to spare took up the rest. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from delivery.activities import Link
from delivery.calendar import WorkCalendar
from delivery.schedule import Planned, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One activity whose early dates differ. Dates are shown dates; days are positive when it moves later."""

    id: str
    start_before: date
    start_after: date
    finish_before: date
    finish_after: date
    start_working_days: int  # of its calendar in the second schedule
    finish_working_days: int

    @property
    def finish_days(self) -> int:
        """Calendar days between the two finishes."""
        return (self.finish_after - self.finish_before).days

    @property
    def start_days(self) -> int:
        """Calendar days between the two starts."""
        return (self.start_after - self.start_before).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """`link.before` moved later and `link.after` less so: the link had days to spare, in working days of the first."""

    link: Link
    days: int
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatChange:
    """An activity's total float, or a deadline's, in working days, before and after; None: delivered."""

    id: str
    before_days: int | None
    after_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs from one schedule to another, in the order of the second; what is the same is left out."""

    finish_before: date | None
    finish_after: date | None
    moved: tuple[Move, ...]
    absorbed: tuple[Absorbed, ...]
    floats: tuple[FloatChange, ...]
    deadlines: tuple[FloatChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def compare(before: Schedule, after: Schedule) -> Comparison:
    """What changes from `before` to `after`: moved dates, links that absorbed a move, floats, deadlines.

    Activities and deadlines are matched by id, links as a whole: a link with another lag is another link. Neither
    schedule changes.

    Source: DOMAIN §4, Slips, What-if.
    """
    old = {one.id: one for one in before}
    new = {one.id: one for one in after}
    calendars = {one.id: one.calendar for one in after.activities}
    moved = {
        id_: _move(old[id_], one, calendars[id_])
        for id_, one in new.items()
        if id_ in old and (old[id_].early_start, old[id_].early_finish) != (one.early_start, one.early_finish)
    }
    later = {id_ for id_, move in moved.items() if move.finish_days > 0 or move.start_days > 0}
    deadlines = {one.id for one in before.deadlines}
    return Comparison(
        finish_before=before.finish,
        finish_after=after.finish,
        moved=tuple(moved.values()),
        absorbed=_absorbed(before, after, later),
        floats=tuple(
            FloatChange(id=id_, before_days=old[id_].total_float_days, after_days=one.total_float_days)
            for id_, one in new.items()
            if id_ in old and old[id_].total_float_days != one.total_float_days
        ),
        deadlines=tuple(
            FloatChange(id=one.id, before_days=before.deadline_float(one.id), after_days=after.deadline_float(one.id))
            for one in after.deadlines
            if one.id in deadlines and before.deadline_float(one.id) != after.deadline_float(one.id)
        ),
        added=tuple(id_ for id_ in new if id_ not in old),
        removed=tuple(id_ for id_ in old if id_ not in new),
    )


def _move(old: Planned, new: Planned, calendar: WorkCalendar) -> Move:
    day = timedelta(days=1)
    return Move(
        id=new.id,
        start_before=old.early_start,
        start_after=new.early_start,
        finish_before=old.early_finish,
        finish_after=new.early_finish,
        start_working_days=calendar.working_days_between(old.early_start, new.early_start),
        finish_working_days=calendar.working_days_between(old.early_finish + day, new.early_finish + day),
    )


def _absorbed(before: Schedule, after: Schedule, later: set[str]) -> tuple[Absorbed, ...]:
    had = dict(zip(before.links, before.link_floats, strict=True))
    found = []
    for link, left in dict(zip(after.links, after.link_floats, strict=True)).items():
        spare = had.get(link)
        if link.before in later and spare is not None and left is not None and left < spare:
            found.append(Absorbed(link=link, days=spare - left, days_left=left))
    return tuple(found)
