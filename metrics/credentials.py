"""One token, one queue: a provider limits a token, not a source, so what is blocked is the token.

Sources that use the same token share its fate; where a provider wants one request at a time, its streams take turns,
what is new before the past.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from . import registry
from .events import ProviderError, RateLimited
from .models import Credential, Source, Stream

LOCK = 0x706C0002
ASK_NOBODY = ("derive", "replay")  # kinds of streams that read what is held
LONGEST_BLOCK = timedelta(hours=2)


def digest(provider: str, address: str, secret: str) -> str:
    """What makes a token the same token, keyed so that it does not tell the token; "" for none."""
    if not secret:
        return ""
    said = "\n".join([provider, address.rstrip("/").lower(), secret])
    return hmac.new(settings.SECRET_KEY.encode(), said.encode(), hashlib.sha256).hexdigest()


def free(stream: Stream, *, now: datetime) -> bool:
    """Whether `stream` may be read now: where requests must come one after the other, nobody else uses its token.

    Within the transaction that takes the lease; who asks at the same time waits for the end of it.
    """
    source = stream.source
    if not takes_turns(source.provider, source.credential):
        return True
    with connection.cursor() as cursor:
        key = int.from_bytes(hashlib.sha256(source.credential.encode()).digest()[:4], "big", signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, key])
    return not _at_it(now).filter(source__credential=source.credential).exclude(pk=stream.pk).exists()


def takes_turns(provider: str, credential: str) -> bool:
    """Whether the streams that use this token are read one after the other."""
    try:
        return bool(credential) and bool(getattr(registry.provider_class(provider), "serial", False))
    except ProviderError:
        return False


def one_each(waiting: Iterable[tuple[int, str, str]], *, now: datetime) -> list[int]:
    """Of streams in their order, (pk, provider, token): all that can be read at once, so one for a token in turns."""
    busy = set(_at_it(now).values_list("source__credential", flat=True))
    found: list[int] = []
    for stream, provider, credential in waiting:
        if takes_turns(provider, credential):
            if credential in busy:
                continue
            busy.add(credential)
        found.append(stream)
    return found


def _at_it(now: datetime) -> QuerySet[Stream]:
    """The streams that ask a provider at this moment."""
    return Stream.objects.filter(lease_until__gt=now).exclude(kind__in=ASK_NOBODY)


def fresh_waits(stream: Stream) -> bool:
    """Whether something else that is new is due with the same token, for which `stream` makes room."""
    now = timezone.now()
    same = Stream.objects.filter(lane=Stream.Lane.FRESH, due_at__lte=now, dead_at=None, source__paused_at=None)
    same = same.filter(lease_until=None, paused_at=None).exclude(blocked_until__gt=now).exclude(kind__in=ASK_NOBODY)
    same = same.exclude(pk=stream.pk)
    if stream.source.credential:
        return same.filter(source__credential=stream.source.credential).exists()
    return same.filter(source=stream.source).exists()


def block(source: Source, wait: RateLimited) -> datetime:
    """Keep everybody from using the token until the provider allows it; when that is."""
    now = timezone.now()
    until = max(wait.until, now + timedelta(seconds=1))
    if not source.credential:
        return until
    held, _ = Credential.objects.get_or_create(digest=source.credential)
    if wait.doubling:  # it said nothing: a minute at first, then twice as long each time
        until = now + min(max(until - now, timedelta(seconds=60)) * 2 ** min(held.hits, 10), LONGEST_BLOCK)
    Credential.objects.filter(pk=held.pk).update(blocked_until=until, hits=F("hits") + 1)
    return until


def answered(source: Source) -> None:
    """The token was answered again: the next limit counts as a first one."""
    if source.credential:
        Credential.objects.filter(digest=source.credential, hits__gt=0).update(hits=0)
