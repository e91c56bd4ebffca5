"""Decisions: asked, passed on, decided once, withdrawn, and scored later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models import Commitment
from delivery.models.promises import name_of
from stakeholders.models import (
    Criterion,
    Decision,
    DecisionEvent,
    DecisionOption,
    DecisionOutcome,
    Evidence,
    Memo,
    Risk,
    Score,
)
from stakeholders.registers import pushback
from teams.models import Person, Team, User

Step, Kind = DecisionEvent.Step, Decision.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An option as somebody words it. Money in cents; `points` 0–5 by the place of the criterion."""

    title: str
    words: str = ""
    cost: int | None = None
    cost_yearly: int | None = None
    lands_on: date | None = None
    chance: float | None = None
    penalty: int | None = None
    is_advised: bool = False
    points: dict[int, int] = field(default_factory=dict)


@transaction.atomic
def ask_decision(
    *,
    team: Team,
    question: str,
    by: User,
    for_person: Person | None,
    answers: Sequence[Answer] = (),
    criteria: Sequence[tuple[str, int]] = (),
    kind: str = Kind.OPTIONS,
    context: str = "",
    needed_by: date | None = None,
    stakes: int | None = None,
    stakes_days: int | None = None,
    stakes_words: str = "",
    currency: str = "USD",
    years: int | None = None,
    evidence: Iterable[tuple[str, str]] = (),
    commitments: Iterable[Commitment] = (),
    risk: Risk | None = None,
    is_sample: bool = False,
    at: datetime | None = None,
) -> Decision:
    """Ask somebody to decide, with what could be done."""
    if kind not in Kind.values:
        raise Refused("Choose options, or build or buy.", "kind")
    if kind == Kind.BUILD_BUY and not years:
        raise Refused("Say over how many years they are compared.", "years")
    if needed_by is not None and plausible(needed_by, "needed_by") < (at.date() if at else today()):
        raise Refused(f"{needed_by:%-d %b %Y} has passed. Choose a day from today on.", "needed_by")
    if len(currency) != 3 or not currency.isalpha():
        raise Refused("Name the currency with three letters, such as USD.", "currency")
    row = Decision.objects.create(
        team=team, kind=kind, question=words(question, "question", longest=200, required=True),
        context=words(context, "context", longest=4000), needed_by=needed_by, stakes=stakes, stakes_days=stakes_days,
        stakes_words=words(stakes_words, "stakes_words", longest=200), currency=currency.upper(), years=years,
        risk=risk, is_sample=is_sample, created_by=by,
    )  # fmt: skip
    row.commitments.set(commitments)
    made = [
        Criterion.objects.create(
            decision=row, position=place, name=words(name, "criteria", longest=120, required=True), weight=weight
        )
        for place, (name, weight) in enumerate(criteria)
    ]
    for place, answer in enumerate(answers):
        _option(row, place, answer, made)
    for label, address in evidence:
        Evidence.objects.create(
            decision=row, label=words(label, "evidence", longest=120) or address[:120],
            address=words(address, "evidence", longest=500, required=True),
        )  # fmt: skip
    _event(row, Step.ASKED, by, at, person=for_person)
    return row


@transaction.atomic
def add_option(*, decision: Decision, answer: Answer, by: User) -> DecisionOption:
    """One more answer that could be given, while nobody has decided."""
    row, _ = _waiting(decision)
    taken = row.options.order_by("-position").first()
    return _option(row, taken.position + 1 if taken else 0, answer, list(row.criteria.all()))


@transaction.atomic
def withdraw_answer(*, option: DecisionOption, by: User, at: datetime | None = None) -> DecisionOption:
    """Take an option off the table; it stays in the record."""
    _waiting(option.decision)
    row = DecisionOption.objects.select_for_update().get(pk=option.pk)
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by = now(at), by
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    return row


@transaction.atomic
def pass_on(*, decision: Decision, to: Person, why: str, by: User, at: datetime | None = None) -> DecisionEvent:
    """Somebody else should decide it."""
    row, last = _waiting(decision)
    if last.person_id == to.pk:
        raise Refused(f"{to.name} is asked already. Choose somebody else.", "to")
    return _event(row, Step.PASSED, by, at, person=to, said=words(why, "why", longest=2000, required=True))


@transaction.atomic
def decide(
    *,
    decision: Decision,
    option: DecisionOption,
    why: str,
    by: User,
    score_on: date | None = None,
    at: datetime | None = None,
) -> DecisionEvent:
    """Take an option, once and for all; what each promised is kept with it."""
    row, last = _waiting(decision)
    taken = DecisionOption.objects.select_for_update().filter(pk=option.pk, decision=row).first()
    if taken is None:
        raise Refused("This option does not belong to this decision. Choose another.", "option")
    if taken.withdrawn_at is not None:
        raise Changed(
            f"“{taken.title}” is no longer on the table: {taken.withdrawn_by} withdrew it. Choose another.", "option"
        )
    if score_on is not None and plausible(score_on, "score_on") < (at.date() if at else today()):
        raise Refused("Choose a day from today on for looking back.", "score_on")
    promised = [promise(one) for one in row.options.all()]
    return _event(
        row, Step.DECIDED, by, at, option=taken, said=words(why, "why", longest=2000, required=True), score_on=score_on,
        promised=promised, person=last.person,
    )  # fmt: skip


@transaction.atomic
def withdraw_decision(*, decision: Decision, why: str, by: User, at: datetime | None = None) -> DecisionEvent:
    """Nobody needs to decide it any more."""
    row, _ = _waiting(decision)
    return _event(row, Step.WITHDRAWN, by, at, said=words(why, "why", longest=2000, required=True))


@transaction.atomic
def score_decision(
    *,
    decision: Decision,
    verdict: str,
    words_: str,
    by: User,
    cost: int | None = None,
    landed_on: date | None = None,
    at: datetime | None = None,
) -> DecisionOutcome:
    """Say how it turned out."""
    row = Decision.objects.select_for_update().get(pk=decision.pk)
    if not row.events.filter(step=Step.DECIDED).exists():
        raise Refused("Nobody has decided it yet, so there is nothing to look back on.")
    if verdict not in DecisionOutcome.Verdict.values:
        raise Refused("Choose as expected, better or worse.", "verdict")
    if landed_on is not None and plausible(landed_on, "landed_on") > today():
        raise Refused("That day has not come. Leave it empty until it has.", "landed_on")
    return DecisionOutcome.objects.create(
        decision=row, verdict=verdict, words=words(words_, "words", longest=1000, required=True), cost=cost,
        landed_on=landed_on, at=now(at), by=by, by_name=name_of(by),
    )  # fmt: skip


def promise(option: DecisionOption) -> dict[str, Any]:
    """What an option says, to be kept beside the decision."""
    return {
        "option": option.pk, "letter": option.letter, "title": option.title, "cost": option.cost,
        "cost_yearly": option.cost_yearly, "lands_on": option.lands_on.isoformat() if option.lands_on else None,
        "chance": option.chance, "penalty": option.penalty, "withdrawn": option.withdrawn_at is not None,
    }  # fmt: skip


def _waiting(decision: Decision) -> tuple[Decision, DecisionEvent]:
    """The row, locked, with its newest event. Raises Changed when it has ended, naming who ended it and when."""
    row = Decision.objects.select_for_update().get(pk=decision.pk)
    last = row.events.select_related("option", "person").order_by("-pk").first()
    assert last is not None  # noqa: S101 (asking is the first)
    if last.step not in DecisionEvent.WAITING:
        at = last.at.astimezone(settings.ORGANISATION_ZONE)
        what = f"decided “{last.option.title}”" if last.option else "withdrew it"
        raise Changed(
            f"{last.by_name} {what} on {at:%-d %b} at {at:%H:%M}. Your words are still here; nothing was sent."
        )
    return row, last


def _option(row: Decision, place: int, answer: Answer, criteria: Sequence[Criterion]) -> DecisionOption:
    if answer.chance is not None and not 0 <= answer.chance <= 1:
        raise Refused("A chance is from 0 to 100%.", "options")
    if any(amount is not None and amount < 0 for amount in (answer.cost, answer.cost_yearly, answer.penalty)):
        raise Refused("A cost is nothing or more.", "options")
    made = DecisionOption.objects.create(
        decision=row, position=place, title=words(answer.title, "options", longest=200, required=True),
        words=words(answer.words, "options", longest=1000), cost=answer.cost, cost_yearly=answer.cost_yearly,
        lands_on=plausible(answer.lands_on, "options") if answer.lands_on else None, chance=answer.chance,
        penalty=answer.penalty, is_advised=answer.is_advised,
    )  # fmt: skip
    for at, points in answer.points.items():
        if not 0 <= points <= 5 or at >= len(criteria):
            raise Refused("Points are from 0 to 5.", "options")
        Score.objects.create(option=made, criterion=criteria[at], points=points)
    return made


def _event(
    row: Decision, step: str, by: User, at: datetime | None, *, person: Person | None = None,
    option: DecisionOption | None = None, said: str = "", score_on: date | None = None,
    promised: list[dict[str, Any]] | None = None,
) -> DecisionEvent:  # fmt: skip
    return DecisionEvent.objects.create(
        decision=row, step=step, person=person, option=option, words=said, score_on=score_on,
        promised=promised or [], at=now(at), by=by, by_name=name_of(by),
    )  # fmt: skip


@transaction.atomic
def write_memo(
    *,
    commitment: Commitment,
    requested_on: date,
    asked_by: str,
    by: User,
    opening: str = "",
    closing: str = "",
    memo: Memo | None = None,
    at: datetime | None = None,
) -> Memo:
    """A push-back with the numbers of this moment; writing it again takes the newest ones."""
    row = Memo.objects.select_for_update().get(pk=memo.pk) if memo else Memo(commitment=commitment)
    row.requested_on = plausible(requested_on, "requested_on")
    row.asked_by = words(asked_by, "asked_by", longest=120, required=True)
    row.opening, row.closing = (words(one, "opening", longest=2000) for one in (opening, closing))
    row.facts = pushback.facts(row.commitment, requested_on)
    row.at, row.by, row.by_name = now(at), by, name_of(by)
    row.save()
    return row
