"""One page for every form of this app: it asks, calls the action once, and keeps what was typed when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from teams.actions import ActionError
from teams.models import User

Done = tuple[str, str]  # what to say, where to go


def signed_in(request: HttpRequest) -> User:
    """The user; LoginRequiredMiddleware has turned everybody else away."""
    assert isinstance(request.user, User)  # noqa: S101 (for the type checker)
    return request.user


def form_page(
    request: HttpRequest,
    *,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Done],
    title: str,
    button: str,
    back: str,
    intro: str = "",
    danger: bool = False,
    **more: Any,
) -> HttpResponse:
    """The form; after a valid answer what `act` said, at the address it named; 422 with the reasons when refused."""
    if form.is_bound and form.is_valid():
        try:
            said, to = act(form.cleaned_data)
        except ActionError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, said)
            return redirect(to)
    context = {"form": form, "title": title, "button": button, "back": back, "intro": intro, "danger": danger}
    return render(request, "teams/form.html", context | more, status=422 if form.is_bound else 200)


def posted(request: HttpRequest) -> Any:
    """What was sent, or None while the form is only being shown."""
    return request.POST if request.method == "POST" else None
