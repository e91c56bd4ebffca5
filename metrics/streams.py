"""Reading streams safely: one worker at a time, page by page, where a kill at any moment loses and doubles nothing.

A lease is taken by compare-and-set and raises the fence. A page's words, its facts and the moved cursor are one
transaction, which goes through only while the fence is still ours. PostgreSQL is the record of what is due; Celery
only wakes somebody up. What is read is in `reading`; here is who may read and when.
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
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from . import credentials, etags, ingest, observed, reading
from .events import Page, ProviderError, RateLimited
from .models import Credential, RawPage, Source, Stream
from .observed import Taken

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
MOST_SPARED = 25
TELL_SECONDS = 1.0
WAKE_AGAIN = timedelta(seconds=20)
LONGEST_WAIT = timedelta(hours=1)
A_TURN = 15.0  # seconds, when others wait for the same token


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
    """Streams that somebody should read now and nobody was woken for lately; of those in turns, the first."""
    ordered = _waiting(now).exclude(woken_at__gt=now - WAKE_AGAIN)
    return credentials.one_each(ordered.values_list("pk", "source__provider", "source__credential"), now=now)


def following(stream: int, *, more: bool) -> int | None:
    """Whom to read at once, now that `stream` is left: the next of those that take turns, or itself if it has `more`.

    It counts as woken: should the message be lost, beat wakes it as it does any other.
    """
    now = timezone.now()
    left = Stream.objects.filter(pk=stream).values_list("source__provider", "source__credential").first()
    if left is None:  # its source was taken away
        return None
    provider, credential = left
    if not credentials.takes_turns(provider, credential):
        return stream if more else None
    waiting = _waiting(now).filter(source__credential=credential).exclude(kind__in=reading.ONCE)
    for one in credentials.one_each(waiting.values_list("pk", "source__provider", "source__credential"), now=now):
        Stream.objects.filter(pk=one).update(woken_at=now)
        return one
    return None


def _waiting(now: datetime) -> QuerySet[Stream]:
    """Streams that may be read, in their order: what is new before the past, then who was read longest ago."""
    ready = Stream.objects.filter(_ready(now), due_at__lte=now, source__paused_at=None, dead_at=None)
    return ready.order_by("-lane", F("tried_at").asc(nulls_first=True), "due_at", "pk")


def _ready(now: datetime) -> Any:
    blocked = Credential.objects.filter(digest=OuterRef("source__credential"), blocked_until__gt=now)
    return (
        (Q(lease_until=None) | Q(lease_until__lte=now))
        & (Q(blocked_until=None) | Q(blocked_until__lte=now))
        & Q(paused_at=None, ended_at=None)
        & (Q(kind__in=reading.ONCE) | ~Exists(blocked))
    )


def take(stream: int, owner: str) -> Lease | None:
    """The lease, or None when it is held, blocked, paused or dead. Counts the attempt before any work is done."""
    now = timezone.now()
    with transaction.atomic():
        row = (
            Stream.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("source")
            .filter(_ready(now), pk=stream, source__paused_at=None, dead_at=None, due_at__lte=now)
            .first()
        )
        if row is None:
            return None
        _spare(row)
        if row.attempts >= MOST_ATTEMPTS:
            _bury(row, now)
            return None
        if row.kind not in reading.ONCE and not credentials.free(row, now=now):
            Stream.objects.filter(pk=row.pk).update(woken_at=None)  # its turn may come within seconds
            return None
        row.fence += 1
        row.attempts += 1
        row.tried_at = now
        row.lease_owner, row.lease_until = owner[:120], _until()
        row.started_at = row.started_at if row.cursor.get("run") else now
        row.doing = row.doing or "starting"
        row.woken_at = None  # somebody came; should they be killed, the next may be woken as soon as the lease ends
        row.save()
        return Lease(row.pk, owner, row.fence)


def _spare(row: Stream) -> None:
    """Do not hold it against a page that its reader was stopped from outside: PostgreSQL or a worker was restarted.

    Only so many times: a page that takes its whole worker along looks the same.
    """
    if not row.attempts or row.tried_at is None or row.spared >= MOST_SPARED:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_postmaster_start_time() > %s OR EXISTS (SELECT FROM metrics_workerstart WHERE at > %s)",
            [row.tried_at, row.tried_at],
        )
        if cursor.fetchone()[0]:
            row.attempts, row.spared = row.attempts - 1, row.spared + 1


def read(stream: int, owner: str, *, seconds: float = 60.0) -> bool:
    """Read pages of `stream` for about `seconds`. True when there is more to read at once.

    Never raises for what the provider does: its error is stored in plain words, with the time of the next try.
    """
    lease = take(stream, owner)
    if lease is None:
        return False
    row = Stream.objects.select_related("source").get(pk=stream)
    began = time.monotonic()
    try:
        with reading.opened(row, lease.tell) as next_page:
            while True:
                page = next_page(row.cursor)
                taken = keep(lease, row.source, page)
                if page.done or taken.is_broken:
                    return False
                row.cursor, row.attempts, row.bad_in_a_row = dict(page.cursor), 1, taken.bad_in_a_row
                if time.monotonic() > began + seconds or _makes_room(row, time.monotonic() - began):
                    _release(lease, attempts=0, woken_at=None)
                    return row.lane == Stream.Lane.FRESH
    except LeaseLost:
        log.info("lease lost", stream=stream, owner=owner)
        return False
    except RateLimited as wait:
        until_when = credentials.block(row.source, wait)
        _release(lease, attempts=0, blocked_until=until_when, due_at=until_when, **_said(wait))
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


def _makes_room(row: Stream, held: float) -> bool:
    """Whether somebody else comes first now: the past waits for what is new, and who takes turns for the others."""
    if row.kind in reading.ONCE:
        return False
    turns = credentials.takes_turns(row.source.provider, row.source.credential)
    if row.lane == Stream.Lane.BACKFILL or (turns and held > A_TURN):
        return credentials.fresh_waits(row)
    return False


def keep(lease: Lease, source: Source, page: Page) -> Taken:
    """Store one page and move the cursor, together, while the fence is ours. Raises LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        if page.observations:
            observed.lock(source)  # before the stream: whoever holds this may wait for nobody
        row = lease.mine().select_for_update().first()
        if row is None:
            raise LeaseLost
        taken = observed.take(source, page.observations, now=now, bad_in_a_row=row.bad_in_a_row)
        if page.events:
            stored = ingest.store(source, page.events, now=now)
            taken.new, taken.changed = taken.new + stored.new, taken.changed + stored.changed
        if page.raw:
            RawPage.objects.create(
                stream=row, fence=lease.fence, body=zlib.compress(page.raw, 6), facts=len(page.events)
            )
        etags.keep(source, page.etags, now=now)
        _move(row, page, taken, now)
        if page.done or taken.new:
            note_day(source, now, reads=int(page.done), rows=taken.new)
        if page.done or taken.is_broken:
            transaction.on_commit(_nudge_rollups)
    return taken


def _move(row: Stream, page: Page, taken: Taken, now: datetime) -> None:
    row.cursor, row.notes, row.failures = dict(page.cursor), list(page.notes), 0
    row.attempts = 0 if page.done else 1  # we go on at once, and that is the first try at the next page
    row.tried_at, row.spared = now, 0
    row.doing, row.read, row.total = page.doing[:80], page.read, page.total
    row.reached, row.bad_in_a_row = page.reached or row.reached, taken.bad_in_a_row
    row.lease_until, row.blocked_until = _until(), None
    if page.done:
        row.succeeded_at = now
        if row.lane == Stream.Lane.BACKFILL or row.kind in reading.ONCE:
            row.ended_at = now
        if row.started_at is None or row.due_at <= row.started_at:  # else somebody asked again meanwhile: due at once
            row.due_at = now + reading.pause_of(row)
        row.doing, row.total = "", None
        row.error = row.error_advice = row.error_detail = ""
        row.error_at = None
    if page.done or taken.is_broken:
        row.lease_owner, row.lease_until = "", None
    if taken.is_broken:
        _break(row, taken, now)
    row.save()


def _break(row: Stream, taken: Taken, now: datetime) -> None:
    """Stop: were it a bad release of ours, everything would drain into what waits for a person."""
    row.dead_at, row.error_at = now, now
    row.error = f"{taken.puzzles} of {taken.things} things on a page could not be understood, so reading stopped."
    row.error_advice = "Nothing is lost: what they said is kept. Read again once the cause is mended."


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
    return streams.update(due_at=now, woken_at=None, dead_at=None, attempts=0, spared=0, bad_in_a_row=0)
