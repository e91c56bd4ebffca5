"""Go or no-go from items; pipeline health and contention, each with worked answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from metrics import pipeline
from metrics.models import Deployment, PipelineRun, Service
from metrics.pipeline import Run, Use
from stakeholders.investment import actions
from stakeholders.investment.checks import opened
from stakeholders.investment.verdict import Item, State, Verdict, at_least, judge
from teams.models import Person
from tests.personas import Organisation

from .weeks import NOW, a_service, a_source

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)


def _at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def _run(sha: str, outcome: str, first: float, last: float, *, attempt: int = 1, **more: object) -> Run:
    said = {"workflow": "ci", "branch": "main", "coverage": None, "queued_at": _at(first - 2)} | more
    return Run(
        repository="r", sha=sha, attempt=attempt, outcome=outcome, started_at=_at(first), finished_at=_at(last), **said
    )  # type: ignore[arg-type]


RUNS = [
    _run("a", "success", 0, 10, coverage=82.0), _run("b", "failure", 20, 30), _run("b", "success", 40, 60, attempt=2),
    _run("c", "failure", 100, 110, coverage=74.0), _run("d", "success", 160, 170, coverage=81.0),
    _run("e", "cancelled", 180, 181), _run("f", "failure", 0, 5, branch="topic"),
]  # fmt: skip


def test_pipeline_health_has_its_worked_answers() -> None:
    rate = pipeline.success_rate(RUNS)
    assert (rate.passed, rate.ended, rate.left_out) == (3, 5, 1)
    assert pipeline.flaky(RUNS) == [("r", "ci", "b")]
    spans = pipeline.durations(RUNS)
    assert pipeline.percentile(spans, 50) == timedelta(minutes=10)
    assert pipeline.percentile(spans, 95) == timedelta(minutes=20)
    assert pipeline.percentile(pipeline.queues(RUNS), 50) == timedelta(minutes=2)
    assert pipeline.percentile([], 50) is None
    # red from 30 to 60 and from 110 to 170
    assert pipeline.red(RUNS, since=_at(0), until=_at(500)) == timedelta(minutes=90)
    assert pipeline.red(RUNS, since=_at(50), until=_at(120)) == timedelta(minutes=20)
    gate = pipeline.coverage_gate(RUNS, threshold=80)
    assert (gate.newest, gate.below, gate.reports) == (81.0, 1, 3)


def _use(name: str, squad: str, first: float, last: float, where: str = "staging") -> Use:
    return Use(id=name, squad=squad, environment=where, started_at=_at(first), finished_at=_at(last))


def test_contention_counts_pairs_of_other_squads_and_the_time_waited() -> None:
    uses = [
        _use("1", "A", 0, 30), _use("2", "B", 20, 40), _use("3", "A", 25, 35), _use("4", "B", 50, 60),
        _use("5", "A", 50, 60, "other"),
    ]  # fmt: skip
    found = pipeline.contention(uses)
    assert found.clashes == (("1", "2"), ("2", "3"))
    assert found.waited == timedelta(minutes=20)  # 10 for the second, 10 for the third
    assert pipeline.contention([]).count == 0


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 50), st.integers(1, 20)), max_size=12))
def test_contention_does_not_depend_on_order_and_one_squad_never_waits(rows: list[tuple[str, int, int]]) -> None:
    uses = [_use(str(n), squad, first, first + long) for n, (squad, first, long) in enumerate(rows)]
    assert pipeline.contention(uses) == pipeline.contention(list(reversed(uses)))
    assert pipeline.contention([use for use in uses if use.squad == "A"]).waited == timedelta()


def _item(state: State) -> Item:
    return Item(title="Gate", state=state, why="74% of 80%.")


def test_the_verdict_and_its_reasons() -> None:
    hold, fail, take, unknown = (_item(one) for one in (State.HOLDS, State.FAILS, State.ACCEPTED, State.UNKNOWN))
    assert judge([]).verdict is Verdict.NO_GO
    assert judge([hold, hold]).reasons == ("All 2 items hold.",)
    assert judge([hold, take]).verdict is Verdict.ACCEPTED
    assert judge([hold, take, unknown]).verdict is Verdict.NO_GO
    assert judge([hold, take, fail]).reasons == ("Gate: 74% of 80%.",)


@given(st.lists(st.sampled_from(list(State)), min_size=1, max_size=8))
def test_it_goes_only_when_nothing_fails_or_is_unknown(states: list[State]) -> None:
    stops = State.FAILS in states or State.UNKNOWN in states
    assert (judge(map(_item, states)).verdict is Verdict.NO_GO) == stops


def test_a_threshold_is_compared_exactly() -> None:
    assert at_least(19, 20, 95) is State.HOLDS
    assert at_least(178, 200, 95) is State.FAILS
    assert at_least(0, 0, 0) is State.UNKNOWN


def test_a_checklist_is_worked_out_and_its_decision_kept(organisation: Organisation, director: Person) -> None:
    row = actions.add_checklist(
        team=organisation.squad_a, name="Go-live", kinds=("sandbox", "coverage"), by=director.user
    )
    sandbox, coverage = row.items.order_by("position")
    actions.say_of_item(item=sandbox, said="measured", passed=178, run=200, by=director.user)
    one = opened(row, [organisation.squad_a])
    assert [item.state for item in one.items] == [State.FAILS, State.UNKNOWN]
    assert "89%: 178 of 200 cases passed" in one.items[0].why
    with pytest.raises(actions.Refused, match="worked out from the records"):
        actions.say_of_item(item=coverage, said="holds", words_="trust me", by=director.user)
    for item in (sandbox, coverage):
        actions.say_of_item(item=item, said="accepted", words_="Known, watched.", by=director.user)
    judged = opened(row, [organisation.squad_a]).judged
    assert judged.verdict is Verdict.ACCEPTED
    with pytest.raises(actions.Refused, match="Not everything holds"):
        actions.decide_go(
            checklist=row, decided="go", computed=judged.verdict, reasons=judged.reasons, by=director.user
        )
    made = actions.decide_go(
        checklist=row, decided="accepted", computed=judged.verdict, reasons=judged.reasons, words_="Go.",
        by=director.user,
    )  # fmt: skip
    assert made.reasons == list(judged.reasons)


def _ran(service: Service, name: str, outcome: str, coverage: float | None, *, days: int = 3, **more: object) -> None:
    ended = NOW - timedelta(days=days)
    said = {"branch": "trunk", "on_main": True, "started_at": ended - timedelta(minutes=9), "finished_at": ended}
    PipelineRun.objects.create(
        source=service.source, service=service, team=service.team, provider_id=name, workflow="ci", sha=name,
        outcome=outcome, coverage=coverage, **(said | more),
    )  # fmt: skip


def _staged(service: Service, name: str, first: int, last: int) -> None:
    day = NOW - timedelta(days=2)
    Deployment.objects.create(
        source=service.source, service=service, team=service.team, provider_id=name, environment="Staging",
        production=False, sha=name, outcome="success", started_at=day + timedelta(minutes=first),
        finished_at=day + timedelta(minutes=last),
    )  # fmt: skip


def test_the_page_reads_runs_of_the_main_branch_and_who_met_in_staging(
    organisation: Organisation, director: Person, client: Client
) -> None:
    source = a_source(organisation.platform, "CI")
    a, b = a_service(source, organisation.squad_a, "a"), a_service(source, organisation.squad_b, "b")
    _ran(a, "1", "success", 78.0, days=5)
    _ran(a, "2", "failure", None, days=4)
    _ran(b, "3", "success", 84.5)
    _ran(b, "4", "cancelled", None)
    # none of these counts: a topic branch, a branch nobody knows, too old, taken back, not ended
    _ran(a, "topic", "failure", 10.0, on_main=False, branch="main")
    _ran(a, "unknown", "failure", 11.0, on_main=None)
    _ran(a, "old", "failure", 12.0, days=29)
    _ran(a, "gone", "failure", 13.0, superseded_at=NOW)
    _ran(a, "going", "", None, finished_at=None)
    for service, name, first, last in ((a, "x", 0, 30), (b, "y", 20, 50), (a, "z", 60, 70)):
        _staged(service, name, first, last)
    row = actions.add_checklist(
        team=organisation.platform,
        name="Go-live",
        kinds=("coverage", "pipeline"),
        environment="staging",
        by=director.user,
    )
    client.force_login(director.user)  # type: ignore[arg-type]
    page = " ".join(client.get(row.get_absolute_url()).content.decode().split())
    assert "84.5% at last; 1 of 2 merges below 80%." in page
    assert "2 of 3 runs passed, 90% are needed." in page
    assert "3 deployments of 2 squads in 4 weeks; 1 time two squads were in it together" in page
    assert ", 10 minutes waited in all." in page
    squad = actions.add_checklist(team=organisation.squad_b, name="B alone", kinds=("coverage",), by=director.user)
    (item,) = opened(squad, [organisation.squad_b]).items
    assert (item.state, item.why) == (State.HOLDS, "84.5% at last; 0 of 1 merge below 80%.")
