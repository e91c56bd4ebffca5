"""Links to a report: what a reader without a log-in gets, how often, until when; and what everybody else gets."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from delivery.actions.rules import Refused
from stakeholders.models import LinkDay, Report, ShareLink
from stakeholders.reports.sending import sharing
from teams.models import Person, User
from tests.personas import Organisation
from tests.stakeholders.registers import user_of

from .sent import report

pytestmark = pytest.mark.django_db
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@pytest.fixture
def by(director: Person) -> User:
    return user_of(director)


@pytest.fixture
def told(organisation: Organisation, by: User) -> Report:
    return report(organisation.platform, by)


@pytest.fixture
def reader() -> Client:
    return Client(HTTP_USER_AGENT=PERSON)


def _share(told: Report, by: User, **more: Any) -> sharing.Shared:
    return sharing.share(report=told, audience="finance", by=by, **more)


def _openings() -> int:
    return sum(LinkDay.objects.values_list("openings", flat=True))


def test_a_link_shows_one_report_without_the_product_around_it(told: Report, by: User, reader: Client) -> None:
    answer = reader.get(f"/r/{_share(told, by).token}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Go-live is forecast for 8 January" in page
    assert 'class="nav"' not in page
    assert "<script" not in page
    assert not re.search(r'href="/(?!static/|r/)', page)
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert _openings() == 1


def test_only_the_fingerprint_of_a_token_is_kept(told: Report, by: User) -> None:
    shared = _share(told, by)
    assert len(shared.token) == sharing.TOKEN_SIGNS
    row = ShareLink.objects.values().get()
    assert shared.token not in str(row)
    assert _share(told, by).token != shared.token


@pytest.mark.parametrize("how", ["unknown", "cut off", "changed", "expired", "revoked", "used up", "nonsense"])
def test_every_link_that_does_not_hold_gives_the_same_calm_page(
    how: str, told: Report, by: User, reader: Client
) -> None:
    shared = _share(told, by, most_openings=1)
    token = shared.token
    if how == "unknown":
        token = "A" * sharing.TOKEN_SIGNS
    elif how == "cut off":
        token = token[:-1]
    elif how == "changed":
        token = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    elif how == "expired":
        then = timezone.now() - timedelta(days=31)
        ShareLink.objects.update(created_at=then - timedelta(days=1), expires_at=then)
    elif how == "revoked":
        sharing.revoke(link=shared.row, by=by)
    elif how == "used up":
        assert reader.get(f"/r/{token}/").status_code == 200
    else:
        token = "%00%2e%2e"
    answer = reader.get(f"/r/{token}/")
    reference = reader.get("/r/x/")
    assert answer.status_code == 404
    assert answer.content == reference.content
    assert "Ask the person who gave it to you" in answer.content.decode()
    assert answer["X-Robots-Tag"].startswith("noindex")


@pytest.mark.parametrize(
    "agent",
    ["Slackbot-LinkExpanding 1.0", "facebookexternalhit/1.1", "Mozilla/5.0 (compatible; bingbot/2.0)", "curl/8.0", ""],
)
def test_previews_get_no_report_and_count_nothing(agent: str, told: Report, by: User) -> None:
    token = _share(told, by, most_openings=1).token
    answer = Client(HTTP_USER_AGENT=agent).get(f"/r/{token}/")
    assert answer.status_code == 200
    assert "Go-live" not in answer.content.decode()
    assert Client(HTTP_USER_AGENT=PERSON).head(f"/r/{token}/").status_code == 200
    assert Client(HTTP_USER_AGENT=PERSON, HTTP_SEC_PURPOSE="prefetch").get(f"/r/{token}/").status_code == 200
    assert _openings() == 0


def test_the_pdf_comes_from_the_opened_page_and_counts_no_second_time(
    told: Report, by: User, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stakeholders.reports.sending.views import shared as views

    made = views.FORMS["html"]
    monkeypatch.setitem(views.FORMS, "pdf", made)  # what a PDF says is for its own tests
    token = _share(told, by, most_openings=1).token
    page = reader.get(f"/r/{token}/").content.decode()
    address = re.search(rf'href="(/r/{token}/report\.pdf\?ticket=[^"]+)"', page)
    assert address is not None
    answer = reader.get(address[1])
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in answer["Cache-Control"]
    assert _openings() == 1
    without = reader.get(f"/r/{token}/report.pdf")
    assert (without.status_code, without["Location"]) == (302, f"/r/{token}/")
    sharing.revoke(link=ShareLink.objects.get(), by=by)
    assert reader.get(address[1]).status_code == 404


def test_a_ticket_of_one_link_opens_no_other(told: Report, by: User, reader: Client) -> None:
    first, second = _share(told, by), _share(told, by)
    page = reader.get(f"/r/{first.token}/").content.decode()
    found = re.search(r"ticket=([^\"]+)", page)
    assert found is not None
    assert reader.get(f"/r/{second.token}/report.pdf?ticket={found[1]}").status_code == 302


def test_a_superseded_report_says_so(told: Report, by: User, reader: Client) -> None:
    token = _share(told, by).token
    report(told.team, by)
    page = reader.get(f"/r/{token}/").content.decode()
    assert "A later report of this week took its place" in page
    assert "Go-live is forecast for 8 January" in page


def test_a_link_tells_one_audience(told: Report, by: User, reader: Client) -> None:
    finance, engineering = _share(told, by), sharing.share(report=told, audience="engineering", by=by)
    pages = [reader.get(f"/r/{one.token}/").content for one in (finance, engineering)]
    assert pages[0] != pages[1]


@pytest.mark.parametrize(
    ("terms", "why"),
    [({"days": 0}, "1 to 365 days"), ({"days": 366}, "1 to 365 days"), ({"most_openings": 0}, "number from 1"),
     ({"label": "x" * 121}, "121"), ({"audience": "press"}, "for whom")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(terms: dict[str, Any], why: str, told: Report, by: User) -> None:
    with pytest.raises(Refused, match=why):
        sharing.share(**({"report": told, "audience": "finance", "by": by} | terms))


def test_a_draft_cannot_be_shared(organisation: Organisation, by: User) -> None:
    with pytest.raises(Refused, match="was sent"):
        _share(report(organisation.platform, by, sent=False), by)


def test_ten_thousand_openings_are_one_row_a_day(told: Report, by: User, django_assert_num_queries: Any) -> None:
    link, now = _share(told, by).row, timezone.now()
    sharing.opened(link, now=now)
    LinkDay.objects.update(openings=10_000)
    with django_assert_num_queries(3):  # a savepoint around one update
        sharing.opened(link, now=now)
    assert list(LinkDay.objects.values_list("openings", flat=True)) == [10_001]


@pytest.mark.django_db(transaction=True)
def test_many_readers_at_once_open_it_as_often_as_it_may_be(told: Report, by: User) -> None:
    link, now, start = _share(told, by, most_openings=3).row, timezone.now(), threading.Barrier(6)
    said: list[bool] = []

    def read() -> None:
        start.wait()
        try:
            said.append(sharing.opened(link, now=now))
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(6)]
    for one in readers:
        one.start()
    for one in readers:
        one.join(20)
    assert sum(said) == 3
    assert _openings() == 3


def test_search_engines_are_asked_to_stay_away(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert answer.content == b"User-agent: *\nDisallow: /\n"
