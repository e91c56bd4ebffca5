"""Addresses of the plain door, and those that Apache DevLake's webhook has, with and without its `rest` and
`connections`, so that a script changes its host and token only."""

from django.urls import path, re_path

from . import api

DEVLAKE = r"^(?:rest/)?plugins/webhook/(?:connections/)?(?P<source>\d{1,9})"

app_name = "api"
urlpatterns = [
    path("deployments/", api.deployments, name="deployments"),
    path("changes/", api.changes, name="changes"),
    path("runs/", api.runs, name="runs"),
    path("incidents/", api.incidents, name="incidents"),
    path("schema/", api.Schema.as_view(), name="schema"),
    re_path(rf"{DEVLAKE}/deployments/?$", api.devlake_deployments, name="devlake_deployments"),
    re_path(rf"{DEVLAKE}/issues/?$", api.devlake_issues, name="devlake_issues"),
    re_path(rf"{DEVLAKE}/issue/(?P<key>[^/]{{1,200}})/close/?$", api.DevLakeClose.as_view(), name="devlake_close"),
]
