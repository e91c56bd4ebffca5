"""Every change that a person makes to sources and links, one verb each; `by` names who.

A verb checks what must hold, writes in one transaction, and raises a Refused with a sentence that says what to do.
It does not ask whether `by` may: the edges have fetched through `teams.access`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from teams.models import Team, User

from . import derive, inbox, registry, secrets, streams
from .events import Connection, Found, ProviderError
from .linking import How
from .models import Deployment, Inbox, Incident, IncidentLink, Service, Source, Stream


class Refused(ValueError):
    """Cannot be done; the message says what to do instead, `field` where."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


def try_connection(*, provider: str, address: str, settings: Mapping[str, Any], secret: str = "") -> Found:
    """Ask the provider whether it can be read, storing nothing. Raises Refused with its reason and advice."""
    try:
        return registry.build(provider, registry.connection(address=address, settings=settings, secret=secret)).check()
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
    is_sample: bool = False,
) -> Source:
    """A source of `team`, due to be read at once. `owner` is the squad whose service a one-service source holds."""
    settings = dict(settings or {})
    try:
        kind = registry.provider_class(provider)
        kind(Connection(source=0, address=address, settings=settings, secret=secret))
    except ProviderError as wrong:
        raise Refused(f"{wrong.sentence} {wrong.advice}".strip(), "settings") from wrong
    try:
        with transaction.atomic():
            source = Source.objects.create(
                team=team, provider=provider, name=name.strip(), address=address.strip(), settings=settings,
                secret=secrets.sealed(secret), created_by=by, is_sample=is_sample,
            )  # fmt: skip
    except IntegrityError as taken:
        raise Refused(f"{team} already has a source called {name}. Choose another name.", "name") from taken
    if owner is not None:
        Service.objects.create(source=source, name="", title=source.name, team=owner)
    now = timezone.now()
    Stream.objects.bulk_create(Stream(source=source, kind=stream, due_at=now) for stream in kind.streams)
    transaction.on_commit(_wake)
    return source


@transaction.atomic
def edit_source(
    *,
    source: Source,
    by: User,
    name: str,
    address: str,
    settings: Mapping[str, Any],
    owner: Team | None = None,
    secret: str | None = None,
) -> Source:
    """Change a source and read it again. `secret` None keeps the stored one, "" removes it."""
    held = Source.objects.select_for_update().get(pk=source.pk)
    held.name, held.address, held.settings = name.strip(), address.strip(), dict(settings)
    if secret is not None:
        held.secret = secrets.sealed(secret)
    try:
        registry.connect(held)
        with transaction.atomic():
            held.save()
    except ProviderError as wrong:
        raise Refused(f"{wrong.sentence} {wrong.advice}".strip(), "settings") from wrong
    except IntegrityError as taken:
        raise Refused(f"{held.team} already has a source called {name}. Choose another name.", "name") from taken
    if owner is not None:
        Service.objects.filter(source=held, name="").update(team=owner, title=held.name)
    read_again(sources=[held], by=by)
    return held


def read_again(*, sources: list[Source], by: User) -> int:
    """Make the streams of `sources` due at once, also those that gave up; how many."""
    woken = streams.wake(Stream.objects.filter(source__in=sources, source__paused_at=None), now=timezone.now())
    transaction.on_commit(_wake)
    return woken


def pause_source(*, source: Source, by: User) -> None:
    """Read `source` no more until it is resumed. What is being read at this moment ends with its page."""
    Source.objects.filter(pk=source.pk, paused_at=None).update(paused_at=timezone.now(), paused_by=by)


def resume_source(*, source: Source, by: User) -> None:
    """Read `source` again, from where it stood."""
    Source.objects.filter(pk=source.pk).update(paused_at=None, paused_by=None, inbox_stopped_at=None)
    read_again(sources=[source], by=by)


def replay(*, event: Inbox, by: User) -> None:
    """Try a dead letter again."""
    inbox.replay(event)


@transaction.atomic
def correct_incident(*, incident: Incident, deployment: Deployment | None, reason: str, by: User) -> IncidentLink:
    """Put `incident` down to `deployment`, or to none. Kept, and it wins over what we work out ourselves."""
    if deployment is not None and deployment.service_id != incident.service_id:
        raise Refused("That deployment is of another service. Choose one of the incident's own.", "deployment")
    if not reason.strip():
        raise Refused("Say in a few words why.", "reason")
    link, _ = IncidentLink.objects.update_or_create(
        incident=incident,
        defaults={
            "deployment": deployment, "how": How.PERSON, "reason": reason.strip()[:300],
            "corrected_at": timezone.now(), "corrected_by": by,
        },
    )  # fmt: skip
    derive.links_and_failures([incident.service_id])
    if incident.resolved_at:
        derive.mark([(incident.service_id, incident.resolved_at)])
    return link


def _wake() -> None:
    from .tasks import send_quietly, wake_due_streams

    send_quietly(wake_due_streams)
