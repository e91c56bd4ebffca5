"""The forms of a commitment: made, changed, moved, estimated, delivered, cancelled, and what could be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.utils import ErrorDict

from delivery.actions import Proposal
from delivery.actions.promises import MOST_DAYS, OVERRIDE_DAYS
from delivery.models import Commitment, Outcome, PlanningInterval, Slip
from teams import access
from teams.access import Right
from teams.forms import DayField
from teams.models import Person, Team, User

OPTIONS = 3  # so many can be given with a slip; more are proposed afterwards
MOST_COST = 1_000_000_000
ESTIMATE = ("low", "likely", "high")


def text(label: str, length: int, *, required: bool = True, hint: str = "", rows: int = 0) -> forms.CharField:
    """A line, or a box of so many rows; whatever script is written in it."""
    attrs = {"autocomplete": "off", "dir": "auto"}
    widget = forms.Textarea(attrs=attrs | {"rows": rows}) if rows else forms.TextInput(attrs=attrs)
    messages = {"max_length": f"That is %(show_value)d characters; {length:,} fit. Shorten it."}
    field = forms.CharField(label=label, max_length=length, required=required, help_text=hint, widget=widget)
    field.error_messages |= messages
    return field


def number(label: str, lowest: int, highest: int, *, required: bool = False, hint: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=lowest, max_value=highest, required=required, help_text=hint, localize=False
    )


class Typed(forms.Form):
    """A form that a verb may refuse: the reason goes to its field, else to the top; what was typed stays."""

    places: Mapping[str, str] = {"days": "likely", "words": "words"}  # a verb's name for a field → ours
    fields: dict[str, Any]  # of whatever class: what each offers is set when the form is made

    def refuse(self, field: str | None, sentence: str) -> None:
        place = self.places.get(field or "", field)
        self.add_error(place if place in self.fields else None, sentence)


class Estimated(Typed):
    """Remaining work in working days; all three numbers, or none where none is asked for."""

    low = number("Low", 0, MOST_DAYS, hint="If all goes well")
    likely = number("Likely", 0, MOST_DAYS, hint="Working days of work that remain")
    high = number("High", 0, MOST_DAYS, hint="If much goes wrong")
    needed = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        days = [cleaned.get(name) for name in ESTIMATE]
        typed = [name for name in ESTIMATE if self.data.get(self.add_prefix(name), "") != ""]
        if any(name in self.errors for name in ESTIMATE):
            return cleaned
        if (typed or self.needed) and None in days:
            missing = next(name for name in ESTIMATE if cleaned.get(name) is None)
            self.add_error(missing, "Give all three: low, likely and high.")
        elif None not in days and not days[0] <= days[1] <= days[2]:  # type: ignore[operator]  # all three are there
            self.add_error("likely", "The low estimate must not exceed the likely one, nor that the high one.")
        else:
            cleaned["days"] = None if None in days else tuple(days)
        return cleaned


class EstimateForm(Estimated):
    needed = True


class CommitmentForm(Estimated):
    """A new promise, or another wording of one; the promised day is asked for only once, for a slip moves it."""

    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label="Choose a team")
    title = text("What is promised", 300)
    about = text(
        "What it is for", 500, required=False, rows=2, hint="In business words: who can do what, once it is there."
    )
    promised_on = DayField(label="Promised for")
    outcome = forms.ModelChoiceField(Outcome.objects.none(), label="Outcome", required=False, empty_label="None")
    owner = forms.ModelChoiceField(Person.objects.none(), label="Owner", required=False, empty_label="Nobody yet")
    interval = forms.ModelChoiceField(
        PlanningInterval.objects.none(), label="Planning interval", required=False, empty_label="None"
    )
    no_earlier_than = DayField(label="Cannot start before", required=False)
    planned_value = number("Planned business value", 1, 10, hint="1 to 10")
    is_stretch = forms.BooleanField(label="A stretch: not counted as committed", required=False)
    is_milestone = forms.BooleanField(label="A milestone: takes no work of its own", required=False)
    field_order = (
        "team", "title", "about", "promised_on", "owner", "outcome", "interval", "low", "likely", "high",
        "planned_value", "no_earlier_than", "is_stretch", "is_milestone",
    )  # fmt: skip
    places = {"days": "likely", "date": "promised_on"}

    def __init__(self, *args: Any, user: User, scope: Team, held: Commitment | None = None, **more: Any) -> None:
        if held is not None:
            kept = ("title", "about", "outcome", "owner", "interval", "no_earlier_than", "planned_value", "is_stretch")
            more["initial"] = {name: getattr(held, name) for name in kept} | {"seen": held.edition}
        super().__init__(*args, **more)
        above = [team.pk for team in Team.objects.ancestors(scope)]
        seen = Q(team__in=access.teams(user)) | Q(team__in=above)
        here = access.below(user, scope)
        self._choices("outcome", Outcome.objects.filter(seen), held)
        self._choices("interval", PlanningInterval.objects.filter(seen), held)
        near = Q(memberships__team__in=here) | Q(grants__team__in=here) | Q(grants__team__in=above)
        people = Person.objects.filter(pk__in=access.people(user).filter(near).values("pk"))
        self._choices("owner", people, held)
        if held is None:
            teams = access.below(user, scope, Right.LOG).filter(closed_at=None)
            self._choices("team", teams, None)
            self.initial.setdefault("team", scope if not scope.is_group else None)
            return
        for name in ("team", "promised_on", "is_milestone", *ESTIMATE):
            del self.fields[name]
        self.fields["seen"] = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def _choices(self, name: str, rows: Any, held: Commitment | None) -> None:
        """What is chosen already stays among the choices, whoever edits."""
        chosen = getattr(held, f"{name}_id", None)
        if chosen is not None:
            rows = rows | rows.model.objects.filter(pk=chosen)
        self.fields[name].queryset = rows.distinct()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("is_milestone"):
            for name in ESTIMATE:  # a milestone takes no work, whatever was typed
                self.errors.pop(name, None)
            cleaned["days"] = None
        return cleaned


class OptionForm(Typed):
    """What could be done. An empty one is no option."""

    title = text("What could be done", 300)
    cost = forms.DecimalField(label="Cost", min_value=0, max_value=MOST_COST, decimal_places=2, required=False)
    currency = forms.CharField(label="Currency", max_length=3, min_length=3, required=False, initial="USD")
    saves_days = number("Working days it saves", -MOST_DAYS, MOST_DAYS, hint="Less than nothing if it takes longer")
    scope_given_up = text("Scope given up", 300, required=False)
    risk_left = text("Risk that is left", 300, required=False)
    is_advised = forms.BooleanField(label="Advised", required=False)
    places = {"options": "title"}

    def has_changed(self) -> bool:
        return any(name not in ("currency", "is_advised") for name in self.changed_data)

    def proposal(self) -> Proposal:
        said = self.cleaned_data
        return Proposal(
            title=said["title"], cost=int((said.get("cost") or 0) * 100), currency=said.get("currency") or "USD",
            saves_days=said.get("saves_days") or 0, scope_given_up=said.get("scope_given_up") or "",
            risk_left=said.get("risk_left") or "", is_advised=bool(said.get("is_advised")),
        )  # fmt: skip


class SlipForm(Estimated):
    """A promise moves. `seen` is the last slip that the person saw; a later day needs at least one option."""

    to_date = DayField(label="New date")
    reason = forms.ChoiceField(label="Reason", choices=[("", "Choose the reason"), *Slip.Reason.choices])
    words = text("What happened", 2000, required=False, rows=3)
    impact = text("What it means for the business", 2000, required=False, rows=2)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    places = {"days": "likely", "options": "", "words": "words"}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        data = args[0] if args else None
        self.options = [
            OptionForm(data, prefix=f"option-{index}", empty_permitted=True, use_required_attribute=False)
            for index in range(OPTIONS)
        ]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(option.is_valid() for option in self.options)])

    def refuse(self, field: str | None, sentence: str) -> None:
        super().refuse(field, sentence)
        if field == "options":
            self.options[0].add_error("title", sentence)

    @property
    def wrong_options(self) -> list[ErrorDict]:
        return [option.errors for option in self.options if option.is_bound and option.errors]

    def proposals(self) -> list[Proposal]:
        return [option.proposal() for option in self.options if option.has_changed()]


class CorrectionForm(Typed):
    reason = forms.ChoiceField(label="Reason", choices=Slip.Reason.choices)
    words = text("What happened", 2000, rows=4)


class DeliverForm(Typed):
    on = DayField(label="Delivered on")
    actual_value = number("Actual business value", 0, 10, hint="0 to 10, as the business owners see it")


class WhyForm(Typed):
    why = text("Why", 300, rows=3)


class ChooseForm(Typed):
    why = text("Why this one", 500, required=False, rows=2, hint="Goes into the record of decisions.")
    places = {"option": ""}


class OverrideForm(Typed):
    status = forms.ChoiceField(
        label="How you see it",
        choices=[("ok", "On track"), ("risk", "At risk"), ("late", "Likely late")],
        widget=forms.RadioSelect,
    )
    why = text(
        "What the forecast does not know",
        500,
        rows=3,
        hint=f"Shown beside the computed status for {OVERRIDE_DAYS} days.",
    )


class MoveForm(Typed):
    team = forms.ModelChoiceField(Team.objects.none(), label="To", empty_label="Choose a team")

    def __init__(self, *args: Any, user: User, held: Commitment, **more: Any) -> None:
        super().__init__(*args, **more)
        teams = access.teams(user, Right.LOG).filter(closed_at=None).exclude(pk=held.team_id)
        if not held.is_milestone:
            teams = teams.exclude(kind=Team.Kind.GROUP)
        self.fields["team"].queryset = teams


class NothingForm(Typed):
    """Only asks whether it is meant."""
