"""Addresses of reports, part of the leaders' addresses."""

from django.urls import path

from .views import files, ledger, listing, report, style

urlpatterns = [
    path("reports/<slug:team>/", listing.listed, name="reports"),
    path("reports/<slug:team>/rows.csv", listing.rows_csv, name="reports_csv"),
    path("reports/<slug:team>/style/", style.edit, name="report_style"),
    path("reports/<slug:team>/logo/", style.logo, name="report_logo"),
    path("reports/<slug:team>/draft/", listing.draft, name="draft_report"),
    path("reports/<slug:team>/ledger/", ledger.page, name="report_ledger"),
    path("reports/<slug:team>/ledger/rows.csv", ledger.rows_csv, name="report_ledger_csv"),
    path("report/<int:pk>/", report.page, name="report"),
    path("report/<int:pk>/words/", report.write, name="write_report"),
    path("report/<int:pk>/refresh/", report.refresh, name="refresh_report"),
    path("report/<int:pk>/review/", report.review, name="review_report"),
    path("report/<int:pk>/send/", report.send, name="send_report"),
    path("report/<int:pk>/drop/", report.drop, name="drop_report"),
    path("report/<int:pk>/files/", files.now, name="report_files"),
    path("report/<int:pk>/files/<slug:form>/", files.ask, name="ask_report_file"),
    path("report/<int:pk>/file/<int:rendering>/", files.fetched, name="report_file"),
]
