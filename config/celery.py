"""The Celery application. Redis only wakes workers; what is to be done stands in PostgreSQL."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.signals import celeryd_init

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
