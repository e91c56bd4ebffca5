"""What would change if some commitments took longer or shorter. Reads and computes; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from delivery import network, shown
from delivery.actions.rules import today as this_day
from delivery.models import Commitment, Deadline
from delivery.network import DeadlineMoved, Moved, WhatIf
from teams import access
from teams.models import User

from . import words
from .axis import Axis
from .density import Density, density

LEAST, MOST = -14, 42  # working days by which a what-if may change a commitment
MOST_CHANGES = 8
MOST_LISTED = 40


@dataclass(frozen=True, slots=True)
class Change:
    """So many working days more (or fewer) of a commitment's work."""

    commitment: Commitment
    days: int

    @property
    def said(self) -> str:
        if not self.days:
            return "as it is"
        return f"{words.days(self.days, 'working')} of work {'more' if self.days > 0 else 'less'}"

    @property
    def saved(self) -> int:
        return -self.days

    @property
    def signed(self) -> str:
        return words.signed(self.days)


@dataclass(frozen=True, slots=True)
class DateMoved:
    """A date that moves, of a commitment that the person sees."""

    commitment: Commitment
    before: date
    after: date
    today: date

    @property
    def before_words(self) -> str:
        return words.day(self.before, self.today)

    @property
    def after_words(self) -> str:
        return words.day(self.after, self.today)

    @property
    def days(self) -> int:
        return (self.after - self.before).days

    @property
    def signed(self) -> str:
        return words.signed(self.days)


@dataclass(frozen=True, slots=True)
class DeadlineAnswer:
    """A deadline before and after."""

    row: Deadline
    name: str
    moved: DeadlineMoved
    today: date

    @property
    def on(self) -> str:
        return words.day(self.row.date, self.today)

    @property
    def even_before(self) -> str:
        return words.day(self.moved.even_before, self.today)

    @property
    def even_after(self) -> str:
        return words.day(self.moved.even_after, self.today)

    @property
    def penalty_before(self) -> str:
        return words.cash(self.moved.penalty_before, self.row.currency)

    @property
    def penalty_after(self) -> str:
        return words.cash(self.moved.penalty_after, self.row.currency)

    @property
    def costs(self) -> bool:
        return bool(self.row.windows.all())

    @property
    def chart(self) -> Density:
        return density(self.moved.bins_before, self.moved.bins_after, self.row.date)

    @property
    def finding(self) -> str:
        """What the chart shows, in words."""
        one = self.moved
        return (
            f"Even odds {self.even_before} now, {self.even_after} in the what-if; chance of "
            f"{self.on}: {one.chance_before.words} now, {one.chance_after.words} in the what-if."
        )


@dataclass(slots=True)
class Answered:
    """A what-if's answer as the panel shows it. `result` is the network's own."""

    changes: list[Change]
    result: WhatIf
    moved: list[DateMoved]
    unseen: int  # dates that move and that the person does not see
    deadlines: list[DeadlineAnswer]
    other_deadlines: int  # seen, and the same as before
    bars: list[dict[str, float]]  # where the timeline draws them
    spare: str

    @property
    def is_nothing(self) -> bool:
        return not any(change.days for change in self.changes)

    @property
    def moved_more(self) -> int:
        """Beyond the ones that are listed."""
        return len(self.moved) - MOST_LISTED

    @property
    def heading(self) -> str:
        count = len(self.moved)
        return f"{words.number(count)} {'date moves' if count == 1 else 'dates move'}" if count else "No date moves"

    @property
    def still_words(self) -> str:
        parts = []
        if self.unseen:
            teams = "of other teams"
            parts.append(f"{words.number(self.unseen)} {'date' if self.unseen == 1 else 'dates'} {teams} move too.")
        still = self.result.still
        parts.append(f"{still:,} {'other does' if still == 1 else 'others do'} not move.")
        return " ".join([*parts, self.spare]).strip()

    @property
    def bars_json(self) -> str:
        return json.dumps(self.bars)

    @property
    def own(self) -> list[str]:
        """For each change, working days of work beside the calendar days by which its own date moves."""
        by_id = {one.commitment.pk: one for one in self.moved}
        found = []
        for change in self.changes:
            one = by_id.get(change.commitment.pk)
            if change.commitment.pk not in self.result.finishes:
                said = "has no forecast, so nothing can be worked out. Estimate its work first."
            elif one is None:
                said = f"{change.said}; its date does not move."
            else:
                way = "later" if one.days > 0 else "earlier"
                said = f"{change.said}; its date moves {words.days(one.days, 'calendar')} {way}."
            found.append(f"{change.commitment.title}: {said}")
        return found


def work_out(user: User, changes: Mapping[int, int], *, axis: Axis, deadline: int | None = None) -> Answered:
    """The network with `changes` (commitment → working days). `user` must see each of those commitments.

    `deadline` is told first. Nothing is written.
    """
    result, day = network.what_if(changes), this_day()
    ids = {one.commitment for one in result.moved} | set(changes)
    rows = {row.pk: row for row in shown.visible(user).filter(pk__in=ids).select_related("team")}
    seen = frozenset(access.teams(user).values_list("pk", flat=True))
    moved = [
        DateMoved(rows[one.commitment], one.before, one.after, day) for one in result.moved if one.commitment in rows
    ]
    told, same = _deadlines(result, seen, deadline, day)
    return Answered(
        changes=[Change(rows[pk], days) for pk, days in changes.items() if pk in rows],
        result=result,
        moved=moved,
        unseen=len(result.moved) - len(moved),
        deadlines=told,
        other_deadlines=same,
        bars=_bars(result.moved, rows, changes, axis),
        spare=_spare(result, user),
    )


def _deadlines(result: WhatIf, seen: Collection[int], first: int | None, day: date) -> tuple[list[DeadlineAnswer], int]:
    """The deadline asked for and those that change, nearest first; and how many stay as they are."""
    by_id = {one.deadline: one for one in result.deadlines}
    rows = Deadline.objects.filter(pk__in=by_id).select_related("milestone").prefetch_related("windows")
    told, same = [], 0
    for row in rows.order_by("date", "pk"):
        if row.team_id not in seen and row.milestone.team_id not in seen:
            continue
        one = by_id[row.pk]
        if row.pk == first or one.bins_before != one.bins_after:
            name = row.milestone.title if row.milestone.team_id in seen else row.name
            told.append(DeadlineAnswer(row, name, one, day))
        else:
            same += 1
    told.sort(key=lambda answer: answer.row.pk != first)
    return told, same


def _bars(
    moved: Sequence[Moved], rows: Mapping[int, Commitment], changes: Mapping[int, int], axis: Axis
) -> list[dict[str, float]]:
    """The changed commitments from their old end to the new one; the others as long as they are, moved."""
    lines = shown.newest_lines([one.commitment for one in moved if one.commitment in rows])
    found = []
    for one in moved:
        row, line = rows.get(one.commitment), lines.get(one.commitment)
        if row is None or line is None:
            continue
        if row.is_milestone:
            left = right = axis.end(one.after)
        elif changes.get(row.pk):
            left, right = sorted((axis.end(one.before), axis.end(one.after)))
        else:
            start = min(row.started_on or line.early_start, line.early_start)
            left, right = axis.x(start + (one.after - one.before)), axis.end(one.after)
        diamond = int(row.is_milestone)
        if diamond and not axis.shows(one.after, one.after):
            continue
        if diamond or right - left >= 1:
            found.append({"id": row.pk, "x": left, "width": round(right - left, 1), "milestone": diamond})
    return found


def _spare(result: WhatIf, user: User) -> str:
    """Of what waits for a moved commitment and stays where it is, the one with the least days to spare."""
    ids = {one.commitment for one in result.moved}
    held = (
        shown.visible(user)
        .filter(needs__before__in=ids, needs__removed_at=None, delivered_on=None, cancelled_at=None)
        .exclude(pk__in=ids)
        .distinct()
    )
    rows = {row.pk: row for row in held}
    spare = [(line.float_days, rows[pk]) for pk, line in shown.newest_lines(list(rows)).items() if line.float_days]
    if not spare:
        return ""
    least, row = min(spare, key=lambda pair: (pair[0], pair[1].pk))
    return f"{row.title} has {words.days(least, 'working')} to spare." if least > 0 else ""
