"""Uploading a file to a source: first what it holds and what is wrong, line by line; then all of it, or nothing."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from metrics import actions, sources
from metrics.forms import FileForm
from metrics.models import Source
from teams.access import Right
from teams.templatetags import ui

from .fetched import person, source_of

KEPT_SECONDS = 3600
SHOWN = 20


def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a file; it is shown before anything is kept of it but a copy for an hour."""
    source = _taking(request, pk)
    if request.method != "POST":
        return render(request, "metrics/upload.html", _context(source, FileForm()))
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "metrics/upload.html", _context(source, form), status=422)
    body: bytes = form.cleaned_data["file"]
    preview = sources.provider_of(source).preview(body)
    digest = hashlib.sha256(body).hexdigest()
    if not preview.faults:
        cache.set(_key(source, request, digest), body, KEPT_SECONDS)
    context = _context(source, FileForm()) | {
        "preview": preview, "digest": digest, "name": getattr(request.FILES["file"], "name", ""),
        "heads": ["Line", *preview.columns],
        "rows": [[row.line, *(row.values.get(name, "") for name in preview.columns)] for row in preview.rows[:SHOWN]],
        "more": max(len(preview.rows) - SHOWN, 0),
    }  # fmt: skip
    return render(request, "metrics/upload.html", context, status=422 if preview.faults else 200)


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the file that was shown."""
    source = _taking(request, pk)
    key = _key(source, request, request.POST.get("digest", "")[:64])
    body = cache.get(key)
    if body is None:
        messages.error(request, "The file is no longer at hand: choose it again. Nothing was imported.")
        return redirect("metrics:upload", pk=source.pk)
    try:
        new = actions.import_file(source=source, body=body, by=person(request))
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("metrics:upload", pk=source.pk)
    cache.delete(key)
    count = len(sources.provider_of(source).preview(body).rows)
    if new:
        messages.success(request, f"{ui.plural(count, 'row is,rows are')} imported; they count within a minute.")
    else:
        messages.warning(request, "This very file was imported before, so nothing is new.")
    return redirect(source)


def _taking(request: HttpRequest, pk: int) -> Source:
    source = source_of(request, pk, Right.SOURCES)
    if not hasattr(sources.provider_of(source), "preview"):
        raise Http404("This source takes no files.")
    return source


def _key(source: Source, request: HttpRequest, digest: str) -> str:
    return f"upload-{source.pk}-{request.user.pk}-{digest}"


def _context(source: Source, form: FileForm) -> dict[str, Any]:
    columns = getattr(sources.provider_of(source), "columns", ())
    return {"scope": source.team, "source": source, "form": form, "columns": columns}
