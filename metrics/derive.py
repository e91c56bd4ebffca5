"""What follows from stored facts: which deployment an incident is put down to, and which deployments were bad.

The definitions are in `linking.py`; here they are applied to the rows of a few services, and only what differs is
written. Part of `ingest`: it runs within the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from . import linking
from .events import Answer
from .models import Deployment, DirtyWeek, Incident, IncidentLink


def mark(moments: Iterable[tuple[int, datetime]]) -> None:
    """Mark the weeks around (service, moment) dirty."""
    DirtyWeek.objects.bulk_create([DirtyWeek(service_id=service, at=at) for service, at in moments], batch_size=2000)


def links_and_failures(services: Iterable[int]) -> None:
    """Bring incident links and the evidence of failed deployments of `services` up to date."""
    wanted = sorted(services)
    _link_by_time(wanted)
    _link_incidents(wanted)
    _failures(wanted)


def deployments_as_facts(services: Iterable[int]) -> dict[int, list[linking.Deploy]]:
    """service → its deployments that count and have a date, as `linking` wants them."""
    found: dict[int, list[linking.Deploy]] = defaultdict(list)
    rows = Deployment.objects.filter(service__in=services, superseded_at=None, finished_at__isnull=False).order_by("finished_at", "pk")
    for row in rows.values_list("pk", "service_id", "environment", "sha", "finished_at", "outcome", "production", "answer"):
        pk, service, environment, sha, finished_at, outcome, production, answer = row
        assert finished_at is not None  # noqa: S101 (asked for above; for the type checker)
        found[service].append(
            linking.Deploy(
                id=str(pk), service=str(service), environment=environment, sha=sha, finished_at=finished_at,
                successful=outcome == "success", production=production, answer=Answer(answer) if answer else None,
            )
        )  # fmt: skip
    return found


def _link_by_time(services: list[int]) -> None:
    """Where ancestry is not known: each change goes to the first deployment that finished after it was merged."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH ours AS (
                SELECT id, source_id, linked_by, finished_at, service_id,
                       lag(finished_at) OVER (PARTITION BY service_id, environment ORDER BY finished_at, id) AS since
                  FROM metrics_deployment
                 WHERE service_id = ANY(%s) AND production AND outcome = 'success'
                   AND superseded_at IS NULL AND finished_at IS NOT NULL
            ), tied AS (
                INSERT INTO metrics_deployedchange (deployment_id, change_id, how)
                SELECT ours.id, change.id, 'time' FROM ours
                  JOIN metrics_change change ON change.source_id = ours.source_id AND change.superseded_at IS NULL
                   AND change.merged_at > ours.since AND change.merged_at <= ours.finished_at
                 WHERE ours.linked_by <> 'ancestry' AND ours.since IS NOT NULL
                   AND NOT EXISTS (
                       SELECT FROM metrics_deployedchange other JOIN metrics_deployment d ON d.id = other.deployment_id
                        WHERE other.change_id = change.id AND d.service_id = ours.service_id
                   )
                ON CONFLICT DO NOTHING RETURNING deployment_id
            ), named AS (
                UPDATE metrics_deployment SET linked_by = 'time' WHERE id IN (SELECT deployment_id FROM tied)
            )
            INSERT INTO metrics_dirtyweek (service_id, at)
            SELECT DISTINCT d.service_id, d.finished_at FROM tied JOIN metrics_deployment d ON d.id = tied.deployment_id
            """,
            [services],
        )


def _link_incidents(services: list[int]) -> None:
    """Put each incident down to a deployment of its own service; a person's correction stays as it is."""
    deployments = deployments_as_facts(services)
    window = timedelta(hours=settings.INCIDENT_WINDOW_HOURS)
    incidents = Incident.objects.filter(service__in=services).exclude(link__how=linking.How.PERSON)
    named = {
        (source, key): str(pk)
        for source, key, pk in Deployment.objects.filter(
            service__in=services, provider_id__in=incidents.exclude(caused_by="").values("caused_by")
        ).values_list("source_id", "provider_id", "pk")
    }
    held = {link.incident_id: link for link in IncidentLink.objects.filter(incident__in=incidents)}
    stale: list[int] = []
    moved: list[tuple[int, datetime]] = []
    for incident in incidents:
        found = None
        if incident.superseded_at is None:
            fact = linking.IncidentFact(
                id=str(incident.pk), service=str(incident.service_id), started_at=incident.started_at,
                resolved_at=incident.resolved_at, names=named.get((incident.source_id, incident.caused_by), ""),
            )  # fmt: skip
            found = linking.link_incident(fact, deployments.get(incident.service_id, []), window=window)
        link = held.get(incident.pk)
        if found is None or found.deployment is None:
            if link:
                stale.append(link.pk)
                moved += [(incident.service_id, incident.resolved_at)] if incident.resolved_at else []
        elif link is None or (link.deployment_id, link.how) != (int(found.deployment), found.how):
            IncidentLink.objects.update_or_create(
                incident=incident, defaults={"deployment_id": int(found.deployment), "how": found.how}
            )
            moved += [(incident.service_id, incident.resolved_at)] if incident.resolved_at else []
    IncidentLink.objects.filter(pk__in=stale).delete()
    mark(moved)  # a recovery time runs from the deployment that the incident is put down to


def _failures(services: list[int]) -> None:
    """Compare the evidence with what follows from the facts; write the difference and mark its weeks."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH ours AS MATERIALIZED (
                SELECT id, source_id, service_id, provider_id, finished_at, answer, answers FROM metrics_deployment
                 WHERE service_id = ANY(%(services)s) AND production AND outcome = 'success'
                   AND superseded_at IS NULL AND finished_at IS NOT NULL
            ), wanted AS MATERIALIZED (
                SELECT bad.id AS deployment_id, answer.answer AS how, NULL::bigint AS incident_id,
                       answer.id AS answer_id, NULL::bigint AS change_id
                  FROM ours answer
                  JOIN ours bad ON bad.source_id = answer.source_id AND bad.provider_id = answer.answers
                   AND bad.service_id = answer.service_id
                 WHERE answer.answer <> ''
                UNION
                SELECT bad.id, 'revert', NULL, answer.id, change.id
                  FROM metrics_change change
                  JOIN metrics_deployedchange carried ON carried.change_id = change.id
                  JOIN ours answer ON answer.id = carried.deployment_id
                  JOIN metrics_change undone ON undone.source_id = change.source_id AND undone.sha = change.reverts
                  JOIN metrics_deployedchange brought ON brought.change_id = undone.id
                  JOIN ours bad ON bad.id = brought.deployment_id AND bad.service_id = answer.service_id
                 WHERE change.reverts <> '' AND change.superseded_at IS NULL
                   AND bad.finished_at < answer.finished_at AND answer.finished_at <= bad.finished_at + make_interval(secs => %(window)s)
                UNION
                SELECT bad.id, 'incident', link.incident_id, NULL, NULL
                  FROM metrics_incidentlink link
                  JOIN metrics_incident incident ON incident.id = link.incident_id AND incident.superseded_at IS NULL
                  JOIN ours bad ON bad.id = link.deployment_id AND bad.service_id = incident.service_id
            ), held AS MATERIALIZED (
                SELECT failure.* FROM metrics_failure failure
                  JOIN metrics_deployment d ON d.id = failure.deployment_id WHERE d.service_id = ANY(%(services)s)
            ), gone AS (
                DELETE FROM metrics_failure WHERE id IN (
                    SELECT held.id FROM held LEFT JOIN wanted
                        ON wanted.deployment_id = held.deployment_id AND wanted.how = held.how
                       AND (wanted.incident_id, wanted.answer_id, wanted.change_id)
                           IS NOT DISTINCT FROM (held.incident_id, held.answer_id, held.change_id)
                     WHERE wanted.deployment_id IS NULL
                ) RETURNING deployment_id, answer_id
            ), new AS (
                INSERT INTO metrics_failure (deployment_id, how, incident_id, answer_id, change_id)
                SELECT deployment_id, how, incident_id, answer_id, change_id FROM wanted
                ON CONFLICT DO NOTHING RETURNING deployment_id, answer_id
            )
            INSERT INTO metrics_dirtyweek (service_id, at)
            SELECT DISTINCT d.service_id, d.finished_at
              FROM (SELECT * FROM gone UNION SELECT * FROM new) touched
              JOIN metrics_deployment d ON d.id IN (touched.deployment_id, touched.answer_id)
             WHERE d.finished_at IS NOT NULL
            """,
            {"services": services, "window": linking.REVERT_WINDOW.total_seconds()},
        )
