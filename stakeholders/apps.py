"""Django's name for this app; after every migration the audit triggers are brought up to date."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StakeholdersConfig(AppConfig):
    name = "stakeholders"

    def ready(self) -> None:
        post_migrate.connect(_install_audit, sender=self)


def _install_audit(*, using: str, **_: Any) -> None:
    from .audit import triggers

    triggers.install(using)
