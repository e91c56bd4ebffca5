"""What was kept of a provider's pages, so that an unchanged one is answered 304 and costs no quota."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from .events import Etag
from .models import KeptEtag, Source


def of(source: int) -> Callable[[str], Etag | None]:
    """Looks up what was kept of a URL of `source`."""

    def find(url: str) -> Etag | None:
        row = KeptEtag.objects.filter(source=source, url_digest=_digest(url)).first()
        return Etag(value=row.etag, meta=row.meta) if row else None

    return find


def none(url: str) -> Etag | None:
    return None


def keep(source: Source, pages: Mapping[str, Etag], *, now: datetime) -> None:
    """Within the transaction that keeps what the pages said: a 304 must always speak of something that we hold."""
    if pages:
        KeptEtag.objects.bulk_create(
            [
                KeptEtag(source=source, url_digest=_digest(url), etag=tag.value[:300], meta=dict(tag.meta), at=now)
                for url, tag in pages.items()
            ],
            update_conflicts=True, unique_fields=["source", "url_digest"], update_fields=["etag", "meta", "at"],
        )  # fmt: skip


def forget(source: Source) -> None:
    """Ask for everything anew."""
    KeptEtag.objects.filter(source=source).delete()


def _digest(url: str) -> bytes:
    return hashlib.sha256(url.encode()).digest()[:16]
