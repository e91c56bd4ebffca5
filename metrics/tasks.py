"""What Celery runs: it wakes up, looks into PostgreSQL for what is due, and does it. Losing a task loses nothing."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import inbox, retention, rollups, streams
from .models import Stream, WorkerStart

log = structlog.get_logger(__name__)

IMPATIENT = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 1}


def send_quietly(task: Any, *arguments: Any) -> None:
    """Nudge a worker, within about a second. Redis may be away: beat finds the work again within seconds."""
    try:
        # a line of its own: the pool's would try for longer than a page may wait
        with task.app.connection_for_write(transport_options=IMPATIENT) as line:
            task.apply_async(arguments, connection=line, retry=False, ignore_result=True)
    except (OSError, OperationalError) as away:
        log.warning("no worker was woken", task=task.name, because=str(away))


@worker_ready.connect
def note_start(**_: Any) -> None:
    """Write down that a worker began: see `streams`. PostgreSQL may be away; then its own start tells as much."""
    try:
        WorkerStart.objects.filter(at__lt=timezone.now() - timedelta(days=7)).delete()
        WorkerStart.objects.create()
    except DatabaseError as away:
        log.warning("the start of this worker was not noted", because=str(away))
    finally:
        connection.close()  # the processes that do the work are forked from this one


@shared_task
def wake_due_streams() -> None:
    """Send a reader for each stream that is due."""
    now = timezone.now()
    for stream in streams.due(now):
        Stream.objects.filter(pk=stream).update(woken_at=now)
        send_quietly(read_stream, stream)


@shared_task(soft_time_limit=840, time_limit=900)
def read_stream(stream: int) -> None:
    """Read a stream for a minute, then make room for others. A first fetch of a large repository may take longer."""
    owner = f"{socket.gethostname()}:{os.getpid()}"
    more = streams.read(stream, owner)
    if (following := streams.following(stream, more=more)) is not None:
        send_quietly(read_stream, following)


@shared_task
def sweep_inbox() -> None:
    """Read pushed events that wait."""
    if inbox.sweep():
        send_quietly(rebuild_dirty_weeks)


@shared_task
def rebuild_dirty_weeks() -> None:
    """Count the weeks again in which a fact changed. While another worker does, there is better to do than to wait."""
    rollups.rebuild(now=timezone.now(), wait=False)


@shared_task
def prune_raw() -> None:
    """Drop the words that facts came from, once they are older than the setting."""
    dropped = retention.prune(now=timezone.now())
    if any(dropped.values()):
        log.info("raw words were dropped", **dropped)
