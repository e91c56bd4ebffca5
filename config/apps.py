"""Django's name for this app."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
