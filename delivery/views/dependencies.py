"""Who needs whom: the matrix and list of a team, a new contract, one contract and its next step."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery import actions, matrix, shown, steps
from delivery.actions import Changed
from delivery.forms import dependencies as forms
from delivery.forms.planning import choices
from delivery.need import Need
from teams import access
from teams.access import Right
from teams.models import User
from teams.scope import speaks_of
from teams.views.forms_page import posted, signed_in

from .form_of import ask
from .planning import asked_or_sent, scoped

ROWS_A_PAGE = 50
STATES = (
    ("", "All"), ("open", "Open"), ("undated", "No agreed date"), ("blocked", "Blocked"), ("midsprint", "Mid-sprint"),
    ("met", "Met"),
)  # fmt: skip


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    state = request.GET.get("state", "")
    asks, gives = _number(request.GET.get("asks")), _number(request.GET.get("gives"))
    found = matrix.page(user, scope, asks=asks, gives=gives, state=state)
    rows = Paginator(found.listed, ROWS_A_PAGE).get_page(request.GET.get("page"))
    matrix.add_latest_safe(user, rows.object_list)  # type: ignore[arg-type]  # a page of a list is a list
    names = {team.pk: team.name for one in found.needs for team in (one.asks, one.gives)}
    context = {
        "scope": scope,
        "page": found,
        "rows": rows,
        "states": STATES,
        "state": state,
        "pair": (names.get(asks or 0), names.get(gives or 0)) if asks or gives else None,
        "may_log": access.may(user, Right.LOG, scope),
    }
    return render(request, "delivery/dependencies.html", context)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


@asked_or_sent
def new_dependency(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    rows = shown.visible(user).open()
    form = forms.DependencyForm(posted(request), rows=rows)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        if not access.may(user, Right.LOG, said["before"].team):
            access.require(user, Right.LOG, said["after"].team)
        made = actions.link(by=user, **form.link())
        return f"{made.after} now waits for {made.before}.", reverse("delivery:dependency", args=[made.pk])

    return ask(
        request, form, verb, title="A new dependency", button="Ask for it", sub=scope.name, known=choices(rows),
        back=reverse("delivery:dependencies", args=[scope.slug]), failed="This dependency was not added.",
        intro="One commitment waits for another. The team that is asked then offers a day, and both agree to it.",
        template="delivery/dependencies_form.html",
    )  # fmt: skip


def _fetch(request: HttpRequest, pk: int) -> tuple[User, Need]:
    """A contract of which the user sees either side; the scope is the side they see, first the one that asks."""
    user = signed_in(request)
    need = matrix.get_need(user, pk)
    speaks_of(request, need.asks if need.asks.pk in need.seen else need.gives)
    return user, need


@require_safe
def dependency(request: HttpRequest, pk: int) -> HttpResponse:
    user, need = _fetch(request, pk)
    matrix.add_latest_safe(user, [need])
    party = steps.party(user, need)
    return _shown(request, need, party, _form(need, party, None))


def _form(need: Need, party: steps.Party, data: Any) -> forms.StepForm:
    last = need.contract.events[-1].pk if need.contract.events else None
    on = need.contract.on or need.row.needed_by or need.today
    return forms.StepForm(data, steps=steps.open_to(need, party), initial={"on": on, "seen": last})


def _shown(request: HttpRequest, need: Need, party: steps.Party, form: forms.StepForm, **more: Any) -> HttpResponse:
    context = {
        "need": need,
        "form": form,
        "steps": steps.open_to(need, party),
        "waits": steps.waits_for(need),
        "may_remove": (party.asks or party.gives) and need.row.removed_at is None,
    }
    return render(request, "delivery/dependency.html", context | more, status=422 if form.is_bound else 200)


@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    user, need = _fetch(request, pk)
    party = steps.party(user, need)
    if not (party.asks or party.gives):
        access.require(user, Right.LOG, need.gives)
        access.require(user, Right.LOG, need.asks)
    wanted = request.POST.get("step", "")
    if wanted == "offered" and not party.may_offer:
        access.require(user, Right.LOG, need.gives)
    form = _form(need, party, request.POST)
    changed = False
    if form.is_valid():
        try:
            said = steps.take(user, need, form.cleaned_data)
        except actions.Refused as refusal:
            changed = isinstance(refusal, Changed)
            form.refuse(refusal.field, str(refusal))
        else:
            messages.success(request, said)
            return redirect("delivery:dependency", pk=pk)
    return _shown(request, need, party, form, changed=changed)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user, need = _fetch(request, pk)
    party = steps.party(user, need)
    if not (party.asks or party.gives):
        access.require(user, Right.LOG, need.gives)
        access.require(user, Right.LOG, need.asks)
    actions.remove_link(dependency=need.row, by=user)
    messages.success(request, f"{need.row.after} no longer waits for {need.row.before}. The record stays.")
    return redirect("delivery:dependencies", team=request.scope.slug)  # type: ignore[attr-defined]  # requests carry what is put on them
