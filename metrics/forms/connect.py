"""What is asked on the way to a connected source: where it is and with which token, then what of it and whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from metrics.events import Guide
from teams.models import Team

WINDOWS = [("30", "30 days"), ("90", "90 days"), ("180", "half a year"), ("365", "a year")]
MOST_CHOSEN = 500
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class AddressForm(forms.Form):
    """Where a provider is reached, and the token. What was typed as a token is never written back into the page."""

    address = forms.CharField(label="Address", max_length=500, widget=forms.TextInput(attrs=PLAIN))
    secret = forms.CharField(
        label="Token", max_length=1000, widget=forms.PasswordInput(attrs={"autocomplete": "off"}), required=False
    )

    def __init__(self, *args: Any, guide: Guide, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["address"].help_text = guide.address_help
        if not guide.token:
            del self.fields["secret"]
            return
        token = self.fields["secret"]
        token.label = guide.token
        token.help_text = "Kept encrypted, and not shown again."


class PushesForm(forms.Form):
    """A source that only pushes: its name, and whose services it speaks of."""

    name = forms.CharField(label="Name", max_length=120, help_text="As people here call it.")
    owner = forms.ModelChoiceField(
        label="Whose services are these",
        queryset=Team.objects.none(),
        empty_label="Choose a squad",
        help_text="Services that appear belong to this squad at first. Each can be handed over on the source's page.",
    )

    def __init__(self, *args: Any, owners: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields["owner"]
        owner.queryset = owners
        if owners.count() == 1:
            owner.initial = owners.first()


class _Many(forms.MultipleChoiceField):
    """Several of what the provider has; what it is called is the provider's to say, so any short text will do."""

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= 300


class ChoiceForm(PushesForm):
    """Which repositories, projects, jobs or services are read, by search or all of them, and how far back."""

    ALL, SOME = "all", "some"

    every = forms.ChoiceField(widget=forms.RadioSelect)
    words = forms.CharField(required=False, max_length=200, widget=forms.TextInput(attrs=PLAIN))
    chosen = _Many(required=False, widget=forms.CheckboxSelectMultiple)
    window = forms.ChoiceField(
        label="How far back",
        choices=WINDOWS,
        initial="90",
        help_text="The past week is read first; then the past, beside what is new. It can be widened later.",
    )

    field_order = ("every", "words", "chosen", "name", "owner", "window")

    def __init__(self, *args: Any, guide: Guide, offered: Sequence[str], windows: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what = guide.chooses
        if what:
            every: Any = self.fields["every"]
            every.label = f"Which {what}"
            every.choices = [(self.SOME, "Those chosen below"), (self.ALL, f"All {what} that the token sees")]
            every.initial = self.SOME if offered else self.ALL
            self.fields["words"].label = f"Search {what}"
            chosen: Any = self.fields["chosen"]
            chosen.label = what.capitalize()
            chosen.choices = [(one, one) for one in offered]
        else:
            for name in ("every", "words", "chosen"):
                del self.fields[name]
        if not windows:
            del self.fields["window"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("every") == self.SOME and not data.get("chosen"):
            self.add_error("chosen", "Choose at least one, or choose all.")
        elif len(data.get("chosen") or ()) > MOST_CHOSEN:
            self.add_error("chosen", f"Choose at most {MOST_CHOSEN}, or choose all.")
        return data
