"""Pipeline and reviews week by week: SQL agrees with the pure definitions; which main branches are red."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from metrics import pipeline, vitals
from metrics.models import Change, DeployedChange, Deployment, PipelineRun, Service, Source
from metrics.periods import Week, weeks_ending
from teams.models import Team

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # Wednesday of week 48
HOUR = timedelta(hours=1)
WEEKS = weeks_ending(Week.of(NOW, UTC), 3)


def a_service(name: str) -> Service:
    team = Team.objects.create(name=name, slug=name.lower().replace(" ", "-"), kind=Team.Kind.SQUAD)
    source = Source.objects.create(team=team, provider="git", name=name)
    return Service.objects.create(source=source, name="", title=f"{name} service", team=team)


def a_run(service: Service, key: str, finished: datetime, outcome: str = "success", **more: object) -> PipelineRun:
    said: dict[str, object] = {
        "workflow": "Build", "branch": "main", "sha": key, "on_main": True, "queued_at": finished - HOUR,
        "started_at": finished - HOUR / 2, "attempt": 1, "coverage": None,
    }  # fmt: skip
    return PipelineRun(
        source=service.source, service=service, team=service.team, provider_id=key, outcome=outcome,
        finished_at=finished, **(said | more),
    )  # fmt: skip


def as_pure(one: PipelineRun) -> pipeline.Run:
    return pipeline.Run(
        repository=f"{one.source_id}", workflow=one.workflow, branch="main" if one.on_main else "other", sha=one.sha,
        attempt=one.attempt, outcome=one.outcome, queued_at=one.queued_at, started_at=one.started_at,
        finished_at=one.finished_at, coverage=one.coverage,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_sql_and_the_pure_definitions_agree_week_by_week(seed: int) -> None:
    chance = random.Random(seed)
    services = [a_service("Squad A"), a_service("Squad B")]
    rows = [
        a_run(
            chance.choice(services), f"{number // 2}-{number}", NOW - chance.random() * 20 * 24 * HOUR,
            chance.choice(["success", "success", "failure", "cancelled", ""]), sha=str(number // 2),
            attempt=1 + number % 2, on_main=chance.random() < 0.85,
            coverage=chance.choice([None, 60.0, 79.9, 80.0, 91.5]),
            started_at=NOW - timedelta(days=30) if chance.random() < 0.1 else None,
        )
        for number in range(90)
    ]  # fmt: skip
    for row in rows:
        if row.started_at is None and row.finished_at is not None and chance.random() < 0.9:
            row.started_at = row.finished_at - chance.randint(1, 90) * HOUR / 60
    PipelineRun.objects.bulk_create(rows)
    found = vitals.by_team([one.team_id for one in services], WEEKS, until=NOW)
    for service in services:
        for place, week in enumerate(WEEKS):
            start, end = week.bounds(UTC)
            mine = [row for row in rows if row.service_id == service.pk and row.finished_at]
            own = [as_pure(row) for row in mine if start <= row.finished_at < min(end, NOW)]
            one = found[service.team_id][place]
            rate, gate = pipeline.success_rate(own), pipeline.coverage_gate(own, threshold=80)
            on_main = [run for run in own if run.branch == "main"]
            assert (one.passed, one.ended) == (rate.passed, rate.ended)
            assert one.took == pipeline.percentile(pipeline.durations(on_main), 50)
            assert (one.reports, one.below, one.coverage) == (gate.reports, gate.below, gate.newest)


def test_cycle_time_is_the_median_from_opened_to_merged_of_what_was_deployed_once_each() -> None:
    service = a_service("Squad A")
    tuesday = datetime(2026, 11, 17, 12, tzinfo=UTC)
    deployments = [
        Deployment.objects.create(
            source=service.source, service=service, team=service.team, provider_id=str(number),
            environment="production", production=True, sha=str(number), outcome="success", finished_at=tuesday + HOUR,
        )
        for number in range(2)
    ]  # fmt: skip
    for number, hours in enumerate((24, 48, 240)):
        change = Change.objects.create(
            source=service.source, sha=f"c{number}", title="Change", opened_at=tuesday - hours * HOUR,
            merged_at=tuesday,
        )  # fmt: skip
        for deployment in deployments:
            DeployedChange.objects.create(deployment=deployment, change=change)
    Change.objects.create(source=service.source, sha="other", title="Not deployed", opened_at=tuesday - HOUR,
                          merged_at=tuesday)  # fmt: skip
    one = vitals.by_team([service.team_id], WEEKS, until=NOW)[service.team_id][1]
    assert (one.merged, one.cycle) == (3, timedelta(hours=48))
    assert (one.ended, one.took, one.success, one.coverage) == (0, None, None, None), "none is not nought"


def test_a_team_without_a_row_is_left_out() -> None:
    assert vitals.by_team([a_service("Squad A").team_id], WEEKS, until=NOW) == {}


def test_a_branch_is_red_since_the_first_failure_after_it_last_passed() -> None:
    a, b = a_service("Squad A"), a_service("Squad B")
    PipelineRun.objects.bulk_create(
        [
            a_run(a, "1", NOW - 30 * HOUR, "failure"),
            a_run(a, "2", NOW - 20 * HOUR),
            a_run(a, "3", NOW - 9 * HOUR, "failure"),
            a_run(a, "4", NOW - 5 * HOUR, "failure"),
            a_run(a, "5", NOW - 4 * HOUR, "cancelled"),
            a_run(a, "6", NOW - 3 * HOUR, workflow="Lint"),  # another workflow that passes mends nothing
            a_run(a, "7", NOW - 2 * HOUR, branch="idea", on_main=False),
            a_run(b, "1", NOW - 9 * HOUR, "failure"),
            a_run(b, "2", NOW - HOUR),
        ]
    )
    [one] = vitals.red([a.team_id, b.team_id], at=NOW)
    assert (one.service, one.since, one.failures) == (a.pk, NOW - 9 * HOUR, 2)
    assert [two.service for two in vitals.red([b.team_id], at=NOW - 2 * HOUR)] == [b.pk], "as it stood then"
