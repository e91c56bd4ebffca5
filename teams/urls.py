"""Addresses of teams, people, memberships and roles."""

from django.urls import path

from .views import files, members, people, team, tree

app_name = "teams"
urlpatterns = [
    path("teams/", tree.index, name="tree"),
    path("teams/rows.csv", files.teams_csv, name="teams_csv"),
    path("teams/add/", tree.add, name="add_team"),
    path("teams/<slug:team>/", team.page, name="team"),
    path("teams/<slug:team>/edit/", tree.edit, name="edit_team"),
    path("teams/<slug:team>/move/", tree.move, name="move_team"),
    path("teams/<slug:team>/close/", tree.close, name="close_team"),
    path("teams/<slug:team>/reopen/", tree.reopen, name="reopen_team"),
    path("teams/<slug:team>/join/", members.join, name="join"),
    path("teams/<slug:team>/grant/", team.grant, name="grant"),
    path("grants/<int:pk>/revoke/", team.revoke, name="revoke"),
    path("memberships/<int:pk>/role/", members.change_role, name="change_role"),
    path("memberships/<int:pk>/move/", members.move, name="move_person"),
    path("memberships/<int:pk>/leave/", members.leave, name="leave"),
    path("memberships/<int:pk>/correct/", members.correct, name="correct_membership"),
    path("people/", people.index, name="people"),
    path("people/rows.csv", files.people_csv, name="people_csv"),
    path("people/add/", people.add, name="add_person"),
    path("people/<int:pk>/", people.page, name="person"),
    path("people/<int:pk>/edit/", people.edit, name="edit_person"),
    path("people/<int:pk>/login/", people.give_login, name="give_login"),
    path("people/<int:pk>/login/stop/", people.stop_login, name="stop_login"),
]
