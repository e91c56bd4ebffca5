"""What the pages of debt, plans, budgets, checklists and retro actions ask for."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from delivery import typed
from delivery.forms.commitments import Typed, number, text
from delivery.models import Deadline
from metrics.models import Incident
from stakeholders.models import BudgetLine, Checklist, ChecklistItem, Debt, FundingEvent, GoDecision, ItemEvent, Phase
from stakeholders.registers.forms import fields
from teams import access
from teams.access import Right
from teams.forms import DayField
from teams.models import Person, Team, User

from .actions.debt import Terms
from .actions.readiness import Thresholds

MOST_INCIDENTS = 60


def days_field(label: str, *, required: bool = True, hint: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=5000, decimal_places=2, max_digits=7, required=required, help_text=hint
    )


class SignedMoney(forms.CharField):
    """An amount in cents, which may be less than nothing; None when empty."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "placeholder": "$18k"})
        super().__init__(max_length=40, widget=widget, **options)

    def clean(self, value: Any) -> int | None:
        said = (super().clean(value) or "").strip().replace("−", "-")
        if not said:
            return None
        try:
            return -typed.money(said[1:]) if said.startswith("-") else typed.money(said)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class WithTeam(Typed):
    """A form that asks for the team when the record is new."""

    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")

    def __init__(self, *args: Any, user: User, scope: Team, new: bool = True, right: Right = Right.LOG, **more: Any):
        super().__init__(*args, **more)
        if not new:
            del self.fields["team"]
            return
        teams = access.below(user, scope, right).filter(closed_at=None)
        self.fields["team"].queryset = teams
        self.initial.setdefault("team", scope if teams.filter(pk=scope.pk).exists() else None)


class DebtForm(WithTeam):
    """A debt: how large, what it costs, who owns it, and its box."""

    title = text("What is owed", 200)
    about = text("Why it hurts", 2000, required=False, rows=2)
    principal = days_field("Days to pay it off", hint="Working days.")
    interest = days_field("Costs, days a week", hint="What it takes from the team each week.")
    owner = forms.ModelChoiceField(Person.objects.none(), label="Owner", required=False, empty_label="Nobody yet")
    priority = forms.TypedChoiceField(
        label="Rank", coerce=int, empty_value=None, required=False, choices=[("", "Not ranked"), *Debt.Priority.choices]
    )
    box_days = number("Box, in working days", 1, 400)
    box_share = number("or in % of the capacity", 1, 100)
    box_until = DayField(label="Box lasts until", required=False)
    incidents = forms.ModelMultipleChoiceField(
        Incident.objects.none(),
        label="Incidents that came from it",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, user: User, scope: Team, held: Debt | None = None, **more: Any) -> None:
        if held is not None:
            kept = ("title", "about", "owner", "priority", "box_days", "box_share", "box_until")
            more["initial"] = {name: getattr(held, name) for name in kept} | {
                "incidents": held.incidents.all(),
                "seen": held.edition,
            }
        super().__init__(*args, user=user, scope=scope, new=held is None, **more)
        self.fields["owner"].queryset = fields.people(user, scope, chosen=held.owner_id if held else None)
        below = access.below(user, scope)
        recent = Incident.objects.current().filter(team__in=below).order_by("-started_at")
        ids = list(recent.values_list("pk", flat=True)[:MOST_INCIDENTS])
        ids += list(held.incidents.values_list("pk", flat=True)) if held else []
        self.fields["incidents"].queryset = Incident.objects.filter(pk__in=ids).order_by("-started_at")
        if held is not None:
            del self.fields["principal"], self.fields["interest"]
            self.fields["seen"] = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def terms(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        names = ("owner", "priority", "box_days", "box_share", "box_until")
        return {name: value for name, value in said.items() if name not in names} | {
            "terms": Terms(**{name: said[name] for name in names})
        }


class WorkForm(Typed):
    """Days that went into a debt."""

    days = days_field("Working days spent")
    interest_now = days_field("Costs now, days a week", required=False, hint="Empty: as before.")
    on = DayField(label="Until", required=False)
    words = text("What was done", 1000, required=False, rows=2)


class RescoreForm(Typed):
    principal = days_field("Days to pay it off")
    interest = days_field("Costs, days a week")
    words = text("Why", 1000, rows=2)


class EndForm(Typed):
    step = forms.ChoiceField(
        label="How it ended",
        widget=forms.RadioSelect,
        choices=[("closed", "Paid off"), ("expired", "Let go: what it burdened is gone")],
    )
    words = text("How we know", 1000, rows=2)


class PlanForm(WithTeam):
    title = text("What is replaced, and by what", 200)
    about = text("Why, in business words", 2000, required=False, rows=3)
    owner = forms.ModelChoiceField(Person.objects.none(), label="Owner", required=False, empty_label="Nobody yet")

    def __init__(self, *args: Any, user: User, scope: Team, **more: Any) -> None:
        super().__init__(*args, user=user, scope=scope, right=Right.DECIDE, **more)
        self.fields["owner"].queryset = fields.people(user, scope)


class PhaseForm(Typed):
    title = text("Phase", 200)
    starts_on = DayField(label="First day", required=False)
    ends_on = DayField(label="Last day", required=False)
    risk_retired = SignedMoney(label="Risk it retires, a year", required=False, help_text="Empty: nobody has said.")
    criteria = text("Exit criteria, one a line", 4000, rows=4)

    def clean_risk_retired(self) -> int | None:
        said: int | None = self.cleaned_data["risk_retired"]
        if said is not None and said < 0:
            raise forms.ValidationError("A risk is nothing or more.")
        return said


class MarkForm(Typed):
    met = forms.TypedChoiceField(
        label="It is",
        widget=forms.RadioSelect,
        coerce=lambda said: said == "yes",
        choices=[("yes", "Met"), ("no", "Not met, or no longer")],
    )
    evidence = text("Address that shows it", 500, required=False)
    words = text("In a few words", 500, required=False, rows=2)


class FundForm(Typed):
    kind = forms.ChoiceField(label="What happened", widget=forms.RadioSelect, choices=FundingEvent.Kind.choices)
    amount = SignedMoney(label="Amount", help_text="Less than nothing takes back what was too much.")
    on = DayField(label="On", required=False)
    words = text("For what", 300, required=False)


class NotMeasurableForm(Typed):
    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")
    why = text("Why it cannot be measured yet", 300)
    since = DayField(label="Since")

    def __init__(self, *args: Any, teams: QuerySet[Team], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["team"].queryset = teams


class MonthField(forms.CharField):
    """A month as 2026-11; its first day inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=10, widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"}), **options
        )

    def clean(self, value: Any) -> date:
        said = super().clean(value)
        try:
            return date.fromisoformat(f"{said.strip()[:7]}-01")
        except ValueError:
            raise forms.ValidationError("Write the month as 2026-11.") from None


class LineForm(WithTeam):
    """One purpose of one team in one month."""

    month = MonthField(label="Month")
    category = forms.ChoiceField(label="Kind", choices=[("", "Choose the kind"), *BudgetLine.Category.choices])
    name = text("What for", 120, required=False, hint="Such as the vendor or the tool.")
    plan = SignedMoney(label="Plan", required=False)
    actual = SignedMoney(label="Actual", required=False)
    forecast = SignedMoney(label="Forecast", required=False)
    currency = forms.CharField(label="Currency", max_length=3, min_length=3, required=False)
    phase = forms.ModelChoiceField(Phase.objects.none(), label="Phase of a plan", required=False, empty_label="None")

    def __init__(self, *args: Any, user: User, scope: Team, **more: Any) -> None:
        super().__init__(*args, user=user, scope=scope, right=Right.DECIDE, **more)
        self.fields["currency"].initial = settings.CURRENCY
        rows = Phase.objects.filter(plan__team__in=access.below(user, scope)).select_related("plan")
        self.fields["phase"].queryset = rows


class FileForm(Typed):
    """A file of budget lines, as text: pasted or sent."""

    file = forms.FileField(label="CSV file", required=False)
    pasted = forms.CharField(
        label="or its text",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "dir": "auto"}),
        max_length=400_000,
        strip=False,
    )

    def raw(self) -> str:
        """The text; "" without one. Raises ValueError when it is no text."""
        sent = self.cleaned_data.get("file")
        if sent is None:
            return self.cleaned_data.get("pasted") or ""
        if sent.size > 2_000_000:
            raise ValueError("The file is larger than 2 MB. Split it.")
        try:
            return sent.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError("The file is no text in UTF-8. Save it as CSV (UTF-8).") from None


class ChecklistForm(WithTeam):
    name = text("Release", 120)
    environment = text("Shared environment it is tested in", 100, required=False, hint="As the pipeline calls it.")
    deadline = forms.ModelChoiceField(Deadline.objects.none(), label="Deadline", required=False, empty_label="None")
    least_chance = number("Least chance of the deadline, %", 0, 100, required=True)
    least_coverage = number("Least coverage, %", 0, 100, required=True)
    least_success = number("Least success of the main branch, %", 0, 100, required=True)
    least_fidelity = number("Least sandbox cases passed, %", 0, 100, required=True)
    commitments = fields.CommitmentsField(label="Promises in this release", required=False)

    def __init__(self, *args: Any, user: User, scope: Team, **more: Any) -> None:
        super().__init__(*args, user=user, scope=scope, right=Right.DECIDE, **more)
        self.fields["commitments"].queryset = fields.offered(user, scope)
        below = access.below(user, scope)
        self.fields["deadline"].queryset = Deadline.objects.filter(team__in=below, closed_at=None)
        for name in Thresholds.__dataclass_fields__:
            self.fields[name].initial = Checklist._meta.get_field(name).default  # type: ignore[union-attr]  # a field of whatever class

    def terms(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return said | {"thresholds": Thresholds(**{name: said.pop(name) for name in Thresholds.__dataclass_fields__})}


class ItemForm(Typed):
    kind = forms.ChoiceField(label="How it is checked", initial="hand", choices=ChecklistItem.Kind.choices)
    title = text("What must hold", 200)


class SayForm(Typed):
    """What somebody found about an item."""

    said = forms.ChoiceField(label="What you found", widget=forms.RadioSelect)
    passed = number("Cases passed", 0, 1_000_000)
    run = number("Cases run", 1, 1_000_000)
    evidence = text("Address that shows it", 500, required=False)
    words = text("In a few words", 500, required=False, rows=2)

    def __init__(self, *args: Any, item: ChecklistItem, **more: Any) -> None:
        super().__init__(*args, **more)
        allowed = {"accepted"}
        if item.kind == ChecklistItem.Kind.HAND:
            allowed = {"holds", "fails", "accepted"}
        elif item.kind == ChecklistItem.Kind.SANDBOX:
            allowed = {"measured", "accepted"}
        self.fields["said"].choices = [pair for pair in ItemEvent.Said.choices if pair[0] in allowed]
        if item.kind != ChecklistItem.Kind.SANDBOX:
            del self.fields["passed"], self.fields["run"]


class GoForm(Typed):
    decided = forms.ChoiceField(label="We decide", widget=forms.RadioSelect, choices=GoDecision.Verdict.choices)
    words = text("Why", 1000, required=False, rows=3)


class RetroForm(WithTeam):
    text = text("What the team will do", 300)
    agreed_on = DayField(label="Agreed on", required=False)
    due_on = DayField(label="Due on", help_text="Two sprints from now at most is a good habit.")
