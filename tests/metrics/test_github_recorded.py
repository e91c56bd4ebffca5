"""Recorded words of GitHub: each payload comes to right rows, or is named as irrelevant with a reason."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from metrics import read
from metrics.events import DeploymentSeen, Observation, Outcome, Push, RunSeen
from metrics.providers.github import GitHubProvider
from metrics.providers.github.nested import Nested
from metrics.providers.github.words import observation
from tests.metrics.github_reading import tell

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT.parent / "shared" / "samples", ROOT.parents[1] / "shared" / "samples")
SAMPLES = next((place for place in PLACES if place.is_dir()), PLACES[0]) / "github"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded payloads are not beside the project"),
]
derive = GitHubProvider.derive
PLACE = {"id": 1, "full_name": "acme/api", "default_branch": "master"}

IRRELEVANT = {
    # files of recorded exchanges that hold none of our things, by a part of their name
    "user": "the account of a token",
    "orgs_": "an organisation",
    "comments": "remarks on lines of a pull request",
    "workflowyml": "the description of a workflow",
    "_events": "words of a review on its way",
    "errors": "a refusal",
    "create-status": "a status of a commit, which none of our measures needs",
    "compare": "read by its commits",
}


def rows(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def kind_of(row: Any) -> str:
    """What a row of GitHub's REST is, by the fields that only it has."""
    if not isinstance(row, dict):
        return ""
    for kind, fields in {
        "run": ("run_number", "workflow_id"), "job": ("run_id", "steps"), "pull": ("head", "base", "number"),
        "issue": ("number", "state", "comments"), "release": ("tag_name", "target_commitish"),
        "deployment": ("environment", "task"), "status": ("state", "deployment_url"),
        "review": ("submitted_at", "commit_id"), "commit": ("sha", "commit", "parents"),
        "repository": ("full_name", "default_branch"),
    }.items():  # fmt: skip
        if all(field in row for field in fields):
            return kind
    return ""


def understood(row: Any, kind: str) -> Any:
    """The fact that follows from a row of a list, with nothing beside it."""
    nested = Nested.__new__(Nested)
    nested.place, nested.name, nested.notes, nested.tell = PLACE, "acme/api", [], tell
    envelope = {"run": {"runs": [row]}, "job": {"jobs": [row]}, "pull": {"pull": row, "commits": [], "reviews": []}}
    which = "run" if kind == "job" else kind
    said = observation(which, "x", None, repository=PLACE, **envelope.get(kind, {kind: row}))
    return derive(which, [said], now=NOW)


# --- webhooks --------------------------------------------------------------------------------------------------------


def webhooks() -> list[Path]:
    return sorted((SAMPLES / "webhooks-octokit").glob("*/*.json")) if SAMPLES.is_dir() else []


@pytest.mark.parametrize("path", webhooks(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_webhook_comes_to_a_thing_or_is_irrelevant(path):
    event, body = path.parent.name, path.read_bytes()
    found = GitHubProvider.hear(Push(body=body, headers={"x-github-event": event}), now=NOW)
    said = json.loads(body)
    if not found:
        assert GitHubProvider.irrelevant(event) or (event == "push" and not said["ref"].startswith("refs/heads/"))
        return
    name = said["repository"]["full_name"]
    assert all(one.id.startswith(name) for one in found)
    for one in found:
        made = derive(one.kind, [one], now=NOW)
        assert made.events or made.why
        for fact in made.events:
            assert getattr(fact, "repository", getattr(fact, "service", "")) == name
            check(event, said, fact)


def check(event: str, said: Any, fact: Any) -> None:
    """Field by field against what the payload says."""
    match event:
        case "deployment" | "deployment_status":
            row = said["deployment"]
            assert (fact.provider_id, fact.sha, fact.environment) == (str(row["id"]), row["sha"], row["environment"])
            state = said.get("deployment_status", {}).get("state")
            assert fact.outcome is (Outcome.SUCCESS if state == "success" else Outcome.UNKNOWN)
        case "workflow_run":
            row = said["workflow_run"]
            assert (fact.provider_id, fact.attempt, fact.sha) == (str(row["id"]), row["run_attempt"], row["head_sha"])
            assert (fact.outcome is None) == (row["status"] != "completed")
            assert fact.workflow == (said["workflow"]["name"] if said.get("workflow") else row["name"])
        case "release":
            row = said["release"]
            assert (fact.provider_id, fact.ref) == (f"release:{row['id']}", row["tag_name"])
            assert fact.finished_at == read.when(row["published_at"])
        case "issues":
            row = said["issue"]
            assert (fact.provider_id, fact.title) == (str(row["id"]), row["title"])
            assert (fact.resolved_at is None) == (row.get("state") != "closed")
            assert set(fact.traits.get("label", ())) == {label["name"] for label in row.get("labels", ())}
        case _:
            raise AssertionError(f"a fact of {event} that nobody looked at")


# --- GraphQL ---------------------------------------------------------------------------------------------------------


def small(said: Any) -> Any:
    """As GraphQL writes it: the recording has names of another program's structures."""
    if isinstance(said, dict):
        return {name[:1].lower() + name[1:]: small(one) for name, one in said.items()}
    return [small(one) for one in said] if isinstance(said, list) else said


def history(row: Any) -> list[Any]:
    """Its statuses; older records have only the last one."""
    return list(row.get("statuses", {}).get("nodes", ()))


def test_superseded_deployments_of_graphql_had_succeeded():
    path = SAMPLES / "devlake-github_graphql" / "raw" / "_raw_github_graphql_deployment.json"
    recorded = json.loads(path.read_text())
    found: list[DeploymentSeen] = []
    for record in recorded:
        row = small(record["data"])
        said = observation(
            "deployment",
            "x",
            None,
            repository=PLACE,
            deployment=row,
            statuses=history(row) or None,
            whole=bool(history(row)) or None,
        )
        made = derive("deployment", [said], now=NOW)
        assert not made.open
        fact = made.events[0]
        assert isinstance(fact, DeploymentSeen)
        assert (fact.provider_id, fact.sha) == (str(row["databaseId"]), row["commitOid"])
        told = (*history(row), row["latestStatus"])
        ends = [read.when(one["updatedAt"]) for one in told if one["state"] == "SUCCESS"]
        assert fact.finished_at == min((at for at in ends if at), default=None)
        found.append(fact)
    states = Counter(record["data"]["State"] for record in recorded)
    print(f"{len(found)} deployments: {dict(states)}; {Counter(one.outcome.value for one in found)}")
    assert states["INACTIVE"] == 5
    assert Counter(one.outcome for one in found) == {Outcome.SUCCESS: 3, Outcome.UNKNOWN: 4}  # 4: their history is lost
    assert {one.ref for one in found} == {"gh-pages"}


# --- REST ------------------------------------------------------------------------------------------------------------


def bodies() -> list[Path]:
    if not SAMPLES.is_dir():
        return []
    found = [*(SAMPLES / "openapi-examples").glob("*.json"), *(SAMPLES / "http-hub4j").glob("*/__files/*.json")]
    found += (SAMPLES / "http-octokit-fixtures").glob("*.json")  # whole exchanges, one after the other
    return sorted(found)


def flat(said: Any) -> list[Any]:
    if isinstance(said, list) and said and isinstance(said[0], dict) and "response" in said[0]:
        return [row for exchange in said if exchange["method"] == "get" for row in rows(exchange["response"])]
    if isinstance(said, dict):
        for name in ("workflow_runs", "jobs", "commits"):
            if isinstance(said.get(name), list):
                return list(said[name])
    return rows(said)


def test_every_rest_body_comes_to_facts_or_is_irrelevant():
    kinds: Counter[str] = Counter()
    nameless: dict[str, str] = {}
    for path in bodies():
        for row in flat(json.loads(path.read_text())):
            kind = kind_of(row)
            if kind in ("", "repository", "status", "review"):
                nameless[path.name] = kind
                continue
            kinds[kind] += 1
            made = understood(row, kind)
            assert made.events or made.why, (path, kind)
            for fact in made.events:
                if isinstance(fact, RunSeen):
                    assert fact.sha == row["head_sha"]
                    assert fact.outcome is not None or row["status"] != "completed"
    print(dict(kinds))
    assert all(kinds[kind] for kind in ("run", "job", "pull", "issue", "release", "deployment", "commit"))
    wrong = [name for name, kind in nameless.items() if not kind and not any(part in name for part in KNOWN_OTHERS)]
    assert wrong == []


KNOWN_OTHERS = (
    *IRRELEVANT, "check-", "combined-commit-status", "commit-comment", "commit-comparison",
    "environments", "hook-delivery", "issue-event", "pending-deployment", "rate-limit", "status-items",
    "timeline-issue-events", "workflow-run-usage", "statuses", "deployment-status", "review", "fail", "Wait",
)  # fmt: skip


def test_recorded_exchanges_of_limits_and_pages_are_read_as_they_are_meant():
    """Limits with and without Retry-After, redirects and pages, replayed by a real server to the real door."""
    from metrics.events import RateLimited
    from metrics.http import Door
    from tests.fakes.server import FakeServer, Reply, Request

    limits = 0
    for name in ("RateLimitHandlerTest.testHandler_Wait", "AbuseLimitHandlerTest.testHandler_Wait"):
        for path in sorted((SAMPLES / "http-hub4j" / name / "mappings").glob("*.json")):
            said = json.loads(path.read_text())["response"]
            if said["status"] not in (403, 429):
                continue

            class Replay(FakeServer):
                told = said

                def reply(self, request: Request) -> Reply:
                    headers = {
                        key: str(value) for key, value in self.told["headers"].items()
                        if key.lower() in ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "link")
                    }  # fmt: skip
                    return Reply(body=self.told.get("body", "{}").encode(), status=self.told["status"], headers=headers)

            with Replay() as fake, pytest.raises(RateLimited) as raised:
                Door(address=fake.url, trusted_hosts=("127.0.0.1",)).get("repos/x/y", accept=(403, 404))
            assert raised.value.until > datetime.now(UTC)
            limits += 1
    assert limits >= 2


def test_statuses_that_were_recorded_end_their_deployment():
    folder = SAMPLES / "http-hub4j" / "AppTest.testGetDeploymentStatuses" / "__files"
    statuses = [row for path in sorted(folder.glob("*statuses*.json")) for row in rows(json.loads(path.read_text()))]
    row = json.loads(next(folder.glob("3-*.json")).read_text())
    said: list[Observation] = [
        observation("deployment", "x", None, repository=PLACE, deployment=row, statuses=[status], whole=True)
        for status in statuses
    ]
    made = derive("deployment", said, now=NOW)
    states = {status["state"] for status in statuses}
    print(f"{len(statuses)} statuses: {states}")
    assert made == derive("deployment", said[::-1], now=NOW)
    assert made.events[0].raw_outcome in states
