"""PagerDuty's recorded payloads: each becomes a right row, and none is forgotten."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from metrics.events import Forged, IncidentSeen, Push
from metrics.providers.pagerduty import PagerDutyProvider, parse

from .observing import Held, heard, samples

pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(samples("pagerduty") is None, reason="no recorded payloads beside the project"),
]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_no_recording_is_forgotten() -> None:
    root = samples("pagerduty")
    assert root is not None
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*.json")) == [
        "devlake-pagerduty/raw/_raw_pagerduty_incidents.json",
        "webhookv3/incident.priority_updated.body.json",
        "webhookv3/signature_case.json",
    ]


def test_the_recorded_signature_holds_and_the_recorded_mismatch_does_not() -> None:
    folder = samples("pagerduty", "webhookv3")
    assert folder is not None
    case = json.loads((folder / "signature_case.json").read_text())
    body = (folder / "incident.priority_updated.body.json").read_bytes()
    good = Push(body=body, headers={"x-pagerduty-signature": case["valid"]})
    PagerDutyProvider.verify(good, ["another-secret", case["secret"]], now=NOW)
    both = f"{case['mismatch']},{case['valid']}"
    PagerDutyProvider.verify(Push(body=body, headers={"x-pagerduty-signature": both}), [case["secret"]], now=NOW)
    with pytest.raises(Forged):
        PagerDutyProvider.verify(
            Push(body=body, headers={"x-pagerduty-signature": case["mismatch"]}), [case["secret"]], now=NOW
        )
    assert PagerDutyProvider.key(good) == "01BWDWL3NYY7LUFPZCC28QUCMK"

    (seen,) = heard(PagerDutyProvider, [good], now=NOW).events(now=NOW)
    assert isinstance(seen, IncidentSeen)
    assert (seen.provider_id, seen.service, seen.severity) == ("PGR0VU2", "API Service", "P1")
    assert seen.title == "A little bump in the road"
    assert seen.resolved_at is None


def test_recorded_incidents_with_their_log_are_open_since_they_were_created() -> None:
    path = samples("pagerduty", "devlake-pagerduty", "raw", "_raw_pagerduty_incidents.json")
    assert path is not None
    held = Held(PagerDutyProvider)
    for row in json.loads(path.read_text()):
        incident = row["data"]
        one = parse.listed({name: value for name, value in incident.items() if name != "log_entries"})
        assert one is not None
        held.keep([one, *parse.logged(incident["log_entries"])])
    seen = {event.provider_id: event for event in held.events(now=NOW) if isinstance(event, IncidentSeen)}
    assert {key: (one.title, one.service, one.resolved_at) for key, one in seen.items()} == {
        "Q3YON8WNWTZMRQ": ("Crash reported", "DevService", None),
        "Q3CZAU7Q4008QD": ("Slow startup", "DevService", None),
    }
    assert seen["Q3YON8WNWTZMRQ"].started_at == datetime(2022, 11, 3, 6, 23, 6, tzinfo=UTC)
    assert held.open(now=NOW) == ["Q3CZAU7Q4008QD", "Q3YON8WNWTZMRQ"]
