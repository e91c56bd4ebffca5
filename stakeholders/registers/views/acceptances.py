"""Acceptances: the list, one of them, its print, asking for one, signing it, and what comes after."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from delivery.actions import Refused
from stakeholders.models import Acceptance, Risk
from stakeholders.registers import actions, board
from stakeholders.registers import held as reading
from stakeholders.registers.actions.signing import may_sign, seat_of
from stakeholders.registers.forms import acceptances as forms
from stakeholders.registers.held import Held
from stakeholders.registers.paper import Paper
from stakeholders.registers.people import person_of
from teams import access
from teams.access import Right
from teams.models import User
from teams.templatetags import ui
from teams.views.forms_page import posted

from .asking import as_csv, ask, asked_or_sent, fetch, scoped, seeing

ROWS_A_PAGE = 50
CSV = ("code", "title", "team", "state", "signed", "needed", "version", "ends on", "risk", "asked by", "asked on")


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    rows = reading.hold(board.acceptances(user, scope))
    context = {
        "scope": scope,
        "page": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "may_log": access.may(user, Right.LOG, scope),
    }
    return render(request, "stakeholders/acceptances.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    rows = (
        [
            one.row.code, one.newest.title, one.row.team.name, one.standing.state.value, one.signed, one.needed,
            one.newest.number, one.newest.expires_on, one.row.risk.code if one.row.risk else "", one.newest.by_name,
            one.newest.at.date(),
        ]
        for one in reading.hold(board.acceptances(user, scope))
    )  # fmt: skip
    return as_csv(scope, "acceptances", CSV, rows)


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[User, Held]:
    user, row = fetch(request, Acceptance.objects, pk, *rights)
    return user, reading.one(row.pk)


@require_safe
def acceptance(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk)
    person = person_of(user)
    context = {
        "held": held,
        "paper": Paper(held),
        "person": person,
        "signs": board.waits_for(held, person),
        "checked_at": timezone.now(),
        "may_log": access.may(user, Right.LOG, held.row.team),
        "may_sign": access.may(user, Right.SIGN, held.row.team),
    }
    return render(request, "stakeholders/acceptance.html", context)


@require_safe
def printed(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole record on paper: the text, every signature with its meaning, and the check of the chain."""
    _, held = _fetch(request, pk)
    context = {"held": held, "paper": Paper(held), "checked_at": timezone.now()}
    return render(request, "stakeholders/acceptance_print.html", context)


@asked_or_sent
def new_acceptance(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    wanted = request.GET.get("risk", "")
    seen = Risk.objects.filter(team__in=access.teams(user))
    risk = seen.filter(pk=int(wanted) if wanted.isascii() and wanted.isdigit() else 0).first()
    initial: dict[str, Any] = {"risk": risk, "commitments": risk.commitments.all()} if risk else {}
    form = forms.AcceptanceForm(posted(request), user=user, scope=scope, initial=initial)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        team_ = said["risk"].team if said["risk"] else scope
        access.require(user, Right.LOG, team_)
        made = actions.ask_acceptance(team=team_, risk=said["risk"], by=user, **form.terms())
        return (
            f"{made.code} waits for its signatures. It is not in force until all have signed.",
            made.get_absolute_url(),
        )

    return _asked(
        request, form, verb, title="Ask for an acceptance", button="Ask for signatures", sub=scope.name,
        back=reverse("stakeholders:risks", args=[scope.slug]), failed="This acceptance was not asked for.",
        intro="A risk that we live with, in writing and until a day. You ask, so others sign: a director and legal at "
        "least.",
    )  # fmt: skip


@asked_or_sent
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk, Right.LOG)
    form = forms.AcceptanceForm(posted(request), user=user, scope=held.row.team, held=held)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.revise_acceptance(acceptance=held.row, by=user, seen=said["seen"], **form.terms())
        return f"Version {made.number} waits for its signatures.", held.row.get_absolute_url()

    def newest() -> int:
        return reading.one(pk).newest.number

    return _asked(
        request, form, seeing(form, newest, verb), title=f"A new version of {held.row.code}", sub=held.row.team.name,
        button="Ask for signatures anew", back=held.row.get_absolute_url(), failed="This version was not made.",
        intro="All sign anew. Signatures that were given stay readable with the text that they were given for.",
    )  # fmt: skip


def _asked(request: HttpRequest, form: forms.AcceptanceForm, verb: Any, **more: Any) -> HttpResponse:
    rows = (("how_likely", "cost_if"), ("until_then", "instead_of"), ("reason", "residual"), ("expires_on", "risk"))
    return ask(request, form, verb, template="stakeholders/acceptance_form.html", rows=rows, **more)


@asked_or_sent
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk, Right.LOG)
    form = forms.RenewForm(posted(request), initial={"seen": held.newest.number})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.renew_acceptance(acceptance=held.row, by=user, **said)
        return f"Version {made.number} waits for its signatures.", held.row.get_absolute_url()

    return ask(
        request, form, seeing(form, lambda: reading.one(pk).newest.number, verb), title=f"Renew {held.row.code}",
        button="Ask for signatures anew", sub=held.newest.title, back=held.row.get_absolute_url(),
        failed="It was not renewed.",
        intro=f"It ends on {ui.day(held.newest.expires_on)}. The same text goes back through review and is signed anew "
        "by all. Until then the version before it holds, if it is in force.",
    )  # fmt: skip


@asked_or_sent
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user, held = _fetch(request, pk, Right.SIGN)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.revoke_acceptance(acceptance=held.row, why=said["why"], by=user)
        return f"{held.row.code} is revoked. Its record stays.", held.row.get_absolute_url()

    return ask(
        request, forms.RevokeForm(posted(request)), verb, title=f"Revoke {held.row.code}", button="Revoke it",
        sub=held.newest.title, back=held.row.get_absolute_url(), failed="It was not revoked.", danger=True,
        intro="It ends for good, at once. What rested on it is open again. The record stays, with your reason.",
    )  # fmt: skip


@never_cache
@sensitive_post_parameters("password")
@asked_or_sent
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The text once more, and the password beside the session. Whoever is not asked to sign gets 403."""
    user, held = _fetch(request, pk)
    person = person_of(user)
    named = person is not None and seat_of(held, person) is not None
    if not named and not access.may(user, Right.SIGN, held.row.team):
        access.require(user, Right.SIGN, held.row.team)
    none = ""
    try:
        may_sign(held, user)
    except Refused as refusal:
        none = str(refusal)
    form = forms.SignForm(posted(request), initial={"seen": held.edition.content_hash})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.sign(acceptance=held.row, by=user, password=said["password"], seen=said["seen"])
        fresh = reading.one(pk)
        more = "It is in force." if fresh.holds else f"{fresh.count_words}."
        return f"You signed {held.row.code}. {more}", held.row.get_absolute_url()

    if none and form.is_bound:  # whatever was typed: the reason stands where the form was
        form = forms.SignForm(initial={"seen": held.edition.content_hash})
    return ask(
        request, form, seeing(form, lambda: reading.one(pk).edition.content_hash, verb), title=f"Sign {held.row.code}",
        button="Sign", back=held.row.get_absolute_url(), failed="Nothing was signed.", held=held, paper=Paper(held),
        none=none, seat=seat_of(held, person) if person else None, person=person,
        sample_password=settings.SAMPLE_PASSWORD if user.is_sample else "", template="stakeholders/sign.html",
    )  # fmt: skip
