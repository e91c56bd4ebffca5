"""Every recorded payload of GitLab makes the right facts, or is named with the reason why it makes none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from metrics.events import (
    ChangeSeen,
    CommitSeen,
    DeploymentSeen,
    Derived,
    IncidentSeen,
    Observation,
    Outcome,
    Push,
    RunSeen,
)
from metrics.providers.gitlab import GitLabProvider, hooks
from metrics.providers.gitlab.listings import LISTINGS
from metrics.providers.gitlab.reading import observation
from metrics.providers.gitlab.told import Project
from tests.fakes.gitlab import TOKEN, FakeGitLab
from tests.fakes.holding import Holding
from tests.samples import samples

pytestmark = pytest.mark.recorded
NOW = datetime(2026, 11, 20, tzinfo=UTC)
PLACE = Project(id="3", path="acme/shop", branch="master", url="https://gitlab.example.org/acme/shop")


@pytest.fixture
def folder() -> Path:
    return samples("gitlab")


def hooked(said: Any) -> Derived:
    told = hooks.hear(Push(body=json.dumps(said).encode(), headers={}))
    assert len(told) == 1
    return GitLabProvider.derive(told[0].kind, told, now=NOW)


def told(kind: str, row: dict[str, Any], **more: Any) -> Derived:
    listing = next(one for one in LISTINGS.values() if one.kind == kind)
    one = observation(kind, PLACE, row.get(listing.number) or row["id"], {kind: row, **more}, None)
    return GitLabProvider.derive(kind, [one], now=NOW)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


# --- what each file comes to -----------------------------------------------------------------------------------------


def deployment(said: Any) -> None:
    (one,) = told("deployment", said).events
    assert isinstance(one, DeploymentSeen)
    assert (one.environment, one.production, one.outcome, one.ref) == ("production", True, Outcome.SUCCESS, "master")
    assert one.sha == "a91957a858320c0e17f3a0eca7cfacbff50ea29a"
    assert one.finished_at == at(2016, 8, 11, 11, 32, 35, 145000)
    assert one.traits is not None
    assert (one.traits["job"], one.traits["stage"], one.traits["branch"]) == ("deploy", "deploy", "master")


def deployment_event(said: Any) -> None:
    (one,) = hooked(said).events
    assert isinstance(one, DeploymentSeen)
    assert (one.provider_id, one.environment, one.production, one.outcome) == (
        "30:15",
        "staging",
        False,
        Outcome.SUCCESS,
    )
    assert one.repository == "root/test-deployment-webhooks"
    assert one.sha == "279484c09fbe69ededfced8c1bb6e6d24616b468"
    assert one.finished_at == at(2021, 4, 28, 19, 50)


def environment(said: Any) -> None:
    """An environment tells its last deployment, with its tier beside it."""
    (one,) = told(
        "deployment", {**said["last_deployment"], "environment": {"name": said["name"]}}, environment=said
    ).events
    assert isinstance(one, DeploymentSeen)
    assert (one.environment, one.production, one.outcome) == ("review/fix-foo", False, Outcome.SUCCESS)
    assert one.traits is not None
    assert one.traits["tier"] == "testing"


def pipeline(said: Any) -> None:
    (one,) = told("pipeline", said).events
    assert isinstance(one, RunSeen)
    assert (one.outcome, one.coverage, one.branch, one.on_main) == (Outcome.SUCCESS, 30.0, "main", False)
    assert one.started_at == at(2016, 8, 11, 11, 28, 34, 95000)
    assert one.finished_at == at(2016, 8, 11, 11, 32, 35, 145000)


def pipeline_event(said: Any) -> None:
    (one,) = hooked(said).events
    assert isinstance(one, RunSeen)
    assert (one.provider_id, one.outcome, one.event, one.on_main) == (
        "1:31",
        Outcome.SUCCESS,
        "merge_request_event",
        False,
    )
    assert one.finished_at == at(2016, 8, 12, 15, 26, 29)
    outcomes = {job.name: (job.outcome, job.raw_outcome) for job in one.jobs}
    assert outcomes == {
        "build-image": (Outcome.SUCCESS, "success"), "test-image": (Outcome.SUCCESS, "success"),
        "test-build": (Outcome.FAILURE, "failed"), "staging": (None, "created"),
        "production": (Outcome.CANCELLED, "skipped"),
    }  # fmt: skip
    assert one.jobs[0].queued_at is not None


def build_event(said: Any) -> None:
    made = hooked(said)
    assert made.open
    assert made.events == ()
    told_ = hooks.hear(Push(body=json.dumps(said).encode(), headers={}))
    body = {"project": PLACE.json(), "pipeline": {"id": 2366, "status": "running", "ref": "master"}}
    whole = Observation(kind="pipeline", id=told_[0].id, body=json.dumps(body).encode())
    (one,) = GitLabProvider.derive("pipeline", [*told_, whole], now=NOW).events
    assert isinstance(one, RunSeen)
    (job,) = one.jobs
    assert (job.name, job.stage, job.outcome, job.provider_id) == ("build1", "build", None, "3115610:214655258")
    assert job.started_at == at(2019, 5, 17, 18, 9, 21)


def job_event(said: Any) -> None:
    """An old version: the commit has the pipeline's number."""
    (one,) = hooks.hear(Push(body=json.dumps(said).encode(), headers={}))
    assert (one.kind, one.id) == ("pipeline", "380:2366")
    assert hooked(said).open


def job(said: Any) -> None:
    (one,) = told("pipeline", {"id": 6, "status": "failed", "ref": "master"}, jobs=[said]).events
    assert isinstance(one, RunSeen)
    assert (one.jobs[0].name, one.jobs[0].outcome) == ("teaspoon", Outcome.FAILURE)
    assert one.jobs[0].finished_at == at(2015, 12, 24, 17, 54, 27, 895000)


def merge_request(said: Any) -> None:
    commits = [{"id": "c" * 40, "authored_date": "2016-12-01T10:00:00Z", "title": "one"}]
    (one,) = told("merge_request", said, commits=commits, notes=[]).events
    assert isinstance(one, ChangeSeen)
    assert (one.sha, one.number, one.author) == ("37a1f246848c3dc2bb82964a183417e2e72fe1a7", "1", "Administrator")
    assert one.merged_at == at(2016, 12, 3, 17, 23, 34)
    assert one.first_commit_at == at(2016, 12, 1, 10)


def open_merge_request(said: Any) -> None:
    for row in said if isinstance(said, list) else [said]:
        assert told("merge_request", row).why.startswith("A merge request that is not merged")


def merge_request_event(said: Any) -> None:
    assert hooked(said).why == "A merge request that is not merged: it is opened."


def note_event(said: Any) -> None:
    (one,) = hooks.hear(Push(body=json.dumps(said).encode(), headers={}))
    assert (one.kind, one.id) == ("merge_request", "5:1")
    body = {
        "project": PLACE.json(),
        "merge_request": {"iid": 1, "state": "merged", "sha": "a" * 40, "author": {"id": 8}},
    }
    whole = Observation(kind="merge_request", id="5:1", body=json.dumps(body).encode(), updated_at=NOW)
    (change,) = GitLabProvider.derive("merge_request", [one, whole], now=NOW).events
    assert isinstance(change, ChangeSeen)
    assert change.first_review_at == at(2015, 5, 17, 18, 21, 36)


def issue(said: Any) -> None:
    (one,) = told("issue", said).events
    assert isinstance(one, IncidentSeen)
    assert (one.severity, one.resolved_at) == ("", at(2016, 1, 5, 15, 31, 46, 176000))
    assert one.traits is not None
    assert one.traits["type"] == "issue"


def issue_event(said: Any) -> None:
    (one,) = hooked(said).events
    assert isinstance(one, IncidentSeen)
    assert (one.provider_id, one.severity, one.resolved_at) == ("14:23", "high", None)
    assert one.traits is not None
    assert one.traits["label"] == ("API",)


def commit(said: Any) -> None:
    (one,) = told("commit", said).events
    assert isinstance(one, CommitSeen)
    assert one.parents == ("ae1d9fb46aa2b07ee9836d49862ec4e2c46fbbba",)
    assert one.authored_at in (at(2012, 9, 20, 6, 6, 12), None)


def push_event(said: Any) -> None:
    heard = hooks.hear(Push(body=json.dumps(said).encode(), headers={}))
    assert [one.id for one in heard] == [
        "15:b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327", "15:da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    ]  # fmt: skip
    assert all(GitLabProvider.derive("commit", [one], now=NOW).open for one in heard)


def releases(said: Any) -> None:
    found = [event for row in said for event in told("release", row).events]
    assert [one.ref for one in found if isinstance(one, DeploymentSeen)] == [row["tag_name"] for row in said]
    assert isinstance(found[0], DeploymentSeen)
    assert found[0].sha == "079e90101242458910cccd35eab0e211dfc359c0"


def nothing(said: Any) -> None:
    """A webhook that does not concern us."""
    assert hooks.hear(Push(body=json.dumps(said).encode(), headers={})) == ()


COMES_TO: dict[str, Callable[[Any], None]] = {
    "gitlab4j/build-event.json": build_event,
    "gitlab4j/commit.json": commit,
    "gitlab4j/deployment-event.json": deployment_event,
    "gitlab4j/deployment.json": deployment,
    "gitlab4j/environment.json": environment,
    "gitlab4j/issue-event.json": issue_event,
    "gitlab4j/issue.json": issue,
    "gitlab4j/job-event.json": job_event,
    "gitlab4j/job.json": job,
    "gitlab4j/merge-request-event.json": merge_request_event,
    "gitlab4j/merge-request.json": merge_request,
    "gitlab4j/note-merge-request-event.json": note_event,
    "gitlab4j/pipeline-event.json": pipeline_event,
    "gitlab4j/pipeline.json": pipeline,
    "gitlab4j/push-event.json": push_event,
    "gitlab4j/releases.json": releases,
    "gitlab4j/tag-push-event.json": nothing,
    "gitlab4j/workitem-event.json": nothing,
    "rest-go-gitlab/get_commit.json": commit,
    "rest-go-gitlab/get_merge_request.json": open_merge_request,
    "rest-go-gitlab/get_merge_requests.json": open_merge_request,
}
IRRELEVANT = {
    "gitlab4j/commit-payload.json": "what a client sends to make a commit; GitLab does not say it",
    "gitlab4j/commit-status.json": "the result of an outside check; its pipeline is read as such",
    "gitlab4j/event.json": "a person's activity, told better by the thing itself",
    "gitlab4j/events.json": "a person's activity, told better by the thing itself",
    "gitlab4j/group-hook.json": "how a webhook is set up",
    "gitlab4j/hook.json": "how a webhook is set up",
    "gitlab4j/label-events.json": "when labels came and went; an issue tells those it has",
    "gitlab4j/project-events.json": "a person's activity, told better by the thing itself",
    "rest-go-gitlab/get_pipeline_testreport.json": "single tests; a pipeline's jobs tell how it ended",
    "rest-go-gitlab/list_merge_request_diff.json": "the changed lines themselves",
}


def names(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_payload_is_forgotten(folder: Path) -> None:
    assert set(names(folder)) == set(COMES_TO) | set(IRRELEVANT)
    assert not set(COMES_TO) & set(IRRELEVANT)


@pytest.mark.parametrize("name", COMES_TO)
def test_a_payload_comes_to_the_right_facts(folder: Path, name: str) -> None:
    COMES_TO[name](json.loads((folder / name).read_bytes()))


@pytest.mark.parametrize("name", IRRELEVANT)
def test_an_irrelevant_payload_is_taken_and_says_nothing(folder: Path, name: str) -> None:
    said = json.loads((folder / name).read_bytes())
    for one in said if isinstance(said, list) else [said]:
        assert hooks.hear(Push(body=json.dumps(one).encode(), headers={})) == ()


def test_recorded_bodies_through_the_whole_reading(folder: Path) -> None:
    """The recorded rows as a server's answers: what comes out is the same as from each by itself."""

    def row(name: str) -> Any:
        return json.loads((folder / "gitlab4j" / name).read_bytes())

    with FakeGitLab(version="13.0.0") as fake:
        fake.tiers = False
        shop = fake.project("acme/shop", branch="master")
        shop.lists["deployments"]["42"] = row("deployment.json")
        shop.lists["pipelines"]["46"] = row("pipeline.json")
        shop.jobs["46"] = [row("job.json")]
        shop.lists["merge_requests"]["1"] = row("merge-request.json")
        shop.lists["issues"]["1"] = row("issue.json")
        shop.lists["releases"] = {one["tag_name"]: one for one in row("releases.json")}
        shop.commits = [row("commit.json")]
        holding = Holding(GitLabProvider, fake.url, TOKEN)
        for stream in GitLabProvider.streams:
            holding.read(stream, now=NOW, cursor={"since": "2010-01-01T00:00:00Z"})
    kinds = {kind: len(holding.facts(kind, now=NOW)) for kind in GitLabProvider.asks}
    assert kinds == {"deployment": 1, "pipeline": 1, "merge_request": 1, "issue": 1, "commit": 1,
                     "release": len(shop.lists["releases"])}  # fmt: skip
