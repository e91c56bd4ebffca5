"""Addresses: the weekly check-in, and what a slip would change."""

from django.urls import URLPattern, path

from delivery.views import checkin

urlpatterns: list[URLPattern] = [
    path("check-in/<slug:team>/", checkin.page, name="checkin"),
    path("check-in/<slug:team>/preview/", checkin.preview, name="checkin_preview"),
]
