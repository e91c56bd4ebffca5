"""What is asked when a service is handed over."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from teams.forms import DayField
from teams.models import Team


class HandOverForm(forms.Form):
    """To whom, and since when. `seen`: the newest saying on the page, so that two do not overrule each other."""

    team = forms.ModelChoiceField(
        label="Hand over to",
        queryset=Team.objects.none(),
        empty_label="Choose a squad",
        error_messages={"required": "Choose a squad.", "invalid_choice": "Choose one of the open squads."},
    )
    since = DayField(
        label="It is theirs since",
        help_text="From the beginning of that day on all that happened counts for them, whatever was said before.",
    )
    always = forms.BooleanField(label="It always was theirs: the first owner was a mistake", required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, squads: QuerySet[Team], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["team"].queryset = squads  # type: ignore[attr-defined]  # a field of whatever class
        self.fields["since"].error_messages["required"] = "Choose the day, or say that it always was theirs."
        self.fields["since"].required = not self.data.get("always")

    @property
    def day(self) -> date | None:
        return None if self.cleaned_data["always"] else self.cleaned_data["since"]
