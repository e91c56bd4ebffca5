# ruff: noqa: F811 (fixtures are imported)
"""Every address of the registers × every kind of person: who gets in."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from stakeholders.registers import actions
from stakeholders.registers.urls import urlpatterns

from .doors import knocked, plain_refusals
from .registers import Browser, Scene, scene, user_of

__all__ = ["plain_refusals", "scene"]
pytestmark = pytest.mark.django_db

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
LOGS = (200, 403, 200, 200, 403, 403, 404, 404)
DECIDES = (200, 403, 403, 403, 403, 403, 404, 404)
SIGNS = (200, 403, 403, 403, 403, 200, 404, 404)
NOWHERE = (404,) * 8
DOORS: dict[str, tuple[int, ...]] = {
    "/risks/squad-a/": SEEN,
    "/risks/squad-a/register/": SEEN,
    "/risks/squad-a/rows.csv": SEEN,
    "/risks/squad-a/new/": LOGS,
    "/risks/nowhere/": NOWHERE,
    "/risk/{r}/": SEEN,
    "/risk/{r}/edit/": LOGS,
    "/risk/{r}/move/": LOGS,
    "/risk/0/": NOWHERE,
    "/acceptances/squad-a/": SEEN,
    "/acceptances/squad-a/rows.csv": SEEN,
    "/acceptances/squad-a/new/": LOGS,
    "/acceptance/{a}/": SEEN,
    "/acceptance/{a}/print/": SEEN,
    "/acceptance/{a}/sign/": SIGNS,
    "/acceptance/{a}/revoke/": SIGNS,
    "/acceptance/{a}/revise/": LOGS,
    "/acceptance/{a}/renew/": LOGS,
    "/acceptance/0/sign/": NOWHERE,
    "/requirements/squad-a/": SEEN,
    "/requirements/squad-a/rows.csv": SEEN,
    "/requirements/squad-a/new/": LOGS,
    "/requirement/{q}/": SEEN,
    "/requirement/{q}/include/": LOGS,
    "/requirement/{q}/defer/": LOGS,
    "/requirement/{q}/reopen/": LOGS,
    "/requirement/{q}/withdraw/": DECIDES,
    "/requirement/0/": NOWHERE,
    "/decisions/squad-a/": SEEN,
    "/decisions/squad-a/rows.csv": SEEN,
    "/decisions/squad-a/new/": LOGS,
    "/decisions/squad-a/push-back/": LOGS,
    "/decision/{d}/": SEEN,
    "/decision/{d}/record.md": SEEN,
    "/decision/{d}/decide/": DECIDES,
    "/decision/{d}/pass-on/": DECIDES,
    "/decision/{d}/withdraw/": DECIDES,
    "/decision/{d}/score/": LOGS,
    "/decision/{d}/option/": LOGS,
    "/decision/0/decide/": NOWHERE,
    "/answer/{o}/withdraw/": LOGS,
    "/answer/0/withdraw/": NOWHERE,
    "/push-back/{m}/": SEEN,
    "/push-back/{m}/memo.md": SEEN,
    "/push-back/{m}/edit/": LOGS,
    "/push-back/0/": NOWHERE,
}


def test_each_door_opens_for_whom_it_should(
    request: pytest.FixtureRequest, scene: Scene, page_of: Browser, plain_refusals: None
) -> None:
    question = scene.question()
    memo = actions.write_memo(
        commitment=scene.api, requested_on=scene.on(9), asked_by="Robert", by=user_of(scene.asker)
    )
    numbers = {
        "r": scene.risk.pk, "a": scene.ask().pk, "q": scene.require().pk, "d": question.pk,
        "o": question.options.all()[0].pk, "m": memo.pk,
    }  # fmt: skip

    def knock(browser: Client, door: str) -> int:
        """What reading answers; where that is refused, sending something is refused in the same way."""
        address = door.format(**numbers)
        answer = browser.get(address).status_code
        sent = browser.post(address).status_code if answer in (403, 404) else answer
        return answer if sent in (answer, 405) else sent

    assert not knocked(request, PERSONAS, DOORS, page_of, knock)


def test_who_is_not_signed_in_is_sent_to_the_log_in_page(client: object, scene: Scene) -> None:
    for door in DOORS:
        answer = client.get(door.format(r=1, a=1, q=1, d=1, o=1, m=1))  # type: ignore[attr-defined]
        assert answer.headers["Location"].startswith("/accounts/login/"), door


def test_every_address_has_its_row() -> None:
    doors = {re.sub(r"\{\w\}|squad-a", "*", door) for door in DOORS}
    for pattern in urlpatterns:
        address = "/" + re.sub(r"<\w+:\w+>", "*", str(pattern.pattern))
        assert address in doors, address
