"""What is asked on a source's own page: another token, a wider window, a secret that the provider made."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone


class TokenForm(forms.Form):
    secret = forms.CharField(
        label="New token",
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Paste the new token."},
    )


class WindowForm(forms.Form):
    """From which day on the past is read."""

    since = forms.DateField(
        label="Read the past from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a day such as 2026-03-01."},
    )

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if since.year < 2000:
            raise forms.ValidationError("Choose a day after the year 2000.")
        if since >= timezone.localdate():
            raise forms.ValidationError("Choose a day in the past.")
        return since


class HookSecretForm(forms.Form):
    secret = forms.CharField(
        label="The provider's own secret",
        max_length=500,
        required=False,
        help_text="Only where the provider makes the secret itself. Left empty we make one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


MOST_FILE_BYTES = 10_000_000


class FileForm(forms.Form):
    """A file of deployments or incidents."""

    file = forms.FileField(
        label="CSV file",
        help_text="At most 10 MB and 20,000 rows; the first line names the columns.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MOST_FILE_BYTES:
            raise forms.ValidationError("The file has over 10 MB. Send it in parts.")
        body: bytes = file.read()
        return body
