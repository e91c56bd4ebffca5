"""From all that was observed of a deployment or a release to its fact. Pure.

The first status that ends a deployment counts: what GitHub calls inactive was superseded, and did not fail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Answer, DeploymentSeen, Derived, Outcome, Unreadable

from .words import Told, Words, first, home, newest, number, state, time

ENDINGS = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "error": Outcome.FAILURE}
OVER = frozenset({"inactive", "abandoned", "destroyed"})  # superseded or taken away: says nothing of how it went
UNDER_WAY = frozenset({"", "queued", "pending", "in_progress", "waiting", "requested", "active"})
LONGEST = timedelta(days=30)  # what has not ended by then never will
_ROLLBACK = re.compile(r"roll[-_ ]?back|revert", re.I)
_HOTFIX = re.compile(r"(^|[-_/.+:])hot-?fix", re.I)
_VERSION = re.compile(r"[\w./-]*?v?\d+\.\d+[\w.+-]*\Z", re.I)
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")


def deployment(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "deployment")
    name, place = home(told)
    which = read.ident(first(said, "databaseId", "id"))
    if not said or not which:
        raise Unreadable("A deployment without its id.")
    statuses = _statuses(told)
    ended = next((one for one in statuses if one[2] in ENDINGS), None)
    last = statuses[-1] if statuses else None
    created = time(said, "created_at", "createdAt")
    whole = any(one.words.get("whole") for one in told)
    raw = ended[2] if ended else last[2] if last else state(said, "state")
    # without its history "inactive" may well have been a success, so it is asked for
    running = ended is None and (raw in UNDER_WAY or (raw in OVER and not whole))
    begun = next((one for one in statuses if one[2] == "in_progress"), None)
    ref = read.text(_ref(said), 200)
    seen = DeploymentSeen(
        provider_id=which,
        service=name,
        environment=read.text(first(said, "environment"), 200) or "unnamed",
        production=_is_production(said),
        sha=read.text(first(said, "sha", "commitOid") or read.at(said, "commit", "oid"), 64).lower(),
        ref=ref,
        outcome=ENDINGS[raw] if ended else Outcome.UNKNOWN,
        raw_outcome=raw or "pending",
        started_at=(begun[0] if begun else None) or created,
        finished_at=ended[0] if ended else None,
        answer=_answer(said, ref),
        url=_link(ended or last, place),
        updated_at=read.latest(
            time(said, "updated_at", "updatedAt"), created, *(one[0] for one in statuses), *(one[3] for one in statuses)
        ),
        repository=name,
        traits=_deployment_traits(said, name, ref),
    )
    young = created is None or created > now - LONGEST
    return Derived(events=(seen,), open=running and young)


Status = tuple[datetime, int, str, datetime | None, Words]  # when, id, state, changed, words


def _statuses(told: Sequence[Told]) -> list[Status]:
    """Every status that was ever told, oldest first. The same status told by REST and by GraphQL does no harm."""
    found: dict[tuple[datetime, int, str], tuple[tuple[datetime, str], Status]] = {}
    for one in told:
        rows = [*read.rows(one.words.get("statuses")), read.table(read.at(one.words, "deployment", "latestStatus"))]
        for words in rows:
            at = time(words, "created_at", "createdAt", "updated_at", "updatedAt")
            if at is None:
                continue
            key = (at, number(first(words, "id")) or 0, state(words, "state"))
            status: Status = (*key, time(words, "updated_at", "updatedAt"), words)
            if key not in found or (one.at, one.mark) > found[key][0]:
                found[key] = ((one.at, one.mark), status)
    return [found[key][1] for key in sorted(found)]


def _ref(said: Words) -> Any:
    ref = said.get("ref")
    return first(ref, "name") if isinstance(ref, dict) else ref


def _link(status: Status | None, place: Words) -> str:
    said = status[4] if status else {}
    own = read.link(first(said, "log_url", "logUrl")) or read.link(first(said, "target_url"))
    home = read.link(place.get("html_url"))
    return own or (f"{home}/deployments" if home else "")


def _is_production(said: Words) -> bool:
    """GitHub's own word: an environment that lasts and that users see."""
    return said.get("production_environment") is True and said.get("transient_environment") is not True


def _deployment_traits(said: Words, name: str, ref: str) -> dict[str, str | tuple[str, ...]]:
    traits: dict[str, str | tuple[str, ...]] = {
        "via": "deployment", "repository": name, "environment": read.text(first(said, "environment"), 200),
        "type": read.text(first(said, "task"), 100), "title": read.text(said.get("description")), **_of_ref(ref),
    }  # fmt: skip
    if _is_production(said):
        traits["tier"] = "production"
    elif said.get("transient_environment") is True:
        traits["tier"] = "transient"
    return {trait: value for trait, value in traits.items() if value}


def _of_ref(ref: str) -> dict[str, str]:
    """A ref is a branch, a tag or a sha; GitHub does not say which, so a version is a tag."""
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    if not short or _SHA.match(short):
        return {}
    return {"tag": short} if ref.startswith("refs/tags/") or _VERSION.match(short) else {"branch": short}


def _answer(said: Words, ref: str) -> Answer | None:
    """What its task or its payload says of why it was made."""
    payload = said.get("payload")
    if isinstance(payload, str) and payload[:1] == "{":
        try:
            payload = read.decoded(payload)
        except Unreadable:
            payload = None
    hints = [read.text(said.get("task"), 100)]
    for name, value in read.table(payload).items():
        if value is True or name.lower() in ("type", "kind", "action", "reason", "task", "strategy"):
            hints.append(f"{name} {value}" if value is True else read.text(value, 100))
    if any(_ROLLBACK.search(hint) for hint in hints):
        return Answer.ROLLBACK
    return Answer.HOTFIX if any(_HOTFIX.search(hint.replace(" ", "/")) for hint in (*hints, ref)) else None


def release(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "release")
    name, _ = home(told)
    which, tag = read.ident(first(said, "id", "databaseId")), read.text(first(said, "tag_name", "tagName"), 200)
    if not said or not which:
        raise Unreadable("A release without its id.")
    published = time(said, "published_at", "publishedAt")
    if said.get("draft") is True or published is None:
        return Derived(why="a draft of a release")
    target = read.text(first(said, "target_commitish"), 200)
    shas = sorted({sha for one in told if _SHA.match(sha := read.text(one.words.get("sha"), 64).lower())})
    sha = shas[-1] if shas else target if _SHA.match(target) else ""
    branch = {} if not target or _SHA.match(target) else {"branch": target}
    seen = DeploymentSeen(
        provider_id=f"release:{which}", service=name, environment="production", production=False, sha=sha, ref=tag,
        outcome=Outcome.SUCCESS, raw_outcome="published", started_at=None, finished_at=published,
        answer=Answer.HOTFIX if _HOTFIX.search(tag) else None, url=read.link(said.get("html_url")), repository=name,
        updated_at=read.latest(time(said, "updated_at"), published),
        traits={
            "via": "release", "repository": name, "tag": tag, "title": read.text(said.get("name")) or tag,
            "type": "prerelease" if said.get("prerelease") is True else "release", **branch,
        },
    )  # fmt: skip
    gone = any(one.words.get("action") == "deleted" for one in told)
    return Derived(events=(seen,), open=not sha and not gone and published > now - LONGEST)
