"""What a provider may say: what was observed, frozen facts, the protocol that yields them, and its errors.

Providers turn a vendor's words into these dataclasses; `ingest` alone stores them. Nothing here knows a vendor,
Django or Celery. Every fact names itself by the provider's own id, so that the same fact told twice, late or out of
order lands on one row. A fact of a thing is worked out from all that was ever observed of it, in whatever order.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

Traits = Mapping[str, str | tuple[str, ...]]
"""What rules may ask about a fact, in the provider's words: repository, environment, tier, workflow, job, path, branch,
tag, label (several), type, severity, urgency, priority, service, title, via. A trait that is missing is not known."""


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
class CommitSeen:
    """A commit and its parents: the history from which follows what a deployment carried.

    A commit with at most one parent counts as a change of its own unless a merged pull request has it.
    """

    sha: str
    repository: str
    parents: tuple[str, ...]
    title: str
    author: str
    authored_at: datetime | None
    committed_at: datetime | None
    reverts: str = ""  # sha of the commit that this one takes back
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeen:
    """A merged change: a pull request, or a commit that belongs to none."""

    sha: str  # the commit that stands for it on the deployed branch
    repository: str = ""  # "" where a source has only one
    number: str = ""  # of the pull request; "" for a commit
    commits: tuple[str, ...] = ()  # shas that belong to the pull request, oldest first
    titles: tuple[str, ...] = ()  # their first lines: by these its commits are known again after a rebase
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
    production: bool  # with `traits`: what the provider itself says; the source's rules decide
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
    repository: str = ""
    traits: Traits | None = None  # None: not subject to rules


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """One job of a pipeline run."""

    provider_id: str
    name: str
    outcome: Outcome | None  # None: not ended
    raw_outcome: str = ""
    stage: str = ""
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """One attempt of one pipeline: a workflow run, a pipeline, a build."""

    provider_id: str
    attempt: int = 1
    workflow: str
    repository: str = ""
    branch: str = ""
    sha: str = ""
    event: str = ""  # push, pull_request, schedule, …
    on_main: bool | None = None  # whether `branch` is the repository's main one; None: not known
    outcome: Outcome | None  # None: not ended
    raw_outcome: str = ""
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    coverage: float | None = None  # percent of lines, as reported
    jobs: tuple[JobSeen, ...] = ()
    service: str = ""
    url: str = ""
    updated_at: datetime | None = None
    traits: Traits | None = None


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
    traits: Traits | None = None  # None: an incident whatever the rules say


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesGone:
    """Changes that a rewritten history no longer holds. They are kept and no longer counted."""

    shas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentsStand:
    """All deployments of this source that still count; those not named are kept and no longer counted."""

    provider_ids: tuple[str, ...]


Event = ChangeSeen | CommitSeen | DeploymentSeen | RunSeen | IncidentSeen | ChangesGone | DeploymentsStand


# --- what was observed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a provider once said about one thing, kept as it was said.

    `kind` and `id` name the thing within its source: an id that is not unique across repositories, or has attempts,
    carries them ("acme/api#12", "719643947.2"). `body` is compact JSON, perhaps an envelope of several answers.
    """

    kind: str
    id: str
    body: bytes
    updated_at: datetime | None = None  # by the vendor's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from all observations of one thing. `open`: it is not over, so ask for it again by its id."""

    events: tuple[Event, ...] = ()
    open: bool = False
    why: str = ""  # why nothing follows from it, in words for a person: "a pull request that is not merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answer to asking for things by id."""

    observations: tuple[Observation, ...] = ()
    gone: tuple[str, ...] = ()  # ids that the provider no longer knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A delivery to our door: the raw body, and its headers by lower-case name."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Etag:
    """What to send so that an unchanged page costs nothing, and what that page led to."""

    value: str
    meta: Mapping[str, Any] = field(default_factory=dict)  # JSON: the next page's address, the oldest time on it, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One step of reading a stream: what it says, and where to go on.

    `observations` become facts through `derive`; `events` are facts as they are, from the raw text `raw`. Etags are
    kept in the same transaction, so that a 304 always speaks of something that we hold.
    """

    cursor: Mapping[str, Any]  # JSON; given back on the next call
    done: bool  # nothing newer for now
    events: tuple[Event, ...] = ()
    raw: bytes = b""
    observations: tuple[Observation, ...] = ()
    etags: Mapping[str, Etag] = field(default_factory=dict)
    read: int = 0  # items read so far in this run
    total: int | None = None  # items in this run, when known
    reached: datetime | None = None  # how far back this run has come, where it reads newest first
    doing: str = ""  # "commits", for "Reading commits 7,420 of 11,980"
    notes: tuple[str, ...] = ()  # oddities a person should know, in plain words


@dataclass(frozen=True, slots=True)
class Found:
    """What a connection test saw, in one sentence, with details.

    `can` and `cannot` name what the token may read and may not ("deployments", "Actions"); `choices` are the
    repositories, projects, jobs or services that a person may choose from, as the provider writes them.
    """

    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)
    can: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    more_choices: bool = False  # there are more than these: search


def _no_etag(url: str) -> Etag | None:
    return None


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
    etag: Callable[[str], Etag | None] = _no_etag  # what was kept of a URL


class Tell(Protocol):
    """Report progress within a page, and stay the stream's owner meanwhile. Raises when it no longer is."""

    def __call__(self, doing: str, read: int = 0, total: int | None = None) -> None: ...


# --- errors ----------------------------------------------------------------------------------------------------------


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
    """The provider asks us to wait. Raised, never slept on. `doubling`: it gave no time, so wait longer each time."""

    def __init__(self, *, until: datetime, doubling: bool = False) -> None:
        super().__init__(f"The provider asked us to wait until {until:%H:%M} UTC.")
        self.until = until
        self.doubling = doubling


class Forged(Exception):
    """A delivery whose signature or time does not hold. It is refused at the door and not kept."""


# --- the protocol ----------------------------------------------------------------------------------------------------


class Provider(Protocol):
    """One source of facts, bound to its address and settings. Called by one worker at a time per stream."""

    streams: tuple[str, ...]

    def check(self) -> Found:
        """Try the connection. Raises ProviderError with what to do."""
        ...

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        """The next page after `cursor`. Raises ProviderError, RateLimited.

        At first the cursor is {"since": ISO time}: read what changed from then on. A backfill's has "until" as well:
        read what lies in between, and end. Plain Git and others that read everything begin with {}.
        """
        ...

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        """The facts in one pushed event, for a provider that makes no observations. Raises Unreadable."""
        ...


class Observing(Provider, Protocol):
    """A provider whose facts are worked out from observations: all but plain Git.

    `asks`: kinds of things that are asked for by id while they are open. `serial`: one request at a time per
    credential. `windows`: it can read a window of the past beside what is fresh.
    """

    asks: tuple[str, ...]
    serial: bool
    windows: bool

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        """What follows from all observations of one thing, whatever their order and number. Pure. Raises Unreadable.

        Facts come with `traits` and without a rule applied; `now` serves only to judge whether a time is plausible.
        """
        ...

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        """Open things by their ids, for at most 20 ids. Raises ProviderError, RateLimited."""
        ...

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        """Whether one of `secrets` signed this delivery, in constant time. Raises Forged with a sentence."""
        ...

    @staticmethod
    def key(push: Push) -> str:
        """What makes the same delivery the same: the vendor's id, else a digest of the body."""
        ...

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        """What a delivery says; nothing for events that do not concern us. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How a person sets up a provider's webhook: where, which events, and how it is secured."""

    where: str  # "Settings → Webhooks → Add webhook, content type application/json"
    events: tuple[str, ...]
    secured_by: str  # "The secret below signs each delivery (X-Hub-Signature-256)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A right that a token needs, exactly as the vendor's page calls it, and what it is for."""

    name: str
    for_what: str
    needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What the connecting page says of a provider. The class attribute `guide` of each provider."""

    address: str  # the usual address, "https://api.github.com"; "" when there is none
    address_help: str
    token: str  # what it is called: "Fine-grained personal access token"; "" when none is needed
    token_where: str  # where it is made
    scopes: tuple[Scope, ...] = ()
    chooses: str = ""  # "repositories", "projects", "jobs", "services"; "": nothing is chosen
    hook: Hook | None = None  # None: it pushes nothing
    pushes_only: bool = False  # nothing is fetched: no address, no token, only the hook
    rules: Collection[str] = ()  # traits that rules of this provider may ask about
    default_rules: Mapping[str, Any] = field(default_factory=dict)  # as in docs/providers.md, "Rules"
