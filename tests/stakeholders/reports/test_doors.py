"""Every address of reports × every kind of person: who gets in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from metrics.periods import Week, week_in_review
from stakeholders.models import Rendering, Report
from stakeholders.reports import actions
from stakeholders.reports.kept import Kept
from stakeholders.reports.urls import urlpatterns
from teams.models import Person
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

pytestmark = pytest.mark.django_db
PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
ACTED = (302, 403, 403, 403, 403, 403, 404, 404)
OF_A_DRAFT = (200, 404, 404, 404, 404, 404, 404, 404)
ON_A_DRAFT = (302, 404, 404, 404, 404, 404, 404, 404)
NOTHING = (404,) * 8
WEEK = "2026-W48"

# {d} is a draft, {x} another of a week of its own, {s} a report that was sent, {f} a file of it; of Squad A
DOORS: dict[str, tuple[int, ...]] = {
    "/reports/squad-a/": SEEN,
    "/reports/nowhere/": NOTHING,
    "/reports/squad-a/rows.csv": SEEN,
    "/reports/squad-a/ledger/": SEEN,
    "/reports/squad-a/style/": (200, 403, 403, 403, 403, 403, 404, 404),
    "POST /reports/squad-a/style/": (422, 403, 403, 403, 403, 403, 404, 404),
    "/reports/squad-a/logo/": NOTHING,  # none was chosen
    "/reports/squad-a/ledger/rows.csv": SEEN,
    "POST /reports/squad-a/draft/": (404, 403, 403, 403, 403, 403, 404, 404),  # no week was named
    "/report/{s}/": SEEN,
    "/report/{d}/": OF_A_DRAFT,
    "/report/0/": NOTHING,
    "POST /report/{d}/words/": (422, 404, 404, 404, 404, 404, 404, 404),
    "POST /report/{s}/words/": ACTED,
    "POST /report/{d}/review/": ON_A_DRAFT,
    "POST /report/{s}/review/": ACTED,
    "POST /report/{d}/send/": ON_A_DRAFT,
    "POST /report/{s}/send/": ACTED,
    "POST /report/{s}/refresh/": ACTED,
    "POST /report/{s}/drop/": ACTED,
    "POST /report/{x}/drop/": ON_A_DRAFT,
    "/report/{s}/files/": SEEN,
    "/report/{d}/files/": OF_A_DRAFT,
    "POST /report/{s}/files/json/": (302, 302, 302, 302, 302, 302, 404, 404),
    "POST /report/{s}/files/exe/": NOTHING,
    "POST /report/{d}/files/json/": ON_A_DRAFT,
    "/report/{s}/file/{f}/": SEEN,
    "/report/{d}/file/{f}/": NOTHING,
}


@pytest.fixture
def numbers(organisation: Organisation, director: Person) -> dict[str, int]:
    by, now = user_of(director), timezone.now()
    week = week_in_review(now, settings.ORGANISATION_ZONE)

    def drafted(one: Week) -> Report:
        return actions.draft(team=organisation.squad_a, week=one, now=now, by=by)[0]

    sent, draft, other = (drafted(week.shift(-back)) for back in (2, 1, 0))
    actions.review(report=sent, seen=Kept(sent).hash, by=by)
    actions.send(report=sent, by=by)
    file = Rendering.objects.create(
        report=sent, audience="finance", form="json", content_hash="x", state="ready", body=b"{}", asked_at=now,
        done_at=now,
    )  # fmt: skip
    return {"d": draft.pk, "x": other.pk, "s": sent.pk, "f": file.pk}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, numbers: dict[str, int], page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(request.getfixturevalue(persona))
    answers = {}
    for door in DOORS:
        method, _, address = door.rpartition(" ")
        knock = browser.post if method == "POST" else browser.get
        answers[door] = knock(address.format(**numbers)).status_code
    assert answers == {door: expected[PERSONAS.index(persona)] for door, expected in DOORS.items()}


def test_every_address_has_its_row() -> None:
    rows = {re.sub(r"\{\w\}", "#", door.rpartition(" ")[2]) for door in DOORS}
    example = {"slug:team": "squad-a", "int:pk": "#", "int:rendering": "#", "slug:form": "json"}
    for pattern in urlpatterns:
        address = "/" + re.sub(r"<([^>]+)>", lambda found: example[found.group(1)], str(pattern.pattern))
        assert address in rows, f"{address} has no row in this table"
