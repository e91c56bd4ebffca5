"""To which squad a fact belongs: the owner of its service at the moment that dates it. Part of `ingest`.

A deployment and a run are dated by when they finished (while they last: by when they began), an incident by when it
began. The team stands on the fact itself, written with it and re-set when a service is handed over, so that every sum
is a sum over rows of one team. `owners.py` is the definition of who owns a service when; this is it in SQL.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection

DEPLOYED = "coalesce({0}.finished_at, {0}.started_at)"
RAN = "coalesce({0}.finished_at, {0}.started_at, {0}.queued_at)"
BROKE = "{0}.started_at"


def owner_at(row: str, moment: str) -> str:
    """An SQL expression: the team that owned the service of `row` (an alias) at `moment`; null without a service.

    A fact without any date belongs to the first owner. Takes the parameter `zone`.
    """
    return f"""(
        SELECT said.team_id FROM metrics_serviceowner said
         WHERE said.service_id = {row}.service_id
           AND (said.since IS NULL OR said.since <= ({moment.format(row)} AT TIME ZONE %(zone)s)::date)
         ORDER BY said.id DESC LIMIT 1
    )"""  # noqa: S608 (column names are ours)


_FACTS = (
    ("deployments", "metrics_deployment", DEPLOYED, "finished_at"),
    ("runs", "metrics_pipelinerun", RAN, ""),
    ("incidents", "metrics_incident", BROKE, "resolved_at"),
)


def attribute(service: int | None = None) -> int:
    """Give each fact of `service` (None: of all services) to its owner at the time; how many changed hands.

    One statement, within the caller's transaction. The weeks of what changed hands are marked dirty by it.
    """
    updates, marks, counts = [], [], []
    for name, table, moment, at in _FACTS:
        owner = owner_at("fact", moment)
        updates.append(
            f"""{name} AS (
                UPDATE {table} fact SET team_id = {owner}
                 WHERE fact.service_id {"= %(service)s" if service is not None else "IS NOT NULL"}
                   AND fact.team_id IS DISTINCT FROM {owner}
                RETURNING service_id, {at or "NULL::timestamptz"} AS at
            )"""  # noqa: S608 (table and column names are ours)
        )
        counts.append(f"(SELECT count(*) FROM {name})")  # noqa: S608 (names are ours)
        if at:
            marks.append(f"SELECT DISTINCT service_id, at FROM {name} WHERE at IS NOT NULL")  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH {", ".join(updates)},
            marked AS (INSERT INTO metrics_dirtyweek (service_id, at) {" UNION ALL ".join(marks)})
            SELECT {" + ".join(counts)}
            """,  # noqa: S608 (table and column names are ours)
            {"service": service, "zone": settings.ORGANISATION_ZONE.key},
        )
        return int(cursor.fetchone()[0])
