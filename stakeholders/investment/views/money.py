"""The budget of a scope by month, one line, and the file in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery.actions.rules import today
from stakeholders.investment import actions, forms, money, sheet
from stakeholders.investment.actions.money import Amounts, Purpose
from stakeholders.investment.amounts import cents
from stakeholders.models import BudgetLine, Phase
from stakeholders.registers.views.asking import as_csv, ask, asked_or_sent, scoped
from teams import access
from teams.access import Right
from teams.models import Team
from teams.scope import speaks_of
from teams.templatetags import ui
from teams.views.forms_page import posted, signed_in

MOST_LINES = 200
MOST_FAULTS = 40
SIDE_BY_SIDE = (("month", "category"), ("plan", "actual", "forecast", "currency"))


def _rows(user: Any, scope: Team) -> Any:
    return BudgetLine.objects.filter(team__in=access.below(user, scope)).select_related("team", "phase__plan")


def _year(request: HttpRequest) -> int:
    said = request.GET.get("year", "")
    return int(said) if said.isascii() and said.isdigit() and 1990 <= int(said) <= 2099 else today().year


def variance_words(one: money.Sums) -> str:
    """“$12k more than planned”; "" without a plan to compare with."""
    if one.variance is None:
        return "no plan to compare with"
    if one.variance == 0:
        return "as planned"
    return f"{cents(abs(one.variance))} {'more' if one.variance > 0 else 'less'} than planned"


def _table(title: str, groups: dict[str, list[money.Line]], months: Sequence[date]) -> dict[str, Any]:
    rows = []
    for name, own in groups.items():
        by_month = money.grouped(own, lambda line: line.month)
        whole = money.sums(own)
        rows.append(
            {
                "name": name,
                "whole": cents(whole.outlook),
                "plan": cents(whole.plan),
                "words": variance_words(whole),
                "over": bool(whole.variance and whole.variance > 0),
                "cells": [
                    {
                        "words": cents(by_month[month].outlook if month in by_month else None),
                        "plan": cents(by_month[month].plan if month in by_month else None),
                    }
                    for month in months
                ],
            }
        )
    return {"title": title, "rows": rows}


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    year = _year(request)
    rows = list(_rows(user, scope).filter(month__year=year))
    own = [sheet.pure(row) for row in rows]
    months = money.months_between(date(year, 1, 1), date(year, 12, 1))
    kinds = {label: [line for line in own if line.category == key] for key, label in BudgetLine.Category.choices}
    teams: dict[str, list[money.Line]] = {}
    for line in own:
        teams.setdefault(line.team, []).append(line)
    whole = money.sums(own)
    context = {
        "scope": scope,
        "year": year,
        "months": months,
        "count": len(rows),
        "currency": settings.CURRENCY,
        "tables": [
            _table("By kind", {name: lines for name, lines in kinds.items() if lines}, months),
            _table("By team", teams, months),
        ]
        if own
        else [],
        "total": _table("In all", {"All": own}, months)["rows"][0] if own else None,
        "sentence": f"{year} will cost {cents(whole.outlook)}, {variance_words(whole)}." if own else "",
        "facts": [
            {"label": "Plan", "value": cents(whole.plan), "note": "of the year"},
            {"label": "Actual", "value": cents(whole.actual), "note": "months that are closed"},
            {"label": "Outlook", "value": cents(whole.outlook), "note": "actual, else forecast, else plan"},
            {"label": "Not planned", "value": cents(whole.unplanned), "note": "lines without a plan"},
        ],
        "lines": rows[:MOST_LINES],
        "more": max(len(rows) - MOST_LINES, 0),
        "may_decide": access.may(user, Right.DECIDE, scope),
    }
    return render(request, "stakeholders/budget.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    rows = _rows(user, scope)
    return as_csv(scope, "budget", sheet.COLUMNS, (sheet.cells(row) for row in rows.order_by("month", "team__name")))


def _back(scope: Team) -> str:
    return reverse("stakeholders:budget", args=[scope.slug])


@asked_or_sent
def new_line(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)
    form = forms.LineForm(posted(request), user=user, scope=scope)
    return _ask_line(request, user, scope, form, "A budget line", "Add this line")


@asked_or_sent
def edit_line(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    names = ("team", "category", "name", "currency", "phase")
    initial = {name: getattr(row, name) for name in names} | {"month": f"{row.month:%Y-%m}"}
    initial |= {name: "" if getattr(row, name) is None else f"{getattr(row, name) / 100:.2f}" for name in sheet.AMOUNTS}
    form = forms.LineForm(posted(request), user=user, scope=row.team, initial=initial)
    return _ask_line(request, user, row.team, form, "A budget line", "Save")


def _ask_line(request: HttpRequest, user: Any, scope: Team, form: Any, title: str, button: str) -> HttpResponse:
    def verb(said: dict[str, Any]) -> tuple[str, str]:
        purpose = Purpose(team=said["team"], month=said["month"], category=said["category"], name=said["name"])
        amounts = Amounts(plan=said["plan"], actual=said["actual"], forecast=said["forecast"])
        _, what = actions.set_line(
            purpose=purpose, amounts=amounts, currency=said["currency"], phase=said["phase"], by=user
        )
        return f"The line was {'left as it is' if what == 'same' else what}.", _back(scope)

    return ask(
        request,
        form,
        verb,
        title=title,
        button=button,
        back=_back(scope),
        sub=scope.name,
        rows=SIDE_BY_SIDE,
        failed="This line was not saved.",
        intro="The same team, month, kind and name are the same line: it is changed, not doubled.",
    )


def _fetch(request: HttpRequest, pk: int) -> tuple[Any, BudgetLine]:
    user = signed_in(request)
    row = get_object_or_404(BudgetLine.objects.select_related("team"), pk=pk, team__in=access.teams(user))
    access.require(user, Right.DECIDE, row.team)
    speaks_of(request, row.team)
    return user, row


@require_POST
def remove_line(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    actions.remove_line(line=row, by=user)
    messages.success(request, "The line is out of the budget.")
    return redirect(_back(row.team))


@asked_or_sent
def take_file(request: HttpRequest, team: str) -> HttpResponse:
    """A dry run first: what the file would do, with each fault; then, from the very same text, all of it or nothing."""
    user, scope = scoped(request, team, Right.DECIDE)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = forms.FileForm(data, files=files)
    read, text = None, ""
    if form.is_bound and form.is_valid():
        try:
            text = form.raw()
            read = sheet.read(
                text,
                teams=access.below(user, scope, Right.DECIDE).filter(closed_at=None),
                phases=Phase.objects.filter(plan__team__in=access.below(user, scope)).select_related("plan"),
            )
        except ValueError as refused:
            form.add_error("file", str(refused))
    if read and not read.faults and request.POST.get("take"):
        counts = actions.take_lines(lines=(_terms(row) for row in read.rows), by=user)
        said = f"{ui.plural(counts['added'], 'line')} added, {counts['changed']} changed, {counts['same']} as before."
        messages.success(request, said)
        return redirect(_back(scope))
    context = {
        "scope": scope,
        "form": form,
        "read": read,
        "text": text,
        "columns": ", ".join(sheet.COLUMNS),
        "faults": read.faults[:MOST_FAULTS] if read else [],
        "more": max(len(read.faults) - MOST_FAULTS, 0) if read else 0,
        "back": _back(scope),
        "currency": settings.CURRENCY,
    }
    wrong = bool(form.is_bound and (form.errors or (read and read.faults)))
    return render(request, "stakeholders/budget_file.html", context, status=422 if wrong else 200)


def _terms(row: dict[str, Any]) -> tuple[Purpose, Amounts, str, Phase | None]:
    purpose = Purpose(team=row["team"], month=row["month"], category=row["category"], name=row["name"])
    amounts = Amounts(plan=row["plan"], actual=row["actual"], forecast=row["forecast"])
    return purpose, amounts, row["currency"], row["phase"]
