"""Django's name for this app."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "teams"
