"""The only writer of facts: providers' dataclasses in, rows out, each natural key once however often it is told.

A fact that is older than what we hold never wins. Facts that a source takes back are marked, not deleted. Every week
whose numbers a write may change, and every service whose links, is marked dirty in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection

from . import derive
from .attribution import BROKE, DEPLOYED
from .changes import store_changes, store_commits
from .events import (
    ChangeSeen,
    ChangesGone,
    CommitSeen,
    DeploymentSeen,
    DeploymentsStand,
    Event,
    IncidentSeen,
    RunSeen,
)
from .models import Service, Source
from .runs import not_said_any_more, store_runs
from .upsert import Said, Stored, plain, upsert

Kind = TypeVar("Kind")


def store(
    source: Source,
    events: Sequence[Event],
    *,
    now: datetime,
    origins: Mapping[int, str] | None = None,
    things: Collection[str] = (),
) -> Stored:
    """Store `events` of `source` within the caller's transaction; the same events again change nothing.

    `origins`: id() of an event → the observed thing that it follows from; `things`: all that were looked at. What
    followed from those before and is not among `events` any more is kept and no longer counted.
    """
    assert connection.in_atomic_block, "store() writes together with the cursor or the inbox row it came from"
    done = Stored()
    said = Said(source, dict(origins or {}), list(things), now)
    if commits := _of(events, CommitSeen):
        store_commits(said, commits, done)
    if changes := _of(events, ChangeSeen):
        store_changes(said, changes, done)
    _deployments(said, _of(events, DeploymentSeen), done)
    if runs := _of(events, RunSeen):
        store_runs(said, runs, _services(source, {one.service for one in runs if one.service}), done)
    _incidents(said, _of(events, IncidentSeen), done)
    if things:
        _no_longer_said(said, events, done)
    for stand in _of(events, DeploymentsStand):
        _deployments_stand(source, stand, done, now)
    for gone in _of(events, ChangesGone):
        _changes_gone(source, gone, done, now)
    if done.services:
        derive.mark_links(done.services)
    return done


def _of(events: Iterable[Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


# --- changes ---------------------------------------------------------------------------------------------------------


def _changes_gone(source: Source, gone: ChangesGone, done: Stored, now: datetime) -> None:
    """Mark the changes, and count again the weeks of the deployments that carried them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH gone AS (
                UPDATE metrics_change SET superseded_at = %s
                 WHERE source_id = %s AND sha = ANY(%s) AND superseded_at IS NULL RETURNING id
            ), carriers AS (
                SELECT DISTINCT d.id, d.service_id, d.finished_at FROM gone
                  JOIN metrics_deployedchange dc ON dc.change_id = gone.id
                  JOIN metrics_deployment d ON d.id = dc.deployment_id
            ), marked AS (
                INSERT INTO metrics_dirtyweek (service_id, at)
                SELECT service_id, finished_at FROM carriers WHERE finished_at IS NOT NULL
            )
            SELECT (SELECT count(*) FROM gone), array(SELECT DISTINCT service_id FROM carriers)
            """,
            [now, source.pk, list(gone.shas)],
        )
        count, services = cursor.fetchone()
    done.changed += count
    done.services.update(services)


# --- deployments -----------------------------------------------------------------------------------------------------

_DEPLOYMENT_FIELDS = [
    "provider_id",
    "service_id",
    "environment",
    "production",
    "repository",
    "origin",
    "sha",
    "ref",
    "outcome",
    "raw_outcome",
    "started_at",
    "finished_at",
    "answer",
    "answers",
    "base",
    "base_known",
    "note",
    "url",
]


# what `history` works out for providers that know no history of their own: a fact told again does not undo it
_WORKED_OUT = {
    "base": "CASE WHEN excluded.origin <> '' THEN held.base ELSE excluded.base END",
    "base_known": "CASE WHEN excluded.origin <> '' THEN held.base_known ELSE excluded.base_known END",
    "answer": "CASE WHEN held.answer_by_history AND excluded.answer = '' THEN held.answer ELSE excluded.answer END",
    "answers": "CASE WHEN held.answer_by_history AND excluded.answer = '' THEN held.answers ELSE excluded.answers END",
}


def _deployments(said: Said, seen: list[DeploymentSeen], done: Stored) -> None:
    if not seen:
        return
    source = said.source
    services = _services(source, {one.service for one in seen})
    done.services.update(services.values())
    keys = [one.provider_id for one in seen]
    before = _known(source, keys)
    rows = (
        (
            *(plain(one.provider_id), services[one.service], plain(one.environment)[:100], one.production),
            *(one.repository[:200], said.origin(one), one.sha[:64], plain(one.ref)[:300]),
            *(str(one.outcome), plain(one.raw_outcome)[:100], one.started_at, one.finished_at),
            *(
                str(one.answer or ""),
                one.answers,
                one.base or "",
                one.base is not None,
                plain(one.note)[:300],
                one.url[:500],
                one.updated_at,
            ),
        )
        for one in seen
    )
    written = upsert(
        "metrics_deployment", said, "provider_id", _DEPLOYMENT_FIELDS, rows, worked_out=_WORKED_OUT, dated=DEPLOYED
    )
    done.new += sum(inserted for _, inserted in written)
    done.changed += sum(not inserted for _, inserted in written)
    after = _known(source, keys)
    relinked = _carried(source, seen, after)
    touched = {pk for pk, _ in written} | relinked
    marks = {(row.service, row.finished_at) for row in (*before.values(), *after.values()) if row.pk in touched}
    derive.mark((service, at) for service, at in marks if at)


def _deployments_stand(source: Source, stand: DeploymentsStand, done: Stored, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metrics_deployment SET superseded_at = %s
             WHERE source_id = %s AND superseded_at IS NULL AND NOT provider_id = ANY(%s)
            RETURNING service_id, finished_at
            """,
            [now, source.pk, list(stand.provider_ids)],
        )
        gone = cursor.fetchall()
    done.changed += len(gone)
    done.services.update(service for service, _ in gone)
    derive.mark((service, at) for service, at in gone if at)


@dataclass(frozen=True, slots=True)
class _Known:
    pk: int
    service: int
    finished_at: datetime | None
    digest: str


def _known(source: Source, keys: list[str]) -> dict[str, _Known]:
    rows = source.deployments.filter(provider_id__in=keys).values_list(
        "provider_id", "pk", "service_id", "finished_at", "carried_digest"
    )
    return {key: _Known(pk, service, at, digest) for key, pk, service, at, digest in rows}


def _carried(source: Source, seen: list[DeploymentSeen], known: dict[str, _Known]) -> set[int]:
    """Tie deployments to the changes that they carried, where that is not as it was; the deployments re-tied."""
    wanted: dict[int, tuple[str, tuple[str, ...]]] = {}
    for one in seen:
        if one.carried is not None:
            digest = hashlib.sha256("\n".join([one.base or "", *sorted(one.carried)]).encode()).hexdigest()
            if known[one.provider_id].digest != digest:
                wanted[known[one.provider_id].pk] = (digest, one.carried)
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE carried (deployment_id bigint, sha text) ON COMMIT DROP")
        with cursor.copy("COPY carried FROM STDIN") as copy:
            for pk, (_, shas) in wanted.items():
                for sha in shas:
                    copy.write_row((pk, sha))
        cursor.execute("DELETE FROM metrics_deployedchange WHERE deployment_id = ANY(%s)", [list(wanted)])
        cursor.execute(
            """
            INSERT INTO metrics_deployedchange (deployment_id, change_id, how)
            SELECT DISTINCT carried.deployment_id, change.id, 'ancestry' FROM carried
              JOIN metrics_change change ON change.source_id = %s AND change.sha = carried.sha
            """,
            [source.pk],
        )
        # a deployment some of whose changes we do not hold yet keeps no digest: it is tied again next time
        cursor.execute(
            """
            UPDATE metrics_deployment d
               SET linked_by = 'ancestry',
                   carried_digest = CASE WHEN tied.count = wanted.count THEN wanted.digest ELSE '' END
              FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS wanted(id, digest, count)
              LEFT JOIN LATERAL (
                  SELECT count(*) FROM metrics_deployedchange dc WHERE dc.deployment_id = wanted.id
              ) tied ON true
             WHERE d.id = wanted.id
            """,
            [list(wanted), [digest for digest, _ in wanted.values()], [len(set(shas)) for _, shas in wanted.values()]],
        )
        cursor.execute("DROP TABLE carried")
    return set(wanted)


# --- incidents -------------------------------------------------------------------------------------------------------

_INCIDENT_FIELDS = [
    *("provider_id", "service_id", "origin", "title", "severity", "started_at", "resolved_at", "caused_by", "url"),
]


def _incidents(said: Said, seen: list[IncidentSeen], done: Stored) -> None:
    if not seen:
        return
    source = said.source
    services = _services(source, {one.service for one in seen})
    done.services.update(services.values())
    keys = [one.provider_id for one in seen]
    before = _incident_times(source, keys)
    rows = (
        (
            *(plain(one.provider_id), services[one.service], said.origin(one), plain(one.title)[:300]),
            *(plain(one.severity)[:40], one.started_at, one.resolved_at, one.caused_by[:300], one.url[:500]),
            one.updated_at,
        )
        for one in seen
    )
    written = upsert("metrics_incident", said, "provider_id", _INCIDENT_FIELDS, rows, dated=BROKE)
    done.new += sum(inserted for _, inserted in written)
    done.changed += sum(not inserted for _, inserted in written)
    derive.mark({*before, *_incident_times(source, keys)} if written else ())


def _incident_times(source: Source, keys: list[str]) -> list[tuple[int, datetime]]:
    rows = source.incidents.filter(provider_id__in=keys, resolved_at__isnull=False)
    return [(service, at) for service, at in rows.values_list("service_id", "resolved_at") if at]


# --- what is no longer said -------------------------------------------------------------------------------------------


def _no_longer_said(said: Said, events: Sequence[Event], done: Stored) -> None:
    """Facts that followed from these things before and do not any more: kept, not counted."""
    not_said_any_more(said, _of(events, RunSeen))
    keys = [one.provider_id for one in events if isinstance(one, DeploymentSeen)]
    incidents = [one.provider_id for one in events if isinstance(one, IncidentSeen)]
    about: dict[str, Any] = {"now": said.now, "source": said.source.pk, "things": said.things}
    with connection.cursor() as cursor:
        for table, at, told in (
            ("metrics_deployment", "finished_at", keys),
            ("metrics_incident", "resolved_at", incidents),
        ):
            cursor.execute(
                f"""
                UPDATE {table} SET superseded_at = %(now)s
                 WHERE source_id = %(source)s AND origin = ANY(%(things)s) AND superseded_at IS NULL
                   AND NOT provider_id = ANY(%(told)s)
                RETURNING service_id, {at}
                """,  # noqa: S608 (table and column names are ours)
                about | {"told": told},
            )
            gone = cursor.fetchall()
            done.changed += len(gone)
            done.services.update(service for service, _ in gone)
            derive.mark((service, moment) for service, moment in gone if moment)


# --- shared ----------------------------------------------------------------------------------------------------------


def _services(source: Source, names: set[str]) -> dict[str, int]:
    """Provider's name → service id. A new one belongs to the team that the settings name, or the source's."""
    known = dict(source.services.filter(name__in=names).values_list("name", "pk"))
    owners = source.settings.get("owners", {})
    for name in sorted(names - known.keys()):
        made, _ = Service.objects.get_or_create(
            source=source,
            name=name[:200],
            defaults={
                "title": name or source.name,
                "team_id": owners.get(name, source.settings.get("owner", source.team_id)),
            },
        )
        known[name] = made.pk
    return known
