"""What the pages of sources work on, fetched with the right that it takes, and who asks."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from metrics.models import Source
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of


def source_of(request: HttpRequest, pk: int, right: Right = Right.SEE) -> Source:
    """The source: 404 for who may not see its team, 403 for who may not change it."""
    source = Source.objects.select_related("team").filter(team__in=access.teams(request.user), pk=pk).first()
    if source is None:
        raise Http404("No such source.")
    access.require(request.user, right, source.team)
    speaks_of(request, source.team)
    return source


def scope_of(request: HttpRequest, slug: str, right: Right = Right.SEE) -> Team:
    scope = access.get_team(request.user, slug, right)
    speaks_of(request, scope)
    return scope


def owners(request: HttpRequest, scope: Team) -> Any:
    """The open squads of `scope` to which services may be given."""
    return access.below(request.user, scope, Right.SOURCES).filter(closed_at=None).exclude(kind=Team.Kind.GROUP)


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware; for the type checker)
    return request.user
