"""Jira, Cloud and Data Center: no issue is lost while issues change, and an issue ends when it was really done."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics.events import ChangeSeen, Forged, IncidentSeen, ProviderError, Push, Unreadable
from metrics.providers.jira import JiraProvider, parse
from metrics.rules import Rules
from tests.fakes.jira import FakeJira
from tests.fakes.server import Request

from .observing import Held, connection, same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-webhook"  # noqa: S105


@pytest.fixture(params=[True, False], ids=["cloud", "data center"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeJira]:
    cloud = request.param
    with FakeJira(cloud=cloud, token="person@example.org:t-o-k-e-n" if cloud else "a-personal-token") as running:  # noqa: S106
        yield running


def held(fake: FakeJira, days: int = 60, **chosen: Any) -> Held:
    provider = JiraProvider(connection(fake.url, secret=fake.token, **chosen))
    return Held(provider, {"since": (NOW - timedelta(days=days)).isoformat()})


def incidents(found: Held) -> dict[str, IncidentSeen]:
    return {event.provider_id: event for event in found.events(now=NOW) if isinstance(event, IncidentSeen)}


def test_an_issue_lasts_from_its_creation_to_when_it_was_done(fake: FakeJira) -> None:
    start = NOW - timedelta(days=3)
    first = fake.create(start, components=[{"name": "checkout"}], labels=["sev1"], customfield_7={"value": "S1"})
    fake.move(first, "In Progress", start + timedelta(hours=1))
    fake.move(first, "Done", start + timedelta(hours=2))
    second = fake.create(start, project="OPS")
    fake.move(second, "Done", start + timedelta(hours=4), resolve=False)
    fake.touch(second, start + timedelta(hours=9))
    third = fake.create(start, type="Task")
    fake.move(third, "Done", start + timedelta(hours=1))
    fake.move(third, "Open", start + timedelta(hours=2))
    found = held(fake, severity_field="customfield_7").pull("issues", now=NOW)
    seen = incidents(found)
    assert (seen[first].started_at, seen[first].resolved_at) == (start, start + timedelta(hours=2))
    assert (seen[first].service, seen[first].severity, seen[first].title) == ("checkout", "S1", "SHOP-1: Down")
    assert seen[first].url == f"{fake.url}/browse/SHOP-1"
    assert (seen[second].resolved_at, seen[second].service) == (start + timedelta(hours=4), "OPS")
    assert seen[third].resolved_at is None
    assert found.open(now=NOW) == [third]
    rules = Rules.of({}, JiraProvider.guide.default_rules)
    assert len(rules.apply(found.events(now=NOW))) == 2  # a task is no incident


def test_no_issue_is_lost_while_issues_change_under_the_pages(fake: FakeJira) -> None:
    for number in range(600):
        fake.create(NOW - timedelta(days=30) + timedelta(minutes=number))
    found, steps = held(fake), iter(range(10_000))

    def meanwhile(request: Request) -> None:
        step = next(steps)
        for number in range(25):
            fake.touch(str(10_000 + (step * 25 + number) * 11 % 600), NOW + timedelta(seconds=step))

    fake.between = meanwhile
    found.pull("issues", now=NOW)
    pages = len(fake.asked("/search"))
    assert found.cursor == {"mark": NOW.isoformat()}  # what changed since the run began is for the next
    assert len(incidents(found)) > 400
    fake.between = None
    found.pull("issues", now=NOW + timedelta(minutes=10))
    print(f"\nexpected 600 issues, found {len(incidents(found))}, in {pages} pages while they changed")
    latest = {key: parse._updated(issue) for key, issue in fake.issues.items()}
    assert {key: one.updated_at for key, one in incidents(found).items()} == latest


def test_a_thousand_issues_of_one_moment_are_all_read(fake: FakeJira) -> None:
    for _ in range(230):
        fake.create(NOW - timedelta(days=2))
    fake.create(NOW - timedelta(days=1))
    assert len(incidents(held(fake).pull("issues", now=NOW))) == 231


def test_the_mark_is_asked_for_in_milliseconds_and_overlaps(fake: FakeJira) -> None:
    fake.create(NOW - timedelta(days=2))
    found = held(fake, projects=["Shop (SHOP)"], jql='labels = "x" ORDER BY rank').pull("issues", now=NOW)
    assert found.cursor == {"mark": (NOW - timedelta(days=2)).isoformat()}
    fake.log.clear()
    found.pull("issues", now=NOW + timedelta(hours=1))
    jql = fake.asked("/search")[0].query["jql"]
    milliseconds = int((NOW - timedelta(days=2, minutes=10)).timestamp() * 1000)
    assert jql == f'project in ("SHOP") AND (labels = "x") AND updated >= {milliseconds} ORDER BY updated ASC, key ASC'
    fake.create(NOW + timedelta(hours=3))  # of a clock that is ahead
    found.pull("issues", now=NOW + timedelta(hours=2))
    assert found.cursor == {"mark": (NOW + timedelta(hours=2)).isoformat()}


def test_a_backfill_ends_and_an_open_issue_is_asked_for_by_id(fake: FakeJira) -> None:
    old, fresh = fake.create(NOW - timedelta(days=300)), fake.create(NOW - timedelta(days=2))
    found = held(fake)
    found.cursor = {"since": (NOW - timedelta(days=400)).isoformat(), "until": (NOW - timedelta(days=200)).isoformat()}
    assert set(incidents(found.pull("issues", now=NOW))) == {old}
    fake.log.clear()
    found.pull("issues", now=NOW)
    assert fake.log == []
    fake.move(old, "Done", NOW)
    asked = found.provider.ask("issue", [old, fresh, "777"], now=NOW)
    assert ([one.id for one in asked.observations], asked.gone) == ([old, fresh], ("777",))


def test_issues_may_be_changes(fake: FakeJira) -> None:
    done, _ = fake.create(NOW - timedelta(days=3), type="Story"), fake.create(NOW - timedelta(days=3), type="Story")
    fake.move(done, "In Progress", NOW - timedelta(days=2))
    fake.move(done, "Done", NOW - timedelta(days=1))
    found = held(fake, **{"as": "changes"}).pull("issues", now=NOW)
    (seen,) = found.events(now=NOW)
    assert isinstance(seen, ChangeSeen)
    assert (seen.first_commit_at, seen.merged_at) == (NOW - timedelta(days=2), NOW - timedelta(days=1))


def test_connecting_says_who_and_what_and_refusals_hold_no_token(fake: FakeJira) -> None:
    fake.create(datetime.now(UTC) - timedelta(days=2))
    found = held(fake).provider.check()
    which = "Jira Cloud" if fake.cloud else "Jira Data Center"
    assert found.sentence == f"{which} answers as Robin: it shows issues and 2 projects."
    assert found.choices == ("Shop (SHOP)", "Operations (OPS)")
    assert held(fake).provider.search("ops").choices == () or not fake.cloud
    with pytest.raises(ProviderError, match="Field 'nonsense' does not exist") as query:
        held(fake, jql="nonsense = 1").provider.check()
    fake.projects.clear()
    with pytest.raises(ProviderError, match="shows no project") as nothing:
        held(fake).provider.check()
    token, fake.token = fake.token, "another"
    wrong = JiraProvider(connection(fake.url, secret=token))
    with pytest.raises(ProviderError) as expired:
        wrong.check()
    for raised in (query, nothing, expired):
        assert token not in f"{raised.value} {raised.value.advice} {raised.value.detail}"


# --- webhooks --------------------------------------------------------------------------------------------------------


def webhook(event: str, issue: dict[str, Any], at: datetime, **more: Any) -> Push:
    body = json.dumps({"timestamp": int(at.timestamp() * 1000), "webhookEvent": event, "issue": issue, **more}).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Push(body=body, headers={"x-hub-signature": f"sha256={mac}"})


def test_a_webhook_meets_the_issue_that_was_read_and_a_deleted_one_counts_no_more() -> None:
    fake = FakeJira()
    identity = fake.create(NOW - timedelta(hours=5))
    read_first = parse.listed(json.loads(json.dumps(fake.issues[identity])), site="https://acme.example.org")
    assert read_first is not None
    fake.move(identity, "Done", NOW - timedelta(hours=1), resolve=False)
    issue = {name: value for name, value in fake.issues[identity].items() if name != "changelog"}
    moved = {"items": [{"field": "status", "toString": "Done"}]}
    push = webhook("jira:issue_updated", issue, NOW - timedelta(hours=1), changelog=moved)
    JiraProvider.verify(push, ["the-old-secret-of-it", SECRET], now=NOW)
    told = [read_first, *JiraProvider.hear(push, now=NOW)]
    made = same_in_any_order(JiraProvider, told, now=NOW)
    (seen,) = made.events
    assert isinstance(seen, IncidentSeen)
    assert (seen.resolved_at, seen.url) == (NOW - timedelta(hours=1), "https://acme.example.org/browse/SHOP-1")
    gone = JiraProvider.hear(webhook("jira:issue_deleted", issue, NOW), now=NOW)
    assert same_in_any_order(JiraProvider, [*told, *gone], now=NOW).why == "an issue that was deleted"


def test_only_signed_or_shown_secrets_open_the_door_and_odd_bodies_are_unreadable() -> None:
    push = webhook("jira:issue_created", {"id": "1"}, NOW)
    JiraProvider.verify(Push(body=b"{}", headers={"authorization": f"Bearer {SECRET}"}), [SECRET], now=NOW)
    wrong = ({}, {"x-hub-signature": "sha256=00"}, {"x-hub-signature": "md5=00"}, {"authorization": "Bearer x"})
    for headers in wrong:
        with pytest.raises(Forged):
            JiraProvider.verify(Push(body=push.body, headers=headers), [SECRET], now=NOW)
    comment = webhook("comment_created", {"id": "1"}, NOW)
    assert JiraProvider.hear(comment, now=NOW) == ()
    headed = Push(body=b"{}", headers={"x-atlassian-webhook-identifier": "w-1"})
    assert JiraProvider.key(headed) == "delivery:w-1"
    for raw in (b"{", b"{}", b"[]", b"[" * 100_000, b'{"webhookEvent": "jira:issue_updated", "issue": null}'):
        with pytest.raises(Unreadable):
            JiraProvider.hear(Push(body=raw, headers={}), now=NOW)
    timeless = parse.listed({"id": 5, "fields": {"created": None, "labels": None, "priority": None}})
    assert timeless is not None
    with pytest.raises(Unreadable):
        JiraProvider.derive("issue", [timeless], now=NOW)
    odd = parse.listed({"id": 5, "key": None, "fields": {"created": 1700000000000, "status": None, "issuetype": None}})
    assert odd is not None
    (seen,) = JiraProvider.derive("issue", [odd], now=NOW).events
    assert isinstance(seen, IncidentSeen)
    assert (seen.title, seen.resolved_at) == ("Issue 5", None)
