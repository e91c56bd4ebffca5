"""Modernisation plans, release checklists and retro actions as files."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from stakeholders.investment import checks
from stakeholders.models import Checklist, ModernisationPlan, RetroAction
from stakeholders.registers.views.asking import as_csv, scoped
from teams import access

from .modernisation import phases
from .readiness import MOST_LISTS, VERDICTS


def _dollars(cents: int | None) -> str:
    return "" if cents is None else f"{cents / 100:.2f}"


@require_safe
def modernisation_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    """A line for each phase; a plan without any has one of its own."""
    user, scope = scoped(request, team)
    plans = list(ModernisationPlan.objects.filter(team__in=access.below(user, scope)).select_related("team", "owner"))
    held = phases([one.pk for one in plans])
    names = (
        "code", "plan", "team", "owner", "phase", "state", "criteria met", "criteria", "asked", "approved", "spent",
        "risk retired",
    )  # fmt: skip
    return as_csv(scope, "modernisation", names, (
        [
            plan.code, plan.title, plan.team.name, str(plan.owner or ""),
            *(
                [one.row.title, one.state[1], one.met, len(one.criteria), _dollars(one.asked), _dollars(one.approved),
                 _dollars(one.spent), _dollars(one.row.risk_retired)]
                if one is not None
                else [""] * 8
            ),
        ]
        for plan in plans
        for one in (held.get(plan.pk) or [None])  # type: ignore[list-item]  # a plan without lines has one row
    ))  # fmt: skip


@require_safe
def checklists_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    """A line for each item of each checklist, with the verdict of the whole."""
    user, scope = scoped(request, team)
    found = Checklist.objects.filter(team__in=access.below(user, scope)).select_related("team", "deadline")
    names = ("code", "release", "team", "verdict", "deadline", "item", "state", "why")
    opened = [checks.opened(row, list(access.below(user, row.team))) for row in found[:MOST_LISTS]]
    return as_csv(scope, "go", names, (
        [
            one.row.code, one.row.name, one.row.team.name, VERDICTS[one.judged.verdict.value][1],
            one.row.deadline.date if one.row.deadline else "", str(item.row), item.word, item.why,
        ]
        for one in opened
        for item in one.items
    ))  # fmt: skip


@require_safe
def retro_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    rows = RetroAction.objects.filter(team__in=access.below(user, scope)).select_related("team", "done_by")
    return as_csv(scope, "retro-actions", ("action", "team", "agreed on", "due on", "done on", "done by"), (
        [one.text, one.team.name, one.agreed_on, one.due_on, one.done_on or "", str(one.done_by or "")] for one in rows
    ))  # fmt: skip
