"""Pipeline health from runs and deployments: success, duration, queue, flaky jobs, red hours, contention. Pure.

Runs that were cancelled or have not ended are no successes and no failures: they are left out of the rate and counted
apart. Percentiles are nearest-rank on whole rows, so each is a value that happened. Source: DOMAIN, Pipeline.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SUCCESS, FAILURE = "success", "failure"
ENDED = (SUCCESS, FAILURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt of one workflow on one sha. `coverage` in percent, None when it was not reported."""

    repository: str
    workflow: str
    branch: str
    sha: str
    attempt: int
    outcome: str
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Successes of the runs that ended one way or the other; `left_out` were cancelled or are unknown."""

    passed: int
    ended: int
    left_out: int

    @property
    def share(self) -> float | None:
        return self.passed / self.ended if self.ended else None


def success_rate(runs: Iterable[Run], *, branch: str = "main") -> Rate:
    """Of the runs on `branch`."""
    own = [run for run in runs if run.branch == branch]
    ended = [run for run in own if run.outcome in ENDED]
    return Rate(passed=sum(run.outcome == SUCCESS for run in ended), ended=len(ended), left_out=len(own) - len(ended))


def percentile(spans: Iterable[timedelta], percent: int) -> timedelta | None:
    """The smallest span that `percent` of all do not exceed; None of nothing."""
    ordered = sorted(spans)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)] if ordered else None


def durations(runs: Iterable[Run]) -> list[timedelta]:
    """Started to finished, of the runs that passed or failed; a clock that ran backwards is no duration."""
    return [
        run.finished_at - run.started_at
        for run in runs
        if run.outcome in ENDED and run.started_at and run.finished_at and run.finished_at >= run.started_at
    ]


def queues(runs: Iterable[Run]) -> list[timedelta]:
    """Queued to started, of every run that started."""
    return [
        run.started_at - run.queued_at
        for run in runs
        if run.queued_at and run.started_at and run.started_at >= run.queued_at
    ]


def flaky(runs: Iterable[Run]) -> list[tuple[str, str, str]]:
    """(repository, workflow, sha) that failed and then passed on a later attempt, in order."""
    attempts: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        attempts[run.repository, run.workflow, run.sha].append(run)
    return sorted(key for key, own in attempts.items() if _mended(own))


def _mended(runs: Iterable[Run]) -> bool:
    failed = False
    for run in sorted(runs, key=lambda run: run.attempt):
        if run.outcome == SUCCESS and failed:
            return True
        failed = failed or run.outcome == FAILURE
    return False


def red(runs: Iterable[Run], *, since: datetime, until: datetime, branch: str = "main") -> timedelta:
    """How long `branch` was red between two moments: any of its workflows had failed and not passed since.

    Red begins when a failing run ends and stops when that workflow next passes; what is still red counts to `until`.
    """
    spans: list[tuple[datetime, datetime]] = []
    lanes: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if run.branch == branch and run.outcome in ENDED and run.finished_at:
            lanes[run.repository, run.workflow].append(run)
    for own in lanes.values():
        began: datetime | None = None
        for run in sorted(own, key=lambda run: (run.finished_at, run.attempt)):
            if run.outcome == FAILURE:
                began = began or run.finished_at
            elif began is not None:
                spans.append((began, run.finished_at or began))
                began = None
        if began is not None:
            spans.append((began, until))
    return _covered((max(first, since), min(last, until)) for first, last in spans)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """The time that any of them covers, none of it twice."""
    total, edge = timedelta(), None
    for first, last in sorted(span for span in spans if span[0] < span[1]):
        start = first if edge is None else max(first, edge)
        if last > start:
            total += last - start
        edge = last if edge is None else max(edge, last)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One deployment's stay in an environment."""

    id: str
    squad: str
    environment: str
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """`clashes`: pairs of deployments of different squads that overlapped; `waited`: for how long, added up."""

    uses: int
    clashes: tuple[tuple[str, str], ...]
    waited: timedelta

    @property
    def count(self) -> int:
        return len(self.clashes)


def contention(uses: Iterable[Use]) -> Contention:
    """Deployments of different squads that were in one environment at the same time.

    `waited` adds up, for each deployment, the time during which another squad's earlier one was still running.
    """
    lanes: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        if use.finished_at > use.started_at:
            lanes[use.environment].append(use)
    clashes: list[tuple[str, str]] = []
    waited = timedelta()
    for own in lanes.values():
        ordered = sorted(own, key=lambda use: (use.started_at, use.finished_at, use.id))
        for place, late in enumerate(ordered):
            before = [one for one in ordered[:place] if one.squad != late.squad and one.finished_at > late.started_at]
            clashes += [(one.id, late.id) for one in before]
            if before:
                waited += min(max(one.finished_at for one in before), late.finished_at) - late.started_at
    return Contention(uses=sum(map(len, lanes.values())), clashes=tuple(clashes), waited=waited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Coverage against a threshold: the newest report, and the reports on the branch that stayed below it."""

    newest: float | None
    below: int
    reports: int


def coverage_gate(runs: Sequence[Run], *, threshold: float, branch: str = "main") -> Gate:
    """Of the runs on `branch` that report coverage, one for each sha: its last attempt."""
    reports: dict[tuple[str, str], Run] = {}
    told = [run for run in runs if run.branch == branch and run.coverage is not None and run.finished_at]
    for run in sorted(told, key=lambda run: (run.finished_at, run.attempt)):
        reports[run.repository, run.sha] = run
    last = max(reports.values(), key=lambda run: run.finished_at or run.started_at, default=None)  # type: ignore[arg-type,return-value]  # those told have finished
    below = sum((run.coverage or 0) < threshold for run in reports.values())
    return Gate(newest=last.coverage if last else None, below=below, reports=len(reports))
