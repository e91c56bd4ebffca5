"""How a team's pipeline and reviews went week by week, and which main branches are red now. SQL over the facts.

Success, time and coverage of the main branch (the pure definitions are in `pipeline.py`), and cycle time: a change
opened → merged. A test holds SQL and the pure functions together. Four queries, whatever the data. A run counts for
who owned its service then, a change for who owned it when it was deployed; a red branch waits for who owns it now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from .periods import Week

RED_SINCE = timedelta(days=14)  # a branch on which nothing has run for longer is left alone, not red


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """One team in one week; a median is None without a row. `coverage`: the newest report, in percent."""

    week: Week
    passed: int = 0
    ended: int = 0
    took: timedelta | None = None
    reports: int = 0
    below: int = 0
    coverage: float | None = None
    merged: int = 0
    cycle: timedelta | None = None

    @property
    def success(self) -> float | None:
        return self.passed / self.ended if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Red:
    """A service whose main branch has failed and not passed since: since when, and how many runs failed."""

    service: int
    title: str
    team: int
    source: int
    since: datetime
    failures: int


_RUNS = """SELECT run.team_id, date_trunc('week', run.finished_at AT TIME ZONE %(zone)s)::date,
           count(*) FILTER (WHERE run.outcome = 'success') AS passed, count(*) AS ended,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY run.finished_at - run.started_at)
               FILTER (WHERE run.started_at <= run.finished_at) AS took
      FROM metrics_pipelinerun run
     WHERE run.on_main AND run.superseded_at IS NULL AND run.outcome IN ('success', 'failure')
       AND run.finished_at >= %(start)s AND run.finished_at < %(end)s AND run.team_id = ANY(%(teams)s)
     GROUP BY 1, 2
"""
_COVERAGE = """
    WITH report AS (
        SELECT DISTINCT ON (1, 2, run.source_id, run.repository, run.sha)
               run.team_id AS team, date_trunc('week', run.finished_at AT TIME ZONE %(zone)s)::date AS monday,
               run.coverage, run.finished_at
          FROM metrics_pipelinerun run
         WHERE run.on_main AND run.superseded_at IS NULL AND run.coverage IS NOT NULL
           AND run.finished_at >= %(start)s AND run.finished_at < %(end)s AND run.team_id = ANY(%(teams)s)
         ORDER BY 1, 2, run.source_id, run.repository, run.sha, run.finished_at DESC, run.attempt DESC
    )
    SELECT team, monday, count(*) AS reports, count(*) FILTER (WHERE coverage < %(gate)s) AS below,
           (array_agg(coverage ORDER BY finished_at DESC))[1] AS coverage
      FROM report GROUP BY 1, 2
"""
_CYCLE = """
    WITH change AS (
        SELECT DISTINCT deployment.team_id AS team, change.id, change.opened_at, change.merged_at
          FROM metrics_change change
          JOIN metrics_deployedchange carried ON carried.change_id = change.id
          JOIN metrics_deployment deployment ON deployment.id = carried.deployment_id
         WHERE change.superseded_at IS NULL AND deployment.superseded_at IS NULL
           AND change.opened_at <= change.merged_at AND change.merged_at >= %(start)s AND change.merged_at < %(end)s
           AND deployment.team_id = ANY(%(teams)s)
    )
    SELECT team, date_trunc('week', merged_at AT TIME ZONE %(zone)s)::date, count(*) AS merged,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY merged_at - opened_at) AS cycle
      FROM change GROUP BY 1, 2
"""
_RED = """
    WITH run AS (
        SELECT run.service_id, run.workflow, run.outcome, run.finished_at,
               max(run.finished_at) FILTER (WHERE run.outcome = 'success')
                   OVER (PARTITION BY run.service_id, run.workflow) AS green
          FROM metrics_pipelinerun run JOIN metrics_service service ON service.id = run.service_id
         WHERE run.on_main AND run.superseded_at IS NULL AND run.outcome IN ('success', 'failure')
           AND run.finished_at >= %(start)s AND run.finished_at <= %(end)s AND service.team_id = ANY(%(teams)s)
    )
    SELECT service.id, service.title, service.team_id, service.source_id, min(run.finished_at), count(*)
      FROM run JOIN metrics_service service ON service.id = run.service_id
     WHERE run.outcome = 'failure' AND (run.green IS NULL OR run.finished_at > run.green)
     GROUP BY 1 ORDER BY 5, 1
"""


def by_team(teams: Collection[int], weeks: Sequence[Week], *, until: datetime) -> dict[int, list[Vital]]:
    """team → one for each of `weeks`, in their order, up to `until`; teams without a row are left out."""
    zone = settings.ORGANISATION_ZONE
    end = min(weeks[-1].bounds(zone)[1], until)
    asked = {
        "teams": list(teams), "zone": str(zone), "start": weeks[0].bounds(zone)[0], "end": end,
        "gate": settings.COVERAGE_GATE,
    }  # fmt: skip
    held: dict[tuple[int, date], Vital] = {}
    for sql in (_RUNS, _COVERAGE, _CYCLE):
        for team, monday, more in _rows(sql, asked):
            held[team, monday] = replace(held.get((team, monday), Vital(week=Week(monday))), **more)
    return {
        team: [held.get((team, week.monday), Vital(week=week)) for week in weeks]
        for team in sorted({team for team, _ in held})
    }


def _rows(sql: str, asked: Mapping[str, Any]) -> list[tuple[int, date, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        names = [column.name for column in cursor.description[2:]]
        return [(row[0], row[1], dict(zip(names, row[2:], strict=True))) for row in cursor.fetchall()]


def red(teams: Collection[int], *, at: datetime) -> list[Red]:
    """Main branches that are red at `at`, the longest first: any of their workflows failed and has not passed since."""
    with connection.cursor() as cursor:
        cursor.execute(_RED, {"teams": list(teams), "start": at - RED_SINCE, "end": at})
        return [
            Red(service=pk, title=title, team=team, source=source, since=since, failures=failures)
            for pk, title, team, source, since, failures in cursor.fetchall()
        ]
