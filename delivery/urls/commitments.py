"""Addresses: the list of commitments, one commitment, and what can be done with it."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path


def _soon(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse()


urlpatterns: list[URLPattern] = [path("commitment/<int:pk>/", _soon, name="commitment")]
