"""Jira's REST API, of Jira Cloud (version 3) and of Data Center (version 2): issues by query, one by id, projects."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from metrics import read
from metrics.events import Connection, ProviderError
from metrics.http import Answer, Door

LIMIT = 100
FIELDS = (
    "summary", "status", "issuetype", "priority", "labels", "components", "created", "updated", "resolutiondate",
    "statuscategorychangedate", "project",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page. `after`: what to ask with for the page behind it; "" when this is the last."""

    issues: Sequence[Mapping[str, Any]]
    after: str
    total: int | None


class Client:
    def __init__(self, connection: Connection, fields: Sequence[str] = ()) -> None:
        secret = connection.secret
        basic = base64.b64encode(secret.encode()).decode()  # “person@example.org:token” is Cloud's way
        self.door = Door(
            address=connection.address.rstrip("/"),
            headers={"Authorization": f"Basic {basic}" if ":" in secret else f"Bearer {secret}"} if secret else {},
            secret=secret,
            trusted_hosts=connection.trusted_hosts,
        )
        self.fields = ",".join((*FIELDS, *fields))
        self._edition = read.text(connection.settings.get("edition"), 20)

    def close(self) -> None:
        self.door.close()

    @cached_property
    def is_cloud(self) -> bool:
        if self._edition:
            return self._edition == "cloud"
        if self.door.base.host.endswith(".atlassian.net"):
            return True
        said = self.door.get("/rest/api/2/serverInfo").json()
        return read.text(read.at(said, "deploymentType"), 20).lower() == "cloud"

    @property
    def api(self) -> str:
        return "/rest/api/3" if self.is_cloud else "/rest/api/2"

    def search(self, jql: str, *, after: str = "", limit: int = LIMIT) -> Listing:
        """Issues that `jql` finds. Raises ProviderError with Jira's own words when it does not take the query."""
        asked = {"jql": jql, "maxResults": limit, "fields": self.fields, "expand": "changelog"}
        if self.is_cloud:
            answer = self.door.get(
                f"{self.api}/search/jql", params={**asked, "nextPageToken": after or None}, accept=(400,)
            )
        else:
            answer = self.door.get(f"{self.api}/search", params={**asked, "startAt": after or "0"}, accept=(400,))
        _taken(answer, jql)
        said = answer.json()
        issues, total = read.rows(read.at(said, "issues")), read.at(said, "total")
        if self.is_cloud:
            token = "" if read.at(said, "isLast") is True else read.text(read.at(said, "nextPageToken"), 2000)
            return Listing(issues=issues, after=token, total=None)
        reached = (int(after) if after.isdigit() else 0) + len(issues)
        more = issues and isinstance(total, int) and reached < total
        return Listing(
            issues=issues, after=str(reached) if more else "", total=total if isinstance(total, int) else None
        )

    def issue(self, identity: str) -> Mapping[str, Any] | None:
        asked = {"fields": self.fields, "expand": "changelog"}
        answer = self.door.get(f"{self.api}/issue/{quote(identity, safe='')}", params=asked, accept=(404,))
        return None if answer.status == 404 else read.table(answer.json())

    def person(self) -> str:
        said = self.door.get(f"{self.api}/myself").json()
        return read.text(read.at(said, "displayName"), 100)

    def projects(self, words: str, most: int) -> tuple[list[Mapping[str, Any]], bool]:
        """(projects whose name or key holds `words`, whether there are more)."""
        if self.is_cloud:
            asked = {"maxResults": most, "query": words or None, "orderBy": "name"}
            said = self.door.get(f"{self.api}/project/search", params=asked).json()
            return read.rows(read.at(said, "values")), read.at(said, "isLast") is False
        found = read.rows(self.door.get(f"{self.api}/project").json())
        low = words.lower()
        held = [one for one in found if low in f"{one.get('name')} {one.get('key')}".lower()]
        return held[:most], len(held) > most


def _taken(answer: Answer, jql: str) -> None:
    if answer.status != 400:
        return
    try:
        said = read.at(answer.json(), "errorMessages")
    except ProviderError:
        said = None
    why = "; ".join(read.text(one, 200) for one in said[:3]) if isinstance(said, list) else ""
    raise ProviderError(
        f"Jira does not take the query: {why or 'it gives no reason'}"[:400],
        advice="Try the query in Jira's own search, then change it here.", detail=jql[:500], permanent=True,
    )  # fmt: skip
