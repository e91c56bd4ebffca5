"""The weekly check-in of a team: what to ask, with last week's answers filled in, and what is done with the answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction

from teams.models import Team, User

from . import actions, network, shown, slipping
from .calendar import WorkCalendar
from .forms.checkin import RowForm
from .models import Answer, CheckIn, Commitment, Flag, Option, Slip
from .warning import STANDARD_DAYS

MOST = 60  # commitments on one page; those due first
LONGEST = 24 * 60 * 60  # a page left open for longer says nothing about how long a check-in takes
Word = Answer.Word


def local_day(at: datetime) -> date:
    return at.astimezone(settings.ORGANISATION_ZONE).date()


@dataclass(frozen=True, slots=True)
class Chip:
    """A new date that takes one press."""

    word: str
    on: date


@dataclass(slots=True)
class Row:
    """One commitment of the page."""

    shown: shown.Shown
    form: RowForm
    filled: str  # the answer as it is filled in; empty: ask
    slip: Slip | None  # logged this week
    options: list[Option]  # on the table
    notice: slipping.Notice
    chips: list[Chip]
    changed: str = ""  # what somebody else did meanwhile

    @property
    def pk(self) -> int:
        return self.shown.row.pk

    @property
    def word(self) -> str:
        return str(self.form["word"].value() or "") if self.form.is_bound else self.filled

    @property
    def is_answered(self) -> bool:
        if self.word == Word.WILL_SLIP:
            return self.slip is not None
        return self.word == Word.ON_TRACK or (self.word == Word.AT_RISK and bool(self.options))

    @property
    def picked(self) -> str:
        """A day typed or chosen that no chip offers; chips follow the due date, which somebody may move meanwhile."""
        to = str(self.form["to"].value() or "")
        if to in ("", "pick") or any(to == chip.on.isoformat() for chip in self.chips):
            return str(self.form["day"].value() or "")
        return to

    @property
    def is_picked(self) -> bool:
        return bool(self.picked) and all(self.form["to"].value() != chip.on.isoformat() for chip in self.chips)

    @property
    def wrong(self) -> list[str]:
        return self.form.wrong() if self.form.is_bound else []


@dataclass(slots=True)
class Record:
    """A team's slips of this year. `median`: working days of warning."""

    slips: int
    with_options: int
    median: float | None
    standard: int = STANDARD_DAYS


@dataclass
class Weekly:
    """The page of one team and week."""

    team: Team
    today: date
    posted: Mapping[str, Any] | None = None
    said: Mapping[int, str] = field(default_factory=dict)  # answers carried over a reload
    rows: list[Row] = field(init=False)
    left_out: int = field(init=False)
    last: CheckIn | None = field(init=False)  # this week's newest

    def __post_init__(self) -> None:
        board = shown.board(open_commitments(self.team), today=self.today, deadlines=False)
        ones = sorted(board.shown, key=lambda one: (one.promised_on, one.row.pk))
        self.left_out = max(len(ones) - MOST, 0)
        ids = [one.row.pk for one in ones[:MOST]]
        self.last = CheckIn.objects.filter(team=self.team, monday=self.monday).order_by("-pk").first()
        slips, options, flags = _slips(ids), _options(ids), _flags(ids)
        self.rows = [
            self._row(one, slips.get(one.row.pk, []), options.get(one.row.pk, []), flags.get(one.row.pk, []))
            for one in ones[:MOST]
        ]

    @property
    def monday(self) -> date:
        return self.today - timedelta(days=self.today.weekday())

    @property
    def friday(self) -> date:
        return self.monday + timedelta(days=4)

    @property
    def week(self) -> int:
        return self.today.isocalendar().week

    @property
    def answered(self) -> int:
        return sum(row.is_answered for row in self.rows)

    @property
    def is_filled_in(self) -> bool:
        return any(row.filled for row in self.rows)

    @cached_property
    def calendar(self) -> WorkCalendar:
        return network.calendars([self.team.pk])[self.team.pk]

    def row(self, pk: int) -> Row | None:
        return next((row for row in self.rows if row.pk == pk), None)

    def _row(self, one: shown.Shown, slips: list[Slip], options: list[Option], flags: list[Flag]) -> Row:
        pk = one.row.pk
        later = [slip for slip in slips if slip.to_date > slip.from_date and local_day(slip.at) >= self.monday]
        slip = later[-1] if later else None
        posted = self.posted if self.posted is not None and f"c{pk}-seen" in self.posted else None
        filled = self.said.get(pk) or self._filled(one, slips, slip)
        moved_at = slips[-1].at if slips else None
        since = [flag.on for flag in flags if moved_at is None or flag.at > moved_at]
        notice = slipping.notice(
            one.promised_on, today=self.today, days=self.calendar, flagged_on=min(since, default=None)
        )
        return Row(one, RowForm(pk, posted), filled, slip, options, notice, self._chips(one.promised_on))

    def _filled(self, one: shown.Shown, slips: list[Slip], slip: Slip | None) -> str:
        """The last answer, unless the promise has moved since: that answer was about another date."""
        answer = one.answer
        if answer is not None and one.answered_on is not None and one.answered_on >= self.monday:
            stands = not slips or answer.checkin.at >= slips[-1].at
            return str(answer.word) if stands else str(Word.WILL_SLIP) if slip else ""
        if slip is not None:
            return str(Word.WILL_SLIP)
        if answer is None or answer.word == Word.WILL_SLIP or (slips and slips[-1].at > answer.checkin.at):
            return ""
        return str(answer.word)

    def _chips(self, promised: date) -> list[Chip]:
        begin = max(promised, self.today)
        days = [(weeks, begin + timedelta(weeks=weeks)) for weeks in (1, 2, 3)]
        words = ("+1 week", "+2 weeks", "+3 weeks")
        return [Chip(words[weeks - 1], self.calendar.next_working_day(day)) for weeks, day in days]

    @cached_property
    def record(self) -> Record:
        """Slips to a later date this year. Warning: working days from the first flag of that promise, or the slip."""
        year = [
            slip
            for slip in Slip.objects.filter(commitment__team=self.team, corrects=None).prefetch_related("options")
            if slip.to_date > slip.from_date and local_day(slip.at).year == self.today.year
        ]
        flags = _flags({slip.commitment_id for slip in year})
        every = _slips({slip.commitment_id for slip in year})
        warned = []
        for slip in year:
            before = [one.at for one in every[slip.commitment_id] if one.pk < slip.pk]
            since = [
                flag.on for flag in flags.get(slip.commitment_id, [])
                if flag.at <= slip.at and (not before or flag.at > before[-1])
            ]  # fmt: skip
            told = min([*since, local_day(slip.at)])
            warned.append(slipping.notice(slip.from_date, today=told, days=self.calendar).days)
        with_options = sum(bool(slip.options.all()) for slip in year)
        return Record(len(year), with_options, statistics.median(warned) if warned else None)


def open_commitments(team: Team) -> Any:
    return Commitment.objects.open().filter(team=team)


def _slips(ids: Collection[int]) -> dict[int, list[Slip]]:
    found: dict[int, list[Slip]] = {pk: [] for pk in ids}
    for slip in Slip.objects.filter(commitment__in=ids, corrects=None).order_by("pk"):
        found[slip.commitment_id].append(slip)
    return found


def _options(ids: Collection[int]) -> dict[int, list[Option]]:
    found: dict[int, list[Option]] = {}
    for option in Option.objects.filter(commitment__in=ids, withdrawn_at=None).order_by("pk"):
        found.setdefault(option.commitment_id, []).append(option)
    return found


def _flags(ids: Collection[int]) -> dict[int, list[Flag]]:
    found: dict[int, list[Flag]] = {}
    for flag in Flag.objects.filter(commitment__in=ids).order_by("pk"):
        found.setdefault(flag.commitment_id, []).append(flag)
    return found


# --- sending ---------------------------------------------------------------------------------------------------------


def check(weekly: Weekly) -> bool:
    """Whether every answer can be sent; what is missing is said at its row."""
    right = True
    for row in weekly.rows:
        form = row.form
        if not form.is_bound:
            row.changed = f"{row.shown.row} was promised since this page was opened. Answer it too."
            right = False
        elif not form.is_right():
            right = False
        elif not form.answered:
            form.add_error("word", "Choose on track, at risk or will slip.")
        elif form.answered == Word.WILL_SLIP and row.slip is None:
            form.refused = "Log this slip first: its new date, the reason and an option."
        elif form.answered == Word.AT_RISK and not row.options and not form.proposals():
            form.refused = "Add one option, so that the risk can be decided."
        right = right and not form.errors and not form.refused
    return right


@transaction.atomic
def send(weekly: Weekly, *, by: User, seen: int | None, opened: float | None) -> tuple[CheckIn, bool]:
    """Keep the answers; False beside it when this very check-in had been sent already.

    `seen` is this week's check-in as the person saw it: when somebody else has sent one since, Changed.
    """
    Team.objects.select_for_update().get(pk=weekly.team.pk)
    last = CheckIn.objects.filter(team=weekly.team, monday=weekly.monday).order_by("-pk").first()
    if last is not None and last.pk != seen:
        if last.by_id == by.pk and _same(weekly, last):
            return last, False
        raise actions.Changed(
            f"{last.by_name} sent a check-in for this week at {last.at:%H:%M} UTC. "
            "Your answers are still here. Send again to put them in its place."
        )
    said = [
        actions.Said(
            commitment=row.shown.row, word=row.form.answered, days=row.form.days,
            options=row.form.proposals() if row.form.answered == Word.AT_RISK else (),
        )
        for row in weekly.rows
    ]  # fmt: skip
    took = time.time() - opened if opened is not None else -1.0
    seconds = round(took) if 0 <= took <= LONGEST else None
    return actions.send_checkin(team=weekly.team, monday=weekly.monday, said=said, by=by, seconds=seconds), True


def _same(weekly: Weekly, last: CheckIn) -> bool:
    """Whether `last` holds these answers and all that was typed with them."""
    words = dict(last.answers.values_list("commitment_id", "word"))
    for row in weekly.rows:
        titles = {option.title for option in row.options}
        new = row.form.answered == Word.AT_RISK and any(one.title not in titles for one in row.form.proposals())
        if new or row.form.days not in (None, row.shown.estimate):
            return False
    return words == {row.pk: row.form.answered for row in weekly.rows}


def gone(weekly: Weekly, pks: Collection[int], seeable: Any) -> list[str]:
    """What became of commitments that were on the page and are no longer asked; `seeable`: what the person may read."""
    missing = set(pks) - {row.pk for row in weekly.rows}
    said, named = [], 0
    for one in seeable.filter(pk__in=missing).select_related("team"):
        named += 1
        if one.team_id != weekly.team.pk:
            said.append(f"{one} is a promise of {one.team} now.")
        elif one.delivered_on:
            said.append(f"{one} was delivered.")
        elif one.cancelled_at:
            said.append(f"{one} was cancelled.")
    if len(missing) > named:
        said.append(f"A commitment is no longer a promise of {weekly.team}.")
    return said
