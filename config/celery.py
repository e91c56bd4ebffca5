"""The Celery application. Redis only wakes workers; what is to be done stands in PostgreSQL."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# what is dangerous about a worker that runs as root is pickle, and only JSON is accepted
warnings.filterwarnings("ignore", message=r"\s*You're running the worker with superuser")

app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def _guard(**_: object) -> None:
    from config.guard import refuse_sample_accounts

    refuse_sample_accounts()


_contexts: dict[str, Any] = {}


@task_prerun.connect
def _say_which_task(task_id: str, task: Any, **_: object) -> None:
    """What a task writes carries its name in the audit trail."""
    import pghistory

    _contexts[task_id] = context = pghistory.context(job=f"task {task.name}")
    context.__enter__()


@task_postrun.connect
def _task_is_over(task_id: str, **_: object) -> None:
    if context := _contexts.pop(task_id, None):
        context.__exit__(None, None, None)
