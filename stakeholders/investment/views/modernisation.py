"""Modernisation plans: the list, one plan with its phases, and its verbs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from stakeholders.investment import actions, forms
from stakeholders.investment.amounts import cents
from stakeholders.models import CriterionEvent, ExitCriterion, FundingEvent, ModernisationPlan, NotMeasurable, Phase
from stakeholders.registers.views.asking import ask, asked_or_sent, fetch, scoped
from teams import access
from teams.access import Right
from teams.scope import speaks_of
from teams.views.forms_page import posted, signed_in

Kind = FundingEvent.Kind
MOST_PLANS = 100


@dataclass(frozen=True, slots=True)
class Criterion:
    row: ExitCriterion
    last: CriterionEvent | None

    @property
    def met(self) -> bool:
        return self.last is not None and self.last.met


@dataclass(frozen=True, slots=True)
class Opened:
    """One phase with what its events made of it. Money in cents; None: nobody has said."""

    row: Phase
    criteria: list[Criterion]
    asked: int | None
    approved: int | None
    spent: int | None
    from_budget: bool

    @property
    def over(self) -> bool:
        return bool(self.criteria) and all(one.met for one in self.criteria)

    @property
    def met(self) -> int:
        return sum(one.met for one in self.criteria)

    @property
    def retired(self) -> int:
        return (self.row.risk_retired or 0) if self.over else 0

    @property
    def state(self) -> tuple[str, str]:
        if self.over:
            return "delivered", "Over"
        if self.spent is not None and self.approved is not None and self.spent > self.approved:
            return "late", "Spent more than approved"
        return ("ok", "Under way") if self.met or self.spent else ("none", "Not begun")

    @property
    def words(self) -> dict[str, str]:
        return {name: cents(getattr(self, name)) for name in ("asked", "approved", "spent")} | {
            "risk": cents(self.row.risk_retired)
        }


def phases(plans: Any) -> dict[int, list[Opened]]:
    """plan → its phases in order. Five queries, whatever the data."""
    rows = Phase.objects.filter(plan__in=plans).prefetch_related("criteria__events", "funding", "budget_lines")
    found: dict[int, list[Opened]] = {}
    for row in rows.order_by("plan_id", "position"):
        criteria = []
        for one in row.criteria.all():
            events = list(one.events.all())
            criteria.append(Criterion(one, events[-1] if events else None))
        sums: dict[str, int | None] = {}
        for kind in Kind.values:
            amounts = [one.amount for one in row.funding.all() if one.kind == kind]
            sums[kind] = sum(amounts) if amounts else None
        budget = [one.actual for one in row.budget_lines.all() if one.actual is not None]
        spent = sum(budget) if budget else sums["spent"]
        found.setdefault(row.plan_id, []).append(
            Opened(row, criteria, sums["asked"], sums["approved"], spent, bool(budget))
        )
    return found


def _sum(values: Any) -> str:
    known = [one for one in values if one is not None]
    return cents(sum(known) if known else None)


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    plans = list(
        ModernisationPlan.objects.filter(team__in=access.below(user, scope)).select_related("team", "owner")[
            :MOST_PLANS
        ]
    )
    held = phases([one.pk for one in plans])
    rows = []
    for one in plans:
        own = held.get(one.pk, [])
        rows.append(
            {
                "url": one.get_absolute_url(),
                "cells": [
                    {"text": one.title, "sub": f"{one.code}, {one.team.name}"},
                    one.owner.name if one.owner else "Nobody yet",
                    f"{sum(phase.over for phase in own)} of {len(own)}",
                    _sum(phase.asked for phase in own),
                    _sum(phase.approved for phase in own),
                    _sum(phase.spent for phase in own),
                    cents(sum(phase.retired for phase in own)),
                ],
            }
        )
    context = {
        "scope": scope,
        "rows": rows,
        "may_decide": access.may(user, Right.DECIDE, scope),
        "columns": [
            {"label": "Plan"},
            {"label": "Owner"},
            {"label": "Phases over"},
            {"label": "Asked", "kind": "num"},
            {"label": "Approved", "kind": "num"},
            {"label": "Spent", "kind": "num"},
            {"label": "Risk retired", "kind": "num"},
        ],
    }
    return render(request, "stakeholders/modernisation.html", context)


@asked_or_sent
def new_plan(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_plan(by=user, **said)
        return f"{made.code} is there. Add its first phase.", made.get_absolute_url()

    return ask(
        request,
        forms.PlanForm(posted(request), user=user, scope=scope),
        verb,
        title="A new modernisation plan",
        button="Add this plan",
        back=reverse("stakeholders:modernisation", args=[scope.slug]),
        sub=scope.name,
        failed="This plan was not added.",
    )


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[Any, ModernisationPlan]:
    return fetch(request, ModernisationPlan.objects.select_related("owner"), pk, *rights)


@require_safe
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    own = phases([row.pk]).get(row.pk, [])
    marks = row.not_measurable.filter(team__in=access.teams(user)).select_related("team")
    retired = sum(one.retired for one in own)
    context = {
        "plan": row,
        "scope": row.team,
        "phases": own,
        "may_decide": access.may(user, Right.DECIDE, row.team),
        "may_log": access.may(user, Right.LOG, row.team),
        "marks": list(marks),
        "facts": [
            {
                "label": "Phases over",
                "value": f"{sum(one.over for one in own)} of {len(own)}",
                "note": "all criteria met",
            },
            {"label": "Asked", "value": _sum(one.asked for one in own), "note": "in all"},
            {"label": "Approved", "value": _sum(one.approved for one in own), "note": "in all"},
            {"label": "Spent", "value": _sum(one.spent for one in own), "note": "until now"},
            {"label": "Risk retired", "value": cents(retired), "note": "a year, of phases that are over"},
        ],
    }
    return render(request, "stakeholders/modernisation_plan.html", context)


@asked_or_sent
def edit_plan(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)
    initial = {"title": row.title, "about": row.about, "owner": row.owner}
    form = forms.PlanForm(posted(request), user=user, scope=row.team, new=False, initial=initial)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.edit_plan(plan=row, by=user, **said)
        return "Saved.", row.get_absolute_url()

    return ask(request, form, verb, title=f"Edit {row.code}", button="Save", back=row.get_absolute_url(), sub=row.title)


@asked_or_sent
def new_phase(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        terms = actions.PhaseTerms(**{**said, "criteria": said["criteria"].splitlines()})
        made = actions.add_phase(plan=row, terms=terms, by=user)
        return f"{made.title} is in the plan.", row.get_absolute_url()

    return ask(
        request,
        forms.PhaseForm(posted(request)),
        verb,
        title="The next phase",
        button="Add this phase",
        sub=row.title,
        back=row.get_absolute_url(),
        rows=(("starts_on", "ends_on", "risk_retired"),),
        failed="This phase was not added.",
    )


@asked_or_sent
def fund(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    phase = get_object_or_404(Phase.objects.select_related("plan__team"), pk=pk, plan__team__in=access.teams(user))
    access.require(user, Right.DECIDE, phase.plan.team)
    speaks_of(request, phase.plan.team)
    back = phase.plan.get_absolute_url()

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.fund(
            phase=phase, kind=said["kind"], amount=said["amount"], on=said["on"], words_=said["words"], by=user
        )
        return f"{Kind(made.kind).label}: {cents(made.amount)}.", back

    return ask(
        request,
        forms.FundForm(posted(request)),
        verb,
        title="Money for a phase",
        button="Log it",
        sub=phase.title,
        back=back,
        failed="It was not logged.",
    )


@asked_or_sent
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    rows = ExitCriterion.objects.select_related("phase__plan__team")
    row = get_object_or_404(rows, pk=pk, phase__plan__team__in=access.teams(user))
    access.require(user, Right.LOG, row.phase.plan.team)
    speaks_of(request, row.phase.plan.team)
    back = row.phase.plan.get_absolute_url()

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.mark_criterion(criterion=row, met=said["met"], evidence=said["evidence"], words_=said["words"], by=user)
        return "Logged.", back

    return ask(
        request,
        forms.MarkForm(posted(request)),
        verb,
        title="Exit criterion",
        button="Log it",
        intro=row.text,
        sub=row.phase.title,
        back=back,
        failed="It was not logged.",
    )


@asked_or_sent
def new_mark(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.DECIDE)
    form = forms.NotMeasurableForm(posted(request), teams=access.below(user, row.team, Right.DECIDE))

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.not_measurable(plan=row, by=user, **said)
        return f"{made.team} is shown as not yet measurable, and never scored as failing.", row.get_absolute_url()

    return ask(
        request,
        form,
        verb,
        title="A team that cannot be measured yet",
        button="Log it",
        back=row.get_absolute_url(),
        sub=row.title,
        failed="It was not logged.",
    )


@require_POST
def end_mark(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    row = get_object_or_404(NotMeasurable.objects.select_related("team", "plan"), pk=pk, team__in=access.teams(user))
    access.require(user, Right.DECIDE, row.team)
    actions.end_not_measurable(mark=row, by=user)
    return redirect(row.plan.get_absolute_url())
