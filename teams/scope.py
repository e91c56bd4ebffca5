"""Which team a page speaks of: its menus, links and search stay with it."""

from __future__ import annotations

from django.http import HttpRequest

from .models import Team


def speaks_of(request: HttpRequest, team: Team | None) -> None:
    """The page that answers `request` speaks of `team`."""
    request.scope = team  # type: ignore[attr-defined]  # requests carry what is put on them
