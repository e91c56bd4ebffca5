"""What Celery runs for promises: a new forecast when something that it rests on has changed, and one every night."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.db import connection, transaction

from . import network, recovery
from .models import NetworkMark

log = structlog.get_logger(__name__)
LOCK = 0x666F7265


def send_quietly(task: Any) -> None:
    """Nudge a worker. Redis may be away: beat finds the marks within seconds."""
    try:
        task.apply_async((), retry=False, ignore_result=True)
    except (OSError, task.app.connection_for_write().transport.connection_errors) as away:
        log.warning("no worker was woken", task=task.name, because=str(away))


@shared_task
def forecast_if_needed() -> None:
    """Make a forecast when there are marks. They are taken first: one made meanwhile asks for another forecast."""
    made = False
    while _forecast_once():
        made = True
    if made:
        recovery.keep_ready()


@shared_task
def forecast_nightly() -> None:
    """A new day is a new status date, also when nobody touched anything."""
    with transaction.atomic():
        _lock()
        network.recompute(why="a new day")
    recovery.keep_ready()


def _forecast_once() -> bool:
    with transaction.atomic():
        _lock()
        marks = list(NetworkMark.objects.order_by("pk")[:1000])
        if not marks:
            return False
        NetworkMark.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
        more = f" and {len(marks) - 1} more" if len(marks) > 1 else ""
        network.recompute(why=f"{marks[-1].why[:160]}{more}")
    return True


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
