"""Events that are pushed to us: kept raw first, read afterwards, tried again, and never silently dropped.

`receive` needs PostgreSQL only. `sweep` turns what waits into facts; an event that cannot be read five times is a
dead letter, shown on its source and replayable. When too many fail, a bad deploy of ours is likelier than bad
senders: the source's inbox stops before everything has drained into the dead letters.
"""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from . import ingest, registry
from .events import ProviderError
from .models import Inbox, Source

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
BREAKER_ROW = 50  # so many failures one after the other
BREAKER_SAMPLE, BREAKER_SHARE = 100, 0.2  # or this share of so many


def receive(source: Source, key: str, body: bytes) -> bool:
    """Keep one delivery. False when this key was received before: the same delivery is one row, for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_inbox (source_id, key, body, received_at, due_at, attempts, error, error_detail)
            VALUES (%s, %s, %s, now(), now(), 0, '', '') ON CONFLICT (source_id, key) DO NOTHING RETURNING id
            """,
            [source.pk, key[:200], body],
        )
        return cursor.fetchone() is not None


def sweep(*, most: int = 500, seconds: float = 60.0) -> int:
    """Read up to `most` waiting events, for about `seconds`; how many became facts."""
    read, until = 0, time.monotonic() + seconds
    stopped: set[int] = set()
    waiting = Inbox.objects.filter(processed_at=None, dead_at=None, due_at__lte=timezone.now())
    waiting = waiting.filter(source__inbox_stopped_at=None, source__paused_at=None)
    for pk, source in waiting.order_by("due_at", "pk").values_list("pk", "source")[:most]:
        if time.monotonic() > until:
            break
        if source in stopped:
            continue
        if _read(pk):
            read += 1
        elif Source.objects.filter(pk=source, inbox_stopped_at__isnull=False).exists():
            stopped.add(source)  # by this very event, or by another worker
    return read


def _read(pk: int) -> bool:
    """Try one event. The attempt is counted first, in a transaction of its own, so that a kill counts too.

    Moving `due_at` is what claims the event: another sweep that has it on its list leaves it alone.
    """
    now = timezone.now()
    waiting = Inbox.objects.filter(pk=pk, processed_at=None, dead_at=None, due_at__lte=now)
    tried = waiting.filter(attempts__lt=MOST_ATTEMPTS)
    if not tried.update(attempts=F("attempts") + 1, due_at=now + timedelta(seconds=60)):
        killed = waiting.filter(attempts__gte=MOST_ATTEMPTS)
        killed.filter(error="").update(error="This event stopped our reader five times.")
        killed.update(dead_at=now)
        return False
    try:
        with transaction.atomic():
            row = (
                Inbox.objects.select_for_update(skip_locked=True)
                .select_related("source")
                .filter(pk=pk, processed_at=None)
                .first()
            )
            if row is None:
                return False
            now = timezone.now()
            ingest.store(row.source, registry.connect(row.source).parse(bytes(row.body), now=now), now=now)
            row.processed_at, row.error, row.error_detail = now, "", ""
            row.save(update_fields=["processed_at", "error", "error_detail"])
            return True
    except ProviderError as wrong:
        _failed(pk, wrong.sentence, wrong.detail)
    except Exception as broken:  # a fault of ours: the event stays, the log has the trace
        log.exception("an event could not be read", inbox=pk)  # structlog has an `event` of its own
        _failed(pk, "Our reader stumbled over this event.", f"{type(broken).__name__}: {broken}")
    return False


def _failed(pk: int, sentence: str, detail: str) -> None:
    row = Inbox.objects.get(pk=pk)
    row.error, row.error_detail = sentence[:500], detail[:4000].replace("\x00", "")
    if row.attempts >= MOST_ATTEMPTS:
        row.dead_at = timezone.now()
    else:
        row.due_at = timezone.now() + timedelta(seconds=5 * 2**row.attempts)
    row.save(update_fields=["error", "error_detail", "dead_at", "due_at"])
    _break_if_too_many(row.source_id)


def _break_if_too_many(source: int) -> None:
    tried = Inbox.objects.filter(source=source, attempts__gt=0).order_by("-pk")
    newest = list(tried.values_list("processed_at", "error")[:BREAKER_SAMPLE])
    failed = [processed is None and bool(error) for processed, error in newest]
    in_a_row = next((n for n, bad in enumerate(failed) if not bad), len(failed))
    if in_a_row >= BREAKER_ROW or (len(failed) == BREAKER_SAMPLE and sum(failed) > BREAKER_SHARE * BREAKER_SAMPLE):
        Source.objects.filter(pk=source, inbox_stopped_at=None).update(inbox_stopped_at=timezone.now())


def replay(event: Inbox) -> None:
    """Try a dead letter again, from the beginning."""
    Inbox.objects.filter(pk=event.pk, processed_at=None).update(
        dead_at=None, attempts=0, due_at=timezone.now(), error="", error_detail=""
    )


def start_again(source: Source) -> None:
    """Let the inbox of `source` go on after it was stopped."""
    Source.objects.filter(pk=source.pk).update(inbox_stopped_at=None)
