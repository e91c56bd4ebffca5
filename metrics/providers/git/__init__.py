"""Plain Git: any repository, no account. Commits are changes; tags, or the steps of a branch, are deployments.

One stream, `history`, read in runs. A run begins with a fetch and goes through the phases commits, deployments, gone;
its cursor is small and says where it stands, so that another worker can go on after a kill. What the clone remembers
only saves work: without it the same facts are read again and change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics.events import (
    ChangesGone,
    Connection,
    DeploymentSeen,
    DeploymentsStand,
    Event,
    Found,
    Page,
    Tell,
    Unreadable,
)

from . import parse
from .client import Clone, Refs

COMMITS_A_PAGE = 2000
LINKS_A_PAGE = 5000
DEPLOYMENTS_A_PAGE = 200


@dataclass(slots=True)
class _Run:
    """What a run works on, made from the clone once and kept while this worker goes on with it."""

    refs: Refs
    rules: parse.Rules
    chain: list[str]
    parents: dict[str, tuple[str, ...]]
    when: dict[str, int]
    merged: dict[str, int]
    new: list[str]  # without merges, parents before children


class GitProvider:
    title = "Plain Git"
    feeds = "Deployments, lead time, rework"
    streams = ("history",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rules = parse.Rules.of(connection.settings)
        self.clone = Clone(connection)
        self._run: tuple[str, _Run] | None = None

    def check(self) -> Found:
        branch, tags = self.clone.probe()
        if not branch and not tags:
            return Found("The repository answers and is empty.", {"branch": "", "tags": 0})
        says = f"{tags} tag{'' if tags == 1 else 's'}" if tags else "no tags"
        return Found(f"The repository answers: branch {branch}, {says}.", {"branch": branch, "tags": tags})

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Plain Git pushes no events.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        with self.clone.owned():
            run = dict(cursor.get("run") or {})
            seen = dict(cursor.get("seen") or {})
            if not run:
                self.clone.fetch(self.rules.branch, tell)
                refs = self.clone.refs()
                notes = _remarks(refs, self.rules)
                mark = f"{refs.fingerprint} {self._rules_mark()}"
                if mark == seen.get("mark"):
                    return Page(
                        events=(),
                        raw=b"",
                        cursor={"seen": seen},
                        done=True,
                        doing="nothing new",
                        notes=tuple(seen.get("notes", ())),
                    )
                run = {"mark": mark, "phase": "commits", "at": 0, "notes": notes, "past": _past(refs, seen, self.clone)}
            work = self._work(run, seen, tell)
            if work is None:  # the clone is not what this run began with: begin again, nothing is doubled
                return Page(events=(), raw=b"", cursor={"seen": seen}, done=False, doing="starting again")
            step = {"commits": self._commits, "deployments": self._deployments, "gone": self._gone}[run["phase"]]
            return step(work, run, seen, now)

    # --- the phases of a run -----------------------------------------------------------------------------------------

    def _commits(self, work: _Run, run: dict[str, Any], seen: dict[str, Any], now: datetime) -> Page:
        at, total = run["at"], len(work.new)
        shas = work.new[at : at + COMMITS_A_PAGE]
        text = self.clone.commits(shas)
        found = parse.commits(text)
        bodies = self.clone.bodies(commit.sha for commit in found if parse.says_revert(commit))
        reverts = parse.reverts(bodies, work.parents)
        events = tuple(
            parse.change(
                commit,
                merged_at=work.merged.get(commit.sha, work.when.get(commit.sha)),
                reverts=reverts.get(commit.sha, ""),
                now=now,
            )
            for commit in found
        )
        at += len(shas)
        run |= {"at": at} if at < total else {"phase": "deployments", "at": 0}
        return self._page(events, (text + bodies).encode("utf-8", "replace"), run, seen, at, total, "commits")

    def _deployments(self, work: _Run, run: dict[str, Any], seen: dict[str, Any], now: datetime) -> Page:
        found, notes = self._found(work, run, now)
        start = at = run["at"]
        links = 0
        while at < len(found) and at - start < DEPLOYMENTS_A_PAGE and links < LINKS_A_PAGE:
            links += len(found[at].carried or ())
            at += 1
        run |= {"at": at} if at < len(found) else {"phase": "gone", "at": 0, "notes": [*run["notes"], *notes]}
        events = tuple(found[start:at])
        raw = "\n".join(f"{one.ref} {one.sha} {one.finished_at}" for one in events)
        return self._page(events, raw.encode("utf-8", "replace"), run, seen, at, len(found), "deployments")

    def _gone(self, work: _Run, run: dict[str, Any], seen: dict[str, Any], now: datetime) -> Page:
        """The last page: what the history no longer holds, and what to remember for the next run."""
        tips = _tips(work.refs, run["past"])
        had = self.clone.remembered(seen["mark"]) if seen.get("mark") else []
        gone = self.clone.order(had, tips) if had else []
        standing, _ = self._found(work, run, now)
        self.clone.remember(run["mark"], tips)
        seen = {
            "mark": run["mark"],
            "notes": run["notes"],
            "past": run["past"],
            "tags": {
                tag.name: [tag.commit, tag.dated or work.when.get(tag.commit)] for tag in work.refs.tags if tag.commit
            },
        }
        self._run = None
        events: list[Event] = [DeploymentsStand(provider_ids=tuple(one.provider_id for one in standing))]
        if gone:
            events.append(ChangesGone(shas=tuple(gone)))
        return Page(
            events=tuple(events), raw="\n".join(gone).encode(), cursor={"seen": seen}, done=True, doing="done",
            notes=tuple(run["notes"]),
        )  # fmt: skip

    def _found(self, work: _Run, run: Mapping[str, Any], now: datetime) -> tuple[list[DeploymentSeen], list[str]]:
        return parse.deployments(
            work.refs, work.rules, chain=work.chain, parents=work.parents, when=work.when, past=run["past"], now=now
        )

    def _page(
        self,
        events: tuple[Event, ...],
        raw: bytes,
        run: dict[str, Any],
        seen: dict[str, Any],
        read: int,
        total: int,
        doing: str,
    ) -> Page:
        return Page(
            events=events, raw=raw, cursor={"run": run, "seen": seen}, done=False, read=read, total=total, doing=doing,
            notes=tuple(run["notes"]),
        )  # fmt: skip

    # --- what a run works on -----------------------------------------------------------------------------------------

    def _work(self, run: Mapping[str, Any], seen: Mapping[str, Any], tell: Tell) -> _Run | None:
        if self._run and self._run[0] == run["mark"]:
            return self._run[1]
        if not (self.clone.folder / "HEAD").exists():
            return None
        refs = self.clone.refs()
        if f"{refs.fingerprint} {self._rules_mark()}" != run["mark"]:
            return None
        tell("listing commits")
        tips = _tips(refs, run["past"])
        chain = self.clone.first_parents(refs.tip) if refs.tip else []
        parents, when = self.clone.graph(tips)
        have = self.clone.remembered(seen["mark"]) if seen.get("mark") else []
        new = [sha for sha in self.clone.order(tips, have) if len(parents.get(sha, ())) < 2]
        work = _Run(refs, self.rules, chain, parents, when, parse.merged(parents, when, chain), new)
        self._run = (run["mark"], work)
        return work

    def _rules_mark(self) -> str:
        rules = self.rules
        pattern = rules.pattern.pattern if rules.pattern else ""
        return f"{rules.deployments}|{pattern}|{rules.hotfix.pattern}|{rules.branch}|{rules.environment}"


def _tips(refs: Refs, past: list[dict[str, str]]) -> list[str]:
    """Everything that history is reachable from: the branch, the tags, and where tags stood that moved or went."""
    tips = [
        *([refs.tip] if refs.tip else []),
        *(tag.commit for tag in refs.tags if tag.commit),
        *(was["sha"] for was in past),
    ]
    return list(dict.fromkeys(tips))


def _past(refs: Refs, seen: Mapping[str, Any], clone: Clone) -> list[dict[str, str]]:
    """Places of tags that were deployments and still count.

    A tag that moved along the history (a tag named `production`) was a deployment where it stood, and so was one that
    somebody deleted. A place that the branch and the tags no longer reach belongs to a history that was rewritten:
    it is dropped, and its rows are marked as superseded when the run ends.
    """
    now = {tag.name: tag.commit for tag in refs.tags if tag.commit}
    places = [(was["name"], was["sha"], was.get("at")) for was in seen.get("past", ())]
    places += [(name, sha, at) for name, (sha, at) in seen.get("tags", {}).items() if now.get(name) != sha]
    if not places:
        return []
    held, _ = clone.graph(_tips(refs, []))
    return [
        {"name": name, "sha": sha, "at": str(at) if at else ""}
        for name, sha, at in places
        if sha in held or ((new := now.get(name)) is not None and clone.related(sha, new))
    ]


def _remarks(refs: Refs, rules: parse.Rules) -> list[str]:
    if refs.tip is None and not refs.tags:
        return ["The repository is empty."]
    if rules.deployments == "tags" and not refs.tags:
        return [
            "The repository has no tags, so there are no deployments yet. A branch can count as deployments instead."
        ]
    if rules.pattern and not any(re.search(rules.pattern, tag.name) for tag in refs.tags):
        return [f"No tag matches {rules.pattern.pattern}, so there are no deployments yet."]
    return []
