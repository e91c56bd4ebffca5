"""PagerDuty's REST API (version 2): incidents, log entries and services, each answer as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from metrics import read
from metrics.events import Connection, ProviderError
from metrics.http import Answer, Door

LIMIT = 100  # a page
WALL = 10_000  # offset and limit together stop here
ADDRESS = "https://api.pagerduty.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list. `total` None: PagerDuty did not count."""

    rows: Sequence[Mapping[str, Any]]
    more: bool
    total: int | None


class Client:
    def __init__(self, connection: Connection) -> None:
        self.door = Door(
            address=(connection.address or ADDRESS).rstrip("/"),
            headers={
                "Accept": "application/vnd.pagerduty+json;version=2",
                "Authorization": f"Token token={connection.secret}",
            },
            secret=connection.secret,
            trusted_hosts=connection.trusted_hosts,
        )

    def close(self) -> None:
        self.door.close()

    def incidents(self, since: datetime, until: datetime, offset: int, services: Sequence[str] = ()) -> Listing:
        """Incidents created in a window, oldest first. `services`: ids."""
        asked = [("since", stamp(since)), ("until", stamp(until)), ("sort_by", "created_at:asc")]
        return self._list("incidents", [*asked, *_ids(services)], offset)

    def open_incidents(self, offset: int, services: Sequence[str] = ()) -> Listing:
        """Incidents that are not resolved, however old."""
        asked = [("date_range", "all"), ("statuses[]", "triggered"), ("statuses[]", "acknowledged")]
        return self._list("incidents", [*asked, ("sort_by", "created_at:asc"), *_ids(services)], offset)

    def log_entries(self, since: datetime, until: datetime, offset: int) -> Listing:
        """What happened to incidents in a window, newest first, with each incident as it is now."""
        asked = [("since", stamp(since)), ("until", stamp(until)), ("is_overview", "false")]
        return self._list("log_entries", [*asked, ("include[]", "incidents")], offset)

    def incident(self, identity: str) -> Mapping[str, Any] | None:
        """One incident by its id; None when there is none."""
        answer = self.door.get(f"/incidents/{quote(identity, safe='')}", accept=(404,))
        return None if answer.status == 404 else read.table(read.at(answer.json(), "incident"))

    def services(self, words: str = "") -> Listing:
        asked = [("sort_by", "name")] + ([("query", words[:100])] if words else [])
        return self._list("services", asked, 0)

    def may(self, path: str) -> bool:
        """Whether the token may read `path`."""
        return self.door.get(f"/{path}?limit=1", accept=(403, 404)).status not in (403, 404)

    def _list(self, name: str, asked: Sequence[tuple[str, str]], offset: int) -> Listing:
        query = [*asked, ("limit", str(LIMIT)), ("offset", str(offset)), ("total", "true")]
        answer = self.door.get(f"/{name}?{urlencode(query)}", accept=(403,))
        if answer.status == 403:
            what = name.replace("_", " ")
            raise ProviderError(
                f"PagerDuty's key may not read {what}.",
                advice="Use a read-only key of the whole account, or one of a person who may see all teams.",
                permanent=True,
            )
        return _listing(answer, name)


def _listing(answer: Answer, name: str) -> Listing:
    said = answer.json()
    rows = read.at(said, name)
    if not isinstance(rows, list):
        raise ProviderError(
            "PagerDuty answered without a list.", advice="Check the address: it is that of the API, not of your pages."
        )
    total = read.at(said, "total")
    return Listing(
        rows=read.rows(rows),
        more=bool(read.at(said, "more")),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


def _ids(services: Sequence[str]) -> list[tuple[str, str]]:
    return [("service_ids[]", identity) for identity in services]


def stamp(at: datetime) -> str:
    """PagerDuty's times have whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
