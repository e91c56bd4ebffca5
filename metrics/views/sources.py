"""The sources: what is read, how it goes, what is missing; connecting, pausing and reading again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from metrics import actions, coverage, sources
from metrics.forms import GitSourceForm
from metrics.models import Source
from metrics.periods import Week
from teams import access
from teams.access import Right
from teams.models import Team
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.csv_file import csv_file

from .connect import refuse
from .fetched import owners, person, source_of


def index(request: HttpRequest, team: str) -> HttpResponse:
    """All sources that feed a team, and what is known about each squad below it."""
    scope = access.get_team(request.user, team)
    speaks_of(request, scope)
    below = list(access.below(request.user, scope))
    context, found = _overview(request, scope, below)
    known = coverage.coverage([one for one in below if one.closed_at is None], found, now=timezone.now())
    context |= {
        "columns": coverage.columns(),
        "known": [_known(one) for one in known],
        "blind": coverage.sentence(known),
        "connect_for": next((one.team for one in known if one.is_blind and one.team.kind != Team.Kind.VENDOR), None),
    }
    return render(request, "metrics/sources.html", context)


def _known(one: coverage.Known) -> dict[str, Any]:
    """A row of the coverage matrix."""
    return {
        "name": one.team.name,
        "note": ui.plural(one.services, "service") if one.services else "no service",
        "url": reverse("metrics:overview", args=[one.team.slug]),
        "cells": one.cells,
    }


def rows(request: HttpRequest, team: str) -> HttpResponse:
    """The part of the page that renews itself."""
    scope = access.get_team(request.user, team)
    context, _ = _overview(request, scope, list(access.below(request.user, scope)))
    return render(request, "metrics/sources_table.html", context)


def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    scope = access.get_team(request.user, team)
    _, found = _overview(request, scope, list(access.below(request.user, scope)))
    names = ("source", "detail", "state", "read to", "rows", "feeds", "could not be read", "address")
    return csv_file(f"{scope.slug}-sources", names, (
        [
            one.name, one.detail, one.word, one.read_at.isoformat() if one.read_at else "", one.rows, one.feeds,
            one.dead, request.build_absolute_uri(one.url) if one.url else "",
        ]
        for one in found
    ))  # fmt: skip


def _overview(request: HttpRequest, scope: Team, below: list[Team]) -> tuple[dict[str, Any], list[sources.SourceNow]]:
    now = timezone.now()
    may_mend = access.may(request.user, Right.SOURCES, scope)
    found = sources.overview(scope, [team.pk for team in below], now=now, may_mend=may_mend)
    return {
        "scope": scope,
        "sources": found,
        "rows": [source.row() for source in found],
        "sentence": sources.sentence(found),
        "reading": any(source.is_reading for source in found),
        "may_mend": may_mend,
        "unread": sum(source.dead for source in found),
        "week": Week.of(now, settings.ORGANISATION_ZONE).number,
    }, found


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change where a source is and what counts as a deployment; it is read again at once."""
    source = source_of(request, pk, Right.SOURCES)
    if source.provider != "git":
        raise Http404("This source has no rules to change.")
    form = GitSourceForm(
        request.POST if request.method == "POST" else None, owners=owners(request, source.team), source=source
    )
    if form.is_bound and form.is_valid():
        answer = form.cleaned_data
        try:
            actions.edit_source(
                source=source, by=person(request), name=answer["name"], address=answer["address"],
                settings=form.settings(), secret=answer["secret"] or None,
            )  # fmt: skip
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{answer['name']} is changed, and is being read again.")
            return redirect(source)
    context = {"scope": source.team, "form": form, "source": source, "title": f"Change {source.name}", "word": "Save"}
    return render(request, "metrics/source_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def read_all(request: HttpRequest, team: str) -> HttpResponse:
    scope = access.get_team(request.user, team, Right.SOURCES)
    found = list(Source.objects.filter(team__in=access.below(request.user, scope, Right.SOURCES)))
    woken = actions.read_again(sources=found, by=person(request))
    messages.success(request, "Reading begins." if woken else "There is nothing to read.")
    return redirect("metrics:sources", team=scope.slug)


@require_POST
def read_now(request: HttpRequest, pk: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    actions.read_again(sources=[source], by=person(request))
    messages.success(request, f"{source.name} is read again now.")
    return redirect("metrics:sources", team=source.team.slug)


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a source, or let a paused or stopped one go on."""
    source = source_of(request, pk, Right.SOURCES)
    if source.paused_at or source.inbox_stopped_at:
        actions.resume_source(source=source, by=person(request))
        messages.success(request, f"{source.name} is read again.")
    else:
        actions.pause_source(source=source, by=person(request))
        messages.success(request, f"{source.name} is paused. Nothing that it holds is lost.")
    return redirect(source)
