"""One token, one queue: a provider limits a token, not a source, so what is blocked is the token.

Sources that use the same token share its fate; where a provider wants one request at a time, its streams take turns,
what is new before the past.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from . import registry
from .events import ProviderError, RateLimited
from .models import Credential, Source, Stream

LOCK = 0x706C0002
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
    try:
        serial = getattr(registry.provider_class(source.provider), "serial", False)
    except ProviderError:
        return True
    if not serial or not source.credential:
        return True
    with connection.cursor() as cursor:
        key = int.from_bytes(hashlib.sha256(source.credential.encode()).digest()[:4], "big", signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, key])
    others = Stream.objects.filter(source__credential=source.credential, lease_until__gt=now)
    return not others.exclude(pk=stream.pk).exclude(kind="derive").exists()


def fresh_waits(stream: Stream) -> bool:
    """Whether something new is due with the same token, for which a reading of the past makes room."""
    now = timezone.now()
    same = Stream.objects.filter(lane=Stream.Lane.FRESH, due_at__lte=now, dead_at=None, source__paused_at=None)
    same = same.filter(lease_until=None).exclude(blocked_until__gt=now).exclude(kind="derive")
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
