"""From all that was observed of a workflow run to its attempts and their jobs. Pure.

A thing is a run with all of its attempts. An attempt is what GitHub said of it last; jobs are gathered by their id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from metrics import read
from metrics.events import Derived, JobSeen, Outcome, RunSeen, Unreadable

from .words import Told, Words, first, number, parts, repository, state, time

ENDINGS: Mapping[str, Outcome] = {
    "success": Outcome.SUCCESS,
    "failure": Outcome.FAILURE,
    "timed_out": Outcome.FAILURE,
    "startup_failure": Outcome.FAILURE,
    "cancelled": Outcome.CANCELLED,
}
_PROGRESS = {"completed": 3, "in_progress": 2, "queued": 1, "waiting": 1, "pending": 1, "requested": 1}
LONGEST = timedelta(days=40)  # GitHub ends a run after 35 days
_VERSION = re.compile(r"[\w./-]*?v?\d+\.\d+[\w.+-]*\Z", re.I)


def derive(told: Sequence[Told], now: datetime) -> Derived:
    attempts = parts(told, "runs", attempt_of, _progress)
    jobs = parts(told, "jobs", lambda words: read.ident(words.get("id")), _progress)
    if not attempts:
        if not jobs:
            raise Unreadable("A workflow run without its id.")
        return Derived(why="a job whose run is not read yet", open=_is_young(jobs.values(), now))
    place = read.table(
        max(told, key=lambda one: (bool(repository(one.words)), one.at, one.mark)).words.get("repository")
    )
    flow = next((read.table(one.words["workflow"]) for one in reversed(told) if one.words.get("workflow")), {})
    seen = tuple(
        _attempt(attempt, words, [job for job in jobs.values() if attempt_of(job) == attempt], place, flow)
        for attempt, words in sorted(attempts.items())
    )
    last = max(attempts)
    missing = last > len(attempts) and not any(one.words.get("whole") for one in told)
    running = any(_progress(words) < 3 for words in attempts.values()) or missing
    return Derived(events=seen, open=running and _is_young(attempts.values(), now))


def attempt_of(words: Words) -> int:
    return max(number(first(words, "run_attempt")) or 1, 1)


def _progress(words: Words) -> int:
    return _PROGRESS.get(state(words, "status"), 0)


def _is_young(words: object, now: datetime) -> bool:
    times = [time(one, "run_started_at", "updated_at", "started_at", "created_at") for one in words]  # type: ignore[attr-defined]  # checked by who calls
    last = read.latest(*times)
    return last is None or last > now - LONGEST


def outcome_of(words: Words) -> tuple[Outcome | None, str]:
    """(outcome, GitHub's word). None while it has not ended; a word we do not know is unknown."""
    conclusion, status = state(words, "conclusion"), state(words, "status")
    if status == "completed" or (conclusion and status not in _PROGRESS):
        return ENDINGS.get(conclusion, Outcome.UNKNOWN), conclusion or "completed"
    return None, status


def _attempt(attempt: int, words: Words, jobs: Sequence[Words], place: Words, flow: Words) -> RunSeen:
    outcome, raw = outcome_of(words)
    created, begun = time(words, "created_at"), time(words, "run_started_at")
    queued = (begun or created) if attempt > 1 else (created or begun)
    made = tuple(sorted((_job(one) for one in jobs), key=lambda one: one.provider_id))
    ran = [one for one in made if one.raw_outcome != "skipped"]
    started = min((one.started_at for one in ran if one.started_at), default=None)
    ended = max((one.finished_at for one in ran if one.finished_at), default=None)
    updated = time(words, "updated_at")
    name = read.text(place.get("full_name") or read.at(words, "repository", "full_name"), 200)
    path = read.text(first(words, "path") or first(flow, "path"), 300).partition("@")[0]
    workflow = read.text(first(flow, "name"), 200) or read.text(words.get("name"), 200)
    workflow = workflow or path.rpartition("/")[2] or f"workflow {read.ident(words.get('workflow_id'))}".strip()
    branch, event = read.text(words.get("head_branch"), 200), read.text(words.get("event"), 60)
    tag = branch if event in ("push", "release", "create") and _VERSION.match(branch) else ""
    title = read.text(words.get("display_title"), 300) or read.text(read.at(words, "head_commit", "message"), 300)
    traits: dict[str, str | tuple[str, ...]] = {
        "via": "run", "repository": name, "workflow": workflow, "path": path, "branch": branch, "tag": tag,
        "title": title, "type": event,
    }  # fmt: skip
    return RunSeen(
        provider_id=read.ident(words.get("id")),
        attempt=attempt,
        workflow=workflow,
        repository=name,
        branch=branch,
        sha=read.text(words.get("head_sha"), 64).lower(),
        event=event,
        on_main=_is_on_main(words, place, branch, name),
        outcome=outcome,
        raw_outcome=raw,
        queued_at=queued,
        started_at=started or (begun if outcome is not None or raw == "in_progress" else None),
        finished_at=None if outcome is None else ended or updated,
        jobs=made,
        service=name,
        url=read.link(words.get("html_url")),
        updated_at=read.latest(updated, begun, created, *(one.finished_at for one in made)),
        traits={trait: value for trait, value in traits.items() if value},
    )


def _is_on_main(words: Words, place: Words, branch: str, name: str) -> bool | None:
    """Whether it ran for the repository's main branch; a fork's branch of the same name is not that."""
    main = read.text(place.get("default_branch"), 200)
    if not main or not branch:
        return None
    head = read.text(read.at(words, "head_repository", "full_name"), 200)
    fork = bool(head) and head.lower() != name.lower()
    return branch == main and not fork and not state(words, "event").startswith("pull_request")


def _job(words: Words) -> JobSeen:
    outcome, raw = outcome_of(words)
    # a job that waits for a runner says that it started when it was made
    waits = outcome is None and state(words, "status") != "in_progress"
    return JobSeen(
        provider_id=read.ident(words.get("id")),
        name=read.text(words.get("name"), 200) or "unnamed",
        outcome=outcome,
        raw_outcome=raw,
        stage="",
        queued_at=time(words, "created_at"),
        started_at=None if waits else time(words, "started_at"),
        finished_at=time(words, "completed_at") if outcome is not None else None,
    )
