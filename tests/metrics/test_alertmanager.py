"""Alertmanager: an alert is one incident however often it is sent, and ends when it really ended."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import Forged, IncidentSeen, ProviderError, Push, Unreadable
from metrics.providers.alertmanager import AlertmanagerProvider
from metrics.rules import Rules
from tests.fakes.alertmanager import NEVER, FakeAlertmanager
from tests.fakes.server import Reply

from .observing import Held, connection, heard, same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
START = NOW - timedelta(hours=2)
SECRET = "a-secret-of-the-receiver"  # noqa: S105


@pytest.fixture
def fake() -> Iterator[FakeAlertmanager]:
    with FakeAlertmanager() as running:
        yield running


def alert(fingerprint: str = "f1", ends: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {
        "status": "resolved" if ends else "firing",
        "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "checkout"},
        "annotations": {"summary": "Too many errors"}, "startsAt": START.isoformat(),
        "endsAt": ends.isoformat() if ends else NEVER, "generatorURL": "http://prometheus.example.org/graph",
        "fingerprint": fingerprint, **more,
    }  # fmt: skip


def delivery(*alerts: dict[str, Any], **more: Any) -> Push:
    firing = any(one["status"] == "firing" for one in alerts)
    body = {
        "version": "4", "groupKey": '{}:{alertname="HighErrorRate"}', "truncatedAlerts": 0, "receiver": "main",
        "status": "firing" if firing else "resolved", "externalURL": "http://alertmanager.example.org",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "alerts": list(alerts), **more,
    }  # fmt: skip
    return Push(body=json.dumps(body).encode(), headers={"authorization": f"Bearer {SECRET}"})


def incidents(found: Held) -> dict[str, IncidentSeen]:
    return {event.provider_id: event for event in found.events(now=NOW) if isinstance(event, IncidentSeen)}


# --- the webhook -----------------------------------------------------------------------------------------------------


def test_the_same_alert_sent_many_times_is_one_incident() -> None:
    found = heard(AlertmanagerProvider, [delivery(alert()), delivery(alert(), alert("f2")), delivery(alert())], now=NOW)
    assert len(incidents(found)) == 2
    assert len(found.open(now=NOW)) == 2


def test_a_firing_group_holds_alerts_that_have_ended() -> None:
    ended = START + timedelta(minutes=7)
    found = heard(
        AlertmanagerProvider, [delivery(alert(), alert("f2")), delivery(alert(ends=ended), alert("f2"))], now=NOW
    )
    assert [one.resolved_at for one in incidents(found).values()] == [ended, None]
    (seen, _) = incidents(found).values()
    assert (seen.title, seen.service, seen.severity) == ("Too many errors", "checkout", "critical")
    assert seen.url == "http://prometheus.example.org/graph"
    assert seen.traits is not None
    assert "alertname=HighErrorRate" in seen.traits["label"]


def test_an_alert_that_fires_anew_is_another_incident() -> None:
    again = NOW - timedelta(minutes=5)
    pushes = [delivery(alert(ends=START + timedelta(minutes=7))), delivery(alert(startsAt=again.isoformat()))]
    found = incidents(heard(AlertmanagerProvider, pushes, now=NOW))
    assert sorted((one.started_at, one.resolved_at is None) for one in found.values()) == [
        (START, False),
        (again, True),
    ]


def test_the_end_of_a_firing_alert_is_a_timeout_and_not_an_end() -> None:
    later = (NOW + timedelta(minutes=4)).isoformat()
    for never in (NEVER, later, None, "", "soon"):
        found = heard(AlertmanagerProvider, [delivery(alert(endsAt=never))], now=NOW)
        assert [one.resolved_at for one in incidents(found).values()] == [None], never


def test_a_resolved_alert_that_does_not_tell_its_end_ended_when_that_was_heard() -> None:
    found = heard(AlertmanagerProvider, [delivery(alert(status="resolved", endsAt=NEVER))], now=NOW)
    assert [one.resolved_at for one in incidents(found).values()] == [NOW]


def test_the_token_is_a_bearer_or_a_password_and_any_that_holds() -> None:
    basic = base64.b64encode(f"alertmanager:{SECRET}".encode()).decode()
    for shown in (f"Bearer {SECRET}", f"bearer  {SECRET}", f"Basic {basic}"):
        push = Push(body=b"{}", headers={"authorization": shown})
        AlertmanagerProvider.verify(push, ["the-old-one-of-it", SECRET], now=NOW)
    for shown in ("", f"Bearer {SECRET}x", "Bearer ", "Basic !!", "Basic eA==", SECRET, f"Digest {SECRET}", "Bearer é"):
        with pytest.raises(Forged):
            AlertmanagerProvider.verify(Push(body=b"{}", headers={"authorization": shown}), [SECRET, ""], now=NOW)
    with pytest.raises(Forged):
        AlertmanagerProvider.verify(Push(body=b"{}", headers={"authorization": "Bearer "}), [""], now=NOW)


def test_alerts_without_severity_count_and_those_of_no_severity_do_not() -> None:
    rules = Rules.of({}, AlertmanagerProvider.guide.default_rules)
    for severity, counts in (("critical", 1), ("warning", 1), ("page", 1), ("none", 0), ("info", 0), ("Info", 0)):
        labels = {"alertname": "A", "severity": severity}
        found = heard(AlertmanagerProvider, [delivery(alert(labels=labels))], now=NOW)
        assert len(rules.apply(found.events(now=NOW))) == counts, severity
    found = heard(AlertmanagerProvider, [delivery(alert(labels={"alertname": "A"}))], now=NOW)
    assert len(rules.apply(found.events(now=NOW))) == 1


def test_the_service_is_told_by_the_first_of_three_labels() -> None:
    for labels, service in (
        ({"service": "s", "job": "j", "namespace": "n"}, "s"), ({"job": "j", "namespace": "n"}, "j"),
        ({"namespace": "n"}, "n"), ({}, ""),
    ):  # fmt: skip
        (seen,) = incidents(heard(AlertmanagerProvider, [delivery(alert(labels=labels))], now=NOW)).values()
        assert seen.service == service


def test_grafanas_bodies_and_odd_values_are_read() -> None:
    grafana = delivery(
        alert(valueString="[ A=1 ]", values={"A": 1}, dashboardURL="https://g.example.org/d/1", generatorURL=""),
        version="1", orgId=1, title="[FIRING:1]", state="alerting", message="**Firing**",
    )  # fmt: skip
    (seen,) = incidents(heard(AlertmanagerProvider, [grafana], now=NOW)).values()
    assert (seen.title, seen.url) == ("Too many errors", "https://g.example.org/d/1")
    odd = alert(fingerprint=None, labels={"n": None, "severity": 3}, annotations=None, generatorURL="javascript:x")
    (seen,) = incidents(heard(AlertmanagerProvider, [delivery(odd)], now=NOW)).values()
    assert (seen.severity, seen.url) == ("3", "http://alertmanager.example.org")
    endless = b'{"alerts": [{"startsAt": "0001-01-01T00:00:00Z"}]}'
    old = b'{"evalMatches": [], "ruleId": 1, "state": "alerting"}'
    for raw in (b"{", b"[]", b"{}", b'{"alerts": 3}', b"[" * 100_000, endless, old):
        with pytest.raises(Unreadable):
            AlertmanagerProvider.hear(Push(body=raw, headers={}), now=NOW)


# --- the list --------------------------------------------------------------------------------------------------------


def provider(fake: FakeAlertmanager, secret: str = "") -> AlertmanagerProvider:
    return AlertmanagerProvider(connection(fake.url, secret=secret))


def test_an_alert_that_is_no_longer_in_the_list_ended_when_it_was_missed(fake: FakeAlertmanager) -> None:
    fake.fire("f1", START)
    found = Held(provider(fake)).pull("alerts", now=NOW)
    assert len(found.open(now=NOW)) == 1
    fake.now = NOW + timedelta(minutes=2)
    found.pull("alerts", now=fake.now)
    assert sum(len(told) for told in found.things.values()) == 1  # sent again and again, said once
    del fake.firing["f1"]
    found.pull("alerts", now=NOW + timedelta(minutes=3))
    assert found.notes == (
        "1 alert fires no longer. Where no end was told, the moment at which the list had lost it counts.",
    )
    (seen,) = incidents(found).values()
    assert seen.resolved_at == NOW + timedelta(minutes=3)
    # the delivery that tells the end comes late, and is right
    told = delivery(alert(ends=NOW + timedelta(minutes=2, seconds=11)))
    found.keep(found.provider.hear(told, now=NOW))
    (seen,) = incidents(found).values()
    assert seen.resolved_at == NOW + timedelta(minutes=2, seconds=11)


def test_an_alert_whose_timeout_passed_before_the_next_look_ended_with_it(fake: FakeAlertmanager) -> None:
    fake.fire("f1", START)
    found = Held(provider(fake)).pull("alerts", now=NOW)
    del fake.firing["f1"]
    found.pull("alerts", now=NOW + timedelta(hours=5))
    (seen,) = incidents(found).values()
    assert seen.resolved_at == NOW + timedelta(minutes=4)


def test_an_alert_that_is_back_in_the_list_is_open_again(fake: FakeAlertmanager) -> None:
    kept = fake.fire("f1", START)
    found = Held(provider(fake)).pull("alerts", now=NOW)
    fake.firing.clear()
    found.pull("alerts", now=NOW + timedelta(minutes=10))
    assert found.open(now=NOW) == []
    fake.firing["f1"], fake.now = kept, NOW + timedelta(minutes=30)
    found.pull("alerts", now=NOW + timedelta(minutes=30))
    assert len(found.open(now=NOW)) == 1


def test_a_delivery_that_hides_alerts_is_made_good_from_the_list(fake: FakeAlertmanager) -> None:
    for number in range(5):
        fake.fire(f"f{number}", START)
    shown = [alert("f0"), alert("f1")]
    found = heard(AlertmanagerProvider, [delivery(*shown, truncatedAlerts=3)], now=NOW)
    assert len(incidents(found)) == 2
    (group,) = [thing for kind, thing in found.things if kind == "group"]
    assert group in found.open(now=NOW)
    assert found.derived(now=NOW)[group].why == "a delivery that hid 3 alerts: they are read from the list"
    found.provider = provider(fake)
    found.keep(found.provider.ask("group", [group], now=NOW).observations)
    assert len(incidents(found)) == 5
    assert group not in found.open(now=NOW)


def test_without_an_address_nothing_is_read_and_that_is_said(fake: FakeAlertmanager) -> None:
    alone = AlertmanagerProvider(connection(""))
    assert alone.check().sentence == "Alerts come by webhook only: no address is given where they could be read."
    assert Held(alone).pull("alerts", now=NOW).things == {}
    found = heard(alone, [delivery(alert(), truncatedAlerts=3)], now=NOW)
    (group,) = [thing for kind, thing in found.things if kind == "group"]
    found.keep(alone.ask("group", [group], now=NOW).observations)
    assert "the address of the list is not known" in found.derived(now=NOW)[group].why
    assert fake.log == []


def test_alerts_that_are_open_are_asked_for_and_those_that_are_gone_have_ended(fake: FakeAlertmanager) -> None:
    found = heard(AlertmanagerProvider, [delivery(alert("f1"), alert("f2"))], now=NOW)
    fake.fire("f1", START)
    found.provider = provider(fake)
    found.keep(found.provider.ask("alert", found.open(now=NOW), now=NOW).observations)
    assert [one.resolved_at for one in incidents(found).values()] == [None, NOW]


def test_silenced_alerts_say_so_and_connecting_says_what_is_read(fake: FakeAlertmanager) -> None:
    fake.fire("f1", START, silenced=True)
    (seen,) = incidents(Held(provider(fake)).pull("alerts", now=NOW)).values()
    assert seen.traits is not None
    assert seen.traits["type"] == "silenced"
    assert provider(fake).check().sentence == "Alertmanager 0.27.0 answers: 1 alert fires now."
    fake.token = "the-token-of-the-proxy"
    with pytest.raises(ProviderError) as refused:
        provider(fake, "not-the-token").check()
    assert "not-the-token" not in f"{refused.value} {refused.value.advice} {refused.value.detail}"
    fake.token = ""
    fake.next(Reply(body={"data": []}))
    with pytest.raises(ProviderError, match="without a list"):
        provider(fake).check()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["fire", "end", "see", "miss", "late"]), min_size=1, max_size=7), st.integers(0, 99))
def test_the_same_follows_whatever_the_order_and_number_of_what_was_told(steps: list[str], seed: int) -> None:
    from metrics.providers.alertmanager import parse

    whole = {**alert(), "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}}
    identity, told = parse.identity_of(whole), []
    for number, step in enumerate(steps):
        at = START + timedelta(minutes=10 * number)
        match step:
            case "fire":
                told += AlertmanagerProvider.hear(delivery(alert()), now=at)
            case "end" | "late":
                ends = at if step == "end" else START + timedelta(minutes=1)
                told += AlertmanagerProvider.hear(delivery(alert(ends=ends)), now=at)
            case "see":
                told.append(parse.shown(whole, now=at))
            case _:
                told.append(parse.vanished(identity, None, now=at))
    made = same_in_any_order(AlertmanagerProvider, told, now=NOW, seed=seed)
    last = next((step for step in reversed(steps) if step in ("see", "end", "miss")), None)
    if made.events and last in ("end", "miss"):
        assert not made.open
