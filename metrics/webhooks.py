"""The door for deliveries: check the signature of the raw body, keep it, answer 202. It needs PostgreSQL only.

What is refused is counted on its source and not kept. An event that does not concern us is answered 2xx all the same:
some providers disable a hook that is not.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import inbox, registry, secrets
from .events import Forged, ProviderError, Push
from .models import HookSecret, Source

log = structlog.get_logger(__name__)

MOST_BYTES = 26_000_000  # GitHub's deliveries have at most 25 MB
MOST_REFUSED = 60  # a minute and source: from then on bodies are no longer looked at
KEPT_HEADERS = 40
LONGEST_HEADER = 500
NOT_KEPT = frozenset({"authorization", "cookie", "x-gitlab-token", "proxy-authorization"})  # they hold secrets


@csrf_exempt
@login_not_required
@require_POST
def door(request: HttpRequest, hook: uuid.UUID) -> HttpResponse:
    """One delivery to one source. 202 kept (also when it was kept before), 401 refused, 404, 413, 429."""
    source = Source.objects.filter(hook=hook).first()
    if source is None or not _hears(source):
        return _answer(404, "There is no such address. Copy it anew from the source's page.")
    if _too_many(source):
        return _answer(429, "Too many deliveries were refused lately. Check the secret, then try again in a minute.")
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        return _answer(413, f"A delivery may have {MOST_BYTES // 1_000_000} MB.")
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _answer(413, f"A delivery may have {MOST_BYTES // 1_000_000} MB.")
    push = Push(body=body, headers={name.lower(): value for name, value in request.headers.items()})
    provider = registry.provider_class(source.provider)
    try:
        known = {row.pk: secrets.opened(row.secret) for row in source.hook_secrets.filter(retired_at=None)}
        if not known:
            raise Forged("No secret is set up for this address.")
        provider.verify(push, list(known.values()), now=timezone.now())
    except Forged as forged:
        return _refused(source, str(forged))
    except ProviderError as wrong:
        return _answer(503, wrong.sentence)
    return _kept(source, provider.key(push), push, known)


def _kept(source: Source, key: str, push: Push, known: dict[int, str]) -> HttpResponse:
    with transaction.atomic():
        new = inbox.receive(source, key, push.body, _worth_keeping(push))
        if source.heard_at is None or (timezone.now() - source.heard_at).total_seconds() > 1:
            _note_hearing(source)
            if len(known) > 1:
                _note_use(source, push, known)
        transaction.on_commit(nudge)
    return _answer(202, "Kept." if new else "Kept before.")


def _note_hearing(source: Source) -> None:
    """Once a second: of many deliveries at once one writes it, and none waits for another."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metrics_source SET heard_at = now() WHERE id = (
                SELECT id FROM metrics_source
                 WHERE id = %s AND (heard_at IS NULL OR heard_at < now() - interval '1 second')
                   FOR UPDATE SKIP LOCKED
            )
            """,
            [source.pk],
        )


def _note_use(source: Source, push: Push, known: dict[int, str]) -> None:
    """While secrets are changed: which of them senders still use."""
    provider = registry.provider_class(source.provider)
    for pk, words in known.items():
        try:
            provider.verify(push, [words], now=timezone.now())
        except Forged:
            continue
        HookSecret.objects.filter(pk=pk).update(used_at=timezone.now())


def _hears(source: Source) -> bool:
    try:
        return hasattr(registry.provider_class(source.provider), "hear")
    except ProviderError:
        return False


def _worth_keeping(push: Push) -> dict[str, str]:
    return {
        name[:100]: value[:LONGEST_HEADER]
        for name, value in list(push.headers.items())[:KEPT_HEADERS]
        if name not in NOT_KEPT and not name.endswith(("signature", "signature-256"))
    }


def _refused(source: Source, why: str) -> HttpResponse:
    cache.add(f"refused-{source.pk}", 0, 60)
    try:
        cache.incr(f"refused-{source.pk}")
    except ValueError:  # it ran out in between
        cache.set(f"refused-{source.pk}", 1, 60)
    Source.objects.filter(pk=source.pk).update(refused_at=timezone.now(), refused_why=why[:300])
    log.warning("a delivery was refused", source=source.pk, because=why)
    return _answer(401, why)


def _too_many(source: Source) -> bool:
    recent = source.refused_at is not None and (timezone.now() - source.refused_at).total_seconds() < 60
    return recent and int(cache.get(f"refused-{source.pk}") or 0) >= MOST_REFUSED


def nudge() -> None:
    """Wake a worker, at most twice a second, and keep no sender waiting for Redis: beat's sweep finds the rest."""
    from .tasks import send_quietly, sweep_inbox

    if _may_nudge():
        with contextlib.suppress(RuntimeError):  # this process is ending
            _under_way[:] = [_aside.submit(send_quietly, sweep_inbox)]


_aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nudge")
_under_way: list[Future[None]] = []  # one at most: while Redis is away none queue up


_nudged: list[float] = [0.0]


def _may_nudge() -> bool:
    now = time.monotonic()
    if now - _nudged[0] < 0.5 or any(not one.done() for one in _under_way):
        return False
    _nudged[0] = now
    return True


def _answer(status: int, sentence: str) -> HttpResponse:
    return JsonResponse({"detail": sentence}, status=status)
