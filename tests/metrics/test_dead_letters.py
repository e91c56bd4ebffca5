"""What waits for a person: events, things and streams, with why and what each said; trying again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics import dead_letters, observed, reading, streams
from metrics.models import Deployment, Inbox, Observed, Puzzle, Source, Stream
from tests.observing import said
from tests.personas import Organisation

from .evidence import take

pytestmark = pytest.mark.django_db


def letter(source: Source, key: str, body: bytes = b"<script>alert('x')</script>", **more: Any) -> Inbox:
    now = timezone.now()
    said_ = {"error": "This is no JSON.", "error_detail": "at 1", "attempts": 5, "headers": {"x-delivery": key}} | more
    return Inbox.objects.create(source=source, key=key, body=body, due_at=now, dead_at=now, **said_)


def page(answer: Any) -> str:
    found: str = answer.content.decode().replace("&#x27;", "'").replace("\xa0", " ")
    return found


def test_nothing_waits(browser: Client, source: Source) -> None:
    for address in (f"/source/{source.pk}/unread/", "/sources/squad-a/unread/"):
        assert "Everything was read" in page(browser.get(address))


def test_each_sort_is_listed_with_why_since_when_and_tries(browser: Client, source: Source) -> None:
    letter(source, "delivery-1")
    take(source, said("deployment", "d1", 1, unreadable=True))
    Stream.objects.filter(source=source, lane="fresh", kind="things").update(
        dead_at=timezone.now(), error="This page stopped our reader five times.", attempts=5
    )
    for address in (f"/source/{source.pk}/unread/", "/sources/squad-a/unread/", "/sources/product-engineering/unread/"):
        shown = page(browser.get(address))
        assert "delivery-1" in shown
        assert "This is no JSON." in shown
        assert "Nobody understands this." in page(browser.get(address, {"of": "things"}))
        assert "stopped our reader five times" in page(browser.get(address, {"of": "streams"}))
        assert "delivery-1" in page(browser.get(address, {"of": "nonsense", "page": "minus one"}))
    shown = page(browser.get(f"/source/{source.pk}/"))
    assert "3 things wait" in shown


def test_what_an_event_said_is_shown_as_text_and_cut(browser: Client, source: Source) -> None:
    short, long = letter(source, "a"), letter(source, "b", b"<b>" + b"x" * 50_000)
    address = f"/source/{source.pk}/unread/event/"
    shown = page(browser.get(f"{address}{short.pk}/"))
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown
    shown = browser.get(f"{address}{long.pk}/").content.decode()
    assert "only the beginning is shown" in shown
    assert dead_letters.MOST_BYTES - 10 < shown.count("x") < dead_letters.MOST_BYTES + 2000


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": [1, 2]}', "„ü“".encode()])
def test_any_words_can_be_shown(body: bytes) -> None:
    said_ = dead_letters.said_of(body, None)
    assert len(said_.text) <= dead_letters.MOST_BYTES
    assert "\x00" not in said_.text
    assert said_.length == len(body)


def test_one_event_and_all_events_are_tried_again(browser: Client, source: Source) -> None:
    first, second = letter(source, "a"), letter(source, "b")
    gone = letter(source, "c", b"", pruned_at=timezone.now())
    browser.post(f"/source/{source.pk}/replay/{first.pk}/")
    first.refresh_from_db()
    assert (first.dead_at, first.attempts) == (None, 0)
    answer = browser.post(f"/source/{source.pk}/replay/{gone.pk}/", follow=True)
    assert "no longer kept" in page(answer)
    answer = browser.post(f"/source/{source.pk}/replay/", follow=True)
    assert "1 thing is tried again" in page(answer)
    second.refresh_from_db()
    assert second.dead_at is None


def test_all_things_are_tried_again_by_a_worker_with_a_line_of_progress(
    browser: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is worked out within the request; what is still not understood is tried once and stays."""
    for number in range(5):
        take(source, said("deployment", f"d{number}", 1, unreadable=True))
    with transaction.atomic():  # two have been told better meanwhile, and nobody has looked yet
        Observed.objects.filter(thing__in=("d1", "d3")).delete()
        observed._keep(source, [said("deployment", one, 2, outcome="success", finished=2) for one in ("d1", "d3")])
    monkeypatch.setattr("metrics.reading.TRY_AT_ONCE", 2)
    monkeypatch.setattr("metrics.reading.work_out_now", lambda *_: pytest.fail("worked out within the request"))
    shown = page(browser.post(f"/source/{source.pk}/replay/", follow=True))
    assert "5 things are tried again by a worker" in shown
    assert f'hx-get="/source/{source.pk}/unread/now/"' in shown
    monkeypatch.undo()
    monkeypatch.setattr("metrics.reading.TRY_AT_ONCE", 2)

    stream = source.streams.get(kind=reading.REPLAY)
    lease = streams.take(stream.pk, "a worker")
    stream.refresh_from_db()
    assert lease is not None
    with reading.opened(stream, lease.tell) as next_page:
        streams.keep(lease, source, next_page({}))
    assert "Trying again</strong> 2 of 5 things" in page(browser.get(f"/source/{source.pk}/unread/now/"))
    streams._release(lease, attempts=0)

    assert not streams.read(stream.pk, "a worker")
    assert set(Puzzle.objects.values_list("thing", flat=True)) == {"d0", "d2", "d4"}
    assert Deployment.objects.count() == 2
    shown = page(browser.get(f"/source/{source.pk}/unread/now/"))
    assert "Tried again" in shown
    assert "hx-get" not in shown

    browser.post(f"/source/{source.pk}/replay/")
    assert not streams.read(stream.pk, "a worker")
    assert Puzzle.objects.count() == 3


def test_a_thing_is_worked_out_again_and_says_whether_it_is_understood(browser: Client, source: Source) -> None:
    take(source, said("deployment", "d1", 1, unreadable=True))
    puzzle = Puzzle.objects.get()
    shown = page(browser.get(f"/source/{source.pk}/unread/thing/{puzzle.pk}/"))
    assert '"unreadable": true' in shown.replace("&quot;", '"')
    answer = browser.post(f"/source/{source.pk}/solve/{puzzle.pk}/", follow=True)
    assert "still not understood" in page(answer)
    take(source, said("deployment", "d1", 0, unreadable=True))  # older words change nothing
    assert Puzzle.objects.count() == 1
    Observed.objects.all().delete()
    with transaction.atomic():
        observed._keep(source, [said("deployment", "d1", 2, outcome="success", finished=2)])
    answer = browser.post(f"/source/{source.pk}/solve/{puzzle.pk}/", follow=True)
    assert "is understood now" in page(answer)
    assert Deployment.objects.get().provider_id == "d1"
    assert not Puzzle.objects.exists()


def test_many_are_paged_in_a_fixed_number_of_queries(
    browser: Client,
    source: Source,
    organisation: Organisation,
) -> None:
    letter(source, "first")
    with CaptureQueriesContext(connection) as few:
        browser.get("/sources/squad-a/unread/")
    for number in range(60):
        letter(source, f"more-{number}")
    other = Source.objects.create(team=organisation.squad_a, provider="observing", name="Another")
    letter(other, "another")
    with CaptureQueriesContext(connection) as many:
        shown = page(browser.get("/sources/squad-a/unread/", {"page": "2"}))
    assert len(many) == len(few)
    assert "26–50 of 62 rows" in shown
    assert "page=3" in shown


def test_who_only_reads_sees_that_something_waits_and_no_raw_words(
    executive: Any,
    page_of: Any,
    source: Source,
) -> None:
    event = letter(source, "delivery-1")
    reader = page_of(executive)
    shown = page(reader.get(f"/source/{source.pk}/unread/"))
    assert "delivery-1" in shown
    assert "Try again" not in shown
    assert reader.get(f"/source/{source.pk}/unread/event/{event.pk}/").status_code == 403
