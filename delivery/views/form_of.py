"""Pages that ask: the form, the verb called once, and what was typed kept when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from delivery.actions import Changed, Refused
from delivery.forms.commitments import Typed

Verb = Callable[[dict[str, Any]], tuple[str, str]]  # what to say, where to go


def ask(
    request: HttpRequest, form: Typed, verb: Verb, *, title: str, button: str, back: str, **more: Any
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
    template = more.pop("template", "delivery/planning_form.html")
    return render(request, template, context | more, status=422 if form.is_bound else 200)
