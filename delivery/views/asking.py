"""What the one-verb pages of promises share: fetch with the right, ask, call the verb once, answer.

What a verb refuses stays in the form with the reason (422). Who does not see a commitment gets 404, who only reads
it 403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from delivery import shown
from delivery.actions import Changed, Refused
from delivery.forms import commitments as forms
from delivery.models import Commitment
from teams import access
from teams.access import Right
from teams.models import User
from teams.scope import speaks_of
from teams.views.forms_page import signed_in

asked_or_sent = require_http_methods(["GET", "HEAD", "POST"])
Verb = Callable[[dict[str, Any]], tuple[str, str]]  # what to say, where to go


def fetch(request: HttpRequest, pk: int, right: Right = Right.LOG) -> tuple[User, Commitment]:
    user = signed_in(request)
    held = get_object_or_404(shown.visible(user).select_related("team", "team__parent", "outcome", "owner"), pk=pk)
    access.require(user, right, held.team)
    speaks_of(request, held.team)
    return user, held


def of(request: HttpRequest, rows: Any, pk: int, right: Right = Right.LOG) -> tuple[User, Any]:
    """A slip or an option of a commitment that the user may see."""
    user = signed_in(request)
    row = get_object_or_404(rows.select_related("commitment__team"), pk=pk, commitment__in=shown.visible(user))
    access.require(user, right, row.commitment.team)
    speaks_of(request, row.commitment.team)
    return user, row


def ask(
    request: HttpRequest, form: forms.Typed, verb: Verb, *, title: str, button: str, back: str, **more: Any
) -> HttpResponse:
    """The form; after a valid answer what the verb said, at the address it named; 422 with the reasons when refused."""
    changed = False
    if form.is_bound and form.is_valid():
        try:
            said, to = verb(form.cleaned_data)
        except Refused as refusal:
            changed = isinstance(refusal, Changed)
            form.refuse(refusal.field, str(refusal))
        else:
            messages.success(request, said)
            return redirect(to)
    context = {"form": form, "title": title, "button": button, "back": back, "changed": changed}
    template = more.pop("template", "delivery/act.html")
    return render(request, template, context | more, status=422 if form.is_bound else 200)


def here(held: Commitment, part: str = "") -> str:
    return reverse("delivery:commitment", args=[held.pk]) + part


def seeing(form: forms.Typed, newest: Callable[[], Any], verb: Verb) -> Verb:
    """The verb; when somebody was faster, the form has seen it by the time it is sent again."""

    def tried(said: dict[str, Any]) -> tuple[str, str]:
        try:
            return verb(said)
        except Changed:
            form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict, when posted
            form.data["seen"] = newest() or ""  # type: ignore[index]  # a QueryDict, when posted
            raise

    return tried


def form_groups(form: forms.Typed) -> list[list[Any]]:
    """The fields in rows: those that belong together stand side by side."""
    together = (forms.ESTIMATE, ("promised_on", "no_earlier_than"), ("outcome", "interval"), ("owner", "planned_value"))
    rows: list[list[Any]] = []
    done: set[str] = set()
    for name in form.fields:
        if name in done:
            continue
        names = next((group for group in together if name in group), (name,))
        rows.append([form[one] for one in names if one in form.fields])
        done |= set(names)
    return rows
