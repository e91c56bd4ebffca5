"""What happened to one commitment: its slip log with the warning that each entry gave, and its newest activity."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings

from teams.templatetags import ui

from .models import Answer, Choice, Commitment, DependencyEvent, Flag, Slip
from .models.promises import name_of
from .network import calendars
from .shown import Contract
from .warning import STANDARD_DAYS, Means, Promised, Track, warned
from .warning import Flag as Flagged

NEWEST = 20
FULL_BAR = 30  # working days of warning that fill the bar
REASONS = dict(Slip.Reason.choices)
WORDS = dict(Answer.Word.choices)
STEPS = dict(DependencyEvent.Step.choices)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the slip log. `days`: later than the promise before; `warning`: working days, if one was due."""

    at: datetime | date
    tone: str
    by: str
    slip: Slip | None = None
    days: int = 0
    warning: int | None = None
    flagged_on: date | None = None  # a check-in said so before the slip was logged
    options: tuple[Any, ...] = ()
    taken: Choice | None = None
    is_corrected: bool = False

    @property
    def bar(self) -> float:
        """Percent of the warning bar."""
        return round(min(self.warning or 0, FULL_BAR) / FULL_BAR * 100, 1)

    @property
    def standard(self) -> float:
        return round(STANDARD_DAYS / FULL_BAR * 100, 1)

    @property
    def earlier(self) -> int:
        return -self.days

    @property
    def is_short(self) -> bool:
        return self.warning is not None and self.warning < STANDARD_DAYS


def slip_log(row: Commitment, slips: Sequence[Slip]) -> list[Entry]:
    """Newest first; the first promise is the oldest. Three queries."""
    flags = list(Flag.objects.filter(commitment=row).order_by("pk"))
    working = calendars([row.team_id])[row.team_id].working_days_between
    corrected = {slip.corrects_id for slip in slips}
    made, entries = row.made_on, []
    for slip in sorted(slips, key=lambda one: one.pk):
        if slip.corrects_id is not None:
            entries.append(Entry(slip.at, "none", slip.by_name, slip, is_corrected=slip.pk in corrected))
            continue
        on = local(slip.at)
        days = (slip.to_date - slip.from_date).days
        early = tuple(
            Flagged(on=flag.on, means=Means.CHECK_IN) for flag in flags if flag.how != "slip" and made <= flag.on <= on
        )
        said = warned(
            Track(
                id=str(row.pk), squad="", flags=early,
                promises=(Promised(on=min(made, on), due=slip.from_date), Promised(on=on, due=slip.to_date)),
            ),
            today=on, working_days=working,
        )  # fmt: skip
        options = tuple(slip.options.all())
        taken = next((option.choice for option in options if hasattr(option, "choice")), None)
        tone = "ok" if days < 0 else "late" if said.working_days < STANDARD_DAYS else "risk"
        entries.append(
            Entry(
                slip.at, tone, slip.by_name, slip, days, said.working_days if days > 0 else None,
                said.flagged_on if said.flagged_on and said.flagged_on < on else None, options, taken,
                slip.pk in corrected,
            )
        )  # fmt: skip
        made = on
    first = Entry(row.made_on, "none", name_of(row.created_by))
    return [*reversed(entries), first]


def median_warning(entries: Sequence[Entry]) -> float | None:
    """Of the entries that moved the promise later; None without one."""
    days = [entry.warning for entry in entries if entry.warning is not None]
    return statistics.median(days) if days else None


@dataclass(frozen=True, slots=True)
class Act:
    """A line of the activity."""

    at: datetime
    said: str
    by: str
    note: str = field(default="")


def activity(row: Commitment, slips: Sequence[Slip], contracts: Sequence[Contract]) -> list[Act]:
    """The newest twenty things that people said or did about it. Three queries."""
    acts = [_slip(slip) for slip in slips]
    for answer in row.answers.select_related("checkin").order_by("-pk")[:NEWEST]:
        word = WORDS.get(answer.word, answer.word).lower()
        acts.append(Act(answer.checkin.at, f"Check-in: {word}", answer.checkin.by_name, answer.note))
    for estimate in row.estimates.select_related("by").order_by("-pk")[:NEWEST]:
        days = f"{estimate.low}, {estimate.likely} or {estimate.high} days remain"
        acts.append(Act(estimate.at, "A milestone: no work" if row.is_milestone else days, name_of(estimate.by)))
    for override in row.overrides.order_by("-pk")[:NEWEST]:
        acts.append(Act(override.at, "Sees it differently", override.by_name, override.why))
    for contract in contracts:
        other = contract.row.before if contract.row.after_id == row.pk else contract.row.after
        for event in contract.events:
            on = f" for {ui.day(event.on)}" if event.on else ""
            acts.append(Act(event.at, f"{STEPS.get(event.step, event.step)}{on}: {other}", event.by_name, event.words))
    for slip in slips:
        acts += [
            Act(option.choice.at, f"Decided: {option.title}", option.choice.by_name, option.choice.why)
            for option in slip.options.all()
            if hasattr(option, "choice")
        ]
    return sorted(acts, key=lambda act: act.at, reverse=True)[:NEWEST]


def _slip(slip: Slip) -> Act:
    if slip.corrects_id is not None:
        return Act(slip.at, "Reason corrected in the slip log", slip.by_name)
    count = len(slip.options.all())
    more = f", with {ui.plural(count, 'option')}" if count else ""
    return Act(slip.at, f"{ui.day(slip.from_date)} moved to {ui.day(slip.to_date)}{more}", slip.by_name)


def local(at: datetime) -> date:
    """The day in the organisation's zone."""
    return at.astimezone(settings.ORGANISATION_ZONE).date()
