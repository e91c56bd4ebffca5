"""What survives when things are killed for real: workers, beats, Redis; and pages and events that kill their reader.

The yardstick is the same repository, read undisturbed into another source: the same rows, the same content.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from metrics import actions, inbox, registry, rollups, streams
from metrics.models import Change, DirtyWeek, Inbox, RawPage, Source, Stream
from metrics.tasks import read_stream, send_quietly, sweep_inbox
from teams.models import Grant, Person, Team, User

from . import facts, misbehaving
from .metrics.repository import Repository, large
from .processes import Fleet, fleet

pytestmark = [pytest.mark.django_db(transaction=True)]

PAGES = 15  # at least, with the small pages of the processes' settings


@pytest.fixture
def ours(tmp_path: Path, transactional_db: None) -> Iterator[Fleet]:
    with fleet(tmp_path / "fleet") as started:
        yield started


@pytest.fixture
def root(transactional_db: None) -> Team:
    return Team.objects.create(name="Product Engineering", slug="product-engineering", kind=Team.Kind.GROUP)


@pytest.fixture
def person(root: Team) -> User:
    """Who may do everything with the sources of `root`."""
    user = User.objects.create_user("sam@example.org", "a long password here")
    sam = Person.objects.create(name="Sam", email="sam@example.org", user=user)
    Grant.objects.create(person=sam, team=root, role=Grant.Role.ADMINISTRATOR, granted_by=user)
    return user


@pytest.fixture
def repository(ours: Fleet) -> Repository:
    """Big enough for many small pages, with a hotfix and a revert so that there are failures."""
    made = large(ours.folder / "repository", commits=1000, every=5)
    made.git("checkout", "-q", "main")
    made.tag("v2.0")
    made.commit("Mend it")
    made.tag("v2.0.1-hotfix")
    bad = made.commit("Break it")
    made.tag("v2.1")
    made.commit(f"Revert Break it\n\nThis reverts commit {bad}.")
    made.tag("v2.2")
    return made


@pytest.fixture
def misbehaving_providers(settings: Any) -> None:
    settings.PROVIDERS = settings.PROVIDERS | {
        "poison": "tests.misbehaving.Poison",
        "slow": "tests.misbehaving.Slow",
        "pushed": "tests.misbehaving.Pushed",
    }
    misbehaving.Poison.tried.clear()


def connect(root: Team, repository: Repository, name: str = "Repository") -> Source:
    return actions.connect_source(team=root, provider="git", name=name, address=str(repository.path), by=None)


def undisturbed(root: Team, repository: Repository, settings: Any) -> dict[str, tuple[int, str]]:
    """What a pull holds that nobody disturbs, in this process, with the product's own pages."""
    settings.SOURCE_LOCAL_PATHS = [str(repository.path)]
    source = connect(root, repository, "Undisturbed")
    pk = source.streams.get().pk
    Stream.objects.filter(pk=pk).update(woken_at=timezone.now())  # none of the fleet's
    while streams.read(pk, "undisturbed"):
        pass
    rollups.rebuild(now=timezone.now())
    found = facts.held(source)
    assert all(rows for rows, _ in found.values()), found
    return found


def pages(source: Source) -> int:
    return RawPage.objects.filter(stream__source=source).count()


def in_the_middle(source: Source, least: int = 3) -> Callable[[], bool]:
    return lambda: pages(source) >= least


def finished(*sources: Source) -> Callable[[], bool]:
    """Whether everything is read and counted."""

    def all_done() -> bool:
        open_runs = Stream.objects.filter(source__in=sources).exclude(succeeded_at__isnull=False, lease_until=None)
        return not open_runs.exists() and not DirtyWeek.objects.exists()

    return all_done


def assert_unfinished(source: Source) -> None:
    """The blow fell in the middle, else the test has shown nothing."""
    assert source.streams.get().succeeded_at is None
    assert pages(source) < PAGES


def assert_one_writer(source: Source) -> None:
    """Fences only ever rise, and none was used beside another."""
    fences = list(RawPage.objects.filter(stream__source=source).order_by("pk").values_list("fence", flat=True))
    assert fences == sorted(fences)
    assert fences[-1] <= source.streams.get().fence


# --- workers are killed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", ["the worker with all its children", "the child that reads"])
def test_a_worker_killed_in_mid_pull_loses_and_doubles_nothing(
    whom: str, ours: Fleet, root: Team, repository: Repository, settings: Any
) -> None:
    expected = undisturbed(root, repository, settings)
    worker = ours.worker()
    ours.beat()
    source = connect(root, repository)
    ours.wait(in_the_middle(source), seconds=60, name="the pull is in its middle")
    if whom == "the child that reads":
        for child in worker.children():
            os.kill(child, signal.SIGKILL)
    else:
        worker.kill()
        ours.worker()
    assert_unfinished(source)
    ours.wait(finished(source), seconds=90, name="the next worker finishes")
    assert facts.held(source) == expected
    assert facts.doubled(source) == 0
    assert pages(source) >= PAGES
    assert_one_writer(source)


def test_the_lock_of_a_git_that_was_killed_does_not_stop_the_run_that_goes_on(
    root: Team, tmp_path: Path, settings: Any
) -> None:
    repository = Repository(tmp_path / "repository")
    tip = repository.commit()
    repository.tag("v1")
    source = connect(root, repository)
    stream = source.streams.get()
    lease = streams.take(stream.pk, "killed in its last page")
    assert lease
    provider, cursor = registry.connect(source), {}
    while cursor.get("run", {}).get("phase") != "gone":
        page = provider.fetch("history", cursor, now=timezone.now(), tell=lease.tell)
        streams.keep(lease, source, page)
        cursor = dict(page.cursor)
    have = settings.CLONES_DIR / f"git-{source.pk}" / "refs" / "plumbline" / "have"
    left = have / hashlib.sha256(cursor["run"]["mark"].encode()).hexdigest()[:16] / f"{tip}.lock"
    left.parent.mkdir(parents=True)
    left.touch()
    Stream.objects.filter(pk=stream.pk).update(lease_until=timezone.now())
    streams.read(stream.pk, "the next one")
    stream.refresh_from_db()
    assert stream.error == ""
    assert stream.succeeded_at


def test_two_workers_and_two_beats_are_one_writer(
    ours: Fleet, root: Team, repository: Repository, settings: Any
) -> None:
    expected = undisturbed(root, repository, settings)
    source = connect(root, repository)
    for _ in range(2):
        ours.worker(pool=2)
        ours.beat()
    for _ in range(20):
        send_quietly(read_stream, source.streams.get().pk)
    ours.wait(finished(source), seconds=90, name="the stream is read")
    assert facts.held(source) == expected
    assert facts.doubled(source) == 0
    assert_one_writer(source)


# --- Redis is lost ---------------------------------------------------------------------------------------------------


def test_redis_wiped_in_mid_pull_with_the_worker_killed_loses_nothing_and_beat_brings_it_back(
    ours: Fleet, root: Team, repository: Repository, settings: Any
) -> None:
    expected = undisturbed(root, repository, settings)
    worker = ours.worker()
    ours.beat()
    source = connect(root, repository)
    ours.wait(in_the_middle(source), seconds=60, name="the pull is in its middle")
    waiting = connect(root, repository, "Waiting in the queue")
    ours.redis.flush()
    worker.kill()
    ours.redis.flush()
    assert_unfinished(source)
    before = pages(source)
    ours.worker()
    took = ours.wait(lambda: pages(source) > before and pages(waiting), seconds=60, name="both are read again")
    assert took < 30 + 10  # beat's 5 s, the lease's 3 s, 20 s between two calls; and this machine is shared
    ours.wait(finished(source, waiting), seconds=60, name="both are finished")
    assert facts.held(source) == facts.held(waiting) == expected
    assert facts.doubled(source) == facts.doubled(waiting) == 0


def test_redis_wiped_under_an_idle_worker_and_beat_does_not_deafen_them(
    ours: Fleet, root: Team, misbehaving_providers: None
) -> None:
    ours.worker()
    ours.beat()
    source = actions.connect_source(team=root, provider="poison", name="Quiet", by=None, settings={"file": "/none"})
    ours.wait(finished(source), seconds=60, name="the source is read")
    ours.redis.flush()
    asked = timezone.now()
    streams.wake(source.streams.all(), now=asked)  # and nobody is told: beat must find it
    ours.wait(lambda: source.streams.get().succeeded_at > asked, seconds=30, name="the source is read again")


def test_a_page_acts_while_redis_is_away_and_the_work_is_done_when_it_is_back(
    ours: Fleet, root: Team, person: User, repository: Repository, settings: Any
) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.SOURCE_LOCAL_PATHS = [str(ours.folder)]
    browser = Client()
    browser.force_login(person)
    ours.worker()
    ours.beat()
    ours.redis.kill()
    source = connect(root, repository)
    assert browser.post(reverse("metrics:read_now", args=[source.pk])).status_code == 302
    assert pages(source) == 0
    ours.redis.start()
    ours.wait(finished(source), seconds=90, name="the source is read once Redis is back")
    assert source.changes.count() == repository.count("main", "--tags")


# --- a lease runs out ------------------------------------------------------------------------------------------------


def test_the_late_write_of_a_reader_that_lost_its_lease_is_refused(root: Team, misbehaving_providers: None) -> None:
    source = actions.connect_source(team=root, provider="slow", name="Slow", by=None)
    stream = source.streams.get()
    asked, let_go = threading.Event(), threading.Event()
    misbehaving.Slow.gates["page 0"] = asked, let_go
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(_in_a_thread, streams.read, stream.pk, "the slow one")
        assert asked.wait(30)
        Stream.objects.filter(pk=stream.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert streams.read(stream.pk, "the next one") is False
        after = facts.held(source)
        let_go.set()
        assert slow.result(30) is False
    assert facts.held(source) == after
    assert list(source.changes.order_by("sha").values_list("title", flat=True)) == ["Change 0", "Change 1"]
    assert set(RawPage.objects.values_list("fence", flat=True)) == {2}
    stream.refresh_from_db()
    assert (stream.lease_until, stream.error, stream.cursor) == (None, "", {"page": 2})


def test_a_lost_lease_can_neither_write_nor_tell_nor_be_given_back(root: Team, misbehaving_providers: None) -> None:
    source = actions.connect_source(team=root, provider="slow", name="Slow", by=None)
    stream = source.streams.get().pk
    old = streams.take(stream, "the slow one")
    assert old
    assert streams.take(stream, "too early") is None
    Stream.objects.filter(pk=stream).update(lease_until=timezone.now() - timedelta(seconds=1))
    new = streams.take(stream, "the next one")
    assert new
    assert new.fence > old.fence
    page = registry.connect(source).fetch("changes", {}, now=timezone.now(), tell=old.tell)
    with pytest.raises(streams.LeaseLost):
        streams.keep(old, source, page)
    with pytest.raises(streams.LeaseLost):
        old.tell("still reading")
    assert not streams._release(old, due_at=timezone.now())
    assert not Change.objects.exists()
    assert Stream.objects.get(pk=stream).lease_owner == "the next one"
    streams.keep(new, source, page)
    assert Change.objects.count() == 1


def _in_a_thread(act: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return act(*arguments)
    finally:
        connections.close_all()


# --- a poison page ---------------------------------------------------------------------------------------------------


def test_a_page_that_kills_its_reader_is_dead_after_five_tries_and_other_streams_go_on(
    ours: Fleet, root: Team, person: User, repository: Repository, misbehaving_providers: None
) -> None:
    file = ours.folder / "poison"
    file.touch()
    ours.worker(pool=2)
    ours.beat()
    poisoned = actions.connect_source(
        team=root, provider="poison", name="Poison", by=None, settings={"file": str(file)}
    )
    healthy = connect(root, repository)
    ours.wait(finished(healthy), seconds=90, name="the other stream is read")

    stream = poisoned.streams.get()
    for tries in range(2, streams.MOST_ATTEMPTS + 2):
        ours.wait(lambda tries=tries: len(file.read_text()) >= tries - 1, seconds=60, name=f"try {tries - 1}")
        # beat would find it by itself once the killed reader's lease has ended; that is shown elsewhere
        Stream.objects.filter(pk=stream.pk).update(lease_until=timezone.now())
        send_quietly(read_stream, stream.pk)
    ours.wait(lambda: poisoned.streams.filter(dead_at__isnull=False).exists(), seconds=60, name="the page is dead")
    assert file.read_text() == "x" * streams.MOST_ATTEMPTS
    stream.refresh_from_db()
    assert stream.error == "This page stopped our reader five times."
    assert stream.error_advice
    assert poisoned.changes.count() == 4
    file.unlink()
    assert actions.read_again(sources=[poisoned], by=person) == 1
    ours.wait(finished(poisoned), seconds=60, name="the page is read after all")
    assert poisoned.changes.count() == 10
    assert facts.doubled(poisoned) == 0


def test_a_page_that_raises_is_dead_after_five_tries_and_says_why(
    root: Team, person: User, tmp_path: Path, misbehaving_providers: None
) -> None:
    file = tmp_path / "poison"
    file.touch()
    about = {"file": str(file), "how": "raise"}
    source = actions.connect_source(team=root, provider="poison", name="Poison", by=None, settings=about)
    stream = source.streams.get().pk
    for _ in range(9):
        Stream.objects.filter(pk=stream).update(due_at=timezone.now())
        streams.read(stream, "reader")
    assert misbehaving.Poison.tried == [0, 1, 2, 2, 2, 2, 2]
    row = Stream.objects.get(pk=stream)
    assert row.dead_at
    assert row.error == "Our reader stumbled over this page."
    assert "ZeroDivisionError: poison" in row.error_detail
    file.unlink()
    actions.read_again(sources=[source], by=person)
    streams.read(stream, "reader")
    row.refresh_from_db()
    assert (row.dead_at, row.error, row.cursor) == (None, "", {"page": 5})
    assert source.changes.count() == 10


def test_a_source_that_is_asked_again_while_it_is_read_is_read_again(
    root: Team, person: User, misbehaving_providers: None
) -> None:
    source = actions.connect_source(team=root, provider="slow", name="Slow", by=None)
    stream = source.streams.get().pk
    lease = streams.take(stream, "reader")
    assert lease
    actions.read_again(sources=[source], by=person)
    provider = registry.connect(source)
    for cursor in ({}, {"page": 1}):
        streams.keep(lease, source, provider.fetch("changes", cursor, now=timezone.now(), tell=lease.tell))
    assert streams.due(timezone.now()) == [stream]
    assert streams.take(stream, "reader")


# --- pushed events ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pushed(root: Team, misbehaving_providers: None) -> Source:
    return actions.connect_source(team=root, provider="pushed", name="Pushed", by=None)


def send(source: Source, number: int, **more: Any) -> bool:
    return inbox.receive(source, f"delivery {number}", json.dumps({"number": number, **more}).encode())


def sweep_all() -> None:
    """Sweep what waits, however far in the future its next try is."""
    Inbox.objects.filter(processed_at=None, dead_at=None).update(due_at=timezone.now())
    inbox.sweep()


def test_the_same_delivery_a_thousand_times_is_one_row(pushed: Source) -> None:
    with ThreadPoolExecutor(4) as senders:
        batches = [senders.submit(_in_a_thread, lambda: sum(send(pushed, 7) for _ in range(250))) for _ in range(4)]
        assert sum(batch.result() for batch in batches) == 1
    assert Inbox.objects.count() == 1
    assert inbox.sweep() == 1
    assert not send(pushed, 7)  # also once it is read
    assert inbox.sweep() == 0
    assert pushed.changes.count() == 1


@pytest.mark.parametrize(
    ("event", "said"),
    [({"bad": True}, "This event has no number."), ({"broken": True}, "Our reader stumbled over this event.")],
)
def test_an_event_that_cannot_be_read_is_dead_after_five_tries_and_can_be_replayed(
    event: dict[str, Any], said: str, pushed: Source
) -> None:
    send(pushed, 1, **event)
    send(pushed, 2)
    for _ in range(8):
        sweep_all()
    bad = Inbox.objects.get(key="delivery 1")
    assert bad.dead_at
    assert (bad.attempts, bad.error) == (inbox.MOST_ATTEMPTS, said)
    assert pushed.changes.count() == 1  # the good one did not wait for the bad one
    Source.objects.update(settings={"healed": True})
    inbox.replay(bad)
    assert inbox.sweep() == 1
    bad.refresh_from_db()
    assert (bad.dead_at, bad.error) == (None, "")
    assert bad.processed_at
    assert pushed.changes.count() == 2


def test_an_event_whose_reader_was_killed_five_times_is_dead_and_says_so(pushed: Source) -> None:
    send(pushed, 1)
    Inbox.objects.update(attempts=inbox.MOST_ATTEMPTS)
    sweep_all()
    event = Inbox.objects.get()
    assert event.dead_at
    assert event.error == "This event stopped our reader five times."
    assert not pushed.changes.exists()


def test_fifty_failures_in_a_row_stop_the_inbox_before_it_drains_into_the_dead_letters(
    pushed: Source, root: Team
) -> None:
    other = actions.connect_source(team=root, provider="pushed", name="Other", by=None)
    for number in range(120):
        send(pushed, number, bad=True)
    send(other, 1)
    inbox.sweep()
    pushed.refresh_from_db()
    assert pushed.inbox_stopped_at
    assert Inbox.objects.filter(source=pushed, attempts__gt=0).count() == inbox.BREAKER_ROW
    assert not Inbox.objects.filter(dead_at__isnull=False).exists()
    assert other.changes.count() == 1
    sweep_all()
    assert Inbox.objects.filter(source=pushed, attempts__gt=0).count() == inbox.BREAKER_ROW
    assert send(pushed, 999)  # it is still received

    Source.objects.filter(pk=pushed.pk).update(settings={"healed": True})
    inbox.start_again(pushed)
    sweep_all()
    assert not Inbox.objects.filter(processed_at=None).exists()
    assert pushed.changes.count() == 121


def test_one_event_in_two_sweeps_at_once_is_tried_once(pushed: Source) -> None:
    send(pushed, 1, ms=300)
    with ThreadPoolExecutor(4) as sweepers:
        found = [sweepers.submit(_in_a_thread, inbox.sweep) for _ in range(4)]
        assert sum(one.result() for one in found) == 1
    assert Inbox.objects.get().attempts == 1


def test_events_outlive_a_worker_killed_while_it_reads_them(ours: Fleet, pushed: Source) -> None:
    worker = ours.worker()
    for number in range(120):
        send(pushed, number, ms=10)
    send_quietly(sweep_inbox)
    ours.wait(lambda: Change.objects.count() >= 20, seconds=60, name="the worker reads the events")
    worker.kill()
    read = Change.objects.count()
    assert read < 120
    assert Inbox.objects.filter(processed_at__isnull=False).count() == read  # the fact and its receipt, or neither
    Inbox.objects.filter(processed_at=None, attempts=1).update(due_at=timezone.now())  # in a minute by itself
    ours.worker()
    send_quietly(sweep_inbox)
    ours.wait(lambda: not Inbox.objects.filter(processed_at=None).exists(), seconds=60, name="the rest is read")
    assert Change.objects.count() == 120
    assert facts.doubled(pushed) == 0


def test_the_processes_use_the_database_of_this_test(ours: Fleet) -> None:
    assert connection.settings_dict["NAME"] in ours.environment["DATABASE_URL"]
    assert str(connection.settings_dict["NAME"]).startswith("test_")
