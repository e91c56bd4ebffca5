"""What a slip would change, worked out before it is logged: dates, chances, money, and that in a sentence.

Named are the commitment's own dependants and deadlines only: who promises something may know who waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from teams.templatetags import words

from . import network
from .calendar import WorkCalendar
from .chance import Chance
from .models import Commitment, Deadline, Dependency
from .templatetags.near import near
from .warning import STANDARD_DAYS

SHOWN = 8  # moved dates in the panel; the rest are counted


@dataclass(frozen=True, slots=True)
class DeadlineChange:
    """One deadline before and after."""

    row: Deadline
    change: network.DeadlineMoved

    @property
    def days_in(self) -> int:
        """Days of its penalty that the even-odds date reaches afterwards; 0: none."""
        begins = min((window.from_date for window in self.row.windows.all()), default=None)
        return max((self.change.even_after - begins).days + 1, 0) if begins else 0

    @property
    def before(self) -> str:
        return _priced(self.change.penalty_before, self.row.currency)

    @property
    def after(self) -> str:
        return _priced(self.change.penalty_after, self.row.currency)

    @property
    def costs(self) -> bool:
        return self.change.penalty_before != self.change.penalty_after

    @property
    def moves(self) -> bool:
        return self.change.even_before != self.change.even_after

    @property
    def odds_change(self) -> bool:
        return self.change.chance_before.words != self.change.chance_after.words


@dataclass(frozen=True, slots=True)
class Move:
    """A dependant whose even-odds date moves."""

    row: Commitment
    before: date
    after: date
    deadline: date | None

    @property
    def days(self) -> int:
        return (self.after - self.before).days


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that the panel, the line under the date and the sentence say."""

    commitment: Commitment
    promised: date
    to: date
    chance: Chance | None  # of the new date; None without a forecast
    deadlines: list[DeadlineChange]
    moves: list[Move]
    impact: str

    @property
    def shown(self) -> list[Move]:
        return self.moves[:SHOWN]

    @property
    def left_out(self) -> int:
        return max(len(self.moves) - SHOWN, 0)

    @property
    def is_quiet(self) -> bool:
        return not self.deadlines and not self.moves


def preview(row: Commitment, to: date, *, promised: date, likely: int | None = None) -> Preview:
    """Move `row` from `promised` to `to`; nothing is written.

    The added work is what `log_slip` will add: the team's working days between the two dates, or what makes `likely`
    of the days that are left when the person estimates them anew.
    """
    left = network.left(row) if likely is not None else None
    estimated_anew = likely is not None and left is not None
    added = likely - left[1] if estimated_anew else network.days_of_slip(row, promised, to)  # type: ignore[operator,index]  # both are there when estimated anew
    seen = network.what_if({row.pk: added}, promises={row.pk: to})
    deadlines = _deadlines(seen.deadlines)
    moves = _moves(row, seen.moved)
    waiting = {
        one.after_id: one for one in Dependency.objects.filter(before=row, removed_at=None, after__delivered_on=None)
    }
    return Preview(
        commitment=row, promised=promised, to=to, chance=seen.chances.get(row.pk), deadlines=deadlines, moves=moves,
        impact=sentence(row, moves, deadlines, waiting),
    )  # fmt: skip


def _deadlines(changes: Sequence[network.DeadlineMoved]) -> list[DeadlineChange]:
    found = {
        one.deadline: one
        for one in changes
        if one.even_before != one.even_after
        or one.chance_before != one.chance_after
        or one.penalty_before != one.penalty_after
    }
    rows = Deadline.objects.filter(pk__in=found).select_related("milestone").prefetch_related("windows")
    ones = [DeadlineChange(row, found[row.pk]) for row in rows]
    return sorted(ones, key=lambda one: (-abs(one.change.penalty_after - one.change.penalty_before), one.row.date))


def _moves(row: Commitment, moved: Sequence[network.Moved]) -> list[Move]:
    others = {one.commitment: one for one in moved if one.commitment != row.pk}
    rows = Commitment.objects.filter(pk__in=others).select_related("team").prefetch_related("deadlines")
    found = []
    for one in rows:
        due = min((each.date for each in one.deadlines.all() if each.closed_at is None), default=None)
        found.append(Move(one, others[one.pk].before, others[one.pk].after, due))
    return sorted(found, key=lambda one: (one.before, one.row.pk))


# --- in words --------------------------------------------------------------------------------------------------------


def sentence(
    row: Commitment, moves: Sequence[Move], deadlines: Sequence[DeadlineChange], waiting: dict[int, Dependency]
) -> str:
    """The business impact: who waits, what the deadlines do, what it costs. Only what was worked out."""
    said = [_blocked(one, waiting[one.row.pk]) for one in moves if one.row.pk in waiting and one.days > 0][:3]
    several = len(deadlines) > 1
    for one in deadlines[:3]:
        said += _deadline_said(one, several)
    if len(deadlines) > 3:
        said.append(f"{len(deadlines) - 3} more {'deadlines change' if len(deadlines) > 4 else 'deadline changes'}.")
    return " ".join(said)[:2000]


def _blocked(move: Move, link: Dependency) -> str:
    if move.row.is_milestone:
        return f"{move.row.title} waits for it."
    verb = "start" if link.kind in (Dependency.Kind.FS, Dependency.Kind.SS) else "finish"
    until = "it is done" if link.kind in (Dependency.Kind.FS, Dependency.Kind.FF) else "it has started"
    return f"{move.row.team} cannot {verb} {move.row.title} until {until}."


def _deadline_said(one: DeadlineChange, several: bool) -> list[str]:
    change, name, said = one.change, one.row.name, []
    if one.moves:
        text = f"{name} moves from {near(change.even_before)} to {near(change.even_after)}"
        late = (change.even_after - one.row.date).days
        if one.days_in:
            text += f", {words.plural(one.days_in, 'day,days')} into the penalty window"
        elif late > 0:
            text += f", {words.plural(late, 'day,days')} after its deadline of {near(one.row.date)}"
        said.append(f"{text}.")
    elif one.odds_change:
        verb = "falls" if change.chance_after.hits < change.chance_before.hits else "rises"
        odds = f"from {change.chance_before.words} to {change.chance_after.words}"
        said.append(f"The chance of {name} by {near(one.row.date)} {verb} {odds}.")
    if one.costs and one.before != one.after:
        verb = "rises" if change.penalty_after > change.penalty_before else "falls"
        of = f" of {name}" if several else ""
        said.append(f"Expected penalty{of} {verb} from {one.before} to {one.after}.")
    return said


def _priced(cents: int, currency: str) -> str:
    text = words.money(cents / 100)
    return text if currency in ("USD", "") else text.replace("$", f"{currency} ")


# --- warning ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """How early a slip said today would be."""

    days: int  # working days before the due date; 0: on it or later
    is_early: bool
    strong: str
    rest: str


def notice(due: date, *, today: date, days: WorkCalendar, flagged_on: date | None = None) -> Notice:
    """In working days of the team, counted from the first flag of this promise, or from today."""
    said_on = min(flagged_on or today, today)
    ahead = (
        max(days.working_days_between(said_on + timedelta(days=1), due + timedelta(days=1)), 0) if said_on < due else 0
    )
    early = ahead >= STANDARD_DAYS
    span = words.plural(ahead, "working day,working days")
    since = f"Flagged {near(said_on)}, {span} before the due date" if said_on < today and ahead else ""
    if not ahead:
        passed = "On" if due == today else "After"
        return Notice(0, False, f"{passed} the due date", ", so this counts as no warning.")
    counts = (
        ", so this counts as early warning."
        if early
        else f"; the standard is {STANDARD_DAYS}, so this is a late warning."
    )
    return Notice(ahead, early, since or f"{span} before the due date", counts)
