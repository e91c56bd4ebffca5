"""What the tests of the page of a measure stand on: a fixed now, a group of two squads, its director."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from teams.models import Team

from .facts import NOW, person, team

WEEK = "2026-W47"


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing is collected for tests
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    monkeypatch.setattr("metrics.views.measures.timezone", SimpleNamespace(now=lambda: NOW))


@pytest.fixture
def group(db: None) -> Team:
    return team("Platform", kind=Team.Kind.GROUP)


@pytest.fixture
def squads(group: Team) -> list[Team]:
    return [team(name, group) for name in ("Squad A", "Squad B")]


@pytest.fixture
def director(group: Team, client: Client) -> Client:
    client.force_login(person("Maya", group))
    return client


def opened(client: Client, measure: str, scope: str = "platform", **query: Any) -> dict[str, Any]:
    answer = client.get(f"/metrics/{scope}/{measure}/", {"week": WEEK, **query})
    assert answer.status_code == 200
    return answer.context  # type: ignore[return-value]


def rows(context: dict[str, Any]) -> list[Any]:
    return [line["row"] for line in context["behind"]["lines"]]
