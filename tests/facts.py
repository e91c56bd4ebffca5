"""What one source holds, by natural keys alone, so that two sources that were told the same can be compared."""

from __future__ import annotations

from django.db import connection

from metrics.models import Source

_TABLES = {
    "changes": """
        SELECT sha, title, author, first_commit_at, opened_at, merged_at, reverts, time_note, provider_updated_at,
               superseded_at IS NULL
          FROM metrics_change WHERE source_id = %(source)s
    """,
    "deployments": """
        SELECT s.name, provider_id, environment, production, sha, ref, outcome, finished_at, answer, answers, base,
               base_known, linked_by, carried_digest, note, superseded_at IS NULL
          FROM metrics_deployment d JOIN metrics_service s ON s.id = d.service_id WHERE d.source_id = %(source)s
    """,
    "deployed changes": """
        SELECT d.provider_id, c.sha, how FROM metrics_deployedchange dc
          JOIN metrics_deployment d ON d.id = dc.deployment_id JOIN metrics_change c ON c.id = dc.change_id
         WHERE d.source_id = %(source)s
    """,
    "failures": """
        SELECT bad.provider_id, how, answer.provider_id, c.sha FROM metrics_failure f
          JOIN metrics_deployment bad ON bad.id = f.deployment_id
          LEFT JOIN metrics_deployment answer ON answer.id = f.answer_id
          LEFT JOIN metrics_change c ON c.id = f.change_id
         WHERE bad.source_id = %(source)s
    """,
    "service weeks": """
        SELECT s.name, monday, zone, deployments, deploy_days, failed_attempts, failed, rework, lead_seconds, left_out,
               restore_seconds, recovery_seconds
          FROM metrics_serviceweek w JOIN metrics_service s ON s.id = w.service_id WHERE s.source_id = %(source)s
    """,
}


def held(source: Source) -> dict[str, tuple[int, str]]:
    """table → (its rows of `source`, a hash of their content)."""
    found = {}
    with connection.cursor() as cursor:
        for table, rows in _TABLES.items():
            content = "coalesce(md5(string_agg(one::text, chr(10) ORDER BY one::text)), '')"
            cursor.execute(f"SELECT count(*), {content} FROM ({rows}) one", {"source": source.pk})
            found[table] = cursor.fetchone()
    return found


def doubled(source: Source) -> int:
    """Rows of `source` that say what another row says already."""
    spare = 0
    with connection.cursor() as cursor:
        for rows in _TABLES.values():
            cursor.execute(f"SELECT count(*) - count(DISTINCT one::text) FROM ({rows}) one", {"source": source.pk})
            spare += cursor.fetchone()[0]
    return spare
