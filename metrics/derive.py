"""What follows from stored facts: which deployment an incident is put down to, and which deployments were bad.

The definitions are in `linking.py`; here they are applied to the rows of a few services, and only what differs is
written. Whoever writes a fact marks its service, in the same transaction; `history.relink` works the marked ones out.
A service with years of facts is so read once for a hundred pages, and links have one writer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from . import linking
from .events import Answer
from .models import Change, DeployedChange, Deployment, DirtyLinks, DirtyWeek, Failure, Incident, IncidentLink


def mark(moments: Iterable[tuple[int, datetime]]) -> None:
    """Mark the weeks around (service, moment) dirty."""
    DirtyWeek.objects.bulk_create([DirtyWeek(service_id=service, at=at) for service, at in moments], batch_size=2000)


def mark_links(services: Iterable[int]) -> None:
    """Have what belongs to the deployments of `services` worked out anew, once for all that is written meanwhile."""
    DirtyLinks.objects.bulk_create([DirtyLinks(service_id=service) for service in sorted(set(services))])


def links_and_failures(services: Iterable[int]) -> None:
    """Bring incident links and the evidence of failed deployments of `services` up to date."""
    wanted = set(services)
    wanted |= _link_incidents(wanted)
    deployments = deployments_as_facts(wanted)
    _write_failures(wanted, _evidence(wanted, deployments), deployments)


def deployments_as_facts(services: Iterable[int]) -> list[linking.Deploy]:
    """The deployments of `services` that count and have a date, oldest first; their ids are those of the rows."""
    rows = list(
        Deployment.objects.filter(service__in=services, superseded_at=None, finished_at__isnull=False)
        .order_by("finished_at", "provider_id")  # not by row: what is told later must not come out otherwise
        .values_list(
            *("pk", "service_id", "environment", "sha", "started_at", "finished_at", "outcome", "production"),
            *("answer", "answers", "source_id", "provider_id"),
        )
    )
    of = {(source, key): str(pk) for pk, *_, source, key in rows}
    return [
        linking.Deploy(
            id=str(pk),
            service=str(service),
            environment=environment,
            sha=sha,
            started_at=started_at,
            finished_at=finished_at,
            successful=outcome == "success",
            production=production,
            answer=Answer(answer) if answer else None,
            answers=of.get((source, answers), ""),
        )
        for (
            pk,
            service,
            environment,
            sha,
            started_at,
            finished_at,
            outcome,
            production,
            answer,
            answers,
            source,
            _,
        ) in rows
    ]


# --- incidents -------------------------------------------------------------------------------------------------------


def _link_incidents(services: set[int]) -> set[int]:
    """Put each incident down to a deployment; the services whose deployments are touched by that.

    An incident may name a deployment of another service; what we work out ourselves stays within its own. A person's
    correction stays as it is.
    """
    keys = Deployment.objects.filter(service__in=services).values("provider_id")
    telling = Q(service__in=services) | (~Q(caused_by="") & Q(caused_by__in=keys))
    rows = Incident.objects.filter(telling).exclude(link__how=linking.How.PERSON)
    incidents = list(rows.select_related("link__deployment"))
    deployments = deployments_as_facts({one.service_id for one in incidents})
    named = Deployment.objects.filter(provider_id__in={one.caused_by for one in incidents if one.caused_by})
    of = {(source, key): str(pk) for source, key, pk in named.values_list("source_id", "provider_id", "pk")}
    facts = [
        linking.IncidentFact(
            id=str(one.pk),
            service=str(one.service_id),
            started_at=one.started_at,
            resolved_at=one.resolved_at,
            names=of.get((one.source_id, one.caused_by), "") if one.caused_by else "",
        )
        for one in incidents
        if one.superseded_at is None
    ]
    found = linking.link_incidents(facts, deployments, window=timedelta(hours=settings.INCIDENT_WINDOW_HOURS))
    stale: list[int] = []
    new: list[IncidentLink] = []
    moved: list[tuple[int, datetime]] = []
    touched: set[str] = set()
    for one in incidents:
        held: IncidentLink | None = getattr(one, "link", None)
        link = found.get(str(one.pk))
        wanted = (int(link.deployment), str(link.how)) if link and link.deployment else None
        touched |= {link.deployment} if link and link.deployment else set()
        touched |= {str(held.deployment_id)} if held else set()
        if wanted == ((held.deployment_id, held.how) if held else None):
            continue
        if held:
            stale.append(held.pk)
        if wanted:
            new.append(IncidentLink(incident=one, deployment_id=wanted[0], how=wanted[1]))
        if one.resolved_at:  # a recovery time runs from the deployment that the incident is put down to
            moved.append((one.service_id, one.resolved_at))
    IncidentLink.objects.filter(pk__in=stale).exclude(how=linking.How.PERSON).delete()  # corrected this very moment
    IncidentLink.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    mark(moved)
    return set(Deployment.objects.filter(pk__in=touched).values_list("service_id", flat=True))


# --- evidence that a deployment was bad ------------------------------------------------------------------------------


class _Shown(NamedTuple):
    """One row of evidence, as the table holds it."""

    deployment: int
    how: str
    incident: int | None = None
    answer: int | None = None
    change: int | None = None


def _evidence(services: set[int], deployments: list[linking.Deploy]) -> set[_Shown]:
    """What rollbacks, hotfixes, reverts and incidents show of the deployments that reached users."""
    counted = {one.id: one for one in deployments if one.successful and one.production}
    shown = {
        _Shown(int(target), str(counted[answer].answer), answer=int(answer))
        for answer, target in linking.answered(deployments).items()
        if target in counted
    }
    shown |= {
        _Shown(int(bad), "revert", answer=int(answer), change=change)
        for bad, answer, change in _reverts(services, deployments)
    }
    links = IncidentLink.objects.filter(deployment__service__in=services, incident__superseded_at=None)
    for incident, deployment in links.values_list("incident_id", "deployment_id"):
        if str(deployment) in counted:
            shown.add(_Shown(deployment, "incident", incident=incident))
    return shown


def _reverts(services: set[int], deployments: list[linking.Deploy]) -> list[tuple[str, str, int]]:
    """(bad deployment, the one with the revert, the change that reverts). Loads only reverts and what they name."""
    sources = Deployment.objects.filter(service__in=services).values("source_id").distinct()
    reverting = Change.objects.filter(source__in=sources, superseded_at=None).exclude(reverts="")
    named = dict(reverting.values_list("sha", "reverts"))
    if not named:
        return []
    carried = DeployedChange.objects.filter(deployment__service__in=services, change__superseded_at=None).filter(
        Q(change__sha__in=named.keys()) | Q(change__sha__in=set(named.values()))
    )
    changes: dict[str, list[str]] = defaultdict(list)
    of: dict[tuple[str, str], int] = {}
    for deployment, sha, pk in carried.values_list("deployment_id", "change__sha", "change_id").order_by("pk"):
        changes[str(deployment)].append(sha)
        of[str(deployment), sha] = pk
    undone = linking.reverted(changes, named, deployments)
    return [(one.bad, one.answer, of[one.answer, one.revert]) for one in undone]


def _write_failures(services: set[int], wanted: set[_Shown], deployments: list[linking.Deploy]) -> None:
    """Write the difference between the evidence and what the table holds, and mark the weeks of both ends."""
    rows = Failure.objects.filter(deployment__service__in=services)
    held = {_Shown(row.deployment_id, row.how, row.incident_id, row.answer_id, row.change_id): row.pk for row in rows}
    gone, new = held.keys() - wanted, wanted - held.keys()
    Failure.objects.filter(pk__in=[held[one] for one in gone]).delete()
    Failure.objects.bulk_create(
        [
            Failure(
                deployment_id=one.deployment, how=one.how, incident_id=one.incident, answer_id=one.answer,
                change_id=one.change,
            )
            for one in sorted(new, key=str)
        ],
        batch_size=1000,
    )  # fmt: skip
    touched = {str(pk) for one in gone | new for pk in (one.deployment, one.answer) if pk}
    mark({(int(one.service), one.finished_at) for one in deployments if one.id in touched})
