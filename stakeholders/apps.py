"""Django's name for this app."""

from django.apps import AppConfig


class StakeholdersConfig(AppConfig):
    name = "stakeholders"
