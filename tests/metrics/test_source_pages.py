"""The sources pages through a browser's door: connecting, mending, pausing, and what is shown in each state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from metrics import inbox
from metrics.models import Deployment, Inbox, Source, Stream
from teams.models import Person
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
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

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
