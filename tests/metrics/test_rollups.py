"""The weekly sums in SQL are the pure definitions: random histories, any zone, across DST and the year's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import dora, ingest, linking, rollups
from metrics.events import (
    Answer,
    ChangeSeen,
    ChangesGone,
    DeploymentSeen,
    DeploymentsStand,
    Event,
    IncidentSeen,
    Outcome,
)
from metrics.models import Deployment, DirtyWeek, Failure, Incident, IncidentLink, Service, ServiceWeek, Source
from metrics.periods import Week, weeks_ending
from teams.models import Team

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 2, 1, tzinfo=UTC)
# around each of these moments something odd happens to a week: DST begins or ends, or the year does
ODD = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Lisbon's clocks go forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2027, 1, 1, tzinfo=UTC),  # 2026 has 53 weeks
]
ZONES = ["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]

moments = st.builds(
    lambda odd, minutes: odd + timedelta(minutes=minutes),
    st.sampled_from(ODD),
    st.one_of(st.integers(-12 * 24 * 60, 12 * 24 * 60), st.sampled_from([-61, -60, -1, 0, 1, 59, 60, 61])),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Facts of two services as a provider tells them: changes, deployments of every kind, incidents."""
    events: list[Event] = []
    shas: list[str] = []
    before: dict[str, str | None] = {"a": None, "b": None}
    for number, at in enumerate(sorted(draw(st.lists(moments, max_size=12)))):
        service = draw(st.sampled_from("ab"))
        own = []
        for _ in range(draw(st.integers(0, 3))):
            sha = f"{len(shas):040d}"
            first = draw(st.one_of(st.none(), st.integers(-300, 20_000)))
            events.append(
                ChangeSeen(
                    sha=sha, title="t", author="", merged_at=at, time_note="" if first is not None else "no date",
                    first_commit_at=None if first is None else at - timedelta(minutes=first),
                    reverts=draw(st.sampled_from(["", *shas[-6:]])) if draw(st.booleans()) else "",
                )
            )  # fmt: skip
            shas.append(sha)
            own.append(sha)
        answer = draw(st.sampled_from([None, None, None, Answer.HOTFIX, Answer.ROLLBACK]))
        outcome = draw(st.sampled_from([Outcome.SUCCESS] * 5 + [Outcome.FAILURE, Outcome.CANCELLED, Outcome.UNKNOWN]))
        good = outcome is Outcome.SUCCESS
        production = draw(st.integers(0, 5)) > 0
        key = f"d{number:02}"
        counts = good and production
        events.append(
            DeploymentSeen(
                provider_id=key, service=service, environment="production" if production else "test",
                production=production, sha=own[-1] if own else "0" * 40, ref=key, outcome=outcome, raw_outcome="",
                started_at=None, finished_at=at, answer=answer, answers=(before[service] or "") if answer else "",
                base=before[service], carried=tuple(own) if before[service] and counts else () if counts else None,
            )
        )  # fmt: skip
        if counts:
            before[service] = key
    for number in range(draw(st.integers(0, 5))):
        began = draw(moments)
        lasted = draw(st.one_of(st.none(), st.integers(0, 6000)))
        events.append(
            IncidentSeen(
                provider_id=f"i{number}", service=draw(st.sampled_from("ab")), title="t", started_at=began,
                resolved_at=None if lasted is None else began + timedelta(minutes=lasted),
                caused_by=draw(st.sampled_from(["", "d00", "d01"])),
            )
        )  # fmt: skip
    return events


def pure(
    week: Week, zone: ZoneInfo, events: list[Event], ours: Callable[[Event], bool] = lambda _: True
) -> dict[str, Any]:
    """The measures of one week by the pure functions alone, from what was told; no table of ours is read.

    `ours`: the deployments and incidents that are counted. What shows that they failed may be anybody's.
    """
    deployments = [one for one in events if isinstance(one, DeploymentSeen)]
    changes = {one.sha: one for one in events if isinstance(one, ChangeSeen)}
    facts = [
        linking.Deploy(
            id=one.provider_id, service=one.service, environment=one.environment, sha=one.sha,
            finished_at=one.finished_at or NOW, successful=one.outcome is Outcome.SUCCESS, production=one.production,
            answer=one.answer, answers=one.answers,
        )
        for one in deployments
    ]  # fmt: skip
    known = {one.provider_id for one in deployments}
    incidents = [one for one in events if isinstance(one, IncidentSeen)]
    links = linking.link_incidents(
        [
            linking.IncidentFact(
                id=one.provider_id, service=one.service, started_at=one.started_at, resolved_at=one.resolved_at,
                names=one.caused_by if one.caused_by in known else "",
            )
            for one in incidents
        ],
        facts,
    )  # fmt: skip
    carried = {one.provider_id: list(one.carried or ()) for one in deployments}
    undone = linking.reverted(carried, {sha: one.reverts for sha, one in changes.items() if one.reverts}, facts)
    failed = linking.failed_deployments(links.values(), undone, facts)
    rows = [
        dora.DeployFact(
            id=one.provider_id, service=one.service, finished_at=one.finished_at, outcome=one.outcome,
            production=one.production, failed=one.provider_id in failed,
            unplanned=one.answer is not None
            or linking.is_rollback_only(one.provider_id, carried[one.provider_id], undone),
        )
        for one in deployments
        if ours(one)
    ]  # fmt: skip
    start, end = week.bounds(zone)
    inside = [one for one in rows if one.finished_at and start <= one.finished_at < end]
    lead = dora.lead_time(
        dora.ChangeFact(
            sha=sha, deployment_id=one.provider_id, deployed_at=one.finished_at or NOW,
            first_commit_at=changes[sha].first_commit_at, time_note=changes[sha].time_note,
        )
        for one in deployments
        if ours(one) and one.production and one.outcome is Outcome.SUCCESS
        if one.finished_at and start <= one.finished_at < end
        for sha in one.carried or ()
    )  # fmt: skip
    finished = {one.id: one.finished_at for one in facts}
    blamed = {incident: link.deployment for incident, link in links.items()}
    timed = [
        dora.IncidentFact(
            id=one.provider_id, started_at=one.started_at, resolved_at=one.resolved_at,
            failed_deployment_finished_at=finished.get(blamed.get(one.provider_id) or ""),
        )
        for one in incidents
        if ours(one)
    ]  # fmt: skip
    restore = dora.time_to_restore(timed, start, end, NOW)
    frequency = dora.deployment_frequency(rows, [week], zone, NOW)
    failures, rework = dora.change_failure_rate(inside), dora.rework_rate(inside)
    return {
        "deployments": frequency.weeks[0].deployments, "deploy_days": frequency.weeks[0].days,
        "failed": failures.numerator, "rework": rework.numerator, "failed_attempts": failures.failed_attempts,
        "changes": lead.count, "left_out": sum(one.count for one in lead.left_out),
        "lead": lead.value, "lead_low": lead.p25, "lead_high": lead.p75, "lead_85": lead.p85, "lead_95": lead.p95,
        "restored": restore.count, "restore": restore.value, "restore_mean": restore.mean,
        "recovery": dora.failed_deployment_recovery_time(timed, start, end).value,
    }  # fmt: skip


def in_sql(teams: list[int], weeks: list[Week]) -> list[dict[str, Any]]:
    names = (
        "deployments deploy_days failed rework failed_attempts changes left_out lead lead_low lead_high lead_85 lead_95"
    )
    found = []
    for week in rollups.pooled(teams, weeks):
        found.append(
            {name: getattr(week, name) for name in [*names.split(), "restored", "restore", "restore_mean", "recovery"]}
        )
    return found


def near(one: dict[str, Any]) -> dict[str, Any]:
    """Times to the millisecond: SQL counts them in floating seconds."""
    return {
        key: round(value.total_seconds(), 3) if isinstance(value, timedelta) else value for key, value in one.items()
    }


@pytest.fixture
def source(db: None) -> Source:
    squad = Team.objects.create(name="Squad", slug="squad")
    return Source.objects.create(team=squad, provider="git", name="s")


class _Undo(Exception):
    pass


def _stored(source: Source, *pages: list[Event]) -> None:
    for page in pages:
        ingest.store(source, page, now=NOW)
    rollups.rebuild(now=NOW)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(events=histories(), zone=st.sampled_from(ZONES), odd=st.sampled_from(ODD), cut=st.integers(0, 40))
def test_the_weekly_sums_are_the_pure_definitions(
    source: Source, events: list[Event], zone: str, odd: datetime, cut: int
) -> None:
    weeks = list(weeks_ending(Week.of(odd + timedelta(days=10), ZoneInfo(zone)), 4))
    with override_settings(ORGANISATION_ZONE=ZoneInfo(zone), TIME_ZONE=zone):
        try:
            with transaction.atomic():
                _stored(source, events[:cut], events[cut:])
                expected = [near(pure(week, ZoneInfo(zone), events)) for week in weeks]
                assert [near(one) for one in in_sql([source.team_id], weeks)] == expected
                raise _Undo
        except _Undo:
            pass


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(events=histories(), order=st.randoms(use_true_random=False), cuts=st.lists(st.integers(0, 40), max_size=3))
def test_facts_told_late_twice_and_in_any_order_give_the_same_tables(
    source: Source, events: list[Event], order: Any, cuts: list[int]
) -> None:
    shuffled = [*events, *events[: len(events) // 2]]
    order.shuffle(shuffled)
    bounds = [0, *sorted(cuts), len(shuffled)]
    tables = []
    for pages in ([events], [shuffled[a:b] for a, b in pairwise(bounds)] + [events]):
        try:
            with transaction.atomic():
                _stored(source, *pages)
                tables.append(_tables())
                raise _Undo
        except _Undo:
            pass
    assert tables[0] == tables[1]


def _tables() -> dict[str, Any]:
    return {
        "deployments": set(Deployment.objects.values_list("provider_id", "service__name", "finished_at", "outcome")),
        "links": set(IncidentLink.objects.values_list("incident__provider_id", "deployment__provider_id", "how")),
        "failures": set(
            Failure.objects.values_list("deployment__provider_id", "how", "answer__provider_id", "change__sha")
        ),
        "incidents": set(Incident.objects.values_list("provider_id", "resolved_at")),
        "weeks": sorted(
            (row.service.name, row.monday, row.deployments, row.failed, row.rework, tuple(row.lead_seconds))
            for row in ServiceWeek.objects.select_related("service")
            if row.deployments or row.failed_attempts or row.restore_seconds
        ),
    }


# --- by hand ---------------------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = Week.parse("2026-W47")


def deployment(key: str, at: datetime, service: str = "", **more: Any) -> DeploymentSeen:
    return DeploymentSeen(
        provider_id=key, service=service, environment="production", production=True, sha=key, ref=key,
        outcome=Outcome.SUCCESS, raw_outcome="", started_at=None, finished_at=at, **more,
    )  # fmt: skip


def change(sha: str, first: datetime) -> ChangeSeen:
    return ChangeSeen(sha=sha, title=sha, author="", first_commit_at=first, merged_at=first)


@pytest.fixture
def lisbon() -> Iterator[None]:
    with override_settings(ORGANISATION_ZONE=ZoneInfo("Europe/Lisbon")):
        yield


def test_a_group_is_the_median_of_all_its_rows_and_not_of_its_squads_medians(source: Source, lisbon: None) -> None:
    other = Team.objects.create(name="Other", slug="other")
    Service.objects.create(source=source, name="fast", title="fast", team=source.team)
    Service.objects.create(source=source, name="slow", title="slow", team=other)
    hours = {"fast": [1, 2, 3, 4, 5], "slow": [100]}
    events: list[Event] = []
    for service, leads in hours.items():
        shas = tuple(f"{service}{lead}" for lead in leads)
        events += [change(sha, MONDAY - timedelta(hours=lead)) for sha, lead in zip(shas, leads, strict=True)]
        events += [
            deployment(f"{service}-0", MONDAY - timedelta(days=9), service, carried=()),
            deployment(f"{service}-1", MONDAY, service, base=f"{service}-0", carried=shas),
        ]
    _stored(source, events)

    [week] = rollups.pooled([source.team_id, other.pk], [WEEK])

    assert week.lead == timedelta(hours=3.5)
    assert week.changes == 6
    assert {team: rows[0].lead for team, rows in rollups.by_team([source.team_id, other.pk], [WEEK]).items()} == {
        source.team_id: timedelta(hours=3),
        other.pk: timedelta(hours=100),
    }


def test_only_weeks_in_which_a_fact_changed_are_counted_again(source: Source, lisbon: None) -> None:
    _stored(source, [deployment("old", MONDAY - timedelta(days=21)), deployment("new", MONDAY)])
    built = dict(ServiceWeek.objects.values_list("monday", "built_at"))
    later = NOW + timedelta(hours=1)

    ingest.store(source, [deployment("new", MONDAY), deployment("newer", MONDAY + timedelta(days=1))], now=later)
    assert rollups.rebuild(now=later) == 1

    after = dict(ServiceWeek.objects.values_list("monday", "built_at"))
    assert after[WEEK.monday] == later
    assert {monday: at for monday, at in after.items() if monday != WEEK.monday} == {
        monday: at for monday, at in built.items() if monday != WEEK.monday
    }


def test_telling_the_same_again_marks_nothing(source: Source, lisbon: None) -> None:
    events: list[Event] = [
        change("c", MONDAY),
        deployment("a", MONDAY),
        deployment("b", MONDAY, base="a", carried=("c",)),
    ]
    _stored(source, events)
    ingest.store(source, events, now=NOW)
    assert not DirtyWeek.objects.exists()


def test_a_deployment_that_moves_to_another_week_leaves_the_old_one(source: Source, lisbon: None) -> None:
    _stored(source, [deployment("a", MONDAY)])
    _stored(source, [deployment("a", MONDAY - timedelta(days=7))])
    weeks = [WEEK.previous(), WEEK]
    assert [week.deployments for week in rollups.pooled([source.team_id], weeks)] == [1, 0]


def test_what_a_source_takes_back_is_kept_and_not_counted(source: Source, lisbon: None) -> None:
    first, second = deployment("a", MONDAY), deployment("b", MONDAY + timedelta(hours=2), base="a", carried=("c", "d"))
    _stored(source, [change("c", MONDAY), change("d", MONDAY), first, second])
    _stored(source, [ChangesGone(shas=("c",))])
    [week] = rollups.pooled([source.team_id], [WEEK])
    assert (week.deployments, week.changes) == (2, 1)

    _stored(source, [DeploymentsStand(provider_ids=("a",))])
    [week] = rollups.pooled([source.team_id], [WEEK])
    assert (week.deployments, week.changes, Deployment.objects.count()) == (1, 0, 2)

    _stored(source, [second])  # told again: it counts again
    [week] = rollups.pooled([source.team_id], [WEEK])
    assert week.deployments == 2


def test_an_older_message_never_rolls_a_row_back(source: Source, lisbon: None) -> None:
    newer = replace(deployment("a", MONDAY), updated_at=MONDAY + timedelta(hours=2))
    older = replace(newer, outcome=Outcome.UNKNOWN, updated_at=MONDAY + timedelta(hours=1))
    _stored(source, [newer])
    _stored(source, [older])
    _stored(source, [older, newer, older])
    assert Deployment.objects.get().outcome == "success"


def test_weeks_are_counted_again_when_the_organisation_moves_to_another_zone(source: Source) -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # Sunday in UTC, Monday in Lisbon's east
    with override_settings(ORGANISATION_ZONE=ZoneInfo("UTC")):
        _stored(source, [deployment("a", late)])
        assert [week.deployments for week in rollups.pooled([source.team_id], [WEEK, WEEK.next()])] == [1, 0]
    with override_settings(ORGANISATION_ZONE=ZoneInfo("Europe/Berlin")):
        rollups.rebuild(now=NOW)
        assert [week.deployments for week in rollups.pooled([source.team_id], [WEEK, WEEK.next()])] == [0, 1]
