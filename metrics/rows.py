"""Facts as rows of a table: what one line says about a change, a deployment or an incident.

Whatever the number of rows, the evidence beside them costs a fixed number of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from teams.templatetags import ui

from . import dora
from .models import DeployedChange, Deployment, Failure, Incident, IncidentLink

# --- changes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change in one deployment. `lead` is None for one left out, with the reason in `why`."""

    id: int
    title: str
    url: str
    sha: str
    team: str
    team_slug: str
    service: str
    first_commit_at: datetime | None
    deployed_at: datetime
    deployment: str
    deployment_url: str
    by_time: bool
    parts: dora.LeadParts
    lead: timedelta | None
    why: str


def change_rows(carried: Iterable[DeployedChange]) -> list[ChangeRow]:
    return [_change_row(one) for one in carried]


def _change_row(one: DeployedChange) -> ChangeRow:
    change, deployment = one.change, one.deployment
    assert deployment.finished_at is not None  # noqa: S101 (a condition of `changes`)
    fact = dora.ChangeFact(
        sha=change.sha,
        deployment_id=str(deployment.pk),
        deployed_at=deployment.finished_at,
        first_commit_at=change.first_commit_at,
        opened_at=change.opened_at,
        first_review_at=change.first_review_at,
        approved_at=change.approved_at,
        merged_at=change.merged_at,
        time_note=change.time_note,
    )
    timed = dora.lead_time([fact])
    return ChangeRow(
        id=one.pk,
        title=change.title or change.sha[:10],
        url=change.url,
        sha=change.sha,
        team=deployment.team.name,
        team_slug=deployment.team.slug,
        service=deployment.service.title,
        first_commit_at=change.first_commit_at,
        deployed_at=deployment.finished_at,
        deployment=str(deployment),
        deployment_url=deployment.url,
        by_time=one.how == "time",
        parts=dora.lead_parts(fact),
        lead=timed.value,
        why=timed.left_out[0].reason if timed.left_out else "",
    )


# --- deployments -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that shows a deployment to have failed: an incident, a rollback, a hotfix or a revert."""

    how: str
    title: str
    url: str

    @property
    def word(self) -> str:
        return self.how.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRow:
    """One attempt to deploy. `answer`: why it was unplanned; `evidence`: why it failed; `why`: why it is left out."""

    id: int
    title: str
    url: str
    sha: str
    team: str
    team_slug: str
    service: str
    finished_at: datetime | None
    changes: int
    evidence: tuple[Evidence, ...]
    answer: str
    answered: str
    answered_url: str
    unplanned: bool
    why: str

    @property
    def failed(self) -> bool:
        return bool(self.evidence)


def deployment_rows(found: Sequence[Deployment]) -> list[DeploymentRow]:
    """Two queries for the evidence of all of them."""
    ids = [one.pk for one in found]
    shown: dict[int, list[Evidence]] = defaultdict(list)
    for one in Failure.objects.filter(deployment__in=ids).select_related("incident", "answer", "change").order_by("pk"):
        shown[one.deployment_id].append(_evidence(one))
    undone = {
        one.answer_id: one.deployment
        for one in Failure.objects.filter(answer__in=ids).select_related("deployment").order_by("-pk")
    }
    return [_deployment_row(one, tuple(shown[one.pk]), undone.get(one.pk)) for one in found]


def _evidence(failure: Failure) -> Evidence:
    shown = failure.incident or failure.change or failure.answer
    return Evidence(how=failure.how, title=str(shown or ""), url=shown.url if shown else "")


_OUT = {"failure": dora.FAILED_ATTEMPT, "cancelled": "Cancelled.", "unknown": "Its outcome is not known."}


def _deployment_row(one: Deployment, shown: tuple[Evidence, ...], undone: Deployment | None) -> DeploymentRow:
    unplanned = bool(getattr(one, "unplanned", False))
    why = "Its history was rewritten." if one.superseded_at else _OUT.get(one.outcome, "")
    return DeploymentRow(
        id=one.pk,
        title=str(one),
        url=one.url,
        sha=one.sha,
        team=one.team.name,
        team_slug=one.team.slug,
        service=one.service.title,
        finished_at=one.finished_at or one.started_at,
        changes=getattr(one, "carried", 0),
        evidence=shown,
        answer=one.answer.capitalize() or ("Reverts only" if unplanned else ""),
        answered=str(undone) if undone else "",
        answered_url=undone.url if undone else "",
        unplanned=unplanned,
        why=why if why or one.finished_at else "When it finished is not known.",
    )


# --- incidents -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident. `span`: to its end, or its age so far while it is open; `recovery`: from the bad deployment."""

    id: int
    title: str
    url: str
    severity: str
    team: str
    team_slug: str
    service: str
    started_at: datetime
    resolved_at: datetime | None
    span: timedelta
    recovery: timedelta | None
    deployment: str
    deployment_url: str
    how: str
    page: str  # where the link can be corrected


_HOW = {"named": "named by the incident", "answered": "taken back or mended", "window": "the latest before it",
        }  # fmt: skip


def how_linked(link: IncidentLink | None) -> str:
    """How we know: in words, for the deployment or the absence of one. "" when nobody said anything."""
    if link is None:
        return ""
    if link.corrected_by is not None and link.corrected_at is not None:
        return f"said by {link.corrected_by}, {ui.day(link.corrected_at)}"
    return _HOW.get(link.how, "")


def incident_rows(found: Iterable[Incident], now: datetime) -> list[IncidentRow]:
    return [_incident_row(one, now) for one in found]


def _incident_row(one: Incident, now: datetime) -> IncidentRow:
    link = getattr(one, "link", None)
    deployment = link.deployment if link else None
    finished = deployment.finished_at if deployment and deployment.superseded_at is None else None
    known = finished is not None and one.resolved_at is not None and finished <= one.resolved_at
    return IncidentRow(
        id=one.pk,
        title=one.title or one.provider_id,
        url=one.url,
        severity=one.severity,
        team=one.team.name,
        team_slug=one.team.slug,
        service=one.service.title,
        started_at=one.started_at,
        resolved_at=one.resolved_at,
        span=(one.resolved_at or now) - one.started_at,
        recovery=one.resolved_at - finished if known and one.resolved_at and finished else None,
        deployment=str(deployment) if deployment else "",
        deployment_url=deployment.url if deployment else "",
        how=how_linked(link),
        page=reverse("metrics:incident", args=[one.pk]),
    )
