"""The list of an Alertmanager (API version 2): firing alerts only, each with a timeout in the future as its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .server import FakeServer, Reply, Request

NEVER = "0001-01-01T00:00:00Z"


class FakeAlertmanager(FakeServer):
    """`firing` by fingerprint. `token` "": nobody is asked for one."""

    def __init__(self, token: str = "") -> None:
        super().__init__()
        self.token = token
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.firing: dict[str, dict[str, Any]] = {}

    def fire(self, fingerprint: str, at: datetime, *, silenced: bool = False, **labels: str) -> dict[str, Any]:
        self.firing[fingerprint] = {
            "fingerprint": fingerprint,
            "labels": {"alertname": "High", "severity": "critical", "service": "checkout", **labels},
            "annotations": {"summary": f"High on {fingerprint}"}, "startsAt": stamp(at), "receivers": [{"name": "all"}],
            "generatorURL": "http://prometheus.example.org/graph", "status": {
                "state": "suppressed" if silenced else "active", "silencedBy": ["s-1"] if silenced else [],
                "inhibitedBy": [], "mutedBy": [],
            },
        }  # fmt: skip
        return self.firing[fingerprint]

    def reply(self, request: Request) -> Reply:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(body=b"Unauthorized", status=401, headers={"Content-Type": "text/plain"})
        if request.path.endswith("/api/v2/status"):
            return Reply(body={"versionInfo": {"version": "0.27.0"}, "cluster": {"status": "ready"}, "uptime": NEVER})
        if not request.path.endswith("/api/v2/alerts"):
            return Reply(body=b"not found", status=404, headers={"Content-Type": "text/plain"})
        moving = {"updatedAt": stamp(self.now), "endsAt": stamp(self.now + timedelta(minutes=4))}
        return Reply(body=[{**alert, **moving} for alert in self.firing.values()])


def stamp(at: datetime) -> str:
    """As Go writes it: with nanoseconds and a zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
