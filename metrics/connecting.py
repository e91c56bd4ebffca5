"""A connection that is not made yet: what a person typed and what the test saw, kept in the session between steps.

The token lies there encrypted and never goes back to the browser. A draft ends with the connection, or after an hour.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from teams.models import Team

from . import registry, secrets
from .events import Found, Guide, ProviderError
from .models import Source

SECONDS = 3600
MOST_KEPT = 200  # choices that stay in the session; more are found by search
OWN_FORM = ("git",)  # providers that are connected on a page of their own
NOT_SHOWN = ("sample",)


@dataclass(slots=True)
class Draft:
    """What is known of one connection on its way."""

    provider: str
    team: int
    address: str = ""
    token: str = ""  # encrypted
    sentence: str = ""  # what the test saw; "" until it was tested
    can: list[str] = field(default_factory=list)
    cannot: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    more: bool = False
    at: float = 0.0

    @property
    def secret(self) -> str:
        return secrets.opened(self.token.encode()) if self.token else ""

    def keep_secret(self, secret: str) -> None:
        sealed = secrets.sealed(secret)
        self.token = sealed.decode() if sealed else ""

    def tested(self, found: Found) -> None:
        self.sentence, self.can, self.cannot = found.sentence, list(found.can), list(found.cannot)
        self.choices = [one[:300] for one in found.choices[:MOST_KEPT]]
        self.more = found.more_choices or len(found.choices) > MOST_KEPT

    def search(self, words: str) -> Found:
        """What the provider has by these words; its complaint as the sentence when it cannot say."""
        known = registry.connection(address=self.address, settings={}, secret=self.secret)
        try:
            with registry.opened(self.provider, known) as provider:
                found: Found = provider.search(words)
        except ProviderError as wrong:
            return Found(f"{wrong.sentence} {wrong.advice}".strip())
        return found


def _key(provider: str, team: Team) -> str:
    return f"connect:{team.pk}:{provider}"


def draft(session: MutableMapping[str, Any], provider: str, team: Team) -> Draft:
    """The draft of this session, or a new one."""
    kept = session.get(_key(provider, team))
    if isinstance(kept, Mapping) and time.time() - float(kept.get("at", 0)) < SECONDS:
        try:
            return Draft(**kept)
        except TypeError:  # of an older release
            pass
    return Draft(provider=provider, team=team.pk)


def keep(session: MutableMapping[str, Any], held: Draft, team: Team) -> None:
    held.at = time.time()
    session[_key(held.provider, team)] = asdict(held)


def forget(session: MutableMapping[str, Any], provider: str, team: Team) -> None:
    session.pop(_key(provider, team), None)


# --- the secret of a webhook, shown once -----------------------------------------------------------------------------


def show_once(session: MutableMapping[str, Any], source: Source, secret: str) -> None:
    sealed = secrets.sealed(secret)
    session[f"hook:{source.pk}"] = sealed.decode() if sealed else ""


def shown_once(session: MutableMapping[str, Any], source: Source) -> str:
    """The new secret of `source` if it was not shown yet; from then on nobody sees it again."""
    kept = session.pop(f"hook:{source.pk}", "")
    try:
        return secrets.opened(kept.encode()) if kept else ""
    except ProviderError:
        return ""


# --- the providers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Card:
    """One provider on the first page."""

    kind: str
    title: str
    feeds: str
    note: str


def cards() -> list[Card]:
    """Every provider that can be connected here, plain Git first."""
    found = []
    for kind in settings.PROVIDERS:
        if kind in NOT_SHOWN:
            continue
        provider, guide = registry.provider_class(kind), registry.guide(kind)
        if guide is None and kind not in OWN_FORM:
            continue
        note = "Needs no account" if guide is None else "Pushes to us; nothing is fetched" if guide.pushes_only else ""
        if guide is not None and not guide.pushes_only:
            note = "Fetched with a token" + (", and pushes to us" if guide.hook else "")
        if hasattr(provider, "preview"):
            note = "Files, uploaded or sent by a script"
        found.append(Card(kind, provider.title, provider.feeds, note))
    return sorted(found, key=lambda card: (card.kind != "git", card.title.lower()))


def guide_of(kind: str) -> Guide | None:
    """The guide of a provider that is connected on the guided pages; None for any other word."""
    if kind not in settings.PROVIDERS or kind in (*OWN_FORM, *NOT_SHOWN):
        return None
    return registry.guide(kind)


def free_name(title: str, team: Team) -> str:
    """A name that no source of `team` has yet: "GitHub", "GitHub 2"."""
    same: QuerySet[Any, Any] = Source.objects.filter(team=team, name__startswith=title).values_list("name", flat=True)
    taken = set(same)
    return next(name for name in (title, *(f"{title} {n}" for n in range(2, len(taken) + 3))) if name not in taken)


def offered(held: Draft, searched: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """What the page lists: what is chosen stays, then what the search found, else what the test saw."""
    return list(dict.fromkeys([*chosen, *(searched or held.choices)]))[: MOST_KEPT + len(chosen)]
