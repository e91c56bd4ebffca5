"""A trail to tamper with: writes that leave entries, and a superuser's hand that the triggers do not hold."""

from __future__ import annotations

import io
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from stakeholders.audit import chain, sealing, trail
from stakeholders.models import AuditEntry
from teams.models import Team

ENTRY, SEAL = "stakeholders_auditentry", "stakeholders_auditseal"


def written(count: int, prefix: str = "Team", parent: Team | None = None) -> list[Team]:
    """Teams, each with one entry."""
    return [
        Team.objects.create(name=f"{prefix} {n}", slug=f"{prefix.lower()}-{n}", parent=parent) for n in range(count)
    ]


def sealed_story(batches: int = 3, each: int = 4) -> None:
    """So many seals over so many entries each."""
    sealing.seal()
    for batch in range(batches):
        written(each, f"Batch{batch}")
        assert sealing.seal() == each


def as_superuser(sql: str, values: Any = None) -> int:
    """Run `sql` with every trigger asleep, as who administers the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(sql, values)
            return cursor.rowcount
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def verify(**options: Any) -> tuple[bool, str]:
    """Whether `verify_audit` finds the trail whole, and what it says."""
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out, **options)
    except CommandError as broken:
        return broken.returncode != 1, str(broken)
    return True, out.getvalue()


def proven(**options: Any) -> chain.Verdict:
    return chain.check(trail.records(), sealing.keys(), **options)


def entries(**conditions: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**conditions).order_by("pk"))
