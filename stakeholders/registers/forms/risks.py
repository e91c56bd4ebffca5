"""A risk: new or worded anew, and moved on the board."""

from __future__ import annotations

from typing import Any

from django import forms

from delivery.forms.commitments import Typed, number, text
from delivery.forms.planning import MoneyField
from stakeholders.models import Risk, RiskEvent
from stakeholders.registers.actions import Sized
from teams import access
from teams.access import Right
from teams.forms import DayField
from teams.models import Person, Team, User

from . import fields


def typed(cents: int | None) -> str:
    """An amount as a field shows it."""
    if cents is None:
        return ""
    return f"{cents // 100:,}" if cents % 100 == 0 else f"{cents // 100:,}.{cents % 100:02}"


class RiskForm(Typed):
    """What may happen, how likely it is, and what it would cost."""

    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")
    title = text("What could happen", 200)
    about = text("Why, and what it would mean", 2000, required=False, rows=3)
    category = forms.ChoiceField(label="Kind", choices=[("", "Choose the kind"), *Risk.Category.choices])
    owner = forms.ModelChoiceField(Person.objects.none(), label="Owner", required=False, empty_label="Nobody yet")
    chance = fields.ChanceField(label="Chance in percent", help_text="That it happens at all.")
    low = MoneyField(label="Costs at least", required=False)
    likely = MoneyField(label="Most likely", required=False)
    high = MoneyField(label="At most", required=False)
    currency = forms.CharField(label="Currency", max_length=3, min_length=3, required=False, initial="USD")
    days = number("Working days lost", 0, 2000, hint="If it happens.")
    review_on = DayField(label="Look at it again on", required=False)
    commitments = fields.CommitmentsField(label="Promises that it threatens", required=False)
    places = {"chance": "chance", "words": "about"}

    def __init__(self, *args: Any, user: User, scope: Team, held: Risk | None = None, **more: Any) -> None:
        if held is not None:
            kept = ("title", "about", "category", "owner", "chance", "currency", "days", "review_on")
            more["initial"] = {name: getattr(held, name) for name in kept} | {
                "low": typed(held.low), "likely": typed(held.likely), "high": typed(held.high),
                "commitments": held.commitments.all(), "seen": held.edition,
            }  # fmt: skip
        super().__init__(*args, **more)
        chosen = held.commitments.all() if held else None
        self.fields["commitments"].queryset = fields.offered(user, scope, chosen)
        self.fields["owner"].queryset = fields.people(user, scope, chosen=held.owner_id if held else None)
        if held is None:
            teams = access.below(user, scope, Right.LOG).filter(closed_at=None)
            self.fields["team"].queryset = teams
            self.initial.setdefault("team", scope if teams.filter(pk=scope.pk).exists() else None)
            return
        del self.fields["team"]
        self.fields["seen"] = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def terms(self) -> dict[str, Any]:
        """What the verbs take."""
        said = dict(self.cleaned_data)
        size = {name: said.pop(name) for name in ("low", "likely", "high", "days")}
        said["size"] = Sized(**size, currency=said.pop("currency") or "USD")
        return said


class MoveForm(Typed):
    """Where it goes on the board, and why."""

    state = forms.ChoiceField(label="Move to", widget=forms.RadioSelect, choices=RiskEvent.State.choices)
    words = text("Why", 1000, rows=3, hint="What was done, or what we live with.")
    seen = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
