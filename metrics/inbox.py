"""Events that are pushed to us: kept raw first, read afterwards, tried again, and never silently dropped.

`receive` needs PostgreSQL only. `sweep` turns what waits into facts, many at a time; an event that cannot be read five
times is a dead letter, shown on its source and replayable. When too many fail, a bad deploy of ours is likelier than
bad senders: the source's inbox stops before everything has drained into the dead letters.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from . import ingest, observed, registry
from .events import Observation, ProviderError, Push
from .models import Inbox, Source

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
AT_ONCE = 500  # events of one source in one transaction
BREAKER_ROW = 50  # so many failures one after the other
BREAKER_SAMPLE, BREAKER_SHARE = 100, 0.2  # or this share of so many


def receive(source: Source, key: str, body: bytes, headers: Mapping[str, str] | None = None) -> bool:
    """Keep one delivery. False when this key was received before: the same delivery is one row, for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_inbox
                (source_id, key, headers, body, received_at, due_at, attempts, error, error_detail)
            VALUES (%s, %s, %s, %s, now(), now(), 0, '', '') ON CONFLICT (source_id, key) DO NOTHING RETURNING id
            """,
            [source.pk, key[:200].replace("\x00", ""), json.dumps(dict(headers or {})), body],
        )
        return cursor.fetchone() is not None


def sweep(*, most: int = 5000, seconds: float = 60.0) -> int:
    """Read up to `most` waiting events, for about `seconds`; how many became facts."""
    read, until = 0, time.monotonic() + seconds
    seen: set[int] = set()
    while read < most and time.monotonic() < until:
        waiting = Inbox.objects.filter(processed_at=None, dead_at=None, due_at__lte=timezone.now())
        waiting = waiting.filter(source__inbox_stopped_at=None, source__paused_at=None).exclude(pk__in=seen)
        first = waiting.order_by("due_at", "pk").first()
        if first is None:
            break
        same = waiting.filter(source=first.source_id).order_by("due_at", "pk")
        rows = list(same.values_list("pk", "attempts")[:AT_ONCE])
        seen.update(pk for pk, _ in rows)
        fresh = [pk for pk, attempts in rows if not attempts]
        done = _read_many(fresh) if len(fresh) > 1 and _observes(first.source) else set()
        read += len(done)
        for pk, _ in rows:
            if pk in done:
                continue
            if _read(pk):
                read += 1
            elif Source.objects.filter(pk=first.source_id, inbox_stopped_at__isnull=False).exists():
                break  # by this very event, or by another worker
            if time.monotonic() > until:
                break
    return read


def _observes(source: Source) -> bool:
    try:
        return registry.observes(source.provider)
    except ProviderError:
        return False


# --- many at once ----------------------------------------------------------------------------------------------------


def _read_many(pks: Sequence[int]) -> set[int]:
    """Events of one source that were never tried, together; those that were read. The others are tried one by one.

    The attempt is counted first, in a transaction of its own, so that a kill counts too.
    """
    now = timezone.now()
    claimed = Inbox.objects.filter(pk__in=pks, processed_at=None, dead_at=None, attempts=0, due_at__lte=now)
    if not claimed.update(attempts=1, due_at=now + timedelta(seconds=60)):
        return set()
    ours: list[int] = []
    try:
        with transaction.atomic():
            rows = list(
                Inbox.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("source")
                .filter(pk__in=pks, processed_at=None, dead_at=None, attempts=1)
            )
            if not rows:
                return set()
            source = rows[0].source
            heard: list[Observation] = []
            for row in rows:
                try:
                    heard += _hear(row, now=now)
                except Exception as wrong:  # noqa: BLE001 (tried alone later, where what is wrong is told)
                    log.info("an event is tried alone", inbox=row.pk, because=type(wrong).__name__)
                else:
                    ours.append(row.pk)
            taken = observed.take(source, heard, now=now)
            if taken.is_broken:
                raise _Broken
            Inbox.objects.filter(pk__in=ours).update(processed_at=timezone.now(), error="", error_detail="")
    except Exception as broken:  # noqa: BLE001 (one spoils it for all: each is tried alone, and told there)
        log.info("events are tried one by one", because=type(broken).__name__)
        ours = []
    Inbox.objects.filter(pk__in=set(pks) - set(ours), processed_at=None, dead_at=None).update(attempts=0, due_at=now)
    return set(ours)


class _Broken(Exception):
    """Too much of what was pushed could not be understood."""


def _hear(row: Inbox, *, now: Any) -> tuple[Observation, ...]:
    headers = {str(name): str(value) for name, value in row.headers.items()}
    provider = registry.provider_class(row.source.provider)
    found: tuple[Observation, ...] = provider.hear(Push(body=bytes(row.body), headers=headers), now=now)
    return found


# --- one -------------------------------------------------------------------------------------------------------------


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
                Inbox.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("source")
                .filter(pk=pk, processed_at=None)
                .first()
            )
            if row is None:
                return False
            now = timezone.now()
            if registry.observes(row.source.provider):
                observed.take(row.source, _hear(row, now=now), now=now)
            else:
                observed.lock(row.source)
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
    Inbox.objects.filter(pk=event.pk, processed_at=None, pruned_at=None).update(
        dead_at=None, attempts=0, due_at=Now(), error="", error_detail=""
    )


def replay_all(source: Source) -> int:
    """Try the dead letters of `source` whose words are kept again; how many. One statement."""
    dead = Inbox.objects.filter(source=source, dead_at__isnull=False, processed_at=None, pruned_at=None)
    return dead.update(dead_at=None, attempts=0, due_at=Now(), error="", error_detail="")


def waiting(source: Source) -> int:
    """How many events of `source` wait for a worker."""
    return Inbox.objects.filter(source=source, processed_at=None, dead_at=None).count()


def start_again(source: Source) -> None:
    """Let the inbox of `source` go on after it was stopped."""
    Source.objects.filter(pk=source.pk).update(inbox_stopped_at=None)
