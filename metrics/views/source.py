"""One source: its streams, its webhook, what it gave; and the acts on its own page."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from metrics import actions, connecting, one_source, ownership, sources
from metrics.forms import HookSecretForm, TokenForm, WindowForm
from metrics.models import Source, Stream
from teams import access
from teams.access import Right

from .connect import refuse
from .fetched import person, source_of


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its streams, what it said, what it gave, and what could not be read."""
    return _page(request, source_of(request, pk))


def now(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that renews itself."""
    source = source_of(request, pk)
    return render(request, "metrics/source_now.html", _now(request, source))


def _now(request: HttpRequest, source: Source) -> dict[str, Any]:
    at = timezone.now()
    may_mend = access.may(request.user, Right.SOURCES, source.team)
    held: list[Stream] = list(source.streams.all())
    streams = one_source.streams_now(source, held, now=at)
    shown = sources.one(source, held, now=at, may_mend=may_mend)
    return {
        "scope": source.team, "source": source, "shown": shown, "streams": streams, "may_mend": may_mend,
        "unread": one_source.unread(source, held), "guide": one_source.guide_of(source),
        "takes_files": hasattr(sources.provider_of(source), "preview"),
        "at_work": any(one.is_at_work for one in streams),
        "waits": any(one.word == "Waiting for its turn" for one in streams),
        "listed": [one for one in streams if one.state != "delivered"],
        "past": [one for one in streams if one.is_backfill],
        "past_runs": any(s.lane == Stream.Lane.BACKFILL and not s.ended_at and not s.paused_at for s in held),
        "past_paused": any(s.lane == Stream.Lane.BACKFILL and s.paused_at and not s.ended_at for s in held),
    }  # fmt: skip


def _page(request: HttpRequest, source: Source, *, status: int = 200, **forms: Any) -> HttpResponse:
    context = _now(request, source)
    since = min((s.window_from for s in source.streams.all() if s.window_from), default=None)
    context |= {
        "services": ownership.owned(source.services.all()),
        "held": one_source.held(source),
        "superseded": sources.rows_stored(source)["superseded"],
        "hook": one_source.hook_of(source, _hook_address(request, source)),
        "new_secret": connecting.shown_once(request.session, source) if context["may_mend"] else "",
        "windows": getattr(sources.provider_of(source), "windows", False),
        "window_form": WindowForm(initial={"since": since.date() if since else None}, auto_id="window_%s"),
        "token_form": TokenForm(auto_id="renew_%s"),
        "secret_form": HookSecretForm(auto_id="hook_%s"),
    } | forms
    if context["shown"].error:
        context["shown"].error["form"] = context["token_form"]
    return render(request, "metrics/source.html", context, status=status)


@require_POST
def renew_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Try another token; when it holds it is kept and reading goes on. The old one stays when it does not."""
    source = source_of(request, pk, Right.SOURCES)
    form = TokenForm(request.POST, auto_id="renew_%s")
    if form.is_valid():
        try:
            found = actions.renew_token(source=source, secret=form.cleaned_data["secret"], by=person(request))
        except actions.Refused as refusal:
            form.add_error("secret", str(refusal))
        else:
            messages.success(request, f"The new token is kept. {found.sentence} Reading goes on.")
            return redirect(source)
    return _page(request, source, status=422, token_form=form)


@require_POST
def widen(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the past from an earlier day on."""
    source = source_of(request, pk, Right.SOURCES)
    form = WindowForm(request.POST, auto_id="window_%s")
    if form.is_valid():
        since = datetime.combine(form.cleaned_data["since"], time(), settings.ORGANISATION_ZONE)
        try:
            actions.backfill(source=source, since=since, by=person(request))
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "The past is read from that day on, beside what is new.")
            return redirect(source)
    return _page(request, source, status=422, window_form=form)


@require_POST
def past(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop reading the past for now, or go on with it."""
    source = source_of(request, pk, Right.SOURCES)
    if source.streams.filter(lane=Stream.Lane.BACKFILL, paused_at=None, ended_at=None).exists():
        actions.pause_backfill(source=source, by=person(request))
        messages.success(request, "The past is not read for now. What is new still is.")
    else:
        actions.resume_backfill(source=source, by=person(request))
        messages.success(request, "The past is read again, from where it stood.")
    return redirect(source)


# --- its webhook -----------------------------------------------------------------------------------------------------


def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """The last step of connecting: the webhook with its secret, shown once, and the first rows as they arrive."""
    source = source_of(request, pk, Right.SOURCES)
    new_secret = connecting.shown_once(request.session, source)
    return render(request, "metrics/begin.html", _begun(request, source) | {"new_secret": new_secret})


def begin_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of it that renews itself."""
    source = source_of(request, pk, Right.SOURCES)
    return render(request, "metrics/begin_now.html", _begun(request, source))


def _begun(request: HttpRequest, source: Source) -> dict[str, Any]:
    context = _now(request, source)
    past, held = context["past"], one_source.held(source)
    return context | {
        "arrived": sum(number for _, number in held),
        "past_share": sum(one.share or 0 for one in past) // len(past) if past else None,
        "hook": one_source.hook_of(source, _hook_address(request, source)),
        "held": held,
        "rows": one_source.first_rows(source),
        "provider_title": getattr(sources.provider_of(source), "title", source.provider),
    }


@require_POST
def add_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret beside those that hold; shown once where we made it."""
    source = source_of(request, pk, Right.SOURCES)
    form = HookSecretForm(request.POST, auto_id="hook_%s")
    if form.is_valid():
        given = form.cleaned_data["secret"].strip()
        try:
            _, words = actions.add_hook_secret(source=source, by=person(request), secret=given)
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            if not given:
                connecting.show_once(request.session, source, words)
            messages.success(request, "The secret holds. The older ones hold too, until they are retired.")
            return redirect(reverse("metrics:source", args=[source.pk]) + "#webhook")
    return _page(request, source, status=422, secret_form=form)


@require_POST
def retire_secret(request: HttpRequest, pk: int, secret: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    actions.retire_hook_secret(secret=get_object_or_404(source.hook_secrets, pk=secret), by=person(request))
    messages.success(request, "The secret holds no longer.")
    return redirect(reverse("metrics:source", args=[source.pk]) + "#webhook")


def _hook_address(request: HttpRequest, source: Source) -> str:
    return request.build_absolute_uri(reverse("metrics:hook", args=[source.hook]))
