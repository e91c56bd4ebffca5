"""The queue: all items, one of them opened, and what can be done with it in place.

What a verb refuses stays on the page with the reason (422); an item that somebody else settled meanwhile says so.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from delivery import actions as promised
from delivery import recovery
from delivery.actions import Changed, Refused
from delivery.models import Option
from metrics.periods import Week
from stakeholders.registers import actions as registers
from stakeholders.registers.forms.fields import people
from teams import access
from teams.access import Right
from teams.models import Person, Team, User
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import signed_in

from . import actions, comparing, remembering
from .gather import gather
from .known import Known
from .needs import Asked, Item, Queue, queue

PAGE = 40
WHY_MOST = 500


def asked_of(request: HttpRequest, team: str) -> tuple[User, Team, Asked, Queue]:
    user = signed_in(request)
    scope = access.get_team(user, team)
    speaks_of(request, scope)
    now = timezone.now()
    got = gather(user, scope, _current(now), now=now)
    known = remembering.known([one.pk for one in got.teams], at=now)
    asked = Asked(user, scope, got.teams, known, got.feeds, got.stints, got.vitals, got.red)
    return user, scope, asked, queue(asked)


def _current(now: Any) -> Week:
    return Week.of(now, settings.ORGANISATION_ZONE)


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    """Everything that waits, and what was put off or handed on."""
    _, scope, asked, found = asked_of(request, team)
    context = {
        "scope": scope, "queue": found, "today": asked.today,
        "page": Paginator(found.items, PAGE).get_page(request.GET.get("page")),
    }  # fmt: skip
    return render(request, "stakeholders/needs.html", context)


@require_safe
def item(request: HttpRequest, team: str, key: str) -> HttpResponse:
    """One item with its options compared."""
    user, scope, asked, found = asked_of(request, team)
    one = found.find(key)
    if one is None:
        return _gone(request, scope)
    return _item(request, user, scope, asked.known, found, one)


def _item(
    request: HttpRequest, user: User, scope: Team, known: Known, found: Queue, one: Item, *, error: str = "",
    field: str = "", typed: dict[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    may = access.may(user, Right.DECIDE, _team(scope, one))
    context = {
        "scope": scope, "item": one, "table": comparing.table(one, known, work_out=True), "today": known.today,
        "error": error, "field": field, "typed": typed or {},
        "may_decide": may or one.note, "may_choose": may, "number": _number(found, one),
        "people": people(user, _team(scope, one), signing_in=True),
        "snoozed": one.key in {x.key for x, _ in found.snoozed},
        "passed": one.key in {x.key for x, _ in found.passed},
    }  # fmt: skip
    part = request.headers.get("HX-Request") == "true"
    template = "stakeholders/needs_open.html" if part else "stakeholders/needs_item.html"
    return render(request, template, context, status=422 if error and not part else 200)


def _team(scope: Team, one: Item) -> Team:
    return scope if one.team == scope.pk else Team.objects.get(pk=one.team)


def _number(found: Queue, one: Item) -> int | str:
    return next((place for place, other in enumerate(found.items, start=1) if other.key == one.key), "")


def _gone(request: HttpRequest, scope: Team) -> HttpResponse:
    """Settled by somebody else, or never there: said, and back to what still waits."""
    messages.info(request, "That is settled already, or no longer waits for you. Nothing was lost.")
    return redirect("stakeholders:needs", team=scope.slug)


@require_POST
def decide(request: HttpRequest, team: str, key: str) -> HttpResponse:
    """Take an option: of a slip, or of a decision. The reason goes to the decision log."""
    user, scope, asked, found = asked_of(request, team)
    one = found.find(key)
    if one is None:
        return _settled_meanwhile(request, scope, key)
    access.require(user, Right.DECIDE, _team(scope, one))
    why, option = request.POST.get("why", "").strip(), request.POST.get("option", "")
    try:
        said = _decided(one, option, why, user)
    except Refused as refusal:
        again = asked_of(request, team)[3].find(key) if isinstance(refusal, Changed) else one
        if again is None:
            messages.warning(request, str(refusal) + (f" Your reason was: “{why}”" if why else ""))
            return redirect("stakeholders:week", team=scope.slug)
        return _item(request, user, scope, asked.known, found, again, error=str(refusal), field=refusal.field or "why",
                     typed={"why": why, "option": option})  # fmt: skip
    messages.success(request, said)
    return redirect("stakeholders:week", team=scope.slug)


def _decided(one: Item, option: str, why: str, user: User) -> str:
    if not option.isdigit():
        raise Refused("Choose one of the options.", "option")
    if not why:
        raise Refused("Write why, in a few words: it goes to the decision log.", "why")
    if one.kind == "options":
        row = Option.objects.select_related("commitment").filter(pk=option, commitment=one.number).first()
        if row is None:
            raise Changed("This option is no longer on the table. Choose another.", "option")
        promised.choose(option=row, why=why, by=user, forecast=recovery.as_promised(row.commitment))
        return f"Decided: {row.title[:80]}. The forecast follows in a moment."
    if one.kind == "decision":
        answer = one.source.options.filter(pk=option).first()
        if answer is None:
            raise Changed("This option is no longer on the table. Choose another.", "option")
        registers.decide(decision=one.source, option=answer, why=why, by=user)
        return f"Decided: {answer.title[:80]}. It is in the decision log."
    raise Refused("This is settled on its own page. Open it there.", "option")


def _settled_meanwhile(request: HttpRequest, scope: Team, key: str) -> HttpResponse:
    why = request.POST.get("why", "").strip()[:WHY_MOST]
    said = "Somebody else has settled this meanwhile; theirs stands."
    messages.warning(request, said + (f" You had written: “{why}”" if why else ""))
    return redirect("stakeholders:decisions", team=scope.slug)


class SnoozeForm(forms.Form):
    until = forms.DateField(
        error_messages={"required": "Choose a day.", "invalid": "Write the day as 2026-12-04, or choose it."}
    )
    why = forms.CharField(max_length=WHY_MOST, required=False)


@require_POST
def snooze(request: HttpRequest, team: str, key: str) -> HttpResponse:
    form = SnoozeForm(request.POST)

    def verb(one: Item, user: User) -> str:
        if not form.is_valid():
            field, errors = next(iter(form.errors.items()))
            raise Refused(str(errors[0]), field)
        move = actions.snooze(item=one, by=user, **form.cleaned_data)
        return f"Put off until {ui.day(move.until)}. It stands under “Put off” until then."

    return _moved(request, team, key, verb)


@require_POST
def wake(request: HttpRequest, team: str, key: str) -> HttpResponse:
    def verb(one: Item, user: User) -> str:
        actions.wake(item=one, by=user)
        return "It is back in the queue."

    return _moved(request, team, key, verb)


@require_POST
def pass_on(request: HttpRequest, team: str, key: str) -> HttpResponse:
    def verb(one: Item, user: User) -> str:
        to = Person.objects.filter(pk=request.POST.get("to") or 0).select_related("user").first()
        if to is None or not access.people(user).filter(pk=to.pk).exists():
            raise Refused("Choose whom to pass it to.", "to")
        why = request.POST.get("why", "").strip()
        if one.kind == "decision":
            registers.pass_on(decision=one.source, to=to, why=why, by=user)
        actions.pass_on(item=one, to=to, why=why, by=user)
        return f"{to.name} sees it in their queue now."

    return _moved(request, team, key, verb)


def _moved(request: HttpRequest, team: str, key: str, verb: Any) -> HttpResponse:
    user, scope, asked, found = asked_of(request, team)
    one = found.find(key)
    if one is None:
        return _settled_meanwhile(request, scope, key)
    if not one.note and one.kind != "acceptance":
        access.require(user, Right.DECIDE, _team(scope, one))
    try:
        said = verb(one, user)
    except Refused as refusal:
        typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
        return _item(request, user, scope, asked.known, found, one, error=str(refusal), field=refusal.field or "",
                     typed=typed)  # fmt: skip
    messages.success(request, said)
    return redirect(
        "stakeholders:needs" if request.POST.get("back") == "needs" else "stakeholders:week", team=scope.slug
    )


@require_POST
def reviewed(request: HttpRequest, team: str) -> HttpResponse:
    """Keep what is known now as the point that the next page compares with."""
    user = signed_in(request)
    scope = access.get_team(user, team)
    ids = list(access.below(user, scope).values_list("pk", flat=True))
    actions.mark_reviewed(team=scope, known=remembering.known(ids, at=timezone.now()), by=user)
    messages.success(request, "Reviewed. What changes from now on is shown against this moment.")
    return redirect("stakeholders:week", team=scope.slug)
