"""Reading streams safely: one worker at a time, page by page, where a kill at any moment loses and doubles nothing.

A lease is taken by compare-and-set and raises the fence. A page's facts, its raw words and the moved cursor are one
transaction, which goes through only while the fence is still ours. PostgreSQL is the record of what is due; Celery
only wakes somebody up.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from . import ingest, registry
from .events import Page, ProviderError, RateLimited
from .models import RawPage, Source, Stream

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
TELL_SECONDS = 1.0
WAKE_AGAIN = timedelta(seconds=20)
LONGEST_WAIT = timedelta(hours=1)


class LeaseLost(Exception):
    """Somebody else reads this stream now. What we hold is dropped; they read it again."""


@dataclass(slots=True)
class Lease:
    """The right to read one stream for a while."""

    stream: int
    owner: str
    fence: int
    told: float = field(default=0.0)

    def mine(self) -> Any:
        return Stream.objects.filter(pk=self.stream, fence=self.fence)

    def tell(self, doing: str, read: int = 0, total: int | None = None) -> None:
        """Show progress and stay the owner; at most once a second. Raises LeaseLost."""
        if time.monotonic() - self.told < TELL_SECONDS:
            return
        self.told = time.monotonic()
        shown = {"doing": doing[:80], "read": read, "total": total}
        if not self.mine().update(lease_until=_until(), **shown):
            raise LeaseLost


def due(now: datetime) -> list[int]:
    """Streams that somebody should read now and nobody was woken for lately."""
    ready = Stream.objects.filter(_ready(now), due_at__lte=now, source__paused_at=None, dead_at=None)
    return list(ready.exclude(woken_at__gt=now - WAKE_AGAIN).order_by("due_at").values_list("pk", flat=True))


def _ready(now: datetime) -> Q:
    return (Q(lease_until=None) | Q(lease_until__lte=now)) & (Q(blocked_until=None) | Q(blocked_until__lte=now))


def take(stream: int, owner: str) -> Lease | None:
    """The lease, or None when it is held, blocked, paused or dead. Counts the attempt before any work is done."""
    now = timezone.now()
    with transaction.atomic():
        row = (
            Stream.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(_ready(now), pk=stream, source__paused_at=None, dead_at=None, due_at__lte=now)
            .first()
        )
        if row is None:
            return None
        if row.attempts >= MOST_ATTEMPTS:
            _bury(row, now)
            return None
        row.fence += 1
        row.attempts += 1
        row.lease_owner, row.lease_until = owner[:120], _until()
        row.started_at = row.started_at if row.cursor.get("run") else now
        row.doing = row.doing or "starting"
        row.woken_at = None  # somebody came; should they be killed, the next may be woken as soon as the lease ends
        row.save(update_fields=["fence", "attempts", "lease_owner", "lease_until", "started_at", "doing", "woken_at"])
        return Lease(row.pk, owner, row.fence)


def read(stream: int, owner: str, *, seconds: float = 60.0) -> bool:
    """Read pages of `stream` for about `seconds`. True when there is more to read at once.

    Never raises for what the provider does: its error is stored in plain words, with the time of the next try.
    """
    lease = take(stream, owner)
    if lease is None:
        return False
    row = Stream.objects.select_related("source").get(pk=stream)
    until = time.monotonic() + seconds
    try:
        provider = registry.connect(row.source)
        cursor = row.cursor
        while True:
            page = provider.fetch(row.kind, cursor, now=timezone.now(), tell=lease.tell)
            keep(lease, row.source, page)
            if page.done:
                return False
            cursor, row.attempts = dict(page.cursor), 1
            if time.monotonic() > until:
                _release(lease, attempts=0)
                return True
    except LeaseLost:
        log.info("lease lost", stream=stream, owner=owner)
        return False
    except RateLimited as wait:
        _release(lease, attempts=0, blocked_until=wait.until, due_at=wait.until, **_said(wait))
        return False
    except ProviderError as wrong:
        _failed(lease, row, wrong)
        return False
    except Exception as broken:  # a fault of ours: keep it visible on the source, let the log have the trace
        log.exception("a page could not be read", stream=stream, attempt=row.attempts)
        sentence = "Our reader stumbled over this page."
        advice = f"We try {MOST_ATTEMPTS} times; then it waits for you here."
        detail = f"{type(broken).__name__}: {broken}"
        error = ProviderError(sentence, advice=advice, detail=detail)
        _release(lease, due_at=timezone.now() + _wait(row.attempts), **_said(error))
        return False


def keep(lease: Lease, source: Source, page: Page) -> ingest.Stored:
    """Store one page and move the cursor, together, while the fence is ours. Raises LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        row = lease.mine().select_for_update().first()
        if row is None:
            raise LeaseLost
        stored = ingest.store(source, page.events, now=now)
        if page.raw:
            RawPage.objects.create(
                stream=row, fence=lease.fence, body=zlib.compress(page.raw, 6), facts=len(page.events)
            )
        row.cursor, row.notes, row.failures = dict(page.cursor), list(page.notes), 0
        row.attempts = 0 if page.done else 1  # we go on at once, and that is the first try at the next page
        row.doing, row.read, row.total = page.doing[:80], page.read, page.total
        row.lease_until, row.blocked_until = _until(), None
        if page.done:
            row.succeeded_at = now
            if (
                row.started_at is None or row.due_at <= row.started_at
            ):  # else somebody asked again meanwhile: due at once
                row.due_at = now + timedelta(seconds=settings.READ_EVERY_SECONDS)
            row.lease_owner, row.lease_until, row.doing, row.total = "", None, "", None
            row.error = row.error_advice = row.error_detail = ""
            row.error_at = None
        row.save()
        if page.done or stored.new:
            note_day(source, now, reads=int(page.done), rows=stored.new)
        if page.done:
            transaction.on_commit(_nudge_rollups)
    return stored


def note_day(source: Source, now: datetime, *, reads: int = 0, failures: int = 0, rows: int = 0) -> None:
    """Add to the day's account of `source`."""
    day = now.astimezone(settings.ORGANISATION_ZONE).date()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_sourceday AS held (source_id, day, reads, failures, rows) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (source_id, day) DO UPDATE SET reads = held.reads + excluded.reads,
                failures = held.failures + excluded.failures, rows = held.rows + excluded.rows
            """,
            [source.pk, day, reads, failures, rows],
        )


def _nudge_rollups() -> None:
    from .tasks import rebuild_dirty_weeks, send_quietly

    send_quietly(rebuild_dirty_weeks)


def _failed(lease: Lease, row: Stream, wrong: ProviderError) -> None:
    failures = row.failures + 1
    wait = LONGEST_WAIT if wrong.permanent else _wait(failures)
    if _release(lease, attempts=0, failures=failures, due_at=timezone.now() + wait, **_said(wrong)):
        note_day(row.source, timezone.now(), failures=1)


def _wait(tries: int) -> timedelta:
    return min(timedelta(seconds=15) * 2 ** min(tries, 12), LONGEST_WAIT)


def _said(wrong: ProviderError) -> dict[str, Any]:
    return {
        "error": wrong.sentence[:500],
        "error_advice": wrong.advice[:500],
        "error_detail": wrong.detail[:4000].replace("\x00", ""),
        "error_at": timezone.now(),
        "doing": "",
    }


def _bury(row: Stream, now: datetime) -> None:
    """Five tries at this page never came back: leave it for a person, so that other streams go on."""
    row.dead_at = now
    row.error = row.error or "This page stopped our reader five times."
    row.error_advice = "Read again once the cause is mended; nothing before it is lost."
    row.error_at = row.error_at or now
    row.save(update_fields=["dead_at", "error", "error_advice", "error_at"])


def _release(lease: Lease, **fields: Any) -> bool:
    """Give the stream back. False when it was not ours any more; then nothing is written."""
    return bool(lease.mine().update(lease_owner="", lease_until=None, **fields))


def _until() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def wake(streams: Any, *, now: datetime) -> int:
    """Make `streams` (a queryset) due at once, the dead ones too; how many. A blocked one waits for its provider."""
    return streams.update(due_at=now, woken_at=None, dead_at=None, attempts=0)  # type: ignore[no-any-return]
