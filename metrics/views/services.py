"""One service of a source: whose it is, since when, and handing it over."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from metrics import actions, ownership
from metrics.forms import HandOverForm
from metrics.models import Service, Source
from teams import access
from teams.access import Right
from teams.models import Team
from teams.templatetags import ui

from .connect import refuse
from .fetched import owners, person, source_of


@require_safe
def page(request: HttpRequest, pk: int, service: int) -> HttpResponse:
    source = source_of(request, pk)
    return _page(request, source, get_object_or_404(source.services, pk=service))


@require_POST
def hand_over(request: HttpRequest, pk: int, service: int) -> HttpResponse:
    """Give the service to another squad from a day on."""
    source = source_of(request, pk, Right.SOURCES)
    held = get_object_or_404(source.services, pk=service)
    form = HandOverForm(request.POST, squads=_squads(request, source))
    if form.is_valid():
        answer = form.cleaned_data
        try:
            actions.hand_over(
                service=held, team=answer["team"], since=form.day, by=person(request), seen=answer["seen"]
            )
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            since = f"since {ui.day(form.day)}" if form.day else "from the beginning"
            said = f"{held} is of {answer['team']} {since}. The weeks are counted again within a minute."
            messages.success(request, said)
            return redirect("metrics:service", pk=source.pk, service=held.pk)
    return _page(request, source, held, form)


def _squads(request: HttpRequest, source: Source) -> Any:
    return owners(request, source.team).exclude(kind=Team.Kind.VENDOR)


def _page(request: HttpRequest, source: Source, service: Service, form: HandOverForm | None = None) -> HttpResponse:
    [shown] = ownership.owned([service])
    may_mend = access.may(request.user, Right.SOURCES, source.team)
    if form is None and may_mend:
        today = timezone.now().astimezone(settings.ORGANISATION_ZONE).date()
        form = HandOverForm(initial={"since": today, "seen": shown.newest}, squads=_squads(request, source))
    context = {
        "scope": source.team, "source": source, "service": service, "owned": shown, "form": form, "may_mend": may_mend,
        "others": form is not None and _squads(request, source).exclude(pk=shown.team.pk).exists(),
    }  # fmt: skip
    return render(request, "metrics/service.html", context, status=422 if form is not None and form.is_bound else 200)
