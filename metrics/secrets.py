"""Provider tokens at rest: encrypted with keys that are not SECRET_KEY, the newest writing, all of them reading."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .events import ProviderError


def sealed(secret: str) -> bytes | None:
    """`secret` encrypted; None for none."""
    return _box().encrypt(secret.encode()) if secret else None


def opened(stored: bytes | memoryview | None) -> str:
    """The secret. Raises ProviderError when no key of ours fits."""
    if not stored:
        return ""
    try:
        return _box().decrypt(bytes(stored)).decode()
    except InvalidToken as wrong:
        raise ProviderError(
            "The stored token cannot be read with our keys.", advice="Enter the token again.", permanent=True
        ) from wrong


def renewed(stored: bytes | memoryview) -> bytes:
    """The same secret, written with the newest key. Raises InvalidToken when no key of ours fits."""
    return _box().rotate(bytes(stored))


def _box() -> MultiFernet:
    keys = list(settings.SOURCE_KEYS)
    if not keys:
        if not settings.DEBUG:
            raise ImproperlyConfigured("PLUMBLINE_SOURCE_KEYS is not set: tokens cannot be kept.")
        keys = [base64.urlsafe_b64encode(hashlib.sha256(settings.SECRET_KEY.encode()).digest()).decode()]
    return MultiFernet([Fernet(key) for key in keys])
