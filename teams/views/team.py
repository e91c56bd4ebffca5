"""One team: who is in it, who has which role over it, who stayed; and its roles given and taken back."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from teams import access, actions, attrition, forms
from teams.access import Right
from teams.models import Grant, Membership, Team
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.tree import rows

from .forms_page import Done, form_page, posted, signed_in
from .tree import asks, may_leave_its_group

MOST_PAST = 50  # former members, and
MOST_TEAMS = 100  # teams in it, shown before "show all"


@require_GET
def page(request: HttpRequest, team: str) -> HttpResponse:
    user = signed_in(request)
    found = access.get_team(user, team)
    speaks_of(request, found)
    today = timezone.localdate()
    tree = list(access.teams(user).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries
    seen = {row.pk: row for row in tree}
    way = [row.pk for row in Team.objects.ancestors(found)]
    below = [row.pk for row in tree if found.pk in row.tree_path]
    members = found.memberships.select_related("person").order_by("person__name", "started_on")
    now, coming = list(members.on(today)), list(members.true().filter(started_on__gt=today))
    past = members.true().filter(ended_on__lt=today).exclude(end_reason=Membership.End.PROMOTED).order_by("-ended_on")
    stints = Membership.objects.filter(team__in=below).stints()
    asked = (Right.PEOPLE, Right.TREE, Right.ACCESS)
    rights = {right.value for right in asked if access.may(user, right, found)}
    everything = request.GET.get("all") == "1"
    sub_teams = [row for row in rows(user, today=today) if row.team.parent_id == found.pk]
    context = {
        "team": found,
        "path": [seen[pk] for pk in way if pk in seen],
        "sub_teams": sub_teams if everything else sub_teams[:MOST_TEAMS],
        "sub_team_count": len(sub_teams),
        "members": now,
        "joining": coming,
        "member_words": f"{len(now)}, {len(coming)} coming" if coming else len(now),
        "past": past if everything else past[:MOST_PAST],
        "past_count": past.count(),
        "facts": _facts(
            attrition.attrition(stints, until=today),
            attrition.retention(stints, until=today, seniors_only=True),
            with_reasons="people" in rights,
        ),
        "grants": _grants(found, way, seen),
        "rights": rights,
        "reads_trail": access.governs_all(user),
        "may_move": "tree" in rights and (way or user.is_superuser) and may_leave_its_group(user, found),
        "today": today,
    }
    return render(request, "teams/team.html", context)


def _facts(year: attrition.Attrition, seniors: attrition.Retention, *, with_reasons: bool) -> list[dict[str, Any]]:
    """The three counts at the top; a percentage only where the pure part allows one."""
    left = f"{ui.percent(year.rate)} of the average headcount" if year.rate is not None else "too few for a percentage"
    if with_reasons and year.left_regretted:
        left += f", {year.left_regretted} regretted"
    stayed = {"value": f"{seniors.stayed} of {seniors.cohort}", "unit": "stayed", "note": ", ".join(seniors.details)}
    return [
        {"label": "People", "value": year.closing, "note": f"{year.opening} a year ago"},
        {"label": "Senior engineers, past year"} | (stayed if seniors.cohort else {"missing": "None a year ago"}),
        {"label": "Left, past year", "value": year.left, "note": left},
    ]


def _grants(team: Team, way: list[int], seen: dict[int, Team]) -> list[Grant]:
    """Who has a role here, the team's own first; `source` is the team it comes from, None where that is not seen."""
    grants = Grant.objects.active().filter(team__in=[*way, team.pk]).select_related("person", "team")
    order = [team.pk, *reversed(way)]
    for grant in grants:
        grant.source = seen.get(grant.team_id)  # type: ignore[attr-defined]  # for the template
        grant.is_own = grant.team_id == team.pk  # type: ignore[attr-defined]  # for the template
    return sorted(grants, key=lambda grant: (order.index(grant.team_id), grant.role, grant.person.name))


@asks
def grant(request: HttpRequest, team: str) -> HttpResponse:
    user = signed_in(request)
    found = access.get_team(user, team, Right.ACCESS)
    speaks_of(request, found)
    query = request.GET.get("q", "").strip()
    form = forms.GrantForm(posted(request), user=user, query=query)

    def act(data: dict[str, Any]) -> Done:
        given = actions.grant(**data, team=found, by=user)
        return (
            f"{given.person.name} is now {given.role_name.lower()} of {found.name}.",
            found.get_absolute_url(),
        )

    return form_page(
        request,
        form=form,
        act=act,
        title=f"Give a role over {found.name}",
        intro="A role reaches the team and everything below it, until it is taken back.",
        button="Give role",
        back=found.get_absolute_url(),
        query=query,
        searchable=form.too_many or bool(query),
        roles=_ROLES,
    )


@asks
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    held = Grant.objects.active().select_related("person", "team").filter(pk=pk).first()
    if held is None:
        raise Http404("No such role.")
    access.get_team(user, held.team.slug, Right.ACCESS)
    speaks_of(request, held.team)

    def act(data: dict[str, Any]) -> Done:
        actions.revoke(grant=held, by=user)
        return (
            f"{held.person.name} is no longer {held.role_name.lower()} of {held.team.name}.",
            access_to(held.team),
        )

    def access_to(team: Team) -> str:
        return team.get_absolute_url() if access.may(user, Right.SEE, team) else "teams:tree"

    return form_page(
        request,
        form=forms.Confirmation(posted(request)),
        act=act,
        title=f"Take back: {held.role_name.lower()} of {held.team.name}",
        intro=f"{held.person.name} loses this role over {held.team.name} and everything below it, at once.",
        button="Take back role",
        back=held.team.get_absolute_url(),
        danger=True,
    )


_ROLES = {
    Grant.Role.DIRECTOR: "sees, changes, decides and signs everything, and gives roles",
    Grant.Role.MANAGER: "checks in, logs slips and looks after the people",
    Grant.Role.CONTRIBUTOR: "checks in and logs slips",
    Grant.Role.EXECUTIVE: "reads",
    Grant.Role.LEGAL: "reads and signs",
    Grant.Role.ADMINISTRATOR: "looks after teams, people, sources and roles, and decides nothing",
}
