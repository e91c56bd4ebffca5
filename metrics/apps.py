"""Django's name for this app."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "metrics"
