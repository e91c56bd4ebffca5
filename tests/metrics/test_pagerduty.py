"""PagerDuty: every incident is found, over all walls, once, and ends when it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import Forged, IncidentSeen, Observation, ProviderError, Push, RateLimited, Unreadable
from metrics.providers.pagerduty import PagerDutyProvider
from tests.fakes.pagerduty import FakePagerDuty, signature
from tests.fakes.server import Reply, Request

from .observing import Held, connection, heard, quiet, same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-webhook"  # noqa: S105


@pytest.fixture
def fake() -> Iterator[FakePagerDuty]:
    with FakePagerDuty() as running:
        yield running


def provider(fake: FakePagerDuty, **chosen: Any) -> PagerDutyProvider:
    return PagerDutyProvider(connection(fake.url, secret=fake.key, **chosen))


def held(fake: FakePagerDuty, days: int = 30, **chosen: Any) -> Held:
    return Held(provider(fake, **chosen), {"since": (NOW - timedelta(days=days)).isoformat()})


def incidents(found: Held) -> dict[str, IncidentSeen]:
    return {event.provider_id: event for event in found.events(now=NOW) if isinstance(event, IncidentSeen)}


# --- reading ---------------------------------------------------------------------------------------------------------


def test_an_incident_starts_when_it_was_created_and_ends_when_it_was_resolved(fake: FakePagerDuty) -> None:
    started, resolved = NOW - timedelta(days=2), NOW - timedelta(days=2) + timedelta(minutes=47)
    identity = fake.trigger(started, title="Checkout is slow")
    fake.happen(identity, "notify", started + timedelta(minutes=1))
    fake.happen(identity, "acknowledge", started + timedelta(minutes=3))
    fake.happen(identity, "resolve", resolved)

    found = held(fake).pull("incidents", now=NOW)

    seen = incidents(found)[identity]
    assert (seen.started_at, seen.resolved_at) == (started, resolved)
    assert (seen.service, seen.title, seen.severity) == ("Checkout", "Checkout is slow", "high")
    assert seen.traits == {"service": "Checkout", "title": "Checkout is slow", "urgency": "high"}
    assert found.open(now=NOW) == []


def test_twelve_thousand_incidents_behind_the_wall_are_all_found(fake: FakePagerDuty) -> None:
    # half of them on one day, so that one window holds far more than may be listed
    for number in range(6000):
        fake.trigger(NOW - timedelta(days=80) + timedelta(minutes=19 * number))
    for number in range(6000):
        fake.trigger(NOW - timedelta(days=9) + timedelta(seconds=11 * number))
    for identity in list(fake.incidents)[::2]:
        created = datetime.fromisoformat(fake.incidents[identity]["created_at"])
        fake.happen(identity, "resolve", created + timedelta(minutes=30))

    found = held(fake, days=90).pull("incidents", now=NOW)

    seen = incidents(found)
    print(f"\nexpected 12,000 incidents, found {len(seen):,}, in {len(fake.log)} requests, {fake.walls} over the wall")
    assert len(seen) == 12_000
    assert sum(one.resolved_at is not None for one in seen.values()) == 6000
    assert fake.walls == 0
    assert len(fake.log) < 450


def test_a_list_that_is_not_counted_is_halved_when_its_end_is_out_of_reach(
    fake: FakePagerDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wall in ("metrics.providers.pagerduty.WALL", "tests.fakes.pagerduty.WALL"):
        monkeypatch.setattr(wall, 1000)  # a lower wall, so that it is soon met
    fake.counts = False
    for number in range(1400):
        fake.trigger(NOW - timedelta(days=1) + timedelta(seconds=7 * number))
    found = Held(provider(fake), {"mark": (NOW - timedelta(days=2)).isoformat()}).pull("incidents", now=NOW)
    assert len(found.things) == 1400
    assert fake.walls == 0


def test_the_log_brings_what_happened_to_old_incidents_and_open_ones_are_found_at_any_age(fake: FakePagerDuty) -> None:
    mended = fake.trigger(NOW - timedelta(days=50))
    forgotten = fake.trigger(NOW - timedelta(days=300))
    fake.happen(mended, "resolve", NOW - timedelta(days=3))
    fake.trigger(NOW - timedelta(days=400))
    fake.happen("Q000002", "resolve", NOW - timedelta(days=399))

    found = held(fake, days=30).pull("incidents", now=NOW)

    assert set(incidents(found)) == {mended, forgotten}
    assert found.open(now=NOW) == [forgotten]
    assert incidents(found)[mended].resolved_at == NOW - timedelta(days=3)


def test_incidents_that_change_while_they_are_paged_are_not_lost(fake: FakePagerDuty) -> None:
    for number in range(1000):
        fake.trigger(NOW - timedelta(days=20) + timedelta(minutes=20 * number))
    found = held(fake).pull("incidents", now=NOW)
    clock, steps = [NOW], iter(range(10_000))

    def meanwhile(request: Request) -> None:
        """Forty incidents end and ten begin in the seconds around each request, some told a little late."""
        step = next(steps)
        for number in range(40):
            at = clock[0] + timedelta(seconds=step + number % 7 - 3)
            fake.happen(f"Q{(step * 40 + number) * 7 % 1000:06d}", "resolve", at)
        for _ in range(10):
            fake.trigger(clock[0] + timedelta(seconds=step))

    fake.between = meanwhile
    for minute in range(5, 30, 5):
        clock[0] = NOW + timedelta(minutes=minute)
        found.pull("incidents", now=clock[0])
    fake.between = None
    assert len(fake.incidents) > 1050
    found.pull("incidents", now=NOW + timedelta(minutes=40))

    seen = incidents(found)
    expected = {key: one["status"] == "resolved" for key, one in fake.incidents.items()}
    assert {key: one.resolved_at is not None for key, one in seen.items()} == expected


def test_a_worker_that_is_killed_at_any_page_loses_and_doubles_nothing(fake: FakePagerDuty) -> None:
    for number in range(700):
        fake.trigger(NOW - timedelta(days=20) + timedelta(minutes=30 * number))
    expected = incidents(held(fake).pull("incidents", now=NOW))
    killed = held(fake)
    for page in (1, 2, 5, 9):
        killed.pull("incidents", now=NOW, stop=lambda done, page=page: done >= page)
        killed.provider, killed.pages = provider(fake), 0
    killed.pull("incidents", now=NOW)
    assert incidents(killed) == expected
    assert len(expected) == 700


def test_a_quiet_hour_costs_one_request_and_the_mark_never_passes_the_time_the_run_began(fake: FakePagerDuty) -> None:
    found = held(fake).pull("incidents", now=NOW)
    fake.log.clear()
    found.pull("incidents", now=NOW + timedelta(hours=1))
    assert len(fake.log) == 1
    assert fake.log[0].query["since"] == "2026-11-20T11:50:00Z"
    assert found.cursor == {"mark": (NOW + timedelta(hours=1)).isoformat()}


def test_a_backfill_reads_its_window_and_ends(fake: FakePagerDuty) -> None:
    old = fake.trigger(NOW - timedelta(days=500))
    fake.happen(old, "resolve", NOW - timedelta(days=499))
    fake.trigger(NOW - timedelta(days=10))
    window = {"since": (NOW - timedelta(days=700)).isoformat(), "until": (NOW - timedelta(days=200)).isoformat()}
    found = Held(provider(fake), window).pull("incidents", now=NOW)
    assert set(incidents(found)) == {old}  # no window over six months was asked for: the fake would have refused it
    fake.log.clear()
    found.pull("incidents", now=NOW)
    assert fake.log == []


def test_only_the_chosen_services_are_read(fake: FakePagerDuty) -> None:
    kept = fake.trigger(NOW - timedelta(days=2), service="PFIND")
    fake.trigger(NOW - timedelta(days=2))
    for chosen in (["Search (PFIND)"], ["Search"], ["PFIND"], ["search"]):
        assert set(incidents(held(fake, services=chosen).pull("incidents", now=NOW))) == {kept}, chosen


def test_an_open_incident_is_asked_for_by_its_id_until_it_is_gone_or_over(fake: FakePagerDuty) -> None:
    first, second = fake.trigger(NOW - timedelta(days=2)), fake.trigger(NOW - timedelta(days=1))
    found = held(fake).pull("incidents", now=NOW)
    assert found.open(now=NOW) == [first, second]
    fake.happen(first, "resolve", NOW + timedelta(minutes=1))
    del fake.incidents[second]
    asked = found.provider.ask("incident", [first, second], now=NOW)
    found.keep(asked.observations)
    assert asked.gone == (second,)
    assert incidents(found)[first].resolved_at == NOW + timedelta(minutes=1)


def test_a_limit_is_raised_and_not_slept_on(fake: FakePagerDuty) -> None:
    fake.next(Reply(body={"error": {}}, status=429, headers={"Retry-After": "40"}))
    with pytest.raises(RateLimited) as limited:
        held(fake).provider.fetch("incidents", {}, now=NOW, tell=quiet)
    assert limited.value.until > datetime.now(UTC)


# --- connecting ------------------------------------------------------------------------------------------------------


def test_connecting_tries_each_right_and_lists_services(fake: FakePagerDuty) -> None:
    found = provider(fake).check()
    assert found.sentence == "The key can read incidents, log entries and services."
    assert found.choices == ("Checkout (PSHOP)", "Search (PFIND)")
    assert provider(fake).search("sea").choices == ("Search (PFIND)",)
    fake.may = {"incidents", "services"}
    partly = provider(fake).check()
    assert (partly.can, partly.cannot) == (("incidents", "services"), ("log entries",))


def test_refusals_are_sentences_without_the_key(fake: FakePagerDuty) -> None:
    fake.may = set()
    with pytest.raises(ProviderError, match="may read nothing") as nothing:
        provider(fake).check()
    with pytest.raises(ProviderError, match="may not read incidents") as refused:
        held(fake).pull("incidents", now=NOW)
    wrong = PagerDutyProvider(connection(fake.url, secret="another-key"))  # noqa: S106
    with pytest.raises(ProviderError) as expired:
        wrong.check()
    fake.next(Reply(body=b"<html><title>Log in</title>", headers={"Content-Type": "text/html"}))
    with pytest.raises(ProviderError) as page:
        Held(provider(fake), {"mark": NOW.isoformat()}).pull("incidents", now=NOW)
    for raised in (nothing, refused, expired, page):
        assert "key-of" not in f"{raised.value} {raised.value.advice} {raised.value.detail}"
        assert "another-key" not in f"{raised.value} {raised.value.advice} {raised.value.detail}"


# --- webhooks --------------------------------------------------------------------------------------------------------


def event(kind: str, at: datetime, number: int = 1, **data: Any) -> Push:
    said = {
        "id": "QWEB", "type": "incident", "status": "triggered", "title": "Search is down", "urgency": "high",
        "created_at": "2026-11-19T10:00:00Z", "service": {"id": "PFIND", "summary": "Search"},
        "html_url": "https://acme.pagerduty.com/incidents/QWEB", "priority": None, **data,
    }  # fmt: skip
    body = {"event": {"id": f"E{number}", "event_type": kind, "occurred_at": at.isoformat(), "data": said}}
    raw = json.dumps(body).encode()
    return Push(body=raw, headers={"x-pagerduty-signature": signature(SECRET, raw)})


def test_a_signature_holds_with_any_secret_and_any_of_several_signatures() -> None:
    push = event("incident.triggered", NOW)
    PagerDutyProvider.verify(push, [SECRET], now=NOW)
    PagerDutyProvider.verify(push, ["the-old-secret", SECRET], now=NOW)
    both = f"{signature('the-old-secret', push.body)}, {push.headers['x-pagerduty-signature']}"
    PagerDutyProvider.verify(Push(body=push.body, headers={"x-pagerduty-signature": both}), [SECRET], now=NOW)
    for headers in ({}, {"x-pagerduty-signature": "v2=00"}, {"x-pagerduty-signature": "v1=é"}):
        with pytest.raises(Forged):
            PagerDutyProvider.verify(Push(body=push.body, headers=headers), [SECRET], now=NOW)
    for body, secrets in ((push.body + b" ", [SECRET]), (push.body, ["the-old-secret"]), (push.body, [""]), (b"", [])):
        with pytest.raises(Forged):
            PagerDutyProvider.verify(Push(body=body, headers=push.headers), secrets, now=NOW)


def test_a_webhook_and_a_read_meet_on_one_incident(fake: FakePagerDuty) -> None:
    identity = fake.trigger(NOW - timedelta(hours=3), title="Search is down", service="PFIND")
    found = held(fake).pull("incidents", now=NOW)
    pushed = event("incident.resolved", NOW - timedelta(hours=1), id=identity, status="resolved")
    found.keep(found.provider.hear(pushed, now=NOW))
    seen = incidents(found)
    assert list(seen) == [identity]
    assert seen[identity].resolved_at == NOW - timedelta(hours=1)


def test_an_event_after_the_end_does_not_move_the_end() -> None:
    pushes = [
        event("incident.triggered", NOW - timedelta(hours=5), 1),
        event("incident.resolved", NOW - timedelta(hours=4), 2, status="resolved"),
        event("incident.priority_updated", NOW - timedelta(hours=1), 3, status="resolved", priority={"summary": "P1"}),
    ]
    (seen,) = heard(PagerDutyProvider, pushes, now=NOW).events(now=NOW)
    assert isinstance(seen, IncidentSeen)
    assert (seen.resolved_at, seen.severity) == (NOW - timedelta(hours=4), "P1")


def test_a_reopened_incident_is_open_again_and_ends_when_it_is_resolved_for_good() -> None:
    pushes = [
        event("incident.triggered", NOW - timedelta(hours=5), 1),
        event("incident.resolved", NOW - timedelta(hours=4), 2, status="resolved"),
        event("incident.reopened", NOW - timedelta(hours=3), 3, status="triggered"),
    ]
    reopened = heard(PagerDutyProvider, pushes, now=NOW)
    assert reopened.open(now=NOW) == ["QWEB"]
    reopened.keep(
        PagerDutyProvider.hear(event("incident.resolved", NOW - timedelta(hours=2), 4, status="resolved"), now=NOW)
    )
    (seen,) = reopened.events(now=NOW)
    assert isinstance(seen, IncidentSeen)
    assert seen.resolved_at == NOW - timedelta(hours=2)


def test_a_merged_incident_does_not_count_beside_the_one_that_took_it_in(fake: FakePagerDuty) -> None:
    kept, merged = fake.trigger(NOW - timedelta(hours=3)), fake.trigger(NOW - timedelta(hours=2))
    fake.merge(merged, kept, NOW - timedelta(hours=1))
    found = held(fake).pull("incidents", now=NOW)
    assert set(incidents(found)) == {kept}
    assert found.derived(now=NOW)[merged].why == "an incident that was merged into Incident 1"


def test_events_that_are_not_about_incidents_say_nothing_and_what_is_no_event_is_unreadable() -> None:
    ping = {"event": {"id": "E9", "event_type": "pagey.ping", "data": {"message": "Hello", "type": "ping"}}}
    note = {"event": {"id": "E8", "event_type": "incident.annotated", "data": {"id": "N", "type": "incident_note"}}}
    service = {"event": {"id": "E7", "event_type": "service.updated", "data": {"id": "P", "type": "service"}}}
    for body in (ping, note, service):
        push = Push(body=json.dumps(body).encode(), headers={})
        assert PagerDutyProvider.hear(push, now=NOW) == ()
        assert PagerDutyProvider.key(push) == body["event"]["id"]
    for raw in (b"{", b"[]", b"null", b"<html>", b"[" * 100_000, b'{"messages": []}', b"\xff\xfe"):
        with pytest.raises(Unreadable):
            PagerDutyProvider.hear(Push(body=raw, headers={}), now=NOW)
        assert PagerDutyProvider.key(Push(body=raw, headers={})).startswith("body:")


# --- working out -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["acknowledge", "resolve", "reopen"]), max_size=6), st.integers(0, 99))
def test_the_same_follows_whatever_the_order_and_number_of_what_was_told(steps: list[str], seed: int) -> None:
    fake = FakePagerDuty()
    told: list[Observation] = []
    provider = PagerDutyProvider

    def look() -> None:
        from metrics.providers.pagerduty import parse

        incident = fake.incidents["Q000000"]
        if (one := parse.listed(dict(incident))) is not None:
            told.append(one)
        told.extend(parse.logged([{**entry, "incident": dict(incident)} for _, _, entry in fake.entries[-2:]]))

    fake.trigger(NOW - timedelta(hours=9))
    look()
    for number, step in enumerate(steps, 1):
        fake.happen("Q000000", step, NOW - timedelta(hours=9) + timedelta(minutes=10 * number))
        look()
    made = same_in_any_order(provider, told, now=NOW, seed=seed)
    assert made.open == (fake.incidents["Q000000"]["status"] != "resolved")


def test_odd_values_are_read_as_not_known() -> None:
    odd = {
        "id": 12345, "status": "snoozed", "title": None, "service": None, "priority": "P1", "urgency": 7, "teams": "x",
        "created_at": "2026-11-19T10:00:00+02:00", "last_status_change_at": "0001-01-01T00:00:00Z",
        "html_url": "javascript:alert(1)", "resolve_reason": "gone", "future_field": {"deep": [1]},
    }  # fmt: skip
    from metrics.providers.pagerduty import parse

    observation = parse.listed(odd)
    assert observation is not None
    made = PagerDutyProvider.derive("incident", [observation], now=NOW)
    (seen,) = made.events
    assert isinstance(seen, IncidentSeen)
    assert (seen.provider_id, seen.title, seen.url, seen.service) == ("12345", "Incident 12345", "", "")
    assert seen.started_at == datetime(2026, 11, 19, 8, tzinfo=UTC)
    assert made.open
    timeless = parse.listed({"id": "Q", "status": "triggered"})
    assert timeless is not None
    with pytest.raises(Unreadable):
        PagerDutyProvider.derive("incident", [timeless], now=NOW)
