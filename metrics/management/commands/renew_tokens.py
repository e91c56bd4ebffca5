"""`manage.py renew_tokens`: write every stored token and secret with the newest key, so that an old key may go."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from metrics import secrets
from metrics.models import HookSecret, Source


class Command(BaseCommand):
    help = "Write every stored token with the newest key of PLUMBLINE_SOURCE_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        renewed, lost = 0, []
        with transaction.atomic():
            for model in (Source, HookSecret):
                for row in model.objects.select_for_update().exclude(secret=None):
                    try:
                        row.secret = secrets.renewed(row.secret or b"")
                    except InvalidToken:
                        lost.append(str(row))
                        continue
                    row.save(update_fields=["secret"])
                    renewed += 1
        self.stdout.write(f"{renewed} written with the newest key.")
        if lost:
            raise CommandError(f"No key of ours fits those of: {', '.join(lost)}. Enter them again.")
