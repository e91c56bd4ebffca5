"""Deadlines with what being late costs, and the days on which nobody works."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery import actions, days, shown
from delivery.forms import planning as forms
from delivery.models import Commitment, Deadline, Holiday
from teams import access
from teams.access import Right
from teams.models import User
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

from .form_of import ask
from .planning import asked_or_sent, scoped


@require_safe
def deadlines(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    context = {
        "scope": scope,
        "page": days.deadlines(user, scope),
        "may_decide": access.may(user, Right.DECIDE, scope),
    }
    return render(request, "delivery/deadlines.html", context)


@asked_or_sent
def new_deadline(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    rows = shown.visible(user).open()
    form = forms.DeadlineForm(posted(request), rows=rows)
    back = reverse("delivery:deadlines", args=[scope.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_deadline(team=scope, by=user, **form.terms())
        return f"{made} is on {ui.day(made.date)}. Its forecast follows in a moment.", back

    words = {"title": "A new deadline", "button": "Add this deadline", "sub": scope.name}
    return _asked(request, form, rows, verb, back=back, **words)


def _fetch(request: HttpRequest, pk: int) -> tuple[User, Deadline]:
    """An open deadline of a team that the user sees and decides for."""
    user = signed_in(request)
    row = get_object_or_404(
        Deadline.objects.select_related("team", "milestone__team").prefetch_related("windows"),
        pk=pk, closed_at=None, team__in=access.teams(user),
    )  # fmt: skip
    access.require(user, Right.DECIDE, row.team)
    speaks_of(request, row.team)
    return user, row


@asked_or_sent
def edit_deadline(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    rows = shown.visible(user).filter(Q(delivered_on=None, cancelled_at=None) | Q(pk=row.milestone_id))
    form = forms.DeadlineForm(posted(request), rows=rows, held=row)
    back = reverse("delivery:deadlines", args=[row.team.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.edit_deadline(deadline=row, by=user, **form.terms())
        return "Saved. The forecast follows in a moment.", back

    return _asked(request, form, rows, verb, title="Edit the deadline", button="Save", back=back, sub=row.team.name)


def _asked(
    request: HttpRequest, form: forms.DeadlineForm, rows: QuerySet[Commitment], verb: Any, **more: Any
) -> HttpResponse:
    """The form; the button for more rows shows it again, wider, with nothing judged."""
    context = more | {"template": "delivery/deadlines_form.html", "failed": "This deadline was not saved."}
    context["known"] = forms.choices(rows)
    if "more" in request.POST:
        context.pop("template")
        return render(request, "delivery/deadlines_form.html", context | {"form": form.wider(), "unjudged": True})
    return ask(request, form, verb, **context)


@require_POST
def close_deadline(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    actions.close_deadline(deadline=row, by=user)
    messages.success(request, f"{row} is closed: it binds nobody any more.")
    return redirect("delivery:deadlines", team=row.team.slug)


@asked_or_sent
def holidays(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE if request.method == "POST" else Right.SEE)
    here = reverse("delivery:holidays", args=[scope.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        row = actions.add_holiday(team=scope, by=user, **said)
        return f"{ui.weekday(row.day)} is a day off for {scope.name} and all below it.", here

    return ask(
        request, forms.HolidayForm(posted(request)), verb, title="Days off", button="Add this day", back=here,
        template="delivery/holidays.html", scope=scope, page=days.holidays(user, scope),
        failed="This day was not added.", may_decide=access.may(user, Right.DECIDE, scope),
    )  # fmt: skip


@require_POST
def remove_holiday(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    row = get_object_or_404(Holiday.objects.select_related("team"), pk=pk, team__in=access.teams(user))
    access.require(user, Right.DECIDE, row.team)
    day = row.day
    actions.remove_holiday(holiday=row, by=user)
    messages.success(request, f"{ui.weekday(day)} is a working day again for {row.team.name}.")
    return redirect("delivery:holidays", team=row.team.slug)
