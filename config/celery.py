"""The Celery application. Redis only wakes workers; what is to be done stands in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def _guard(**_: object) -> None:
    from config.guard import refuse_sample_accounts

    refuse_sample_accounts()
