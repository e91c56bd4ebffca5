"""One report: its sheets for one audience, the words edited in place, and its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from delivery.actions.rules import Refused
from stakeholders.models import Report
from stakeholders.reports import actions, making
from stakeholders.reports.kept import Kept, visible_to
from stakeholders.reports.sheet import Editing, sheet
from stakeholders.reports.wording import AUDIENCES
from teams import access
from teams.access import Right
from teams.models import User
from teams.scope import speaks_of
from teams.views.forms_page import signed_in

AUDIENCE_WORDS = {"finance": "Finance", "engineering": "Engineering"}


def fetch(request: HttpRequest, pk: int, right: Right = Right.SEE) -> tuple[User, Kept]:
    """The report if the user may read it. A stranger, and for drafts a reader too: 404; a reader who writes: 403."""
    user = signed_in(request)
    rows = visible_to(user).select_related("team", "supersedes", "style").prefetch_related("steps", "words")
    row: Report = get_object_or_404(rows, pk=pk)
    access.require(user, right, row.team)
    speaks_of(request, row.team)
    return user, Kept(row)


def audience_of(request: HttpRequest) -> str:
    said = request.POST.get("audience") or request.GET.get("audience", "")
    return said if said in AUDIENCES else AUDIENCES[0]


def address(held: Kept, audience: str) -> str:
    return f"{reverse('stakeholders:report', args=[held.row.pk])}?audience={audience}"


@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = fetch(request, pk)
    return shown(request, user, held, opened=request.GET.get("edit", "")[:80])


def shown(request: HttpRequest, user: User, held: Kept, *, opened: str = "", **typed: Any) -> HttpResponse:
    audience = audience_of(request)
    may_decide = access.may(user, Right.DECIDE, held.row.team)
    here = request.build_absolute_uri(held.row.get_absolute_url())
    editing = None
    if may_decide and held.is_open:
        save = reverse("stakeholders:write_report", args=[held.row.pk]) + f"?audience={audience}"
        editing = Editing(address(held, audience), save, opened, **typed)
    context = {
        "held": held, "scope": held.row.team, "sheet": sheet(held.document(audience, url=here)), "editing": editing,
        "audience": audience, "may_decide": may_decide,
        "audiences": [(key, AUDIENCE_WORDS[key], address(held, key)) for key in AUDIENCES],
        "edited": sorted(held.words), "links": list(held.row.links.all()) if held.is_sent else [],
    } | making.offered(held, audience)  # fmt: skip
    return render(request, "stakeholders/report.html", context, status=422 if typed.get("error") else 200)


@require_POST
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """The words of one place; what is refused stays in the field."""
    user, held = fetch(request, pk, Right.DECIDE)
    key, words = request.POST.get("key", "")[:80], request.POST.get("words", "")
    try:
        actions.write(report=held.row, key=key, words="" if "back" in request.POST else words, by=user)
    except Refused as refused:
        if not held.is_open:
            messages.error(request, str(refused))
            return redirect(address(held, audience_of(request)))
        return shown(request, user, held, opened=key, typed=words, error=str(refused))
    return redirect(f"{address(held, audience_of(request))}#words-{key}")


def _step(request: HttpRequest, pk: int, verb: Callable[[User, Kept], tuple[str, str]]) -> HttpResponse:
    """What the verb said, or why it was refused, on the page where it was asked."""
    user, held = fetch(request, pk, Right.DECIDE)
    to = address(held, audience_of(request))
    try:
        said, to = verb(user, held)
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(to)


@require_POST
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    def verb(user: User, held: Kept) -> tuple[str, str]:
        made = actions.refresh(report=held.row, now=timezone.now(), by=user)
        return f"{made.code} has the facts of this moment. {held.row.code} was put aside.", made.get_absolute_url()

    return _step(request, pk, verb)


@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    def verb(user: User, held: Kept) -> tuple[str, str]:
        actions.review(report=held.row, seen=request.POST.get("seen", ""), by=user)
        return "Reviewed. It can be sent as it is now.", address(held, audience_of(request))

    return _step(request, pk, verb)


@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    def verb(user: User, held: Kept) -> tuple[str, str]:
        actions.send(report=held.row, by=user, seen=request.POST.get("seen", "-"))
        return f"{held.row.code} is sent: nothing of it changes any more.", address(held, audience_of(request))

    return _step(request, pk, verb)


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    def verb(user: User, held: Kept) -> tuple[str, str]:
        actions.drop(report=held.row, by=user)
        return f"{held.row.code} was put aside.", reverse("stakeholders:reports", args=[held.row.team.slug])

    return _step(request, pk, verb)
