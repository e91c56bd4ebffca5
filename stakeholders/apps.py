"""Django's name for this app, and what it asks of the promises below it."""

from django.apps import AppConfig


class StakeholdersConfig(AppConfig):
    name = "stakeholders"

    def ready(self) -> None:
        from delivery.actions.guards import before_delivery

        from .registers.guard import requirements_settled

        before_delivery(requirements_settled)
