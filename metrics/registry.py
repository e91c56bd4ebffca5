"""From a stored source to the provider that reads it.

Adding a provider is a folder and a line in settings.PROVIDERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings as installation
from django.utils.module_loading import import_string

from . import secrets
from .events import Connection, Provider, ProviderError
from .models import Source


def connect(source: Source) -> Provider:
    """The provider of `source`, ready to read. Raises ProviderError when its kind or its settings cannot be used."""
    secret = secrets.opened(source.secret)
    known = connection(source=source.pk, address=source.address, settings=source.settings, secret=secret)
    return build(source.provider, known)


def connection(*, address: str, settings: Mapping[str, Any], secret: str = "", source: int = 0) -> Connection:
    """A Connection with this installation's limits: where clones lie, which folders and hosts are allowed."""
    return Connection(
        source=source,
        address=address,
        settings=settings,
        secret=secret,
        folder=installation.CLONES_DIR,
        local_paths=tuple(installation.SOURCE_LOCAL_PATHS),
        trusted_hosts=tuple(installation.SOURCE_INSECURE_HOSTS),
    )


def build(kind: str, known: Connection) -> Provider:
    """The provider called `kind` for a connection that need not be stored yet."""
    provider: Provider = provider_class(kind)(known)
    return provider


def provider_class(kind: str) -> Any:
    """Raises ProviderError for a kind that this installation does not have."""
    if kind not in installation.PROVIDERS:
        raise ProviderError(
            f"This installation has no provider called {kind}.", advice="Remove the source.", permanent=True
        )
    return import_string(installation.PROVIDERS[kind])
