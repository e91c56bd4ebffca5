"""What is asked when a person corrects what an incident is put down to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from metrics.models import Deployment

NONE = "none"


class CorrectionForm(forms.Form):
    """A deployment, or none; and why."""

    deployment = forms.CharField(
        label="Put it down to",
        max_length=20,
        error_messages={"required": "Choose a deployment, or say that it came of none."},
    )
    reason = forms.CharField(
        label="Why",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="In a few words. It stands beside the incident with your name.",
        error_messages={"required": "Say in a few words why."},
    )

    def __init__(self, *args: Any, choosable: QuerySet[Deployment], **more: Any) -> None:
        super().__init__(*args, **more)
        self.choosable = choosable

    def clean_deployment(self) -> Deployment | None:
        said: str = self.cleaned_data["deployment"]
        if said == NONE:
            return None
        found = self.choosable.filter(pk=int(said)).first() if said.isdecimal() else None
        if found is None:
            raise forms.ValidationError("That deployment cannot be chosen. Choose one of the list.")
        return found
