"""From what providers observed to facts: each observation kept once, each thing worked out from all of its own.

The result is the same whatever the order, the number and the way in which things were told: read page by page, pushed,
shuffled, doubled or late. Part of the writing side: it runs in the transaction of the page or of the delivery that it
came with, and one source at a time, so that nobody works out a thing from half of what is known.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import connection

from . import ingest, registry
from .events import Derived, Event, Observation, ProviderError
from .models import Observed, OpenItem, Puzzle, Source
from .rules import Rules

log = structlog.get_logger(__name__)

LOCK = 0x706C0001  # with a source's number: one writer of its things at a time
BREAKER_ROW = 50  # so many things one after the other that could not be understood
BREAKER_SHARE, BREAKER_LEAST = 0.2, 20  # or this share of a page that has at least so many

Thing = tuple[str, str]  # kind, id


@dataclass(slots=True)
class Taken:
    """What a page or a delivery came to."""

    new: int = 0  # rows of facts that are new
    changed: int = 0
    observations: int = 0  # that were not held before
    things: int = 0
    puzzles: int = 0  # things that could not be understood
    bad_in_a_row: int = 0
    irrelevant: dict[str, int] = field(default_factory=dict)  # why nothing followed → how many

    @property
    def is_broken(self) -> bool:
        """Too much of it could not be understood: a bad release of ours is likelier than bad things."""
        many = self.things >= BREAKER_LEAST and self.puzzles > BREAKER_SHARE * self.things
        return many or self.bad_in_a_row >= BREAKER_ROW


def take(source: Source, observations: Sequence[Observation], *, now: datetime, bad_in_a_row: int = 0) -> Taken:
    """Keep `observations` and bring the facts of their things up to date, within the caller's transaction."""
    assert connection.in_atomic_block, "observations are kept together with what they came with"
    lock(source)
    new = _keep(source, observations)
    taken = Taken(observations=len(new), bad_in_a_row=bad_in_a_row)
    # a thing of which nothing new was said is as it was; after a break or a doubled page that is the usual case
    work_out(source, sorted({(one.kind, one.id) for one in new}), taken, now=now)
    return taken


def lock(source: Source) -> None:
    """One writer of a source's things at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, source.pk])


def digest(observation: Observation) -> bytes:
    said = f"{observation.updated_at.timestamp() if observation.updated_at else ''}\n".encode()
    return hashlib.sha256(said + observation.body).digest()[:16]


def _keep(source: Source, observations: Sequence[Observation]) -> list[Observation]:
    """Store what is not held yet; those that were new."""
    once = {(one.kind, one.id[:300], digest(one)): one for one in observations}
    if not once:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_observed (source_id, kind, thing, digest, body, provider_updated_at, received_at)
            SELECT %s, kind, thing, digest, body, at, now()
              FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::timestamptz[])
                   AS said(kind, thing, digest, body, at)
            ON CONFLICT (source_id, kind, thing, digest) DO NOTHING
            RETURNING kind, thing, digest
            """,
            [
                source.pk,
                [kind for kind, _, _ in once],
                [thing.replace("\x00", "") for _, thing, _ in once],
                [mark for _, _, mark in once],
                [zlib.compress(one.body, 3) for one in once.values()],
                [one.updated_at for one in once.values()],
            ],
        )
        kept = {(kind, thing, bytes(mark)) for kind, thing, mark in cursor.fetchall()}
    return [one for (kind, thing, mark), one in once.items() if (kind, thing.replace("\x00", ""), mark) in kept]


# --- working out -----------------------------------------------------------------------------------------------------


def told(source: Source, things: Iterable[Thing]) -> dict[Thing, list[Observation]]:
    """All that was ever observed of `things`, by the vendor's time and then by digest: never in our order."""
    wanted = list(things)
    found: dict[Thing, list[Observation]] = {thing: [] for thing in wanted}
    if not wanted:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.kind, o.thing, o.body, o.provider_updated_at FROM metrics_observed o
              JOIN unnest(%s::text[], %s::text[]) AS wanted(kind, thing)
                ON o.kind = wanted.kind AND o.thing = wanted.thing
             WHERE o.source_id = %s
             ORDER BY o.provider_updated_at NULLS FIRST, o.digest
            """,
            [[kind for kind, _ in wanted], [thing for _, thing in wanted], source.pk],
        )
        for kind, thing, body, at in cursor.fetchall():
            found[kind, thing].append(
                Observation(kind=kind, id=thing, body=zlib.decompress(bytes(body)), updated_at=at)
            )
    return found


def work_out(source: Source, things: Sequence[Thing], taken: Taken, *, now: datetime) -> None:
    """Bring the facts, the open set and the puzzles of `things` up to date. Takes the source's lock for granted."""
    if not things:
        return
    derive = registry.provider_class(source.provider).derive
    rules = registry.rules_of(source)
    events: list[Event] = []
    origins: dict[int, str] = {}
    over: list[Thing] = []
    open_: list[Thing] = []
    wrong: dict[Thing, tuple[str, str]] = {}
    for thing, observations in told(source, things).items():
        taken.things += 1
        made = understand(derive, rules, thing, observations, now=now)
        if isinstance(made, tuple):
            wrong[thing] = made
            taken.puzzles += 1
            taken.bad_in_a_row += 1
            continue
        taken.bad_in_a_row = 0
        if made.why:
            taken.irrelevant[made.why] = taken.irrelevant.get(made.why, 0) + 1
        (open_ if made.open else over).append(thing)
        events += made.events
        origins |= {id(event): ":".join(thing) for event in made.events}
    understood = [":".join(thing) for thing in (*open_, *over)]
    stored = ingest.store(source, events, now=now, origins=origins, things=understood)
    taken.new += stored.new
    taken.changed += stored.changed
    _open(source, open_, over, now)
    _puzzles(source, wrong, [*open_, *over], now)


def understand(
    derive: Callable[..., Derived], rules: Rules, thing: Thing, observations: Sequence[Observation], *, now: datetime
) -> Derived | tuple[str, str]:
    """What follows from a thing under `rules`; or (sentence, detail) when it cannot be understood."""
    try:
        made = derive(thing[0], observations, now=now)
        return Derived(events=tuple(rules.apply(made.events)), open=made.open, why=made.why)
    except ProviderError as wrong:
        return wrong.sentence, wrong.detail
    except Exception as broken:  # a fault of ours: this thing waits for a person, the others go on
        log.exception("a thing could not be understood", kind=thing[0], thing=thing[1])
        return "Our reader stumbled over this.", f"{type(broken).__name__}: {broken}"


def _open(source: Source, open_: Sequence[Thing], over: Sequence[Thing], now: datetime) -> None:
    OpenItem.objects.bulk_create(
        [OpenItem(source=source, kind=kind, thing=thing, since=now) for kind, thing in open_], ignore_conflicts=True
    )
    _delete("metrics_openitem", source, over)


def _puzzles(
    source: Source, wrong: Mapping[Thing, tuple[str, str]], understood: Sequence[Thing], now: datetime
) -> None:
    for (kind, thing), (sentence, detail) in wrong.items():
        said: dict[str, Any] = {"error": sentence[:500], "error_detail": detail[:4000].replace("\x00", ""), "at": now}
        Puzzle.objects.update_or_create(source=source, kind=kind, thing=thing, defaults=said)
    _delete("metrics_puzzle", source, understood)


def _delete(table: str, source: Source, things: Sequence[Thing]) -> None:
    if not things:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE source_id = %s AND (kind, thing) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",  # noqa: S608, E501 (table names are ours)
            [source.pk, [kind for kind, _ in things], [thing for _, thing in things]],
        )


# --- looking at what is held -----------------------------------------------------------------------------------------


def newest(source: Source, kinds: Sequence[str], *, most: int) -> dict[Thing, list[Observation]]:
    """The `most` things of `kinds` of which something was said last, with all that was said of them."""
    rows = Observed.objects.filter(source=source)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    order = "-provider_updated_at" if rows.filter(provider_updated_at__isnull=False).exists() else "-pk"
    found: dict[Thing, None] = {}
    for kind, thing in rows.order_by(order, "-pk").values_list("kind", "thing").iterator(chunk_size=500):
        found.setdefault((kind, thing))
        if len(found) >= most:
            break
    return told(source, found)


def grouped(things: Iterable[Thing]) -> dict[str, list[str]]:
    """kind → ids."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for kind, thing in things:
        kinds[kind].append(thing)
    return kinds
