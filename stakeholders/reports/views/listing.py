"""The list of a scope's reports with its file, and a new draft."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from metrics.periods import Week
from stakeholders.registers.views.asking import as_csv, scoped
from stakeholders.reports import actions, listing
from teams import access
from teams.access import Right

ROWS_A_PAGE = 26
CSV = ("code", "team", "week", "state", "on", "by", "says", "as of", "record", "address")


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    found = listing.rows(user, scope)
    page = Paginator(listing.sent(found), ROWS_A_PAGE).get_page(request.GET.get("page"))
    may_decide = access.may(user, Right.DECIDE, scope)
    context = {
        "scope": scope,
        "drafts": listing.drafts(found),
        "page": page,
        "lines": [listing.Line(one) for one in page],
        "schedules": list(listing.schedules(user, scope)),
        "weeks": listing.weeks(timezone.now()),
        "may_decide": may_decide,
    }
    return render(request, "stakeholders/reports.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    lines = (listing.Line(one) for one in listing.rows(user, scope))
    rows = (
        [
            one.row.code, one.row.team.name, one.week.label, one.state[1], one.at.isoformat(), one.by, one.say,
            one.row.as_of.isoformat(), one.row.facts_hash, request.build_absolute_uri(one.row.get_absolute_url()),
        ]
        for one in lines
    )  # fmt: skip
    return as_csv(scope, "reports", CSV, rows)


@require_POST
def draft(request: HttpRequest, team: str) -> HttpResponse:
    """A draft of the week asked for; when there is one, the way to it."""
    user, scope = scoped(request, team, Right.DECIDE)
    now = timezone.now()
    wanted = request.POST.get("week", "")
    if wanted not in dict(listing.weeks(now)):
        raise Http404("Reports are drafted for the current week and the weeks just before it.")
    row, made = actions.draft(team=scope, week=Week.parse(wanted), now=now, by=user)
    said = f"{row.code} is drafted. Read it, edit the words, then mark it as reviewed."
    messages.success(request, said if made else f"There is a draft of this week already: {row.code}.")
    return redirect(row.get_absolute_url())
