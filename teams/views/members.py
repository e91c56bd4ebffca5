"""Somebody's time in a team: joining, another role, another team, leaving, and correcting what was mistyped."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from teams import access, actions, forms
from teams.access import Right
from teams.models import Membership
from teams.scope import speaks_of

from .forms_page import Done, form_page, posted, signed_in
from .tree import asks


@asks
def join(request: HttpRequest, team: str) -> HttpResponse:
    user = signed_in(request)
    found = access.get_team(user, team, Right.PEOPLE)
    speaks_of(request, found)
    query = request.GET.get("q", "").strip()
    form = forms.JoinForm(posted(request), user=user, team=found, query=query)

    def act(data: dict[str, Any]) -> Done:
        name, email = data.pop("name"), data.pop("email")
        data["person"] = data["person"] or actions.Newcomer(name=name, email=email)
        row = actions.join(**data, team=found, by=user)
        return f"{row.person.name} is in {found.name} from {row.started_on:%-d %b}.", found.get_absolute_url()

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Add a member to {found.name}",
        button="Add member",
        back=found.get_absolute_url(),
        query=query,
        searchable=form.too_many or bool(query),
        roles_known=_roles_known(user),
    )


@asks
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = signed_in(request), _looked_after(request, pk)
    form = forms.ChangeRoleForm(posted(request), initial={"role": row.role, "level": row.level})

    def act(data: dict[str, Any]) -> Done:
        new = actions.change_role(membership=row, **data, by=user)
        return (
            f"{row.person.name} is {new.role} from {new.started_on:%-d %b}.",
            row.team.get_absolute_url(),
        )

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Change the role of {row.person.name}",
        intro=f"Now {row.role}{f', {row.level_name.lower()}' if row.level else ''} in {row.team.name}, "
        f"since {row.started_on:%-d %b %Y}. What was true before stays in the record.",
        button="Change role",
        back=row.team.get_absolute_url(),
        roles_known=_roles_known(user),
    )


@asks
def move(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = signed_in(request), _looked_after(request, pk)
    form = forms.MovePersonForm(posted(request), user=user, membership=row)

    def act(data: dict[str, Any]) -> Done:
        new = actions.move_person(membership=row, **data, by=user)
        return (
            f"{row.person.name} is in {new.team.name} from {new.started_on:%-d %b}.",
            new.team.get_absolute_url(),
        )

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Move {row.person.name}",
        intro=f"From {row.team.name}, where the last day is the one before. A move is not a departure.",
        button="Move person",
        back=row.team.get_absolute_url(),
        roles_known=_roles_known(user),
    )


@asks
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = signed_in(request), _looked_after(request, pk)
    form = forms.LeaveForm(posted(request), user=user, membership=row)

    def act(data: dict[str, Any]) -> Done:
        ended = actions.leave(membership=row, **data, by=user)
        return f"{row.person.name}: last day {ended.ended_on:%-d %b %Y}.", row.team.get_absolute_url()

    return form_page(
        request,
        form=form,
        act=act,
        title=f"{row.person.name} leaves",
        intro="To go to another team here, use “Move”: that does not count as a departure.",
        button="Record last day",
        back=row.team.get_absolute_url(),
    )


@asks
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = signed_in(request), _looked_after(request, pk)
    form = forms.CorrectForm(posted(request), membership=row)

    def act(data: dict[str, Any]) -> Done:
        note, never = data.pop("note"), data.pop("never")
        facts = None if never else actions.Facts(**data)
        actions.correct_membership(membership=row, note=note, facts=facts, by=user)
        return (
            f"The entry of {row.person.name} in {row.team.name} is corrected.",
            row.person.get_absolute_url(),
        )

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Correct the entry of {row.person.name} in {row.team.name}",
        intro="The mistaken entry is kept with your note and counts nowhere. What you write here stands in its place.",
        button="Correct entry",
        back=row.person.get_absolute_url(),
        roles_known=_roles_known(user),
    )


def _looked_after(request: HttpRequest, pk: int) -> Membership:
    row = Membership.objects.select_related("person", "team").filter(pk=pk).first()
    if row is None:
        raise Http404("No such entry.")
    access.get_team(signed_in(request), row.team.slug, Right.PEOPLE)
    speaks_of(request, row.team)
    return row


def _roles_known(user: access.Visitor) -> list[str]:
    """Roles written before, offered while typing so that one job has one name."""
    roles = Membership.objects.filter(team__in=access.teams(user)).order_by("role")
    return list(roles.values_list("role", flat=True).distinct()[:100])
