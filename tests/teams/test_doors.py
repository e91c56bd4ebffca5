"""Every address of the app × every kind of person: who gets in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from teams.models import Grant, Membership
from teams.urls import urlpatterns
from tests.personas import Organisation

PERSONAS = (
    "director", "manager_a", "contributor", "executive", "legal", "administrator", "stranger", "outsider_manager",
)  # fmt: skip

# the answer for each persona, in the order of PERSONAS; {a} is Squad A, {m} a membership in it, {g} a role over it
DOORS: dict[str, tuple[int, ...]] = {
    "/teams/": (200, 200, 200, 200, 200, 200, 200, 200),
    "/teams/rows.csv": (200, 200, 200, 200, 200, 200, 200, 200),
    "/people/rows.csv": (200, 200, 200, 200, 200, 200, 200, 200),
    "/teams/add/": (200, 403, 403, 403, 403, 200, 404, 403),
    "/teams/add/?parent=squad-a": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/": (200, 200, 200, 200, 200, 200, 404, 404),
    "/teams/squad-a/edit/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/move/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/close/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/reopen/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/join/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/teams/squad-a/grant/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/teams/nowhere/": (404, 404, 404, 404, 404, 404, 404, 404),
    "/grants/{g}/revoke/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/memberships/{m}/role/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/memberships/{m}/move/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/memberships/{m}/leave/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/memberships/{m}/correct/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/memberships/0/leave/": (404, 404, 404, 404, 404, 404, 404, 404),
    "/people/": (200, 200, 200, 200, 200, 200, 200, 200),
    "/people/add/": (200, 200, 403, 403, 403, 200, 403, 200),
    "/people/{p}/": (200, 200, 200, 200, 200, 200, 404, 404),
    "/people/{p}/edit/": (200, 200, 403, 403, 403, 200, 404, 404),
    "/people/{p}/login/": (200, 403, 403, 403, 403, 200, 404, 404),
    "/people/{p}/login/stop/": (200, 403, 403, 403, 403, 200, 404, 404),
}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, organisation: Organisation, engineer: Membership, page_of
) -> None:  # type: ignore[no-untyped-def]
    held = Grant.objects.create(person=engineer.person, role="contributor", team=organisation.squad_a)
    browser = page_of(request.getfixturevalue(persona))
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    numbers = {"m": engineer.pk, "p": engineer.person_id, "g": held.pk}
    assert {door: browser.get(door.format(**numbers)).status_code for door in DOORS} == expected
    refused = [door for door, answer in expected.items() if answer != 200]
    for door in refused:
        assert browser.post(door.format(**numbers)).status_code in (expected[door], 405), door


def test_every_address_of_the_app_has_its_row_above() -> None:
    example = {"team": "squad-a", "pk": 7}
    for pattern in urlpatterns:
        named = {name: example[name] for name in pattern.pattern.converters}
        address = reverse(f"teams:{pattern.name}", kwargs=named)
        assert any(
            address == door.partition("?")[0].replace("{m}", "7").replace("{p}", "7").replace("{g}", "7")
            for door in DOORS
        ), address
