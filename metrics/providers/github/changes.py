"""From all that was observed of a pull request or a commit to its fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from metrics import read
from metrics.events import ChangeSeen, CommitSeen, Derived, Unreadable

from .words import Told, first, home, is_bot, login, newest, parts, state, time, title_of

LONGEST = timedelta(days=30)  # after which commits that were never listed are not asked for again
REVERTED = re.compile(r"This reverts commit ([0-9a-f]{40,64})")


def pull(told: Sequence[Told], now: datetime) -> Derived:
    merged = [one for one in told if read.at(one.words, "pull", "merged_at")]  # what is merged stays so
    said = newest(merged or told, "pull")
    name, _ = home(told)
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
    taken_back = REVERTED.search(first(said, "body") or "") if isinstance(first(said, "body"), str) else None
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


def commit(told: Sequence[Told], now: datetime) -> Derived:
    name, _ = home(told)
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
    taken_back = REVERTED.search(message) if isinstance(message, str) else None
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
