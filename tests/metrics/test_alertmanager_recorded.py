"""Alertmanager's recorded deliveries: two alerts that begin together and end apart."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from metrics.events import IncidentSeen, Push
from metrics.providers.alertmanager import AlertmanagerProvider
from metrics.rules import Rules

from .observing import heard, samples

FOLDER = samples("alertmanager")
pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(FOLDER is None, reason="no recorded payloads beside the project"),
]
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_every_recorded_delivery_in_any_order_makes_the_same_two_incidents() -> None:
    assert FOLDER is not None
    paths = sorted(FOLDER.rglob("*.json"))
    assert len(paths) == 4
    pushes = [Push(body=json.dumps(json.loads(path.read_text())["body"]).encode(), headers={}) for path in paths]
    chance = random.Random(5)  # noqa: S311
    for _ in range(10):
        chance.shuffle(pushes)
        held = heard(AlertmanagerProvider, [*pushes, *pushes[:2]], now=NOW)
        rules = Rules.of({}, AlertmanagerProvider.guide.default_rules)
        seen = {one.provider_id: one for one in rules.apply(held.events(now=NOW)) if isinstance(one, IncidentSeen)}
        start = datetime(2026, 11, 22, 5, 47, 15, tzinfo=UTC)
        assert {(one.started_at, one.resolved_at) for one in seen.values()} == {
            (start, datetime(2026, 11, 22, 5, 47, 22, tzinfo=UTC)),
            (start, datetime(2026, 11, 22, 5, 47, 34, tzinfo=UTC)),
        }
        assert {one.service for one in seen.values()} == {"checkout"}
        assert held.open(now=NOW) == []
