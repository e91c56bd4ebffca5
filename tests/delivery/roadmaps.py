"""A small programme on a roadmap, and how its pages are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from delivery import actions, network
from delivery.models import Commitment
from teams.models import Person, Team
from tests.personas import Organisation

Browser = Callable[[Person], Client]


@dataclass(frozen=True, slots=True)
class Programme:
    api: Commitment  # Squad A
    exchange: Commitment  # Squad B, after the API
    live: Commitment  # a milestone of the platform, after the exchange
    audit: Commitment  # Squad B, by itself
    secret: Commitment  # Squad M, waits for the API
    unestimated: Commitment  # Squad A


def promise(
    team: Team, title: str, today: date, due: int, days: tuple[int, int, int] | None, *, is_milestone: bool = False
) -> Commitment:
    promised_on = today + timedelta(days=due)
    return actions.make_commitment(
        team=team, title=title, promised_on=promised_on, by=None, days=days, is_milestone=is_milestone
    )


@pytest.fixture
def programme(organisation: Organisation, today: date) -> Programme:
    api = promise(organisation.squad_a, "Patient API", today, 14, (6, 9, 14))
    exchange = promise(organisation.squad_b, "Data exchange", today, 28, (5, 8, 12))
    live = promise(organisation.platform, "Go-live", today, 38, None, is_milestone=True)
    audit = promise(organisation.squad_b, "Audit trail", today, 30, (2, 3, 4))
    secret = promise(organisation.squad_m, "Secret portal work", today, 50, (5, 9, 12))
    unestimated = promise(organisation.squad_a, "Tenant isolation", today, 20, None)
    for before, after in ((api, exchange), (exchange, live), (api, secret)):
        actions.link(before=before, after=after, by=None)
    actions.add_deadline(
        team=organisation.platform, name="CMS deadline", date=today + timedelta(days=38), milestone=live, by=None,
        windows=[(today + timedelta(days=39), None, "day", 1_800_000, None)], currency="USD",
    )  # type: ignore[arg-type]  # fmt: skip
    network.recompute(why="test")
    return Programme(api, exchange, live, audit, secret, unestimated)


def url(team: Team, **query: object) -> str:
    return reverse("delivery:roadmap", args=[team.slug]) + "?" + "&".join(f"{key}={query[key]}" for key in query)


def what_if_url(team: Team, **query: object) -> str:
    return url(team, **query).replace("/?", "/what-if/?")


def read(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def asked(client: Client, address: str) -> str:
    return read(client, address, **{"HX-Request": "true"})


def rows_of_everything() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_app_config("delivery").get_models()}
