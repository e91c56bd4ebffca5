"""Pipelines and their jobs, those that were tried again among them, from bodies that were read and from webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Derived, JobSeen, Outcome, RunSeen

from .told import Once, attributes, newest, project, updated

OUTCOMES: Mapping[str, Outcome] = {
    "success": Outcome.SUCCESS,
    "failed": Outcome.FAILURE,
    "canceled": Outcome.CANCELLED,
    "cancelled": Outcome.CANCELLED,
    "skipped": Outcome.CANCELLED,
}
RUNNING = frozenset(
    {"created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "running", "canceling"}
)
WAITING = frozenset({"manual", "scheduled", "blocked"})  # for a person or a date, perhaps for ever


def derived(key: str, told: Sequence[Once], now: datetime) -> Derived:
    base = newest(told, "pipeline", attributes) if _about_pipeline(told) else {}
    if not base:
        return Derived(open=True, why="Jobs of a pipeline that was not read yet.")
    place = project(told)
    status = read.text(base.get("status"), 40)
    ended = bool(status) and status not in RUNNING | WAITING
    created, started = read.when(base.get("created_at")), read.when(base.get("started_at"))
    finished = read.when(base.get("finished_at")) if ended else None
    queued = _seconds(base.get("queued_duration"))
    if started is None and created is not None and queued is not None:
        started = created + queued
    ref = read.text(base.get("ref"), 300)
    source = read.text(base.get("source"), 60)
    tagged = base.get("tag") is True
    jobs = tuple(_jobs(key.partition(":")[0], told))
    return Derived(
        events=(
            RunSeen(
                provider_id=key,
                workflow="pipeline",  # a project has one; its name differs from run to run
                repository=place.path,
                service=place.path,
                branch="" if tagged else ref,
                sha=read.text(base.get("sha"), 64),
                event=source,
                on_main=_on_main(ref, place.branch, source, tagged=tagged),
                outcome=OUTCOMES.get(status, Outcome.UNKNOWN) if ended else None,
                raw_outcome=status,
                queued_at=created,
                started_at=started,
                finished_at=finished,
                coverage=_percent(base.get("coverage")),
                jobs=jobs,
                url=read.link(base.get("web_url")) or read.link(base.get("url")),
                updated_at=updated(told, read.when(base.get("updated_at")), finished),
                traits={
                    name: value
                    for name, value in {
                        "repository": place.path,
                        "branch": "" if tagged else ref,
                        "tag": ref if tagged else "",
                        "type": source,
                        "title": read.text(base.get("name"), 300),
                    }.items()
                    if value
                },
            ),
        ),
        open=status in RUNNING or not status,
    )


def _about_pipeline(told: Sequence[Once]) -> bool:
    """A job's webhook says little of its pipeline, and has no `object_attributes`."""
    return any("pipeline" in one.body or isinstance(one.hook.get("object_attributes"), dict) for one in told)


def _on_main(ref: str, main: str, source: str, *, tagged: bool) -> bool | None:
    if tagged or source in ("merge_request_event", "external_pull_request_event") or ref.startswith("refs/merge-"):
        return False
    return ref == main if ref and main else None


def _jobs(place: str, told: Sequence[Once]) -> Iterator[JobSeen]:
    """Each job once, as it is furthest on. A job that is tried again is another job with the same name."""
    known: dict[str, Mapping[str, Any]] = {}
    for one in told:
        said = [*read.rows(one.body.get("jobs")), *read.rows(one.hook.get("builds") or one.hook.get("jobs"))]
        if one.hook.get("object_kind") in ("build", "job"):
            said.append(_of_hook(one.hook))
        for job in said:
            if not (number := read.ident(job.get("id"))):
                continue
            had: Mapping[str, Any] = known.get(number, {})
            first, last = (had, job) if _rank(job) >= _rank(had) else (job, had)
            known[number] = {**first, **{name: value for name, value in last.items() if value is not None}}
    for number in sorted(known, key=lambda one: (len(one), one)):
        yield _job(f"{place}:{number}", known[number])


def _of_hook(hook: Mapping[str, Any]) -> dict[str, Any]:
    """A job's webhook calls everything build_…, and in some versions job_…"""
    fields = ("id", "name", "stage", "status", "created_at", "started_at", "finished_at", "queued_duration")
    return {
        name: value
        for name in fields
        if (value := hook.get(f"build_{name}") if f"build_{name}" in hook else hook.get(f"job_{name}")) is not None
    }


def _job(key: str, said: Mapping[str, Any]) -> JobSeen:
    status = read.text(said.get("status"), 40)
    ended = bool(status) and status not in RUNNING | WAITING
    started, queued = read.when(said.get("started_at")), _seconds(said.get("queued_duration"))
    return JobSeen(
        provider_id=key,
        name=read.text(said.get("name"), 300) or "(no name)",
        stage=read.text(said.get("stage"), 300),
        outcome=OUTCOMES.get(status, Outcome.UNKNOWN) if ended else None,
        raw_outcome=status,
        # a job is made with its pipeline and waits for earlier stages: only its own queue is waiting for a runner
        queued_at=started - queued if started is not None and queued is not None else None,
        started_at=started,
        finished_at=read.when(said.get("finished_at")) if ended else None,
    )


def _rank(job: Mapping[str, Any]) -> int:
    """How far on a job is: a job never goes back."""
    status = read.text(job.get("status"), 40)
    if not status:
        return -1
    if status in WAITING:
        return 0
    if status not in RUNNING:
        return 3
    return {"running": 2, "canceling": 2}.get(status, 1)


def _seconds(said: object) -> timedelta | None:
    number = _number(said)
    return timedelta(seconds=number) if number is not None and 0 <= number < 10**8 else None


def _percent(said: object) -> float | None:
    """Coverage comes as a number or as words ("30.0")."""
    number = _number(said)
    return number if number is not None and 0 <= number <= 100 else None


def _number(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        return float(said)
    except ValueError:
        return None
