"""Requirements found late: the list, one of them, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from delivery.actions.rules import today
from stakeholders.models import Acceptance, Requirement
from stakeholders.registers import actions
from stakeholders.registers.forms import requirements as forms
from stakeholders.registers.settled import STATES, Settled, settled
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.views.forms_page import posted

from .asking import as_csv, ask, asked_or_sent, fetch, scoped

ROWS_A_PAGE = 50
CSV = ("code", "rule", "requirement", "team", "state", "found on", "found by", "commitments", "acceptance")


def _rows(user: User, scope: Team, state: str) -> list[Settled]:
    rows = settled(Requirement.objects.filter(team__in=access.below(user, scope)).order_by("-found_on", "-pk"))
    return [one for one in rows if not state or one.state == state]


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    state = request.GET.get("state", "")
    rows = _rows(user, scope, state if state in STATES else "")
    context = {
        "scope": scope, "page": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page")), "state": state,
        "states": [("", "All"), *((key, word) for key, (_, word) in STATES.items())],
        "may_log": access.may(user, Right.LOG, scope),
    }  # fmt: skip
    return render(request, "stakeholders/requirements.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    state = request.GET.get("state", "")
    rows = (
        [
            one.row.code, one.row.regime, one.row.title, one.row.team.name, one.word, one.row.found_on,
            str(one.row.found_by or ""), ", ".join(row.code for row in one.row.commitments.all()),
            one.held.row.code if one.held else "",
        ]
        for one in _rows(user, scope, state if state in STATES else "")
    )  # fmt: skip
    return as_csv(scope, "requirements", CSV, rows)


@asked_or_sent
def new_requirement(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    form = forms.RequirementForm(posted(request), user=user, scope=scope, initial={"found_on": today()})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_requirement(by=user, **form.terms())
        return f"{made.code} is open. Its promises cannot be delivered until it is settled.", made.get_absolute_url()

    return ask(
        request, form, verb, title="A requirement found late", button="Add this requirement", sub=scope.name,
        rows=(("regime", "found_on", "found_by"),), failed="This requirement was not added.",
        back=reverse("stakeholders:requirements", args=[scope.slug]),
        intro="Something that a rule asks for and that nobody had promised. It is then included in this release, or "
        "accepted with signatures.",
    )  # fmt: skip


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[User, Settled]:
    user, row = fetch(request, Requirement.objects, pk, *rights)
    return user, settled(Requirement.objects.filter(pk=row.pk))[0]


@require_safe
def requirement(request: HttpRequest, pk: int) -> HttpResponse:
    user, one = _fetch(request, pk)
    seen = access.teams(user)
    context = {
        "one": one,
        "events": list(one.row.events.select_related("acceptance").order_by("-pk")),
        "commitments": list(one.row.commitments.filter(team__in=seen).with_promise().select_related("team")),
        "may_log": access.may(user, Right.LOG, one.row.team),
        "may_decide": access.may(user, Right.DECIDE, one.row.team),
    }
    return render(request, "stakeholders/requirement.html", context)


@asked_or_sent
def include(request: HttpRequest, pk: int) -> HttpResponse:
    user, one = _fetch(request, pk, Right.LOG)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.include_requirement(requirement=one.row, words_=said["words"], by=user)
        return "It is part of this release. Now estimate its promises anew: it adds work.", one.row.get_absolute_url()

    return ask(
        request, forms.IncludeForm(posted(request)), verb, title=f"Include {one.row.code} in this release",
        button="Include it", sub=one.row.title, back=one.row.get_absolute_url(), failed="It was not included.",
        intro="It adds work. Estimate what remains of its promises afterwards, so that the forecast knows.",
    )  # fmt: skip


@asked_or_sent
def defer(request: HttpRequest, pk: int) -> HttpResponse:
    user, one = _fetch(request, pk, Right.LOG)
    above = [team.pk for team in Team.objects.ancestors(one.row.team, include_self=True)]
    rows = Acceptance.objects.filter(revocation=None, team__in=access.teams(user)).filter(team__in=above)
    form = forms.DeferForm(posted(request), rows=rows)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.defer_requirement(requirement=one.row, acceptance=said["acceptance"], words_=said["words"], by=user)
        return f"It rests on {said['acceptance'].code}, once that is in force.", one.row.get_absolute_url()

    new = reverse("stakeholders:new_acceptance", args=[one.row.team.slug])
    return ask(
        request, form, verb, title=f"Accept {one.row.code} with signatures", button="Rest it on this acceptance",
        sub=one.row.title, back=one.row.get_absolute_url(), failed="This was not saved.", more_url=new,
        more_word="Ask for a new acceptance first",
        intro="Not in this release: it is settled while an acceptance of the risk is in force.",
    )  # fmt: skip


def _why(request: HttpRequest, pk: int, right: Right, verb: Any, **words: str) -> HttpResponse:
    user, one = _fetch(request, pk, right)

    def act(said: dict[str, Any]) -> tuple[str, str]:
        verb(requirement=one.row, why=said["why"], by=user)
        return words["said"], one.row.get_absolute_url()

    return ask(
        request, forms.WhyForm(posted(request)), act, title=f"{words['title']} {one.row.code}", button=words["button"],
        sub=one.row.title, back=one.row.get_absolute_url(), failed="This was not saved.", intro=words["intro"],
    )  # fmt: skip


@asked_or_sent
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _why(
        request, pk, Right.DECIDE, actions.withdraw_requirement, title="Withdraw", button="Withdraw it",
        said="It is withdrawn; the record says why.", intro="It does not apply after all. The reason stays on record.",
    )  # fmt: skip


@asked_or_sent
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    return _why(
        request, pk, Right.LOG, actions.reopen_requirement, title="Reopen", button="Reopen it",
        said="It is open again.", intro="The answer no longer holds. Its promises wait again.",
    )  # fmt: skip
