"""Release checklists with their verdict, and the actions of retrospectives."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery.actions.rules import today
from stakeholders.investment import actions, checks, forms
from stakeholders.models import Checklist, ChecklistItem, RetroAction
from stakeholders.registers.views.asking import ask, asked_or_sent, fetch, scoped
from teams import access
from teams.access import Right
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

VERDICTS = {"go": ("ok", "Go"), "accepted": ("risk", "Go with accepted risks"), "no_go": ("late", "No-go")}
SIDE_BY_SIDE = (("least_chance", "least_coverage"), ("least_success", "least_fidelity"), ("environment", "deadline"))
MOST_LISTS = 20
ROWS_A_PAGE = 50


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    found = Checklist.objects.filter(team__in=access.below(user, scope)).select_related("team", "deadline")
    rows = []
    for row in found[:MOST_LISTS]:
        one = checks.opened(row, list(access.below(user, row.team)))
        shape, word = VERDICTS[one.judged.verdict.value]
        holds = sum(item.state == "holds" for item in one.items)
        rows.append(
            {
                "url": row.get_absolute_url(),
                "cells": [
                    {"text": row.name, "sub": f"{row.code}, {row.team.name}"},
                    {"state": shape, "text": word},
                    f"{holds} of {len(one.items)}",
                    ui.day(row.deadline.date) if row.deadline else "–",
                    one.judged.reasons[0],
                ],
            }
        )
    context = {
        "scope": scope,
        "rows": rows,
        "may_decide": access.may(user, Right.DECIDE, scope),
        "columns": [
            {"label": "Release"},
            {"label": "Verdict"},
            {"label": "Items hold", "kind": "num"},
            {"label": "Deadline", "kind": "date"},
            {"label": "First reason"},
        ],
    }
    return render(request, "stakeholders/checklists.html", context)


@asked_or_sent
def new_checklist(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    form = forms.ChecklistForm(posted(request), user=user, scope=scope)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_checklist(by=user, **form.terms())
        return f"{made.code} is there, with {ui.plural(made.items.count(), 'item')}.", made.get_absolute_url()

    return ask(
        request,
        form,
        verb,
        title="A release checklist",
        button="Add this checklist",
        sub=scope.name,
        rows=SIDE_BY_SIDE,
        back=reverse("stakeholders:checklists", args=[scope.slug]),
        failed="This checklist was not added.",
        intro="It begins with the items that can be worked out; more are added and checked by hand.",
    )


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[Any, Checklist]:
    return fetch(request, Checklist.objects.select_related("deadline"), pk, *rights)


@require_safe
def checklist(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    one = checks.opened(row, list(access.below(user, row.team)))
    context = {
        "checklist": row,
        "one": one,
        "verdict": VERDICTS[one.judged.verdict.value],
        "scope": row.team,
        "may_log": access.may(user, Right.LOG, row.team),
        "may_decide": access.may(user, Right.DECIDE, row.team),
        "decided": list(row.decided.all()[:10]),
        "commitments": list(row.commitments.filter(team__in=access.teams(user)).select_related("team")),
    }
    return render(request, "stakeholders/checklist.html", context)


@asked_or_sent
def new_item(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_item(checklist=row, by=user, **said)
        return f"“{made.title}” is on the checklist.", row.get_absolute_url()

    return ask(
        request,
        forms.ItemForm(posted(request)),
        verb,
        title="One more item",
        button="Add this item",
        sub=row.name,
        back=row.get_absolute_url(),
        failed="This item was not added.",
    )


@asked_or_sent
def say(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    rows = ChecklistItem.objects.select_related("checklist__team")
    item = get_object_or_404(rows, pk=pk, checklist__team__in=access.teams(user))
    access.require(user, Right.LOG, item.checklist.team)
    speaks_of(request, item.checklist.team)
    back = item.checklist.get_absolute_url()

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        if said["said"] == "accepted":
            access.require(user, Right.DECIDE, item.checklist.team)
        actions.say_of_item(
            item=item,
            said=said["said"],
            evidence=said["evidence"],
            words_=said["words"],
            by=user,
            passed=said.get("passed"),
            run=said.get("run"),
        )
        return "Logged.", back

    return ask(
        request,
        forms.SayForm(posted(request), item=item),
        verb,
        title=item.title,
        button="Log it",
        back=back,
        sub=item.checklist.name,
        rows=(("passed", "run"),),
        failed="It was not logged.",
        intro="Accepting its risk is for those who may decide.",
    )


@asked_or_sent
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)
    judged = checks.opened(row, list(access.below(user, row.team))).judged

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.decide_go(
            checklist=row,
            decided=said["decided"],
            words_=said["words"],
            computed=judged.verdict.value,
            reasons=judged.reasons,
            by=user,
        )
        return f"Recorded: {made.decided_name.lower()}.", row.get_absolute_url()

    return ask(
        request,
        forms.GoForm(posted(request)),
        verb,
        title="Go or no-go",
        button="Record it",
        sub=row.name,
        back=row.get_absolute_url(),
        failed="It was not recorded.",
        intro=f"The checklist says: {VERDICTS[judged.verdict.value][1].lower()}. {' '.join(judged.reasons[:3])}",
    )


# --- retro actions ---------------------------------------------------------------------------------------------------


@require_safe
def retro_actions(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    rows = RetroAction.objects.filter(team__in=access.below(user, scope)).select_related("team")
    rows = rows.order_by(F("done_on").desc(nulls_first=True), "due_on", "pk")  # what is open, the oldest first
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "page": page,
        "today": today(),
        "may_log": access.may(user, Right.LOG, scope),
        "open": rows.filter(done_on=None).count(),
        "late": rows.filter(done_on=None, due_on__lt=today()).count(),
    }
    return render(request, "stakeholders/retro_actions.html", context)


@asked_or_sent
def new_retro_action(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    back = reverse("stakeholders:retro_actions", args=[scope.slug])

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.add_retro_action(by=user, **said)
        return "Logged.", back

    return ask(
        request,
        forms.RetroForm(posted(request), user=user, scope=scope),
        verb,
        title="A retro action",
        button="Add this action",
        back=back,
        sub=scope.name,
        rows=(("agreed_on", "due_on"),),
        failed="It was not added.",
    )


@require_POST
def close_retro_action(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = fetch(request, RetroAction.objects.all(), pk, Right.LOG)
    try:
        actions.close_retro_action(action=row, by=user)
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("stakeholders:retro_actions", args=[row.team.slug]))
