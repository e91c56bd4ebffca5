"""Connecting, changing, pausing and reading again; each verb one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from metrics import credentials, etags, inbox, reading, registry, secrets, streams
from metrics.events import Found, ProviderError, Push
from metrics.models import Inbox, Puzzle, Service, Source, Stream
from teams.models import Team, User

from .refused import Refused

FRESH = timedelta(days=7)  # what is read first, so that something is to be seen within minutes
WINDOW = timedelta(days=90)  # and then the past, in a lane of its own


def try_connection(*, provider: str, address: str, settings: Mapping[str, Any], secret: str = "") -> Found:
    """Ask the provider whether it can be read, storing nothing. Raises Refused with its reason and advice."""
    try:
        with registry.opened(provider, registry.connection(address=address, settings=settings, secret=secret)) as asked:
            found: Found = asked.check()
            return found
    except ProviderError as wrong:
        raise Refused(f"{wrong.sentence} {wrong.advice}".strip(), "address") from wrong


@transaction.atomic
def connect_source(
    *,
    team: Team,
    provider: str,
    name: str,
    by: User | None,
    address: str = "",
    settings: Mapping[str, Any] | None = None,
    secret: str = "",
    owner: Team | None = None,
    window: timedelta = WINDOW,
    is_sample: bool = False,
) -> Source:
    """A source of `team`, due to be read at once. `owner` is the squad whose service a one-service source holds.

    `window`: how far back to read, for providers that read what is new and the past apart.
    """
    settings = dict(settings or {})
    try:
        kind = registry.provider_class(provider)
        with registry.opened(provider, registry.connection(address=address.strip(), settings=settings, secret=secret)):
            pass  # settings that it cannot use it refuses when it is made
    except ProviderError as wrong:
        raise Refused(f"{wrong.sentence} {wrong.advice}".strip(), "settings") from wrong
    try:
        with transaction.atomic():
            source = Source.objects.create(
                team=team, provider=provider, name=name.strip(), address=address.strip(), settings=settings,
                secret=secrets.sealed(secret), credential=credentials.digest(provider, address, secret),
                created_by=by, is_sample=is_sample,
            )  # fmt: skip
    except IntegrityError as taken:
        raise Refused(f"{team} already has a source called {name}. Choose another name.", "name") from taken
    if owner is not None:
        Service.objects.create(source=source, name="", title=source.name, team=owner)
    _streams(source, kind, now=timezone.now(), window=window)
    transaction.on_commit(wake)
    return source


def _streams(source: Source, kind: Any, *, now: datetime, window: timedelta) -> None:
    """A stream for each kind of fact; for those who can, the past apart from what is new."""
    apart = getattr(kind, "windows", False)
    cursor = {"since": (now - FRESH).isoformat()} if apart else {}
    made = [Stream(source=source, kind=one, due_at=now, cursor=dict(cursor)) for one in kind.streams]
    if getattr(kind, "asks", ()):
        made.append(Stream(source=source, kind=reading.OPEN, due_at=now))
    Stream.objects.bulk_create(made)
    if apart and window > FRESH:
        backfill(source=source, since=now - window, by=None)


@transaction.atomic
def backfill(*, source: Source, since: datetime, by: User | None) -> int:
    """Read what lies between `since` and what is read as new, beside it; how many streams. A wider window adds itself.

    What was read of the past before is read again only where the window was not reached. Raises Refused.
    """
    kind = registry.provider_class(source.provider)
    if not getattr(kind, "windows", False):
        raise Refused("This source is read whole; there is no window of the past to choose.")
    now = timezone.now()
    until = source.created_at - FRESH if source.created_at else now - FRESH
    if since >= until:
        raise Refused(f"Choose a day before {until:%d %B %Y}: what is newer is read already.", "since")
    for one in kind.streams:
        held = Stream.objects.select_for_update().filter(source=source, kind=one, lane=Stream.Lane.BACKFILL).first()
        window = {"since": since.isoformat(), "until": until.isoformat()}
        if held is None:
            Stream.objects.create(
                source=source, kind=one, lane=Stream.Lane.BACKFILL, cursor=window, window_from=since, window_to=until,
                due_at=now,
            )  # fmt: skip
            continue
        if held.ended_at and held.window_from and held.window_from > since:
            window["until"] = held.window_from.isoformat()  # what is newer is held already
        elif held.window_from and held.window_from <= since:
            continue
        _start_over(held, window, now)
        held.window_from, held.window_to, held.ended_at, held.paused_at = since, until, None, None
        held.save(update_fields=["window_from", "window_to", "ended_at", "paused_at"])
    transaction.on_commit(wake)
    return len(kind.streams)


def begin(source: Source, kind: str) -> None:
    """Have a worker read a stream of ours from its beginning, with progress. Within the caller's transaction."""
    now = timezone.now()
    stream, _ = Stream.objects.select_for_update().get_or_create(
        source=source, kind=kind, lane=Stream.Lane.FRESH, defaults={"due_at": now}
    )
    _start_over(stream, {}, now)
    transaction.on_commit(wake)


def _start_over(stream: Stream, cursor: Mapping[str, Any], now: datetime) -> None:
    """Begin with another cursor; whoever reads it at this moment loses the lease, and with it what is not stored."""
    stream.cursor, stream.due_at, stream.fence = dict(cursor), now, stream.fence + 1
    stream.lease_owner, stream.lease_until, stream.attempts, stream.dead_at = "", None, 0, None
    stream.read, stream.total, stream.reached, stream.ended_at, stream.woken_at = 0, None, None, None, None
    stream.started_at = None
    stream.save()


def pause_backfill(*, source: Source, by: User) -> None:
    """Stop reading the past for now; it goes on from where it stands."""
    running = source.streams.filter(lane=Stream.Lane.BACKFILL, ended_at=None, paused_at=None)
    running.update(paused_at=timezone.now())


def resume_backfill(*, source: Source, by: User) -> None:
    source.streams.filter(lane=Stream.Lane.BACKFILL).update(paused_at=None, due_at=timezone.now(), woken_at=None)
    transaction.on_commit(wake)


@transaction.atomic
def edit_source(
    *,
    source: Source,
    by: User,
    name: str,
    address: str,
    settings: Mapping[str, Any],
    secret: str | None = None,
) -> Source:
    """Change a source and read it again. `secret` None keeps the stored one, "" removes it."""
    held = Source.objects.select_for_update().get(pk=source.pk)
    moved = held.address != address.strip()
    held.name, held.address, held.settings = name.strip(), address.strip(), dict(settings)
    if secret is not None:
        held.secret = secrets.sealed(secret)
    held.credential = credentials.digest(held.provider, held.address, secrets.opened(held.secret))
    try:
        with registry.opened(held.provider, registry.connection_of(held)):
            pass
        with transaction.atomic():
            held.save()
    except ProviderError as wrong:
        raise Refused(f"{wrong.sentence} {wrong.advice}".strip(), "settings") from wrong
    except IntegrityError as taken:
        raise Refused(f"{held.team} already has a source called {name}. Choose another name.", "name") from taken
    Service.objects.filter(source=held, name="").update(title=held.name)
    if moved:
        etags.forget(held)
    read_again(sources=[held], by=by)
    return held


@transaction.atomic
def renew_token(*, source: Source, secret: str, by: User) -> Found:
    """Try another token and keep it, then read on from where the old one failed. Raises Refused, keeping the old."""
    if not secret.strip():
        raise Refused("Paste the new token.", "secret")
    found = try_connection(
        provider=source.provider, address=source.address, settings=source.settings, secret=secret.strip()
    )
    held = Source.objects.select_for_update().get(pk=source.pk)
    held.secret = secrets.sealed(secret.strip())
    held.credential = credentials.digest(held.provider, held.address, secret.strip())
    held.save(update_fields=["secret", "credential"])
    etags.forget(held)
    read_again(sources=[held], by=by)
    return found


def read_again(*, sources: list[Source], by: User) -> int:
    """Make the streams of `sources` due at once, also those that gave up; how many."""
    woken = streams.wake(Stream.objects.filter(source__in=sources, source__paused_at=None), now=timezone.now())
    transaction.on_commit(wake)
    return woken


def pause_source(*, source: Source, by: User) -> None:
    """Read `source` no more until it is resumed. What is being read at this moment ends with its page."""
    Source.objects.filter(pk=source.pk, paused_at=None).update(paused_at=timezone.now(), paused_by=by)


def resume_source(*, source: Source, by: User) -> None:
    """Read `source` again, from where it stood."""
    Source.objects.filter(pk=source.pk).update(paused_at=None, paused_by=None, inbox_stopped_at=None)
    read_again(sources=[source], by=by)


@transaction.atomic
def import_file(*, source: Source, body: bytes, by: User) -> bool:
    """Keep an uploaded file as one delivery, from which facts follow. False when this very file was kept before.

    Raises Refused for a file with faults: all of it is taken, or nothing.
    """
    provider = registry.provider_class(source.provider)
    now = timezone.now()
    push = Push(body=body, headers={"x-plumbline-at": now.isoformat()})
    try:
        provider.hear(push, now=now)
    except ProviderError as wrong:
        raise Refused(wrong.sentence, "file") from wrong
    new = inbox.receive(source, provider.key(push), body, push.headers)
    if new:
        Source.objects.filter(pk=source.pk).update(settings={**source.settings, "imported_at": now.isoformat()})
        transaction.on_commit(_sweep)
    return new


def _sweep() -> None:
    from metrics.tasks import send_quietly, sweep_inbox

    send_quietly(sweep_inbox)


# --- dead letters ----------------------------------------------------------------------------------------------------


def replay(*, event: Inbox, by: User) -> None:
    """Try a dead letter again. Raises Refused when its words are no longer kept."""
    if event.pruned_at is not None:
        raise Refused("The words of this event are no longer kept, so it cannot be tried again.")
    inbox.replay(event)


@transaction.atomic
def replay_all(*, source: Source, by: User) -> int:
    """Have workers try all dead letters of `source` again: what was pushed and what was read; how many."""
    events = inbox.replay_all(source)
    things = Puzzle.objects.filter(source=source).count()
    if things:
        begin(source, reading.REPLAY)
    if events:
        transaction.on_commit(_sweep)
    return events + things


@transaction.atomic
def solve(*, puzzle: Puzzle, by: User) -> bool:
    """Work out again, from what is held, a thing that could not be understood; whether it is now."""
    return reading.work_out_now(puzzle.source, [(puzzle.kind, puzzle.thing)])


def wake() -> None:
    from metrics.tasks import send_quietly, wake_due_streams

    send_quietly(wake_due_streams)
