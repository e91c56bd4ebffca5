"""From all that was observed of one deployment, release, pull request, commit or issue to its facts. Pure.

Whatever the order and the number of observations, and whether they were read or pushed, the same facts follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import (
    Answer,
    ChangeSeen,
    CommitSeen,
    DeploymentSeen,
    Derived,
    IncidentSeen,
    Observation,
    Outcome,
    Unreadable,
)

from . import runs
from .words import (
    Told,
    Words,
    first,
    is_bot,
    login,
    names,
    newest,
    number,
    opened,
    parts,
    repository,
    state,
    time,
    title_of,
)

ENDINGS = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "error": Outcome.FAILURE}
OVER = frozenset({"inactive", "abandoned", "destroyed"})  # superseded or taken away: says nothing of how it went
UNDER_WAY = frozenset({"", "queued", "pending", "in_progress", "waiting", "requested", "active"})
LONGEST = timedelta(days=30)  # what has not ended by then never will
PRODUCTION = "production, prod, prod-*, live"
_ROLLBACK = re.compile(r"roll[-_ ]?back|revert", re.I)
_HOTFIX = re.compile(r"(^|[-_/.+:])hot-?fix", re.I)
_REVERTED = re.compile(r"This reverts commit ([0-9a-f]{40,64})")
_VERSION = re.compile(r"[\w./-]*?v?\d+\.\d+[\w.+-]*\Z", re.I)
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_NAMED = re.compile(r"/deployments/(\d{1,19})\b|\bdeployment(?:[ _-]id)?\s*[:#=]?\s*(\d{4,19})\b", re.I)
_SEVERITY = re.compile(r"(?:sev(?:erity)?|prio(?:rity)?)[-:/_ ]*(\w+)\Z|(p[0-5])\Z|(sev\d)\Z", re.I)
_INCIDENT = re.compile(r"incident|outage|\bsev\W?\d", re.I)


def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    """What follows from all observations of one thing. Raises Unreadable."""
    makes: dict[str, Callable[[Sequence[Told], datetime], Derived]] = {
        "deployment": _deployment,
        "release": _release,
        "run": runs.derive,
        "pull": _pull,
        "commit": _commit,
        "issue": _issue,
    }
    if kind not in makes:
        raise Unreadable(f"GitHub has no things that we call {kind[:40]}.")
    return makes[kind](opened(told), now)


def _place(told: Sequence[Told]) -> tuple[str, Words]:
    """The repository's name now, and what is known of it."""
    at = max((one for one in told if repository(one.words)), key=lambda one: (one.at, one.mark), default=None)
    return (repository(at.words), read.table(at.words.get("repository"))) if at else ("", {})


# --- deployments -----------------------------------------------------------------------------------------------------


def _deployment(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "deployment")
    name, place = _place(told)
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
        rows = read.rows(one.words.get("statuses")) or read.rows(read.at(one.words, "statuses", "nodes"))
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
    traits: dict[str, str | tuple[str, ...]] = {"via": "deployment", "repository": name}
    traits["environment"] = read.text(first(said, "environment"), 200)
    if _is_production(said):
        traits["tier"] = "production"
    elif said.get("transient_environment") is True:
        traits["tier"] = "transient"
    return (
        traits
        | {"type": read.text(first(said, "task"), 100), "title": read.text(said.get("description"))}
        | _of_ref(ref)
    )


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


def _release(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "release")
    name, _ = _place(told)
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


# --- changes ---------------------------------------------------------------------------------------------------------


def _pull(told: Sequence[Told], now: datetime) -> Derived:
    merged = [one for one in told if read.at(one.words, "pull", "merged_at")]  # what is merged stays so
    said = newest(merged or told, "pull")
    name, _ = _place(told)
    merged_at = time(said, "merged_at", "mergedAt")
    if not said or not read.ident(said.get("number")):
        raise Unreadable("A pull request without its number.")
    if merged_at is None:
        return Derived(why="a pull request that is not merged")
    commits = _commits_of(told)
    sha = read.text(first(said, "merge_commit_sha") or read.at(said, "mergeCommit", "oid"), 64).lower()
    sha = sha or (commits[-1][0] if commits else read.text(read.at(said, "head", "sha"), 64).lower())
    known = any("commits" in one.words for one in told)
    reviewed, approved = _reviews(told, login(first(said, "user", "author")), merged_at)
    authored = [at for _, _, at in commits if at is not None and at <= merged_at]
    opened_at = time(said, "created_at", "createdAt")
    taken_back = _REVERTED.search(first(said, "body") or "") if isinstance(first(said, "body"), str) else None
    seen = ChangeSeen(
        sha=sha,
        repository=name,
        number=read.ident(said.get("number")),
        commits=tuple(own for own, _, _ in commits),
        titles=tuple(title for _, title, _ in commits),
        title=read.text(said.get("title"), 300) or f"Pull request {read.ident(said.get('number'))}",
        author=login(first(said, "user", "author")),
        first_commit_at=min(authored, default=None),
        merged_at=merged_at,
        opened_at=opened_at,
        first_review_at=reviewed,
        approved_at=approved,
        reverts=taken_back[1] if taken_back else "",
        time_note="" if authored else _why_no_time(known, bool(commits)),
        url=read.link(first(said, "html_url", "url")),
        updated_at=read.latest(time(said, "updated_at", "updatedAt"), merged_at),
    )
    if not sha:
        return Derived(why="a pull request of which no commit is known", open=not known)
    return Derived(events=(seen,), open=not known and merged_at > now - LONGEST)


def _why_no_time(known: bool, some: bool) -> str:
    if not known:
        return "Its commits have not been read yet."
    return "Its commits are dated after it was merged, or not at all." if some else "GitHub lists no commits of it."


def _commits_of(told: Sequence[Told]) -> list[tuple[str, str, datetime | None]]:
    """(sha, title, authored) of a pull request's commits, oldest first: of the list that was read last."""
    lists = [read.rows(one.words["commits"]) for one in told if isinstance(one.words.get("commits"), list)]
    found: dict[str, tuple[str, str, datetime | None]] = {}
    for words in lists[-1] if lists else ():
        commit = read.table(words.get("commit")) or words
        sha = read.text(first(words, "sha", "oid") or first(commit, "oid"), 64).lower()
        authored = time(commit, "authoredDate") or time(commit.get("author"), "date")
        if sha:
            found[sha] = (sha, title_of(first(commit, "message", "messageHeadline")), authored)
    return list(found.values())


def _reviews(told: Sequence[Told], author: str, merged_at: datetime) -> tuple[datetime | None, datetime | None]:
    """(the first review by somebody else, the last approval), both before the merge."""
    held = parts(
        told, "reviews", lambda words: read.ident(first(words, "databaseId", "id")),
        lambda words: state(words, "state") == "dismissed",
    )  # fmt: skip
    counted = [
        (at, state(words, "state"))
        for words in held.values()
        if (at := time(words, "submitted_at", "submittedAt")) is not None and at <= merged_at
        and state(words, "state") != "pending"
        and not is_bot(by := first(words, "user", "author")) and (not author or login(by) != author)
    ]  # fmt: skip
    return (
        min((at for at, _ in counted), default=None),
        max((at for at, said in counted if said == "approved"), default=None),
    )


def _commit(told: Sequence[Told], now: datetime) -> Derived:
    name, _ = _place(told)
    said = newest(told, "commit")
    if not said:  # pushed, and its parents are not known: to take them for none would cut the history off
        pushed = newest(told, "pushed")
        if not read.text(first(pushed, "id", "sha"), 64):
            raise Unreadable("A commit without its sha.")
        return Derived(why="a commit that was pushed and is not read yet", open=True)
    inner = read.table(said.get("commit"))
    sha = read.text(said.get("sha"), 64).lower()
    if not sha or not isinstance(said.get("parents"), list):
        raise Unreadable("A commit without its sha or its parents.")
    by, message = read.table(inner.get("author")), inner.get("message")
    taken_back = _REVERTED.search(message) if isinstance(message, str) else None
    seen = CommitSeen(
        sha=sha,
        repository=name,
        parents=tuple(own for one in read.rows(said["parents"]) if (own := read.text(one.get("sha"), 64).lower())),
        title=title_of(message) or "(no message)",
        author=login(said.get("author")) or read.text(by.get("name"), 200),
        authored_at=read.plausible(time(by, "date"), now=now),
        committed_at=read.plausible(time(inner.get("committer"), "date"), now=now),
        reverts=taken_back[1] if taken_back else "",
        url=read.link(said.get("html_url")),
    )
    return Derived(events=(seen,))


# --- incidents -------------------------------------------------------------------------------------------------------


def _issue(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "issue", lambda words: state(words, "state") == "closed")
    name, _ = _place(told)
    which, begun = read.ident(first(said, "id", "databaseId")), time(said, "created_at", "createdAt")
    if not said or not which:
        raise Unreadable("An issue without its id.")
    if said.get("pull_request"):
        return Derived(why="a pull request, which is no incident")
    if gone := next((one.words["action"] for one in told if one.words.get("action") in ("deleted", "transferred")), ""):
        return Derived(why=f"an issue that was {gone}")
    if begun is None:
        raise Unreadable("An issue without the time at which it was opened.")
    is_closed = state(said, "state") == "closed"
    closed = time(said, "closed_at", "closedAt") or time(said, "updated_at", "updatedAt") if is_closed else None
    labels = names(said.get("labels"))
    kind = said.get("type") or said.get("issueType")
    kind = read.text(first(kind, "name") if isinstance(kind, dict) else kind, 100)
    severity = next((label for label in labels if _SEVERITY.match(label)), "")
    body = said.get("body")
    named = _NAMED.search(body) if isinstance(body, str) else None
    traits: dict[str, str | tuple[str, ...]] = {
        "via": "issue", "repository": name, "label": labels, "type": kind, "title": read.text(said.get("title"), 300),
        "severity": severity, "state_reason": state(said, "state_reason", "stateReason"),
    }  # fmt: skip
    seen = IncidentSeen(
        provider_id=which, service=name, title=read.text(said.get("title"), 300) or "(no title)", started_at=begun,
        resolved_at=max(closed, begun) if closed else None, severity=severity,
        caused_by=(named[1] or named[2]) if named else "", url=read.link(first(said, "html_url", "url")),
        updated_at=read.latest(time(said, "updated_at", "updatedAt"), closed, begun),
        traits={trait: value for trait, value in traits.items() if value},
    )  # fmt: skip
    # the list by last change tells when any issue closes; only what may be an incident is worth asking for apart
    worth = any(_INCIDENT.search(one) for one in (*labels, kind))
    return Derived(events=(seen,), open=closed is None and worth)
