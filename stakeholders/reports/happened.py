"""What became of a sent report: each forecast against the day on which it landed, each question against its answer.

Reads what is recorded now; what a report said comes from its kept facts. A fixed number of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q

from delivery.actions.rules import today
from delivery.models import Choice, Commitment, Deadline, DependencyEvent
from stakeholders.models import DecisionEvent, RequirementEvent
from stakeholders.registers.held import every, hold
from teams.templatetags import ui

from .facts import Ask, FactBase
from .kept import Kept


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a report said of a deadline or an outcome, and the day on which it was there; `landed` None: not yet."""

    held: Kept
    kind: str  # "Deadline", "Outcome"
    title: str
    due: date | None
    even: date
    sure: date | None
    chance: str
    landed: date | None
    url: str

    @property
    def days(self) -> int | None:
        """Calendar days after the day with even odds; below 0: earlier."""
        return (self.landed - self.even).days if self.landed else None

    @property
    def off(self) -> str:
        if self.days is None:
            return ""
        if not self.days:
            return "to the day"
        return f"{ui.plural(abs(self.days), 'day')} {'later' if self.days > 0 else 'earlier'}"

    @property
    def within(self) -> bool | None:
        """Whether it landed by the day that was 85% sure."""
        return None if self.landed is None or self.sure is None else self.landed <= self.sure

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept."""
        return None if self.landed is None or self.due is None else self.landed <= self.due


@dataclass(frozen=True, slots=True)
class Answer:
    """What a report asked, and what was answered; `on` None: nothing yet."""

    held: Kept
    ask: Ask
    on: date | None = None
    what: str = ""
    who: str = ""

    @property
    def in_time(self) -> bool | None:
        """None: no day was named, or its day has not come."""
        if self.ask.by is None:
            return None
        if self.on is not None:
            return self.on <= self.ask.by
        return False if self.ask.by < today() else None

    @property
    def advised(self) -> str:
        return next((one.title for one in self.ask.choices if one.advised), "")

    @property
    def as_advised(self) -> bool | None:
        return self.what == self.advised if self.what and self.advised else None


def forecasts(reports: Sequence[Kept]) -> list[Forecast]:
    """Of every deadline and outcome that had a forecast, report by report. Two queries."""
    deadlines = {one.id for held in reports for one in held.facts.deadlines}
    outcomes = {one.id for held in reports for one in held.facts.outcomes}
    landed = _deadlines(deadlines), _outcomes(outcomes)
    return [one for held in reports for one in _told(held, held.facts, *landed)]


def _told(held: Kept, facts: FactBase, deadlines: dict[int, date], outcomes: dict[int, date]) -> list[Forecast]:
    def made(kind: str, title: str, due: date | None, one: Any, landed: date | None) -> Forecast:
        return Forecast(held, kind, title, due, one.even, one.sure, one.chance_words, landed, one.url)

    return [
        *(made("Deadline", one.name, one.date, one, deadlines.get(one.id)) for one in facts.deadlines if one.even),
        *(
            made("Outcome", one.title, one.due, one, outcomes.get(one.id))
            for one in facts.outcomes
            if one.even and one.delivered is None
        ),
    ]


def _deadlines(ids: Collection[int]) -> dict[int, date]:
    rows = Deadline.objects.filter(pk__in=ids, milestone__delivered_on__isnull=False)
    return dict(rows.values_list("pk", "milestone__delivered_on"))  # type: ignore[arg-type]  # filtered: none is without a day


def _outcomes(ids: Collection[int]) -> dict[int, date]:
    """outcome, or commitment below 0 → the day on which all of it was there."""
    alone, shared = [-one for one in ids if one < 0], [one for one in ids if one > 0]
    rows = Commitment.objects.filter(Q(outcome__in=shared) | Q(pk__in=alone))
    days: dict[int, list[date | None]] = defaultdict(list)
    for pk, outcome, day in rows.filter(cancelled_at=None).values_list("pk", "outcome", "delivered_on"):
        for key in {outcome or 0, -pk} & set(ids):
            days[key].append(day)
    return {key: max(one for one in own if one) for key, own in days.items() if own and all(own)}


# --- questions -------------------------------------------------------------------------------------------------------

Answered = tuple[datetime, str, str]  # when, what, by whom


def answers(reports: Sequence[Kept]) -> list[Answer]:
    """Of every question that has an answer in the records, report by report. A query for each kind, eight for
    acceptances."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for held in reports:
        for ask in held.facts.asks:
            kind, _, number = ask.key.rpartition("-")
            if number.isdigit():
                numbers[kind].add(int(number))
    known = {kind: reader(numbers[kind]) for kind, reader in _READERS.items() if numbers[kind]}
    return [
        _answer(held, ask, known)
        for held in reports
        for ask in held.facts.asks
        if ask.key.rpartition("-")[0] in _READERS
    ]


def _answer(held: Kept, ask: Ask, known: dict[str, dict[int, list[Answered]]]) -> Answer:
    """The first answer after the report was gathered."""
    kind, _, number = ask.key.rpartition("-")
    for at, what, who in known.get(kind, {}).get(int(number), ()):
        if at > held.facts.as_of:
            return Answer(held, ask, at.astimezone(settings.ORGANISATION_ZONE).date(), what, who)
    return Answer(held, ask)


def _options(ids: Collection[int]) -> dict[int, list[Answered]]:
    rows = Choice.objects.filter(option__commitment__in=ids).order_by("at", "pk")
    return _by(rows.values_list("option__commitment", "at", "option__title", "by_name"))


def _decisions(ids: Collection[int]) -> dict[int, list[Answered]]:
    rows = DecisionEvent.objects.filter(decision__in=ids, step__in=["decided", "withdrawn"]).order_by("at", "pk")
    said = rows.values_list("decision", "at", "option__title", "step", "by_name")
    return _by((pk, at, title or step.capitalize(), who) for pk, at, title, step, who in said)


def _needs(ids: Collection[int]) -> dict[int, list[Answered]]:
    rows = DependencyEvent.objects.filter(dependency__in=ids, step__in=["agreed", "met"]).order_by("at", "pk")
    said = rows.values_list("dependency", "at", "step", "on", "by_name")
    return _by((pk, at, f"Agreed for {ui.day(on)}" if step == "agreed" and on else step.capitalize(), who)
               for pk, at, step, on, who in said)  # fmt: skip


def _requirements(ids: Collection[int]) -> dict[int, list[Answered]]:
    rows = RequirementEvent.objects.filter(requirement__in=ids).exclude(step="open").order_by("at", "pk")
    said = rows.values_list("requirement", "at", "step", "by_name")
    return _by((pk, at, step.capitalize(), who) for pk, at, step, who in said)


def _acceptances(ids: Collection[int]) -> dict[int, list[Answered]]:
    found: dict[int, list[Answered]] = {}
    for held in hold(every().filter(pk__in=ids)):
        signed = held.signatures_on(held.current)
        if held.holds and signed:
            found[held.row.pk] = [(signed[-1].at, "Signed", signed[-1].printed_name)]
    return found


def _by(rows: Any) -> dict[int, list[Answered]]:
    found: dict[int, list[Answered]] = defaultdict(list)
    for pk, at, what, who in rows:
        found[pk].append((at, what or "", who or ""))
    return found


_READERS = {
    "options": _options, "decision": _decisions, "need": _needs, "requirement": _requirements,
    "acceptance": _acceptances,
}  # fmt: skip
