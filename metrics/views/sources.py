"""The sources: what is read, how it goes, what is missing; connecting, pausing and reading again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from metrics import actions, sources
from metrics.forms import GitSourceForm
from metrics.models import Inbox, Source
from metrics.periods import Week
from teams import access
from teams.access import Right
from teams.models import Team, User

DEAD_SHOWN = 50


def index(request: HttpRequest, team: str) -> HttpResponse:
    """All sources that feed a team, and what is known about each squad below it."""
    scope = access.get_team(request.user, team)
    request.scope = scope  # type: ignore[attr-defined]
    return render(request, "metrics/sources.html", _overview(request, scope))


def rows(request: HttpRequest, team: str) -> HttpResponse:
    """The part of the page that renews itself."""
    scope = access.get_team(request.user, team)
    return render(request, "metrics/sources_table.html", _overview(request, scope))


def _overview(request: HttpRequest, scope: Team) -> dict[str, Any]:
    now = timezone.now()
    below = list(access.below(request.user, scope))
    may_mend = access.may(request.user, Right.SOURCES, scope)
    found = sources.overview(scope, [team.pk for team in below], now=now, may_mend=may_mend)
    known = sources.coverage([team for team in below if team.closed_at is None], found, now=now)
    return {
        "scope": scope,
        "sources": found,
        "rows": [source.row() for source in found],
        "sentence": sources.sentence(found),
        "reading": any(source.is_reading for source in found),
        "may_mend": may_mend,
        "week": Week.of(now, settings.ORGANISATION_ZONE).number,
        "columns": sources.COVERAGE,
        "known": [
            {
                "name": one.team.name,
                "note": f"{one.services} services"
                if one.services > 1
                else "1 service"
                if one.services
                else "no service",
                "url": reverse("metrics:overview", args=[one.team.slug]),
                "cells": one.cells,
            }
            for one in known
        ],
        "blind": [one.team.name for one in known if all(cell["state"] == "none" for cell in one.cells)],
    }


def connect(request: HttpRequest, team: str) -> HttpResponse:
    """Connect a Git repository: it is tried first, and read as soon as it is stored."""
    scope = access.get_team(request.user, team, Right.SOURCES)
    request.scope = scope  # type: ignore[attr-defined]
    form = GitSourceForm(request.POST if request.method == "POST" else None, owners=_owners(request, scope))
    if form.is_bound and form.is_valid():
        answer = form.cleaned_data
        try:
            found = actions.try_connection(
                provider="git", address=answer["address"], settings=form.settings(), secret=answer["secret"]
            )
            actions.connect_source(
                team=scope, provider="git", name=answer["name"], address=answer["address"], settings=form.settings(),
                secret=answer["secret"], owner=answer["owner"], by=_user(request),
            )  # fmt: skip
        except actions.Refused as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, f"{answer['name']} is connected. {found.sentence} Reading begins now.")
            return redirect("metrics:sources", team=scope.slug)
    context = {"scope": scope, "form": form, "title": "Connect a Git repository", "word": "Test and connect"}
    return render(request, "metrics/source_form.html", context, status=422 if form.is_bound else 200)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change where a source is and what counts as a deployment; it is read again at once."""
    source = _source(request, pk, Right.SOURCES)
    if source.provider != "git":
        raise Http404("This source has no rules to change.")
    form = GitSourceForm(
        request.POST if request.method == "POST" else None, owners=_owners(request, source.team), source=source
    )
    if form.is_bound and form.is_valid():
        answer = form.cleaned_data
        try:
            actions.edit_source(
                source=source, by=_user(request), name=answer["name"], address=answer["address"],
                settings=form.settings(), owner=answer["owner"], secret=answer["secret"] or None,
            )  # fmt: skip
        except actions.Refused as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, f"{answer['name']} is changed, and is being read again.")
            return redirect(source)
    context = {"scope": source.team, "form": form, "source": source, "title": f"Change {source.name}", "word": "Save"}
    return render(request, "metrics/source_form.html", context, status=422 if form.is_bound else 200)


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its streams, what it said, what it gave, and what could not be read."""
    source = _source(request, pk)
    now = timezone.now()
    may_mend = access.may(request.user, Right.SOURCES, source.team)
    shown = next(
        one for one in sources.overview(source.team, [source.team_id], now=now, may_mend=may_mend) if one.pk == pk
    )
    dead = Inbox.objects.filter(source=source, dead_at__isnull=False).order_by("-dead_at")
    context = {
        "scope": source.team,
        "source": source,
        "shown": shown,
        "streams": source.streams.all(),
        "services": source.services.select_related("team"),
        "held": sources.rows_stored(source),
        "dead": dead[:DEAD_SHOWN],
        "dead_count": dead.count(),
        "may_mend": may_mend,
    }
    return render(request, "metrics/source.html", context)


@require_POST
def read_all(request: HttpRequest, team: str) -> HttpResponse:
    scope = access.get_team(request.user, team, Right.SOURCES)
    found = list(Source.objects.filter(team__in=access.below(request.user, scope, Right.SOURCES)))
    woken = actions.read_again(sources=found, by=_user(request))
    messages.success(request, "Reading begins." if woken else "There is nothing to read.")
    return redirect("metrics:sources", team=scope.slug)


@require_POST
def read_now(request: HttpRequest, pk: int) -> HttpResponse:
    source = _source(request, pk, Right.SOURCES)
    actions.read_again(sources=[source], by=_user(request))
    messages.success(request, f"{source.name} is read again now.")
    return redirect("metrics:sources", team=source.team.slug)


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a source, or let a paused or stopped one go on."""
    source = _source(request, pk, Right.SOURCES)
    if source.paused_at or source.inbox_stopped_at:
        actions.resume_source(source=source, by=_user(request))
        messages.success(request, f"{source.name} is read again.")
    else:
        actions.pause_source(source=source, by=_user(request))
        messages.success(request, f"{source.name} is paused. Nothing that it holds is lost.")
    return redirect(source)


@require_POST
def replay(request: HttpRequest, pk: int, event: int) -> HttpResponse:
    source = _source(request, pk, Right.SOURCES)
    actions.replay(event=get_object_or_404(Inbox, pk=event, source=source), by=_user(request))
    messages.success(request, "The event is tried again.")
    return redirect(source)


def _source(request: HttpRequest, pk: int, right: Right = Right.SEE) -> Source:
    """The source: 404 for who may not see its team, 403 for who may not change it."""
    source = Source.objects.select_related("team").filter(team__in=access.teams(request.user), pk=pk).first()
    if source is None:
        raise Http404("No such source.")
    access.require(request.user, right, source.team)
    request.scope = source.team  # type: ignore[attr-defined]
    return source


def _owners(request: HttpRequest, scope: Team) -> Any:
    return access.below(request.user, scope, Right.SOURCES).filter(closed_at=None).exclude(kind=Team.Kind.GROUP)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware; for the type checker)
    return request.user


def _refuse(form: GitSourceForm, refusal: actions.Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
