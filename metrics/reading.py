"""What is read of a stream: a provider's pages, the things that are not over, or what is held, worked out anew.

`opened` gives a function from a cursor to the next page. The kinds "open", "derive" and "replay" are ours, and every
other is the provider's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from . import credentials, observed, registry
from .events import Page, Tell
from .models import OpenItem, Puzzle, Source, Stream

OPEN = "open"
DERIVE, REPLAY = credentials.ASK_NOBODY
ONCE = frozenset(credentials.ASK_NOBODY)  # asked for by a person, asks no provider, and comes to an end
ASK_AT_ONCE = 20
ASK_EVERY = timedelta(minutes=2)  # while something is not over
ASK_AGAIN = timedelta(days=1)  # what has been open for long is asked for less often
LONG = timedelta(days=7)
WORK_OUT_AT_ONCE = 400
TRY_AT_ONCE = 50

NextPage = Callable[[Mapping[str, Any]], Page]


@contextlib.contextmanager
def opened(stream: Stream, tell: Tell) -> Iterator[NextPage]:
    """From a cursor to the next page of `stream`. Raises ProviderError when its provider cannot be made."""
    if stream.kind == DERIVE:
        yield lambda cursor: _worked_out(stream.source, cursor)
        return
    if stream.kind == REPLAY:
        yield lambda cursor: _tried_again(stream.source, cursor)
        return
    with registry.opened(stream.source.provider, registry.connection_of(stream.source)) as provider:
        if stream.kind == OPEN:
            yield lambda cursor: _answered(stream.source, provider, cursor)
        else:

            def page(cursor: Mapping[str, Any]) -> Page:
                found: Page = provider.fetch(stream.kind, cursor, now=timezone.now(), tell=tell)
                credentials.answered(stream.source)
                return found

            yield page


def pause_of(stream: Stream) -> timedelta:
    """How long a stream rests when nothing newer is left."""
    usual = timedelta(seconds=settings.READ_EVERY_SECONDS)
    return min(ASK_EVERY, usual) if stream.kind == OPEN else usual


# --- what is not over ------------------------------------------------------------------------------------------------


def _answered(source: Source, provider: Any, cursor: Mapping[str, Any]) -> Page:
    """Ask again for those that were asked for longest ago; one kind a page. A run asks for each once."""
    now = timezone.now()
    run = cursor.get("run") or {"began": now.isoformat(), "asked": 0}
    waiting = OpenItem.objects.filter(source=source, kind__in=provider.asks)
    waiting = waiting.exclude(asked_at__gte=run["began"])
    lately = waiting.exclude(since__lt=now - LONG, asked_at__gt=now - ASK_AGAIN)
    first = lately.order_by(F("asked_at").asc(nulls_first=True), "pk").first()
    if first is None:
        return Page(cursor={}, done=True, read=run["asked"])
    chosen = lately.filter(kind=first.kind).order_by(F("asked_at").asc(nulls_first=True), "pk")[:ASK_AT_ONCE]
    things = list(chosen.values_list("thing", flat=True))
    asked = provider.ask(first.kind, things, now=now)
    credentials.answered(source)
    held = OpenItem.objects.filter(source=source, kind=first.kind)
    held.filter(thing__in=asked.gone).delete()
    held.filter(thing__in=things).update(asked_at=now)
    notes = (f"{len(asked.gone)} are no longer known there.",) if asked.gone else ()
    return Page(
        observations=asked.observations, cursor={"run": {**run, "asked": run["asked"] + len(things)}}, done=False,
        read=run["asked"] + len(things), doing="what is not over", notes=notes,
    )  # fmt: skip


# --- worked out anew -------------------------------------------------------------------------------------------------


def _worked_out(source: Source, cursor: Mapping[str, Any]) -> Page:
    """Work out the next things from what is held, under the rules as they are now. Asks nobody."""
    run = cursor.get("run") or {"kind": "", "thing": "", "done": 0, "total": _count(source)}
    source.refresh_from_db(fields=["settings"])
    with connection.cursor() as held:
        held.execute(
            """
            SELECT DISTINCT kind, thing FROM metrics_observed
             WHERE source_id = %s AND (kind, thing) > (%s, %s) ORDER BY kind, thing LIMIT %s
            """,
            [source.pk, run["kind"], run["thing"], WORK_OUT_AT_ONCE],
        )
        things: list[observed.Thing] = held.fetchall()
    if not things:
        return Page(cursor={}, done=True, read=run["done"])
    with transaction.atomic():
        work_out_now(source, things)
    done = run["done"] + len(things)
    kind, thing = things[-1]
    return Page(
        cursor={"run": {"kind": kind, "thing": thing, "done": done, "total": run["total"]}}, done=False, read=done,
        total=max(run["total"], done), doing="facts, worked out under the new rules",
    )  # fmt: skip


def _tried_again(source: Source, cursor: Mapping[str, Any]) -> Page:
    """Work out the next things that were not understood. Those that still are not stay, and are not met twice."""
    waiting = Puzzle.objects.filter(source=source)
    run = cursor.get("run") or {"last": 0, "done": 0, "total": waiting.count()}
    found = list(waiting.filter(pk__gt=run["last"]).order_by("pk")[:TRY_AT_ONCE])
    if not found:
        return Page(cursor={}, done=True, read=run["done"])
    source.refresh_from_db(fields=["settings"])
    with transaction.atomic():
        work_out_now(source, [(one.kind, one.thing) for one in found])
    done = run["done"] + len(found)
    return Page(
        cursor={"run": {"last": found[-1].pk, "done": done, "total": run["total"]}}, done=False, read=done,
        total=max(run["total"], done), doing="what was not understood, once more",
    )  # fmt: skip


def work_out_now(source: Source, things: Sequence[observed.Thing]) -> bool:
    """Work `things` out anew, within the caller's transaction; whether all of them were understood."""
    taken = observed.Taken()
    observed.lock(source)
    observed.work_out(source, things, taken, now=timezone.now())
    return not taken.puzzles


def _count(source: Source) -> int:
    with connection.cursor() as held:
        held.execute(
            "SELECT count(*) FROM (SELECT DISTINCT kind, thing FROM metrics_observed WHERE source_id = %s) things",
            [source.pk],
        )
        return int(held.fetchone()[0])
