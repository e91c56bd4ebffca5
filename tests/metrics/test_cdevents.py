"""CDEvents: each shape in which they come is read, each event counts once, and nothing is guessed that is not said."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import (
    Answer,
    ChangeSeen,
    DeploymentSeen,
    Forged,
    IncidentSeen,
    Outcome,
    Push,
    RunSeen,
    Unreadable,
)  # fmt: skip
from metrics.providers.cdevents import CDEventsProvider, parse
from metrics.rules import Rules

from .observing import Held, heard, same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-sink"  # noqa: S105
SHA = "1" * 40


def cdevent(name: str, subject: str, at: datetime = NOW, *, version: str = "0.3.0", **content: Any) -> dict[str, Any]:
    number = hashlib.sha256(f"{name}{subject}{at}{content}".encode()).hexdigest()[:12]
    kind = f"dev.cdevents.{name}.{version}"
    context = {"id": number, "source": "/ci", "type": kind, "timestamp": at.isoformat(), "version": "0.4.1"}
    return {"context": context, "subject": {"id": subject, "source": "/ci", "content": content}}


def structured(said: dict[str, Any], **around: Any) -> dict[str, Any]:
    context = said["context"]
    return {
        "specversion": "1.0", "id": context["id"], "source": context["source"], "type": context["type"],
        "time": context["timestamp"], "datacontenttype": "application/json", "data": said, **around,
    }  # fmt: skip


def push(body: Any, **headers: str) -> Push:
    return Push(
        body=json.dumps(body).encode(), headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def facts(*events: dict[str, Any]) -> list[Any]:
    return heard(CDEventsProvider, [push(structured(one)) for one in events], now=NOW).events(now=NOW)


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_an_event_is_the_same_however_it_is_wrapped() -> None:
    said = cdevent("service.deployed", "checkout", environment={"id": "production"}, artifactId=f"pkg:github/a/b@{SHA}")
    context = said["context"]
    around = {name: said["context"][name] for name in ("id", "source", "type")} | {"time": context["timestamp"]}
    binary = push(said, content_type="application/json", **{f"ce_{name}": text for name, text in around.items()})
    encoded = structured(said) | {"data_base64": base64.b64encode(json.dumps(said).encode()).decode()}
    del encoded["data"]
    shapes = [
        binary, push(structured(said), content_type="application/cloudevents+json"), push(said), push(encoded),
        push([structured(said)], content_type="application/cloudevents-batch+json"),
    ]  # fmt: skip
    found = Held(CDEventsProvider)
    for one in shapes:
        found.keep(CDEventsProvider.hear(one, now=NOW))
    (seen,) = found.events(now=NOW)
    assert isinstance(seen, DeploymentSeen)
    assert (seen.service, seen.environment, seen.sha, seen.finished_at) == ("checkout", "production", SHA, NOW)
    assert len({CDEventsProvider.key(one) for one in shapes[:4]}) == 1  # a batch is known by its body


def test_the_types_version_does_not_matter() -> None:
    for version in ("0.1.0", "0.2.0", "0.3.0", "0.6.0-draft", "1.0.0", "v9"):
        (seen,) = facts(cdevent("service.upgraded", "s", version=version, environment={"id": "prod"}))
        assert isinstance(seen, DeploymentSeen)


def test_a_batch_brings_all_of_its_events() -> None:
    batch = [structured(cdevent("service.deployed", f"s{number}", environment={"id": "prod"})) for number in range(40)]
    assert len(heard(CDEventsProvider, [push(batch)], now=NOW).events(now=NOW)) == 40
    with pytest.raises(Unreadable, match="1000"):
        CDEventsProvider.hear(push(batch * 30), now=NOW)


def test_what_is_no_cdevent_says_nothing_and_what_is_no_cloudevent_is_unreadable() -> None:
    other = {"specversion": "1.0", "id": "1", "source": "/x", "type": "com.example.other", "data": {"a": 1}}
    for body in (other, cdevent("artifact.signed", "a"), cdevent("quantum.entangled", "q"), []):
        assert CDEventsProvider.hear(push(body), now=NOW) == ()
    assert parse.why_not("com.example.other") == "no CDEvent: com.example.other"
    timeless = structured(cdevent("service.deployed", "s"))
    timeless["data"]["context"]["timestamp"] = timeless["time"] = "0001-01-01T00:00:00Z"
    for raw in (
        b"{",
        b"{}",
        b"3",
        b"<html>",
        b"[" * 100_000,
        b'{"data_base64": "!"}',
        b"[null]",
        json.dumps(timeless).encode(),
    ):
        with pytest.raises(Unreadable):
            CDEventsProvider.hear(Push(body=raw, headers={}), now=NOW)


# --- what follows ----------------------------------------------------------------------------------------------------


def test_a_rollback_is_a_deployment_that_answers_the_one_before() -> None:
    deployed, back = facts(
        cdevent("service.deployed", "checkout", NOW - timedelta(hours=1), environment={"id": "prod-eu"}),
        cdevent("service.rolledback", "checkout", environment={"id": "prod-eu"}),
    )
    deployed, back = sorted((deployed, back), key=lambda one: one.finished_at)
    assert (deployed.answer, back.answer) == (None, Answer.ROLLBACK)
    rules = Rules.of({}, CDEventsProvider.guide.default_rules)
    assert [one.production for one in rules.apply([deployed, back])] == [True, True]  # type: ignore[union-attr]
    (test,) = rules.apply(facts(cdevent("service.deployed", "checkout", environment={"id": "test"})))
    assert isinstance(test, DeploymentSeen)
    assert not test.production


@pytest.mark.parametrize(
    ("artifact", "sha"),
    [
        (f"pkg:github/acme/shop@{SHA}", SHA),
        (f"pkg:oci/shop@sha256%3A{'a' * 64}?repository_url=ghcr.io/acme", ""),
        (f"pkg:oci/shop@1.2?vcs_url=git%2Bhttps://github.com/acme/shop@{SHA}", SHA),
        (f"pkg:generic/shop@1.2?commit={SHA}#sub", SHA),
        ("pkg:golang/mygit.com/acme/shop@234fd47e07d1004f0aed9c", ""),
        ("", ""),
    ],
)
def test_a_commit_is_known_only_where_the_package_url_names_one(artifact: str, sha: str) -> None:
    (seen,) = facts(cdevent("service.deployed", "shop", environment={"id": "prod"}, artifactId=artifact))
    assert seen.sha == sha


def test_an_incident_lasts_from_its_first_to_its_last_event_and_may_begin_again() -> None:
    steps = [
        cdevent("incident.detected", "i1", NOW - timedelta(hours=5), service={"id": "shop"}, description="Slow"),
        cdevent("incident.reported", "i1", NOW - timedelta(hours=4), ticketURI="https://t.example.org/1"),
        cdevent("incident.resolved", "i1", NOW - timedelta(hours=3), description="Fast"),
        cdevent("incident.detected", "i1", NOW - timedelta(hours=2)),
        cdevent("incident.resolved", "i1", NOW - timedelta(hours=1)),
    ]
    ends = [None, None, NOW - timedelta(hours=3), None, NOW - timedelta(hours=1)]
    for count, end in enumerate(ends, 1):
        (seen,) = facts(*steps[:count])
        assert isinstance(seen, IncidentSeen)
        assert (seen.started_at, seen.resolved_at, seen.service) == (NOW - timedelta(hours=5), end, "shop")
    assert facts(steps[2]) == []


def test_only_tickets_of_incidents_count() -> None:
    ticket = {
        "summary": "Down",
        "creator": "a",
        "uri": "https://t.example.org/9",
        "priority": "high",
        "labels": ["shop"],
    }
    opened = cdevent("ticket.created", "t1", NOW - timedelta(hours=1), ticketType="incident", **ticket)
    closed = cdevent("ticket.closed", "t1", NOW, ticketType="incident", **ticket)
    (seen,) = facts(opened, closed)
    assert isinstance(seen, IncidentSeen)
    assert (seen.resolved_at, seen.url, seen.severity) == (NOW, "https://t.example.org/9", "high")
    assert facts(cdevent("ticket.created", "t2", ticketType="bug", **ticket)) == []


def test_a_pipeline_run_gathers_its_events_and_its_tasks() -> None:
    run = {"id": "r1", "source": "/ci"}
    steps = [
        cdevent("pipelinerun.queued", "r1", NOW - timedelta(minutes=9), pipelineName="build"),
        cdevent("pipelinerun.started", "r1", NOW - timedelta(minutes=8), pipelineName="build"),
        cdevent("taskrun.started", "t1", NOW - timedelta(minutes=7), taskName="test", pipelineRun=run),
        cdevent(
            "taskrun.finished", "t1", NOW - timedelta(minutes=6), taskName="test", pipelineRun=run, outcome="error"
        ),
        cdevent("pipelinerun.finished", "r1", NOW, pipelineName="build", outcome="failure"),
    ]
    (seen,) = facts(*steps)
    assert isinstance(seen, RunSeen)
    assert (seen.workflow, seen.outcome, seen.raw_outcome) == ("build", Outcome.FAILURE, "failure")
    assert (seen.queued_at, seen.finished_at) == (NOW - timedelta(minutes=9), NOW)
    assert [(job.name, job.outcome) for job in seen.jobs] == [("test", Outcome.FAILURE)]
    (running,) = facts(*steps[:3])
    assert running.outcome is None
    (odd,) = facts(cdevent("pipelinerun.finished", "r2", outcome="exploded"))
    assert (odd.outcome, odd.raw_outcome) == (Outcome.UNKNOWN, "exploded")
    assert facts(steps[2]) == []


def test_a_merged_change_says_that_its_beginning_is_not_known() -> None:
    (seen,) = facts(
        cdevent("change.created", "42", NOW - timedelta(hours=3), description="Faster", repository={"id": "acme/shop"}),
        cdevent("change.reviewed", "42", NOW - timedelta(hours=2)),
        cdevent("change.merged", "42", NOW - timedelta(hours=1), repository={"id": "acme/shop"}),
    )
    assert isinstance(seen, ChangeSeen)
    assert (seen.number, seen.title, seen.repository) == ("42", "Faster", "acme/shop")
    assert (seen.opened_at, seen.first_commit_at) == (NOW - timedelta(hours=3), None)
    assert seen.time_note
    (by_sha,) = facts(cdevent("change.merged", SHA))
    assert (by_sha.sha, by_sha.number) == (SHA, "")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["detected", "reported", "resolved"]), min_size=1, max_size=6), st.integers(0, 99))
def test_the_same_follows_in_any_order(steps: list[str], seed: int) -> None:
    told = [
        one
        for number, step in enumerate(steps)
        for one in CDEventsProvider.hear(
            push(cdevent(f"incident.{step}", "i", NOW + timedelta(minutes=number))), now=NOW
        )
    ]
    made = same_in_any_order(CDEventsProvider, told, now=NOW, seed=seed)
    assert made.open == (steps[-1] != "resolved" and bool(made.events))


# --- the door --------------------------------------------------------------------------------------------------------


def signature(body: bytes, at: datetime, secret: str) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    mac = hmac.new(key, f"msg_1.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": "msg_1", "webhook-timestamp": stamp,
        "webhook-signature": f"v1a,xx v1,{base64.b64encode(mac).decode()}",
    }  # fmt: skip


def test_a_token_or_a_standard_signature_of_any_secret_is_enough_and_nothing_else_is() -> None:
    coded = "whsec_" + base64.b64encode(b"thirty-two-bytes-of-a-secret-key").decode()
    CDEventsProvider.verify(Push(body=b"{}", headers={"authorization": f"Bearer {SECRET}"}), ["old", SECRET], now=NOW)
    for secret in (SECRET, coded):
        good = Push(body=b"{}", headers=signature(b"{}", NOW, secret))
        CDEventsProvider.verify(good, ["old", secret], now=NOW + timedelta(seconds=299))
        for late in (timedelta(seconds=301), timedelta(seconds=-301)):
            with pytest.raises(Forged, match="clock"):
                CDEventsProvider.verify(good, [secret], now=NOW + late)
        with pytest.raises(Forged):
            CDEventsProvider.verify(Push(body=b"{ }", headers=good.headers), [secret], now=NOW)
    for headers in ({}, {"webhook-signature": ""}, {"webhook-signature": "v1,xx"}, {"authorization": "Bearer nothing"}):
        with pytest.raises(Forged):
            CDEventsProvider.verify(Push(body=b"{}", headers=headers), [SECRET], now=NOW)
