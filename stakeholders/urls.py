"""Addresses of the leaders' pages."""

from django.urls import path

from .investment.urls import urlpatterns as investment
from .registers.urls import urlpatterns as registers
from .scorecards.urls import urlpatterns as scorecards
from .week import views as week

app_name = "stakeholders"
urlpatterns = [
    path("", week.home, name="home"),
    path("week/<slug:team>/", week.page, name="week"),
    path("week/<slug:team>/<str:week>/", week.page, name="week_of"),
    *registers,
    *investment,
    *scorecards,
]
