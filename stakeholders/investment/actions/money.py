"""Budget lines: set one by one, or taken together from a file that was read without a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import transaction

from delivery.actions.rules import Refused, plausible, words
from delivery.typed import MOST_CENTS
from stakeholders.models import BudgetLine, Phase
from teams.models import Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What one line is about: the same purpose in the same month is the same line."""

    team: Team
    month: date
    category: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Cents; None: nobody has said."""

    plan: int | None = None
    actual: int | None = None
    forecast: int | None = None


@transaction.atomic
def set_line(
    *,
    purpose: Purpose,
    amounts: Amounts,
    by: User | None,
    currency: str = "",
    phase: Phase | None = None,
    is_sample: bool = False,
) -> tuple[BudgetLine, str]:
    """The line, and whether it was "added", "changed" or the "same"."""
    same_currency(currency)
    if purpose.category not in BudgetLine.Category.values:
        raise Refused("Choose headcount, tooling, infrastructure or vendors.", "category")
    if (amounts.plan, amounts.actual, amounts.forecast) == (None, None, None):
        raise Refused("Give a plan, an actual or a forecast.", "plan")
    for field, cents in (("plan", amounts.plan), ("actual", amounts.actual), ("forecast", amounts.forecast)):
        if cents is not None and abs(cents) > MOST_CENTS:
            raise Refused("That is more than anybody spends.", field)
    month = plausible(purpose.month, "month").replace(day=1)
    key = {"team": purpose.team, "month": month, "category": purpose.category}
    name = words(purpose.name, "name", longest=120)
    said = {"plan": amounts.plan, "actual": amounts.actual, "forecast": amounts.forecast, "phase": phase}
    held = BudgetLine.objects.select_for_update().filter(**key, name=name).first()
    if held is None:
        fresh = BudgetLine(**key, name=name, currency=settings.CURRENCY, changed_by=by, is_sample=is_sample, **said)
        fresh.save()
        return fresh, "added"
    if all(getattr(held, field) == value for field, value in said.items()):
        return held, "same"
    for field, value in said.items():
        setattr(held, field, value)
    held.changed_by = by
    held.save()
    return held, "changed"


@transaction.atomic
def take_lines(*, lines: Iterable[tuple[Purpose, Amounts, str, Phase | None]], by: User) -> dict[str, int]:
    """All or none: how many were added, changed, the same. A file taken twice changes nothing the second time."""
    counts = {"added": 0, "changed": 0, "same": 0}
    for purpose, amounts, currency, phase in lines:
        _, what = set_line(purpose=purpose, amounts=amounts, currency=currency, phase=phase, by=by)
        counts[what] += 1
    return counts


@transaction.atomic
def remove_line(*, line: BudgetLine, by: User) -> None:
    """Take a line out of the budget; the trail keeps what it said."""
    BudgetLine.objects.filter(pk=line.pk).delete()


def same_currency(currency: str) -> None:
    """Refused for any but the organisation's own: amounts of two currencies have no sum."""
    said = currency.strip().upper()
    if said and said != settings.CURRENCY:
        raise Refused(
            f"This line is in {said[:10]}, the budget is in {settings.CURRENCY}. Convert it first: two currencies are "
            "never added up.",
            "currency",
        )
