"""Merge requests as changes: which commit stands for one, when work on it began, and when somebody first looked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics import read
from metrics.events import ChangeSeen, Derived

from .told import Once, newest, project, updated, whole

_REVERTS = re.compile(r"[Tt]his reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b")
_APPROVED = re.compile(r"(?i)^approved this merge request")
# tokens of projects and groups write as users of these names, and other robots usually do
_ROBOT = re.compile(r"(?i)^(project|group)_\d+_bot|[-_.]bot$|\[bot\]$|^ghost$")


def derived(key: str, told: Sequence[Once], now: datetime) -> Derived:
    base = newest(told, "merge_request", _hooked)
    place = project(told)
    state = read.text(base.get("state"), 40)
    if state != "merged":
        return Derived(why=f"A merge request that is not merged: it is {state or 'of an unknown state'}.")
    if not any(True for _ in whole(told, "merge_request")):
        return Derived(open=True, why="A merge request of which only the webhook is known so far.")
    merged_at = read.when(base.get("merged_at")) or read.when(base.get("closed_at"))
    head = read.text(base.get("sha"), 64)
    squashed, merge = read.text(base.get("squash_commit_sha"), 64), read.text(base.get("merge_commit_sha"), 64)
    sha = merge or squashed or head  # without a merge commit, and not squashed, it was moved forward to its head
    if not sha:
        return Derived(why="A merge request of which GitLab names no commit.")
    commits = _commits(told)
    members = {read.text(one.get("id"), 64): read.text(one.get("title"), 300) for one in commits}
    for more in (head if merge and not squashed else "", squashed if merge else ""):
        members.setdefault(more, "")
    members.pop("", None)
    first, note = _first(commits, now)
    looked, approved = _reviews(told, base)
    text = "\n".join(read.text(one, 20_000) for one in (base.get("description"), *(c.get("message") for c in commits)))
    reverted = _REVERTS.search(text)
    return Derived(
        events=(
            ChangeSeen(
                sha=sha,
                repository=place.path,
                number=read.ident(base.get("iid")),
                commits=tuple(members),
                titles=tuple(members.values()),
                title=read.text(base.get("title"), 300) or "(no title)",
                author=read.text(read.at(base, "author", "name") or read.at(base, "author", "username"), 200),
                first_commit_at=first,
                merged_at=merged_at,
                opened_at=read.when(base.get("created_at")),
                first_review_at=looked,
                approved_at=approved,
                reverts=reverted.group(1) if reverted else "",
                time_note=note,
                url=read.link(base.get("web_url")) or read.link(base.get("url")),
                updated_at=updated(told, read.when(base.get("updated_at")), merged_at),
            ),
        )
    )


def _hooked(hook: Mapping[str, Any]) -> object:
    """A note's webhook has the note in `object_attributes`, and the merge request beside it."""
    return hook.get("merge_request") if hook.get("object_kind") == "note" else hook.get("object_attributes")


def _commits(told: Sequence[Once]) -> list[Mapping[str, Any]]:
    """The commits as they were read last, the oldest first: before that the branch may have been rebased."""
    return next((read.rows(one.body["commits"])[::-1] for one in reversed(told) if one.body.get("commits")), [])


def _first(commits: Sequence[Mapping[str, Any]], now: datetime) -> tuple[datetime | None, str]:
    """(when the first commit was written, why that is not known)."""
    said = [one.get("authored_date") or one.get("created_at") for one in commits]
    good = read.earliest(*(read.plausible(read.when(one), now=now) for one in said))
    if good is not None:
        return good, ""
    return None, "Its commits are dated impossibly." if any(said) else "GitLab names no commits of it."


def _reviews(told: Sequence[Once], base: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """(the first word of somebody else, the first approval)."""
    # null once the account is gone, so that an older word of it is as good
    author = {read.ident(base.get("author_id"))} - {""}
    author |= {one for _, said in whole(told, "merge_request") for one in _person(said.get("author"))}
    looked, approved = [], []
    for note in _notes(told):
        at = read.when(note.get("created_at"))
        says = bool(_APPROVED.search(read.text(note.get("body") or note.get("note"), 200)))
        if at is None or (note.get("system") is True and not says):
            continue
        if _robot(note):
            continue
        by = _person(note.get("author")) or {read.ident(note.get("author_id"))} - {""}
        if says and note.get("system") is True:
            approved.append(at)
        if author and not by & author:
            looked.append(at)
    return min(looked, default=None), min(approved, default=None)


def _notes(told: Sequence[Once]) -> Iterator[Mapping[str, Any]]:
    """Each note once, of all that were ever seen."""
    seen: set[str] = set()
    for one in reversed(told):
        notes = read.rows(one.body.get("notes"))
        if one.hook.get("object_kind") == "note":
            notes.append({**read.table(one.hook.get("object_attributes")), "author": one.hook.get("user")})
        for note in notes:
            number = read.ident(read.at(note, "id"))
            if number not in seen:
                seen.add(number)
                yield note


def _person(said: object) -> set[str]:
    """The ids of a person; a deleted one has none."""
    return {read.ident(read.at(said, "id"))} - {""}


def _robot(note: Mapping[str, Any]) -> bool:
    return bool(_ROBOT.search(read.text(read.at(note, "author", "username"), 200)))
