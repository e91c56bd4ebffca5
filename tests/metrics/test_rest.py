"""The plain door: what is sent becomes facts once, what is wrong is named, and only the source's token opens it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import inbox, rollups
from metrics.actions.hooks import add_hook_secret, retire_hook_secret
from metrics.events import DeploymentSeen, IncidentSeen, Observation, Outcome, Push, Unreadable
from metrics.models import Change, Deployment, Inbox, Incident, PipelineRun, Source
from metrics.providers.rest import RestProvider
from metrics.providers.rest.parse import observed
from teams.models import Team, User

from .observing import same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHA = "a" * 40
DEPLOYMENT = {
    "id": "d1", "service": "shop", "environment": "production", "sha": SHA, "outcome": "success",
    "started_at": "2026-11-20T10:00:00Z", "finished_at": "2026-11-20T10:04:00Z",
}  # fmt: skip


class Sender:
    """A script with a token of a source."""

    def __init__(self, source: Source, token: str) -> None:
        self.source, self.token, self.client = source, token, Client()

    def send(self, path: str, body: Any, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}", **headers}
        return self.client.post(f"/api/{path}", raw, content_type="application/json", headers=given)


@pytest.fixture
def sender(squad: Team) -> Sender:
    cache.clear()
    source = Source.objects.create(team=squad, provider="rest", name="pipeline")
    return Sender(source, add_hook_secret(source=source, by=None)[1])


# --- what is sent becomes facts --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_is_kept_at_once_and_read_soon(sender: Sender) -> None:
    job = {"name": "test", "outcome": "failure", "started_at": 1763632800, "finished_at": 1763632860}
    run = {"id": 7, "workflow": "build", "branch": "main", "on_main": True, "outcome": "failure", "jobs": [job]}
    change = {
        "sha": SHA,
        "title": "Faster",
        "first_commit_at": "2026-11-18T09:00:00+01:00",
        "merged_at": "2026-11-19T09:00:00Z",
    }
    incident = {"id": "i1", "service": "shop", "title": "Slow", "started_at": "2026-11-20T10:10:00Z", "caused_by": "d1"}
    answers = [
        sender.send("changes/", change), sender.send("deployments/", [DEPLOYMENT, {**DEPLOYMENT, "id": "d2"}]),
        sender.send("runs/", run), sender.send("incidents/", incident),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [202] * 4
    assert answers[1].json() == {"ids": ["d1", "d2"], "again": False}
    assert Deployment.objects.count() == 0
    inbox.sweep()
    assert not Inbox.objects.exclude(error="").exists()
    assert set(Deployment.objects.values_list("provider_id", "production", "outcome")) == {
        ("d1", True, "success"), ("d2", True, "success"),
    }  # fmt: skip
    held = Change.objects.get()
    assert (held.sha, held.first_commit_at) == (SHA, datetime(2026, 11, 18, 8, tzinfo=UTC))
    found = PipelineRun.objects.get()
    assert (found.workflow, found.outcome, found.jobs.count()) == ("build", "failure", 1)
    rollups.rebuild(now=timezone.now())
    broken = Incident.objects.get()
    assert (broken.caused_by, broken.resolved_at, broken.link.deployment.provider_id) == ("d1", None, "d1")

    # the end comes later, by the same id
    sender.send(
        "incidents/",
        {"id": "i1", "title": "Slow", "started_at": incident["started_at"], "resolved_at": "2026-11-20T11:00:00Z"},
    )
    inbox.sweep()
    broken = Incident.objects.get()
    assert (broken.resolved_at, broken.caused_by) == (datetime(2026, 11, 20, 11, tzinfo=UTC), "d1")


@pytest.mark.django_db(transaction=True)
def test_the_same_sent_a_hundred_times_is_one_row(sender: Sender) -> None:
    again = [sender.send("deployments/", DEPLOYMENT).json()["again"] for _ in range(100)]
    assert again == [False] + [True] * 99
    keyed = [sender.send("deployments/", {**DEPLOYMENT, "ref": str(n)}, **{"Idempotency-Key": "k"}) for n in range(3)]
    assert [answer.json()["again"] for answer in keyed] == [False, True, True]
    assert Inbox.objects.count() == 2
    inbox.sweep()
    assert Deployment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_devlakes_scripts_need_another_address_and_token_only(sender: Sender) -> None:
    place = f"rest/plugins/webhook/connections/{sender.source.pk}"
    commit = {
        "repoUrl": "https://github.com/acme/shop.git", "refName": "refs/tags/1.0", "commitSha": SHA,
        "startedDate": "2026-11-20T10:00:00+00:00", "finishedDate": "2026-11-20T10:05:00+00:00",
    }  # fmt: skip
    deployment = {
        "id": "dl-1", "createdDate": "2026-11-20T09:59:00+00:00", "startedDate": "2026-11-20T10:00:00+00:00",
        "finishedDate": "2026-11-20T10:05:00+00:00", "environment": "PRODUCTION", "result": "FAILURE",
        "deploymentCommits": [commit],
    }  # fmt: skip
    old = {
        "pipeline_id": "dl-2", "commit_sha": SHA, "repo_url": "https://github.com/acme/shop", "result": "SUCCESS",
        "start_time": "2026-11-20T11:00:00+00:00", "end_time": "2026-11-20T11:05:00+00:00",
    }  # fmt: skip
    issue = {
        "issueKey": "DLK-1", "title": "Down", "type": "INCIDENT", "status": "TODO", "originalStatus": "created",
        "createdDate": "2026-11-20T10:10:00+00:00", "resolutionDate": None, "updatedDate": None, "priority": "high",
    }  # fmt: skip
    bug = {**issue, "issueKey": "DLK-2", "type": "BUG"}
    for path, body in (
        (f"{place}/deployments", deployment), (f"plugins/webhook/{sender.source.pk}/deployments", old),
        (f"{place}/issues", issue), (f"{place}/issues", bug), (f"{place}/issue/DLK-1/close", b""),
        (f"rest/plugins/webhook/{sender.source.pk}/issue/DLK-1/close", b""),
    ):  # fmt: skip
        assert sender.send(path, body).status_code == 202, path
    inbox.sweep()
    assert not Inbox.objects.exclude(error="").exists()
    found = Deployment.objects.order_by("provider_id").values_list(
        "provider_id", "outcome", "production", "repository", "sha"
    )
    assert list(found) == [("dl-1", "failure", True, "acme/shop", SHA), ("dl-2", "success", True, "acme/shop", SHA)]
    closed = Incident.objects.get()
    assert (closed.provider_id, closed.severity) == ("DLK-1", "high")
    assert closed.resolved_at is not None


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_wrong_is_named_field_by_field_and_nothing_is_taken(sender: Sender) -> None:
    wrong = {**DEPLOYMENT, "id": None, "outcome": "great", "started_at": "yesterday"}
    backwards = {**DEPLOYMENT, "finished_at": "2026-11-20T09:00:00Z"}
    answer = sender.send("deployments/", [DEPLOYMENT, wrong, backwards])
    assert answer.status_code == 400
    said = answer.json()
    assert said["detail"] == "2 things are not right, so nothing was taken."
    assert [one["index"] for one in said["errors"]] == [1, 2]
    assert set(said["errors"][0]["fields"]) == {"id", "outcome", "started_at"}
    assert said["errors"][0]["fields"]["started_at"] == ["Write a time with its zone, like 2026-01-31T14:05:00Z."]
    assert said["errors"][1]["fields"]["finished_at"] == ["This is before the start. Check both times and their zones."]
    one = "One thing is not right, so nothing was taken."
    many = "A list holds at most 500 things; this one holds 501. Send it in parts."
    cases = {
        b"{": "This is not JSON.", b"[]": "The list is empty.", b"[" * 100_000: "This is nested too deep to be read.",
        json.dumps([DEPLOYMENT] * 501).encode(): many, b"3": one, b"[null]": one, b"<html>": "This is not JSON.",
        b"": "This is not JSON.",
    }  # fmt: skip
    for raw, sentence in cases.items():
        answer = sender.send("deployments/", raw)
        assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
    assert sender.send("deployments/", b" " * 1_000_001).status_code == 413
    for path, body in (("changes/", {}), ("runs/", {}), ("incidents/", {"id": "i"}),
                       (f"rest/plugins/webhook/connections/{sender.source.pk}/deployments", {"id": "x"}),
                       (f"rest/plugins/webhook/connections/{sender.source.pk}/issues", {"issueKey": "x"})):  # fmt: skip
        assert sender.send(path, body).status_code == 400, path
    assert not Inbox.objects.exists()


@pytest.mark.django_db
def test_only_a_token_that_holds_opens_the_door_and_each_opens_its_own_source(sender: Sender, squad: Team) -> None:
    other = Source.objects.create(team=squad, provider="rest", name="other")
    theirs = Sender(other, add_hook_secret(source=other, by=None)[1])
    hooked = Source.objects.create(team=squad, provider="alertmanager", name="alerts")
    elsewhere = Sender(hooked, add_hook_secret(source=hooked, by=None)[1])
    second, words = add_hook_secret(source=sender.source, by=None)
    assert sender.send("deployments/", DEPLOYMENT).status_code == 202
    assert Sender(sender.source, words).send("deployments/", {**DEPLOYMENT, "id": "d9"}).status_code == 202
    assert theirs.send("deployments/", DEPLOYMENT).status_code == 202
    assert [row.source for row in Inbox.objects.order_by("pk")] == [sender.source, sender.source, other]

    person = User.objects.create_user("someone@example.org", "a-long-password-of-theirs")
    retire_hook_secret(secret=second, by=person)
    place = f"rest/plugins/webhook/connections/{sender.source.pk}"
    for who, path in (
        (Sender(sender.source, words), "deployments/"), (elsewhere, "deployments/"), (theirs, f"{place}/issues"),
        (Sender(sender.source, ""), "incidents/"), (Sender(sender.source, "é"), "runs/"),
        (theirs, f"{place}/issue/A-1/close"),
    ):  # fmt: skip
        answer = who.send(path, DEPLOYMENT)
        assert answer.status_code == 401, path
        assert "token" in answer.json()["detail"]
    assert Inbox.objects.count() == 3
    assert sender.client.get("/api/deployments/").status_code == 405
    for _ in range(60):
        Sender(sender.source, "wrong").send("deployments/", DEPLOYMENT)
    assert sender.send("deployments/", DEPLOYMENT).status_code == 429
    cache.clear()


@pytest.mark.django_db
def test_the_schema_names_every_door(client: Client) -> None:
    answer = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    said = json.loads(answer.content)
    assert {"/api/deployments/", "/api/changes/", "/api/runs/", "/api/incidents/"} <= set(said["paths"])
    assert "finished_at" in json.dumps(said["components"]["schemas"]["DeploymentBody"])


# --- working out -----------------------------------------------------------------------------------------------------


def test_a_deployment_that_was_begun_ends_with_what_was_sent_last() -> None:
    begun = {name: DEPLOYMENT[name] for name in ("id", "service", "sha", "started_at")} | {"outcome": "running"}
    ended = {"id": "d1", "finished_at": "2026-11-20T10:04:00Z"}
    started = RestProvider.derive("deployment", [observed("deployments", begun, NOW)], now=NOW)
    assert started.open
    told = [observed("deployments", one, NOW + timedelta(minutes=n)) for n, one in enumerate((begun, ended))]
    made = same_in_any_order(RestProvider, told, now=NOW)
    (seen,) = made.events
    assert isinstance(seen, DeploymentSeen)
    assert (seen.outcome, seen.sha, seen.service, made.open) == (Outcome.SUCCESS, SHA, "shop", False)
    words = {"failure": Outcome.FAILURE, "exploded": Outcome.UNKNOWN, "cancelled": Outcome.CANCELLED}
    for word, outcome in words.items():
        told = [observed("deployments", {**DEPLOYMENT, "outcome": word}, NOW)]
        (seen,) = RestProvider.derive("deployment", told, now=NOW).events
        assert isinstance(seen, DeploymentSeen)
        assert (seen.outcome, seen.raw_outcome) == (outcome, word)


def test_an_incident_that_is_sent_as_open_again_is_open() -> None:
    first = {"id": "i", "title": "t", "started_at": "2026-11-20T10:00:00Z", "resolved_at": "2026-11-20T10:30:00Z"}
    again = {**first, "resolved_at": None, "updated_at": "2026-11-20T11:00:00Z"}
    made = same_in_any_order(RestProvider, [observed("incidents", one, NOW) for one in (first, again)], now=NOW)
    assert made.open


def test_a_delivery_without_its_kind_or_ids_is_unreadable() -> None:
    for kind, raw in (("", b"{}"), ("poems", b"{}"), ("deployments", b"{}"), ("deployments", b"[3]"), ("runs", b"{")):
        with pytest.raises(Unreadable):
            RestProvider.hear(Push(body=raw, headers={"x-plumbline-kind": kind}), now=NOW)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["open", "done", "close", "edit"]), st.integers(0, 9)), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_the_same_follows_in_any_order(steps: list[tuple[str, int]], seed: int) -> None:
    told: list[Observation] = []
    for step, minute in steps:
        at = NOW + timedelta(minutes=minute)
        issue = {"issueKey": "K", "title": step, "type": "INCIDENT", "status": "TODO", "createdDate": NOW.isoformat()}
        if step == "done":
            issue |= {"status": "DONE", "resolutionDate": at.isoformat()}
        if step == "edit":
            issue |= {"updatedDate": at.isoformat()}
        form = "devlake-close" if step == "close" else "devlake-issues"
        told.append(observed(form, {"issueKey": "K"} if step == "close" else issue, at))
    made = same_in_any_order(RestProvider, told, now=NOW, seed=seed)
    if all(step == "close" for step, _ in steps):
        assert made.why == "an incident of which only its end was sent"
    else:
        assert isinstance(made.events[0], IncidentSeen)
