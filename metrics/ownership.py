"""Whose services are, since when, and what was said about it: as the pages show it. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from teams.models import Team

from .models import Service, ServiceOwner
from .owners import Said, standing, stints


@dataclass(frozen=True, slots=True)
class Line:
    """One saying. `state` and `word`: whether it holds; "replaced" when something said later took its place."""

    team: Team
    since: date | None
    at: datetime
    by: str
    state: str
    word: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A service with its owner now. `since` is None when it always was of this team."""

    service: Service
    team: Team
    since: date | None
    newest: int  # the id of the newest saying
    lines: list[Line]  # newest first

    @property
    def is_handed_over(self) -> bool:
        return len(self.lines) > 1


def owned(services: Iterable[Service]) -> list[Owned]:
    """Each of `services` with its history. One query."""
    asked = list(services)
    rows: dict[int, list[ServiceOwner]] = defaultdict(list)
    for row in ServiceOwner.objects.filter(service__in=asked).select_related("team", "by").order_by("pk"):
        rows[row.service_id].append(row)
    return [_owned(service, rows[service.pk]) for service in asked]


def _owned(service: Service, rows: list[ServiceOwner]) -> Owned:
    said = [Said(row.team_id, row.since) for row in rows]
    holds = set(standing(said))
    lines = []
    for place, row in enumerate(rows):
        state, word = ("none", "Replaced") if place not in holds else ("delivered", "Was the owner")
        if place == len(rows) - 1:
            state, word = "ok", "Owner now"
        lines.append(Line(row.team, row.since, row.at, row.by_name, state, word))
    return Owned(service, rows[-1].team, stints(said)[-1].since, rows[-1].pk, lines[::-1])
