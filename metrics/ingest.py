"""The only writer of facts: providers' dataclasses in, rows out, each natural key once however often it is told.

A fact that is older than what we hold never wins. Facts that a source takes back are marked, not deleted. Every week
whose numbers a write may change is marked dirty in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection

from . import derive
from .events import ChangeSeen, ChangesGone, DeploymentSeen, DeploymentsStand, Event, IncidentSeen
from .models import Service, Source

Kind = TypeVar("Kind")


@dataclass(slots=True)
class Stored:
    """What a write did: rows that are new, rows that changed, and the services that it touched."""

    new: int = 0
    changed: int = 0
    services: set[int] = field(default_factory=set)


def store(source: Source, events: Sequence[Event], *, now: datetime) -> Stored:
    """Store `events` of `source` within the caller's transaction; the same events again change nothing."""
    assert connection.in_atomic_block, "store() writes together with the cursor or the inbox row it came from"
    done = Stored()
    _changes(source, _of(events, ChangeSeen), done, now)
    _deployments(source, _of(events, DeploymentSeen), done, now)
    _incidents(source, _of(events, IncidentSeen), done, now)
    for stand in _of(events, DeploymentsStand):
        _deployments_stand(source, stand, done, now)
    for gone in _of(events, ChangesGone):
        _changes_gone(source, gone, done, now)
    if done.services:
        derive.links_and_failures(done.services)
    return done


def _of(events: Iterable[Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


# --- changes ---------------------------------------------------------------------------------------------------------

_CHANGE_FIELDS = [
    "sha",
    "title",
    "author",
    "first_commit_at",
    "opened_at",
    "first_review_at",
    "approved_at",
    "merged_at",
    "reverts",
    "time_note",
    "url",
]


def _changes(source: Source, seen: list[ChangeSeen], done: Stored, now: datetime) -> None:
    if not seen:
        return
    rows = ((*(_plain(getattr(one, name)) for name in _CHANGE_FIELDS), one.updated_at) for one in seen)
    written = _upsert("metrics_change", source, "sha", _CHANGE_FIELDS, rows, now)
    done.new += sum(inserted for _, inserted in written)
    old = [pk for pk, inserted in written if not inserted]
    done.changed += len(old)
    if old:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO metrics_dirtyweek (service_id, at)
                SELECT DISTINCT service_id, finished_at FROM metrics_deployment d
                  JOIN metrics_deployedchange dc ON dc.deployment_id = d.id
                 WHERE dc.change_id = ANY(%s) AND d.finished_at IS NOT NULL
                """,
                [old],
            )


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


def _deployments(source: Source, seen: list[DeploymentSeen], done: Stored, now: datetime) -> None:
    if not seen:
        return
    services = _services(source, {one.service for one in seen})
    done.services.update(services.values())
    keys = [one.provider_id for one in seen]
    before = _known(source, keys)
    rows = (
        (
            *(one.provider_id, services[one.service], one.environment, one.production, one.sha, one.ref),
            *(str(one.outcome), one.raw_outcome, one.started_at, one.finished_at),
            *(
                str(one.answer or ""),
                one.answers,
                one.base or "",
                one.base is not None,
                one.note,
                one.url,
                one.updated_at,
            ),
        )
        for one in seen
    )
    written = _upsert("metrics_deployment", source, "provider_id", _DEPLOYMENT_FIELDS, rows, now)
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

_INCIDENT_FIELDS = ["provider_id", "service_id", "title", "severity", "started_at", "resolved_at", "caused_by", "url"]


def _incidents(source: Source, seen: list[IncidentSeen], done: Stored, now: datetime) -> None:
    if not seen:
        return
    services = _services(source, {one.service for one in seen})
    done.services.update(services.values())
    keys = [one.provider_id for one in seen]
    before = _incident_times(source, keys)
    rows = (
        (
            *(one.provider_id, services[one.service], _plain(one.title)[:300], one.severity[:40]),
            *(one.started_at, one.resolved_at, one.caused_by, one.url, one.updated_at),
        )
        for one in seen
    )
    written = _upsert("metrics_incident", source, "provider_id", _INCIDENT_FIELDS, rows, now)
    done.new += sum(inserted for _, inserted in written)
    done.changed += sum(not inserted for _, inserted in written)
    derive.mark({*before, *_incident_times(source, keys)} if written else ())


def _incident_times(source: Source, keys: list[str]) -> list[tuple[int, datetime]]:
    rows = source.incidents.filter(provider_id__in=keys, resolved_at__isnull=False)
    return [(service, at) for service, at in rows.values_list("service_id", "resolved_at") if at]


# --- shared ----------------------------------------------------------------------------------------------------------


def _services(source: Source, names: set[str]) -> dict[str, int]:
    """Provider's name → service id. A new one belongs to the team that the settings name, or the source's."""
    known = dict(source.services.filter(name__in=names).values_list("name", "pk"))
    owners = source.settings.get("owners", {})
    for name in sorted(names - known.keys()):
        made, _ = Service.objects.get_or_create(
            source=source,
            name=name[:200],
            defaults={"title": name or source.name, "team_id": owners.get(name, source.team_id)},
        )
        known[name] = made.pk
    return known


def _plain(value: Any) -> Any:
    """Text that PostgreSQL can hold."""
    return value.replace("\x00", "") if isinstance(value, str) else value


def _upsert(
    table: str, source: Source, key: str, fields: Sequence[str], rows: Iterable[tuple[Any, ...]], now: datetime
) -> list[tuple[int, bool]]:
    """(id, was it inserted) of each row that is new or differs. The rows end in provider_updated_at.

    Staged by COPY; of several rows with one key the latest counts; a row older than what we hold changes nothing.
    """
    columns = [*fields, "provider_updated_at"]
    listed = ", ".join(columns)
    differs = ", ".join(f"held.{name}" for name in columns), ", ".join(f"excluded.{name}" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {listed}, 0 AS place FROM {table} WITH NO DATA"  # noqa: S608
        )
        with cursor.copy(f"COPY staged ({listed}, place) FROM STDIN") as copy:
            for place, row in enumerate(rows):
                copy.write_row((*row, place))
        cursor.execute(
            f"""
            INSERT INTO {table} AS held (source_id, seen_at, {listed})
            SELECT %s, %s, {listed} FROM (
                SELECT DISTINCT ON ({key}) * FROM staged ORDER BY {key}, provider_updated_at DESC NULLS LAST, place DESC
            ) latest ORDER BY place
            ON CONFLICT (source_id, {key}) DO UPDATE
               SET {", ".join(f"{name} = excluded.{name}" for name in columns)}, superseded_at = NULL
             WHERE coalesce(excluded.provider_updated_at, '-infinity')
                   >= coalesce(held.provider_updated_at, '-infinity')
               AND (held.superseded_at IS NOT NULL OR ({differs[0]}) IS DISTINCT FROM ({differs[1]}))
            RETURNING id, xmax = 0
            """,  # noqa: S608 (table and column names are ours)
            [source.pk, now],
        )
        written: list[tuple[int, bool]] = cursor.fetchall()
        cursor.execute("DROP TABLE staged")
    return written
