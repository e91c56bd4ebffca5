"""What the planning pages ask for: intervals, capacities, outcomes, deadlines with their penalty windows, days off."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.utils import ErrorDict

from delivery import typed
from delivery.actions.dates import Window
from delivery.forms.commitments import Typed, text
from delivery.models import Commitment, Deadline, PenaltyWindow
from teams import access
from teams.forms import DayField
from teams.models import Person, Team, User
from teams.templatetags import ui

SPARE_ROWS = 2
MOST_ROWS = 24
MOST_CHOICES = 500
_CODE = re.compile(r"\s*C-(\d{1,15})\b", re.IGNORECASE)
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}
_KINDS = [("day", "A day"), ("week", "A started week"), ("fixed", "Once")]


class CommitmentField(forms.CharField):
    """A commitment, found by typing: its code, or its whole title. `rows` are those that may be meant."""

    rows: QuerySet[Commitment] = Commitment.objects.none()

    def __init__(self, *, listed: str, **options: Any) -> None:
        widget = forms.TextInput(attrs={"list": listed, "autocomplete": "off", "dir": "auto"})
        super().__init__(max_length=500, widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        return named(value) if isinstance(value, Commitment) else value

    def clean(self, value: Any) -> Commitment | None:
        said = super().clean(value)
        if not said:
            return None
        code = _CODE.match(said)
        meant = self.rows.filter(pk=int(code[1])) if code else self.rows.filter(title__iexact=said)
        found = list(meant[:2])
        if len(found) > 1:
            raise forms.ValidationError("Several commitments have this title. Write the code, such as C-12.")
        if not found:
            raise forms.ValidationError("No open commitment of yours has this code or title. Choose one from the list.")
        return found[0]


def named(row: Commitment) -> str:
    """How a commitment stands in the list and in the field."""
    return f"{row.code} {row.title} · {row.team.name}"


def choices(rows: QuerySet[Commitment]) -> list[str]:
    """The list beside the field; a code that is not in it may be typed all the same."""
    return [named(row) for row in rows.select_related("team").order_by("team__name", "title")[:MOST_CHOICES]]


class IntervalForm(Typed):
    """The weeks that teams plan together."""

    name = text("Name", 80, hint="Such as PI 4, or Spring.")
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day")
    iteration_weeks = forms.TypedChoiceField(
        label="Iterations of", coerce=int, initial=2, choices=[(n, ui.plural(n, "week")) for n in range(1, 7)]
    )


class CapacityForm(Typed):
    """How many working days one team has."""

    team = forms.ModelChoiceField(Team.objects.none())
    days = forms.IntegerField(label="Capacity in working days", min_value=0, max_value=10_000)

    def __init__(self, *args: Any, teams: QuerySet[Team], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["team"].queryset = teams


class OutcomeForm(Typed):
    """What the organisation gets, and who asked for it."""

    title = text("What the organisation gets", 300, hint="In business words: “Members see their claims within a day.”")
    sponsor = forms.ModelChoiceField(Person.objects.none(), label="Sponsor", required=False, empty_label="Nobody yet")

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        super().__init__(*args, **more)
        ids = access.people(user).order_by("name").values_list("pk", flat=True)[:MOST_CHOICES]
        self.fields["sponsor"].queryset = Person.objects.filter(pk__in=list(ids))


class HolidayForm(Typed):
    """A day on which nobody works."""

    day = DayField(label="Day")
    name = text("What it is", 80, required=False)


class MoneyField(forms.CharField):
    """An amount as people write it, in cents; None when empty."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text", "placeholder": "$18k"})
        super().__init__(max_length=40, widget=widget, **options)

    def clean(self, value: Any) -> int | None:
        said = (super().clean(value) or "").strip()
        if not said:
            return None
        for sign in "€£":
            said = said.replace(sign, "")
        try:
            return typed.money(said)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class WindowForm(forms.Form):
    """What being late costs between two days. An empty row is no window."""

    from_date = DayField(label="From", required=False)
    to_date = DayField(label="To", required=False)
    kind = forms.ChoiceField(label="Paid", choices=_KINDS, initial="day", required=False)
    amount = MoneyField(label="Amount", required=False)
    most = MoneyField(label="At most", required=False)

    @property
    def is_empty(self) -> bool:
        names = ("from_date", "to_date", "amount", "most")
        return not any(str(self.data.get(self.add_prefix(name)) or "").strip() for name in names)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.is_empty:
            self._errors = ErrorDict()
            return said
        for name, sentence in (("from_date", "Say from which day on."), ("amount", "Say how much, such as $18k.")):
            if said.get(name) is None and name not in self.errors:
                self.add_error(name, sentence)
        first, last = said.get("from_date"), said.get("to_date")
        if first and last and last < first:
            self.add_error("to_date", "The window ends before it starts.")
        return said

    def window(self) -> Window:
        said = self.cleaned_data
        return said["from_date"], said["to_date"], said["kind"] or "day", said["amount"], said["most"]


class DeadlineForm(Typed):
    """A date from outside, the milestone that must be reached by it, and what being late costs."""

    name = text("Name", 120, hint="As the outside world calls it: “CMS go-live”.")
    date = DayField(label="Deadline")
    milestone = CommitmentField(
        label="Reached when this is done", listed="known-commitments", help_text="Type to search."
    )
    about = text("Where it comes from", 300, required=False, hint="The contract, the rule or the person.")
    currency = forms.CharField(
        label="Currency", max_length=3, required=False, initial="USD", help_text="Three letters."
    )
    cap = MoneyField(label="At most in all", required=False, help_text="Over all windows together.")
    places = {"windows": "currency"}

    def __init__(self, data: Any = None, *, rows: QuerySet[Commitment], held: Deadline | None = None) -> None:
        super().__init__(data, initial=_deadline(held) if held else None)
        self.fields["milestone"].rows = rows
        held_rows = [_window(one) for one in held.windows.all()] if held else []
        if data is None:
            count = len(held_rows) + SPARE_ROWS
        else:
            sent = str(data.get("windows", ""))
            count = min(int(sent) if sent.isascii() and sent.isdigit() else SPARE_ROWS, MOST_ROWS)
        initial = held_rows + [{}] * (count - len(held_rows))
        self.windows = [WindowForm(data, prefix=f"w{n}", initial=initial[n]) for n in range(count)]

    def is_valid(self) -> bool:
        valid = all([super().is_valid(), *(row.is_valid() for row in self.windows)])
        return valid and self._fit()

    @property
    def used(self) -> list[WindowForm]:
        return [row for row in self.windows if not row.is_empty]

    @property
    def wrong_windows(self) -> bool:
        return self.is_bound and any(row.errors for row in self.windows)

    def wider(self) -> DeadlineForm:
        """What was typed, not judged yet, with more rows to fill."""
        typed_in = {name: self.data.get(name) for name in self.fields}
        fresh = DeadlineForm(rows=self.fields["milestone"].rows)
        fresh.initial = typed_in
        rows = [{name: self.data.get(row.add_prefix(name)) for name in row.fields} for row in self.windows]
        rows += [{}] * min(SPARE_ROWS, MOST_ROWS - len(rows))
        fresh.windows = [WindowForm(prefix=f"w{n}", initial=one) for n, one in enumerate(rows)]
        return fresh

    def _fit(self) -> bool:
        """Windows against the deadline and each other, each fault beside its row."""
        said, used = self.cleaned_data, self.used
        if used and not re.fullmatch("[A-Z]{3}", (said.get("currency") or "").upper()):
            self.add_error("currency", "A penalty has a currency. Write three letters, such as USD.")
        self._signs(used)
        ordered = sorted(used, key=lambda row: row.cleaned_data["from_date"])
        for number, row in enumerate(ordered):
            first: date = row.cleaned_data["from_date"]
            if first <= said["date"]:
                day = ui.day(said["date"] + timedelta(days=1))
                row.add_error("from_date", f"Nobody is late before {day}. Start the window then.")
            for other in ordered[:number]:
                last = other.cleaned_data["to_date"]
                if other.cleaned_data["kind"] == row.cleaned_data["kind"] and (last is None or last >= first):
                    from_day = ui.day(other.cleaned_data["from_date"])
                    end = f"runs to {ui.day(last)}" if last else "has no end"
                    row.add_error("from_date", f"Overlaps with the window from {from_day}, which {end}.")
                    break
        return not self.errors and not any(row.errors for row in used)

    def _signs(self, used: list[WindowForm]) -> None:
        currency = (self.cleaned_data.get("currency") or "").upper()
        for row in used:
            sign = next((sign for sign in _SIGNS if sign in str(row.data.get(row.add_prefix("amount")) or "")), None)
            if sign and currency and _SIGNS[sign] != currency and not (sign == "$" and currency.endswith("D")):
                row.add_error("amount", f"This says {sign}, the currency says {currency}. Change one of them.")

    def terms(self) -> dict[str, Any]:
        """What the verbs take."""
        said = dict(self.cleaned_data)
        said["windows"] = [row.window() for row in self.used]
        said["currency"] = (said["currency"] or "").upper() if said["windows"] else ""
        said["cap"] = said["cap"] if said["windows"] else None
        return said


def _deadline(row: Deadline) -> dict[str, Any]:
    names = ("name", "date", "about", "milestone")
    return {name: getattr(row, name) for name in names} | {"currency": row.currency or "USD", "cap": _typed(row.cap)}


def _window(row: PenaltyWindow) -> dict[str, Any]:
    return {
        "from_date": row.from_date, "to_date": row.to_date, "kind": row.kind, "amount": _typed(row.amount),
        "most": _typed(row.cap),
    }  # fmt: skip


def _typed(cents: int | None) -> str:
    if cents is None:
        return ""
    return f"{cents // 100:,}" if cents % 100 == 0 else f"{cents // 100:,}.{cents % 100:02}"
