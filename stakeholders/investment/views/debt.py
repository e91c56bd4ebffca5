"""The register of technical debt, one debt, and its verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from delivery.actions.rules import today
from delivery.models import Capacity
from stakeholders.investment import actions, forms, interest
from stakeholders.models import Debt
from stakeholders.registers.views.asking import as_csv, ask, asked_or_sent, fetch, scoped, seeing
from teams import access
from teams.access import Right
from teams.models import Team
from teams.templatetags import ui
from teams.views.forms_page import posted

ROWS_A_PAGE = 50
WEEKS = 12
SHOW = (("", "Open"), ("over", "Box over"), ("loose", "Not tracked"), ("ended", "Ended"), ("all", "All"))
SORTS = (("", "Rank"), ("interest", "Costs most"), ("principal", "Largest"), ("until", "Box ends first"))
SIDE_BY_SIDE = (("principal", "interest"), ("owner", "priority"), ("box_days", "box_share", "box_until"))
COLUMNS = (
    {"label": "Debt"},
    {"label": "Rank"},
    {"label": "Owner"},
    {"label": "Costs a week", "kind": "num"},
    {"label": "Days to pay off", "kind": "num"},
    {"label": "Box"},
    {"label": "Incidents", "kind": "num"},
)
CSV = (
    "code",
    "debt",
    "team",
    "state",
    "since",
    "rank",
    "owner",
    "principal days",
    "interest days a week",
    "box days",
    "box share",
    "box until",
    "days spent",
    "box state",
    "incidents",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One debt of the list."""

    row: Debt
    steps: tuple[interest.Step, ...]
    over: str
    size: Any = None  # of the box in days, None: not known
    incidents: int = 0

    @property
    def now(self) -> interest.Step:
        return self.steps[-1]

    @property
    def spent(self) -> Decimal:
        return interest.spent(self.steps)

    @property
    def is_open(self) -> bool:
        return self.now.step not in interest.ENDED

    @property
    def box(self) -> tuple[str, str]:
        """Shape and words of the box."""
        row = self.row
        if not self.is_open:
            return "delivered", "Paid off" if self.now.step == "closed" else "Let go"
        if self.over == "late":
            return "late", f"Ended {ui.day(row.box_until)}, still open"
        if self.over == "full":
            return "late", f"Full: {ui.count(self.spent)} of {ui.plural(round(self.size), 'day')}"
        if row.box_until is None:
            return "none", "No box"
        return "ok", f"{ui.count(self.spent)} of {self.size_words} until {ui.day(row.box_until)}"

    @property
    def size_words(self) -> str:
        if self.row.box_days is not None:
            return ui.plural(self.row.box_days, "day")
        share = f"{self.row.box_share}% of the capacity" if self.row.box_share else "no stated size"
        return share if self.size is None else f"{ui.count(float(self.size))} days ({share})"

    @property
    def cells(self) -> dict[str, Any]:
        row, (shape, words) = self.row, self.box
        interest_words = "–" if not self.is_open else f"{ui.count(self.now.interest)} d"
        return {
            "url": row.get_absolute_url(),
            "cells": [
                {"text": row.title, "sub": f"{row.code}, {row.team.name}"},
                row.priority_name or {"state": "none", "text": "Not ranked"},
                row.owner.name if row.owner else {"state": "none", "text": "Nobody"},
                interest_words,
                f"{ui.count(self.now.principal)} d",
                {"state": shape, "text": words},
                str(self.incidents) if self.incidents else "–",
            ],
        }


def lines(scope_ids: Any) -> list[Line]:
    """Every debt of these teams with its events. Four queries."""
    rows = Debt.objects.filter(team__in=scope_ids).select_related("team", "owner")
    found = list(rows.prefetch_related("events", "incidents").order_by("pk"))
    day = today()
    capacity: dict[int, int] = {}
    newest = Capacity.objects.filter(team__in=scope_ids, interval__starts_on__lte=day).order_by("interval__starts_on")
    for team, days in newest.values_list("team", "days"):
        capacity[team] = days
    made = []
    for row in found:
        steps = tuple(
            interest.Step(
                on=one.on,
                step=one.step,
                principal=one.principal,
                interest=one.interest,
                days=one.days,
                tracked=one.tracked,
            )
            for one in row.events.all()
        )
        box = interest.Box(days=row.box_days, share=row.box_share, until=row.box_until)
        size = interest.box_size(box, capacity_days=capacity.get(row.team_id))
        over = interest.box_over(box, steps, today=day, capacity_days=capacity.get(row.team_id))
        made.append(Line(row, steps, over, size, len(row.incidents.all())))
    return made


def _chosen(request: HttpRequest, found: list[Line]) -> tuple[list[Line], str, str]:
    show, sort = request.GET.get("show", ""), request.GET.get("sort", "")
    keep = {
        "over": lambda one: bool(one.over),
        "ended": lambda one: not one.is_open,
        "all": lambda one: True,
        "loose": lambda one: one.is_open and not one.row.tracked,
    }.get(show, lambda one: one.is_open)
    order = {
        "interest": lambda one: (-one.now.interest, one.row.pk),
        "principal": lambda one: (-one.now.principal, one.row.pk),
        "until": lambda one: (one.row.box_until is None, one.row.box_until or today(), one.row.pk),
    }.get(sort, lambda one: (not one.over, one.row.priority or 9, -one.now.interest, one.row.pk))
    return sorted(filter(keep, found), key=order), show, sort


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    found = lines(access.below(user, scope).values_list("pk", flat=True))
    chosen, show, sort = _chosen(request, found)
    page = Paginator(chosen, ROWS_A_PAGE).get_page(request.GET.get("page"))
    days = [today() - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    trend = interest.interest_trend([one.steps for one in found], days)
    open_ = [one for one in found if one.is_open]
    context = {
        "scope": scope,
        "page": page,
        "rows": [one.cells for one in page],
        "columns": COLUMNS,
        "show": show,
        "sort": sort,
        "shows": SHOW,
        "sorts": SORTS,
        "may_log": access.may(user, Right.LOG, scope),
        "trend": trend,
        "facts": [
            {"label": "Open", "value": len(open_), "note": f"{sum(one.row.tracked for one in open_)} tracked"},
            {
                "label": "Costs a week",
                "value": f"{ui.count(sum((one.now.interest for one in open_), Decimal(0)))} d",
                "note": f"{ui.count(trend[0])} d, {WEEKS - 1} weeks ago"
                if trend[0] is not None
                else "no record 11 weeks ago",
            },
            {
                "label": "To pay it all off",
                "value": f"{ui.count(sum((one.now.principal for one in open_), Decimal(0)))} d",
                "note": "working days",
            },
            {"label": "Box over", "value": sum(bool(one.over) for one in found), "note": "past its day, or full"},
        ],
    }
    return render(request, "stakeholders/debts.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    chosen, _, _ = _chosen(request, lines(access.below(user, scope).values_list("pk", flat=True)))
    return as_csv(scope, "debt", CSV, (_csv(one) for one in chosen))


def _csv(one: Line) -> list[Any]:
    row = one.row
    return [
        row.code,
        row.title,
        row.team.name,
        one.now.step,
        one.now.on,
        row.priority_name,
        str(row.owner or ""),
        one.now.principal,
        one.now.interest,
        row.box_days or "",
        row.box_share or "",
        row.box_until or "",
        one.spent,
        one.box[1],
        one.incidents,
    ]


def _back(scope: Team) -> str:
    return reverse("stakeholders:debts", args=[scope.slug])


@asked_or_sent
def new_debt(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    form = forms.DebtForm(posted(request), user=user, scope=scope)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_debt(by=user, **form.terms())
        return f"{made.code} is in the register.", made.get_absolute_url()

    return ask(
        request,
        form,
        verb,
        title="New technical debt",
        button="Add this debt",
        back=_back(scope),
        sub=scope.name,
        rows=SIDE_BY_SIDE,
        failed="This debt was not added.",
        intro="A shortcut that costs time each week. What nobody has said yet stays empty.",
    )


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[Any, Debt]:
    return fetch(request, Debt.objects.select_related("owner"), pk, *rights)


@require_safe
def debt(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    one = next(line for line in lines([row.team_id]) if line.row.pk == row.pk)
    days = [today() - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    context = {
        "debt": row,
        "line": one,
        "trend": interest.interest_trend([one.steps], days),
        "events": list(row.events.order_by("-pk")),
        "incidents": list(row.incidents.select_related("service")),
        "may_log": access.may(user, Right.LOG, row.team) and one.is_open,
        "scope": row.team,
        "done": interest.spent(one.steps),
        "share": min(float(one.spent) / float(one.size) * 100, 100) if one.size else None,
    }
    return render(request, "stakeholders/debt.html", context)


@asked_or_sent
def edit_debt(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)
    form = forms.DebtForm(posted(request), user=user, scope=row.team, held=row)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.edit_debt(debt=row, by=user, **form.terms())
        return "Saved.", row.get_absolute_url()

    return ask(
        request,
        form,
        seeing(form, lambda: Debt.objects.get(pk=pk).edition, verb),
        title=f"Edit {row.code}",
        button="Save",
        back=row.get_absolute_url(),
        sub=row.team.name,
        rows=SIDE_BY_SIDE,
        failed="We could not save this.",
    )


@asked_or_sent
def log_work(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.log_work(
            debt=row, days=said["days"], interest_now=said["interest_now"], on=said["on"], words_=said["words"], by=user
        )
        return f"{ui.count(made.principal)} days are left.", row.get_absolute_url()

    return ask(
        request,
        forms.WorkForm(posted(request)),
        verb,
        title=f"Log work on {row.code}",
        button="Log it",
        back=row.get_absolute_url(),
        sub=row.title,
        rows=(("days", "interest_now", "on"),),
        failed="It was not logged.",
    )


@asked_or_sent
def rescore(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)
    last = row.events.order_by("-pk").first()
    initial = {"principal": last.principal, "interest": last.interest} if last else {}

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.rescore_debt(
            debt=row, principal=said["principal"], interest=said["interest"], words_=said["words"], by=user
        )
        return "Sized anew.", row.get_absolute_url()

    return ask(
        request,
        forms.RescoreForm(posted(request), initial=initial),
        verb,
        title=f"Size {row.code} anew",
        button="Save",
        back=row.get_absolute_url(),
        sub=row.title,
        rows=(("principal", "interest"),),
        failed="We could not save this.",
    )


@asked_or_sent
def end_debt(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.end_debt(debt=row, step=said["step"], words_=said["words"], by=user)
        return f"{row.code}: {made.step_name.lower()}.", row.get_absolute_url()

    return ask(
        request,
        forms.EndForm(posted(request)),
        verb,
        title=f"End {row.code}",
        button="End it",
        back=row.get_absolute_url(),
        sub=row.title,
        failed="It was not ended.",
        intro="It costs nothing from today on, and stays on record.",
    )
