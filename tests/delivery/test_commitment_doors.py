# ruff: noqa: F811 (fixtures are imported)
"""Every address of commitments × every kind of person: who gets in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from delivery.urls.commitments import urlpatterns
from teams.models import Person

from .commitments import Story, story

pytestmark = pytest.mark.django_db
__all__ = ["story"]
Browser = Callable[[Person], Client]

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
LOGS = (200, 403, 200, 200, 403, 403, 404, 404)
DECIDES = (200, 403, 403, 403, 403, 403, 404, 404)
NOWHERE = (404,) * 8
DOORS: dict[str, tuple[int, ...]] = {
    "/commitments/squad-a/": SEEN,
    "/commitments/squad-a/rows.csv": SEEN,
    "/commitments/squad-a/new/": LOGS,
    "/commitments/nowhere/": NOWHERE,
    "/commitment/{c}/": SEEN,
    "/commitment/{c}/now/": SEEN,
    **{
        f"/commitment/{{c}}/{verb}/": LOGS
        for verb in ("edit", "slip", "option", "deliver", "cancel", "move", "estimate", "override")
    },
    "/commitment/{c}/reopen/": (302, 403, 302, 302, 403, 403, 404, 404),
    "/slip/{s}/correct/": LOGS,
    "/option/{o}/choose/": DECIDES,
    "/option/{o}/withdraw/": LOGS,
    "/commitment/0/": NOWHERE,
    "/slip/0/correct/": NOWHERE,
    "/option/0/choose/": NOWHERE,
}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, story: Story, page_of: Browser
) -> None:
    slip = story.slip(27)
    numbers = {"c": story.api.pk, "s": slip.pk, "o": story.option().pk}
    browser = page_of(request.getfixturevalue(persona))
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: browser.get(door.format(**numbers)).status_code for door in DOORS} == expected
    for door, answer in expected.items():
        if answer in (403, 404):
            assert browser.post(door.format(**numbers)).status_code in (answer, 405), door


def test_every_address_has_its_row() -> None:
    doors = {re.sub(r"\{\w\}|squad-a", "*", door) for door in DOORS}
    for pattern in urlpatterns:
        address = "/" + re.sub(r"<\w+:\w+>", "*", str(pattern.pattern))
        assert address in doors, address
