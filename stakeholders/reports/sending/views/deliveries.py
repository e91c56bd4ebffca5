"""Sending one report now, trying again what did not arrive, and clearing an address that refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from delivery.actions.rules import Refused
from stakeholders.models import Bounce, Delivery
from stakeholders.registers.views.asking import asked_or_sent, fetch
from stakeholders.reports.kept import Kept, visible_to
from stakeholders.reports.sending import outbox
from stakeholders.reports.sending.forms import SEARCH, DeliverForm
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of
from teams.views.forms_page import posted, signed_in


@asked_or_sent
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail a sent report to people who see its team; below, to whom it went and what became of it."""
    user, row = fetch(request, visible_to(signed_in(request)), pk, Right.DECIDE)
    held = Kept(row)
    form = DeliverForm(posted(request), scope=row.team)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            if not held.is_sent:
                raise Refused("It is a draft. Review it and send it, then mail it.")
            count = outbox.mail(report=row, audience=said["audience"], people=said["people"], by=user)
            there = len(said["people"]) - count
            more = f" {there} had it already." if there else ""
            messages.success(request, f"{count} on the way.{more}" if count else "They all have it already.")
            return redirect("stakeholders:deliver_report", row.pk)
        except Refused as refused:
            form.refuse(refused.field, str(refused))
    context = {
        "form": form, "held": held, "scope": row.team, "search": SEARCH,
        "deliveries": row.deliveries.select_related("person", "report").order_by("-pk")[:200],
    }  # fmt: skip
    return render(request, "stakeholders/report_deliver.html", context, status=422 if form.is_bound else 200)


def _of_team(request: HttpRequest, rows: Any, pk: int, path: str) -> tuple[User, Any, Team]:
    """A row whose team the user sees (else 404) and decides over (else 403)."""
    user = signed_in(request)
    row = get_object_or_404(rows, pk=pk, **{f"{path}__in": access.teams(user)})
    team = row.report.team if isinstance(row, Delivery) else row.delivery.report.team
    access.require(user, Right.DECIDE, team)
    speaks_of(request, team)
    return user, row, team


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    user, row, team = _of_team(request, Delivery.objects.select_related("report__team"), pk, "report__team")
    try:
        outbox.retry(delivery=row, by=user)
        messages.success(request, f"{row.to} is tried again.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("stakeholders:sending", team.slug)


@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Bounce.objects.select_related("delivery__report__team")
    user, row, team = _of_team(request, rows, pk, "delivery__report__team")
    outbox.clear(bounce=row, by=user)
    messages.success(request, f"Mail goes to {row.address} again.")
    return redirect("stakeholders:sending", team.slug)
