"""What a what-if asks for, read from the address, and the form that keeps it as an option."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms

from delivery.actions import Refused
from delivery.roadmap.changed import LEAST, MOST, MOST_CHANGES


def changes_asked(params: Mapping[str, str]) -> dict[int, int]:
    """commitment → working days: `commitment` and `days`, and earlier changes as c1 and d1, c2 and d2 …

    Raises Refused for what is no number or no whole one, and for more days than a what-if takes.
    """
    found: dict[int, int] = {}
    pairs = [(f"c{place}", f"d{place}") for place in range(1, MOST_CHANGES)] + [("commitment", "days")]
    for commitment, days in pairs:
        if params.get(commitment):
            found[_number(params[commitment], commitment)] = _days(params.get(days) or "0")
    return found


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Refused("Choose a commitment from the list.", field)
    return int(text)


def _days(text: str) -> int:
    try:
        days = int(text.replace("−", "-"))
    except ValueError:
        raise Refused(f"Write a whole number of working days, from −{-LEAST} to {MOST}.", "days") from None
    if not LEAST <= days <= MOST:
        raise Refused(f"A what-if takes from −{-LEAST} to {MOST} working days.", "days")
    return days


class OptionForm(forms.Form):
    """A what-if kept as an option of its commitment."""

    commitment = forms.IntegerField(widget=forms.HiddenInput)
    days = forms.IntegerField(widget=forms.HiddenInput, min_value=LEAST, max_value=MOST)
    title = forms.CharField(max_length=300, label="What would be done", widget=forms.TextInput(attrs={"dir": "auto"}))

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if not days:
            raise forms.ValidationError("An option changes something. Choose days other than 0.")
        return days
