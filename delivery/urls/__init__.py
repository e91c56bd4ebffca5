"""Addresses of the promises' pages, a module for each part."""

from django.urls import URLPattern

from . import checkin, commitments, dependencies, imports, planning, roadmap

app_name = "delivery"
urlpatterns: list[URLPattern] = [
    *commitments.urlpatterns,
    *roadmap.urlpatterns,
    *checkin.urlpatterns,
    *planning.urlpatterns,
    *dependencies.urlpatterns,
    *imports.urlpatterns,
]
