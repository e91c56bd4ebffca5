"""Addresses of the measures and of the sources."""

from django.urls import path

from . import webhooks
from .views import connect, dead_letters, files, incidents, measures, rules, services, source, sources

app_name = "metrics"
urlpatterns = [
    path("hooks/<uuid:hook>/", webhooks.door, name="hook"),
    path("metrics/<slug:team>/", measures.overview, name="overview"),
    path("metrics/<slug:team>/<slug:measure>/", measures.page, name="measure"),
    path("metrics/<slug:team>/<slug:measure>/rows.csv", measures.rows_csv, name="rows_csv"),
    path("incident/<int:pk>/", incidents.page, name="incident"),
    path("incident/<int:pk>/correct/", incidents.correct, name="correct_incident"),
    path("sources/<slug:team>/", sources.index, name="sources"),
    path("sources/<slug:team>/rows/", sources.rows, name="source_rows"),
    path("sources/<slug:team>/rows.csv", sources.rows_csv, name="sources_csv"),
    path("sources/<slug:team>/connect/", connect.providers, name="connect"),
    path("sources/<slug:team>/connect/git/", connect.git, name="connect_git"),
    path("sources/<slug:team>/connect/<slug:provider>/", connect.address, name="connect_provider"),
    path("sources/<slug:team>/connect/<slug:provider>/choose/", connect.choose, name="connect_choose"),
    path("sources/<slug:team>/read/", sources.read_all, name="read_all"),
    path("sources/<slug:team>/unread/", dead_letters.below, name="unread_below"),
    path("source/<int:pk>/", source.detail, name="source"),
    path("source/<int:pk>/now/", source.now, name="source_now"),
    path("source/<int:pk>/begin/", source.begin, name="begin"),
    path("source/<int:pk>/begin/now/", source.begin_now, name="begin_now"),
    path("source/<int:pk>/token/", source.renew_token, name="renew_token"),
    path("source/<int:pk>/past/", source.past, name="past"),
    path("source/<int:pk>/past/window/", source.widen, name="widen"),
    path("source/<int:pk>/secret/", source.add_secret, name="add_secret"),
    path("source/<int:pk>/secret/<int:secret>/retire/", source.retire_secret, name="retire_secret"),
    path("source/<int:pk>/edit/", sources.edit, name="edit_source"),
    path("source/<int:pk>/read/", sources.read_now, name="read_now"),
    path("source/<int:pk>/pause/", sources.pause, name="pause_source"),
    path("source/<int:pk>/file/", files.upload, name="upload"),
    path("source/<int:pk>/file/import/", files.take, name="take_file"),
    path("source/<int:pk>/rules/", rules.edit, name="rules"),
    path("source/<int:pk>/rules/now/", rules.now, name="rules_now"),
    path("source/<int:pk>/service/<int:service>/", services.page, name="service"),
    path("source/<int:pk>/service/<int:service>/hand-over/", services.hand_over, name="hand_over"),
    path("source/<int:pk>/unread/", dead_letters.of_source, name="unread"),
    path("source/<int:pk>/unread/now/", dead_letters.now, name="unread_now"),
    path("source/<int:pk>/unread/event/<int:event>/", dead_letters.event, name="unread_event"),
    path("source/<int:pk>/unread/thing/<int:thing>/", dead_letters.thing, name="unread_thing"),
    path("source/<int:pk>/replay/", dead_letters.replay_all, name="replay_all"),
    path("source/<int:pk>/replay/<int:event>/", dead_letters.replay, name="replay"),
    path("source/<int:pk>/solve/<int:thing>/", dead_letters.solve, name="solve"),
]
