"""What waits for a person: events that could not be read, things that could not be understood, streams that stopped.

A composer: it reads, in a fixed number of queries, and writes nothing. Nothing here is lost: what was said is kept.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from . import inbox, observed, reading
from .models import Inbox, Puzzle, Source, Stream
from .one_source import StreamNow, label_of, streams_now

A_PAGE = 25
LATELY = timedelta(minutes=10)  # so long a finished try is told
MOST_BYTES = 20_000  # of what was said, as shown
EVENTS, THINGS, STREAMS = "events", "things", "streams"
WORDS = {EVENTS: "Pushed events", THINGS: "Things read", STREAMS: "Stopped streams"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One row."""

    source: Source
    what: str
    why: str
    detail: str
    since: datetime | None
    tries: int
    url: str  # what it said; "" where a stream has nothing to show
    again: str  # where to try again; "" where that cannot help
    again_word: str


@dataclass(frozen=True, slots=True)
class Letters:
    counts: dict[str, int]
    of: str
    page: Page[Any]
    rows: list[Letter]

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def tabs(self) -> list[dict[str, Any]]:
        return [
            {"of": of, "word": word, "count": self.counts[of], "is_current": of == self.of}
            for of, word in WORDS.items()
        ]


def letters(sources: Sequence[Source], *, of: str = "", page: str = "1") -> Letters:
    """A page of what waits in `sources`; without `of` the first sort that has any. Five queries."""
    known = {one.pk: one for one in sources}
    held: dict[str, Any] = {
        EVENTS: Inbox.objects.filter(source__in=known, dead_at__isnull=False).defer("body").order_by("-dead_at", "-pk"),
        THINGS: Puzzle.objects.filter(source__in=known).order_by("-at", "-pk"),
        STREAMS: Stream.objects.filter(source__in=known, dead_at__isnull=False).order_by("-dead_at", "-pk"),
    }
    counts = {kind: rows.aggregate(n=Count("pk"))["n"] for kind, rows in held.items()}
    if of not in held:
        of = next((kind for kind in held if counts[kind]), EVENTS)
    paginator = Paginator(held[of], A_PAGE)
    paginator.count = counts[of]  # counted already
    shown = paginator.get_page(page)
    made: dict[str, Callable[[Any, Source], Letter]] = {EVENTS: _event, THINGS: _thing, STREAMS: _stream}
    make = made[of]
    return Letters(counts, of, shown, [make(row, known[row.source_id]) for row in shown])


def _event(row: Inbox, source: Source) -> Letter:
    return Letter(
        source, row.key, row.error, row.error_detail[:300], row.received_at, row.attempts,
        url=reverse("metrics:unread_event", args=[source.pk, row.pk]),
        again="" if row.pruned_at else reverse("metrics:replay", args=[source.pk, row.pk]), again_word="Try again",
    )  # fmt: skip


def _thing(row: Puzzle, source: Source) -> Letter:
    return Letter(
        source, f"{label_of(row.kind)} {row.thing}", row.error, row.error_detail[:300], row.at, row.attempts,
        url=reverse("metrics:unread_thing", args=[source.pk, row.pk]),
        again=reverse("metrics:solve", args=[source.pk, row.pk]), again_word="Work out again",
    )  # fmt: skip


def _stream(row: Stream, source: Source) -> Letter:
    what = label_of(row.kind) + (", the past" if row.lane == Stream.Lane.BACKFILL else "")
    return Letter(
        source, what, row.error, row.error_detail[:300], row.error_at or row.dead_at, max(row.attempts, row.failures),
        url="", again=reverse("metrics:read_now", args=[source.pk]), again_word="Read again",
    )  # fmt: skip


# --- trying again ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Again:
    """How far trying everything again has come. `stream` is None when there were no things to work out."""

    stream: StreamNow | None
    events: int  # that wait for a worker

    @property
    def is_going_on(self) -> bool:
        at_work = self.stream is not None and self.stream.state not in ("delivered", "late")
        return at_work or self.events > 0


def again(source: Source) -> Again:
    """Four queries."""
    now = timezone.now()
    streams = list(source.streams.filter(kind=reading.REPLAY))
    lately = [one for one in streams if one.ended_at is None or now - one.ended_at < LATELY]
    shown = streams_now(source, lately, now=now) if lately else []
    return Again(shown[0] if shown else None, inbox.waiting(source))


# --- what it said ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said, as text that a page may show."""

    at: datetime | None
    text: str
    length: int

    @property
    def is_cut(self) -> bool:
        return self.length > MOST_BYTES


def said_of(body: bytes, at: datetime | None) -> Said:
    """The words of `body`, JSON set out in lines, cut where they are long. It stays text: the page escapes it."""
    raw = body[:MOST_BYTES]
    text = raw.decode("utf-8", errors="replace").replace("\x00", "␀")
    if len(body) <= MOST_BYTES:
        with contextlib.suppress(ValueError, RecursionError):  # no JSON, or nested beyond measure: as it came
            text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)[:MOST_BYTES]
    return Said(at, text, len(body))


def event_said(event: Inbox) -> list[Said]:
    return [said_of(bytes(event.body), event.received_at)] if event.pruned_at is None else []


def thing_said(puzzle: Puzzle, *, most: int = 10) -> list[Said]:
    """The newest observations of a thing, the newest first. One query."""
    thing = (puzzle.kind, puzzle.thing)
    found = observed.told(puzzle.source, [thing])[thing]
    return [said_of(one.body, one.updated_at) for one in reversed(found[-most:])]
