"""The tree of teams, and what changes it: adding, editing, moving, closing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from teams import access, actions, forms
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of
from teams.tree import rows

from .forms_page import Done, form_page, posted, signed_in

MOST_ROWS = 400  # more teams than this are shown on request
asks = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every team the user sees, as a tree."""
    user = signed_in(request)
    query = request.GET.get("q", "").strip()[:100]
    with_closed = request.GET.get("closed") == "1"
    found = rows(user, today=timezone.localdate(), query=query, with_closed=with_closed)
    shown = found if request.GET.get("all") == "1" else found[:MOST_ROWS]
    context = {
        "rows": shown,
        "total": len(found),
        "matches": sum(row.found for row in found),
        "query": query,
        "with_closed": with_closed,
        "changeable": set(access.teams(user, Right.TREE).values_list("pk", flat=True)),
        "may_add": user.is_superuser or access.may_anywhere(user, Right.TREE),
        "reads_trail": access.governs_all(user),
        "may_add_people": access.may_anywhere(user, Right.PEOPLE),
    }
    part = "#rows" if request.htmx and not request.htmx.boosted else ""  # type: ignore[attr-defined]  # requests carry what is put on them
    return render(request, f"teams/tree.html{part}", context)


@asks
def add(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    under = None
    if slug := request.GET.get("parent"):
        under = access.get_team(user, slug, Right.TREE)
        speaks_of(request, under)
    elif not user.is_superuser:
        home = access.home(user)
        under_any = access.teams(user, Right.TREE).first()
        access.require(user, Right.TREE, under_any or home or get_object_or_404(Team.objects.none()))
    form = forms.TeamForm(posted(request), user=user, initial={"parent": under})

    def act(data: dict[str, Any]) -> Done:
        team = actions.add_team(**data, by=user)
        return f"{team.name} is added.", team.get_absolute_url()

    back = under.get_absolute_url() if under else reverse("teams:tree")
    return form_page(request, form=form, act=act, title="Add a team", button="Add team", back=back)


@asks
def edit(request: HttpRequest, team: str) -> HttpResponse:
    user, found = signed_in(request), _changeable(request, team)
    now = {name: getattr(found, name) for name in ("name", "kind", "about", "position")}
    form = forms.TeamForm(posted(request), user=user, team=found, initial=now)

    def act(data: dict[str, Any]) -> Done:
        edited = actions.edit_team(team=found, **data, by=user)
        return f"{edited.name} is saved.", found.get_absolute_url()

    title, back = f"Edit {found.name}", found.get_absolute_url()
    intro = "A new name shows everywhere at once. The address of the page stays, so links keep working."
    return form_page(request, form=form, act=act, title=title, intro=intro, button="Save team", back=back)


@asks
def move(request: HttpRequest, team: str) -> HttpResponse:
    user, found = signed_in(request), _changeable(request, team)
    if not may_leave_its_group(user, found):
        raise PermissionDenied(f"Whoever moves {found.name} must also look after the group that it leaves.")
    form = forms.MoveTeamForm(posted(request), user=user, team=found)

    def act(data: dict[str, Any]) -> Done:
        moved = actions.move_team(team=found, parent=data["parent"], by=user)
        return f"{moved.name} is now part of {moved.parent or 'nothing'}.", found.get_absolute_url()

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Move {found.name}",
        intro=f"Everything below {found.name} moves with it, and whoever has a role over the new group sees it.",
        button="Move team",
        back=found.get_absolute_url(),
    )


@asks
def close(request: HttpRequest, team: str) -> HttpResponse:
    user, found = signed_in(request), _changeable(request, team)

    def act(data: dict[str, Any]) -> Done:
        actions.close_team(team=found, by=user)
        return (
            f"{found.name} is closed. What it promised and measured stays readable.",
            found.get_absolute_url(),
        )

    return form_page(
        request,
        form=forms.Confirmation(posted(request)),
        act=act,
        title=f"Close {found.name}",
        intro="It leaves the lists and takes no more members or sub-teams. Its past stays, and you can reopen it.",
        button="Close team",
        back=found.get_absolute_url(),
        danger=True,
    )


@asks
def reopen(request: HttpRequest, team: str) -> HttpResponse:
    user, found = signed_in(request), _changeable(request, team)

    def act(data: dict[str, Any]) -> Done:
        actions.reopen_team(team=found, by=user)
        return f"{found.name} is open again.", found.get_absolute_url()

    form, back = forms.Confirmation(posted(request)), found.get_absolute_url()
    title, intro = f"Reopen {found.name}", "It comes back into the lists and can take members again."
    return form_page(request, form=form, act=act, title=title, intro=intro, button="Reopen team", back=back)


def may_leave_its_group(user: User, team: Team) -> bool:
    """Whether `user` has the tree in hand where `team` hangs; at the top nobody else answers for it."""
    return team.parent is None or access.may(user, Right.TREE, team.parent)


def _changeable(request: HttpRequest, slug: str) -> Team:
    team = access.get_team(signed_in(request), slug, Right.TREE)
    speaks_of(request, team)
    return team
