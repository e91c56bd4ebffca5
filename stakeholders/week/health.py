"""Delivery team by team: one row for each team that delivers, with what is known and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from metrics import dora
from metrics.rollups import Pooled
from teams import attrition
from teams.models import Team
from teams.templatetags import ui

from .changes import lasted, measure_url
from .fresh import behind, telling, until
from .gather import WEEKS, Disruption, Gathered, whole

MOST = 40  # rows; a larger scope is read group by group
LOW_BAND = 0.15  # beyond it a failure rate is in DORA's lowest band of 2023


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One team. `blank` says why there are no numbers, `connect` leads to mending that for those who may."""

    name: str
    url: str
    blank: str = ""
    connect: str = ""
    stale: str = ""
    stale_incidents: str = ""
    deployments: str = ""
    deployments_url: str = ""
    spark: list[float | None] | None = None
    lead: str = ""
    lead_note: str = ""
    lead_url: str = ""
    failed: str = ""
    failed_note: str = ""
    failed_tone: str = ""
    failed_url: str = ""
    open: int | None = None
    open_words: str = ""
    open_note: str = ""
    open_url: str = ""
    seniors: str = ""
    seniors_note: str = ""


def rows(gathered: Gathered) -> list[Row]:
    """All rows in the order of the tree, those without numbers last; the page shows the first MOST."""
    owning = owners(gathered)
    found = [_row(team, gathered, owning) for team in gathered.teams if belongs(team, gathered, owning)]
    return sorted(found, key=lambda row: bool(row.blank))


def owners(gathered: Gathered) -> set[int]:
    """Teams with numbers: they own a service, or owned it when something happened in the weeks shown."""
    own = {team for service in gathered.services for team in (service.team, service.team_now)}
    return own | set(gathered.series)


def belongs(team: Team, gathered: Gathered, owning: set[int]) -> bool:
    if team.closed_at is not None and team.closed_at < gathered.start:
        return False
    return not team.is_group or team.pk in owning


def _row(team: Team, gathered: Gathered, owning: set[int]) -> Row:
    people = seniors(team, gathered)
    url = reverse("stakeholders:week_of", args=[team.slug, gathered.week.label])
    if team.pk not in owning:
        own = [feed for feed in gathered.feeds if feed.team == team.pk]
        may = team.pk in gathered.may_connect and not own
        connect = reverse("metrics:connect", args=[team.slug]) if may else ""
        return Row(name=team.name, url=url, blank=blank(team, has_source=bool(own)), connect=connect, **people)
    series = gathered.series.get(team.pk) or [Pooled(gathered.week)] * (WEEKS + 1)
    return Row(name=team.name, url=url, **people, **_stale(team, gathered), **_numbers(team, series, gathered))


def blank(team: Team, *, has_source: bool) -> str:
    if has_source:
        return "Connected; no deployment or incident read yet"
    return "External; no source connected" if team.kind == Team.Kind.VENDOR else "No source connected"


def _stale(team: Team, gathered: Gathered) -> dict[str, Any]:
    own = {service.source for service in gathered.services if service.team == team.pk}
    late = [feed for feed in behind(gathered) if feed.now.pk in own]
    deploying, breaking = telling(late, deployments=True), telling(late, incidents=True)
    return {"stale": until(deploying), "stale_incidents": until(breaking) if breaking != deploying else ""}


def _numbers(team: Team, series: list[Pooled], gathered: Gathered) -> dict[str, Any]:
    this = series[-1]
    quiet = not this.deployments
    open_now = [one for one in gathered.disruptions if one.team == team.pk and one.resolved_at is None]
    rate = this.failure_rate if this.deployments >= dora.FEW else None
    return {
        "deployments": ui.count(this.deployments),
        "deployments_url": measure_url(team.slug, "deployment-frequency", gathered),
        "spark": whole([float(one.deployments) for one in series[-WEEKS:]], gathered),
        "lead": ui.duration(this.lead, "short"),
        "lead_note": "few changes" if 0 < this.changes < dora.FEW else "",
        "lead_url": measure_url(team.slug, "lead-time", gathered),
        "failed": ui.MISSING if quiet else f"{this.failed} of {this.deployments}" if rate is None else ui.percent(rate),
        "failed_note": "" if quiet else "few" if rate is None else f"{this.failed} of {this.deployments}",
        "failed_tone": "risk" if rate is not None and rate > LOW_BAND else "",
        "failed_url": measure_url(team.slug, "change-failure-rate", gathered),
        **_open(team, open_now, gathered),
    }


def _open(team: Team, disruptions: list[Disruption], gathered: Gathered) -> dict[str, Any]:
    if not gathered.incident_source:
        return {"open": None, "open_note": "no incident source"}
    oldest = max((lasted(one, gathered) for one in disruptions), default=None)
    return {
        "open": len(disruptions),
        "open_words": _open_words(len(disruptions), ui.duration(oldest, "short")),
        "open_url": measure_url(team.slug, "time-to-restore", gathered),
    }


def _open_words(count: int, oldest: str) -> str:
    return f"1 for {oldest}" if count == 1 else f"{count}, oldest {oldest}"


def seniors(team: Team, gathered: Gathered) -> dict[str, Any]:
    """Counts and never a percentage: squads are small."""
    stints = gathered.stints.get(team.pk, [])
    if not stints:
        return {"seniors": ui.MISSING, "seniors_note": "" if team.kind != Team.Kind.VENDOR else "not measured"}
    until = min(gathered.week.sunday, gathered.now.astimezone(settings.ORGANISATION_ZONE).date())
    year = attrition.retention(stints, until=until, seniors_only=True)
    if not year.cohort:
        return {"seniors": ui.MISSING, "seniors_note": "none a year ago"}
    return {"seniors": f"{year.stayed} of {year.cohort} stayed", "seniors_note": ", ".join(year.details)}


def below(gathered: Gathered) -> int:
    """How many open teams there are under the scope's own."""
    return sum(team.closed_at is None and team.pk != gathered.team.pk for team in gathered.teams)


def measured(gathered: Gathered) -> tuple[int, int]:
    """(teams that deliver and have a service, teams that deliver)."""
    owning = owners(gathered)
    delivering = [team for team in gathered.teams if team.closed_at is None and belongs(team, gathered, owning)]
    return sum(team.pk in owning for team in delivering), len(delivering)
