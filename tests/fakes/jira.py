"""A Jira, Cloud or Data Center: it understands as much of its query language as is asked of it here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from .server import FakeServer, Reply, Request


class FakeJira(FakeServer):
    """`cloud` False: version 2 with startAt. Pages hold `page` issues at most, whatever is asked for."""

    def __init__(self, *, cloud: bool = True, token: str = "person@example.org:api-token") -> None:  # noqa: S107
        super().__init__()
        self.cloud, self.token, self.page = cloud, token, 50
        self.issues: dict[str, dict[str, Any]] = {}
        self.projects = [{"key": "SHOP", "name": "Shop"}, {"key": "OPS", "name": "Operations"}]

    def create(self, at: datetime, *, project: str = "SHOP", type: str = "Incident", **fields: Any) -> str:
        identity = str(10_000 + len(self.issues))
        self.issues[identity] = {
            "id": identity, "key": f"{project}-{len(self.issues) + 1}", "changelog": {"histories": []},
            "fields": {
                "summary": "Down", "issuetype": {"name": type}, "created": stamp(at), "updated": stamp(at),
                "status": {"name": "Open", "statusCategory": {"key": "new"}}, "priority": {"name": "High"},
                "labels": [], "components": [], "resolutiondate": None, "project": {"key": project}, **fields,
            },
        }  # fmt: skip
        return identity

    def move(self, identity: str, to: str, at: datetime, *, resolve: bool = True) -> None:
        """To Open, In Progress or Done; Done sets the resolution date, where `resolve`."""
        issue = self.issues[identity]
        category = {"Open": "new", "Done": "done"}.get(to, "indeterminate")
        issue["fields"] |= {
            "status": {"name": to, "statusCategory": {"key": category}}, "updated": stamp(at),
            "resolutiondate": stamp(at) if category == "done" and resolve else None,
        }  # fmt: skip
        item = {"field": "status", "toString": to}
        issue["changelog"]["histories"].append({"created": stamp(at), "items": [item]})

    def touch(self, identity: str, at: datetime) -> None:
        self.issues[identity]["fields"]["updated"] = stamp(at)

    def reply(self, request: Request) -> Reply:
        if request.path == "/rest/api/2/serverInfo":
            return Reply(body={"deploymentType": "Cloud" if self.cloud else "Server", "version": "9.12.0"})
        wanted = "Basic " if ":" in self.token else f"Bearer {self.token}"
        if not request.headers.get("authorization", "").startswith(wanted):
            return Reply(body={"errorMessages": ["You are not authenticated"]}, status=401)
        prefix = "/rest/api/3" if self.cloud else "/rest/api/2"
        path = request.path.removeprefix(prefix)
        if path == request.path:
            return Reply(body={"errorMessages": ["No such version"]}, status=404)
        if path == "/myself":
            return Reply(body={"displayName": "Robin"})
        if path in ("/project", "/project/search"):
            words = request.query.get("query", "").lower()
            found = [one for one in self.projects if words in one["name"].lower()]
            return Reply(body={"values": found, "isLast": True} if path.endswith("search") else found)
        if path.startswith("/issue/"):
            issue = self.issues.get(path.removeprefix("/issue/"))
            return Reply(body=issue) if issue else Reply(body={"errorMessages": ["Issue does not exist"]}, status=404)
        return self._search(request, "startAt" if path == "/search" and not self.cloud else "nextPageToken")

    def _search(self, request: Request, place: str) -> Reply:
        jql = request.query["jql"]
        if "nonsense" in jql:
            return Reply(body={"errorMessages": ["Field 'nonsense' does not exist"]}, status=400)
        found = sorted(self.issues.values(), key=lambda one: (_at(one), int(one["id"])))
        if since := re.search(r"updated >= (\d+)", jql):
            found = [one for one in found if _at(one) >= int(since.group(1))]
        if until := re.search(r"updated < (\d+)", jql):
            found = [one for one in found if _at(one) < int(until.group(1))]
        if projects := re.search(r"project in \(([^)]*)\)", jql):
            found = [one for one in found if f'"{one["fields"]["project"]["key"]}"' in projects.group(1)]
        start, limit = int(request.query.get(place) or 0), min(int(request.query["maxResults"]), self.page)
        shown, end = found[start : start + limit], start + limit
        if place == "startAt":
            return Reply(body={"issues": shown, "startAt": start, "maxResults": limit, "total": len(found)})
        more = end < len(found)
        return Reply(body={"issues": shown, "isLast": not more, **({"nextPageToken": str(end)} if more else {})})


def _at(issue: dict[str, Any]) -> int:
    at = datetime.strptime(issue["fields"]["updated"], "%Y-%m-%dT%H:%M:%S.%f%z")
    return int(at.timestamp() * 1000)


def stamp(at: datetime) -> str:
    """As Jira writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
