"""All that GitLab ever said of one thing, put together: bodies that were read, and webhooks, which say only a part.

A body that was read is whole: the newest replaces older ones. What a webhook says lies on top of it where it is newer,
and fills in what is missing where it is older. The order in which things were told does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from metrics import read
from metrics.events import Observation, Unreadable

BEFORE = datetime.min.replace(tzinfo=UTC)
_DONE = frozenset({"success", "failed", "canceled", "cancelled", "skipped", "closed", "merged"})
_LATE = frozenset({"running", "canceling"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is known of the project that a thing belongs to. "" and None: not known."""

    id: str = ""
    path: str = ""
    branch: str = ""  # the default one
    url: str = ""

    @classmethod
    def of(cls, said: object) -> Project:
        """From a project as the API or a webhook writes it."""
        return cls(
            id=read.ident(read.at(said, "id")),
            path=read.text(read.at(said, "path_with_namespace"), 300),
            branch=read.text(read.at(said, "default_branch"), 300),
            url=read.link(read.at(said, "web_url")) or read.link(read.at(said, "homepage")),
        )

    def json(self) -> dict[str, str]:
        return {"id": self.id, "path_with_namespace": self.path, "default_branch": self.branch, "web_url": self.url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One observation, opened."""

    at: datetime | None
    body: Mapping[str, Any]  # an envelope of what was read
    hook: Mapping[str, Any]  # a webhook's body; empty for what was read


def opened(told: Sequence[Observation]) -> list[Once]:
    """The observations from the oldest to the newest. Raises Unreadable."""
    found = [_once(one) for one in {(one.updated_at, one.body): one for one in told}.values()]
    return sorted(found, key=_order)


def _order(one: Once) -> tuple[datetime, bool, int, bytes]:
    """By time. A pending and a running webhook may carry the same times: what is further on is the newer one."""
    return one.at or BEFORE, bool(one.body), _rank(one), read.encoded(one.hook or one.body)


def _once(one: Observation) -> Once:
    said = read.decoded(one.body)
    if not isinstance(said, dict):
        raise Unreadable("This is not what GitLab says of anything.")
    hook = said.get("hook")
    return Once(at=one.updated_at, body={} if hook else said, hook=hook if isinstance(hook, dict) else {})


def _rank(one: Once) -> int:
    said = read.table(one.hook.get("object_attributes")) or one.hook
    status = read.text(said.get("status") or said.get("state"), 40)
    return 2 if status in _DONE else 1 if status in _LATE else 0


def project(told: Sequence[Once]) -> Project:
    """The newest that is known of the project: it may have been renamed meanwhile."""
    known = Project()
    for one in told:
        said = Project.of(read.at(one.body, "project") or read.at(one.hook, "project"))
        known = Project(
            id=said.id or known.id, path=said.path or known.path, branch=said.branch or known.branch,
            url=said.url or known.url,
        )  # fmt: skip
    return known


def whole(told: Sequence[Once], key: str) -> Iterator[tuple[datetime | None, Mapping[str, Any]]]:
    """(time, body) of each thing that was read, from the oldest to the newest."""
    for one in told:
        said = read.at(one.body, key)
        if isinstance(said, dict):
            yield one.at, said


def newest(told: Sequence[Once], key: str, hooked: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """The thing as last known: what was read, under what newer webhooks said and over what older ones did.

    `hooked` is the part of a webhook that speaks of the thing.
    """
    known: dict[str, Any] = {}
    for one in told:
        said = read.at(one.body, key)
        if isinstance(said, dict):
            known |= said
        hook = hooked(one.hook)
        if isinstance(hook, dict):
            known |= {name: value for name, value in hook.items() if value is not None}
    return known


def attributes(hook: Mapping[str, Any]) -> object:
    """Where most webhooks say what they are about."""
    return hook.get("object_attributes")


def updated(told: Sequence[Once], *others: datetime | None) -> datetime | None:
    """The newest time known of the thing."""
    return max((at for at in (*(one.at for one in told), *others) if at is not None), default=None)
