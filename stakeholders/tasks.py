"""What Celery runs for leaders' records."""

from __future__ import annotations

from celery import shared_task

from .audit import sealing


@shared_task
def seal_audit() -> None:
    """Seal what was written since the last time."""
    sealing.seal()
