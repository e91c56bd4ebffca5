"""Every recorded payload of Jenkins makes the right facts, or is named with the reason why it makes none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics.events import Connection, Observation, Outcome, RunSeen
from metrics.providers.jenkins import JenkinsProvider, coverage
from metrics.providers.jenkins.client import Client, Job
from tests.fakes.holding import Holding
from tests.fakes.server import FakeServer, Reply, Request
from tests.samples import samples

pytestmark = pytest.mark.recorded
NOW = datetime(2026, 11, 20, tzinfo=UTC)
IRRELEVANT = {
    "jenkins.crumb.json": "needed to write, and we only read",
    "queue.blockeditem.json": "a build that has no number yet; it tells how long it waited once it has begun",
    "queue.buildableitem.json": "a step of a build that waits for a node",
    "queue.leftitem.json": "a build that has begun: it is read as a build",
    "queue.queue.json": "builds that have no number yet",
    "queue.waitingitem.json": "a build that has no number yet",
    "report.coverage_report_trend.json": "coverage of earlier builds, each of which tells its own",
    "report.coverage_trends.json": "coverage of earlier builds, each of which tells its own",
    "report.test_report.json": "single tests; a build's result tells whether they failed",
}


@pytest.fixture
def folder() -> Path:
    return samples("jenkins") / "api4jenkins"


def row(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def run_of(key: str, build: dict[str, Any]) -> RunSeen:
    body = json.dumps({"job": {"many": False, "main": None}, "build": build}).encode()
    (one,) = JenkinsProvider.derive("build", [Observation(kind="build", id=key, body=body)], now=NOW).events
    assert isinstance(one, RunSeen)
    return one


def test_no_payload_is_forgotten(folder: Path) -> None:
    used = {
        "job.folder.json",
        "job.mbranch.json",
        "job.pipeline.json",
        "jenkins.jenkins.json",
        "run.freestylebuild.json",
        "run.workflowrun.json",
        "report.coverage_report.json",
        "report.coverage_result.json",
    }
    assert {path.name for path in folder.iterdir()} == used | set(IRRELEVANT)


@pytest.mark.parametrize("name", [name for name in IRRELEVANT if name.startswith(("jenkins", "queue"))])
def test_what_is_no_build_is_said_to_be_none(folder: Path, name: str) -> None:
    body = json.dumps({"build": row(folder, name)}).encode()
    made = JenkinsProvider.derive("build", [Observation(kind="build", id="x#1", body=body)], now=NOW)
    # one that waits in its quiet period has a time, and no end
    assert all(isinstance(one, RunSeen) and one.raw_outcome == "" for one in made.events)


def test_a_free_job_s_build(folder: Path) -> None:
    run = run_of("freestylejob#14", row(folder, "run.freestylebuild.json"))
    assert run.started_at == datetime(2021, 4, 23, 8, 45, 15, 987000, tzinfo=UTC)
    assert (run.workflow, run.outcome, run.event) == ("freestylejob", Outcome.SUCCESS, "manual")
    assert run.finished_at == run.started_at + timedelta(milliseconds=599334)
    assert (run.sha, run.repository, run.on_main, run.coverage) == ("", "", None, None)


def test_a_pipeline_s_build_that_was_replayed(folder: Path) -> None:
    run = run_of("folder/job/pipeline#52", row(folder, "run.workflowrun.json"))
    assert (run.outcome, run.raw_outcome, run.event) == (Outcome.FAILURE, "FAILURE", "manual")
    assert run.started_at is not None
    assert run.finished_at == run.started_at + timedelta(milliseconds=324447)
    assert run.provider_id == "668.52@1559281453240"


def test_coverage_of_both_plugins(folder: Path) -> None:
    assert coverage.percent(row(folder, "report.coverage_report.json")) == 55.89
    assert coverage.percent(row(folder, "report.coverage_result.json")) == 83.83


class Recorded(FakeServer):
    """Answers with the recorded bodies, whatever `tree` asks for."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        super().__init__()
        self.bodies = bodies

    def reply(self, request: Request) -> Reply:
        body = self.bodies.get(request.path.strip("/"))
        return Reply(body=body if body is not None else b"", status=200 if body is not None else 404)


def test_folders_and_branches_are_walked(folder: Path) -> None:
    bodies = {
        "api/json": row(folder, "jenkins.jenkins.json"),
        "job/folder/api/json": row(folder, "job.folder.json"),
        "job/folder/job/folder2/api/json": {"_class": "com.cloudbees.hudson.plugins.folder.Folder", "jobs": []},
        "job/Level1_multibranchjob/api/json": row(folder, "job.mbranch.json"),
    }
    with Recorded(bodies) as server:
        client = Client(Connection(source=1, address=server.url, settings={}, trusted_hosts=("127.0.0.1",)))
        names = [job.name for job in client.jobs() or ()]
        assert names == ["folder/freestylejob", "folder/pipeline", "folder/maxtrixjob"]
        below = [job.name for job in client.jobs("folder") or ()]
        assert below == ["folder/Level2_FreeStyleProject", "folder/pipeline", "folder/Level2_MatrixProject"]
        branches = client.jobs("Level1_multibranchjob") or []
        assert branches == [
            Job(name="Level1_multibranchjob/feature%2Fgithub-commands", many=True),
            Job(name="Level1_multibranchjob/master", many=True),
        ]
        assert {job.group for job in branches} == {"Level1_multibranchjob"}
        assert branches[0].path == "job/Level1_multibranchjob/job/feature%252Fgithub-commands"
        client.close()


def test_a_recorded_job_is_read_from_its_newest_build_to_its_oldest(folder: Path) -> None:
    """As an old version answers: it lists `builds` only, without their times."""
    name = "Level1_WorkflowJob"
    with Recorded({f"job/{name}/api/json": row(folder, "job.pipeline.json")}) as server:
        holding = Holding(JenkinsProvider, server.url, jobs=[name])
        holding.read("builds", now=NOW, cursor={"since": "2010-01-01T00:00:00Z"})
    assert {key for _, key in holding.observations} == {f"{name}#{number}" for number in range(45, 53)}
    assert len(holding.open("build", now=NOW)) == 8, "without a time each is asked for by its number"
