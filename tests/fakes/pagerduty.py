"""A PagerDuty that lists incidents and log entries as the real one: by creation, newest first, 10,000 at most."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from .server import FakeServer, Reply, Request

WALL = 10_000
WIDEST = timedelta(days=184)


class FakePagerDuty(FakeServer):
    """`may` holds what the key may read. `counts` False: totals are null, as when they are too dear."""

    def __init__(self, key: str = "key-of-the-account") -> None:
        super().__init__()
        self.key = key
        self.may = {"incidents", "log_entries", "services"}
        self.counts = True
        self.services = {"PSHOP": "Checkout", "PFIND": "Search"}
        self.incidents: dict[str, dict[str, Any]] = {}
        self.entries: list[tuple[Any, ...]] = []  # created, id, entry: kept in order
        self.created: list[tuple[Any, ...]] = []  # created, id: kept in order
        self.walls = 0  # requests that ran into the wall

    # --- what happens ------------------------------------------------------------------------------------------------

    def trigger(self, at: datetime, *, service: str = "PSHOP", urgency: str = "high", title: str = "") -> str:
        identity = f"Q{len(self.incidents):06d}"
        self.incidents[identity] = {
            "id": identity, "type": "incident", "incident_number": len(self.incidents) + 1,
            "title": title or f"Incident {len(self.incidents) + 1}", "created_at": stamp(at), "updated_at": stamp(at),
            "status": "triggered", "urgency": urgency, "priority": None, "last_status_change_at": stamp(at),
            "service": {"id": service, "type": "service_reference", "summary": self.services[service]},
            "html_url": f"https://acme.pagerduty.com/incidents/{identity}", "teams": [], "resolve_reason": None,
        }  # fmt: skip
        bisect.insort(self.created, (stamp(at), identity))
        self._log(identity, "trigger", at)
        return identity

    def happen(self, identity: str, what: str, at: datetime) -> None:
        """acknowledge, resolve, reopen, notify, … at a time."""
        incident = self.incidents[identity]
        status = {"acknowledge": "acknowledged", "resolve": "resolved", "reopen": "triggered"}.get(what)
        if status:
            incident |= {"status": status, "last_status_change_at": stamp(at)}
        incident["updated_at"] = stamp(at)
        self._log(identity, what, at)

    def merge(self, identity: str, into: str, at: datetime) -> None:
        self.happen(identity, "resolve", at)
        target = {"id": into, "type": "incident_reference", "summary": self.incidents[into]["title"]}
        self.incidents[identity]["resolve_reason"] = {"type": "merge_resolve_reason", "incident": target}

    def _log(self, identity: str, what: str, at: datetime) -> None:
        number = f"R{len(self.entries):07d}"
        entry = {
            "id": number, "type": f"{what}_log_entry", "created_at": stamp(at), "summary": what,
            "incident": {"id": identity, "type": "incident_reference"}, "channel": {"type": "api"},
        }  # fmt: skip
        bisect.insort(self.entries, (entry["created_at"], number, entry))

    # --- what is answered --------------------------------------------------------------------------------------------

    def reply(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Token token={self.key}":
            return Reply(body={"error": {"message": "Unauthorized", "code": 2006}}, status=401)
        _, name, *rest = request.path.split("/")
        if name not in self.may:
            return Reply(body={"error": {"message": "Forbidden", "code": 2010}}, status=403)
        if name == "incidents" and rest:
            found = self.incidents.get(rest[0])
            return (
                Reply(body={"incident": found})
                if found
                else Reply(body={"error": {"message": "Not Found"}}, status=404)
            )
        if name == "services":
            named = [
                {"id": key, "name": title, "type": "service"}
                for key, title in self.services.items()
                if request.query.get("query", "").lower() in title.lower()
            ]
            return self._page(request, name, len(named), lambda start, end: named[start:end])
        if name == "log_entries":
            return self._entries(request)
        rows = self._incidents(request)
        return self._page(request, name, len(rows), lambda start, end: rows[start:end])

    def _incidents(self, request: Request) -> list[dict[str, Any]]:
        asked = _many(request)
        since, until = ("", "9") if request.query.get("date_range") == "all" else _window(request)
        first, last = bisect.bisect_left(self.created, (since,)), bisect.bisect_left(self.created, (until,))
        rows = [self.incidents[key] for _, key in self.created[first:last] if key in self.incidents]
        if statuses := asked.get("statuses[]"):
            rows = [row for row in rows if row["status"] in statuses]
        if services := asked.get("service_ids[]"):
            rows = [row for row in rows if row["service"]["id"] in services]
        return rows

    def _entries(self, request: Request) -> Reply:
        since, until = _window(request)
        first, last = bisect.bisect_left(self.entries, (since,)), bisect.bisect_left(self.entries, (until,))
        whole = "incidents" in _many(request).get("include[]", [])

        def shown(start: int, end: int) -> list[dict[str, Any]]:
            rows = [entry for _, _, entry in reversed(self.entries[max(first, last - end) : max(first, last - start)])]
            return [{**row, "incident": self.incidents[row["incident"]["id"]]} for row in rows] if whole else rows

        return self._page(request, "log_entries", last - first, shown)

    def _page(self, request: Request, name: str, count: int, shown: Callable[[int, int], list[Any]]) -> Reply:
        offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 25)), 100)
        if offset + limit > WALL:
            self.walls += 1
            return Reply(body={"error": {"message": "Invalid Input Provided", "code": 2001}}, status=400)
        total = count if self.counts and request.query.get("total") == "true" else None
        body = {name: shown(offset, offset + limit), "offset": offset, "limit": limit, "total": total}
        return Reply(body={**body, "more": count > offset + limit})


def _many(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.raw_query):
        found.setdefault(name, []).append(value)
    return found


def _window(request: Request) -> tuple[str, str]:
    if "since" not in request.query:
        return "", "9"  # the last month; nobody looks closely
    since, until = request.query["since"], request.query["until"]
    assert moment(until) - moment(since) <= WIDEST, "the real one refuses more than six months"
    return since, until


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def signature(secret: str, body: bytes) -> str:
    import hmac

    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
