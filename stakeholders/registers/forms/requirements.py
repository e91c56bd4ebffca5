"""A requirement found late, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django import forms

from delivery.forms.commitments import Typed, text
from stakeholders.models import Acceptance
from teams import access
from teams.access import Right
from teams.forms import DayField
from teams.models import Person, Team, User

from . import fields


class RequirementForm(Typed):
    """What a rule asks for, and which promises it concerns."""

    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")
    regime = text("Rule", 40, hint="HIPAA, CMS, a contract.")
    title = text("What it asks for", 200)
    text_ = text("In its words", 2000, required=False, rows=3)
    found_on = DayField(label="Found on")
    found_by = forms.ModelChoiceField(Person.objects.none(), label="Found by", required=False, empty_label="Not said")
    commitments = fields.CommitmentsField(label="Promises that it concerns")
    places = {"text": "text_"}

    def __init__(self, *args: Any, user: User, scope: Team, **more: Any) -> None:
        super().__init__(*args, **more)
        teams = access.below(user, scope, Right.LOG).filter(closed_at=None)
        self.fields["team"].queryset = teams
        self.initial.setdefault("team", scope if teams.filter(pk=scope.pk).exists() else None)
        self.fields["commitments"].queryset = fields.offered(user, scope)
        self.fields["found_by"].queryset = fields.people(user, scope)

    def terms(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return said | {"text": said.pop("text_")}


class IncludeForm(Typed):
    words = text("What it means for the plan", 1000, required=False, rows=3)


class DeferForm(Typed):
    """Which acceptance stands for it."""

    acceptance = forms.ModelChoiceField(Acceptance.objects.none(), label="Acceptance", empty_label="Choose one")
    words = text("Why", 1000, required=False, rows=2)

    def __init__(self, *args: Any, rows: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["acceptance"]
        field.queryset = rows
        field.label_from_instance = _named


def _named(row: Acceptance) -> str:
    newest = row.versions.order_by("-number").first()
    return f"{row.code} {newest.title if newest else ''}"


class WhyForm(Typed):
    why = text("Why", 1000, rows=3)
