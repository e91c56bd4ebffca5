"""The pages of schedules, deliveries and links, as a director uses them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from stakeholders.models import Bounce, Delivery, LinkDay, Report, Schedule, ShareLink
from stakeholders.reports.sending import delivering, mailing
from teams.models import Grant, Person
from tests.personas import Organisation, somebody
from tests.stakeholders.registers import user_of

from .sent import report

pytestmark = pytest.mark.django_db
SENDING = "/reports/integration-platform/sending/"
TERMS = {
    "audience": "finance",
    "weekday": "1",
    "at_time": "07:30",
    "way": "email",
    "attach_pdf": "on",
    "needs_review": "on",
}


@pytest.fixture
def browser(director: Person, page_of) -> Client:  # type: ignore[no-untyped-def]
    return page_of(director)


@pytest.fixture
def told(organisation: Organisation, director: Person) -> Report:
    return report(organisation.platform, user_of(director))


def _text(browser: Client, address: str) -> str:
    return " ".join(browser.get(address).content.decode().split())


def test_a_schedule_is_made_changed_paused_and_ended(
    browser: Client, organisation: Organisation, executive: Person
) -> None:
    assert "Nothing goes out by itself" in _text(browser, SENDING)
    answer = browser.post(f"{SENDING}new/", TERMS | {"people": [executive.pk]})
    assert answer.status_code == 302
    row = Schedule.objects.get()
    assert (row.team, list(row.people.all()), row.needs_review) == (organisation.platform, [executive], True)
    page = _text(browser, SENDING)
    assert "Monday at 07:30" in page
    assert "Ruth Adler" in page
    assert "It goes out for the first time on Mon" in page

    browser.post(f"/schedule/{row.pk}/edit/", TERMS | {"people": [executive.pk], "weekday": "5", "attach_pptx": "on"})
    row.refresh_from_db()
    assert (row.weekday, row.attach_pptx) == (5, True)
    browser.post(f"/schedule/{row.pk}/pause/")
    assert "Rests" in _text(browser, SENDING)
    browser.post(f"/schedule/{row.pk}/resume/")
    browser.post(f"/schedule/{row.pk}/end/")
    assert "Nothing goes out by itself" in _text(browser, SENDING)
    assert browser.post(f"/schedule/{row.pk}/edit/", TERMS | {"people": [executive.pk]}).status_code == 422


def test_what_is_refused_keeps_what_was_typed(browser: Client, organisation: Organisation) -> None:
    answer = browser.post(f"{SENDING}new/", TERMS | {"weekday": "3"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose at least one person." in page
    assert '<option value="3" selected>' in page
    answer = browser.post(f"{SENDING}new/", TERMS | {"way": "slack", "address": "https://example.org/hook"})
    assert "no webhook of Slack" in answer.content.decode()
    assert not Schedule.objects.exists()


def test_people_are_found_by_search_and_the_chosen_stay(
    browser: Client, organisation: Organisation, executive: Person, stranger: Person
) -> None:
    for number in range(50):
        somebody(f"Reader {number:02}", Grant.Role.EXECUTIVE, organisation.platform)
    first = browser.get(f"{SENDING}new/").content.decode()
    assert "Sam Stranger" not in first
    assert "people match. Search for a name" in first
    answer = browser.post(
        f"{SENDING}new/", TERMS | {"people": [executive.pk], "find": "reader 49", "search": "1", "weekday": "4"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Reader 49" in page
    assert "Reader 12" not in page
    assert f'value="{executive.pk}" id="id_people_0" checked' in page or f'value="{executive.pk}"' in page
    assert page.count(" checked") >= 1
    assert '<option value="4" selected>' in page
    assert not Schedule.objects.exists()


def test_a_webhook_is_never_shown_again(browser: Client, organisation: Organisation, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DEBUG = True
    address = "https://hooks.slack.com/services/T0/B0/secretword"
    browser.post(f"{SENDING}new/", TERMS | {"way": "slack", "address": address})
    row = Schedule.objects.get()
    for page in (SENDING, f"/schedule/{row.pk}/edit/"):
        assert "secretword" not in _text(browser, page)
    assert 'to Slack <span class="cell-sub" dir="auto">hooks.slack.com #' in _text(browser, SENDING)
    kept = bytes(row.address_secret)
    assert browser.post(f"/schedule/{row.pk}/edit/", TERMS | {"way": "slack", "at_time": "09:00"}).status_code == 302
    row.refresh_from_db()
    assert bytes(row.address_secret) == kept


def test_a_report_is_mailed_now_and_its_fate_is_shown(
    browser: Client, told: Report, executive: Person, mailoutbox: list, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[type-arg]
    monkeypatch.setattr(mailing, "_made", lambda *_: b"as made")
    address = f"/report/{told.pk}/deliver/"
    assert browser.post(address, {"audience": "finance"}).status_code == 422
    browser.post(address, {"audience": "finance", "people": [executive.pk]})
    assert "On the way" in _text(browser, address)
    delivering.deliver_due()
    assert [one.to for one in mailoutbox] == [["ruth.adler@example.org"]]
    assert "Sent" in _text(browser, address)
    again = browser.post(address, {"audience": "finance", "people": [executive.pk]}, follow=True)
    assert "They all have it already." in again.content.decode()


def test_what_did_not_arrive_says_why_and_is_tried_again(browser: Client, told: Report, executive: Person) -> None:
    browser.post(f"/report/{told.pk}/deliver/", {"audience": "finance", "people": [executive.pk]})
    row = Delivery.objects.get()
    reason = "The mail server refused this address (550 no such user)."
    Delivery.objects.update(state="refused", error=reason, done_at=timezone.now(), attempts=1)
    bounce = Bounce.objects.create(address=row.to, reason=reason, delivery=row, at=timezone.now())
    page = _text(browser, SENDING)
    assert "Addresses that refuse mail" in page
    assert page.count("550 no such user") == 2
    held = browser.post(f"/delivery/{row.pk}/retry/", follow=True).content.decode()
    assert "Clear that first" in held
    browser.post(f"/bounce/{bounce.pk}/clear/")
    browser.post(f"/delivery/{row.pk}/retry/")
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("waiting", 0, "")


def test_a_link_is_shown_once_and_counted(browser: Client, told: Report) -> None:
    address = f"/report/{told.pk}/links/"
    answer = browser.post(address, {"audience": "finance", "label": "The board", "days": "7"})
    page = answer.content.decode()
    assert answer.status_code == 200
    token = page.partition("/r/")[2].partition("/")[0]
    assert len(token) == 43
    assert "no-store" in answer["Cache-Control"]
    later = _text(browser, address)
    assert token not in later
    assert "The board" in later
    link = ShareLink.objects.get()
    LinkDay.objects.create(link=link, day=timezone.localdate(), openings=12, last_at=timezone.now())
    assert "Opened 12 times" in _text(browser, address)
    browser.post(f"/link/{link.pk}/revoke/")
    assert "Revoked" in _text(browser, address)
    assert link.expires_at - link.created_at == timedelta(days=7)


def test_bad_terms_of_a_link_are_said_at_their_field(browser: Client, told: Report) -> None:
    answer = browser.post(f"/report/{told.pk}/links/", {"audience": "finance", "days": "900"})
    assert answer.status_code == 422
    assert not ShareLink.objects.exists()


def test_the_report_page_leads_to_mail_and_links_for_who_decides(
    browser: Client, told: Report, executive: Person, page_of
) -> None:  # type: ignore[no-untyped-def]
    assert f"/report/{told.pk}/deliver/" in _text(browser, told.get_absolute_url())
    assert "/deliver/" not in _text(page_of(executive), told.get_absolute_url())


def test_the_ledger_tells_who_was_told_and_leaves_out_who_was_asked_to_review(
    browser: Client, told: Report, executive: Person
) -> None:
    now = timezone.now()
    for way, state, error in (("email", "refused", "No such user."), ("notice", "sent", "")):
        Delivery.objects.create(
            report=told, audience="finance", way=way, person=executive, to=f"{way}@example.org", state=state,
            error=error, content_hash="x", created_at=now, done_at=now, by_name="Maya",
        )  # fmt: skip
    page = _text(browser, "/reports/integration-platform/ledger/")
    assert "email@example.org" in page
    assert "refused, No such user." in page
    assert "notice@example.org" not in page


def test_a_page_of_many_deliveries_costs_no_more_queries(
    browser: Client, told: Report, executive: Person, organisation: Organisation, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(report=told, audience="finance", way="email", person=executive, to=f"{n}@example.org", created_at=now,
                 content_hash="x", by_name="Maya")
        for n in range(120)
    )  # fmt: skip
    with django_assert_max_num_queries(24):
        page = browser.get(SENDING).content.decode()
    assert "1–40 of 120" in page
