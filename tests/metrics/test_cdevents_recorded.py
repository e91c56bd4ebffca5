"""The conformance examples of CDEvents: each becomes a right row, or is named as irrelevant with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from metrics.events import ChangeSeen, DeploymentSeen, IncidentSeen, Push, RunSeen
from metrics.providers.cdevents import CDEventsProvider, parse
from metrics.providers.cdevents.envelope import opened

from .observing import heard, samples

FOLDER = samples("cdevents")
pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(FOLDER is None, reason="no recorded payloads beside the project"),
]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROWS: Mapping[str, type] = {
    "service_deployed": DeploymentSeen, "service_upgraded": DeploymentSeen, "service_rolledback": DeploymentSeen,
    "incident_detected": IncidentSeen, "incident_reported": IncidentSeen, "change_merged": ChangeSeen,
    "pipelinerun_queued": RunSeen, "pipelinerun_started": RunSeen, "pipelinerun_finished": RunSeen,
}  # fmt: skip
NOT_ALONE = {  # kept, and a row once the event that it belongs to is told
    "incident_resolved": "an incident of which only what came later is known",
    "change_created": "a change that is not merged",
    "change_reviewed": "a change that is not merged",
    "taskrun_started": "tasks of a pipeline run that was not told itself",
    "taskrun_finished": "tasks of a pipeline run that was not told itself",
}


def test_every_conformance_example_becomes_its_row_or_is_irrelevant_for_a_reason() -> None:
    assert FOLDER is not None
    paths = sorted((FOLDER / "v0.6.0-draft" / "conformance").glob("*.json"))
    assert len(paths) == 37
    irrelevant = {}
    for path in paths:
        push = Push(body=path.read_bytes(), headers={})
        (happened,) = opened(push)
        held = heard(CDEventsProvider, [push, push], now=NOW)
        made = list(held.derived(now=NOW).values())
        if path.stem in ROWS:
            ((event,),) = [one.events for one in made]
            assert isinstance(event, ROWS[path.stem]), path.stem
        elif path.stem in NOT_ALONE:
            assert [one.why for one in made] == [NOT_ALONE[path.stem]], path.stem
        else:
            assert made == [], path.stem
            irrelevant[path.stem] = parse.why_not(happened)
    assert len(irrelevant) == 23
    assert all(reason and "says nothing of ours" not in reason for reason in irrelevant.values()), irrelevant


def test_all_examples_together_make_one_incident_one_run_one_change_and_three_deployments() -> None:
    assert FOLDER is not None
    paths = sorted((FOLDER / "v0.6.0-draft" / "conformance").glob("*.json"))
    batch = [json.loads(path.read_text()) for path in paths]
    events = heard(CDEventsProvider, [Push(body=json.dumps(batch).encode(), headers={})], now=NOW).events(now=NOW)
    counts = {kind: sum(isinstance(one, kind) for one in events) for kind in (DeploymentSeen, IncidentSeen, RunSeen)}
    assert counts == {DeploymentSeen: 3, IncidentSeen: 1, RunSeen: 1}
    (incident,) = [one for one in events if isinstance(one, IncidentSeen)]
    assert incident.resolved_at == incident.started_at == datetime(2022, 11, 11, 13, 52, 20, 79000, tzinfo=UTC)
    assert (incident.service, incident.severity) == ("myApp", "medium")
    (run,) = [one for one in events if isinstance(one, RunSeen)]
    assert len(run.jobs) == 1
