"""Roles and log-ins: given, taken back, and never the last key."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.db import DatabaseError
from django.test import Client, RequestFactory

from teams import actions
from teams.models import Grant, Person, User
from tests.personas import Organisation


@pytest.fixture
def request_of(rf: RequestFactory, settings):  # type: ignore[no-untyped-def]
    request = rf.get("/")
    request.session = {}  # type: ignore[assignment]
    return request


def test_a_role_is_given_once(organisation: Organisation, stranger: Person, installer: User) -> None:
    given = actions.grant(person=stranger, role="manager", team=organisation.squad_b, by=installer)
    assert given.granted_by == installer
    with pytest.raises(actions.Taken, match="already"):
        actions.grant(person=stranger, role="manager", team=organisation.squad_b, by=installer)
    actions.revoke(grant=given, by=installer)
    actions.grant(person=stranger, role="manager", team=organisation.squad_b, by=installer)


def test_an_unknown_role_is_refused(organisation: Organisation, stranger: Person, installer: User) -> None:
    with pytest.raises(actions.ActionError):
        actions.grant(person=stranger, role="king", team=organisation.root, by=installer)


def test_a_role_is_taken_back_once(organisation: Organisation, manager_a: Person, installer: User) -> None:
    held = manager_a.grants.get()
    assert actions.revoke(grant=held, by=installer).revoked_by == installer
    with pytest.raises(actions.Over):
        actions.revoke(grant=held, by=installer)


def test_the_last_who_can_give_roles_over_the_top_keeps_that(director: Person, installer: User) -> None:
    with pytest.raises(actions.LastKey, match="Maya Lindqvist is the last"):
        actions.revoke(grant=director.grants.get(), by=installer)
    with pytest.raises(actions.LastKey):
        actions.stop_login(person=director, by=installer)


def test_with_an_administrator_the_director_can_go(
    director: Person, administrator: Person, organisation: Organisation
) -> None:
    actions.revoke(grant=director.grants.get(), by=administrator.user)
    with pytest.raises(actions.LastKey):
        actions.revoke(grant=administrator.grants.get(), by=administrator.user)


def test_an_administrator_who_cannot_sign_in_is_no_key(director: Person, administrator: Person) -> None:
    actions.stop_login(person=administrator, by=director.user)
    with pytest.raises(actions.LastKey):
        actions.revoke(grant=director.grants.get(), by=director.user)
    actions.revoke(grant=administrator.grants.get(), by=director.user)


def test_nobody_shuts_themselves_out(director: Person, administrator: Person) -> None:
    with pytest.raises(actions.ActionError, match="yourself"):
        actions.stop_login(person=director, by=director.user)


def test_a_shut_log_in_ends_the_session(director: Person, manager_a: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    browser: Client = page_of(manager_a)
    assert browser.get("/teams/").status_code == 200
    actions.stop_login(person=manager_a, by=director.user)
    assert browser.get("/teams/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_an_invited_person_chooses_a_password_by_mail_and_signs_in(page_of, director: Person) -> None:  # type: ignore[no-untyped-def]
    person = Person.objects.create(name="Li Wei", email="li.wei@example.org", created_by=director.user)
    answer = page_of(director).post(f"/people/{person.pk}/login/")
    assert answer.status_code == 302
    (letter,) = mail.outbox
    assert letter.to == ["li.wei@example.org"]
    assert "Li," in letter.body
    link = re.search(r"http\S+", letter.body)[0]  # type: ignore[index]
    browser = Client()
    form = browser.get(link, follow=True)
    done = browser.post(form.redirect_chain[-1][0], {"password1": "correct horse 9", "password2": "correct horse 9"})
    assert done.status_code == 302
    signed_in = Client().post("/accounts/login/", {"login": "LI.WEI@example.org", "password": "correct horse 9"})
    assert signed_in.status_code == 302


def test_a_log_in_needs_an_e_mail_that_is_free(organisation: Organisation, installer: User, request_of) -> None:  # type: ignore[no-untyped-def]
    person = Person.objects.create(name="Nobody")
    with pytest.raises(actions.ActionError, match="no e-mail"):
        actions.give_login(person=person, by=installer, request=request_of)
    Person.objects.filter(pk=person.pk).update(email=installer.email.upper())
    with pytest.raises(actions.Taken, match="signs somebody else in"):
        actions.give_login(person=person, by=installer, request=request_of)


def test_somebody_with_a_password_needs_no_invitation(manager_a: Person, installer: User, request_of) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(actions.Over, match="can sign in"):
        actions.give_login(person=manager_a, by=installer, request=request_of)


def test_a_log_in_opens_again(
    manager_a: Person,
    director: Person,
    request_of,
    django_capture_on_commit_callbacks,  # type: ignore[no-untyped-def]
) -> None:
    actions.stop_login(person=manager_a, by=director.user)
    with django_capture_on_commit_callbacks():
        assert actions.give_login(person=manager_a, by=director.user, request=request_of).is_active


def test_a_new_e_mail_is_also_what_one_signs_in_with(manager_a: Person, installer: User) -> None:
    actions.edit_person(person=manager_a, name="Ines Silva", email="ines@example.org", by=installer)
    user = User.objects.get(pk=manager_a.user_id)
    assert (user.email, user.first_name, user.last_name) == ("ines@example.org", "Ines", "Silva")
    with pytest.raises(actions.Taken):
        actions.edit_person(person=manager_a, name="Ines Silva", email="INSTALLER@example.org", by=installer)
    with pytest.raises(actions.ActionError, match="signs in with an e-mail"):
        actions.edit_person(person=manager_a, name="Ines Silva", email="", by=installer)


def test_a_grant_cannot_be_deleted(manager_a: Person) -> None:
    with pytest.raises(DatabaseError, match="Cannot delete"):
        Grant.objects.all().delete()


def test_nobody_signs_up_by_themselves(db: None, client: Client) -> None:
    assert "Sign Up Closed" in client.get("/accounts/signup/").content.decode() or (
        client.get("/accounts/signup/").templates[0].name.startswith("account/signup_closed")
    )
