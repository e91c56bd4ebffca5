"""The lists of teams and people as files."""

from __future__ import annotations

from django.db.models import Prefetch
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from teams import access
from teams.models import Membership
from teams.tree import rows

from .csv_file import csv_file
from .forms_page import signed_in


@require_safe
def teams_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every team that the user sees, closed ones too, in the order of the tree."""
    found = rows(signed_in(request), today=timezone.localdate(), with_closed=True)
    names = ("team", "kind", "about", "depth", "people", "people in it or below", "teams below", "leads", "closed on")
    return csv_file("teams", names, (
        [
            one.team.name, one.team.kind_name, one.team.about, one.depth, one.people, one.people_below, one.teams_below,
            ", ".join(lead.name for lead in one.leads), one.team.closed_at.date() if one.team.closed_at else "",
        ]
        for one in found
    ))  # fmt: skip


@require_safe
def people_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Everybody whom the user sees, with the teams they are in today, as far as the user sees these."""
    user = signed_in(request)
    now = Membership.objects.on(timezone.localdate()).filter(team__in=access.teams(user)).select_related("team")
    people = access.people(user).prefetch_related(Prefetch("memberships", now, to_attr="now"))
    return csv_file("people", ("name", "title", "teams", "roles"), (
        [
            one.name, one.title, ", ".join(own.team.name for own in one.now),
            ", ".join(own.role for own in one.now),
        ]
        for one in people
    ))  # fmt: skip
