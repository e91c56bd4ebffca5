"""Deliveries at the door, 200 a second for a minute with the workers stopped; then the workers, until all is shown."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from django.utils import timezone

from metrics import actions
from metrics.models import Inbox, Incident, Source
from teams.models import Team
from tests.observing import sign
from tests.processes import start, wait_for

from .table import Table, short

A_SECOND = 200
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
SENDERS = 8


def measure(table: Table, folder: Path, team: Team) -> None:
    source = actions.connect_source(team=team, provider="observing", name="Deliveries", by=None)
    source.refresh_from_db()
    _, secret = actions.add_hook_secret(source=source, by=None)
    port = 8790
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.process_settings", "LOG_LEVEL": "ERROR"}
    environment |= {"ALLOWED_HOSTS": "127.0.0.1", "PYTHONWARNINGS": "ignore"}
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--no-control-socket")
    web = start(
        "web", [sys.executable, "-m", "gunicorn", "config.wsgi", *bind, "--log-level", "critical"],
        environment=environment, log=folder / "web.log",
    )  # fmt: skip
    try:
        wait_for(lambda: _answers(port), seconds=30, name="the web process answers", told=web.words)
        took, codes = _send(port, f"/hooks/{source.hook}/", secret)
    finally:
        web.end()
    took.sort()
    total = len(took)
    table.add(f"Deliveries, {A_SECOND}/s for {SECONDS} s, workers stopped", short(took[total // 2]), "median")
    table.add("  95th, 99th percentile", f"{short(took[total * 95 // 100])}, {short(took[total * 99 // 100])}")
    other = sum(count for code, count in codes.items() if not 200 <= code < 300)
    kept = Inbox.objects.filter(source=source).count()
    table.add("  answers other than 2xx", str(other), str(dict(codes)))
    table.add("  kept", f"{kept:,}", f"of {total:,} sent")
    _shown(table, folder, source, total, environment)


def _answers(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False


def _send(port: int, path: str, secret: str) -> tuple[list[float], Counter[int]]:
    """(seconds of each answer, how many of each status). A sender that falls behind sends at once, and it shows."""
    took: list[float] = []
    codes: Counter[int] = Counter()
    began = time.monotonic() + 0.5

    def sender(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for turn in range(A_SECOND * SECONDS // SENDERS):
            due = began + (turn * SENDERS + number) / A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            id_ = f"i{turn * SENDERS + number}"
            body = json.dumps([{"kind": "incident", "id": id_, "at": 1, "resolved": 60}]).encode()
            headers = {"Content-Type": "application/json", "X-Signature": sign(body, secret), "X-Delivery": id_}
            try:
                line.request("POST", path, body, headers)
                answer = line.getresponse()
                answer.read()
                codes[answer.status] += 1
            except (OSError, http.client.HTTPException):
                codes[0] += 1
                line.close()
            took.append(time.monotonic() - due)  # from when it was due: waiting in line counts

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, codes


def _shown(table: Table, folder: Path, source: Source, total: int, environment: dict[str, str]) -> None:
    """Start two workers and a beat, and wait until every delivery is a fact."""
    command = [sys.executable, "-m", "celery", "-q", "-A", "config"]
    quiet = ["--loglevel", "error", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    running = [
        start(name, [*command, "worker", *quiet], environment=environment, log=folder / f"{name}.log")
        for name in ("worker-1", "worker-2")
    ]
    beat = [*command, "beat", "--loglevel", "error", "--schedule", str(folder / "beat"), "--pidfile="]
    running.append(start("beat", beat, environment=environment, log=folder / "beat.log"))
    try:
        facts = Incident.objects.filter(source=source)
        seconds = wait_for(lambda: facts.count() >= total, seconds=600, name="all is shown", told=running[0].words)
        table.add(f"  then two workers: all {total:,} facts shown", short(seconds), f"{total / seconds:,.0f} a second")
    finally:
        for process in running:
            process.end()
    assert not Inbox.objects.filter(source=source, processed_at=None).exists(), timezone.now()
