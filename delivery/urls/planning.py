"""Addresses: planning intervals, deadlines, outcomes and days off."""

from django.urls import URLPattern, path

from delivery.views import dates, files, planning

urlpatterns: list[URLPattern] = [
    path("planning/<slug:team>/", planning.page, name="planning"),
    path("planning/<slug:team>/new/", planning.new_interval, name="new_interval"),
    path("interval/<int:pk>/", planning.interval, name="interval"),
    path("interval/<int:pk>/freeze/", planning.freeze, name="freeze"),
    path("interval/<int:pk>/capacity/", planning.capacity, name="capacity"),
    path("outcomes/<slug:team>/", planning.outcomes, name="outcomes"),
    path("outcomes/<slug:team>/rows.csv", files.outcomes_csv, name="outcomes_csv"),
    path("outcomes/<slug:team>/new/", planning.new_outcome, name="new_outcome"),
    path("deadlines/<slug:team>/", dates.deadlines, name="deadlines"),
    path("deadlines/<slug:team>/rows.csv", files.deadlines_csv, name="deadlines_csv"),
    path("deadlines/<slug:team>/new/", dates.new_deadline, name="new_deadline"),
    path("deadline/<int:pk>/edit/", dates.edit_deadline, name="edit_deadline"),
    path("deadline/<int:pk>/close/", dates.close_deadline, name="close_deadline"),
    path("holidays/<slug:team>/", dates.holidays, name="holidays"),
    path("holidays/<slug:team>/rows.csv", files.holidays_csv, name="holidays_csv"),
    path("holiday/<int:pk>/remove/", dates.remove_holiday, name="remove_holiday"),
]
