"""What these pages share: fetch with the right, ask, and rows as CSV. Strangers get 404, readers who write 403."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from delivery.forms.commitments import Typed
from delivery.views.asking import seeing
from delivery.views.form_of import Verb
from delivery.views.form_of import ask as ask_plainly
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of
from teams.views.csv_file import csv_file
from teams.views.forms_page import signed_in

asked_or_sent = require_http_methods(["GET", "HEAD", "POST"])
FORM = "stakeholders/register_form.html"


def scoped(request: HttpRequest, slug: str, right: Right = Right.SEE) -> tuple[User, Team]:
    """The user and the team that the page is about."""
    user = signed_in(request)
    team = access.get_team(user, slug, right)
    speaks_of(request, team)
    return user, team


def fetch(request: HttpRequest, rows: Any, pk: int, *rights: Right) -> tuple[User, Any]:
    """A record of a team that the user sees; one of `rights` is enough, none asks for seeing alone."""
    user = signed_in(request)
    row = get_object_or_404(rows.select_related("team"), pk=pk, team__in=access.teams(user))
    if rights and not any(access.may(user, right, row.team) for right in rights):
        access.require(user, rights[0], row.team)
    speaks_of(request, row.team)
    return user, row


def ask(
    request: HttpRequest, form: Typed, verb: Verb, *, title: str, button: str, back: str, **more: Any
) -> HttpResponse:
    """The form; after a valid answer what the verb said, at the address it named; 422 with the reasons when refused."""
    context = {"template": FORM, "groups": _groups(form, more.pop("rows", ()))} | more
    return ask_plainly(request, form, verb, title=title, button=button, back=back, **context)


def _groups(form: Typed, rows: Sequence[tuple[str, ...]]) -> list[list[Any]]:
    """The fields in order; those named together stand side by side."""
    found: list[list[Any]] = []
    done: set[str] = set()
    for name in form.fields:
        if name in done:
            continue
        names = next((row for row in rows if name in row), (name,))
        found.append([form[one] for one in names if one in form.fields])
        done |= set(names)
    return found


def as_csv(team: Team, what: str, names: Sequence[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    return csv_file(f"{team.slug}-{what}", names, rows)


def as_markdown(name: str, text: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.md"'
    return answer


__all__ = ["as_csv", "as_markdown", "ask", "asked_or_sent", "fetch", "scoped", "seeing"]
