"""What a check-in sends: an answer for each commitment, and for one perhaps a slip. Everything typed is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from delivery import typed
from delivery.actions import Proposal
from delivery.actions.rules import today
from delivery.models import Answer, Slip

MOST_OPTIONS = 8
LETTERS = "ABCDEFGH"


class MoneyField(forms.CharField):
    """Dollars as people type them, in cents."""

    def clean(self, value: Any) -> int:
        try:
            return typed.money(super().clean(value))
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class DayField(forms.CharField):
    """A date as people type it; None when empty."""

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        try:
            return typed.day(text, today=today()) if text else None
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


def _days(label: str) -> forms.IntegerField:
    many = {"max_value": "At most 2,000 working days. Split the promise.", "min_value": "No fewer than 0 days."}
    many["invalid"] = "Write a whole number of working days."
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=2000, error_messages=many)


class OptionForm(forms.Form):
    """One thing that could be done; a row without any word is left out."""

    title = forms.CharField(required=False, max_length=300)
    cost = MoneyField(required=False, max_length=40)
    saves = forms.IntegerField(
        required=False, min_value=0, max_value=2000, error_messages={"invalid": "Write a whole number of working days."}
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not said.get("title") and (said.get("cost") or said.get("saves")) and "title" not in self.errors:
            self.add_error("title", "Say what this option is.")
        return said


class RowForm(forms.Form):
    """One commitment's answer, with the slip that it may need. Its prefix is c and the commitment's number."""

    word = forms.ChoiceField(
        choices=Answer.Word.choices,
        required=False,
        error_messages={"invalid_choice": "Choose one of the three answers."},
    )
    seen = forms.IntegerField(required=False)  # the last slip that the person saw
    to = forms.CharField(required=False)  # a day, or "pick"
    day = DayField(required=False, max_length=40)
    reason = forms.CharField(required=False)
    words = forms.CharField(required=False, max_length=2000)
    impact = forms.CharField(required=False, max_length=2000)
    advised = forms.CharField(required=False)
    low, likely, high = _days("Low"), _days("Likely"), _days("High")

    def __init__(self, pk: int, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(data, prefix=f"c{pk}", **more)
        self.pk = pk
        count = MOST_OPTIONS if data is not None else 2
        self.options = [OptionForm(data, prefix=f"c{pk}-o{at}") for at in range(count)]
        self.refused = ""  # what the action said that belongs to no field

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        days = [said.get(name) for name in ("low", "likely", "high")]
        if any(name in self.errors for name in ("low", "likely", "high")) or days == [None, None, None]:
            return said
        if None in days:
            self.add_error("likely", "Write all three: low, likely and high.")
        elif not days[0] <= days[1] <= days[2]:  # type: ignore[operator]  # all three are there
            self.add_error("likely", "The low estimate must not exceed the likely one, nor that the high one.")
        return said

    @property
    def answered(self) -> str:
        return str(self.cleaned_data.get("word") or "")

    @property
    def days(self) -> tuple[int, int, int] | None:
        low, likely, high = (self.cleaned_data.get(name) for name in ("low", "likely", "high"))
        return None if low is None or likely is None or high is None else (low, likely, high)

    def is_right(self) -> bool:
        """Whether the answer and all options can be read. Every option is asked, so that each says what is wrong."""
        rights = [one.is_valid() for one in self.options]
        return self.is_valid() and all(rights)

    def proposals(self) -> list[Proposal]:
        advised = self.cleaned_data.get("advised")
        return [
            Proposal(
                title=one.cleaned_data["title"], cost=one.cleaned_data["cost"],
                saves_days=one.cleaned_data["saves"] or 0, is_advised=advised == str(at),
            )
            for at, one in enumerate(self.options)
            if one.cleaned_data.get("title")
        ]  # fmt: skip

    def to_date(self) -> date | None:
        """The chosen day, or None after saying on the field what is missing."""
        chosen = self.cleaned_data.get("to") or ""
        if "day" in self.errors and chosen in ("", "pick"):
            return None
        picked: date | None = self.cleaned_data.get("day")
        if chosen in ("", "pick"):
            if picked is None:
                self.add_error("day", "Choose the new date.")
            return picked
        try:
            return typed.day(str(chosen), today=today())
        except ValueError as wrong:
            self.add_error("day", str(wrong))
            return None

    def reason_given(self) -> str:
        reason = str(self.cleaned_data.get("reason") or "")
        if reason not in Slip.Reason.values:
            self.add_error("reason", "Choose the reason.")
        return reason

    def shown_options(self) -> list[tuple[str, int, OptionForm]]:
        """Letter, number and form of each row to show: those with something in them, and two at least."""
        filled = [at for at, one in enumerate(self.options) if any(_typed(one, name) for name in one.fields)]
        count = max(2, (filled[-1] + 1) if filled else 0)
        return [(LETTERS[at], at, one) for at, one in enumerate(self.options[:count])]

    @property
    def has_options(self) -> bool:
        """Whether anything is typed about an option."""
        return any(_typed(one, name) for one in self.options for name in one.fields)

    def wrong(self) -> list[str]:
        """Every sentence that says what to mend."""
        said = [str(error) for errors in self.errors.values() for error in errors]
        for letter, _, one in self.shown_options():
            said += [f"Option {letter}: {error}" for errors in one.errors.values() for error in errors]
        return [*said, *([self.refused] if self.refused else [])]


def _typed(form: forms.Form, name: str) -> str:
    return str(form.data.get(form.add_prefix(name), "")).strip() if form.is_bound else ""
