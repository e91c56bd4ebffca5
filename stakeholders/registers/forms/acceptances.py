"""An acceptance in writing: its text, its signers, and the signature itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from delivery.forms.commitments import Typed, text
from stakeholders.models import Risk, Seat
from stakeholders.registers.actions import Signer, Wording
from stakeholders.registers.held import Held
from teams import access
from teams.forms import DayField
from teams.models import Person, Team, User

from . import fields

SEATS = 6
DEFAULTS: tuple[dict[str, Any], ...] = (
    {"role": Seat.Role.DIRECTOR, "meaning": Seat.Meaning.RESPONSIBILITY, "words": "I accept this risk for delivery."},
    {"role": Seat.Role.LEGAL, "meaning": Seat.Meaning.APPROVAL, "words": "I approve this acceptance for Legal."},
)


class SeatForm(forms.Form):
    """One signature that is asked for. An empty row is none."""

    role = forms.ChoiceField(label="Signs as", required=False, choices=[("", "Nobody"), *Seat.Role.choices])
    person = forms.ModelChoiceField(
        Person.objects.none(), label="Who", required=False, empty_label="Whoever holds the role"
    )
    meaning = forms.ChoiceField(label="Meaning", required=False, choices=Seat.Meaning.choices)
    words = text("In words", 300, required=False)

    def __init__(self, *args: Any, people: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]  # a field of whatever class

    @property
    def is_empty(self) -> bool:
        return not str(self.data.get(self.add_prefix("role")) or "").strip()

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.is_empty:
            self._errors = ErrorDict()
        elif said.get("role") == Seat.Role.REVIEWER and not said.get("person") and "person" not in self.errors:
            self.add_error("person", "Name the reviewer.")
        return said

    def signer(self) -> Signer:
        said = self.cleaned_data
        meaning = said["meaning"] or Seat.Meaning.APPROVAL
        return Signer(role=said["role"], person=said["person"], meaning=meaning, words=said["words"])


class AcceptanceForm(Typed):
    """What is accepted, instead of what, until when, and who must sign."""

    title = text("In a few words", 200, hint="Such as: HIPAA read audit trail, deferred to release 2.")
    statement = text("What we accept", 2000, rows=3, hint="We accept going live without …")
    could_happen = text("What could happen", 2000, rows=2)
    how_likely = text("How likely", 1000, rows=2)
    cost_if = text("Cost if it does", 1000, rows=2)
    until_then = text("Until then", 2000, rows=2, hint="The controls that hold meanwhile.")
    instead_of = text("Instead of", 1000, rows=2, hint="What including it now would take.")
    reason = text("Why", 2000, rows=2)
    residual = text("What is left", 1000, rows=2, hint="The exposure that remains with these controls.")
    expires_on = DayField(label="Ends on")
    risk = forms.ModelChoiceField(Risk.objects.none(), label="Risk", required=False, empty_label="None")
    commitments = fields.CommitmentsField(label="Promises that it rests on", required=False)
    in_order = forms.BooleanField(label="Each signs after the one before", required=False, initial=True)
    places = {"signers": "in_order"}
    texts = tuple(Wording.__dataclass_fields__)

    def __init__(self, data: Any = None, *, user: User, scope: Team, held: Held | None = None, **more: Any) -> None:
        if held is not None:
            names = (*self.texts, "expires_on", "in_order")
            more["initial"] = {name: getattr(held.newest, name) for name in names} | {
                "commitments": [one.pk for one in held.row.commitments.all()], "seen": held.newest.number
            }  # fmt: skip
        super().__init__(data, **more)
        chosen = held.row.commitments.model.objects.filter(acceptances=held.row) if held else None
        self.fields["commitments"].queryset = fields.offered(user, scope, chosen)
        self.fields["risk"].queryset = Risk.objects.filter(team__in=access.below(user, scope))
        if held is not None:
            del self.fields["risk"]
            self.fields["seen"] = forms.IntegerField(required=False, widget=forms.HiddenInput)
        rows: list[dict[str, Any]] = list(DEFAULTS)
        if held is not None:
            names_ = ("role", "person", "meaning", "words")
            rows = [{name: getattr(one, name) for name in names_} for one in held.newest.seats.all()]
        rows += [{}] * (max(SEATS, len(rows) + 1) - len(rows))
        people = fields.people(user, scope, signing_in=True)
        self.seats = [SeatForm(data, prefix=f"s{place}", initial=one, people=people) for place, one in enumerate(rows)]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(one.is_valid() for one in self.seats)])

    @property
    def wrong_seats(self) -> bool:
        return self.is_bound and any(one.errors for one in self.seats)

    def wording(self) -> Wording:
        return Wording(**{name: self.cleaned_data[name] for name in self.texts})

    def terms(self) -> dict[str, Any]:
        """What the verbs take."""
        said = self.cleaned_data
        return {
            "wording": self.wording(), "signers": [one.signer() for one in self.seats if not one.is_empty],
            "expires_on": said["expires_on"], "in_order": said["in_order"], "commitments": said["commitments"],
        }  # fmt: skip


class RenewForm(Typed):
    """The same text, until a later day."""

    expires_on = DayField(label="Ends on")
    reason = text("Why it is still needed", 2000, rows=3)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SignForm(Typed):
    """The password again, and the hash of the text that was read."""

    password = forms.CharField(
        label="Your password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Asked for again, so that nobody signs on an open screen.",
    )  # fmt: skip
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)


class RevokeForm(Typed):
    why = text("Why", 1000, rows=3)
