"""Addresses of schedules, deliveries and shared links, part of the leaders' addresses."""

from django.urls import path

from .views import deliveries, links, schedules, shared

urlpatterns = [
    path("reports/<slug:team>/sending/", schedules.page, name="sending"),
    path("reports/<slug:team>/sending/new/", schedules.new, name="new_schedule"),
    path("schedule/<int:pk>/edit/", schedules.edit, name="edit_schedule"),
    path("schedule/<int:pk>/pause/", schedules.step, {"verb": "pause"}, name="pause_schedule"),
    path("schedule/<int:pk>/resume/", schedules.step, {"verb": "resume"}, name="resume_schedule"),
    path("schedule/<int:pk>/end/", schedules.step, {"verb": "end"}, name="end_schedule"),
    path("report/<int:pk>/deliver/", deliveries.deliver, name="deliver_report"),
    path("report/<int:pk>/links/", links.page, name="report_links"),
    path("delivery/<int:pk>/retry/", deliveries.retry, name="retry_delivery"),
    path("bounce/<int:pk>/clear/", deliveries.clear, name="clear_bounce"),
    path("link/<int:pk>/revoke/", links.revoke, name="revoke_link"),
    path("r/<str:token>/", shared.page, name="shared"),
    path("r/<str:token>/report.pdf", shared.pdf, name="shared_pdf"),
]
