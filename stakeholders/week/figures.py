"""The figures under the headline and the weeks beside it: counts of the whole scope, each with the week before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from metrics.rollups import Pooled
from teams.templatetags import ui

from . import health
from .changes import measure_url
from .facts import Facts
from .gather import WEEKS, Gathered, whole


@dataclass(frozen=True, slots=True)
class Bar:
    """A week in the drawing beside the headline; heights are hundredths of the highest bar."""

    week: int
    height: float
    failed_height: float
    words: str
    url: str
    current: bool

    @property
    def top(self) -> float:
        return 100 - self.height

    @property
    def failed_top(self) -> float:
        return 100 - self.failed_height


def totals(got: Gathered) -> list[Pooled]:
    """The counts of all teams, week by week; the times of one team say nothing of others and stay out."""
    weeks = [got.week.shift(back) for back in range(-WEEKS, 1)]
    found = [Pooled(week) for week in weeks]
    for series in got.series.values():
        found = [
            replace(
                total,
                deployments=total.deployments + one.deployments,
                failed=total.failed + one.failed,
                failed_attempts=total.failed_attempts + one.failed_attempts,
                changes=total.changes + one.changes,
                left_out=total.left_out + one.left_out,
            )
            for total, one in zip(found, series, strict=True)
        ]
    return found


def delivered(one: Pooled) -> int:
    """Those delivered, with and without a known lead time."""
    return one.changes + one.left_out


def strip(got: Gathered, facts: Facts, weeks: Sequence[Pooled]) -> list[dict[str, Any]]:
    shown, before, slug = weeks[-WEEKS:], facts.before, got.team.slug
    in_all = "in all of" if got.partial else "in"
    found: list[dict[str, Any]] = [
        {
            "label": "Deployments",
            "value": ui.count(facts.deployments),
            "note": f"{before.deployments} {in_all} week {before.week}" if before else "no week before it",
            "url": measure_url(slug, "deployment-frequency", got),
            "spark": whole([one.deployments for one in shown], got),
        },
        {
            "label": "Failed",
            "value": ui.count(facts.failed),
            "unit": f"of {facts.deployments}",
            "note": f"{before.failed} of {before.deployments} in week {before.week}" if before else "no week before it",
            "url": measure_url(slug, "change-failure-rate", got),
            "spark": whole([one.failed for one in shown], got),
            "tone": "risk" if facts.failed else "",
            "missing": "" if facts.deployments else "No deployments to fail",
        },
        _open_fact(got, facts),
        {
            "label": "Changes delivered",
            "value": ui.count(facts.changes),
            "note": f"{before.changes} {in_all} week {before.week}" if before else "no week before it",
            "url": measure_url(slug, "lead-time", got),
            "spark": whole([delivered(one) for one in shown], got),
        },
    ]
    with_service, all_teams = health.measured(got)
    if not got.one_team:
        blind = all_teams - with_service
        note = f"{ui.plural(blind, 'team has,teams have')} no source" if blind else "every team has a source"
        url = reverse("metrics:sources", args=[slug])
        found.append(
            {"label": "Measured", "value": with_service, "unit": f"of {all_teams} teams", "note": note, "url": url}
        )
    return found


def _open_fact(got: Gathered, facts: Facts) -> dict[str, Any]:
    then = sum(
        one.started_at < got.start and (one.resolved_at is None or one.resolved_at >= got.start)
        for one in got.disruptions
    )
    oldest = max(facts.open, key=lambda one: one.lasted, default=None)
    was = f"{then} a week before" if facts.before else "no week before it"
    return {
        "label": "Open incidents" if got.partial else "Open on Sunday",
        "value": len(facts.open),
        "note": f"oldest {oldest.words}; {was}" if oldest else was,
        "url": measure_url(got.team.slug, "time-to-restore", got),
        "missing": "" if got.incident_source else "No source of incidents is connected",
    }


def bars(got: Gathered, weeks: Sequence[Pooled]) -> list[Bar]:
    shown = weeks[-WEEKS:]
    top = max((one.deployments for one in shown), default=0)
    if not top:
        return []
    return [
        Bar(
            week=one.week.number,
            height=round(100 * one.deployments / top, 2),
            failed_height=round(100 * one.failed / top, 2),
            words=f"Week {one.week.number}: {ui.plural(one.deployments, 'deployment')}, {one.failed} failed",
            url=reverse("stakeholders:week_of", args=[got.team.slug, one.week.label]),
            current=one.week == got.week,
        )
        for one in shown
    ]
