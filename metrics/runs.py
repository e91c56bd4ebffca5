"""Pipeline runs and their jobs in. Part of `ingest`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from django.db import connection

from .attribution import RAN
from .events import JobSeen, RunSeen
from .models import PipelineJob, PipelineRun
from .upsert import Said, Stored, plain, upsert

_FIELDS = [
    *("provider_id", "attempt", "service_id", "repository", "origin", "workflow", "branch", "sha", "event", "on_main"),
    *("outcome", "raw_outcome", "queued_at", "started_at", "finished_at", "coverage", "jobs_digest", "url"),
]


def store_runs(said: Said, seen: list[RunSeen], services: Mapping[str, int], done: Stored) -> None:
    """Upsert runs by id and attempt; jobs are written anew where they are not as they were."""
    only = said.source.services.filter(name="").values_list("pk", flat=True).first()
    rows = (
        (
            *(plain(one.provider_id)[:300], one.attempt, services.get(one.service, only), one.repository[:200]),
            *(said.origin(one), plain(one.workflow)[:300], plain(one.branch)[:300], one.sha[:64], one.event[:60]),
            *(one.on_main, str(one.outcome or ""), plain(one.raw_outcome)[:60]),
            *(one.queued_at, one.started_at, one.finished_at, one.coverage, _digest(one.jobs), one.url[:500]),
            one.updated_at,
        )
        for one in seen
    )
    written = dict(upsert("metrics_pipelinerun", said, "provider_id, attempt", _FIELDS, rows, dated=RAN))
    done.new += sum(written.values())
    done.changed += len(written) - sum(written.values())
    if written:
        _jobs(said, {(one.provider_id[:300], one.attempt): one for one in seen}, list(written))


def not_said_any_more(said: Said, seen: list[RunSeen]) -> None:
    """Runs that followed from the things looked at before, and do not any more: kept, not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metrics_pipelinerun SET superseded_at = %s
             WHERE source_id = %s AND origin = ANY(%s) AND superseded_at IS NULL
               AND NOT (provider_id, attempt) IN (SELECT * FROM unnest(%s::text[], %s::int[]))
            """,
            [
                *(said.now, said.source.pk, said.things),
                *([one.provider_id[:300] for one in seen], [one.attempt for one in seen]),
            ],
        )


def _jobs(said: Said, seen: Mapping[tuple[str, int], RunSeen], written: list[int]) -> None:
    """The jobs of the runs that were written."""
    runs = PipelineRun.objects.filter(pk__in=written).values_list("pk", "provider_id", "attempt", "jobs_digest")
    stale: list[int] = []
    new: list[PipelineJob] = []
    for pk, provider_id, attempt, digest in runs:
        one = seen.get((provider_id, attempt))
        if one is None or digest != _digest(one.jobs):  # a newer telling is held
            continue
        stale.append(pk)
        new += [
            PipelineJob(
                run_id=pk, provider_id=job.provider_id[:300], name=plain(job.name)[:300], stage=plain(job.stage)[:100],
                outcome=str(job.outcome or ""), raw_outcome=plain(job.raw_outcome)[:60], queued_at=job.queued_at,
                started_at=job.started_at, finished_at=job.finished_at,
            )
            for job in {job.provider_id: job for job in one.jobs}.values()
        ]  # fmt: skip
    PipelineJob.objects.filter(run__in=stale).delete()
    PipelineJob.objects.bulk_create(new, batch_size=2000)


def _digest(jobs: tuple[JobSeen, ...]) -> str:
    return hashlib.sha256(repr(sorted(jobs, key=lambda job: job.provider_id)).encode()).hexdigest() if jobs else ""
