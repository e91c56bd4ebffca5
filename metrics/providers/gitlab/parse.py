"""Turns what GitLab said of a deployment, a release, an issue or a commit into facts. Pure: it talks to nobody.

Pipelines and merge requests have modules of their own. Ids are "project:number", so that they stay when a project is
renamed; what a rule may ask about is in the words of GitLab's own pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import (
    CommitSeen,
    DeploymentSeen,
    Derived,
    IncidentSeen,
    Observation,
    Outcome,
    Traits,
    Unreadable,
)

from . import merged, pipelines
from .told import Once, attributes, newest, opened, project, updated, whole

OUTCOMES: Mapping[str, Outcome] = {
    "success": Outcome.SUCCESS,
    "failed": Outcome.FAILURE,
    "canceled": Outcome.CANCELLED,
    "cancelled": Outcome.CANCELLED,
}
RUNNING = frozenset({"running", "pending", "preparing", "canceling", "waiting_for_resource", "blocked"})
WAITING = frozenset({"created", "manual", "scheduled"})  # for a person or a date, perhaps for ever
NEVER = datetime.max.replace(tzinfo=UTC)
# the names from which GitLab itself sets an environment's tier, in its order; for servers that do not tell the tier
_TIERS = (
    ("development", re.compile(r"(?i)dev|review|trunk")),
    ("testing", re.compile(r"(?i)test|tst|int|ac(ce|)pt|qa|qc|control|quality")),
    ("staging", re.compile(r"(?i)st(a|)g|mod(e|)l|pre|demo|non")),
    ("production", re.compile(r"(?i)pr(o|)d|live")),
)
_SHA = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_REVERTS = re.compile(r"[Tt]his reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b")


def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    """What follows from all observations of one thing. Raises Unreadable."""
    made = _KINDS.get(kind)
    if made is None:
        raise Unreadable(f"GitLab has nothing that is called {kind}.")
    if not told:
        return Derived(why="Nothing is known of it.")
    return made(told[0].id, opened(told), now)


def tier_of(name: str) -> str:
    """The tier that GitLab itself gives an environment of this name."""
    return next((tier for tier, pattern in _TIERS if pattern.search(name)), "other") if name else ""


def traits(**known: str | tuple[str, ...]) -> Traits:
    """Only what is known: a rule must not match the empty word."""
    return {name: value for name, value in known.items() if value}


# --- deployments -----------------------------------------------------------------------------------------------------


def _deployment(key: str, told: Sequence[Once], now: datetime) -> Derived:
    base = newest(told, "deployment", dict)
    place = project(told)
    said = _statuses(told)
    ended = sorted((at, word) for at, word in said if word in OUTCOMES)
    status = read.text(said[-1][1], 40) if said else ""
    if not ended and (not status or status in RUNNING | WAITING):
        # one that waits for a person is not asked for again and again: the list tells when it goes on
        why = f"A deployment that is not over: it is {status or 'of an unknown status'}."
        return Derived(open=status not in WAITING, why=why)
    if not ended and status == "skipped":
        return Derived(why="A deployment that was skipped: it never ran.")
    at, word = ended[0] if ended else said[-1]  # the first word that ended it holds
    job = read.table(base.get("deployable"))
    environment, tier = _environment(told)
    ref = read.text(base.get("ref"), 300)
    finished = read.when(read.at(job, "finished_at")) or _known(at)
    started = (
        read.when(read.at(job, "started_at"))
        or min((when for when, what in said if what == "running" and _known(when)), default=None)
        or read.when(base.get("created_at"))
    )
    if started and finished and started > finished:
        started = None
    sha = read.text(base.get("sha"), 64) or _sha(base.get("commit_url")) or read.text(read.at(job, "commit", "id"), 64)
    tagged = read.at(job, "tag") is True
    return Derived(
        events=(
            DeploymentSeen(
                provider_id=key,
                service=place.path,
                repository=place.path,
                environment=environment,
                production=tier == "production",
                sha=sha,
                ref=ref,
                outcome=OUTCOMES.get(word, Outcome.UNKNOWN),
                raw_outcome=word,
                started_at=started,
                finished_at=finished,
                note="" if started else "When it began is not known.",
                url=read.link(read.at(job, "web_url")) or read.link(base.get("deployable_url")) or place.url,
                updated_at=updated(told, finished),
                traits=traits(
                    via="deployment", repository=place.path, environment=environment, tier=tier, title=_title(base),
                    job=read.text(read.at(job, "name"), 300), stage=read.text(read.at(job, "stage"), 300),
                    tag=ref if tagged else "", branch="" if tagged else ref,
                ),
            ),
        )
    )  # fmt: skip


def _statuses(told: Sequence[Once]) -> list[tuple[datetime, str]]:
    """(time, word) of each status that was ever told, from the oldest to the newest."""
    found = []
    for one in told:
        body = read.at(one.body, "deployment")
        word = read.at(body, "status") or read.at(body, "deployable", "status") or one.hook.get("status")
        if word:
            found.append((one.at or NEVER, read.text(word, 40)))
    return found


def _known(at: datetime) -> datetime | None:
    return at if at < NEVER else None


def _environment(told: Sequence[Once]) -> tuple[str, str]:
    """(name, tier): the newest that is known of each."""
    name = tier = ""
    for one in told:
        body = read.at(one.body, "deployment", "environment")
        # a webhook writes the name alone
        said = read.text(read.at(body, "name"), 300) or read.text(one.hook.get("environment"), 300)
        name = said or name
        tier = (
            read.text(read.at(one.body, "environment", "tier"), 40)
            or read.text(read.at(body, "tier"), 40)
            or read.text(one.hook.get("environment_tier"), 40)
            or tier
        ).lower()
    return name, tier or tier_of(name)


def _sha(url: object) -> str:
    found = _SHA.search(read.text(url, 1000))
    return found.group() if found else ""


def _title(base: Mapping[str, Any]) -> str:
    return read.text(base.get("commit_title") or read.at(base, "deployable", "commit", "title"), 300)


# --- releases, issues, commits ---------------------------------------------------------------------------------------


def _release(key: str, told: Sequence[Once], now: datetime) -> Derived:
    base = newest(told, "release", dict)
    place = project(told)
    if base.get("action") == "delete":
        return Derived(why="A release that was deleted.")
    released = read.when(base.get("released_at")) or read.when(base.get("created_at"))
    if released is None:
        raise Unreadable("This release says no time at which it was released.")
    if released > now + timedelta(minutes=5):
        return Derived(open=True, why=f"A release that is planned for {released:%Y-%m-%d}.")
    tag = read.text(base.get("tag_name") or base.get("tag"), 300)
    return Derived(
        events=(
            DeploymentSeen(
                provider_id=f"release:{key}",
                service=place.path,
                repository=place.path,
                environment="production",
                production=False,  # a release is one only where a rule says so
                sha=read.text(read.at(base, "commit", "id"), 64),
                ref=tag,
                outcome=Outcome.SUCCESS,
                raw_outcome="released",
                started_at=None,
                finished_at=released,
                url=read.link(read.at(base, "_links", "self")) or read.link(base.get("url")),
                updated_at=updated(told, released),
                traits=traits(
                    via="release", repository=place.path, tag=tag, title=read.text(base.get("name"), 300)
                ),
            ),
        )
    )  # fmt: skip


def _issue(key: str, told: Sequence[Once], now: datetime) -> Derived:
    base = newest(told, "issue", attributes)
    place = project(told)
    started = read.when(base.get("created_at"))
    if started is None:
        raise Unreadable("This issue says no time at which it was made.")
    kind = read.text(base.get("issue_type") or base.get("type"), 40).lower() or "issue"
    closed = read.text(base.get("state"), 40) == "closed"
    # an issue that was opened again keeps no time of closing, whatever an old version still says
    resolved = (read.when(base.get("closed_at")) or read.when(base.get("updated_at"))) if closed else None
    if resolved and resolved < started:
        resolved = started
    severity = read.text(base.get("severity"), 40).lower()
    labels = tuple(sorted({name for one in _list(base.get("labels")) if (name := _label(one))}))
    return Derived(
        events=(
            IncidentSeen(
                provider_id=key,
                service=place.path,
                title=read.text(base.get("title"), 300) or "(no title)",
                started_at=started,
                resolved_at=resolved,
                severity="" if severity == "unknown" else severity,
                url=read.link(base.get("web_url")) or read.link(base.get("url")),
                updated_at=updated(told, read.when(base.get("updated_at"))),
                traits=traits(
                    repository=place.path, type=kind, label=labels, severity="" if severity == "unknown" else severity,
                    title=read.text(base.get("title"), 300),
                ),
            ),
        ),
        open=kind == "incident" and resolved is None,
    )  # fmt: skip


def _label(said: object) -> str:
    """A label is its name in the API and an object in webhooks."""
    return read.text(said if isinstance(said, str) else read.at(said, "title") or read.at(said, "name"), 200)


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _commit(key: str, told: Sequence[Once], now: datetime) -> Derived:
    place = project(told)
    for _, said in whole(told, "commit"):
        if not isinstance(said.get("parent_ids"), list):
            continue
        message = read.text(said.get("message"), 20_000)
        reverted = _REVERTS.search(message)
        return Derived(
            events=(
                CommitSeen(
                    sha=read.text(said.get("id"), 64),
                    repository=place.path,
                    parents=tuple(read.text(one, 64) for one in said["parent_ids"]),
                    title=read.text(said.get("title"), 300) or "(no message)",
                    author=read.text(said.get("author_name"), 200),
                    authored_at=read.plausible(read.when(said.get("authored_date") or said.get("created_at")), now=now),
                    committed_at=read.plausible(read.when(said.get("committed_date")), now=now),
                    reverts=reverted.group(1) if reverted else "",
                    url=read.link(said.get("web_url")),
                ),
            )
        )
    return Derived(open=True, why="A commit of which the parents are not known yet.")


_KINDS: Mapping[str, Callable[[str, Sequence[Once], datetime], Derived]] = {
    "deployment": _deployment,
    "pipeline": pipelines.derived,
    "merge_request": merged.derived,
    "issue": _issue,
    "release": _release,
    "commit": _commit,
}
