"""Deactivate the demo's sample accounts, so that a database that was a demo's can serve for real."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from teams.models import User


class Command(BaseCommand):
    help = "Deactivate the sample accounts of the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        dropped = User.objects.filter(is_sample=True, is_active=True).update(is_active=False)
        self.stdout.write(f"{dropped} sample accounts can no longer sign in.")
