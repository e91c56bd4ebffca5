"""What every request passes: who writes and from where, for the trail; unknown addresses answer inside the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from pghistory.middleware import HistoryMiddleware

from . import views

Handler = Callable[[HttpRequest], HttpResponse]


def shell_error_pages(get_response: Handler) -> Handler:
    """In the demo DEBUG is on, and Django would show its developer's page to a visitor who mistyped a week."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        whole = getattr(response, "is_whole", False)  # a page of its own, for readers who know nothing of the shell
        if settings.DEMO and response.status_code == 404 and hasattr(request, "user") and not whole:
            return views.not_found(request)
        return response

    return answer


class WhoAndWhere(HistoryMiddleware):
    """The context that the triggers read: pghistory's user and address, and the method."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_context(request) | {"method": request.method}
