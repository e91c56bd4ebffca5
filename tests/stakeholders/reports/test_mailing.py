"""Reports by mail, to a real mail server: taken, refused, put off, lost on the way; and never twice."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import openpyxl
import pypdf
import pytest
from django.db import connection
from django.utils import timezone
from pptx import Presentation

from delivery.actions.rules import Refused
from metrics.periods import Week
from stakeholders.models import Bounce, Delivery, Report, Schedule
from stakeholders.reports import actions as verbs
from stakeholders.reports.kept import Kept
from stakeholders.reports.sending import delivering, mailing, outbox, schedules
from stakeholders.reports.sending.timing import MOST_TRIES, PAUSES
from teams.models import Grant, Person, Team, User
from tests.fakes.mail import MailServer
from tests.personas import Organisation, somebody
from tests.stakeholders.registers import user_of

from .sent import report

pytestmark = pytest.mark.django_db
State = Delivery.State
NOW = datetime.fromisoformat("2026-11-23T08:00:00+00:00")


@pytest.fixture
def post(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.ADDRESS = "https://plumbline.example.org"
        settings.DEFAULT_FROM_EMAIL = "Plumbline <reports@example.org>"
        yield server


@pytest.fixture
def whole() -> None:
    """Asked for by tests that read the files which go along; for the others making them takes too long."""


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "whole" not in request.fixturenames:
        monkeypatch.setattr(mailing, "_made", lambda *_: b"as made")


@dataclass
class Scene:
    organisation: Organisation
    team: Team
    director: Person
    executive: Person
    report: Report

    @property
    def by(self) -> User:
        return user_of(self.director)

    def mail(self, *people: Person, report: Report | None = None) -> list[Delivery]:
        outbox.mail(report=report or self.report, audience="finance", people=people, by=self.by, at=NOW)
        return list(Delivery.objects.order_by("pk"))


@pytest.fixture
def scene(organisation: Organisation, director: Person, executive: Person) -> Scene:
    return Scene(
        organisation, organisation.platform, director, executive, report(organisation.platform, user_of(director))
    )


def _run(at: datetime = NOW) -> int:
    return delivering.deliver_due(now=lambda: at)


def _fresh(row: Delivery) -> Delivery:
    row.refresh_from_db()
    return row


# --- taken -----------------------------------------------------------------------------------------------------------


def test_a_person_gets_words_pages_and_the_pdf_in_a_mail_of_their_own(
    scene: Scene, post: MailServer, whole: None
) -> None:
    first, second = scene.mail(scene.executive, scene.director)
    assert _run() == 2
    assert [one.to for one in post.letters] == [["ruth.adler@example.org"], ["maya.lindqvist@example.org"]]
    letter = post.letters[0]
    assert letter.sender == "reports@example.org"
    assert letter.message["Message-ID"] == _fresh(first).message_id
    assert letter.message["Message-ID"].endswith("@plumbline.example.org>")
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert "Where each outcome stands" in letter.part("text/plain").decode()
    assert "prefers-color-scheme" in letter.part("text/html").decode()
    pages = pypdf.PdfReader(io.BytesIO(letter.part("application/pdf"))).pages
    assert "Go-live is forecast" in pages[0].extract_text()
    assert (_fresh(first).state, first.done_at, first.error) == (State.SENT, NOW, "")
    assert _fresh(second).state == State.SENT
    assert _run() == 0


def test_lines_that_begin_with_a_dot_arrive_as_they_are(scene: Scene, post: MailServer) -> None:
    message = mailing.compose(scene.mail(scene.executive)[0], Kept(scene.report))
    message.body = ".\n..\n.end\n"
    mailing.send(message, hand=lambda: None, done=lambda: None)
    assert post.letters[0].part("text/plain").decode().replace("\r\n", "\n") == ".\n..\n.end\n"


def test_a_schedule_says_what_goes_along(scene: Scene, post: MailServer, whole: None) -> None:
    terms = schedules.Terms(
        audience="finance", way="email", weekday=1, at_time=time(8), people=[scene.executive], attach_pdf=False,
        attach_pptx=True, attach_xlsx=True,
    )  # fmt: skip
    schedule = schedules.make(team=scene.team, terms=terms, by=scene.by)
    outbox.by_schedule(report=scene.report, schedule=schedule, at=NOW)
    _run()
    parts = {
        one.get_filename(): one.get_payload(decode=True) for one in post.letters[0].message.walk() if one.get_filename()
    }
    assert sorted(parts) == ["integration-platform-2026-w47-finance.pptx", "integration-platform-2026-w47-finance.xlsx"]
    assert len(Presentation(io.BytesIO(parts["integration-platform-2026-w47-finance.pptx"])).slides) == 4
    assert (
        openpyxl.load_workbook(io.BytesIO(parts["integration-platform-2026-w47-finance.xlsx"])).sheetnames[0] == "About"
    )


def test_who_has_a_report_does_not_get_it_again(scene: Scene, post: MailServer) -> None:
    scene.mail(scene.executive)
    _run()
    assert len(scene.mail(scene.executive)) == 1
    _run(NOW + timedelta(days=1))
    assert len(post.letters) == 1


# --- refused ---------------------------------------------------------------------------------------------------------


def test_one_address_that_is_refused_stops_nobody_else_and_gets_nothing_more(scene: Scene, post: MailServer) -> None:
    post.answers["ruth.adler@example.org"] = "550 5.1.1 no such user"
    refused, taken = scene.mail(scene.executive, scene.director)
    _run()
    assert [one.to for one in post.letters] == [["maya.lindqvist@example.org"]]
    assert _fresh(taken).state == State.SENT
    assert _fresh(refused).state == State.REFUSED
    assert "550 5.1.1 no such user" in refused.error
    bounce = Bounce.objects.get()
    assert (bounce.address, bounce.delivery) == ("ruth.adler@example.org", refused)

    later = report(scene.team, scene.by)
    scene.mail(scene.executive, report=later)
    post.answers.clear()
    _run()
    assert len(post.letters) == 1
    with pytest.raises(Refused, match="Clear that first"):
        outbox.retry(delivery=Delivery.objects.get(report=later), by=scene.by)
    outbox.clear(bounce=bounce, by=scene.by)
    outbox.retry(delivery=Delivery.objects.get(report=later), by=scene.by, at=NOW)
    _run()
    assert post.letters[1].to == ["ruth.adler@example.org"]


def test_a_mail_that_is_refused_says_nothing_against_its_address(scene: Scene, post: MailServer) -> None:
    post.data = lambda _: "554 5.7.1 too many pictures"
    (row,) = scene.mail(scene.executive)
    _run()
    assert _fresh(row).state == State.REFUSED
    assert not Bounce.objects.exists()


# --- another time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["rcpt", "data", "down", "silent"])
def test_what_fails_for_a_while_is_tried_again_and_arrives_once(
    how: str, scene: Scene, post: MailServer, settings: Any
) -> None:
    (row,) = scene.mail(scene.executive)
    port = settings.EMAIL_PORT
    if how == "rcpt":
        post.answers[row.to] = "451 4.7.1 try again later"
    elif how == "data":
        post.data = lambda _: "452 4.3.1 disk full"
    else:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        if how == "silent":
            listening.listen()  # takes the connection and never says a word
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = listening.getsockname()[1], 0.2
    _run()
    assert _fresh(row).state == State.WAITING
    assert row.error.startswith("The mail server")
    assert (row.attempts, row.next_try_at, row.handed_at) == (1, NOW + PAUSES[0], None)
    assert _run(NOW + timedelta(seconds=59)) == 0
    post.answers.clear()
    post.data, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = None, port, 5
    _run(NOW + PAUSES[0])
    assert (_fresh(row).state, row.attempts) == (State.SENT, 2)
    assert len(post.letters) == 1


def test_tries_end_and_a_person_can_begin_anew(scene: Scene, post: MailServer) -> None:
    (row,) = scene.mail(scene.executive)
    post.answers[row.to] = "421 4.3.2 come back tomorrow"
    at = NOW
    for _ in range(MOST_TRIES):
        _run(at)
        at = _fresh(row).next_try_at or at
    assert (row.state, row.attempts) == (State.GIVEN_UP, MOST_TRIES)
    assert "come back tomorrow" in row.error
    post.answers.clear()
    outbox.retry(delivery=row, by=scene.by, at=at)
    _run(at)
    assert _fresh(row).state == State.SENT
    with pytest.raises(Refused, match="arrived"):
        outbox.retry(delivery=row, by=scene.by)


# --- perhaps ---------------------------------------------------------------------------------------------------------


def test_silence_after_the_mail_was_handed_over_is_for_a_person_to_judge(
    scene: Scene, post: MailServer, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT, post.silent_after_data = 0.3, True
    (row,) = scene.mail(scene.executive)
    _run()
    assert _fresh(row).state == State.UNCLEAR
    assert "Ask whether it arrived" in row.error
    assert _run(NOW + timedelta(days=2)) == 0
    assert len(post.letters) == 1


def test_a_worker_that_died_before_handing_over_is_replaced_and_after_it_a_person_decides(
    scene: Scene, post: MailServer
) -> None:
    before, after = scene.mail(scene.executive, scene.director)
    for row in (before, after):
        Delivery.objects.filter(pk=row.pk).update(attempts=1, claimed_until=NOW + delivering.LEASE)
    Delivery.objects.filter(pk=after.pk).update(handed_at=NOW)
    assert _run() == 0
    _run(NOW + delivering.LEASE)
    assert (_fresh(before).state, _fresh(after).state) == (State.SENT, State.UNCLEAR)
    assert [one.to for one in post.letters] == [[before.to]]


def test_a_worker_whose_lease_ran_out_sends_nothing(scene: Scene, post: MailServer) -> None:
    (row,) = scene.mail(scene.executive)
    taken = delivering._taken(NOW)
    assert taken is not None
    delivering.deliver(taken, now=lambda: NOW + delivering.LEASE)
    assert post.letters == []
    assert _fresh(row).state == State.WAITING


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_every_mail_once(scene: Scene, post: MailServer) -> None:
    people = [somebody(f"Reader {sign}", Grant.Role.EXECUTIVE, scene.team) for sign in "ABCDEF"]
    scene.mail(*people)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        try:
            _run()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(30)
    assert sorted(one.to[0] for one in post.letters) == sorted(one.email for one in people)
    assert set(Delivery.objects.values_list("state", "attempts")) == {(State.SENT, 1)}


# --- who may ---------------------------------------------------------------------------------------------------------


def test_rights_are_asked_at_the_moment_of_sending(scene: Scene, post: MailServer) -> None:
    rows = scene.mail(scene.executive, scene.director)
    Grant.objects.filter(person=scene.executive).update(revoked_at=timezone.now(), revoked_by=scene.by)
    _run()
    assert [one.to for one in post.letters] == [["maya.lindqvist@example.org"]]
    assert _fresh(rows[0]).state == State.REFUSED
    assert "may not see Integration Platform" in rows[0].error


def test_a_person_without_a_log_in_gets_nothing(scene: Scene, post: MailServer) -> None:
    guest = Person.objects.create(name="Guest", email="guest@example.org")
    (row,) = scene.mail(guest)
    _run()
    assert post.letters == []
    assert "has no log-in. Give them a link instead." in _fresh(row).error


def test_what_was_superseded_before_it_left_is_not_sent(scene: Scene, post: MailServer) -> None:
    (row,) = scene.mail(scene.executive)
    later = report(scene.team, scene.by)
    _run()
    assert post.letters == []
    assert _fresh(row).error == f"{later.code} took its place before it was sent."


def test_a_draft_is_never_mailed(scene: Scene, post: MailServer) -> None:
    draft = report(
        scene.organisation_draft if hasattr(scene, "organisation_draft") else scene.team, scene.by, sent=False
    )
    (row,) = scene.mail(scene.executive, report=draft)
    _run()
    assert post.letters == []
    assert _fresh(row).error == "The report was not sent."


# --- schedules -------------------------------------------------------------------------------------------------------


@pytest.fixture
def monday(scene: Scene, settings: Any) -> Schedule:
    """Every Monday at eight, as computed, to the executive."""
    terms = schedules.Terms(
        audience="finance", way="email", weekday=1, at_time=time(8), people=[scene.executive], needs_review=False
    )
    return schedules.make(team=scene.team, terms=terms, by=scene.by, at=NOW - timedelta(days=3))


def test_a_due_schedule_makes_one_report_and_mails_it_once_however_often_it_is_asked(
    monday: Schedule, scene: Scene, post: MailServer
) -> None:
    assert monday.next_at == NOW
    assert schedules.due(NOW - timedelta(seconds=1)) == []
    assert schedules.due(NOW) == [monday.pk]
    schedules.run(monday.pk, NOW)
    assert schedules.run(monday.pk, NOW) is None
    _run()
    assert len(post.letters) == 1
    assert _fresh_schedule(monday).next_at == NOW + timedelta(days=7)


def test_after_weeks_of_outage_only_the_newest_week_is_told(monday: Schedule, scene: Scene, post: MailServer) -> None:
    late = NOW + timedelta(days=23, hours=3)
    made = schedules.run(monday.pk, late)
    assert made is not None
    assert made.monday.isoformat() == "2026-12-14"
    assert Kept(made).is_sent
    _run(late)
    assert len(post.letters) == 1
    assert _fresh_schedule(monday).next_at == NOW + timedelta(days=28)


def test_a_schedule_rests_and_says_why_when_its_maker_lost_the_right(monday: Schedule, scene: Scene) -> None:
    Grant.objects.filter(person=scene.director).update(revoked_at=timezone.now(), revoked_by=scene.by)
    assert schedules.run(monday.pk, NOW) is None
    row = _fresh_schedule(monday)
    assert (row.paused_at, row.next_at) == (NOW, None)
    assert row.paused_why == (
        "Maya Lindqvist may not decide over Integration Platform any more. Go on with it to send it in your name."
    )
    assert not Delivery.objects.exists()


def test_a_schedule_that_waits_for_a_review_tells_the_reviewers_and_sends_after_it(
    scene: Scene, post: MailServer, settings: Any
) -> None:
    now = timezone.now()
    wall = now.astimezone(settings.ORGANISATION_ZONE)
    terms = schedules.Terms(
        audience="finance", way="email", weekday=wall.isoweekday(),
        at_time=wall.time().replace(second=0, microsecond=0), people=[scene.executive],
    )  # fmt: skip
    squad = scene.organisation.squad_b
    schedule = schedules.make(team=squad, terms=terms, by=scene.by, at=now - timedelta(days=9))
    draft = schedules.run(schedule.pk, now)
    assert draft is not None
    assert not Kept(draft).is_sent
    _run(now)
    assert [one.to for one in post.letters] == [["maya.lindqvist@example.org"]]
    assert f"https://plumbline.example.org/report/{draft.pk}/" in post.letters[0].part("text/plain").decode()

    verbs.review(report=draft, seen=Kept(draft).hash, by=scene.by)
    verbs.send(report=draft, by=scene.by, seen=Kept(draft).hash)
    _run(timezone.now())
    assert [one.to for one in post.letters[1:]] == [["ruth.adler@example.org"]]


def test_words_that_somebody_wrote_are_never_sent_unread(monday: Schedule, scene: Scene, post: MailServer) -> None:
    later = NOW + timedelta(days=7)
    draft, _ = verbs.draft(team=scene.team, week=Week(NOW.date()), now=later, by=scene.by)
    verbs.write(report=draft, key="headline", words="All is well.", by=scene.by)
    schedules.run(monday.pk, later)
    assert not Kept(Report.objects.get(pk=draft.pk)).is_sent
    assert [one.way for one in Delivery.objects.all()] == ["notice"]


def test_paused_and_ended_schedules_do_not_run(monday: Schedule, scene: Scene) -> None:
    schedules.pause(schedule=monday, by=scene.by, at=NOW)
    assert schedules.due(NOW + timedelta(days=30)) == []
    row = schedules.resume(schedule=monday, by=scene.by, at=NOW)
    assert row.next_at == NOW + timedelta(days=7)
    schedules.end(schedule=monday, by=scene.by, at=NOW)
    assert schedules.due(NOW + timedelta(days=30)) == []
    with pytest.raises(Refused, match="was ended"):
        schedules.resume(schedule=monday, by=scene.by)


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_report(monday: Schedule, scene: Scene, post: MailServer) -> None:
    start, made = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        try:
            made.append(schedules.run(monday.pk, NOW + timedelta(days=7)))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(30)
    assert sum(one is not None for one in made) == 1
    assert Report.objects.exclude(pk=scene.report.pk).count() == 1
    assert Delivery.objects.count() == 1


def _fresh_schedule(row: Schedule) -> Schedule:
    row.refresh_from_db()
    return row
