"""What one source holds, by natural keys alone, so that two sources that were told the same can be compared."""

from __future__ import annotations

import hashlib

from django.db import connection

from metrics.models import Source

_CHANGES = """
    SELECT sha, title, author, first_commit_at, opened_at, merged_at, reverts, time_note, provider_updated_at,
           superseded_at IS NULL AS counts
      FROM metrics_change WHERE source_id = %(source)s
"""
_DEPLOYMENTS = """
    SELECT s.name, provider_id, environment, production, sha, ref, outcome, finished_at, answer, answers, base,
           base_known, linked_by, carried_digest, note, superseded_at IS NULL AS counts
      FROM metrics_deployment d JOIN metrics_service s ON s.id = d.service_id WHERE d.source_id = %(source)s
"""
_DEPLOYED = """
    SELECT d.provider_id, c.sha, how, d.superseded_at IS NULL AND c.superseded_at IS NULL AS counts
      FROM metrics_deployedchange dc
      JOIN metrics_deployment d ON d.id = dc.deployment_id JOIN metrics_change c ON c.id = dc.change_id
     WHERE d.source_id = %(source)s
"""
_FAILURES = """
    SELECT bad.provider_id, how, answer.provider_id AS by, c.sha, bad.superseded_at IS NULL AS counts
      FROM metrics_failure f JOIN metrics_deployment bad ON bad.id = f.deployment_id
      LEFT JOIN metrics_deployment answer ON answer.id = f.answer_id
      LEFT JOIN metrics_change c ON c.id = f.change_id
     WHERE bad.source_id = %(source)s
"""
_WEEKS = """
    SELECT s.name, monday, zone, w.deployments, deploy_days, failed_attempts, failed, rework, lead_seconds, left_out,
           restore_seconds, recovery_seconds, w.deployments + failed_attempts > 0 AS counts
      FROM metrics_serviceweek w JOIN metrics_service s ON s.id = w.service_id WHERE s.source_id = %(source)s
"""
_TABLES = {
    "changes": _CHANGES,
    "deployments": _DEPLOYMENTS,
    "deployed changes": _DEPLOYED,
    "failures": _FAILURES,
    "service weeks": _WEEKS,
}


def held(source: Source) -> dict[str, tuple[int, str]]:
    """table → (its rows of `source`, a hash of their content)."""
    found = {}
    for table, rows in _rows(source).items():
        found[table] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def counting(source: Source) -> dict[str, list[str]]:
    """table → its rows of `source` that count: nothing that a rewritten history took away, no empty week."""
    return _rows(source, "WHERE counts")


def doubled(source: Source) -> int:
    """Rows of `source` that say what another row says already."""
    return sum(len(rows) - len(set(rows)) for rows in _rows(source).values())


def _rows(source: Source, which: str = "") -> dict[str, list[str]]:
    found = {}
    with connection.cursor() as cursor:
        for table, rows in _TABLES.items():
            cursor.execute(f"SELECT one::text FROM ({rows}) one {which} ORDER BY 1", {"source": source.pk})
            found[table] = [row for (row,) in cursor.fetchall()]
    return found
