"""The administration pages open, delete nothing, and write through the same verbs; the first administrator."""

from __future__ import annotations

import io
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from teams.models import Grant, Membership, Person, Team, User
from tests.personas import Organisation

MODELS = ("team", "person", "membership", "grant", "user")


@pytest.fixture
def office(installer: User) -> Client:
    client = Client()
    client.force_login(installer)
    return client


def test_every_page_opens(office: Client, organisation: Organisation, engineer: Membership, manager_a: Person) -> None:
    first = {"team": Team, "person": Person, "membership": Membership, "grant": Grant, "user": User}
    assert office.get("/admin/").status_code == 200
    for model in MODELS:
        assert office.get(f"/admin/teams/{model}/?q=a").status_code == 200, model
        one = first[model].objects.first()  # type: ignore[attr-defined]
        assert office.get(f"/admin/teams/{model}/{one.pk}/change/").status_code == 200, model


def test_nothing_can_be_deleted_or_added(office: Client, organisation: Organisation, engineer: Membership) -> None:
    for model, pk in (("membership", engineer.pk), ("team", organisation.root.pk), ("person", engineer.person_id)):
        assert office.post(f"/admin/teams/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
        assert office.get(f"/admin/teams/{model}/add/").status_code == 403


def test_a_name_put_right_is_kept_with_who_did_it(office: Client, organisation: Organisation, installer: User) -> None:
    team = organisation.squad_a
    empty = {
        f"{prefix}-{name}": 0
        for prefix in ("children", "memberships", "grants")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    form = {"name": "Squad Alpha", "kind": "squad", "about": "", "position": 0}
    assert office.post(f"/admin/teams/team/{team.pk}/change/", form | empty).status_code == 302
    event = Team.pgh_event_model.objects.filter(pgh_obj=team).order_by("-pgh_id").first()
    assert (event.name, event.pgh_context.metadata["action"]) == ("Squad Alpha", "edit_team")
    taken = office.post(f"/admin/teams/team/{team.pk}/change/", form | empty | {"name": "squad b"})
    assert taken.status_code == 200
    team.refresh_from_db()
    assert team.name == "Squad Alpha"


def test_staff_who_govern_the_top_may_look_and_others_may_not(administrator: Person, manager_a: Person) -> None:
    for person, answer in ((administrator, 200), (manager_a, 403)):
        User.objects.filter(pk=person.user_id).update(is_staff=True)
        client = Client()
        client.force_login(User.objects.get(pk=person.user_id))
        assert client.get("/admin/teams/team/").status_code == answer
        assert client.get(f"/admin/teams/user/{person.user_id}/change/").status_code == answer
    assert client.post(f"/admin/teams/user/{manager_a.user_id}/change/", {"is_superuser": "on"}).status_code == 403


def test_the_log_in_of_the_administration_is_the_one_log_in(db: None) -> None:
    assert Client().get("/admin/login/").url.startswith("/accounts/login/")


def create_administrator(password: str, *words: str) -> str:
    out = io.StringIO()
    with mock.patch("sys.stdin", io.StringIO(password + "\n")):
        call_command("create_administrator", *words, stdout=out)
    return out.getvalue()


def test_the_first_administrator_gets_a_top_team_and_signs_in(db: None) -> None:
    said = create_administrator("a long password here", "ada@example.org", "Ada Byron", "--team", "Engineering")
    assert "administrator of Engineering" in said
    assert Team.objects.get().kind == Team.Kind.GROUP
    assert Grant.objects.get().role == Grant.Role.ADMINISTRATOR
    client = Client()
    assert client.post("/accounts/login/", {"login": "ada@example.org", "password": "a long password here"}).url
    assert client.get("/teams/engineering/").status_code == 200
    assert client.get("/admin/").status_code == 200


def test_the_command_refuses_a_weak_password_and_a_known_address(organisation: Organisation) -> None:
    with pytest.raises(CommandError, match="too short"):
        create_administrator("short", "ada@example.org", "Ada Byron")
    assert not User.objects.filter(email="ada@example.org").exists()
    create_administrator("a long password here", "ada@example.org", "Ada Byron", "--director")
    assert Team.objects.filter(parent=None).count() == 1
    with pytest.raises(CommandError, match="already"):
        create_administrator("a long password here", "ADA@example.org", "Ada Byron")
