"""What the pages of this app ask for. A form offers only what the user may choose; what is refused keeps its text."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from . import access
from .access import Right
from .models import Grant, Membership, Person, Team, User

EM_SPACE = "\u2003"
MOST_CHOICES = 300  # more people than this are narrowed by a search first
_LEVELS = [("", "Not said"), *Membership.Level.choices]
_REASONS = [("", "Choose why"), *((reason.value, reason.label) for reason in Membership.SEPARATIONS)]


class DayField(forms.DateField):
    """A day, chosen in the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        messages = {"invalid": "Write the day as 2026-11-30."}
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, error_messages=messages, **options)


def _text(label: str, length: int, *, required: bool = True, hint: str = "", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(label=label, max_length=length, required=required, help_text=hint, widget=widget)


class TeamChoice(forms.ModelChoiceField):
    """A team, indented by its depth in the tree."""

    def label_from_instance(self, team: Team) -> str:
        return EM_SPACE * (team.tree_depth - self.top) + team.name  # type: ignore[attr-defined]  # of tree-queries

    top = 0


def offered(teams: QuerySet[Team]) -> QuerySet[Team]:
    """Open teams in the order of the tree."""
    return teams.filter(closed_at=None).with_tree_fields()  # type: ignore[attr-defined]  # of tree-queries


def _choose_team(field: forms.Field, teams: QuerySet[Team]) -> None:
    assert isinstance(field, TeamChoice)  # noqa: S101 (for the type checker)
    field.queryset = teams
    field.top = min((team.tree_depth for team in teams), default=0)  # type: ignore[attr-defined]  # of tree-queries


class TeamForm(forms.Form):
    """Name, kind and a line about a team; for a new one also what it is part of."""

    name = _text("Name", 120)
    kind = forms.ChoiceField(label="Kind", choices=Team.Kind.choices, initial=Team.Kind.SQUAD)
    parent = TeamChoice(
        label="Part of", queryset=Team.objects.none(), required=False, empty_label="Nothing: at the top"
    )
    about = _text("About", 200, required=False, hint="What it works on, in a few words.")
    position = forms.IntegerField(
        label="Place in the list",
        required=False,
        min_value=0,
        max_value=9999,
        help_text="Lower comes first; equal ones are ordered by name.",
    )

    def __init__(self, *args: Any, user: User, team: Team | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if team is not None:
            del self.fields["parent"]
            if team.kind not in Team.Kind.values:
                self.fields["kind"].choices = [*Team.Kind.choices, (team.kind, team.kind)]  # type: ignore[attr-defined]  # a field of whatever class
        else:
            _choose_team(self.fields["parent"], offered(access.teams(user, Right.TREE)))
            _top_only_for_superusers(self.fields["parent"], user)

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or 0


class MoveTeamForm(forms.Form):
    """What a team becomes part of: the open teams that are not below it."""

    parent = TeamChoice(
        label="Part of", queryset=Team.objects.none(), required=False, empty_label="Nothing: at the top"
    )

    def __init__(self, *args: Any, user: User, team: Team, **options: Any) -> None:
        super().__init__(*args, **{"initial": {"parent": team.parent_id}, **options})
        below = [row.pk for row in Team.objects.descendants(team, include_self=True)]
        _choose_team(self.fields["parent"], offered(access.teams(user, Right.TREE)).exclude(pk__in=below))
        _top_only_for_superusers(self.fields["parent"], user)


def _top_only_for_superusers(field: forms.Field, user: User) -> None:
    """A team at the top answers to nobody above, so only the installer makes one."""
    assert isinstance(field, TeamChoice)  # noqa: S101 (for the type checker)
    if not user.is_superuser:
        field.required, field.empty_label = True, "Choose a team"


class PersonForm(forms.Form):
    """Name, e-mail and title of somebody."""

    name = _text("Name", 120)
    email = forms.EmailField(
        label="E-mail", required=False, max_length=254, help_text="Needed only to sign in and to get reports."
    )
    title = _text("Title", 120, required=False, hint="As on their card: Staff engineer.")

    def __init__(self, *args: Any, keep_email: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if keep_email:
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "Somebody with a role: an administrator changes it."


class _RoleFields(forms.Form):
    role = _text("Role", 80, hint="Backend engineer, Tech lead, Product manager.", list="roles-known")
    level = forms.ChoiceField(label="Level", choices=_LEVELS, required=False)


class JoinForm(_RoleFields):
    """Somebody who is known, or somebody new, comes to a team."""

    person = forms.ModelChoiceField(
        label="Who", queryset=Person.objects.none(), required=False, empty_label="Somebody new, named below"
    )
    name = _text("Name, if new", 120, required=False)
    email = forms.EmailField(label="E-mail, if new", required=False, max_length=254)
    started_on = DayField(label="First day")

    field_order = ("person", "name", "email", "role", "level", "started_on")

    def __init__(self, *args: Any, user: User, team: Team, query: str = "", **options: Any) -> None:
        super().__init__(*args, **{"initial": {"started_on": timezone.localdate()}, **options})
        known = access.people(user).exclude(memberships__in=team.memberships.not_over_on(timezone.localdate()))
        self.too_many = known[: MOST_CHOICES + 1].count() > MOST_CHOICES
        found = known.filter(name__icontains=query) if query else known
        field = self.fields["person"]
        # any known person may be sent; what is listed is short enough to read
        field.queryset = known  # type: ignore[attr-defined]  # a field of whatever class
        shown = [(person.pk, str(person)) for person in found[:MOST_CHOICES]]
        field.choices = [("", field.empty_label), *shown]  # type: ignore[attr-defined]  # a field of whatever class

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("person") and not data.get("name") and "person" not in self.errors:
            self.add_error("name", "Choose somebody above, or write the name of somebody new.")
        if data.get("person") and data.get("name"):
            self.add_error("name", "Somebody is chosen above. Clear this, or choose “Somebody new”.")
        return data


class ChangeRoleForm(_RoleFields):
    """Another role or level in the same team."""

    starts_on = DayField(label="From", help_text="The first day in the new role.")


class MovePersonForm(_RoleFields):
    """Another team."""

    team = TeamChoice(label="To", queryset=Team.objects.none(), empty_label="Choose a team")
    starts_on = DayField(label="First day there")

    field_order = ("team", "starts_on", "role", "level")

    def __init__(self, *args: Any, user: User, membership: Membership, **options: Any) -> None:
        initial = {"role": membership.role, "level": membership.level, "starts_on": timezone.localdate()}
        super().__init__(*args, **{"initial": initial, **options})
        teams = offered(access.teams(user, Right.PEOPLE)).exclude(pk=membership.team_id)
        _choose_team(self.fields["team"], teams)
        if not teams:
            self.fields["team"].empty_label = "You look after no other team"  # type: ignore[attr-defined]  # a field of whatever class


class LeaveForm(forms.Form):
    """Somebody goes: when, why, and whether we would have liked them to stay."""

    last_day = DayField(label="Last day", help_text="May lie ahead: until then they count as leaving.")
    reason = forms.ChoiceField(label="Why", choices=_REASONS)
    regretted = forms.BooleanField(label="We would have liked this person to stay", required=False)
    note = _text("Note", 300, required=False, hint="Seen only by those who look after the people of this team.")
    also = forms.ModelMultipleChoiceField(
        label="Ends too",
        queryset=Membership.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What stays unticked goes on.",
    )

    def __init__(self, *args: Any, user: User, membership: Membership, **options: Any) -> None:
        super().__init__(*args, **{"initial": {"last_day": timezone.localdate()}, **options})
        others = membership.person.memberships.filter(ended_on=None, team__in=access.teams(user, Right.PEOPLE)).exclude(
            pk=membership.pk
        )
        if others:
            field = self.fields["also"]
            field.queryset = others.select_related("team", "person")  # type: ignore[attr-defined]  # a field of whatever class
            field.label_from_instance = lambda row: f"{row.role} in {row.team}"  # type: ignore[attr-defined]  # a field of whatever class
        else:
            del self.fields["also"]


class CorrectForm(_RoleFields):
    """What an entry should have said, or that it should not be there at all."""

    started_on = DayField(label="First day")
    ended_on = DayField(label="Last day", required=False, help_text="Empty: still in the team.")
    never = forms.BooleanField(label="This was never so: leave only the note", required=False)
    note = _text("What was wrong", 300, hint="Kept beside the mistaken entry.")

    field_order = ("role", "level", "started_on", "ended_on", "never", "note")

    def __init__(self, *args: Any, membership: Membership, **options: Any) -> None:
        initial = {name: getattr(membership, name) for name in ("role", "level", "started_on", "ended_on")}
        super().__init__(*args, **{"initial": initial, **options})
        if membership.ended_on is None:
            del self.fields["ended_on"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first: date | None = data.get("started_on")
        last: date | None = data.get("ended_on")
        if first and last and last < first:
            self.add_error("ended_on", "The last day is before the first. Choose a later one.")
        return data


class GrantForm(forms.Form):
    """A role over a team, for somebody."""

    person = forms.ModelChoiceField(label="Who", queryset=Person.objects.none(), empty_label="Choose somebody")
    role = forms.ChoiceField(label="Role", choices=[("", "Choose a role"), *Grant.Role.choices])

    def __init__(self, *args: Any, user: User, query: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        known = access.people(user)
        self.too_many = known[: MOST_CHOICES + 1].count() > MOST_CHOICES
        found = known.filter(name__icontains=query) if query else known
        field = self.fields["person"]
        field.queryset = known  # type: ignore[attr-defined]  # a field of whatever class
        shown = [(person.pk, str(person)) for person in found[:MOST_CHOICES]]
        field.choices = [("", field.empty_label), *shown]  # type: ignore[attr-defined]  # a field of whatever class


class Confirmation(forms.Form):
    """Nothing to fill in: the button is the answer."""
