"""How long the words are kept that facts came from. The facts stay; what is not over, and what waits, is kept whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

AT_ONCE = 5000


def prune(*, now: datetime) -> dict[str, int]:
    """Drop words older than the setting; how many of each kind. Nothing is dropped when it is 0.

    A thing's observations go together and only when the newest of them is old: worked out from a part of them, it
    would come out otherwise. Of a delivery the key stays for ever, so that a late double is still known.
    """
    if not settings.KEEP_RAW_DAYS:
        return {}
    before = now - timedelta(days=settings.KEEP_RAW_DAYS)
    return {
        "observations": _drop(
            """
            DELETE FROM metrics_observed o USING (
                SELECT source_id, kind, thing FROM metrics_observed old
                 WHERE received_at < %(before)s
                   AND NOT EXISTS (SELECT FROM metrics_openitem i WHERE i.source_id = old.source_id
                                      AND i.kind = old.kind AND i.thing = old.thing)
                   AND NOT EXISTS (SELECT FROM metrics_puzzle p WHERE p.source_id = old.source_id
                                      AND p.kind = old.kind AND p.thing = old.thing)
                 GROUP BY 1, 2, 3
                HAVING max(received_at) = (
                    SELECT max(received_at) FROM metrics_observed every WHERE every.source_id = old.source_id
                       AND every.kind = old.kind AND every.thing = old.thing
                ) LIMIT %(most)s
            ) gone WHERE o.source_id = gone.source_id AND o.kind = gone.kind AND o.thing = gone.thing
            """,
            before,
        ),
        "pages": _drop(
            "DELETE FROM metrics_rawpage WHERE id IN "
            "(SELECT id FROM metrics_rawpage WHERE received_at < %(before)s ORDER BY id LIMIT %(most)s)",
            before,
        ),
        "deliveries": _drop(
            """
            UPDATE metrics_inbox SET body = '', headers = '{}', pruned_at = now() WHERE id IN (
                SELECT id FROM metrics_inbox WHERE received_at < %(before)s AND pruned_at IS NULL
                   AND processed_at IS NOT NULL ORDER BY id LIMIT %(most)s
            )
            """,
            before,
        ),
    }


def _drop(statement: str, before: datetime) -> int:
    """Run until nothing is left, a few thousand rows at a time so that nobody waits for long."""
    dropped = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"before": before, "most": AT_ONCE})
            if not cursor.rowcount:
                return dropped
            dropped += cursor.rowcount
