"""From a stored source to the provider that reads it.

Adding a provider is a folder and a line in settings.PROVIDERS.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings as installation
from django.utils.module_loading import import_string

from . import etags, secrets
from .events import Connection, Etag, Guide, Provider, ProviderError
from .models import Source
from .rules import BadRule, Rules


def connect(source: Source) -> Provider:
    """The provider of `source`, ready to read. Raises ProviderError when its kind or its settings cannot be used."""
    return build(source.provider, connection_of(source))


def connection_of(source: Source) -> Connection:
    secret = secrets.opened(source.secret)
    return connection(
        source=source.pk, address=source.address, settings=source.settings, secret=secret, etag=etags.of(source.pk)
    )


def connection(
    *,
    address: str,
    settings: Mapping[str, Any],
    secret: str = "",
    source: int = 0,
    etag: Callable[[str], Etag | None] = etags.none,
) -> Connection:
    """A Connection with this installation's limits: where clones lie, which folders and hosts are allowed."""
    return Connection(
        source=source,
        address=address,
        settings=settings,
        secret=secret,
        folder=installation.CLONES_DIR,
        local_paths=tuple(installation.SOURCE_LOCAL_PATHS),
        trusted_hosts=tuple(installation.SOURCE_INSECURE_HOSTS),
        etag=etag,
    )


@contextlib.contextmanager
def opened(kind: str, known: Connection) -> Iterator[Any]:
    """The provider called `kind` for as long as it is needed; what it has open is closed afterwards."""
    provider: Any = build(kind, known)
    try:
        yield provider
    finally:
        close = getattr(provider, "close", None)
        if close is not None:
            close()


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


def observes(kind: str) -> bool:
    """Whether a provider makes observations, from which facts are worked out; plain Git does not."""
    return hasattr(provider_class(kind), "derive")


def guide(kind: str) -> Guide | None:
    """What the connecting page says of a provider; None for one that is not connected on that page."""
    found: Guide | None = getattr(provider_class(kind), "guide", None)
    return found


def rules_of(source: Source) -> Rules:
    """The rules of `source`, on top of its provider's own. Raises ProviderError when they cannot be used."""
    known = guide(source.provider)
    try:
        return Rules.of(source.settings, known.default_rules if known else None)
    except BadRule as wrong:
        raise ProviderError(
            f"The rules of {source} cannot be used: {wrong}", advice="Change them on its page.", permanent=True
        ) from wrong
