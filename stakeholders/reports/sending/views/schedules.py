"""What goes out by itself: the page of a team's schedules, deliveries and bounces, and the verbs of a schedule."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from delivery.actions.rules import Refused
from stakeholders.models import Bounce, Delivery, Schedule
from stakeholders.registers.views.asking import asked_or_sent, fetch, scoped
from stakeholders.reports.sending import posting, schedules
from stakeholders.reports.sending.forms import SEARCH, ScheduleForm, initial_of
from teams.access import Right
from teams.models import Team
from teams.views.forms_page import posted

PAGE = 40
LATE = timedelta(minutes=10)
FRESH = {"weekday": 1, "at_time": time(8), "way": "email", "attach_pdf": True, "needs_review": True}


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    """Schedules, newest deliveries, and addresses that refused."""
    _, scope = scoped(request, team, Right.DECIDE)
    rows = Schedule.objects.filter(team=scope, ended_at=None).select_related("created_by").prefetch_related("people")
    sent = Delivery.objects.filter(report__team=scope).select_related("report", "person").order_by("-pk")
    context = {
        "scope": scope,
        "schedules": [(row, posting.called(row.address_secret) if row.address_secret else "") for row in rows],
        "late": timezone.now() - LATE,
        "page": Paginator(sent, PAGE).get_page(request.GET.get("page")),
        "bounces": Bounce.objects.filter(cleared_at=None, delivery__report__team=scope),
    }
    return render(request, "stakeholders/sending.html", context)


@asked_or_sent
def new(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    form = ScheduleForm(posted(request), scope=scope, initial=FRESH)

    def verb() -> str:
        made = schedules.make(team=scope, terms=form.terms(), by=user)
        return f"It goes out for the first time on {_when(made)}."

    return _asked(request, form, scope, verb, title="A new schedule", button="Send it every week")


@asked_or_sent
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = fetch(request, Schedule.objects.all(), pk, Right.DECIDE)
    form = ScheduleForm(posted(request), scope=row.team, initial=initial_of(row))

    def verb() -> str:
        made = schedules.change(schedule=row, terms=form.terms(), by=user)
        return f"Changed. It goes out next on {_when(made)}." if made.next_at else "Changed. It still rests."

    return _asked(request, form, row.team, verb, title="Change a schedule", button="Save", schedule=row)


def _asked(
    request: HttpRequest, form: ScheduleForm, scope: Team, verb: Any, *, title: str, button: str, **more: Any
) -> HttpResponse:
    back = reverse("stakeholders:sending", args=[scope.slug])
    if form.is_bound and form.is_valid():
        try:
            messages.success(request, verb())
            return redirect(back)
        except Refused as refused:
            form.refuse(refused.field, str(refused))
    context = {"form": form, "scope": scope, "title": title, "button": button, "back": back, "search": SEARCH} | more
    return render(request, "stakeholders/schedule_form.html", context, status=422 if form.is_bound else 200)


def _when(row: Schedule) -> str:
    from teams.templatetags.words import instant

    return instant(row.next_at)


@require_POST
def step(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Pause, go on, or end."""
    user, row = fetch(request, Schedule.objects.all(), pk, Right.DECIDE)
    try:
        if verb == "pause":
            schedules.pause(schedule=row, by=user)
            messages.success(request, "It rests until somebody lets it go on.")
        elif verb == "resume":
            messages.success(request, f"It goes on, next on {_when(schedules.resume(schedule=row, by=user))}.")
        else:
            schedules.end(schedule=row, by=user)
            messages.success(request, "It was ended. What it sent stays in the ledger.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("stakeholders:sending", row.team.slug)
