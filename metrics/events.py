"""What a provider may say: frozen facts, the protocol that yields them, and its two errors.

Providers turn a vendor's words into these dataclasses; `ingest` alone stores them. Nothing here knows a vendor,
Django or Celery. Every fact names itself by the provider's own id, so that the same fact told twice, late or out of
order lands on one row.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


class Outcome(enum.StrEnum):
    """How an attempt to deploy ended. A word we do not know stays `unknown`; it is never guessed into the others."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Answer(enum.StrEnum):
    """Why an unplanned deployment was made: it took the previous one back, or mended it."""

    ROLLBACK = "rollback"
    HOTFIX = "hotfix"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeen:
    """A merged change: a pull request, or a commit that belongs to none."""

    sha: str  # the commit that stands for it on the deployed branch
    title: str
    author: str
    first_commit_at: datetime | None  # None: not known, or not plausible (see `time_note`)
    merged_at: datetime | None
    opened_at: datetime | None = None
    first_review_at: datetime | None = None
    approved_at: datetime | None = None
    reverts: str = ""  # sha of the commit that this one takes back
    time_note: str = ""  # why first_commit_at is None, in words for a person
    url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSeen:
    """One attempt to put one sha of one service into one environment."""

    provider_id: str
    service: str  # the provider's name of the deployable thing; "" means the source's only service
    environment: str
    production: bool
    sha: str
    ref: str
    outcome: Outcome
    raw_outcome: str
    started_at: datetime | None
    finished_at: datetime | None
    answer: Answer | None = None  # None: planned
    answers: str = ""  # provider_id of the deployment that this one took back or mended
    base: str | None = None  # provider_id of the deployment before it; None: the base is unknown
    carried: tuple[str, ...] | None = None  # shas of its changes by ancestry; None: ancestry not known
    note: str = ""
    url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSeen:
    """Something that hurt users: from its start until service was restored."""

    provider_id: str
    service: str
    title: str
    started_at: datetime
    resolved_at: datetime | None
    severity: str = ""
    caused_by: str = ""  # provider_id of the deployment that it names explicitly
    url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesGone:
    """Changes that a rewritten history no longer holds. They are kept and no longer counted."""

    shas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentsStand:
    """All deployments of this source that still count; those not named are kept and no longer counted."""

    provider_ids: tuple[str, ...]


Event = ChangeSeen | DeploymentSeen | IncidentSeen | ChangesGone | DeploymentsStand


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One step of reading a stream: its facts, the raw text they came from, and where to go on."""

    events: tuple[Event, ...]
    raw: bytes
    cursor: Mapping[str, Any]  # JSON; given back on the next call
    done: bool  # nothing newer for now
    read: int = 0  # items read so far in this run
    total: int | None = None  # items in this run, when known
    doing: str = ""  # "commits", for "Reading commits 7,420 of 11,980"
    notes: tuple[str, ...] = ()  # oddities a person should know, in plain words


@dataclass(frozen=True, slots=True)
class Found:
    """What a connection test saw, in one sentence, with details."""

    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a provider needs to reach its source. It never sees a model."""

    source: int
    address: str
    settings: Mapping[str, Any]
    secret: str = ""
    folder: Path = Path()  # for caches that may vanish at any time
    local_paths: tuple[str, ...] = ()  # folders from which a path may be read
    trusted_hosts: tuple[str, ...] = ()  # hosts that may be inside, or without https


class Tell(Protocol):
    """Report progress within a page, and stay the stream's owner meanwhile. Raises when it no longer is."""

    def __call__(self, doing: str, read: int = 0, total: int | None = None) -> None: ...


class ProviderError(Exception):
    """Reading failed. `permanent` says that trying again will not help until a person does something."""

    def __init__(self, sentence: str, *, advice: str = "", detail: str = "", permanent: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice
        self.detail = detail
        self.permanent = permanent


class Unreadable(ProviderError):
    """These words cannot be turned into facts. They are kept, tried again, and end as a dead letter."""


class RateLimited(ProviderError):
    """The provider asks us to wait. Raised, never slept on."""

    def __init__(self, *, until: datetime) -> None:
        super().__init__(f"The provider asked us to wait until {until:%H:%M} UTC.")
        self.until = until


class Provider(Protocol):
    """One source of facts, bound to its address and settings. Called by one worker at a time per stream."""

    streams: tuple[str, ...]

    def check(self) -> Found:
        """Try the connection. Raises ProviderError with what to do."""
        ...

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        """The next page after `cursor` ({} at first). Raises ProviderError, RateLimited."""
        ...

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        """The facts in one pushed event. Raises Unreadable."""
        ...
