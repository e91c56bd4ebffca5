"""A real Alertmanager, where Debian's package is installed, sends its deliveries and shows its list to the provider."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metrics import inbox, streams
from metrics.actions.hooks import add_hook_secret
from metrics.events import IncidentSeen, Push
from metrics.models import Inbox, Incident, Source, Stream
from metrics.providers.alertmanager import AlertmanagerProvider
from teams.models import Team

from .observing import Held, connection

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no Alertmanager here: apt-get install prometheus-alertmanager runs these"
)
SECRET = "a-secret-of-the-receiver"  # noqa: S105
PATIENCE = 20.0


@dataclass
class Receiver:
    """Keeps what Alertmanager sends, as the door would."""

    pushes: list[Push] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.pushes.append(Push(body=body, headers={name.lower(): value for name, value in self.headers.items()}))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield kept, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def alertmanager(url: str, tmp_path: Path) -> Iterator[str]:
    """Its address, once it is ready; groups are sent to `url` at once, and alerts called Few two at a time."""
    assert PROGRAM is not None
    hook = {"url": url, "send_resolved": True, "http_config": {"authorization": {"credentials": SECRET}}}
    settings = {
        "global": {"resolve_timeout": "1m"},
        "route": {
            "receiver": "main", "group_by": ["alertname"], "group_wait": "100ms", "group_interval": "500ms",
            "repeat_interval": "1h", "routes": [{"receiver": "few", "matchers": ['alertname="Few"']}],
        },
        "receivers": [
            {"name": "main", "webhook_configs": [hook]},
            {"name": "few", "webhook_configs": [{**hook, "max_alerts": 2}]},
        ],
    }  # fmt: skip
    config = tmp_path / "alertmanager.yml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        PROGRAM, f"--config.file={config}", f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: _answers(f"{address}/-/ready"), "Alertmanager is ready")
            yield address
        finally:
            running.terminate()
            running.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)


def send(address: str, name: str, instances: list[str], *, since: datetime, ends: datetime | None = None) -> None:
    alerts = [
        {
            "labels": {"alertname": name, "instance": one, "service": "checkout", "severity": "critical"},
            "annotations": {"summary": f"{name} on {one}"}, "startsAt": since.isoformat(),
            **({"endsAt": ends.isoformat()} if ends else {}),
        }
        for one in instances
    ]  # fmt: skip
    request = urllib.request.Request(  # noqa: S310
        f"{address}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        assert answer.status == 200


def test_what_fires_ends_and_is_hidden_becomes_right_incidents(receiver: tuple[Receiver, str], tmp_path: Path) -> None:
    kept, url = receiver
    with alertmanager(url, tmp_path) as address:
        _fires_ends_and_hides(kept, address)


def _fires_ends_and_hides(kept: Receiver, address: str) -> None:
    provider = AlertmanagerProvider(connection(address))
    held = Held(provider)
    now = datetime.now(UTC)
    started, ended = now.replace(microsecond=0) - timedelta(minutes=9), now.replace(microsecond=0)

    def seen() -> dict[str, IncidentSeen]:
        for push in kept.pushes:
            AlertmanagerProvider.verify(push, ["another-secret-here", SECRET], now=now)
            held.keep(provider.hear(push, now=now))
        return {one.title: one for one in held.events(now=datetime.now(UTC)) if isinstance(one, IncidentSeen)}

    # fires: two alerts of one group
    send(address, "High", ["i-1", "i-2"], since=started)
    until(lambda: set(seen()) == {"High on i-1", "High on i-2"}, "two alerts are told")
    assert {(one.started_at, one.resolved_at, one.service) for one in seen().values()} == {(started, None, "checkout")}

    # resolves: one of them, in a group that still fires
    send(address, "High", ["i-1"], since=started, ends=ended)
    until(lambda: seen()["High on i-1"].resolved_at is not None, "one has ended")
    assert seen()["High on i-1"].resolved_at == ended
    assert seen()["High on i-2"].resolved_at is None

    # the list and the webhook speak of the same things
    held.pull("alerts", now=datetime.now(UTC))
    assert set(seen()) == {"High on i-1", "High on i-2"}

    # hides: five alerts, of which a delivery holds two; the list makes up for the other three
    send(address, "Few", [f"f-{number}" for number in range(5)], since=started)
    until(lambda: any(kind == "group" for kind, _ in (seen() and held.things)), "a delivery hid alerts")
    groups = [thing for kind, thing in held.things if kind == "group"]
    assert sum(title.startswith("Few") for title in seen()) == 2
    held.keep(provider.ask("group", groups, now=datetime.now(UTC)).observations)
    assert {f"Few on f-{number}" for number in range(5)} <= set(seen())
    assert not set(groups) & set(held.open(now=datetime.now(UTC)))

    # ends unheard: a hidden alert that has ended is missed in the list
    held.pull("alerts", now=datetime.now(UTC))
    send(address, "Few", [f"f-{number}" for number in range(5)], since=started, ends=datetime.now(UTC))
    until(lambda: all(one["labels"]["alertname"] == "High" for one in provider.client.alerts()), "none is listed")
    held.pull("alerts", now=datetime.now(UTC))
    few = [one for title, one in seen().items() if title.startswith("Few")]
    assert len(few) == 5
    assert all(one.resolved_at is not None and one.resolved_at >= ended for one in few)
    assert [one.title for one in seen().values() if one.resolved_at is None] == ["High on i-2"]
    assert "answers: 1 alert fires now." in provider.check().sentence


@pytest.mark.django_db(transaction=True)
def test_through_the_door_of_the_app_incidents_are_right(
    live_server: Any, squad: Team, settings: Any, tmp_path: Path
) -> None:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]
    settings.ALLOWED_HOSTS = ["*"]
    source = Source.objects.create(team=squad, provider="alertmanager", name="alerts")
    source.refresh_from_db()
    add_hook_secret(source=source, by=None, secret=SECRET)
    now = datetime.now(UTC).replace(microsecond=0)
    started = now - timedelta(minutes=9)

    def titles(**which: Any) -> set[str]:
        inbox.sweep()
        return set(Incident.objects.filter(**which).values_list("title", flat=True))

    with alertmanager(f"{live_server.url}/hooks/{source.hook}/", tmp_path) as address:
        Source.objects.filter(pk=source.pk).update(address=address)
        send(address, "High", ["i-1", "i-2"], since=started)
        until(lambda: titles() == {"High on i-1", "High on i-2"}, "two alerts came through the door")
        send(address, "High", ["i-1"], since=started, ends=now)
        until(lambda: titles(resolved_at=now) == {"High on i-1"}, "one has ended")
        send(address, "Few", [f"f-{number}" for number in range(5)], since=started)
        until(lambda: len(titles()) == 4, "two of five came through the door")
        waiting = Stream.objects.create(source=source, kind="open", due_at=now)
        while streams.read(waiting.pk, "test"):
            pass
        assert len(titles()) == 7
    source.refresh_from_db()
    assert (source.heard_at is not None, source.refused_why) == (True, "")
    assert not Inbox.objects.exclude(error="").exists()
    assert titles(resolved_at=None) == {"High on i-2", *(f"Few on f-{number}" for number in range(5))}
    assert set(Incident.objects.values_list("started_at", "service__name")) == {(started, "checkout")}
