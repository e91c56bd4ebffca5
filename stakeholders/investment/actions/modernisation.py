"""Modernisation: plans and phases, their funding, criteria that are met, and teams that cannot be measured yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from delivery.actions.rules import Refused, now, plausible, today, words
from delivery.models.promises import name_of
from delivery.typed import MOST_CENTS
from stakeholders.models import (
    CriterionEvent,
    ExitCriterion,
    FundingEvent,
    ModernisationPlan,
    NotMeasurable,
    Phase,
)
from teams.models import Person, Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTerms:
    """A phase as somebody words it. `risk_retired`: cents a year."""

    title: str
    starts_on: date | None = None
    ends_on: date | None = None
    risk_retired: int | None = None
    criteria: Sequence[str] = ()


@transaction.atomic
def add_plan(
    *, team: Team, title: str, by: User | None, about: str = "", owner: Person | None = None, is_sample: bool = False
) -> ModernisationPlan:
    """A plan without phases yet."""
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose another team.", "team")
    return ModernisationPlan.objects.create(
        team=team,
        title=words(title, "title", longest=200, required=True),
        owner=owner,
        created_by=by,
        about=words(about, "about", longest=2000),
        is_sample=is_sample,
    )


@transaction.atomic
def edit_plan(
    *, plan: ModernisationPlan, title: str, by: User, about: str = "", owner: Person | None = None
) -> ModernisationPlan:
    row = ModernisationPlan.objects.select_for_update().get(pk=plan.pk)
    row.title = words(title, "title", longest=200, required=True)
    row.about = words(about, "about", longest=2000)
    row.owner = owner
    row.save()
    return row


@transaction.atomic
def add_phase(*, plan: ModernisationPlan, terms: PhaseTerms, by: User | None) -> Phase:
    """The next phase, with what must be true before it is over."""
    held = ModernisationPlan.objects.select_for_update().get(pk=plan.pk)
    first, last = terms.starts_on, terms.ends_on
    for name, day in (("starts_on", first), ("ends_on", last)):
        if day is not None:
            plausible(day, name)
    if first and last and last < first:
        raise Refused("The phase ends before it starts.", "ends_on")
    texts = [words(one, "criteria", longest=300) for one in terms.criteria]
    texts = [one for one in texts if one]
    if not texts:
        raise Refused("Say what must be true before the phase is over, one criterion a line.", "criteria")
    row = Phase.objects.create(
        plan=held,
        position=held.phases.count(),
        title=words(terms.title, "title", longest=200, required=True),
        starts_on=first,
        ends_on=last,
        risk_retired=terms.risk_retired,
    )
    ExitCriterion.objects.bulk_create(
        ExitCriterion(phase=row, position=place, text=text) for place, text in enumerate(texts)
    )
    return row


@transaction.atomic
def mark_criterion(
    *,
    criterion: ExitCriterion,
    met: bool,
    by: User | None,
    evidence: str = "",
    words_: str = "",
    at: datetime | None = None,
) -> CriterionEvent:
    """It is met, shown by `evidence`; or it is not, and why."""
    row = ExitCriterion.objects.select_for_update().get(pk=criterion.pk)
    last = row.events.order_by("-pk").first()
    if (last.met if last else False) == met:
        raise Refused(f"It is {'met' if met else 'not met'} already.")
    address = words(evidence, "evidence", longest=500)
    said = words(words_, "words", longest=500)
    if met and not (address or said):
        raise Refused("Say what shows it: an address, or a few words.", "evidence")
    if not met and not said:
        raise Refused("Say why it no longer holds.", "words")
    return CriterionEvent.objects.create(
        criterion=row, met=met, evidence=address, words=said, at=now(at), by=by, by_name=name_of(by)
    )


@transaction.atomic
def fund(
    *,
    phase: Phase,
    kind: str,
    amount: int,
    by: User | None,
    words_: str = "",
    on: date | None = None,
    at: datetime | None = None,
) -> FundingEvent:
    """Money asked for, approved or spent; less than nothing takes back what was too much. Cents."""
    row = Phase.objects.select_for_update().get(pk=phase.pk)
    if kind not in FundingEvent.Kind.values:
        raise Refused("Choose asked, approved or spent.", "kind")
    if amount == 0 or abs(amount) > MOST_CENTS:
        raise Refused("Write an amount, such as $24k.", "amount")
    if kind == FundingEvent.Kind.SPENT and row.budget_lines.exclude(actual=None).exists():
        raise Refused("What this phase spends is in the budget. Log it there, so that it is not counted twice.", "kind")
    if sum(one.amount for one in row.funding.filter(kind=kind)) + amount < 0:
        raise Refused("That takes back more than there is.", "amount")
    return FundingEvent.objects.create(
        phase=row,
        kind=kind,
        amount=amount,
        words=words(words_, "words", longest=300),
        at=now(at),
        by=by,
        on=plausible(on, "on") if on else today(),
        by_name=name_of(by),
    )


@transaction.atomic
def not_measurable(*, plan: ModernisationPlan, team: Team, why: str, since: date, by: User | None) -> NotMeasurable:
    """The delivery of `team` cannot be measured yet; its plan says how it will be."""
    said = words(why, "why", longest=300, required=True)
    try:
        with transaction.atomic():
            return NotMeasurable.objects.create(
                plan=plan, team=team, why=said, since=plausible(since, "since"), created_by=by
            )
    except IntegrityError as twice:
        raise Refused(f"{team} is marked as not measurable already.", "team") from twice


@transaction.atomic
def end_not_measurable(*, mark: NotMeasurable, by: User, on: date | None = None) -> NotMeasurable:
    """From this day on it can be measured."""
    row = NotMeasurable.objects.select_for_update().get(pk=mark.pk)
    row.ended_on = row.ended_on or on or today()
    row.save(update_fields=["ended_on"])
    return row
