"""Every address of the trail × every kind of person, and what the page tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stakeholders.audit import chain, reading, sealing, trail
from stakeholders.urls import urlpatterns
from teams.models import Grant, Person, Team
from tests.personas import Organisation, somebody

from .trails import written

pytestmark = pytest.mark.django_db
Browser = Callable[[Person], Client]

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
GOVERNS = (200, 200, 403, 403, 403, 403, 403, 404)
DOORS = {"/audit/": GOVERNS, "/audit/export.jsonl": GOVERNS}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(persona: str, request: pytest.FixtureRequest, page_of: Browser) -> None:
    browser = page_of(request.getfixturevalue(persona))
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: browser.get(door).status_code for door in DOORS} == expected
    assert {browser.post(door).status_code for door in DOORS} <= {403, 404, 405}
    assert ("Audit trail" in browser.get("/teams/").content.decode()) == (expected["/audit/"] == 200)


def test_every_address_has_its_row() -> None:
    assert {f"/{one.pattern}" for one in urlpatterns if str(one.pattern).startswith("audit")} == DOORS.keys()


def test_a_visitor_is_asked_to_sign_in_and_who_governs_a_part_stays_out(
    organisation: Organisation, page_of: Browser
) -> None:
    assert Client().get("/audit/").status_code == 302
    below = somebody("Half Director", Grant.Role.DIRECTOR, organisation.platform)
    assert page_of(below).get("/audit/").status_code == 403
    top = somebody("Whole Director", Grant.Role.DIRECTOR, organisation.root)
    Team.objects.create(name="Another tree", slug="another-tree", kind=Team.Kind.GROUP)
    assert page_of(top).get("/audit/").status_code == 403


def test_the_page_tells_who_changed_what_from_what_to_what(
    organisation: Organisation, director: Person, page_of: Browser
) -> None:
    browser = page_of(director)
    squad = organisation.squad_a
    data = {"name": "Squad Alpha", "kind": "squad", "about": "<b>FHIR</b>", "parent": organisation.platform.pk}
    assert browser.post(f"/teams/{squad.slug}/edit/", data).status_code == 302
    answer = browser.get(f"/audit/?table=teams_team&key={squad.pk}")
    newest = answer.context["page"].lines[0]
    assert (newest.entry.who, newest.did, newest.record, newest.kind) == (
        "Maya Lindqvist",
        "Changed",
        "Squad Alpha",
        f"Team, number {squad.pk}",
    )
    assert [(one.field, one.old, one.new) for one in newest.changes] == [
        ("name", "Squad A", "Squad Alpha"), ("about", "nothing", "<b>FHIR</b>"),
    ]  # fmt: skip
    assert newest.origin == f"POST /teams/{squad.slug}/edit/"
    assert len(answer.context["page"].lines) == 2
    text = answer.content.decode()
    assert "&lt;b&gt;FHIR&lt;/b&gt;" in text
    assert "<b>FHIR" not in text


def test_what_a_record_points_at_is_named_and_instants_are_the_organisations(
    organisation: Organisation, director: Person, page_of: Browser, settings: Any
) -> None:
    squad = organisation.squad_b
    Team.objects.filter(pk=squad.pk).update(parent=organisation.portal, closed_at=None)
    Person.objects.filter(pk=director.pk).update(created_by=director.user)
    moved = page_of(director).get(f"/audit/?table=teams_team&key={squad.pk}").context["page"].lines[0]
    assert [(one.field, one.old, one.new) for one in moved.changes] == [
        ("part of", "Integration Platform", "Member Portal")
    ]
    added = page_of(director).get("/audit/?table=teams_team").context["page"].lines[-1]
    told = {one.field: one.new for one in (*added.changes, *added.more)}
    local = organisation.root.created_at.astimezone(settings.ORGANISATION_ZONE)
    assert told["created at"] == f"{local:%-d %b %Y, %H:%M:%S}"
    assert told["created by"] == "installer@example.org"
    assert "ID" not in told


def test_it_is_narrowed_by_person_record_and_days_and_read_on_page_by_page(
    organisation: Organisation, director: Person, page_of: Browser
) -> None:
    browser = page_of(director)
    written(120, parent=organisation.root)
    first = browser.get("/audit/?table=teams_team")
    older = browser.get(f"/audit/?{first.context['older']}")
    keys = [line.entry.pk for answer in (first, older) for line in answer.context["page"].lines]
    assert len(keys) == len(set(keys)) == 2 * reading.ON_A_PAGE
    assert keys == sorted(keys, reverse=True)
    assert browser.get("/audit/?who=nobody+of+that+name").content.decode().count("Nothing in the trail fits") == 1
    assert browser.get("/audit/?who=DATABASE").context["page"].lines
    assert not browser.get("/audit/?last=2020-01-01").context["page"].lines
    assert browser.get("/audit/?first=2020-01-01").context["page"].lines


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("first=2026-02-31", "Write the day as"),
        ("first=2026-02-02&last=2026-02-01", "before the first one"),
        ("key=3", "Choose the kind too"),
        ("table=auth_user", "no such kind of record"),
        ("before=99999999999999999999", ""),
        ("before=x&who=" + "y" * 300, "at most 200"),
    ],
)
def test_what_cannot_be_asked_is_said_and_kept(director: Person, page_of: Browser, asked: str, said: str) -> None:
    answer = page_of(director).get(f"/audit/?{asked}")
    assert answer.status_code == 200
    assert said in answer.content.decode()
    for value in (part.partition("=")[2] for part in asked.split("&") if not part.startswith(("before", "table"))):
        assert value in answer.content.decode()


def test_the_page_asks_the_database_as_often_whatever_it_shows(
    organisation: Organisation, director: Person, page_of: Browser
) -> None:
    browser = page_of(director)
    counts = []
    for more in (1, 70):
        written(more, f"Size{more}", parent=organisation.root)
        with CaptureQueriesContext(connection) as asked:
            browser.get("/audit/")
        counts.append(len([query for query in asked.captured_queries if "stakeholders_audit" in query["sql"]]))
    assert counts == [4, 4]


def test_the_export_of_the_page_proves_itself(organisation: Organisation, director: Person, page_of: Browser) -> None:
    written(3, parent=organisation.root)
    sealing.seal()
    answer = page_of(director).get("/audit/export.jsonl")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert "attachment" in answer["Content-Disposition"]
    verdict = chain.check(trail.from_file(lines), sealing.keys())
    assert verdict.broken is None
    assert verdict.entries == len([line for line in lines if json.loads(line)["kind"] == "entry"]) > 3


def test_a_record_links_to_its_history_for_who_may_read_it() -> None:
    from django.template.loader import render_to_string

    given = {"table": "teams_team", "key": 7, "what": "Squad A"}
    shown = render_to_string("components/history_link.html", given | {"shown": True})
    assert "/audit/?table=teams_team&amp;key=7" in shown
    assert render_to_string("components/history_link.html", given | {"shown": False}).strip() == ""
