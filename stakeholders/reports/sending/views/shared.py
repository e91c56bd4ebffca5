"""What a link opens: one report, without a log-in and without the rest of the product.

Every link that does not hold gives the same page, so that nobody learns whether it ever did. What fetches pages for
previews gets no report and counts as no opening.
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from stakeholders.models import ShareLink
from stakeholders.reports.document import Document, Table
from stakeholders.reports.kept import Kept
from stakeholders.reports.renderings import FORMS
from stakeholders.reports.sending import sharing
from stakeholders.reports.sheet import sheet

TICKET = signing.TimestampSigner(salt="shared report")
TICKET_SECONDS = 6 * 3600  # as long as a page that was opened gives its PDF


def _unseen(view: Any) -> Any:
    """Kept by no cache, found by no search, and told to no other site."""

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        response: HttpResponse = view(request, token)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return login_not_required(require_safe(answer))


@_unseen
def page(request: HttpRequest, token: str) -> HttpResponse:
    link = sharing.found(token, now=timezone.now())
    if link is None:
        return _gone(request)
    agent, purpose = request.headers.get("User-Agent", ""), request.headers.get("Sec-Purpose", "")
    if not sharing.is_person(request.method or "", agent, purpose or request.headers.get("Purpose", "")):
        return _gone(request) if sharing.is_used_up(link) else render(request, "stakeholders/shared_preview.html")
    if not sharing.opened(link, now=timezone.now()):
        return _gone(request)
    held = Kept(link.report)
    context = {
        "sheet": sheet(_unlinked(held.document(link.audience))), "held": held, "later": held.superseded_by,
        "pdf": f"{reverse('stakeholders:shared_pdf', args=[token])}?ticket={TICKET.sign(str(link.pk))}", "link": link,
    }  # fmt: skip
    return render(request, "stakeholders/shared.html", context)


@_unseen
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The PDF, for who has opened the page a while ago; that counted already."""
    link = sharing.found(token, now=timezone.now())
    if link is None:
        return _gone(request)
    if not _opened_before(link, request.GET.get("ticket", "")):
        return redirect("stakeholders:shared", token)
    held = Kept(link.report)
    body = FORMS["pdf"].render(_unlinked(held.document(link.audience)), held.facts)
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{held.facts.team_slug}-{held.facts.week:%G-w%V}.pdf"'
    return answer


def _opened_before(link: ShareLink, ticket: str) -> bool:
    try:
        return TICKET.unsign(ticket, max_age=TICKET_SECONDS) == str(link.pk)
    except signing.BadSignature:
        return False


def _gone(request: HttpRequest) -> HttpResponse:
    answer = render(request, "stakeholders/shared_gone.html", status=404)
    answer.is_whole = True  # type: ignore[attr-defined]  # for the middleware
    return answer


def _unlinked(told: Document) -> Document:
    """The same without addresses within the product, which a reader without a log-in cannot open."""
    sections = tuple(
        replace(one, blocks=tuple(_plain(block) if isinstance(block, Table) else block for block in one.blocks))
        for one in told.sections
    )
    return replace(told, sections=sections, url="")


def _plain(table: Table) -> Table:
    return replace(table, rows=tuple(tuple(replace(cell, url="") for cell in row) for row in table.rows))
