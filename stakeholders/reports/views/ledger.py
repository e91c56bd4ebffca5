"""The ledger of a scope's reports, and its file."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stakeholders.registers.views.asking import as_csv, scoped
from stakeholders.reports import ledger

REPORTS_A_PAGE = 12


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    found = Paginator(ledger.reports(user, scope), REPORTS_A_PAGE).get_page(request.GET.get("page"))
    context = {"scope": scope, "page": found, "ledger": ledger.Ledger(list(found))}
    return render(request, "stakeholders/report_ledger.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    rows = ledger.csv_rows(ledger.Ledger(list(ledger.reports(user, scope))))
    return as_csv(scope, "report-ledger", ledger.CSV, rows)
