"""The list of commitments with its file, and the page of one."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from delivery import shown
from delivery.listing import GROUPS, SORTS, STATUS, WHICH, Listing
from delivery.one import One
from delivery.sheet import csv_lines
from teams import access
from teams.access import Right
from teams.scope import speaks_of
from teams.views.forms_page import signed_in


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    found = _asked(request, team)
    context = {
        "listing": found,
        "may_log": access.may(found.user, Right.LOG, found.team),
        "which": WHICH,
        "statuses": STATUS,
        "sorts": [(key, word) for key, (word, _) in SORTS.items()],
        "groupings": GROUPS,
    }
    return render(request, "delivery/commitments.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    found = _asked(request, team)
    answer = StreamingHttpResponse(
        csv_lines(found.lines, request.build_absolute_uri), content_type="text/csv; charset=utf-8"
    )
    name = f"{found.team.slug}-commitments-{found.board.today}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    one = _one(request, pk)
    user = signed_in(request)
    beside = [group for path in settings.BESIDE_A_COMMITMENT for group in import_string(path)(user, one.row)]
    context = {"one": one, "beside": beside, "reads_trail": access.governs_all(user)}
    return render(request, "delivery/commitment.html", context)


@require_safe
def now(request: HttpRequest, pk: int) -> HttpResponse:
    """How it stands, for a page that waits for a new forecast."""
    return render(request, "delivery/commitment_now.html", {"one": _one(request, pk)})


def _one(request: HttpRequest, pk: int) -> One:
    user = signed_in(request)
    rows = shown.visible(user).select_related(
        "team__parent", "outcome", "owner", "interval", "created_by", "cancelled_by"
    )
    found = One(get_object_or_404(rows, pk=pk), user)
    speaks_of(request, found.row.team)
    return found


def _asked(request: HttpRequest, slug: str) -> Listing:
    user = signed_in(request)
    team = access.get_team(user, slug)
    speaks_of(request, team)
    return Listing(user, team, request.GET.dict())
