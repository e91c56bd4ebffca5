"""Sealing: entries that are committed get their place in the chain and their code, a batch at a time.

The place is given here and not when an entry is written: transactions end in another order than they begin, and those
that are rolled back leave gaps. So an entry that appears late is sealed late, and none is passed over.
"""

from __future__ import annotations

import json
from pathlib import Path

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone

from stakeholders.models import AuditSeal

from . import chain
from .trail import UNSEALED, entry_of

log = structlog.get_logger(__name__)
LOCK = 0x7365616C
BATCH = 10_000


def keys() -> list[str]:
    """The first seals, all of them prove. Raises ImproperlyConfigured in production when there is none."""
    given = list(settings.SEAL_KEYS)
    if given:
        return given
    if not settings.DEBUG:
        raise ImproperlyConfigured("PLUMBLINE_SEAL_KEY is not set: the audit trail cannot be sealed.")
    return [f"seal {settings.SECRET_KEY}"]


def seal(*, batch: int = BATCH) -> int:
    """Seal everything that is committed; how many entries. Only one process seals at a time, the others wait."""
    key, sealed = keys()[0], 0
    while count := _seal_batch(key, batch):
        sealed += count
        if count < batch:
            break
    return sealed


def _seal_batch(key: str, batch: int) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            # first the horizon, then the rows: whatever ended before the horizon is among the rows
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
                "(SELECT system_identifier::text FROM pg_control_system())"
            )
            horizon, cluster = cursor.fetchone()
            cursor.execute(f"{UNSEALED} ORDER BY id LIMIT %s", [batch])
            rows = cursor.fetchall()
        if not rows:
            return 0
        last = AuditSeal.objects.order_by("-number").first()
        if len(rows) == batch:  # there may be more: what is left is not to be taken for something that came later
            horizon = last.xid_horizon if last and last.cluster == cluster else 0
        made = _close(key, rows, last, horizon, cluster)
    _tell(made)
    return len(rows)


def _close(key: str, rows: list[tuple[object, ...]], last: AuditSeal | None, horizon: int, cluster: str) -> chain.Seal:
    head = bytes(last.head) if last else chain.ZERO
    position = last.last_position if last else 0
    places: list[tuple[int, int, bytes]] = []
    for row in rows:
        position += 1
        entry = entry_of(row, position=position)
        head = chain.code(key, head, entry)
        places.append((entry.id, position, head))
    made = chain.Seal(
        number=last.number + 1 if last else 1,
        sealed_at=timezone.now(),
        first_position=places[0][1],
        last_position=position,
        count=len(places),
        head=head,
        xid_horizon=horizon,
        cluster=cluster,
        key_name=chain.key_name(key),
        mac=b"",
    )
    mac = chain.code(key, bytes(last.mac) if last else chain.ZERO, made)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE stakeholders_auditentry entry SET position = given.position, mac = given.mac "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS given(id, position, mac) "
            "WHERE entry.id = given.id",
            [list(column) for column in zip(*places, strict=True)],
        )
    AuditSeal.objects.create(**{name: getattr(made, name) for name in chain.SEAL_FIELDS}, mac=mac)
    return chain.Seal(**{name: getattr(made, name) for name in chain.SEAL_FIELDS}, mac=mac)


def _tell(made: chain.Seal) -> None:
    """Say outside the database where the chain ends, so that a shorter one can be told from a whole one."""
    line = {"seal": made.number, "last_position": made.last_position, "mac": made.mac.hex()}
    log.info("audit trail sealed", **line)
    if settings.SEAL_ANCHOR:
        try:
            with Path(settings.SEAL_ANCHOR).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as wrong:
            log.error("the anchor of the audit trail cannot be written", file=settings.SEAL_ANCHOR, because=str(wrong))
