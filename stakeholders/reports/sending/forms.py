"""Forms of schedules, sendings and links; people are found by search and kept by their boxes."""

from __future__ import annotations

from typing import Any

from django import forms

from delivery.forms.commitments import Typed
from stakeholders.models import Schedule
from stakeholders.models.deliveries import WEEKDAYS
from stakeholders.reports.kept import AUDIENCES
from teams.models import Person, Team

from . import sharing
from .readers import found
from .schedules import Terms

SEARCH = "search"  # the button that looks for people and saves nothing


def audience() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Worded for",
        choices=[(one, one.capitalize()) for one in AUDIENCES],
        help_text="The numbers are the same.",
    )


class PeopleField(forms.ModelMultipleChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            Person.objects.none(),
            widget=forms.CheckboxSelectMultiple,
            label="People",
            error_messages={"required": "Choose at least one person."},
            **options,
        )

    def label_from_instance(self, obj: Person) -> str:
        return f"{obj.name}, {obj.title or obj.email}"


class WithPeople(Typed):
    """`find` narrows the boxes that are offered; who is chosen stays. `total`: how many match."""

    find = forms.CharField(label="Find people", required=False, max_length=80, help_text="By name, title or address.")
    people = PeopleField()

    def __init__(self, data: Any = None, *, scope: Team, initial: dict[str, Any] | None = None) -> None:
        searching = data is not None and SEARCH in data
        if searching:
            names = {**self.base_fields}
            initial = {name: field.widget.value_from_datadict(data, {}, name) for name, field in names.items()}
            data = None
        super().__init__(data, initial=initial)
        said = data if data is not None else self.initial
        chosen = said.getlist("people") if hasattr(said, "getlist") else said.get("people") or []
        numbers = [int(str(one)) for one in chosen if str(one).isascii() and str(one).isdigit()]
        rows, self.total = found(scope, str(said.get("find") or ""), numbers)
        people: Any = self.fields["people"]
        people.required = said.get("way", "email") == "email"
        people.queryset = rows
        self.shown = rows.count()


class ScheduleForm(WithPeople):
    audience = audience()
    weekday = forms.TypedChoiceField(label="Every", coerce=int, choices=list(enumerate(WEEKDAYS, 1)))
    at_time = forms.TimeField(
        label="At",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="On the organisation’s clocks.",
    )
    way = forms.ChoiceField(label="By", choices=Schedule.Way.choices, widget=forms.RadioSelect)
    address = forms.CharField(
        label="Address of the incoming webhook", required=False, max_length=1000, strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="For Slack and Teams. It is kept encrypted and never shown again; empty keeps the one that is there.",
    )  # fmt: skip
    attach_pdf = forms.BooleanField(label="PDF", required=False)
    attach_pptx = forms.BooleanField(label="Slides", required=False)
    attach_xlsx = forms.BooleanField(label="Workbook", required=False)
    needs_review = forms.BooleanField(
        label="Wait for a review", required=False,
        help_text="A draft is made, and who decides here is told by mail. Without it the computed words go out unread.",
    )  # fmt: skip
    field_order = ("audience", "weekday", "at_time", "way", "find", "people", "address", "attach_pdf", "attach_pptx",
                   "attach_xlsx", "needs_review")  # fmt: skip

    def terms(self) -> Terms:
        said = dict(self.cleaned_data)
        said.pop("find")
        return Terms(**(said | {"people": list(said["people"])}))


class DeliverForm(WithPeople):
    audience = audience()
    field_order = ("audience", "find", "people")


class LinkForm(Typed):
    audience = audience()
    label = forms.CharField(label="For whom", required=False, max_length=120, help_text="Only you see this.")
    days = forms.IntegerField(
        label="Days that it lasts", min_value=1, max_value=sharing.MOST_DAYS, initial=sharing.DAYS,
        help_text=f"At most {sharing.MOST_DAYS}.",
    )  # fmt: skip
    most_openings = forms.IntegerField(
        label="Most openings", required=False, min_value=1, max_value=sharing.MOST_OPENINGS,
        help_text="Empty: as often as wished.",
    )  # fmt: skip


def initial_of(row: Schedule) -> dict[str, Any]:
    """A schedule as its form begins; the address of a webhook is never in it."""
    names = ("audience", "weekday", "at_time", "way", "attach_pdf", "attach_pptx", "attach_xlsx", "needs_review")
    return {name: getattr(row, name) for name in names} | {"people": list(row.people.values_list("pk", flat=True))}
