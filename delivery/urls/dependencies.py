"""Addresses: who needs whom, and one contract."""

from django.urls import URLPattern, path

from delivery.views import dependencies, files

urlpatterns: list[URLPattern] = [
    path("dependencies/<slug:team>/", dependencies.page, name="dependencies"),
    path("dependencies/<slug:team>/rows.csv", files.dependencies_csv, name="dependencies_csv"),
    path("dependencies/<slug:team>/new/", dependencies.new_dependency, name="new_dependency"),
    path("dependency/<int:pk>/", dependencies.dependency, name="dependency"),
    path("dependency/<int:pk>/step/", dependencies.step, name="dependency_step"),
    path("dependency/<int:pk>/remove/", dependencies.remove, name="remove_dependency"),
]
