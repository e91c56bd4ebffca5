"""The roadmap of a team and all below it, its what-if, and keeping a what-if as an option."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery import actions, shown
from delivery.actions.rules import EARLIEST, LATEST, today
from delivery.forms.roadmap import OptionForm, changes_asked
from delivery.roadmap import Answered, Axis, compose, work_out
from delivery.roadmap.axis import WEEKS, monday
from delivery.roadmap.panel import panel
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    return _page(request, access.get_team(_user(request), team))


@require_safe
def what_if(request: HttpRequest, team: str) -> HttpResponse:
    """Only the answer, for the panel; to a browser without htmx the page with the answer on it."""
    found = access.get_team(_user(request), team)
    if not request.htmx:  # type: ignore[attr-defined]  # requests carry what is put on them
        return redirect(f"{reverse('delivery:roadmap', args=[found.slug])}?{request.GET.urlencode()}")
    answer, problem = _answer(request, _axis(request), _deadline(request))
    context = panel(_user(request), found, request.GET, answer, problem)
    return render(request, "delivery/roadmap_answer.html", context, status=422 if problem else 200)


@require_POST
def save_option(request: HttpRequest, team: str) -> HttpResponse:
    user = _user(request)
    found = access.get_team(user, team)
    form = OptionForm(request.POST)
    pk = request.POST.get("commitment", "")
    held = shown.visible(user).select_related("team")
    commitment = get_object_or_404(held, pk=int(pk) if pk.isdecimal() and len(pk) < 19 else 0)
    access.require(user, Right.LOG, commitment.team)
    if form.is_valid():
        option = actions.Proposal(title=form.cleaned_data["title"], saves_days=-form.cleaned_data["days"])
        try:
            kept = actions.propose(commitment=commitment, option=option, by=user)
        except actions.Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, f"“{kept}” is now an option of {commitment}.")
            return redirect(commitment)
    asked = request.GET.copy()
    asked["commitment"], asked["days"] = pk, request.POST.get("days", "0")
    request.GET = asked  # type: ignore[assignment]  # a QueryDict with less in it
    return _page(request, found, form)


def _page(request: HttpRequest, team: Team, form: OptionForm | None = None) -> HttpResponse:
    """The page; with a `form` that was refused, what was typed stays and the status is 422."""
    speaks_of(request, team)
    user, params, axis = _user(request), request.GET, _axis(request)
    opened = {one for one in params.getlist("open") if one}
    made = compose(user, team, axis=axis, opened=opened, deadline=_deadline(request), today=today())
    answer, problem = _answer(request, axis, made.chosen.row.pk if made.chosen else None)
    context: dict[str, Any] = {
        "roadmap": made,
        "all_links": params.get("links") == "all",
        "as_list": params.get("view") == "list",
        "has_own_window": bool(params.get("from")),
        "drawn": {one["id"]: one for one in answer.bars} if answer else {},
        **panel(user, team, params, answer, problem, form),
    }
    return render(request, "delivery/roadmap.html", context, status=422 if form else 200)


def _answer(request: HttpRequest, axis: Axis, deadline: int | None) -> tuple[Answered | None, str]:
    """The what-if that the address asks for, or why there is none. Raises Http404 for a commitment not seen."""
    user = _user(request)
    try:
        changes = changes_asked(request.GET)
    except actions.Refused as refused:
        return None, str(refused)
    if not changes:
        return None, ""
    if shown.visible(user).filter(pk__in=changes, is_milestone=False).open().count() != len(changes):
        raise Http404("No such commitment, or nothing is left to do on it.")
    return work_out(user, changes, axis=axis, deadline=deadline), ""


def _axis(request: HttpRequest) -> Axis:
    """The window that the address asks for. Raises Http404 for a unit or a day that cannot be."""
    unit, first = request.GET.get("unit") or "weeks", request.GET.get("from")
    if unit not in WEEKS:
        raise Http404("Weeks or months.")
    if not first:
        return Axis.around(today(), unit)
    try:
        day = date.fromisoformat(first)
    except ValueError:
        raise Http404("No such day.") from None
    if not EARLIEST <= day <= LATEST:
        raise Http404("No such day.")
    return Axis(monday(day), unit)


def _deadline(request: HttpRequest) -> int | None:
    asked = request.GET.get("deadline", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware turns everybody else away)
    return request.user
