"""Django's name for this app; what it asks of promises and tells reports; the audit triggers after migrations."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StakeholdersConfig(AppConfig):
    name = "stakeholders"

    def ready(self) -> None:
        from django.conf import settings

        from delivery.actions.guards import before_delivery

        from .registers.guard import requirements_settled
        from .reports.actions import after_sending
        from .reports.renderings.places import places
        from .reports.sending.outbox import after_review

        places.cache, places.added = settings.REPORT_CACHE, settings.REPORT_FONTS
        before_delivery(requirements_settled)
        after_sending(after_review)
        post_migrate.connect(_install_audit, sender=self)


def _install_audit(*, using: str, **_: Any) -> None:
    from .audit import triggers

    triggers.install(using)
