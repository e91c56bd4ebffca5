"""Connecting a source in steps: which provider, its address and token, what of it and whose, then its webhook.

Every step is a page that works without JavaScript. Nothing is stored before the last act but an encrypted token in the
session.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from metrics import actions, connecting, registry
from metrics.connecting import Draft
from metrics.events import Guide
from metrics.forms import AddressForm, ChoiceForm, GitSourceForm, PushesForm
from metrics.models import Source
from teams.access import Right
from teams.models import Team

from .fetched import owners, person, scope_of


def providers(request: HttpRequest, team: str) -> HttpResponse:
    """Step 1: what to connect."""
    scope = scope_of(request, team, Right.SOURCES)
    return render(request, "metrics/connect.html", {"scope": scope, "cards": connecting.cards()})


def git(request: HttpRequest, team: str) -> HttpResponse:
    """Connect a Git repository: try it, store it, read it."""
    scope = scope_of(request, team, Right.SOURCES)
    form = GitSourceForm(request.POST if request.method == "POST" else None, owners=owners(request, scope))
    if form.is_bound and form.is_valid():
        answer = form.cleaned_data
        try:
            found = actions.try_connection(
                provider="git", address=answer["address"], settings=form.settings(), secret=answer["secret"]
            )
            actions.connect_source(
                team=scope, provider="git", name=answer["name"], address=answer["address"], settings=form.settings(),
                secret=answer["secret"], owner=answer["owner"], by=person(request),
            )  # fmt: skip
        except actions.Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{answer['name']} is connected. {found.sentence} Reading begins now.")
            return redirect("metrics:sources", team=scope.slug)
    context = {"scope": scope, "form": form, "title": "Connect a Git repository", "word": "Test and connect"}
    return render(request, "metrics/source_form.html", context, status=422 if form.is_bound else 200)


def address(request: HttpRequest, team: str, provider: str) -> HttpResponse:
    """Step 2: where it is, and the token; tried before the next step. What only pushes has no such step."""
    scope = scope_of(request, team, Right.SOURCES)
    guide = _guide(provider)
    if guide.pushes_only:
        return _pushes(request, scope, provider, guide)
    held = connecting.draft(request.session, provider, scope)
    posted = request.POST if request.method == "POST" else None
    form = AddressForm(posted, guide=guide, initial={"address": held.address or guide.address})
    if form.is_bound and form.is_valid() and _tested(request, form, held, scope):
        return redirect("metrics:connect_choose", team=scope.slug, provider=provider)
    kept = "The token that you entered is kept for this hour. Left empty it is used again." if held.token else ""
    context = _context(scope, provider, guide, held, form, step=2) | {"kept": kept}
    return render(request, "metrics/connect_address.html", context, status=422 if form.is_bound else 200)


def _tested(request: HttpRequest, form: AddressForm, held: Draft, scope: Team) -> bool:
    """Try the connection and keep what it saw; also what was typed when it fails, so that nothing is typed twice."""
    typed = form.cleaned_data["address"].strip()
    if form.cleaned_data.get("secret"):
        held.keep_secret(form.cleaned_data["secret"].strip())
    elif held.token and held.address != typed:
        held.token = ""  # a token goes only to where it was meant for
        form.add_error("secret", "The address is another one, so enter the token for it.")
    held.address, held.sentence = typed, ""
    try:
        if not form.errors:
            held.tested(actions.try_connection(provider=held.provider, address=typed, settings={}, secret=held.secret))
    except actions.Refused as refusal:
        refuse(form, refusal)
    connecting.keep(request.session, held, scope)
    return not form.errors


def choose(request: HttpRequest, team: str, provider: str) -> HttpResponse:
    """Step 3: which repositories, projects, jobs or services, whose they are, and how far back."""
    scope = scope_of(request, team, Right.SOURCES)
    guide = _guide(provider)
    held = connecting.draft(request.session, provider, scope)
    if guide.pushes_only or not held.sentence:
        return redirect("metrics:connect_provider", team=scope.slug, provider=provider)
    kind = registry.provider_class(provider)
    posted = request.POST if request.method == "POST" else None
    is_search = posted is not None and "search" in posted
    found = held.search(posted.get("words", "")[:200]) if posted is not None and is_search else None
    chosen = posted.getlist("chosen")[:500] if posted is not None else []
    form = ChoiceForm(
        posted, guide=guide, windows=bool(getattr(kind, "windows", False)), owners=owners(request, scope),
        offered=connecting.offered(held, found.choices if found else (), chosen),
        initial={"name": connecting.free_name(kind.title, scope)},
    )  # fmt: skip
    if posted is not None and not is_search and form.is_valid():
        source = _connected(request, form, scope, held, guide)
        if source is not None:
            return redirect("metrics:begin", pk=source.pk)
    if is_search:
        form.errors.clear()  # nothing is sent yet: what is missing is not wrong
    context = _context(scope, provider, guide, held, form, step=3) | {"found": found, "more": held.more}
    wrong = form.is_bound and not is_search
    return render(request, "metrics/connect_choose.html", context, status=422 if wrong else 200)


def _pushes(request: HttpRequest, scope: Team, provider: str, guide: Guide) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    title = registry.provider_class(provider).title
    form = PushesForm(posted, owners=owners(request, scope), initial={"name": connecting.free_name(title, scope)})
    held = Draft(provider=provider, team=scope.pk)
    if form.is_bound and form.is_valid():
        source = _connected(request, form, scope, held, guide)
        if source is not None:
            return redirect("metrics:begin", pk=source.pk)
    context = _context(scope, provider, guide, held, form, step=2)
    return render(request, "metrics/connect_pushes.html", context, status=422 if form.is_bound else 200)


def _connected(request: HttpRequest, form: PushesForm, scope: Team, held: Draft, guide: Guide) -> Source | None:
    """The source, with a secret for its webhook that the next page shows once; None when it was refused."""
    answer = form.cleaned_data
    settings: dict[str, Any] = {"owner": answer["owner"].pk}
    if answer.get("every") == ChoiceForm.SOME:
        settings[guide.chooses] = answer["chosen"]
    try:
        source = actions.connect_source(
            team=scope, provider=held.provider, name=answer["name"], address=held.address, settings=settings,
            secret=held.secret, by=person(request), window=timedelta(days=int(answer.get("window") or 90)),
        )  # fmt: skip
        if guide.hook is not None:
            _, words = actions.add_hook_secret(source=source, by=person(request))
            connecting.show_once(request.session, source, words)
    except actions.Refused as refusal:
        refuse(form, refusal)
        return None
    connecting.forget(request.session, held.provider, scope)
    messages.success(request, f"{source.name} is connected.")
    return source


def _guide(provider: str) -> Guide:
    guide = connecting.guide_of(provider)
    if guide is None:
        raise Http404("There is no such provider here.")
    return guide


def _context(
    scope: Team, provider: str, guide: Guide, held: Draft, form: PushesForm | AddressForm, *, step: int
) -> dict[str, Any]:
    title = registry.provider_class(provider).title
    steps = ["Provider", "Name", "Webhook"] if guide.pushes_only else ["Provider", "Address and token", "What to read"]
    if not guide.pushes_only:
        steps.append("Webhook" if guide.hook else "First rows")
    return {
        "scope": scope, "provider": provider, "provider_title": title, "guide": guide, "held": held, "form": form,
        "steps": steps, "step": step,
    }  # fmt: skip


def refuse(form: Any, refusal: actions.Refused) -> None:
    """Show why at the field, or over the form where there is no such field."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
