"""The sources pages through a browser's door: connecting, mending, pausing, and what is shown in each state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from metrics import inbox
from metrics.events import Found, ProviderError
from metrics.models import Credential, Deployment, Inbox, OpenItem, Puzzle, Source, Stream
from metrics.secrets import opened
from teams.models import Person
from tests.observing import Observing, sign
from tests.personas import Organisation

from .repository import Repository

pytestmark = pytest.mark.django_db(transaction=True)

Pull = Callable[[Stream], Stream]


@pytest.fixture
def browser(administrator: Person, page_of: Callable[[Person], Client]) -> Client:
    return page_of(administrator)


def answers(organisation: Organisation, address: object, **more: object) -> dict[str, object]:
    return {"address": str(address), "name": "API", "owner": organisation.squad_a.pk, "deployments": "tags"} | more


def connected(browser: Client, organisation: Organisation, repository: Repository) -> Source:
    sent = browser.post("/sources/squad-a/connect/git/", answers(organisation, repository.path))
    assert sent.status_code == 302, sent.content.decode()
    return Source.objects.get()


def test_a_source_is_tried_connected_read_and_shown(
    browser: Client, organisation: Organisation, repository: Repository, pull: Pull
) -> None:
    for tag in ("v1", "v2"):
        repository.commit(tag)
        repository.tag(tag)

    source = connected(browser, organisation, repository)
    page = browser.get("/sources/squad-a/").content.decode()
    assert "API is connected. The repository answers: branch main, 2 tags. Reading begins now." in page.replace(
        "&#x27;", "'"
    )
    assert "Waiting for a worker" in page

    pull(source.streams.get())

    page = browser.get("/sources/squad-a/").content.decode()
    assert "The source is up to date." in page
    assert Deployment.objects.filter(service__team=organisation.squad_a).count() == 2
    assert "Up to date" in browser.get(source.get_absolute_url()).content.decode()


def test_an_address_that_cannot_be_read_is_not_stored_and_what_was_typed_stays(
    browser: Client, organisation: Organisation
) -> None:
    sent = browser.post(
        "/sources/squad-a/connect/git/", answers(organisation, "https://127.0.0.1/x.git", name="My API")
    )
    page = sent.content.decode()
    assert sent.status_code == 422
    assert "inside a private network" in page
    assert 'value="My API"' in page
    assert 'value="https://127.0.0.1/x.git"' in page
    assert not Source.objects.exists()


def test_a_token_is_kept_encrypted_and_never_shown_again(
    browser: Client, organisation: Organisation, repository: Repository
) -> None:
    repository.commit()
    browser.post("/sources/squad-a/connect/git/", answers(organisation, repository.path, secret="ghp_verysecret"))
    source = Source.objects.get()
    assert source.secret is not None
    assert b"verysecret" not in bytes(source.secret)
    for address in (source.get_absolute_url(), reverse("metrics:edit_source", args=[source.pk]), "/sources/squad-a/"):
        assert "verysecret" not in browser.get(address).content.decode()

    kept = bytes(source.secret)
    browser.post(reverse("metrics:edit_source", args=[source.pk]), answers(organisation, repository.path, secret=""))
    source.refresh_from_db()
    assert source.secret is not None
    assert bytes(source.secret) == kept


def test_a_missing_pattern_is_asked_for(browser: Client, organisation: Organisation, repository: Repository) -> None:
    sent = browser.post("/sources/squad-a/connect/git/", answers(organisation, repository.path, deployments="pattern"))
    assert sent.status_code == 422
    assert "Write the pattern" in sent.content.decode()


def test_another_rule_counts_other_deployments_and_keeps_the_old_rows(
    browser: Client, organisation: Organisation, repository: Repository, pull: Pull
) -> None:
    for tag in ("v1", "v2"):
        repository.commit(tag)
        repository.commit(f"after {tag}")
        repository.tag(tag)
    source = connected(browser, organisation, repository)
    pull(source.streams.get())
    assert Deployment.objects.filter(superseded_at=None).count() == 2

    browser.post(f"/source/{source.pk}/edit/", answers(organisation, repository.path, deployments="branch"))
    pull(source.streams.get())

    assert Deployment.objects.filter(superseded_at=None).count() == 4
    assert Deployment.objects.count() == 6
    assert "Kept, not counted" in browser.get(source.get_absolute_url()).content.decode()


def test_an_error_is_shown_in_plain_words_with_what_to_do(
    browser: Client, organisation: Organisation, repository: Repository, pull: Pull
) -> None:
    repository.commit()
    source = connected(browser, organisation, repository)
    Source.objects.update(address=str(repository.path) + "-gone")
    pull(source.streams.get())

    page = browser.get("/sources/squad-a/").content.decode()

    assert "API needs attention" in page
    assert "There is no folder" in page
    assert "Check the path." in page
    assert "Read again" in page


def test_a_reader_at_work_shows_progress_and_the_page_asks_again_soon(
    browser: Client, organisation: Organisation, repository: Repository
) -> None:
    repository.commit()
    stream = connected(browser, organisation, repository).streams.get()
    Stream.objects.filter(pk=stream.pk).update(
        lease_until=timezone.now() + timedelta(minutes=1), doing="commits", read=7420, total=11980,
        started_at=timezone.now() - timedelta(minutes=10), cursor={"run": {"phase": "commits"}},
    )  # fmt: skip

    part = browser.get("/sources/squad-a/rows/").content.decode()

    assert "7,420 of 11,980" in part
    assert "about 6 minutes left" in part
    assert 'hx-trigger="every 2s"' in part


def test_a_paused_source_is_not_read_until_it_is_resumed(
    browser: Client, organisation: Organisation, repository: Repository, pull: Pull
) -> None:
    repository.commit()
    source = connected(browser, organisation, repository)
    browser.post(f"/source/{source.pk}/pause/")
    assert pull(source.streams.get()).succeeded_at is None
    assert "Paused" in browser.get("/sources/squad-a/").content.decode()

    browser.post(f"/source/{source.pk}/pause/")
    assert pull(source.streams.get()).succeeded_at is not None


def test_a_dead_letter_is_shown_and_can_be_tried_again(
    browser: Client, organisation: Organisation, repository: Repository
) -> None:
    repository.commit()
    source = connected(browser, organisation, repository)
    inbox.receive(source, "delivery-1", b"<b>not json</b>")
    for _ in range(6):
        Inbox.objects.update(due_at=timezone.now())
        inbox.sweep()
    event = Inbox.objects.get()
    assert event.dead_at is not None

    assert "1 thing waits" in browser.get(source.get_absolute_url()).content.decode()
    page = browser.get(f"/source/{source.pk}/unread/").content.decode()
    assert "delivery-1" in page
    assert "Plain Git pushes no events." in page

    browser.post(f"/source/{source.pk}/replay/{event.pk}/")
    event.refresh_from_db()
    assert (event.dead_at, event.attempts) == (None, 0)


def test_a_team_without_a_source_is_told_what_makes_one_appear(browser: Client, organisation: Organisation) -> None:
    page = browser.get("/sources/squad-a/").content.decode()
    assert "No source is connected, so nothing is measured here yet." in page
    assert "Connect a source" in page


def test_who_may_only_read_sees_no_button(executive: Person, page_of: Callable[[Person], Client]) -> None:
    page = page_of(executive).get("/sources/squad-a/").content.decode()
    assert "Connect a source" not in page
    assert "An administrator can connect one" in page


def test_the_number_of_queries_does_not_grow_with_the_sources(
    browser: Client, organisation: Organisation, django_assert_num_queries: object
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            browser.get("/sources/product-engineering/")
        return len(caught)

    def add(count: int) -> None:
        for number in range(count):
            source = Source.objects.create(
                team=organisation.squad_a, provider="git", name=f"{number} of {count}", address="/x"
            )
            Stream.objects.create(source=source, kind="history", due_at=timezone.now())

    add(2)
    few = queries()
    add(30)
    assert queries() == few


# --- a source that observes ------------------------------------------------------------------------------------------


def at_work(source: Source, kind: str = "things", lane: str = "fresh", **more: object) -> None:
    Stream.objects.filter(source=source, kind=kind, lane=lane).update(**more)


def page_of_source(browser: Client, source: Source) -> str:
    return browser.get(f"/source/{source.pk}/").content.decode().replace("&#x27;", "'")


def test_a_refused_token_is_mended_where_it_is_shown_and_the_old_one_stays_until_the_new_one_holds(
    browser: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    at_work(source, error="Observing refused our token.", error_advice="Make a new one.", error_at=now, failures=3,
            error_detail="HTTP 401", succeeded_at=now - timedelta(days=2))  # fmt: skip
    shown = browser.get("/sources/squad-a/").content.decode()
    assert "Seen needs attention, so everything may be incomplete since" in shown
    for page in (shown, page_of_source(browser, source)):
        assert "Observing refused our token." in page
        assert "Reconnect" in page
        assert "3 tries" in page
        assert "hx-preserve" in page, "a token half typed survives the page's renewal"

    def refuse(self: Observing) -> Found:
        if self.connection.secret == "wrong":
            raise ProviderError("This token is refused too.", permanent=True)
        return Found("It answers.")

    monkeypatch.setattr(Observing, "check", refuse)
    sent = browser.post(f"/source/{source.pk}/token/", {"secret": "wrong"})
    assert sent.status_code == 422
    assert "This token is refused too." in sent.content.decode()
    assert 'value="wrong"' not in sent.content.decode()
    source.refresh_from_db()
    assert opened(source.secret) == "old"

    sent = browser.post(f"/source/{source.pk}/token/", {"secret": "better"}, follow=True)
    assert "The new token is kept. It answers. Reading goes on." in sent.content.decode()
    source.refresh_from_db()
    assert opened(source.secret) == "better"
    assert source.streams.get(kind="things", lane="fresh").due_at >= now


def test_a_backfill_shows_its_window_what_it_reached_and_when_it_may_end(browser: Client, source: Source) -> None:
    now = timezone.now()
    start, end = now - timedelta(days=90), now - timedelta(days=10)
    at_work(source, lane="backfill", lease_until=now + timedelta(minutes=1), window_from=start, window_to=end,
            reached=now - timedelta(days=30), read=4321, started_at=now - timedelta(minutes=10))  # fmt: skip
    page = page_of_source(browser, source)
    assert "25%, about 30 minutes left" in page
    assert "4,321" in page
    assert "has come back to" in page
    assert 'hx-trigger="every 2s"' in page

    browser.post(f"/source/{source.pk}/past/")
    assert source.streams.get(lane="backfill").paused_at
    assert "Go on with the past" in page_of_source(browser, source)
    browser.post(f"/source/{source.pk}/past/")
    assert source.streams.get(lane="backfill").paused_at is None


def test_the_window_is_widened_and_a_bad_day_is_told_at_its_field(browser: Client, source: Source) -> None:
    sent = browser.post(f"/source/{source.pk}/past/window/", {"since": "1999-12-31"})
    assert sent.status_code == 422
    assert "Choose a day after the year 2000." in sent.content.decode()
    assert 'value="1999-12-31"' in sent.content.decode()
    assert browser.post(f"/source/{source.pk}/past/window/", {"since": "soon"}).status_code == 422
    recent = timezone.localdate().isoformat()
    assert browser.post(f"/source/{source.pk}/past/window/", {"since": recent}).status_code == 422
    long_ago = timezone.localdate() - timedelta(days=400)
    assert browser.post(f"/source/{source.pk}/past/window/", {"since": long_ago.isoformat()}).status_code == 302
    window = source.streams.get(lane="backfill").window_from
    assert window is not None
    assert timezone.localtime(window).date() == long_ago


def test_a_token_that_must_wait_says_until_when_and_one_that_is_complete_is_not_late(
    browser: Client, source: Source
) -> None:
    now = timezone.now()
    Credential.objects.create(digest=source.credential, blocked_until=now + timedelta(minutes=20))
    assert "Waiting until" in page_of_source(browser, source)
    Credential.objects.update(blocked_until=None)
    Stream.objects.filter(source=source).update(succeeded_at=now, due_at=now + timedelta(minutes=1))
    long_ago = now - timedelta(days=3)
    at_work(source, lane="backfill", ended_at=long_ago, due_at=long_ago, succeeded_at=long_ago)
    page = browser.get("/sources/squad-a/").content.decode()
    assert "The source is up to date." in page
    assert "No worker" not in page


def test_secrets_of_a_webhook_are_rotated_without_a_gap(browser: Client, source: Source) -> None:
    address = f"/source/{source.pk}/"
    sent = browser.post(address + "secret/", follow=True)
    first = source.hook_secrets.get()
    assert opened(first.secret) in sent.content.decode()
    assert opened(first.secret) not in page_of_source(browser, source)
    sent = browser.post(address + "secret/", {"secret": "theirs-0123456789abcdef"}, follow=True)
    assert "theirs-0123456789abcdef" not in sent.content.decode()
    assert "2 secrets hold at once" in sent.content.decode()
    sent = browser.post(address + "secret/", {"secret": "short"})
    assert sent.status_code == 422
    assert "at least 16 characters" in sent.content.decode()

    body = b'[{"kind": "incident", "id": "i1", "at": 60}]'
    for secret in (opened(first.secret), "theirs-0123456789abcdef"):
        signed = {"x-signature": sign(body, secret), "x-delivery": secret[:8]}
        Source.objects.update(heard_at=None)
        assert Client().post(f"/hooks/{source.hook}/", body, content_type="x/y", headers=signed).status_code == 202
    page = page_of_source(browser, source)
    assert "Not seen" not in page
    browser.post(f"{address}secret/{first.pk}/retire/")
    signed = {"x-signature": sign(body, opened(first.secret)), "x-delivery": "again"}
    assert Client().post(f"/hooks/{source.hook}/", body, content_type="x/y", headers=signed).status_code == 401
    page = page_of_source(browser, source)
    assert "Retired" in page
    assert "Last refused" in page


def test_the_page_of_a_source_asks_the_same_number_of_times_however_much_it_has(
    browser: Client, source: Source
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            browser.get(f"/source/{source.pk}/")
        return len(caught)

    queries()
    few = queries()
    now = timezone.now()
    Stream.objects.bulk_create(Stream(source=source, kind=f"kind {n}", due_at=now) for n in range(20))
    OpenItem.objects.bulk_create(OpenItem(source=source, kind="run", thing=str(n), since=now) for n in range(20))
    Puzzle.objects.bulk_create(Puzzle(source=source, kind="run", thing=str(n), error="?", at=now) for n in range(20))
    assert queries() == few
