"""Debts: opened, sized anew, worded anew, worked on, paid off or let go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models.promises import name_of
from metrics.models import Incident
from stakeholders.investment import interest
from stakeholders.models import Debt, DebtEvent
from teams.models import Person, Team, User

Step = DebtEvent.Step
MOST_DAYS = Decimal(5000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who owns it, how it ranks, and its box of time."""

    owner: Person | None = None
    priority: int | None = None
    box_days: int | None = None
    box_share: int | None = None
    box_until: date | None = None


@transaction.atomic
def add_debt(
    *,
    team: Team,
    title: str,
    principal: Decimal,
    interest: Decimal,
    by: User | None,
    about: str = "",
    terms: Terms = Terms(),  # noqa: B008 (frozen)
    incidents: Iterable[Incident] = (),
    is_sample: bool = False,
    on: date | None = None,
    at: datetime | None = None,
) -> Debt:
    """A new debt, with what would pay it off (working days) and what it costs a week (working days)."""
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose another team.", "team")
    row = Debt(team=team, is_sample=is_sample, created_by=by)
    _word(row, title, about, terms)
    row.save()
    row.incidents.set(incidents)
    _append(row, Step.OPENED, _days(principal, "principal"), _days(interest, "interest"), by, on=on, at=at)
    return row


@transaction.atomic
def edit_debt(
    *,
    debt: Debt,
    title: str,
    by: User,
    about: str = "",
    terms: Terms = Terms(),  # noqa: B008 (frozen)
    incidents: Iterable[Incident] = (),
    seen: str = "",
    on: date | None = None,
    at: datetime | None = None,
) -> Debt:
    """Word it anew, or give it an owner, a rank, a box. `seen` is the `edition` that the person saw."""
    row, last = _open(debt)
    if seen and seen != row.edition:
        raise Changed(
            "Somebody changed it since you opened this page. Your text is still here. Look at theirs, then send again."
        )
    _word(row, title, about, terms)
    row.save()
    row.incidents.set(incidents)
    _append(row, Step.EDITED, last.principal, last.interest, by, on=on, at=at)
    return row


@transaction.atomic
def rescore_debt(
    *,
    debt: Debt,
    principal: Decimal,
    interest: Decimal,
    by: User | None,
    words_: str = "",
    on: date | None = None,
    at: datetime | None = None,
) -> DebtEvent:
    """It is larger or smaller than it was thought to be."""
    row, _ = _open(debt)
    said = words(words_, "words", longest=1000, required=True)
    return _append(
        row, Step.RESCORED, _days(principal, "principal"), _days(interest, "interest"), by, words_=said, on=on, at=at
    )


@transaction.atomic
def log_work(
    *,
    debt: Debt,
    days: Decimal,
    by: User | None,
    interest_now: Decimal | None = None,
    words_: str = "",
    on: date | None = None,
    at: datetime | None = None,
) -> DebtEvent:
    """So many working days went into it; they are taken off what is left, and count against its box."""
    row, last = _open(debt)
    if not 0 < days <= 400:
        raise Refused("Days of work are more than 0 and at most 400.", "days")
    left = last.interest if interest_now is None else _days(interest_now, "interest_now")
    return _append(
        row,
        Step.PAID,
        interest.paid_down(last.principal, days),
        left,
        by,
        days=days,
        on=on,
        at=at,
        words_=words(words_, "words", longest=1000),
    )


@transaction.atomic
def end_debt(
    *, debt: Debt, step: str, by: User | None, words_: str, on: date | None = None, at: datetime | None = None
) -> DebtEvent:
    """Paid off, or let go because what it burdened is gone. It costs nothing from then on."""
    row, _ = _open(debt)
    if step not in DebtEvent.ENDED:
        raise Refused("Say whether it is paid off or let go.", "step")
    said = words(words_, "words", longest=1000, required=True)
    return _append(row, step, Decimal(0), Decimal(0), by, words_=said, on=on, at=at)


def _open(debt: Debt) -> tuple[Debt, DebtEvent]:
    row = Debt.objects.select_for_update().get(pk=debt.pk)
    last = row.events.order_by("-pk").first()
    assert last is not None  # noqa: S101 (opened with its first event)
    if last.step in DebtEvent.ENDED:
        raise Refused(f"{row.code} was {last.step_name.lower()} on {last.on:%-d %b}. Open a new one instead.")
    return row, last


def _append(
    row: Debt,
    step: str,
    principal: Decimal,
    interest_: Decimal,
    by: User | None,
    *,
    days: Decimal | None = None,
    words_: str = "",
    on: date | None = None,
    at: datetime | None = None,
) -> DebtEvent:
    day = plausible(on, "on") if on else today()
    if day > today():
        raise Refused("That day has not come. Choose today or a day before.", "on")
    last = row.events.order_by("-pk").first()
    if last is not None and day < last.on:
        raise Refused(f"It was last changed on {last.on:%-d %b}. Choose that day or a later one.", "on")
    more: dict[str, Any] = {"tracked": row.tracked, "box_until": row.box_until}
    return DebtEvent.objects.create(
        debt=row,
        step=step,
        principal=principal,
        interest=interest_,
        days=days,
        words=words_,
        on=day,
        at=now(at),
        by=by,
        by_name=name_of(by),
        **more,
    )


def _days(value: Decimal, field: str) -> Decimal:
    if not 0 <= value <= MOST_DAYS or (field.startswith("interest") and value > 500):
        raise Refused("Days are from 0 to 5,000; days a week at most 500.", field)
    return value


def _word(row: Debt, title: str, about: str, terms: Terms) -> None:
    row.title = words(title, "title", longest=200, required=True)
    row.about = words(about, "about", longest=2000)
    if terms.priority is not None and terms.priority not in Debt.Priority.values:
        raise Refused("Rank it high, medium or low.", "priority")
    if terms.box_days is not None and terms.box_share is not None:
        raise Refused("A box is so many days or a share of the capacity, not both.", "box_share")
    if terms.box_share is not None and not 1 <= terms.box_share <= 100:
        raise Refused("A share is from 1 to 100%.", "box_share")
    if terms.box_until is None and (terms.box_days is not None or terms.box_share is not None):
        raise Refused("Say until when the box lasts.", "box_until")
    row.owner, row.priority = terms.owner, terms.priority
    row.box_days, row.box_share = terms.box_days, terms.box_share
    row.box_until = plausible(terms.box_until, "box_until") if terms.box_until else None
