"""From a stored source to the provider that reads it. Adding a provider is a folder and a line in settings.PROVIDERS."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from . import secrets
from .events import Connection, Provider, ProviderError
from .models import Source


def connect(source: Source) -> Provider:
    """The provider of `source`, ready to read. Raises ProviderError when its kind or its settings cannot be used."""
    return build(
        source.provider,
        Connection(
            source=source.pk or 0,
            address=source.address,
            settings=source.settings,
            secret=secrets.opened(source.secret),
            folder=settings.CLONES_DIR,
            local_paths=tuple(settings.SOURCE_LOCAL_PATHS),
            trusted_hosts=tuple(settings.SOURCE_INSECURE_HOSTS),
        ),
    )


def build(kind: str, connection: Connection) -> Provider:
    """The provider called `kind` for `connection`, which need not be stored yet."""
    return provider_class(kind)(connection)


def provider_class(kind: str) -> type:
    """Raises ProviderError for a kind that this installation does not have."""
    if kind not in settings.PROVIDERS:
        raise ProviderError(f"This installation has no provider called {kind}.", advice="Remove the source.", permanent=True)
    found: type = import_string(settings.PROVIDERS[kind])
    return found
