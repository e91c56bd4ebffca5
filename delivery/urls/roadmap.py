"""Addresses: the roadmap, its what-if, and keeping one as an option."""

from django.urls import URLPattern, path

from delivery.views import roadmap as views

urlpatterns: list[URLPattern] = [
    path("roadmap/<slug:team>/", views.page, name="roadmap"),
    path("roadmap/<slug:team>/what-if/", views.what_if, name="what_if"),
    path("roadmap/<slug:team>/save-option/", views.save_option, name="save_option"),
]
