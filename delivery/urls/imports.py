"""Addresses: imports."""

from django.urls import URLPattern, path

from delivery.views import imports

urlpatterns: list[URLPattern] = [
    path("import/<slug:team>/", imports.start, name="imports"),
    path("import/<slug:team>/columns/", imports.columns, name="import_columns"),
    path("import/<slug:team>/preview/", imports.preview, name="import_preview"),
    path("import/<slug:team>/errors.csv", imports.errors, name="import_errors"),
    path("import/<slug:team>/apply/", imports.apply, name="import_apply"),
    path("import/<slug:team>/template.csv", imports.template, name="import_template"),
]
