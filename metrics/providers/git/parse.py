"""Turns Git's words into facts: commits into changes, tags or a branch into deployments. Pure; runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics import linking
from metrics.events import Answer, ChangeSeen, DeploymentSeen, Outcome, ProviderError

from .client import Refs

HOTFIX = r"(?i)(^|[-_/.+])hot-?fix"
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # 1970 is a clock that was never set
_REVERTED = re.compile(r"This reverts commit ([0-9a-f]{40,64})")
_SAYS_REVERT = re.compile(r"(?i)^(revert|reapply)\b")


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    parents: tuple[str, ...]
    authored: int | None
    committed: int | None
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as a deployment here: `tags` (all, or those that match), or every step of a branch."""

    deployments: str = "tags"
    pattern: re.Pattern[str] | None = None
    hotfix: re.Pattern[str] = re.compile(HOTFIX)
    branch: str = ""
    environment: str = "production"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Rules:
        """Raises ProviderError naming the setting that cannot be used."""
        kind = settings.get("deployments", "tags")
        if kind not in ("tags", "branch", "pattern"):
            raise ProviderError(
                f"“{kind}” is not a rule for deployments.", advice="Choose tags, a branch or a pattern.", permanent=True
            )
        pattern = settings.get("pattern") or ""
        if kind == "pattern" and not pattern:
            raise ProviderError("The pattern is empty.", advice="Write one, such as ^v[0-9].", permanent=True)
        return cls(
            deployments=kind,
            pattern=_pattern("pattern", pattern) if kind == "pattern" else None,
            hotfix=_pattern("hotfix pattern", settings.get("hotfix") or HOTFIX),
            branch=str(settings.get("branch") or ""),
            environment=str(settings.get("environment") or "production"),
        )


def _pattern(what: str, text: str) -> re.Pattern[str]:
    try:
        if len(text) > 200:
            raise re.error("it is longer than 200 characters")
        return re.compile(text)
    except re.error as wrong:
        raise ProviderError(
            f"The {what} cannot be read: {wrong}.", advice="Correct it in the source's rules.", permanent=True
        ) from wrong


def moment(seconds: int | None, *, now: datetime) -> datetime | None:
    """The instant, or None when it is not plausible: before 1971, or more than a day ahead of `now`."""
    if seconds is None:
        return None
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if EARLIEST <= at <= now + timedelta(days=1) else None


def commits(text: str) -> list[Commit]:
    """The commits in the words of `client.Clone.commits`."""
    found = []
    for sha, parents, authored, committed, author, subject in _records(text, 6):
        found.append(
            Commit(sha, tuple(parents.split()), _int(authored), _int(committed), _clean(author), _clean(subject))
        )
    return found


def _records(text: str, fields: int) -> Iterator[list[str]]:
    parts = text.split("\0")
    for start in range(0, len(parts) - fields + 1, fields):
        record = parts[start : start + fields]
        record[0] = record[0].lstrip("\n")
        yield record


def says_revert(commit: Commit) -> bool:
    return bool(_SAYS_REVERT.match(commit.subject))


def reverts(text: str, parents: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """sha → sha that it takes back, from the words of `client.Clone.bodies`.

    Who takes a merge back takes back what it brought: the last commit of the merged branch stands for it.
    """
    found = {}
    for sha, body in _records(text, 2):
        if taken_back := _REVERTED.search(body):
            undone = taken_back[1]
            while len(above := parents.get(undone, ())) > 1:
                undone = above[1]
            found[sha] = undone
    return found


def change(commit: Commit, *, merged_at: int | None, reverts: str, now: datetime) -> ChangeSeen:
    """A commit as a change. A date that cannot be true is None, and `time_note` says what it was."""
    first = moment(commit.authored, now=now)
    return ChangeSeen(
        sha=commit.sha,
        title=commit.subject[:300] or "(no message)",
        author=commit.author[:200],
        first_commit_at=first,
        merged_at=moment(merged_at, now=now),
        reverts=reverts,
        time_note="" if first else f"The commit is dated {_said(commit.authored)}.",
    )


def merged(parents: Mapping[str, tuple[str, ...]], when: Mapping[str, int], chain: Sequence[str]) -> dict[str, int]:
    """sha → when it came onto the branch: the time of the step of `chain` (oldest first) that brought it."""
    at: dict[str, int] = {}
    for step in chain:
        if step not in parents:
            continue
        waiting = [step]
        while waiting:
            sha = waiting.pop()
            if sha in at or sha not in parents:
                continue
            at[sha] = when[step]
            waiting.extend(parents[sha])
    return at


def deployments(
    refs: Refs,
    rules: Rules,
    *,
    chain: Sequence[str],
    parents: Mapping[str, tuple[str, ...]],
    when: Mapping[str, int],
    past: Sequence[Mapping[str, str]] = (),
    now: datetime,
) -> tuple[list[DeploymentSeen], list[str]]:
    """(deployments in order, with what each carried; notes in plain words).

    `past` are places where a tag stood before it moved along the history: they were deployments too.
    """
    if rules.deployments == "branch":
        return _linked(_steps(refs, rules, chain, when, now), parents), []
    seen, notes = _tagged(refs, rules, when, past, now)
    return _linked(seen, parents), notes


def _steps(
    refs: Refs, rules: Rules, chain: Sequence[str], when: Mapping[str, int], now: datetime
) -> list[DeploymentSeen]:
    return [
        _deployment(f"branch:{sha}", sha, refs.branch, "", moment(when.get(sha), now=now), None, rules) for sha in chain
    ]


def _tagged(
    refs: Refs, rules: Rules, when: Mapping[str, int], past: Sequence[Mapping[str, str]], now: datetime
) -> tuple[list[DeploymentSeen], list[str]]:
    found: list[DeploymentSeen] = []
    elsewhere: list[str] = []
    undated: list[str] = []
    for tag in refs.tags:
        matched = rules.pattern.search(tag.name) if rules.pattern else None
        if rules.pattern and not matched:
            continue
        if tag.commit is None:
            elsewhere.append(tag.name)
            continue
        at = moment(tag.dated, now=now) or moment(when.get(tag.commit), now=now)
        if at is None or (tag.dated is not None and moment(tag.dated, now=now) is None):
            undated.append(tag.name)
        answer = Answer.HOTFIX if rules.hotfix.search(tag.name) else None
        service = _service(matched)
        found.append(_deployment(f"tag:{tag.name}@{tag.commit[:12]}", tag.commit, tag.name, service, at, answer, rules))
    known = {seen.provider_id for seen in found}
    for was in past:
        matched = rules.pattern.search(was["name"]) if rules.pattern else None
        identity = f"tag:{was['name']}@{was['sha'][:12]}"
        if identity not in known and (matched or not rules.pattern):
            at = moment(int(was["at"]), now=now) if was.get("at") else moment(when.get(was["sha"]), now=now)
            answer = Answer.HOTFIX if rules.hotfix.search(was["name"]) else None
            found.append(_deployment(identity, was["sha"], was["name"], _service(matched), at, answer, rules))
    notes = []
    if elsewhere:
        notes.append(
            f"{_count(elsewhere, 'tag points at files, not at a commit', 'tags point at files, not at commits')}."
        )
    if undated:
        notes.append(f"{_count(undated, 'tag has an impossible date', 'tags have impossible dates')}.")
    return found, notes


def _deployment(
    identity: str, sha: str, ref: str, service: str, at: datetime | None, answer: Answer | None, rules: Rules
) -> DeploymentSeen:
    return DeploymentSeen(
        provider_id=identity,
        service=service,
        environment=rules.environment,
        production=True,
        sha=sha,
        ref=ref,
        outcome=Outcome.SUCCESS if at else Outcome.UNKNOWN,
        raw_outcome="" if at else "no plausible date",
        started_at=None,
        finished_at=at,
        answer=answer,
        note="" if at else "Its date is not plausible, so it is not counted.",
    )


def _linked(seen: Iterable[DeploymentSeen], parents: Mapping[str, tuple[str, ...]]) -> list[DeploymentSeen]:
    """Each service's deployments in order, with base and carried changes; rollbacks and hotfixes tied to theirs."""
    out: list[DeploymentSeen] = []
    services: dict[str, list[DeploymentSeen]] = {}
    for one in seen:
        services.setdefault(one.service, []).append(one)
    for _, members in sorted(services.items()):
        dated = {one.provider_id: one for one in members if one.finished_at is not None}
        facts = [
            linking.Deploy(
                id=one.provider_id, service=one.service, environment=one.environment, sha=one.sha,
                finished_at=one.finished_at, successful=True, production=True, answer=one.answer,
            )
            for one in dated.values()
            if one.finished_at is not None
        ]  # fmt: skip
        ordered = linking.in_order(facts, parents)
        carried = linking.carried(parents, [(fact.id, fact.sha) for fact in ordered])
        backwards = linking.rollbacks(parents, [(fact.id, fact.sha) for fact in ordered])
        before: str | None = None
        for fact in ordered:
            one, link = dated[fact.id], carried[fact.id]
            answer = Answer.ROLLBACK if fact.id in backwards else one.answer
            out.append(
                replace(
                    one,
                    base=link.base,
                    carried=tuple(link.shas) if link.known else None,
                    answer=answer,
                    answers=(before or "") if answer else "",
                )
            )
            before = fact.id
        out += [one for one in members if one.finished_at is None]
    return out


def _service(matched: re.Match[str] | None) -> str:
    """The part of a tag's name that the pattern calls `service`, for a repository that holds several."""
    return (matched.groupdict().get("service") or "")[:200] if matched else ""


def _count(names: Sequence[str], one: str, many: str) -> str:
    listed = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return f"{len(names)} {one if len(names) == 1 else many}: {listed}"


def _int(text: str) -> int | None:
    return int(text) if text.strip().lstrip("-").isdigit() else None


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r", " ").strip()


def _said(seconds: int | None) -> str:
    if seconds is None:
        return "with no date"
    years = 1970 + seconds // 31_556_952
    return f"in {years}" if 0 < years < 10_000 else "at an impossible time"
