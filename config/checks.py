"""System checks: what a production installation lacks, named with what to do. Run by `manage.py check --deploy`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def production(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """What must be set before the product serves for real."""
    found: list[CheckMessage] = []
    if "no-database-set" in settings.DATABASE_URL:
        found.append(
            Error("DATABASE_URL is not set.", hint="postgres://user:password@host:5432/name", id="plumbline.E001")
        )
    if "no-redis-set" in settings.REDIS_URL:
        found.append(Error("REDIS_URL is not set.", hint="redis://host:6379/0", id="plumbline.E002"))
    if not settings.SOURCE_KEYS:
        hint = "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        found.append(
            Error("PLUMBLINE_SOURCE_KEYS is not set, so tokens cannot be kept.", hint=hint, id="plumbline.E003")
        )
    if not settings.SEAL_KEYS:
        hint = "Make one: python -c 'import secrets; print(secrets.token_hex(32))'. Keep it away from the database."
        found.append(
            Error("PLUMBLINE_SEAL_KEY is not set, so the audit trail is not sealed.", hint=hint, id="plumbline.E005")
        )
    if settings.DEMO:
        found.append(Error("PLUMBLINE_DEMO opens sample accounts to everyone.", hint="Unset it.", id="plumbline.E004"))
    if settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "dummy.EmailBackend")):
        hint = "Set EMAIL_URL, such as smtp+tls://user:password@host:587."
        found.append(Warning("Mail is not sent: nobody can set a password.", hint=hint, id="plumbline.W001"))
    return found
