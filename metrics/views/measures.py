"""One measure of a team and all below it: the page, and its rows as CSV."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics.catalogue import MEASURES
from metrics.opened import SPANS, USUAL, Opened
from metrics.periods import Week, weeks_ending
from teams import access
from teams.models import User
from teams.scope import speaks_of


@require_safe
def overview(request: HttpRequest, team: str) -> HttpResponse:
    """The measures begin with lead time."""
    found = access.get_team(request.user, team)
    return redirect("metrics:measure", team=found.slug, measure="lead-time")


@require_safe
def page(request: HttpRequest, team: str, measure: str) -> HttpResponse:
    asked = _asked(request, team, measure)
    speaks_of(request, asked.team)
    return render(request, "metrics/measure.html", asked.context())


@require_safe
def rows_csv(request: HttpRequest, team: str, measure: str) -> StreamingHttpResponse:
    asked = _asked(request, team, measure)
    answer = StreamingHttpResponse(asked.behind.csv_lines(asked.now), content_type="text/csv; charset=utf-8")
    left_out = "-left-out" if asked.behind.left_out else ""
    name = f"{asked.team.slug}-{asked.measure.slug}-{asked.this.week.label}{left_out}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked(request: HttpRequest, slug: str, measure: str) -> Opened:
    """What the address asks for. Raises Http404 for a team not seen, an unknown measure, or weeks that cannot be."""
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware turns everybody else away)
    team = access.get_team(request.user, slug)
    params = request.GET.dict()
    weeks = params.get("weeks", str(USUAL))
    if measure not in MEASURES or weeks not in {str(span) for span in SPANS}:
        raise Http404("No such measure, or not for so many weeks.")
    now = timezone.now()
    return Opened(
        user=request.user,
        team=team,
        measure=MEASURES[measure],
        week=_week(params["week"], now=now) if "week" in params else None,
        weeks=int(weeks),
        now=now,
        params=params,
    )


def _week(label: str, *, now: datetime) -> Week:
    try:
        week = Week.parse(label)
        weeks_ending(week, max(SPANS) + 2)
    except ValueError as wrong:
        raise Http404(str(wrong)) from None
    if week > Week.of(now, settings.ORGANISATION_ZONE):
        raise Http404("That week has not begun.")
    return week
