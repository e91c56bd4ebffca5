"""The secrets that sign deliveries: made by us, shown once, several at a time while one takes another's place."""

from __future__ import annotations

import secrets as chance

from django.utils import timezone

from metrics import secrets
from metrics.models import HookSecret, Source
from teams.models import User

from .refused import Refused

MOST = 3


def add_hook_secret(*, source: Source, by: User | None, secret: str = "") -> tuple[HookSecret, str]:
    """A new secret beside those that hold, and its words, which are not shown again. Raises Refused."""
    if source.hook_secrets.filter(retired_at=None).count() >= MOST:
        raise Refused(f"{MOST} secrets hold already. Retire one first.")
    words = secret.strip() or chance.token_urlsafe(32)
    if len(words) < 16:
        raise Refused("A secret has at least 16 characters.", "secret")
    row = HookSecret.objects.create(source=source, secret=secrets.sealed(words), created_by=by)
    return row, words


def retire_hook_secret(*, secret: HookSecret, by: User) -> None:
    """Let a secret hold no longer."""
    HookSecret.objects.filter(pk=secret.pk, retired_at=None).update(retired_at=timezone.now(), retired_by=by)
