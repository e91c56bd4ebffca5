"""Addresses of the scorecard."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("scorecard/<slug:team>/", views.page, name="scorecard"),
    path("scorecard/<slug:team>/rows.csv", views.whole_csv, name="scorecard_whole_csv"),
    path("scorecard/<slug:team>/<slug:indicator>/", views.indicator, name="indicator"),
    path("scorecard/<slug:team>/<slug:indicator>/rows.csv", views.rows_csv, name="scorecard_csv"),
]
