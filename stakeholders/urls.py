"""Addresses of the leaders' pages."""

from django.urls import path

from .audit import views as audit
from .investment.urls import urlpatterns as investment
from .registers.urls import urlpatterns as registers
from .reports.sending.urls import urlpatterns as sending
from .reports.urls import urlpatterns as reports
from .scorecards.urls import urlpatterns as scorecards
from .week import deciding
from .week import files as week_files
from .week import views as week

app_name = "stakeholders"
urlpatterns = [
    path("", week.home, name="home"),
    path("week/<slug:team>/", week.page, name="week"),
    path("week/<slug:team>/needs/", deciding.listed, name="needs"),
    path("week/<slug:team>/needs/rows.csv", week_files.needs_csv, name="needs_csv"),
    path("week/<slug:team>/reviewed/", deciding.reviewed, name="mark_reviewed"),
    path("week/<slug:team>/needs/<slug:key>/", deciding.item, name="need"),
    path("week/<slug:team>/needs/<slug:key>/decide/", deciding.decide, name="decide_need"),
    path("week/<slug:team>/needs/<slug:key>/snooze/", deciding.snooze, name="snooze_need"),
    path("week/<slug:team>/needs/<slug:key>/wake/", deciding.wake, name="wake_need"),
    path("week/<slug:team>/needs/<slug:key>/pass/", deciding.pass_on, name="pass_need"),
    path("week/<slug:team>/<str:week>/", week.page, name="week_of"),
    path("week/<slug:team>/<str:week>/health/", week.health, name="week_health"),
    path("audit/", audit.page, name="audit"),
    path("audit/export.jsonl", audit.export, name="audit_export"),
    *registers,
    *investment,
    *scorecards,
    *reports,
    *sending,
]
