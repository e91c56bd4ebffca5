"""The doors that scripts and providers push through: who is let in, and that what is pushed becomes facts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from metrics import inbox, streams
from metrics.actions.hooks import add_hook_secret
from metrics.models import Deployment, Inbox, Incident, OpenItem, PipelineRun, Source, Stream
from metrics.secrets import sealed
from teams.models import Team
from tests.fakes.alertmanager import FakeAlertmanager
from tests.fakes.pagerduty import FakePagerDuty, signature

from .test_alertmanager import alert
from .test_cdevents import cdevent, structured


def push(client: Client, source: Source, body: Any, **headers: str) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(f"/hooks/{source.hook}/", raw, content_type="application/json", headers=headers)
    return answer.status_code


def connected(squad: Team, provider: str, address: str = "", secret: str = "") -> tuple[Source, str]:
    cache.clear()
    source = Source.objects.create(
        team=squad, provider=provider, name=provider, address=address, secret=sealed(secret) if secret else None
    )
    source.refresh_from_db()
    return source, add_hook_secret(source=source, by=None)[1]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["deployments/", "runs/", "incidents/", "rest/plugins/webhook/connections/1/issues"])
def test_the_plain_doors_open_to_no_one_without_a_token(client: Client, path: str) -> None:
    cache.clear()
    assert client.post(f"/api/{path}", b"{}", content_type="application/json").status_code == 401
    assert client.get(f"/api/{path}").status_code == 405
    assert client.get("/api/schema/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_pagerduty_is_read_and_pushed_to_the_same_rows(client: Client, squad: Team, settings: Any) -> None:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]
    with FakePagerDuty() as fake:
        source, words = connected(squad, "pagerduty", fake.url, fake.key)
        now = timezone.now().replace(microsecond=0)
        for minutes in range(130):
            fake.trigger(now - timedelta(minutes=minutes + 10))
        stream = Stream.objects.create(source=source, kind="incidents", due_at=now, cursor={})
        while streams.read(stream.pk, "test"):
            pass
        stream.refresh_from_db()
        assert (stream.error, Incident.objects.count(), OpenItem.objects.count()) == ("", 130, 130)
        data = {**fake.incidents["Q000000"], "status": "resolved"}
        event = {"id": "E1", "event_type": "incident.resolved", "occurred_at": now.isoformat(), "data": data}
        body = json.dumps({"event": event}).encode()
        assert push(client, source, body, **{"X-PagerDuty-Signature": signature(words, body)}) == 202
        assert push(client, source, body, **{"X-PagerDuty-Signature": signature("wrong", body)}) == 401
    inbox.sweep()
    assert Incident.objects.count() == 130
    assert Incident.objects.get(provider_id="Q000000").resolved_at == now
    assert OpenItem.objects.count() == 129


@pytest.mark.django_db(transaction=True)
def test_alertmanager_pushes_and_its_list_makes_good_what_was_hidden(
    client: Client, squad: Team, settings: Any
) -> None:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]
    with FakeAlertmanager() as fake:
        source, words = connected(squad, "alertmanager", fake.url)
        now = timezone.now().replace(microsecond=0)
        start = now - timedelta(minutes=30)
        fake.now = now
        for number in range(5):
            fake.fire(f"f{number}", start)
        shown = [alert(f"f{number}", startsAt=start.isoformat()) for number in range(2)]
        body = {"version": "4", "groupKey": "g", "status": "firing", "alerts": shown, "truncatedAlerts": 3}
        for _ in range(3):
            assert push(client, source, body, Authorization=f"Bearer {words}") == 202
        assert push(client, source, body, Authorization="Bearer of-nothing") == 401
        inbox.sweep()
        assert (Inbox.objects.count(), Incident.objects.count()) == (1, 2)
        waiting = Stream.objects.create(source=source, kind="open", due_at=now)
        while streams.read(waiting.pk, "test"):
            pass
        waiting.refresh_from_db()
    assert (waiting.error, Incident.objects.count(), OpenItem.objects.filter(kind="group").count()) == ("", 5, 0)


@pytest.mark.django_db(transaction=True)
def test_cdevents_become_facts_and_what_is_not_ours_is_taken_and_dropped(client: Client, squad: Team) -> None:
    source, words = connected(squad, "cdevents")
    batch = [
        structured(cdevent("service.deployed", "shop", environment={"id": "production"})),
        structured(cdevent("pipelinerun.finished", "r1", pipelineName="build", outcome="success")),
        structured(cdevent("incident.detected", "i1", description="Slow", service={"id": "shop"})),
        structured(cdevent("artifact.signed", "a1")),
    ]
    assert push(client, source, batch, Authorization=f"Bearer {words}") == 202
    assert push(client, source, batch) == 401
    inbox.sweep()
    assert not Inbox.objects.exclude(error="").exists()
    assert Deployment.objects.get().production
    assert (PipelineRun.objects.get().workflow, Incident.objects.get().title) == ("build", "Slow")
