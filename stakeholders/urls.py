"""Addresses of the leaders' pages."""

from django.urls import path

from .audit import views as audit
from .week import views as week

app_name = "stakeholders"
urlpatterns = [
    path("", week.home, name="home"),
    path("week/<slug:team>/", week.page, name="week"),
    path("week/<slug:team>/<str:week>/", week.page, name="week_of"),
    path("audit/", audit.page, name="audit"),
    path("audit/export.jsonl", audit.export, name="audit_export"),
]
