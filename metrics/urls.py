"""Addresses of the measures and of the sources."""

from django.urls import path

from . import webhooks
from .views import measures, sources

app_name = "metrics"
urlpatterns = [
    path("hooks/<uuid:hook>/", webhooks.door, name="hook"),
    path("metrics/<slug:team>/", measures.overview, name="overview"),
    path("metrics/<slug:team>/<slug:measure>/", measures.page, name="measure"),
    path("metrics/<slug:team>/<slug:measure>/rows.csv", measures.rows_csv, name="rows_csv"),
    path("sources/<slug:team>/", sources.index, name="sources"),
    path("sources/<slug:team>/rows/", sources.rows, name="source_rows"),
    path("sources/<slug:team>/connect/", sources.connect, name="connect"),
    path("sources/<slug:team>/read/", sources.read_all, name="read_all"),
    path("source/<int:pk>/", sources.detail, name="source"),
    path("source/<int:pk>/edit/", sources.edit, name="edit_source"),
    path("source/<int:pk>/read/", sources.read_now, name="read_now"),
    path("source/<int:pk>/pause/", sources.pause, name="pause_source"),
    path("source/<int:pk>/replay/<int:event>/", sources.replay, name="replay"),
]
