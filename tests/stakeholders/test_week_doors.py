# ruff: noqa: F811 (fixtures are imported)
"""Every address of the week's queue × every kind of person: who gets in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from stakeholders.models import QueueMove
from teams.models import Person
from tests.delivery.commitments import Story, forecast, story

from .doors import knocked, plain_refusals

pytestmark = pytest.mark.django_db
__all__ = ["plain_refusals", "story"]

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
ELSEWHERE = (302, 302, 302, 302, 302, 302, 404, 404)  # it is not in their queue: they are led to the list
DOORS: dict[str, tuple[int, ...]] = {
    "/week/squad-a/needs/": SEEN,
    "/week/squad-a/needs/rows.csv": SEEN,
    "/week/squad-a/needs/{o}/": (200, 302, 302, 302, 302, 302, 404, 404),
    "/week/squad-a/needs/options-0/": ELSEWHERE,
    "/week/squad-a/2026-W20/health/": SEEN,
    "/week/nowhere/needs/": (404,) * 8,
    "POST /week/squad-a/needs/{o}/decide/": (422, 302, 302, 302, 302, 302, 404, 404),
    "POST /week/squad-a/needs/{o}/snooze/": (422, 302, 302, 302, 302, 302, 404, 404),
    "POST /week/squad-a/needs/{o}/pass/": (422, 302, 302, 302, 302, 302, 404, 404),
    "POST /week/squad-a/needs/{o}/wake/": (422, 302, 302, 302, 302, 302, 404, 404),
    "POST /week/squad-a/reviewed/": ELSEWHERE,
}


def test_each_door_opens_for_whom_it_should(
    request: pytest.FixtureRequest, story: Story, page_of: Callable[[Person], Client], plain_refusals: None
) -> None:
    story.slip(34)
    forecast()

    def knock(browser: Client, door: str) -> int:
        method, _, address = door.rpartition(" ")
        send = browser.post if method == "POST" else browser.get
        answer = send(address.format(o=f"options-{story.api.pk}")).status_code
        assert not QueueMove.objects.exists(), door
        return answer

    assert not knocked(request, PERSONAS, DOORS, page_of, knock)
