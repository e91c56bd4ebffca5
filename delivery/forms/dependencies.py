"""What the dependency pages ask for: a new contract, and its next step."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from delivery.actions.contracts import MOST_LAG
from delivery.forms.commitments import Typed, number, text
from delivery.forms.planning import CommitmentField
from delivery.models import Commitment, Dependency
from teams.forms import DayField

LISTED = "known-commitments"
KINDS = [
    ("FS", "It starts when the other is finished"),
    ("SS", "It starts when the other has started"),
    ("FF", "It finishes when the other is finished"),
    ("SF", "It finishes when the other has started"),
]


class DependencyForm(Typed):
    """One commitment needs another."""

    after = CommitmentField(label="Which commitment waits", listed=LISTED, help_text="Type to search.")
    before = CommitmentField(label="What it waits for", listed=LISTED, help_text="Type to search.")
    what = text("What exactly is needed", 300, required=False, hint="“The Patient API in staging, read only.”")
    needed_by = DayField(label="Needed by", required=False, help_text="Without a day nobody can agree to one.")
    kind = forms.ChoiceField(label="How they hang together", choices=KINDS, initial="FS")
    lag = number("Days between", -MOST_LAG, MOST_LAG, hint="0: at once. Less than 0: they overlap.")
    lag_in = forms.ChoiceField(label="Counted in", choices=[("working", "Working days"), ("calendar", "Calendar days")])
    found = forms.ChoiceField(label="When it was found", choices=Dependency.Found.choices, initial="planning")

    def __init__(self, *args: Any, rows: QuerySet[Commitment], **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("after", "before"):
            self.fields[name].rows = rows

    def link(self) -> dict[str, Any]:
        """What the verb takes."""
        said = dict(self.cleaned_data)
        said["lag_in_calendar_days"] = said.pop("lag_in") == "calendar"
        said["lag"] = said["lag"] or 0
        return said


class StepForm(Typed):
    """What happened to a contract. `seen` is the last event that the person saw."""

    step = forms.ChoiceField(label="What happened", widget=forms.RadioSelect)
    on = DayField(label="Day")
    words = text("In words", 500, required=False, rows=2)
    evidence = forms.CharField(
        label="Evidence", max_length=500, required=False, help_text="An address that shows it, beginning with https://.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url"}),
    )  # fmt: skip
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, steps: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["step"].choices = steps
        self.fields["step"].error_messages["invalid_choice"] = "That step does not fit any more. Choose another."
        self.fields["step"].error_messages["required"] = "Choose what happened."
        if len(steps) == 1:
            self.fields["step"].initial = steps[0][0]
