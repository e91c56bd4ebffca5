"""The weekly page: what happened, what it means, what changed. And the way to it from the front door."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics.periods import Week, week_in_review
from teams import access
from teams.models import Team, User
from teams.scope import speaks_of

from . import vitals
from .gather import gather
from .page import compose, starts

LAST_SCOPE = "scope"  # a cookie: the team looked at last; it opens nothing that its reader may not see
A_YEAR = 365 * 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the week of the team looked at last, or of the highest team that the person sees; else what to do."""
    last = access.teams(request.user).filter(slug=request.COOKIES.get(LAST_SCOPE, "")).first()
    team = last if last is not None and last.closed_at is None else access.home(request.user)
    if team is None:
        return render(request, "stakeholders/no_team.html", {"no_team_exists": not Team.objects.exists()})
    return redirect("stakeholders:week", team=team.slug)


@require_safe
def page(request: HttpRequest, team: str, week: str = "") -> HttpResponse:
    """The week of a team and everything below it that the person may see."""
    scope = access.get_team(request.user, team)
    speaks_of(request, scope)
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware; for the type checker)
    now = timezone.now()
    shown = compose(request.user, scope, _week(week, now=now), now=now)
    answer = render(request, "stakeholders/week.html", {"page": shown, "scope": scope})
    if request.COOKIES.get(LAST_SCOPE) != scope.slug:
        secure = settings.SESSION_COOKIE_SECURE
        answer.set_cookie(LAST_SCOPE, scope.slug, A_YEAR, secure=secure, httponly=True, samesite="Lax")
    return answer


@require_safe
def health(request: HttpRequest, team: str, week: str) -> HttpResponse:
    """The runs and the merges behind a team's health in a week."""
    scope = access.get_team(request.user, team)
    speaks_of(request, scope)
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware; for the type checker)
    now = timezone.now()
    shown = _week(week, now=now)
    got = gather(request.user, scope, shown, now=now)
    context = {
        "scope": scope, "week": shown, "behind": vitals.behind(got), "gate": settings.COVERAGE_GATE,
        "run_columns": [{"label": "Run"}, {"label": "Outcome"}, {"label": "Took", "kind": "num"},
                        {"label": "Coverage", "kind": "num"}, {"label": "Ended", "kind": "date"}],
        "merge_columns": [{"label": "Change"}, {"label": "Days", "kind": "num"}, {"label": "Opened", "kind": "date"},
                          {"label": "Merged", "kind": "date"}],
    }  # fmt: skip
    return render(request, "stakeholders/week_health.html", context)


def _week(label: str, *, now: datetime) -> Week:
    """The week called `label`, or the one in review. Raises Http404 for the future and for what is no week."""
    current = Week.of(now, settings.ORGANISATION_ZONE)
    if not label:
        return week_in_review(now, settings.ORGANISATION_ZONE)
    try:
        week = Week.parse(label)
    except ValueError as wrong:
        raise Http404(str(wrong)) from wrong
    if week > current or not starts(week):
        raise Http404("That week has not begun, or lies before the calendar.")
    return week
