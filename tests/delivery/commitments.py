"""What the tests of commitments stand on: a promise of Squad A that Squad B waits for, on the way to a deadline."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.test import Client

from delivery import actions, network
from delivery.models import Commitment, Deadline, Dependency, NetworkMark, Option, Slip
from teams.models import Person
from tests.personas import Organisation

PENALTY = 1_800_000  # cents a day


@dataclass(frozen=True, slots=True)
class Story:
    api: Commitment
    exchange: Commitment
    live: Commitment
    deadline: Deadline
    link: Dependency
    today: date

    def on(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def slip(self, days: int, **more: object) -> Slip:
        said = {
            "reason": "vendor",
            "by": self.api.created_by,
            "options": [actions.Proposal(title="Ship read first", saves_days=5)],
        }
        return actions.log_slip(commitment=self.api, to_date=self.on(days), **(said | more))  # type: ignore[arg-type]

    def option(self) -> Option:
        return Option.objects.order_by("pk").first()  # type: ignore[return-value]


@pytest.fixture
def story(organisation: Organisation, manager_a: Person, today: date) -> Story:
    def made(team: object, title: str, days: int, work: tuple[int, int, int] | None, **more: object) -> Commitment:
        return actions.make_commitment(
            team=team,
            title=title,
            promised_on=today + timedelta(days=days),
            days=work,
            by=manager_a.user,
            **more,  # type: ignore[arg-type]
        )

    api = made(organisation.squad_a, "FHIR Patient API", 20, (6, 9, 14), about="Payers read a record.", owner=manager_a)
    exchange = made(organisation.squad_b, "Patient data exchange", 34, (5, 8, 12))
    live = made(organisation.platform, "CMS go-live", 44, None, is_milestone=True)
    link = actions.link(before=api, after=exchange, by=manager_a.user)
    actions.link(before=exchange, after=live, by=manager_a.user)
    deadline = actions.add_deadline(
        team=organisation.platform, name="CMS", date=today + timedelta(days=30), milestone=live, by=manager_a.user,
        currency="USD", windows=[(today + timedelta(days=31), None, "day", PENALTY, None)],
    )  # fmt: skip
    return Story(api, exchange, live, deadline, link, today)


def forecast() -> None:
    """As a worker does it: the marks are taken, the forecast is made."""
    NetworkMark.objects.all().delete()
    network.recompute(why="a test")


@pytest.fixture
def manager(page_of: Callable[[Person], Client], manager_a: Person) -> Client:
    return page_of(manager_a)


def read(client: Client, story: Story) -> str:
    return client.get(f"/commitment/{story.api.pk}/").content.decode()


def words(html: str) -> str:
    """As a reader sees it."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script).*?</\1>", "", html, flags=re.S)).split())
