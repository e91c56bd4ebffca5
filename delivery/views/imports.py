"""Imports: a file, what its columns mean, a dry run, and only then the writing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery.actions import Refused
from delivery.forms.imports import WHAT, ColumnsForm, JiraForm, UploadForm
from delivery.imports import mapping, prepare, uploads
from delivery.imports.apply import Done, Stale
from delivery.imports.apply import apply as write_plan
from delivery.imports.columns import KINDS
from delivery.imports.jira import Issues
from delivery.imports.plan import Fate, Plan, Unreadable
from delivery.imports.rows import harmless, write
from delivery.imports.uploads import Upload
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.scope import speaks_of
from teams.templatetags import ui

ON_A_PAGE = 50
WORDS = {
    Fate.ERROR: "with errors", Fate.CREATE: "created", Fate.UPDATE: "changed", Fate.UNCHANGED: "unchanged",
    Fate.LEFT_OUT: "left out",
}  # fmt: skip
GONE = "This upload is no longer here: it was imported, or is more than a day old. Choose the file again."


def start(request: HttpRequest, team: str) -> HttpResponse:
    """Which file, and what it holds."""
    scope, user = _scope(request, team)
    if request.method != "POST":
        return _start(request, scope, UploadForm(initial={"kind": request.GET.get("kind") or "commitments"}))
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        kind, file = form.cleaned_data["kind"], form.cleaned_data["file"]
        source = "jira" if kind in prepare.JIRA else "csv"
        chosen = {"source": source, "team": "" if scope.is_group or scope.closed_at else scope.slug}
        upload = Upload("", kind, file.name if file else "what was pasted", form.raw(), chosen)
        try:
            found = prepare.read(upload)
            clear = not isinstance(found, Issues) and prepare.is_clear(found, upload)
            upload = uploads.keep(user, kind=kind, name=upload.name, raw=upload.raw, chosen=chosen)
        except Unreadable as unreadable:
            form.add_error("file" if file else "text", str(unreadable))
        except OSError:
            form.add_error(None, "The file could not be kept on this machine's disk. Tell whoever runs it.")
        else:
            return redirect(_address("import_preview" if clear else "import_columns", scope, upload))
    return _start(request, scope, form)


def _start(request: HttpRequest, scope: Team, form: UploadForm) -> HttpResponse:
    kinds = [{"kind": kind, "title": dict(WHAT)[kind], "columns": columns} for kind, columns in KINDS.items()]
    context = {"form": form, "team": scope, "kinds": kinds}
    return render(request, "delivery/import.html", context, status=422 if form.is_bound else 200)


def columns(request: HttpRequest, team: str) -> HttpResponse:
    """What the columns of a file, or the fields of Jira's issues, mean here."""
    scope, user = _scope(request, team)
    upload = uploads.find(user, request.GET.get("upload", ""))
    if upload is None:
        return _gone(request, scope)
    found = prepare.read(upload)
    known, chosen = prepare.known_to(user, upload, found), prepare.choices(upload.chosen)
    data = request.POST if request.method == "POST" else None
    form: ColumnsForm | JiraForm
    if isinstance(found, Issues):
        now = prepare.mapping_of(found, upload, known)
        asked = request.POST.get("team_field", now.team)
        if asked != now.team and (asked in found.labels or asked == "project"):  # other values to map: ask for them
            now.team = asked
            now.teams = {value: mapping.team_of(value, known) for value in mapping.values_of(found, asked)}
            upload.chosen["mapping"] = prepare.as_chosen(now)
            uploads.remember(user, upload)
            data = None
            messages.info(request, "The team comes from another field now. Check which team each value is.")
        form = JiraForm(data, issues=found, now=now, known=known, chosen=chosen)
    else:
        read_as = prepare.fields(found, upload)
        form = ColumnsForm(data, kind=upload.kind, table=found, fields=read_as, known=known, chosen=chosen)
    if form.is_bound and form.is_valid():
        upload.chosen |= form.chosen()
        uploads.remember(user, upload)
        return redirect(_address("import_preview", scope, upload))
    context = {"form": form, "team": scope, "upload": upload, "jira": isinstance(form, JiraForm)}
    return render(request, "delivery/import_columns.html", context, status=422 if form.is_bound else 200)


@require_safe
def preview(request: HttpRequest, team: str) -> HttpResponse:
    """The dry run: what would become of each row. Nothing is written."""
    scope, user = _scope(request, team)
    upload = uploads.find(user, request.GET.get("upload", ""))
    if upload is None:
        return _gone(request, scope)
    return _preview(request, scope, user, upload)


def _preview(
    request: HttpRequest, scope: Team, user: User, upload: Upload, refusal: str = "", done: Done | None = None
) -> HttpResponse:
    try:
        plan = prepare.plan(user, upload)
    except Unreadable as unreadable:
        messages.error(request, str(unreadable))
        return redirect(_address("import_columns", scope, upload))
    counts = plan.counts
    show = next((fate for fate in Fate if fate == request.GET.get("show")), None)
    show = show or next((fate for fate in Fate if counts[fate]), Fate.CREATE)
    rows: Any = plan.problems if show is Fate.ERROR else [row for row in plan.rows if row.fate is show]
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "team": scope, "upload": upload, "plan": plan, "page": page, "show": show, "refusal": refusal, "done": done,
        "say": _say(plan), "errors": counts[Fate.ERROR], "good": plan.good, "names": dict(WHAT),
        "tabs": [(fate, WORDS[fate], counts[fate]) for fate in Fate if counts[fate]],
        "teams": {one.pk: one.name for one in access.teams(user)} if show is Fate.CREATE else {},
    }  # fmt: skip
    return render(request, "delivery/import_preview.html", context, status=422 if refusal else 200)


def _say(plan: Plan) -> str:
    """ "9,963 would be created, 37 have errors"."""
    counts = plan.counts
    said = [f"{ui.count(counts[Fate.CREATE])} would be created"] if counts[Fate.CREATE] else []
    said += [f"{ui.count(counts[Fate.UPDATE])} would be changed"] if counts[Fate.UPDATE] else []
    said += [f"{ui.count(counts[Fate.UNCHANGED])} would stay as they are"] if counts[Fate.UNCHANGED] else []
    said += [f"{ui.count(counts[Fate.LEFT_OUT])} are left out"] if counts[Fate.LEFT_OUT] else []
    wrong = counts[Fate.ERROR]
    said += [f"{ui.count(wrong)} {'has' if wrong == 1 else 'have'} errors"] if wrong else []
    return f"{', '.join(said)}." if said else "There is nothing to import."


@require_POST
def apply(request: HttpRequest, team: str) -> HttpResponse:
    """Judge the file anew and write it: all of it or nothing, or its good rows."""
    scope, user = _scope(request, team)
    upload = uploads.find(user, request.GET.get("upload", ""))
    if upload is None:
        return _gone(request, scope)
    try:
        done = write_plan(
            lambda: prepare.plan(user, upload), by=user, all_or_nothing=request.POST.get("rows") != "good",
            digest=request.POST.get("digest", ""),
        )  # fmt: skip
    except Stale:
        words = "Something has changed here since this was shown. Nothing was imported. Look again, then import."
        return _preview(request, scope, user, upload, words)
    except (Refused, Unreadable) as refusal:
        return _preview(request, scope, user, upload, str(refusal))
    if done.refused:
        words = f"{ui.count(len(done.refused))} rows were refused after all; the others are imported."
        return _preview(request, scope, user, upload, words, done)
    uploads.forget(user, upload.key)
    messages.success(request, _done(done))
    return redirect("delivery:imports", scope.slug)


def _done(done: Done) -> str:
    parts = [
        f"{ui.count(number)} {words}"
        for number, words in ((done.made, "created"), (done.changed, "changed"), (done.linked, "linked"))
        if number
    ]
    return f"Imported: {', '.join(parts)}." if parts else "There was nothing to change."


@require_safe
def errors(request: HttpRequest, team: str) -> HttpResponse:
    """What is wrong, as a table to work through."""
    scope, user = _scope(request, team)
    upload = uploads.find(user, request.GET.get("upload", ""))
    if upload is None:
        return _gone(request, scope)
    try:
        plan = prepare.plan(user, upload)
    except Unreadable:
        return redirect(_address("import_columns", scope, upload))
    found = [[str(one.line), *map(harmless, (one.column, one.value, one.what))] for one in plan.problems]
    return _csv(write([plan.unit, "column", "value", "what to do"], found), "import-errors.csv")


@require_safe
def template(request: HttpRequest, team: str) -> HttpResponse:
    """An empty table with every column and one example row."""
    _scope(request, team)
    kind = request.GET.get("kind", "")
    columns = KINDS.get(kind, KINDS["commitments"])
    rows = [[one.example for one in columns]]
    return _csv(write([one.name for one in columns], rows), f"{kind if kind in KINDS else 'commitments'}.csv")


# --- shared ----------------------------------------------------------------------------------------------------------


def _scope(request: HttpRequest, slug: str) -> tuple[Team, User]:
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware has turned everybody else away
    team = access.get_team(user, slug, Right.LOG)
    speaks_of(request, team)
    return team, user


def _address(name: str, team: Team, upload: Upload) -> str:
    return f"{reverse(f'delivery:{name}', args=[team.slug])}?upload={upload.key}"


def _gone(request: HttpRequest, team: Team) -> HttpResponse:
    messages.warning(request, GONE)
    return redirect("delivery:imports", team.slug)


def _csv(raw: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(b"\xef\xbb\xbf" + raw, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
