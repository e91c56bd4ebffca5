"""A decision with its options and criteria, and each step of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from delivery.forms.commitments import Typed, number, text
from delivery.forms.planning import CommitmentField, MoneyField
from stakeholders.models import Decision, DecisionOption, DecisionOutcome
from stakeholders.registers.actions import Answer
from teams import access
from teams.access import Right
from teams.forms import DayField
from teams.models import Person, Team, User
from teams.templatetags import ui

from . import fields

CRITERIA, OPTIONS = 4, 4


class CriterionForm(forms.Form):
    """What the options are weighed by. An empty row is none."""

    name = text("Criterion", 120, required=False)
    weight = number("Weight", 1, 10)

    @property
    def is_empty(self) -> bool:
        return not str(self.data.get(self.add_prefix("name")) or "").strip()


class AnswerForm(forms.Form):
    """One option. An empty row is none."""

    title = text("Option", 200, required=False)
    words = text("What it means", 1000, required=False)
    cost = MoneyField(label="Cost", required=False)
    cost_yearly = MoneyField(label="Cost a year", required=False)
    lands_on = DayField(label="Done by", required=False)
    chance = fields.ChanceField(label="Chance in percent")
    penalty = MoneyField(label="Penalty left", required=False)
    is_advised = forms.BooleanField(label="Advised", required=False)

    def __init__(self, *args: Any, criteria: int = 0, **more: Any) -> None:
        super().__init__(*args, **more)
        for place in range(criteria):
            self.fields[f"points{place}"] = number(f"Points {place + 1}", 0, 5)

    @property
    def is_empty(self) -> bool:
        names = (name for name in self.fields if name != "is_advised")
        return not any(str(self.data.get(self.add_prefix(name)) or "").strip() for name in names)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.is_empty:
            self._errors = ErrorDict()
        elif not said.get("title") and "title" not in self.errors:
            self.add_error("title", "Name the option, or empty the row.")
        return said

    def answer(self, places: dict[int, int]) -> Answer:
        """`places`: the row of a criterion in the form → its place among those that were filled in."""
        said = dict(self.cleaned_data)
        points = {place: said[f"points{row}"] for row, place in places.items() if said.get(f"points{row}") is not None}
        names = ("title", "words", "cost", "cost_yearly", "lands_on", "chance", "penalty", "is_advised")
        return Answer(**{name: said[name] for name in names}, points=points)


class DecisionForm(Typed):
    """A question, who should answer it by when, and what could be done."""

    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")
    question = text("What is to be decided", 200)
    context = text("What led to it", 4000, required=False, rows=4)
    kind = forms.ChoiceField(label="Kind", choices=Decision.Kind.choices, initial=Decision.Kind.OPTIONS)
    for_person = forms.ModelChoiceField(
        Person.objects.none(), label="Who decides", required=False, empty_label="Nobody in particular"
    )
    needed_by = DayField(label="Needed by", required=False)
    stakes = MoneyField(label="Money at stake", required=False)
    stakes_days = number("Days at stake", 0, 3650)
    stakes_words = text("Stakes in words", 200, required=False)
    currency = forms.CharField(label="Currency", max_length=3, min_length=3, required=False, initial="USD")
    years = number("Compared over years", 1, 20, hint="For build or buy.")
    evidence = text(
        "Evidence", 4000, required=False, rows=2, hint="An address on each line; words may stand before it."
    )
    commitments = fields.CommitmentsField(label="Promises that it concerns", required=False)
    places = {"options": "question", "criteria": "question", "words": "context"}

    def __init__(self, data: Any = None, *, user: User, scope: Team, **more: Any) -> None:
        super().__init__(data, **more)
        teams = access.below(user, scope, Right.LOG).filter(closed_at=None)
        self.fields["team"].queryset = teams
        self.initial.setdefault("team", scope if teams.filter(pk=scope.pk).exists() else None)
        self.fields["for_person"].queryset = fields.people(user, scope, signing_in=True)
        self.fields["commitments"].queryset = fields.offered(user, scope)
        self.criteria = [CriterionForm(data, prefix=f"c{n}", initial={"weight": 1}) for n in range(CRITERIA)]
        self.answers = [AnswerForm(data, prefix=f"o{n}", criteria=CRITERIA) for n in range(OPTIONS)]

    def is_valid(self) -> bool:
        parts = [super().is_valid(), *(one.is_valid() for one in (*self.criteria, *self.answers))]
        return all(parts)

    @property
    def wrong_rows(self) -> bool:
        return self.is_bound and any(one.errors for one in (*self.criteria, *self.answers))

    def clean_evidence(self) -> list[tuple[str, str]]:
        found = []
        for line in self.cleaned_data["evidence"].splitlines():
            label, _, address = line.strip().rpartition(" ")
            if not address:
                continue
            if not ui.safe_url(address) or len(address) > 500:
                raise forms.ValidationError(f"“{line.strip()[:60]}” has no web address at its end. Write https://…")
            found.append((label.strip(), address))
        return found

    def terms(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        rows = [place for place, one in enumerate(self.criteria) if not one.is_empty]
        places = {row: place for place, row in enumerate(rows)}
        said["criteria"] = [
            (self.criteria[row].cleaned_data["name"], self.criteria[row].cleaned_data["weight"] or 1) for row in rows
        ]
        said["answers"] = [one.answer(places) for one in self.answers if not one.is_empty]
        said["currency"] = said["currency"] or "USD"
        return said


class OneAnswerForm(Typed, AnswerForm):
    """An option added to a question that is asked already."""

    places = {"options": "title"}

    def clean(self) -> dict[str, Any]:
        said = forms.Form.clean(self) or self.cleaned_data
        if not said.get("title") and "title" not in self.errors:
            self.add_error("title", "Name the option.")
        return said


class DecideForm(Typed):
    """Which option, and why; when to look back."""

    option = forms.ModelChoiceField(DecisionOption.objects.none(), label="Option", empty_label="Choose one")
    why = text("Why", 2000, rows=3, hint="Goes into the decision log.")
    score_on = DayField(label="Look back on", required=False, help_text="When it will show whether it was right.")

    def __init__(self, *args: Any, decision: Decision, **more: Any) -> None:
        super().__init__(*args, **more)
        # withdrawn ones too: the verb says who withdrew what was chosen meanwhile
        self.fields["option"].queryset = decision.options.all()
        on_table = [(one.pk, f"{one.letter}. {one.title}") for one in decision.options.filter(withdrawn_at=None)]
        self.fields["option"].widget.choices = [("", "Choose one"), *on_table]


class PassForm(Typed):
    """Who should decide instead."""

    to = forms.ModelChoiceField(Person.objects.none(), label="To", empty_label="Choose somebody")
    why = text("Why", 2000, rows=3)

    def __init__(self, *args: Any, people: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["to"].queryset = people


class WhyForm(Typed):
    why = text("Why", 2000, rows=3)


class ScoreForm(Typed):
    """How it turned out, beside what was promised."""

    verdict = forms.ChoiceField(
        label="It turned out", widget=forms.RadioSelect, choices=DecisionOutcome.Verdict.choices
    )
    words = text("In words", 1000, rows=3)
    cost = MoneyField(label="It cost", required=False)
    landed_on = DayField(label="It was done on", required=False)


class MemoForm(Typed):
    """A date that somebody asks for, and the words around the evidence."""

    commitment = CommitmentField(label="Promise", listed="known-commitments", help_text="Type to search.")
    requested_on = DayField(label="The day asked for")
    asked_by = text("Who asks for it", 120)
    opening = text("Before the evidence", 2000, required=False, rows=3)
    closing = text("After the options", 2000, required=False, rows=3)
