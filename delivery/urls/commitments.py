"""Addresses: the list of commitments, one commitment, and what can be done with it."""

from django.urls import URLPattern, path

from delivery.views import acts, commitments, options

urlpatterns: list[URLPattern] = [
    path("commitments/<slug:team>/", commitments.listed, name="commitments"),
    path("commitments/<slug:team>/new/", acts.new_commitment, name="new_commitment"),
    path("commitments/<slug:team>/rows.csv", commitments.rows_csv, name="commitments_csv"),
    path("commitment/<int:pk>/", commitments.page, name="commitment"),
    path("commitment/<int:pk>/now/", commitments.now, name="commitment_now"),
    path("commitment/<int:pk>/edit/", acts.edit_commitment, name="edit_commitment"),
    path("commitment/<int:pk>/slip/", acts.slip, name="slip"),
    path("commitment/<int:pk>/option/", options.option, name="option"),
    path("commitment/<int:pk>/deliver/", acts.deliver, name="deliver"),
    path("commitment/<int:pk>/cancel/", acts.cancel, name="cancel"),
    path("commitment/<int:pk>/reopen/", acts.reopen, name="reopen"),
    path("commitment/<int:pk>/move/", acts.move_commitment, name="move_commitment"),
    path("commitment/<int:pk>/estimate/", acts.estimate, name="estimate"),
    path("commitment/<int:pk>/override/", acts.override, name="override"),
    path("slip/<int:pk>/correct/", acts.correct_slip, name="correct_slip"),
    path("option/<int:pk>/choose/", options.choose, name="choose"),
    path("option/<int:pk>/withdraw/", options.withdraw_option, name="withdraw_option"),
]
