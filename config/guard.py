"""What must hold before a process of the product serves anybody."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def refuse_sample_accounts() -> None:
    """Raise when sample accounts, which need no password, are in a database that is not a demo's."""
    from teams.models import User

    if not settings.DEMO and User.objects.filter(is_sample=True, is_active=True).exists():
        raise ImproperlyConfigured(
            "This database holds sample accounts of the demo, which sign in without a password. "
            "Use another database, or deactivate them: manage.py drop_sample_accounts."
        )
