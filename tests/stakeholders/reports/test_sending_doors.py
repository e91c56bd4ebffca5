# ruff: noqa: F811 (fixtures are imported)
"""Every address of schedules, deliveries and links × every kind of person: who gets in."""

from __future__ import annotations

import re
from datetime import time

import pytest
from django.test import Client
from django.utils import timezone

from stakeholders.models import Bounce, Delivery
from stakeholders.reports.sending import outbox, schedules, sharing
from stakeholders.reports.sending.urls import urlpatterns
from teams.models import Person
from tests.personas import Organisation
from tests.stakeholders.registers import Browser, user_of

from .sent import report

pytestmark = pytest.mark.django_db

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
DECIDES = (200, 403, 403, 403, 403, 403, 404, 404)
ACTS = (302, 403, 403, 403, 403, 403, 404, 404)
NOWHERE = (404,) * 8
UNSENT = (200, 404, 404, 404, 404, 404, 404, 404)  # a draft is there for who decides alone
DOORS: dict[str, tuple[int, ...]] = {
    "/reports/squad-a/sending/": DECIDES,
    "/reports/nowhere/sending/": NOWHERE,
    "/reports/squad-a/sending/new/": DECIDES,
    "/schedule/{s}/edit/": DECIDES,
    "/schedule/0/edit/": NOWHERE,
    "POST /schedule/{s}/pause/": ACTS,
    "POST /schedule/{s}/resume/": ACTS,
    "/report/{r}/deliver/": DECIDES,
    "/report/{r}/links/": DECIDES,
    "/report/{u}/deliver/": UNSENT,
    "/report/{u}/links/": UNSENT,
    "/report/0/links/": NOWHERE,
    "POST /delivery/{d}/retry/": ACTS,
    "POST /delivery/0/retry/": NOWHERE,
    "POST /bounce/{b}/clear/": ACTS,
    "POST /bounce/0/clear/": NOWHERE,
    "POST /link/{l}/revoke/": ACTS,
    "POST /link/0/revoke/": NOWHERE,
    "POST /schedule/{s}/end/": ACTS,
    "/r/{t}/": (200,) * 8,
    "/r/{t}/report.pdf": (302,) * 8,  # without the ticket of an opened page, back to it
    "/r/nonsense/": NOWHERE,
}


@pytest.fixture
def places(organisation: Organisation, director: Person, executive: Person) -> dict[str, object]:
    by, team = user_of(director), organisation.squad_a
    sent = report(team, by)
    draft = report(team, by, sent=False)
    terms = schedules.Terms(audience="finance", way="email", weekday=1, at_time=time(8), people=[executive])
    schedule = schedules.make(team=team, terms=terms, by=by)
    outbox.mail(report=sent, audience="finance", people=[executive], by=by)
    row = Delivery.objects.get()
    Delivery.objects.update(state="given_up", done_at=timezone.now())
    bounce = Bounce.objects.create(address="old@example.org", reason="550", delivery=row, at=timezone.now())
    link = sharing.share(report=sent, audience="finance", by=by)
    return {"r": sent.pk, "u": draft.pk, "s": schedule.pk, "d": row.pk, "b": bounce.pk, "l": link.row.pk,
            "t": sharing.share(report=sent, audience="finance", by=by).token}  # fmt: skip


def _knock(client: Client, door: str, places: dict[str, object]) -> int:
    method, _, address = door.rpartition(" ")
    return (client.post if method == "POST" else client.get)(address.format(**places)).status_code


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, places: dict[str, object], page_of: Browser
) -> None:
    browser = page_of(request.getfixturevalue(persona))
    browser.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0"
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: _knock(browser, door, places) for door in DOORS} == expected


def test_who_is_not_signed_in_gets_in_by_a_link_alone(client: Client, places: dict[str, object]) -> None:
    for door in DOORS:
        method, _, address = door.rpartition(" ")
        answer = (client.post if method == "POST" else client.get)(address.format(**places))
        if address.startswith("/r/"):
            assert "/accounts/login/" not in answer.get("Location", "")
        else:
            assert answer["Location"].startswith("/accounts/login/"), door


def test_every_address_has_its_row() -> None:
    rows = {re.sub(r"\{\w\}", "0", door.rpartition(" ")[2]) for door in DOORS}
    for pattern in urlpatterns:
        address = re.sub(r"<int:\w+>|<str:token>", "0", f"/{pattern.pattern}").replace("<slug:team>", "squad-a")
        assert address in rows, f"{address} has no row in this table"
