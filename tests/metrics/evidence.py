"""First rows for the tests of the evidence pages."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from metrics import observed
from metrics.events import Observation
from metrics.models import Source


def take(source: Source, *observations: Observation) -> None:
    with transaction.atomic():
        observed.take(source, observations, now=timezone.now())
