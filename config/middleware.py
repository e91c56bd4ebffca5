"""What every request passes on its way out: an unknown address answers inside the shell, also while DEBUG is on."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import views

Handler = Callable[[HttpRequest], HttpResponse]


def shell_error_pages(get_response: Handler) -> Handler:
    """In the demo DEBUG is on, and Django would show its developer's page to a visitor who mistyped a week."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.DEMO and response.status_code == 404 and hasattr(request, "user"):
            return views.not_found(request)
        return response

    return answer
