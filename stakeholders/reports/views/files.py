"""A report as a file: asked for, watched while a worker makes it, and fetched."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from stakeholders.models import Rendering
from stakeholders.reports import making
from stakeholders.reports.kept import Kept
from stakeholders.reports.renderings import FORMS

from .report import address, audience_of, fetch

RENDERED = "stakeholders/report_files.html"


@require_POST
def ask(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    _, held = fetch(request, pk)
    if form not in FORMS:
        raise Http404("No such form.")
    audience = audience_of(request)
    making.ask(held, audience, form)
    if request.headers.get("HX-Request"):
        return _shown(request, held, audience)
    return redirect(f"{address(held, audience)}#files")


@require_safe
def now(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the files are, for a page that waits."""
    _, held = fetch(request, pk)
    return _shown(request, held, audience_of(request))


def _shown(request: HttpRequest, held: Kept, audience: str) -> HttpResponse:
    return render(request, RENDERED, {"held": held, "audience": audience} | making.offered(held, audience))


@require_safe
def fetched(request: HttpRequest, pk: int, rendering: int) -> HttpResponse:
    _, held = fetch(request, pk)
    row = get_object_or_404(Rendering, pk=rendering, report=held.row, state=Rendering.State.READY)
    answer = HttpResponse(bytes(row.body or b""), content_type=FORMS[row.form].content_type)
    answer["Content-Disposition"] = f'attachment; filename="{making.name_of(held, row)}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["ETag"] = f'"{row.body_hash}"'
    return answer
