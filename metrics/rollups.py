"""Weekly sums in SQL: one row per service, owner and ISO week, counted again only where a fact changed.

The definitions are `dora.py`'s; a property test holds the two equal. A row keeps every lead time and every restore
time of its week, so that the rows of any group are pooled exactly, however the tree of teams is cut.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from . import attribution, history
from .models import DirtyWeek, ServiceWeek
from .periods import Week

LOCK = 0x706C756D  # one rebuild at a time: a slower one must not overwrite a newer count
MARKS_AT_ONCE = 20_000
MANY = 20
LONGEST = 20.0  # seconds that a worker counts while others write on


def rebuild(*, now: datetime, wait: bool = True) -> int:
    """Link what is marked and count the dirty weeks again; the number of service weeks written.

    Safe beside writers and other rebuilds. With `wait=False` it leaves the work to another rebuild that is running,
    and what is marked while it works to the next.
    """
    written, until = 0, time.monotonic() + LONGEST
    while weeks := _rebuild_some(now, wait):
        written += weeks
        if not wait and time.monotonic() > until:
            break
    return written


@transaction.atomic
def _rebuild_some(now: datetime, wait: bool) -> int:
    zone = settings.ORGANISATION_ZONE
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        _mark_other_zones(cursor, zone.key)
        history.relink()
        # taken before counting: a mark made meanwhile is another row and stays for the next turn
        cursor.execute(
            """
            DELETE FROM metrics_dirtyweek
             WHERE id <= (SELECT max(id) FROM (SELECT id FROM metrics_dirtyweek ORDER BY id LIMIT %s) next)
            RETURNING service_id, at
            """,
            [MARKS_AT_ONCE],
        )
        weeks = sorted({(service, Week.of(at, zone)) for service, at in cursor.fetchall()})
        if len(weeks) > MANY:
            # after a large load PostgreSQL does not know the tables yet and would scan them for every week
            cursor.execute("ANALYZE metrics_deployment, metrics_deployedchange, metrics_change, metrics_failure")
        if weeks:
            _count(cursor, weeks, now)
    return len(weeks)


def _mark_other_zones(cursor, zone: str) -> None:  # type: ignore[no-untyped-def]  # of psycopg, wrapped by Django
    """Weeks counted in another zone than today's begin at another hour: count all of them again.

    So do the days of hand-overs: what happened in the hours between goes to its owner in this zone.
    """
    if not ServiceWeek.objects.exclude(zone=zone).exists():
        return
    attribution.attribute()
    cursor.execute("DELETE FROM metrics_serviceweek")
    cursor.execute(
        """
        INSERT INTO metrics_dirtyweek (service_id, at)
        SELECT DISTINCT service_id, finished_at FROM metrics_deployment WHERE finished_at IS NOT NULL
        UNION SELECT DISTINCT service_id, resolved_at FROM metrics_incident WHERE resolved_at IS NOT NULL
        """
    )


def _count(cursor, weeks: Sequence[tuple[int, Week]], now: datetime) -> None:  # type: ignore[no-untyped-def]  # of psycopg, wrapped by Django
    zone = settings.ORGANISATION_ZONE
    bounds = [week.bounds(zone) for _, week in weeks]
    # not updated in place: an owner whose facts went to another leaves no row behind
    cursor.execute(
        """
        DELETE FROM metrics_serviceweek held
         USING unnest(%s::bigint[], %s::date[]) AS asked(service_id, monday)
         WHERE held.service_id = asked.service_id AND held.monday = asked.monday
        """,
        [[service for service, _ in weeks], [week.monday for _, week in weeks]],
    )
    cursor.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(
                %(services)s::bigint[], %(mondays)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]
            ) AS asked(service_id, monday, starts, ends)
        ), week AS (
            SELECT asked.*, d.team_id FROM asked JOIN metrics_deployment d
                ON d.service_id = asked.service_id AND d.finished_at >= asked.starts AND d.finished_at < asked.ends
             UNION
            SELECT asked.*, i.team_id FROM asked JOIN metrics_incident i
                ON i.service_id = asked.service_id AND i.resolved_at >= asked.starts AND i.resolved_at < asked.ends
        )
        INSERT INTO metrics_serviceweek (
            service_id, team_id, monday, zone, deployments, deploy_days, failed_attempts, failed, rework,
            lead_seconds, left_out, restore_seconds, recovery_seconds, built_at
        )
        SELECT week.service_id, week.team_id, week.monday, %(zone)s,
               made.deployments, coalesce(made.days, '{}'), made.failed_attempts, made.failed, made.rework,
               coalesce(lead.seconds, '{}'), coalesce(lead.left_out, 0),
               coalesce(restored.seconds, '{}'), coalesce(restored.recovery, '{}'), %(now)s
          FROM week
         CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE good) AS deployments,
                   count(*) FILTER (WHERE outcome = 'failure') AS failed_attempts,
                   array_agg(DISTINCT (finished_at AT TIME ZONE %(zone)s)::date) FILTER (WHERE good) AS days,
                   count(*) FILTER (WHERE good AND bad) AS failed,
                   count(*) FILTER (WHERE good AND (answer <> '' OR only_reverts)) AS rework
              FROM (
                SELECT d.outcome, d.finished_at, d.answer, d.outcome = 'success' AS good,
                       EXISTS (SELECT FROM metrics_failure f WHERE f.deployment_id = d.id) AS bad,
                       d.outcome = 'success' AND EXISTS (
                           SELECT FROM metrics_failure f WHERE f.answer_id = d.id AND f.how = 'revert'
                       ) AND NOT EXISTS (
                           SELECT FROM metrics_deployedchange dc
                             JOIN metrics_change c ON c.id = dc.change_id AND c.superseded_at IS NULL
                            WHERE dc.deployment_id = d.id AND NOT EXISTS (
                               SELECT FROM metrics_failure f
                                WHERE f.answer_id = d.id AND f.change_id = dc.change_id AND f.how = 'revert'
                            )
                       ) AS only_reverts
                  FROM metrics_deployment d
                 WHERE d.service_id = week.service_id AND d.team_id = week.team_id
                   AND d.production AND d.superseded_at IS NULL
                   AND d.finished_at >= week.starts AND d.finished_at < week.ends
              ) one
         ) made
         CROSS JOIN LATERAL (
            SELECT array_agg(extract(epoch FROM d.finished_at - c.first_commit_at)::float8
                             ORDER BY d.finished_at - c.first_commit_at)
                       FILTER (WHERE c.first_commit_at <= d.finished_at) AS seconds,
                   count(*) FILTER (WHERE c.first_commit_at IS NULL OR c.first_commit_at > d.finished_at) AS left_out
              FROM metrics_deployment d
              JOIN metrics_deployedchange dc ON dc.deployment_id = d.id
              JOIN metrics_change c ON c.id = dc.change_id AND c.superseded_at IS NULL
             WHERE d.service_id = week.service_id AND d.team_id = week.team_id
               AND d.production AND d.outcome = 'success' AND d.superseded_at IS NULL
               AND d.finished_at >= week.starts AND d.finished_at < week.ends
         ) lead
         CROSS JOIN LATERAL (
            SELECT array_agg(extract(epoch FROM i.resolved_at - i.started_at)::float8
                             ORDER BY i.resolved_at - i.started_at) AS seconds,
                   array_agg(extract(epoch FROM i.resolved_at - d.finished_at)::float8
                             ORDER BY i.resolved_at - d.finished_at)
                       FILTER (WHERE d.finished_at <= i.resolved_at) AS recovery
              FROM metrics_incident i
              LEFT JOIN metrics_incidentlink link ON link.incident_id = i.id
              LEFT JOIN metrics_deployment d ON d.id = link.deployment_id AND d.superseded_at IS NULL
             WHERE i.service_id = week.service_id AND i.team_id = week.team_id AND i.superseded_at IS NULL
               AND i.resolved_at >= week.starts AND i.resolved_at < week.ends
         ) restored
        """,
        {
            "services": [service for service, _ in weeks],
            "mondays": [week.monday for _, week in weeks],
            "starts": [start for start, _ in bounds],
            "ends": [end for _, end in bounds],
            "zone": zone.key,
            "now": now,
        },
    )


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pooled:
    """One week of a pool of services. Times are None where there is nothing to time; counts are 0."""

    week: Week
    deployments: int = 0
    deploy_days: int = 0
    failed_attempts: int = 0
    failed: int = 0
    rework: int = 0
    changes: int = 0  # with a lead time
    left_out: int = 0
    lead: timedelta | None = None
    lead_low: timedelta | None = None  # the fastest quarter is at most this
    lead_high: timedelta | None = None  # the slowest quarter is at least this
    lead_85: timedelta | None = None
    lead_95: timedelta | None = None
    restored: int = 0
    restore: timedelta | None = None
    restore_mean: timedelta | None = None
    recovery: timedelta | None = None

    @property
    def failure_rate(self) -> float | None:
        return self.failed / self.deployments if self.deployments else None

    @property
    def rework_rate(self) -> float | None:
        return self.rework / self.deployments if self.deployments else None


_POOLED = """
    WITH pool AS (
        SELECT w.*, {group} AS grouping FROM metrics_serviceweek w
         WHERE w.team_id = ANY(%(teams)s) AND w.monday = ANY(%(mondays)s)
    ), sums AS (
        SELECT grouping, monday, sum(deployments) AS deployments, sum(failed_attempts) AS failed_attempts,
               sum(failed) AS failed, sum(rework) AS rework, sum(left_out) AS left_out
          FROM pool GROUP BY 1, 2
    ), days AS (
        SELECT grouping, monday, count(DISTINCT day) AS days FROM pool, unnest(deploy_days) day GROUP BY 1, 2
    ), lead AS (
        SELECT grouping, monday, count(*) AS changes, percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS median,
               percentile_disc(ARRAY[0.25, 0.75, 0.85, 0.95]) WITHIN GROUP (ORDER BY s) AS parts
          FROM pool, unnest(lead_seconds) s GROUP BY 1, 2
    ), restore AS (
        SELECT grouping, monday, count(*) AS restored, percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS median,
               avg(s) AS mean
          FROM pool, unnest(restore_seconds) s GROUP BY 1, 2
    ), recovery AS (
        SELECT grouping, monday, percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS median
          FROM pool, unnest(recovery_seconds) s GROUP BY 1, 2
    )
    SELECT sums.grouping, sums.monday, deployments, coalesce(days, 0), failed_attempts, failed, rework,
           coalesce(changes, 0), left_out, lead.median, parts[1], parts[2], parts[3], parts[4],
           coalesce(restored, 0), restore.median, restore.mean, recovery.median
      FROM sums
      LEFT JOIN days USING (grouping, monday) LEFT JOIN lead USING (grouping, monday)
      LEFT JOIN restore USING (grouping, monday) LEFT JOIN recovery USING (grouping, monday)
"""


def pooled(teams: Iterable[int], weeks: Sequence[Week]) -> list[Pooled]:
    """One row a week, oldest first, of all that `teams` owned at the time, together. One query.

    Empty weeks are zero-filled.
    """
    return _series(_pool("0", teams, weeks).get(0, {}), weeks)


def by_team(teams: Iterable[int], weeks: Sequence[Week]) -> Mapping[int, list[Pooled]]:
    """team → its weeks, for those of `teams` that have any row in `weeks`. One query."""
    return {team: _series(rows, weeks) for team, rows in _pool("w.team_id", teams, weeks).items()}


def _series(rows: Mapping[date, Pooled], weeks: Sequence[Week]) -> list[Pooled]:
    return [rows.get(week.monday) or Pooled(week) for week in weeks]


def _pool(group: str, teams: Iterable[int], weeks: Sequence[Week]) -> dict[int, dict[date, Pooled]]:
    of = {week.monday: week for week in weeks}
    found: dict[int, dict[date, Pooled]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_POOLED.format(group=group), {"teams": list(teams), "mondays": list(of)})
        for key, monday, *row in cursor.fetchall():
            counts, times, restored, restore = row[:7], row[7:12], row[12], row[13:]
            values = [*map(int, counts), *map(_span, times), restored, *map(_span, restore)]
            found.setdefault(key, {})[monday] = Pooled(of[monday], *values)
    return found


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=float(seconds))


def waiting() -> int:
    """Marks not yet counted: while there are any, the newest numbers are on their way."""
    return DirtyWeek.objects.count()
