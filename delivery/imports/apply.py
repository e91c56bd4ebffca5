"""Writes a judged import through the verbs of `delivery.actions`: all of it or nothing, or its good rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from django.db import IntegrityError, connection, transaction

from delivery import actions
from delivery.actions.contracts import links_in_force
from delivery.actions.rules import Refused, lock_network, marked_once
from delivery.loops import Waits
from delivery.models import Commitment, Outcome, PlanningInterval
from teams.models import Person, Team, User

from .plan import Fate, Intent, LinkIntent, Plan, Problem

Row = TypeVar("Row", Intent, LinkIntent)
TOGETHER = 200  # rows between two savepoints

IMPORT_LOCK = 0x696D706F  # one import at a time: what was judged stays true until it is written


class Stale(Exception):
    """What would be done is no longer what was shown."""


@dataclass(slots=True)
class Done:
    """What was written, and what was refused after all."""

    made: int = 0
    changed: int = 0
    linked: int = 0
    refused: list[Problem] = field(default_factory=list)


@transaction.atomic
def apply(judged: Callable[[], Plan], *, by: User, all_or_nothing: bool, digest: str = "") -> Done:
    """`judged` reads and judges the file anew, under a lock. Raises Stale, or Refused when nothing may be written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
    lock_network()
    plan = judged()
    if digest and plan.digest != digest:
        raise Stale
    wrong = plan.counts[Fate.ERROR]
    if all_or_nothing and wrong:
        raise Refused(f"Nothing was imported: {wrong:,} rows have errors. Correct them, or import the good rows.")
    writing = _Writing(plan, by, all_or_nothing)
    with marked_once(f"{plan.good:,} rows were imported"):
        writing.promises()
        writing.links()
    return writing.done


class _Writing:
    """One import as it is written."""

    def __init__(self, plan: Plan, by: User, all_or_nothing: bool) -> None:
        self.by, self.all_or_nothing, self.done = by, all_or_nothing, Done()
        self.rows = [row for row in plan.promises if row.fate in (Fate.CREATE, Fate.UPDATE)]
        self.new_links = [row for row in plan.links if row.fate is Fate.CREATE]
        self.teams = Team.objects.in_bulk({row.team for row in self.rows if row.team})
        self.people = Person.objects.in_bulk({row.owner for row in self.rows if row.owner})
        self.outcomes = Outcome.objects.in_bulk({row.outcome for row in self.rows if row.outcome})
        self.intervals = PlanningInterval.objects.in_bulk({row.interval for row in self.rows if row.interval})
        ends = {int(end) for row in self.new_links for end in (row.before, row.after) if end.isdecimal()}
        there = {row.held.pk for row in self.rows if row.held} | ends
        self.there = Commitment.objects.select_related("team", "outcome", "owner", "interval").in_bulk(there)
        self.made: dict[str, Commitment] = {}

    def promises(self) -> None:
        self._each(self.rows, self._promise)

    def links(self) -> None:
        if self.new_links:
            waits = links_in_force()
            self._each(self.new_links, lambda row: self._link(row, waits))

    def _each(self, rows: Sequence[Row], write: Callable[[Row], None]) -> None:
        """Some rows at a time, and one by one when any of them is refused."""
        for start in range(0, len(rows), TOGETHER):
            some, before = rows[start : start + TOGETHER], replace(self.done)
            try:
                with transaction.atomic():
                    for row in some:
                        write(row)
            except (Refused, IntegrityError):
                self.done = before
                for row in some:
                    self._alone(row, write)

    def _alone(self, row: Row, write: Callable[[Row], None]) -> None:
        """A row that is refused takes its own changes back; with all or nothing it takes back everything."""
        if isinstance(row, Intent):
            self.made.pop(f"line {row.line}", None)
        before = replace(self.done)
        try:
            with transaction.atomic():
                write(row)
        except (Refused, IntegrityError) as refusal:
            self.done = before
            sentence = str(refusal) if isinstance(refusal, Refused) else "Somebody made the same at this moment."
            if self.all_or_nothing:
                raise Refused(f"Nothing was imported. Row {row.line}, {row.title[:80]}: {sentence}") from refusal
            field_name = refusal.field if isinstance(refusal, Refused) else None
            self.done.refused.append(Problem.at(row.line, field_name or "", row.title, sentence))

    def _promise(self, row: Intent) -> None:
        wanted = row.wanted
        commitment = self._make(row) if row.held is None else self.there[row.held.pk]
        acts = row.acts
        if "reopen" in acts:
            actions.reopen(commitment=commitment, by=self.by)
        if "move" in acts and row.team is not None:
            actions.move_commitment(commitment=commitment, team=self.teams[row.team], by=self.by)
        if "edit" in acts:
            self._edit(row, commitment)
        if "slip" in acts and wanted.promised_on is not None and row.held is not None:
            actions.log_slip(
                commitment=commitment, to_date=wanted.promised_on, reason=wanted.reason, by=self.by,
                words_=wanted.words, impact=wanted.impact, options=wanted.options, seen=row.held.last_slip,
                days=wanted.days,
            )  # fmt: skip
        if "estimate" in acts and wanted.days is not None:
            actions.estimate(commitment=commitment, days=wanted.days, by=self.by)
        if wanted.started_on and ("start" in acts or "make" in acts):
            actions.start(commitment=commitment, on=wanted.started_on, by=self.by)
        if "deliver" in acts and wanted.delivered_on:
            actions.deliver(commitment=commitment, on=wanted.delivered_on, by=self.by)
        if "cancel" in acts:
            actions.cancel(commitment=commitment, why=wanted.cancelled_why, by=self.by)
        if row.held is None:
            self.done.made += 1
            self.made[f"line {row.line}"] = commitment
        else:
            self.done.changed += 1

    def _make(self, row: Intent) -> Commitment:
        wanted = row.wanted
        assert row.team is not None
        assert wanted.promised_on is not None
        return actions.make_commitment(
            team=self.teams[row.team], title=wanted.title, promised_on=wanted.promised_on, by=self.by,
            days=wanted.days, made_on=wanted.made_on, about=wanted.about, outcome=self.outcomes.get(row.outcome or 0),
            owner=self.people.get(row.owner or 0), interval=self.intervals.get(row.interval or 0),
            is_stretch=bool(wanted.is_stretch), is_milestone=bool(wanted.is_milestone),
            planned_value=wanted.planned_value, no_earlier_than=wanted.no_earlier_than, external=row.external,
        )  # fmt: skip

    def _edit(self, row: Intent, held: Commitment) -> None:
        """What the row does not say stays as it is."""
        wanted = row.wanted
        actions.edit_commitment(
            commitment=held, by=self.by, title=wanted.title or held.title, about=wanted.about or held.about,
            outcome=self.outcomes.get(row.outcome or 0) or held.outcome,
            owner=self.people.get(row.owner or 0) or held.owner,
            interval=self.intervals.get(row.interval or 0) or held.interval,
            is_stretch=held.is_stretch if wanted.is_stretch is None else wanted.is_stretch,
            planned_value=wanted.planned_value or held.planned_value,
            no_earlier_than=wanted.no_earlier_than or held.no_earlier_than,
        )  # fmt: skip

    def _link(self, row: LinkIntent, waits: Waits) -> None:
        before, after = (self._end(end) for end in (row.before, row.after))
        wanted = row.wanted
        actions.link(
            before=before, after=after, by=self.by, kind=wanted.kind, lag=wanted.lag or 0,
            lag_in_calendar_days=bool(wanted.in_calendar_days), what=wanted.text, needed_by=wanted.needed_by,
            found=wanted.found or "planning", external=row.external, waits=waits,
        )  # fmt: skip
        self.done.linked += 1

    def _end(self, end: str) -> Commitment:
        found = self.made.get(end) or (self.there.get(int(end)) if end.isdecimal() else None)
        if found is None:
            raise Refused("The commitment at one end was not imported.")
        return found
