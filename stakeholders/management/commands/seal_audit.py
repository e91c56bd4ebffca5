"""Seal the audit trail now, instead of waiting for the worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from stakeholders.audit import sealing


class Command(BaseCommand):
    help = "Seal every entry of the audit trail that is not sealed yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sealing.seal():,} entries sealed.")
