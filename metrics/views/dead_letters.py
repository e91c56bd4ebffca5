"""What waits for a person, of one source or of a whole scope; what each said; trying it again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from metrics import actions, dead_letters, sources
from metrics.models import Inbox, Puzzle
from teams import access
from teams.access import Right
from teams.templatetags import ui

from .fetched import person, scope_of, source_of


def of_source(request: HttpRequest, pk: int) -> HttpResponse:
    source = source_of(request, pk)
    found = dead_letters.letters([source], of=request.GET.get("of", ""), page=request.GET.get("page", "1"))
    context = {
        "scope": source.team, "source": source, "letters": found, "again": dead_letters.again(source),
        "may_mend": access.may(request.user, Right.SOURCES, source.team),
    }  # fmt: skip
    return render(request, "metrics/unread.html", context)


def now(request: HttpRequest, pk: int) -> HttpResponse:
    """How far trying again has come: the part of the page that renews itself."""
    source = source_of(request, pk)
    again = dead_letters.again(source)
    return render(request, "metrics/unread_now.html", {"source": source, "again": again, "is_part": True})


def below(request: HttpRequest, team: str) -> HttpResponse:
    """What waits in all sources that feed a team."""
    scope = scope_of(request, team)
    feeding = list(sources.feeding([one.pk for one in access.below(request.user, scope)], access.teams(request.user)))
    found = dead_letters.letters(feeding, of=request.GET.get("of", ""), page=request.GET.get("page", "1"))
    mended = set(access.teams(request.user, Right.SOURCES).values_list("pk", flat=True))
    context: dict[str, Any] = {
        "scope": scope, "letters": found, "may_mend": bool(mended),
        "mended": [one.pk for one in feeding if one.team_id in mended],
    }  # fmt: skip
    return render(request, "metrics/unread.html", context)


def event(request: HttpRequest, pk: int, event: int) -> HttpResponse:
    """What one event said. Who may only read the numbers does not read raw words."""
    source = source_of(request, pk, Right.SOURCES)
    row = get_object_or_404(Inbox.objects.filter(source=source, dead_at__isnull=False), pk=event)
    context = {
        "scope": source.team, "source": source, "title": row.key, "row": row, "said": dead_letters.event_said(row),
        "headers": sorted(row.headers.items()), "why": row.error, "detail": row.error_detail,
        "since": row.received_at, "tries": row.attempts, "is_event": True,
    }  # fmt: skip
    return render(request, "metrics/unread_one.html", context)


def thing(request: HttpRequest, pk: int, thing: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    row = get_object_or_404(Puzzle.objects.select_related("source").filter(source=source), pk=thing)
    context = {
        "scope": source.team, "source": source, "title": f"{row.kind} {row.thing}", "row": row,
        "said": dead_letters.thing_said(row), "why": row.error, "detail": row.error_detail, "since": row.at,
        "tries": row.attempts, "is_event": False,
    }  # fmt: skip
    return render(request, "metrics/unread_one.html", context)


@require_POST
def replay(request: HttpRequest, pk: int, event: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    try:
        actions.replay(event=get_object_or_404(Inbox, pk=event, source=source), by=person(request))
        messages.success(request, "The event is tried again.")
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("metrics:unread", pk=source.pk)


@require_POST
def solve(request: HttpRequest, pk: int, thing: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    puzzle = get_object_or_404(Puzzle.objects.select_related("source"), pk=thing, source=source)
    if actions.solve(puzzle=puzzle, by=person(request)):
        messages.success(request, f"{puzzle.kind} {puzzle.thing} is understood now, and counts.")
    else:
        messages.warning(request, f"{puzzle.kind} {puzzle.thing} is still not understood. What it said is kept.")
    return redirect("metrics:unread", pk=source.pk)


@require_POST
def replay_all(request: HttpRequest, pk: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    tried = actions.replay_all(source=source, by=person(request))
    said = f"{ui.plural(tried, 'thing is,things are')} tried again by a worker; you can leave this page."
    messages.success(request, said if tried else "Nothing waits.")
    return redirect("metrics:unread", pk=source.pk)
