# ruff: noqa: F811 (fixtures are imported)
"""Acceptances: who signs what, what makes a signature worth nothing, and what cannot be forged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from delivery import actions as promises
from stakeholders.models import Acceptance, AcceptanceVersion, FailedSigning, Seat, Signature
from stakeholders.registers import actions, held, seals
from stakeholders.registers.actions import Refused, Signer
from stakeholders.registers.standing import Edition, Mark, State, standing
from teams.models import Grant, Person
from tests.delivery.commitments import words
from tests.personas import somebody

from .registers import PASSWORD, TEXTS, Browser, Scene, mark, scene, state, user_of

__all__ = ["scene"]
db = pytest.mark.django_db


def sent(row: Acceptance, **more: str) -> dict[str, str]:
    return {"password": PASSWORD, "seen": mark(row)} | more


# --- how it stands: pure ---------------------------------------------------------------------------------------------

TODAY = timezone.datetime(2026, 11, 25).date()


def edition(**more: Any) -> Edition:
    said: dict[str, Any] = {
        "number": 1, "renews": False, "seats": (1, 2), "in_order": True, "content_hash": "a",
        "expires_on": TODAY + timedelta(5),
    }  # fmt: skip
    return Edition(**(said | more))


def test_it_is_in_force_only_with_every_signature_on_this_text_until_its_last_day() -> None:
    both = (Mark(seat=1, content_hash="a"), Mark(seat=2, content_hash="a"))
    at = {"today": TODAY, "revoked": False}
    assert standing([edition(marks=both[:1])], **at).state is State.WAITING
    assert standing([edition(marks=both)], **at).state is State.IN_FORCE
    assert standing([edition(marks=both, expires_on=TODAY)], **at).state is State.IN_FORCE
    assert standing([edition(marks=both, expires_on=TODAY - timedelta(1))], **at).state is State.EXPIRED
    assert standing([edition(marks=both, content_hash="b")], **at).state is State.STALE
    assert standing([edition(marks=both)], today=TODAY, revoked=True).state is State.REVOKED
    assert edition(seats=()).complete is False


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab")), max_size=6), st.booleans(), st.integers(-2, 2),
    st.booleans(),
)  # fmt: skip
@hypothesis_settings(max_examples=60, deadline=None)
def test_whatever_was_signed_it_holds_exactly_when_nothing_is_missing(
    given_: list[tuple[int, str]], revoked: bool, days: int, in_order: bool
) -> None:
    marks = tuple(Mark(seat=seat, content_hash=text) for seat, text in given_)
    one = edition(seats=(1, 2, 3), marks=marks, expires_on=TODAY + timedelta(days), in_order=in_order)
    wanted = {(seat, "a") for seat in (1, 2, 3)} <= set(given_) and days >= 0 and not revoked
    assert standing([one], today=TODAY, revoked=revoked).holds == wanted
    assert not set(one.open_to) & one.signed


def test_a_renewal_leaves_the_version_before_in_force_and_a_revision_does_not() -> None:
    both = (Mark(seat=1, content_hash="a"), Mark(seat=2, content_hash="a"))
    first = edition(marks=both)
    for renews, holds in ((True, True), (False, False)):
        second = edition(number=2, renews=renews, seats=(3, 4), content_hash="c", expires_on=TODAY + timedelta(90))
        found = standing([first, second], today=TODAY, revoked=False)
        assert found.holds is holds
        assert found.version == (1 if holds else 2)


# --- signing ---------------------------------------------------------------------------------------------------------


@db
def test_it_comes_into_force_with_the_last_signature_and_each_is_printed(scene: Scene, page_of: Browser) -> None:
    row = scene.ask()
    for person, after in ((scene.reviewer, "1 of 3 signed"), (scene.director, "2 of 3 signed")):
        browser = page_of(person)
        shown = browser.get(f"/acceptance/{row.pk}/sign/").content.decode()
        assert "We accept going live without a log of reads." in shown
        assert "$18k a day from 26 Dec" in shown
        answer = browser.post(f"/acceptance/{row.pk}/sign/", sent(row), follow=True)
        assert after in words(answer.content.decode())
        assert state(row) == "waiting"
    legal = page_of(scene.legal)
    assert "needs your signature" in words(legal.get("/risks/squad-a/").content.decode())
    answer = legal.post(f"/acceptance/{row.pk}/sign/", sent(row), follow=True)
    assert "It is in force." in words(answer.content.decode())
    assert state(row) == "in force"
    signature = Signature.objects.order_by("-pk").first()
    assert signature is not None
    paper = words(legal.get(f"/acceptance/{row.pk}/print/").content.decode())
    for said in ("Laura Bennett", "Maya Lindqvist", "Anneke Vos", signature.digest, "every signature holds", "UTC"):
        assert said in paper
    scene.legal.name, scene.legal.title = "Laura Married", "Elsewhere"
    scene.legal.save()
    row_again = Signature.objects.get(pk=signature.pk)
    assert (row_again.printed_name, row_again.meaning) == ("Laura Bennett", "approval")


@db
def test_the_password_is_asked_again_and_wrong_ones_are_counted(scene: Scene, page_of: Browser) -> None:
    row = scene.ask(in_order=False)
    browser = page_of(scene.director)
    address = f"/acceptance/{row.pk}/sign/"
    assert browser.post(address, sent(row, password="")).status_code == 422
    for left in (4, 3, 2, 1):
        answer = browser.post(address, sent(row, password="not it"))
        assert f"{left} more" in answer.content.decode()
        assert "not it" not in answer.content.decode()
    assert "waits for 15 minutes" in browser.post(address, sent(row, password="not it")).content.decode()
    answer = browser.post(address, sent(row))  # the right one comes too late
    assert answer.status_code == 422
    assert "Signing is possible again at 12:15" in answer.content.decode()
    assert FailedSigning.objects.count() == 5
    assert not Signature.objects.exists()
    assert page_of(scene.legal).post(address, sent(row)).status_code == 302  # others are not held up


@db
def test_who_asks_cannot_sign_and_nobody_signs_twice_or_out_of_turn(scene: Scene, page_of: Browser) -> None:
    Grant.objects.create(person=scene.asker, role=Grant.Role.LEGAL, team=scene.organisation.root)
    row = scene.ask(
        signers=[Signer(role="director", person=scene.director), Signer(role="legal"), Signer(role="legal")]
    )
    address = f"/acceptance/{row.pk}/sign/"
    said = page_of(scene.asker).post(address, sent(row)).content.decode()
    assert "You asked for this acceptance, so you cannot sign it" in said
    said = page_of(scene.legal).post(address, sent(row)).content.decode()
    assert "Maya Lindqvist comes before you" in said
    assert page_of(scene.director).post(address, sent(row)).status_code == 302
    assert "You have signed this already" in page_of(scene.director).post(address, sent(row)).content.decode()
    assert page_of(scene.legal).post(address, sent(row)).status_code == 302
    assert "You have signed this already" in page_of(scene.legal).post(address, sent(row)).content.decode()
    assert Signature.objects.count() == 2
    assert state(row) == "waiting"  # two of legal were asked for, and one person is not two


@db
@pytest.mark.parametrize("change", ["slip", "deadline", "penalty", "text"])
def test_what_changed_since_it_was_shown_is_not_signed_and_what_was_signed_asks_again(
    scene: Scene, page_of: Browser, change: str
) -> None:
    row = scene.ask()
    scene.sign(row, scene.reviewer)
    seen = mark(row)
    by = user_of(scene.director)
    if change == "slip":
        promises.log_slip(
            commitment=scene.api, to_date=scene.on(27), reason="vendor", by=by, options=[promises.Proposal(title="x")]
        )
        said = "FHIR Patient API was promised for"
    elif change == "text":
        actions.revise_acceptance(
            acceptance=row, wording=actions.Wording(**(TEXTS | {"cost_if": "$9m"})), signers=scene.signers(),
            expires_on=scene.on(60), by=user_of(scene.asker),
        )  # fmt: skip
        said = ""
    else:
        amount, days = (9_900_000, 30) if change == "penalty" else (1_800_000, 28)
        promises.edit_deadline(
            deadline=scene.deadline, by=by, name="CMS", date=scene.on(days), milestone=scene.live, currency="USD",
            windows=[(scene.on(31), None, "day", amount, None)],
        )  # fmt: skip
        said = "What being late for CMS costs was changed" if change == "penalty" else "The deadline CMS was"
    assert state(row) == ("waiting" if change == "text" else "stale")
    assert held.one(row.pk).signed == 0
    reviewer = page_of(scene.reviewer)
    answer = reviewer.post(f"/acceptance/{row.pk}/sign/", {"password": PASSWORD, "seen": seen})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "It has changed since it was shown to you. Nothing was signed." in shown
    assert said in words(shown)
    assert f'value="{mark(row)}"' in shown  # it has been shown now, and can be signed
    page = words(reviewer.get(f"/acceptance/{row.pk}/").content.decode())
    assert "Signatures that no longer count" in page
    assert "$25k to $140k." in page
    if change == "slip":
        for person in (scene.reviewer, scene.director, scene.legal):
            assert page_of(person).post(f"/acceptance/{row.pk}/sign/", sent(row)).status_code == 302
    else:
        scene.sign_all(row)
    assert state(row) == "in force"
    assert held.one(row.pk).broken is None
    assert Signature.objects.count() == 4


@db
@pytest.mark.parametrize("left", ["role", "seat"])
def test_a_signer_who_left_or_was_never_asked_is_refused(scene: Scene, page_of: Browser, left: str) -> None:
    row = scene.ask(in_order=False)
    browser = page_of(scene.legal)
    if left == "role":
        Grant.objects.create(person=scene.legal, role=Grant.Role.EXECUTIVE, team=scene.organisation.root)
        Grant.objects.filter(person=scene.legal, role="legal").update(
            revoked_at=timezone.now(), revoked_by=user_of(scene.director)
        )
        said = "You no longer hold the role of legal here"
    else:
        browser = page_of(somebody("Other Legal", Grant.Role.LEGAL, scene.organisation.root))
        said = "Your signature is not asked for here"
    answer = browser.post(f"/acceptance/{row.pk}/sign/", sent(row))
    assert said in answer.content.decode()
    assert not Signature.objects.exists()


@db
def test_somebody_whose_log_in_was_shut_cannot_sign_even_through_the_verb(scene: Scene) -> None:
    row = scene.ask(in_order=False)
    user = user_of(scene.legal)
    user.is_active = False
    user.save()
    with pytest.raises(Refused, match="belongs to nobody who works here"):
        actions.sign(acceptance=row, by=user, password=PASSWORD, seen=mark(row))


@db
def test_a_session_that_ended_leads_back_to_the_text_and_the_password_is_asked_again(scene: Scene) -> None:
    row = scene.ask(in_order=False)
    browser = Client()
    answer = browser.post(f"/acceptance/{row.pk}/sign/", sent(row))
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/accounts/login/?next=/acceptance/{row.pk}/sign/"
    answer = browser.post(
        answer.headers["Location"], {"login": scene.director.email, "password": PASSWORD}, follow=True
    )
    assert answer.redirect_chain[-1][0] == f"/acceptance/{row.pk}/sign/"
    shown = answer.content.decode()
    assert mark(row) in shown
    assert 'name="password"' in shown
    assert PASSWORD not in shown
    assert not Signature.objects.exists()
    assert browser.post(f"/acceptance/{row.pk}/sign/", sent(row)).status_code == 302
    assert Signature.objects.count() == 1


# --- what is asked for -----------------------------------------------------------------------------------------------


def form_of(scene: Scene, **more: Any) -> dict[str, Any]:
    return TEXTS | {
        "expires_on": scene.on(60), "risk": scene.risk.pk, "commitments": [scene.api.pk], "in_order": "on",
        "s0-role": "reviewer", "s0-person": scene.reviewer.pk, "s0-meaning": "review",
        "s1-role": "director", "s1-person": scene.director.pk, "s1-meaning": "responsibility",
        "s2-role": "legal", "s2-meaning": "approval",
    } | more  # fmt: skip


@db
def test_an_acceptance_is_asked_for_on_its_page(scene: Scene, page_of: Browser) -> None:
    browser = page_of(scene.asker)
    assert browser.get(f"/acceptances/squad-a/new/?risk={scene.risk.pk}").status_code == 200
    answer = browser.post("/acceptances/squad-a/new/", form_of(scene))
    row = Acceptance.objects.get()
    assert answer.headers["Location"] == f"/acceptance/{row.pk}/"
    shown = words(browser.get(f"/acceptance/{row.pk}/").content.decode())
    for said in ("Not in force, 0 of 3 signed", "Whoever is legal", "Waits for Anneke Vos", "promised for 15 Dec"):
        assert said in shown


@db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"s2-role": ""}, "Nobody signs for legal. A director and legal must both sign."),
        ({"s1-role": "", "s2-role": ""}, "Nobody signs for director and legal"),
        ({"s0-person": ""}, "Name the reviewer."),
        ({"s2-person": "reviewer"}, "Somebody is named twice"),
        ({"s0-person": "asker"}, "Ines Carvalho asks for it, so they cannot sign it"),
        ({"s0-role": "", "s2-person": "reviewer"}, "Anneke Vos does not hold the role of legal here"),
        ({"expires_on": 0}, "Choose a last day after today"),
        ({"expires_on": 500}, "longer than a year"),
        ({"residual": " "}, "This field is required"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_the_text_stays(
    scene: Scene, page_of: Browser, change: dict[str, Any], said: str
) -> None:
    for name, value in change.items():
        if name.endswith("person") and value:
            change = change | {name: getattr(scene, value).pk}
        if name == "expires_on":
            change = change | {name: scene.on(value)}
    answer = page_of(scene.asker).post("/acceptances/squad-a/new/", form_of(scene, **change))
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said in shown
    assert "Proxy logs are kept." in shown
    assert not Acceptance.objects.exists()


# --- what comes after ------------------------------------------------------------------------------------------------


@db
def test_it_ends_on_its_day_and_a_renewal_is_signed_anew_by_all(
    scene: Scene, page_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = scene.ask()
    scene.sign_all(row)
    browser = page_of(scene.asker)
    renewal = {"expires_on": scene.on(120), "reason": "Release 2 is late.", "seen": "1"}
    assert browser.post(f"/acceptance/{row.pk}/renew/", renewal | {"expires_on": scene.on(50)}).status_code == 422
    assert browser.post(f"/acceptance/{row.pk}/renew/", renewal).status_code == 302
    assert "made version 2" in browser.post(f"/acceptance/{row.pk}/renew/", renewal).content.decode()
    assert state(row) == "in force"  # the version before holds
    scene.sign(row, scene.reviewer)
    later = timezone.now() + timedelta(days=61)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert state(row) == "waiting"  # and has ended now
    scene.sign(row, scene.director, scene.legal)
    one = held.one(row.pk)
    assert (one.standing.state.value, one.standing.version) == ("in force", 2)
    assert AcceptanceVersion.objects.get(number=2).reason == "Release 2 is late."
    much_later = later + timedelta(days=70)
    monkeypatch.setattr("django.utils.timezone.now", lambda: much_later)
    assert state(row) == "expired"
    with pytest.raises(Refused, match="Have it renewed"):
        scene.sign(row, scene.reviewer)


@db
def test_a_revocation_is_a_record_and_ends_it(scene: Scene, page_of: Browser) -> None:
    row = scene.ask()
    scene.sign_all(row)
    legal = page_of(scene.legal)
    assert legal.post(f"/acceptance/{row.pk}/revoke/", {"why": ""}).status_code == 422
    assert legal.post(f"/acceptance/{row.pk}/revoke/", {"why": "The controls failed."}).status_code == 302
    assert state(row) == "revoked"
    shown = legal.get(f"/acceptance/{row.pk}/").content.decode()
    assert "The controls failed." in shown
    assert "Laura Bennett" in shown
    answer = legal.post(f"/acceptance/{row.pk}/revoke/", {"why": "Again"})
    assert "Laura Bennett revoked it" in answer.content.decode()


# --- what cannot be forged -------------------------------------------------------------------------------------------


@pytest.fixture
def freely() -> Callable[[str, list[Any]], None]:
    """Writes as a superuser of the database does: past every trigger."""

    def write(statement: str, values: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, values)
            cursor.execute("SET LOCAL session_replication_role = origin")

    return write


@db
def test_signatures_are_kept_by_the_database(scene: Scene) -> None:
    row = scene.ask()
    (one,) = scene.sign(row, scene.reviewer)
    for spoil in (
        lambda: Signature.objects.filter(pk=one.pk).update(meaning="approval"),
        one.delete,
        lambda: AcceptanceVersion.objects.update(statement="Another"),
        lambda: Seat.objects.update(words="Another"),
    ):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            spoil()


TOUCHED = (
    ("printed_name", "Somebody Else", "was changed after it was signed"),
    ("meaning", "approval", "was changed after it was signed"),
    ("at", "2026-01-01T00:00:00Z", "was changed after it was signed"),
    ("shown", "{}", "is not the text that is kept"),
    ("previous", "0" * 64, "does not follow"),
    ("seal", "0" * 64, "was not made here"),
)


@db
def test_a_signature_that_was_touched_as_superuser_is_found(
    scene: Scene, page_of: Browser, freely: Callable[[str, list[Any]], None]
) -> None:
    row, browser = scene.ask(), page_of(scene.director)
    scene.sign(row, scene.reviewer, scene.director)
    assert "unchanged since" in words(browser.get(f"/acceptance/{row.pk}/").content.decode())
    second = Signature.objects.order_by("-pk").first()
    assert second is not None
    for column, value, said in TOUCHED:
        with transaction.atomic():
            freely(f"UPDATE stakeholders_signature SET {column} = %s WHERE id = %s", [value, second.pk])  # noqa: S608
            found = held.one(row.pk).broken
            assert found is not None, column
            assert found[0] == second.pk, column
            assert said in found[1], column
            shown = words(browser.get(f"/acceptance/{row.pk}/").content.decode())
            assert "Do not rely on this record" in shown, column
            transaction.set_rollback(True)
    assert held.one(row.pk).broken is None, "it was the touching that was found"


@db
def test_a_signature_cannot_be_moved_to_another_record_nor_made_without_the_key(
    scene: Scene, freely: Callable[[str, list[Any]], None]
) -> None:
    row, other = scene.ask(), scene.ask()
    (one,) = scene.sign(row, scene.reviewer)
    seat = other.versions.get().seats.get(position=0)
    freely(
        "UPDATE stakeholders_signature SET acceptance_id = %s, version_id = %s, seat_id = %s WHERE id = %s",
        [other.pk, seat.version_id, seat.pk, one.pk],
    )
    moved = held.one(other.pk)
    assert moved.broken is not None
    assert moved.broken[1] == "what it says was changed after it was signed"
    forged = Signature.objects.get(pk=one.pk)  # whoever knows how can make the digest fit, but not the seal
    digest = seals.digest(seals.canonical(held.said(forged)))
    freely("UPDATE stakeholders_signature SET digest = %s WHERE id = %s", [digest, one.pk])
    again = held.one(other.pk).broken
    assert again is not None
    assert again[1] == "its seal was not made here"


@db
def test_without_a_key_nothing_is_signed(scene: Scene, settings: Any) -> None:
    row = scene.ask()
    settings.SEAL_KEYS = []
    with pytest.raises(Refused, match="PLUMBLINE_SEAL_KEY is missing"):
        scene.sign(row, scene.reviewer)


@pytest.mark.django_db(transaction=True)
def test_two_who_sign_at_the_same_moment_make_one_chain(scene: Scene) -> None:
    row = scene.ask(in_order=False)
    seen = mark(row)
    begin, wrong = threading.Barrier(2, timeout=10), []

    def sign(person: Person) -> None:
        try:
            begin.wait()
            actions.sign(acceptance=row, by=user_of(person), password=PASSWORD, seen=seen)
        except Exception as failure:  # noqa: BLE001 (whatever it is fails the test)
            wrong.append(failure)
        finally:
            connections.close_all()

    both = [threading.Thread(target=sign, args=[one]) for one in (scene.director, scene.legal)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert not wrong
    assert held.one(row.pk).signed == 2
    assert held.one(row.pk).broken is None
