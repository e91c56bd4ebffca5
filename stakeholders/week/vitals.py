"""Team health: one row for each team that delivers, and the rows behind it: its runs and its merges of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from metrics import dora
from metrics.models import Change, PipelineRun
from metrics.vitals import Vital
from teams.models import Team
from teams.templatetags import ui

from . import health
from .gather import WEEKS, Gathered, whole

LOW = 0.8  # of the runs on the main branch; fewer that pass stop whoever merges
MOST_ROWS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One team. `blank` says why there are no numbers; `bar` and `gate` are percent of the whole, as text."""

    name: str
    url: str
    opens: str = ""
    blank: str = ""
    cycle: str = ""
    cycle_note: str = ""
    cycles: Sequence[float | None] = ()
    success: str = ""
    success_note: str = ""
    success_low: bool = False
    successes: Sequence[float | None] = ()
    took: str = ""
    coverage: str = ""
    bar: str = ""
    gate: str = ""
    below: str = ""
    seniors: str = ""
    seniors_note: str = ""


def rows(got: Gathered) -> list[Row]:
    """In the order of the tree, those without numbers last."""
    owning = health.owners(got)
    found = [_row(team, got, owning) for team in got.teams if health.belongs(team, got, owning)]
    return sorted(found, key=lambda row: bool(row.blank))


def _row(team: Team, got: Gathered, owning: set[int]) -> Row:
    url = reverse("stakeholders:week_of", args=[team.slug, got.week.label])
    people = health.seniors(team, got)
    weeks = got.vitals.get(team.pk)
    if weeks is None:
        said = "No pipeline or review read yet" if team.pk in owning else health.blank(team, has_source=False)
        return Row(name=team.name, url=url, blank=said, **people)
    this, shown = weeks[-1], weeks[-WEEKS:]
    opens = reverse("stakeholders:week_health", args=[team.slug, got.week.label])
    return Row(
        name=team.name, url=url, opens=opens, **people, **_coverage(this),
        cycle=_days(this.cycle), cycle_note="few" if 0 < this.merged < dora.FEW else "",
        cycles=whole([_number(one.cycle) for one in shown], got),
        success=ui.percent(this.success) if this.ended else ui.MISSING,
        success_note=f"{this.passed} of {this.ended}" if this.ended else "no runs",
        success_low=this.ended >= dora.FEW and this.success is not None and this.success < LOW,
        successes=whole([one.success for one in shown], got), took=ui.duration(this.took, "short"),
    )  # fmt: skip


def _coverage(this: Vital) -> dict[str, str]:
    if this.coverage is None:
        return {"coverage": ui.MISSING}
    below = f"{this.below} of {this.reports} below" if this.below else ""
    return {
        "coverage": f"{this.coverage:.0f}%", "bar": f"{min(this.coverage, 100):.1f}",
        "gate": str(settings.COVERAGE_GATE), "below": below,
    }  # fmt: skip


def _number(span: timedelta | None) -> float | None:
    return span.total_seconds() / 86400 if span is not None else None


def _days(span: timedelta | None) -> str:
    """“4.2”: days, as on the page."""
    return f"{span.total_seconds() / 86400:.1f}" if span is not None else ui.MISSING


# --- the rows behind a team's numbers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Behind:
    """What happened in a week: the numbers again, and the rows that add up to them, the newest first."""

    this: Vital
    runs: list[dict[str, Any]]
    merges: list[dict[str, Any]]
    more_runs: int
    more_merges: int
    sentence: str


def behind(got: Gathered) -> Behind:
    """Of the scope's own team and all below it that deliver."""
    ids = [one.pk for one in got.teams]
    start, end = got.week.bounds(settings.ORGANISATION_ZONE)[0], got.end
    runs = PipelineRun.objects.current().filter(
        team__in=ids, on_main=True, outcome__in=("success", "failure"), finished_at__gte=start,
        finished_at__lt=end,
    )  # fmt: skip
    merges = (
        Change.objects.current()
        .filter(
            deployed_changes__deployment__team__in=ids,
            deployed_changes__deployment__superseded_at=None,
            opened_at__isnull=False,
            merged_at__gte=start,
            merged_at__lt=end,
        )
        .distinct()
    )
    ran = list(runs.select_related("service").order_by("-finished_at", "-pk"))
    merged = [one for one in merges.order_by("-merged_at", "-pk") if one.opened_at <= one.merged_at]
    passed = sum(one.outcome == "success" for one in ran)
    said = f"{passed} of {ui.plural(len(ran), 'run')} on the main branch passed" if ran else "No run ended"
    return Behind(
        _whole(got), [_run(one) for one in ran[:MOST_ROWS]], [_merge(one) for one in merged[:MOST_ROWS]],
        max(len(ran) - MOST_ROWS, 0), max(len(merged) - MOST_ROWS, 0),
        f"{said}; {ui.plural(len(merged), 'change was,changes were')} opened and merged.",
    )  # fmt: skip


def _whole(got: Gathered) -> Vital:
    own = got.vitals.get(got.team.pk)
    return own[-1] if own else Vital(week=got.week)


def _run(one: Any) -> dict[str, Any]:
    low = one.coverage is not None and one.coverage < settings.COVERAGE_GATE
    took = one.finished_at - one.started_at if one.started_at and one.started_at <= one.finished_at else None
    return {
        "url": one.url,
        "cells": [
            {"text": one.workflow, "sub": f"{one.service.title} · {one.sha[:10]}"},
            {"state": "ok" if one.outcome == "success" else "late",
             "text": "Passed" if one.outcome == "success" else "Failed"},
            ui.duration(took, "short"),
            {"text": f"{one.coverage:.1f}%", "sub": "below the gate" if low else ""} if one.coverage is not None
            else ui.MISSING,
            ui.instant(one.finished_at),
        ],
    }  # fmt: skip


def _merge(one: Any) -> dict[str, Any]:
    return {
        "url": one.url,
        "cells": [{"text": one.title or one.sha[:10]}, _days(one.merged_at - one.opened_at), ui.instant(one.opened_at),
                  ui.instant(one.merged_at)],
    }  # fmt: skip
