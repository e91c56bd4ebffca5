"""The plain door: JSON in our own words, or in Apache DevLake's, kept in the inbox of a REST source.

The token says which source it is for. A body is taken whole or not at all; what is wrong is named field by field. Like
the door for webhooks it needs PostgreSQL only: facts follow within seconds.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from . import inbox, read, secrets, signed, webhooks
from .api_bodies import (
    ChangeBody,
    DeploymentBody,
    DevLakeDeploymentBody,
    DevLakeIssueBody,
    IncidentBody,
    Kept,
    RunBody,
    Wrong,
)
from .events import ProviderError, Push, Unreadable
from .models import HookSecret, Source
from .providers.rest import RestProvider
from .providers.rest.parse import AT_HEADER, KIND_HEADER, MOST, observed

MOST_BYTES = 1_000_000
MOST_WRONG = 20  # faults that one answer names
MOST_REFUSED = 60  # a minute and address: from then on tokens are no longer looked at


class Refusal(Exception):
    """The answer to a request that is not taken."""

    def __init__(self, status: int, sentence: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(sentence)
        self.response = Response({"detail": sentence, **({"errors": errors} if errors else {})}, status=status)


@method_decorator(login_not_required, name="dispatch")
class _Door(APIView):
    form: ClassVar[str]
    body: ClassVar[type[BaseSerializer[Any]]]

    def post(self, request: Request, **place: Any) -> Response:
        try:
            source = _source(request, place.get("source"))
            raw = _raw(request)
            items = _checked(raw, self.body)
            return _kept(source, request, self.form, raw, items)
        except Refusal as refusal:
            return refusal.response


def _door(form: str, body: type[BaseSerializer[Any]], words: str) -> Any:
    """A view that takes `body`, once or as a list."""

    @extend_schema(request=body, responses={202: Kept, 400: Wrong, 401: Wrong, 413: Wrong, 429: Wrong}, summary=words)
    def post(self: _Door, request: Request, **place: Any) -> Response:
        return _Door.post(self, request, **place)

    made: Any = type(f"{form.title().replace('-', '')}Door", (_Door,), {"form": form, "body": body, "post": post})
    return made.as_view()


deployments = _door("deployments", DeploymentBody, "Deployments: attempts to put a commit into an environment")
changes = _door("changes", ChangeBody, "Changes: merged pull requests, or commits that belong to none")
runs = _door("runs", RunBody, "Pipeline runs, with their jobs")
incidents = _door("incidents", IncidentBody, "Incidents: what hurt users, from start to end")
devlake_deployments = _door("devlake-deployments", DevLakeDeploymentBody, "Deployments in Apache DevLake's words")
devlake_issues = _door("devlake-issues", DevLakeIssueBody, "Issues in Apache DevLake's words")


@method_decorator(login_not_required, name="dispatch")
class DevLakeClose(APIView):
    """The end of an issue that was sent before; it has no body."""

    @extend_schema(request=None, responses={202: Kept, 401: Wrong}, summary="Close an issue, as in Apache DevLake")
    def post(self, request: Request, source: int, key: str) -> Response:
        try:
            to = _source(request, source)
            item = {"issueKey": read.text(key, 200)}
            return _kept(to, request, "devlake-close", read.encoded(item), [item])
        except Refusal as refusal:
            return refusal.response


@method_decorator(login_not_required, name="dispatch")
class Schema(SpectacularAPIView):
    """What may be sent, as OpenAPI."""


# --- who sends -------------------------------------------------------------------------------------------------------


def _source(request: Request, wanted: int | None) -> Source:
    """The REST source whose token was shown; of several secrets each is tried. Raises Refusal."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if int(cache.get(f"api-refused-{address}") or 0) >= MOST_REFUSED:
        raise Refusal(429, "Too many requests were refused lately. Check the token, then try again in a minute.")
    token = signed.token_of(_push(request, b""))
    rows = HookSecret.objects.filter(retired_at=None, source__provider="rest").select_related("source")
    found: Source | None = None
    try:
        for row in rows if wanted is None else rows.filter(source=wanted):
            if signed.any_same([token], [secrets.opened(row.secret)]):
                found = row.source  # and go on: the time taken tells nothing
    except ProviderError as wrong:
        raise Refusal(503, wrong.sentence) from wrong
    if found is None:
        _count_refused(address)
        raise Refusal(401, "Show a token of a REST source: “Authorization: Bearer …”. Its page has it.")
    return found


def _count_refused(address: str) -> None:
    cache.add(f"api-refused-{address}", 0, 60)
    try:
        cache.incr(f"api-refused-{address}")
    except ValueError:  # it ran out in between
        cache.set(f"api-refused-{address}", 1, 60)


# --- what is sent ----------------------------------------------------------------------------------------------------


def _raw(request: Request) -> bytes:
    too_large = Refusal(413, f"A body may have {MOST_BYTES // 1_000_000} MB. Send it in parts.")
    asked: HttpRequest = request._request
    length = asked.headers.get("content-length") or "0"
    if length.isdigit() and int(length) > MOST_BYTES:
        raise too_large
    raw = asked.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise too_large
    return raw


def _checked(raw: bytes, body: type[BaseSerializer[Any]]) -> list[dict[str, Any]]:
    """The things in a body, as they were sent. Raises Refusal naming what is wrong with each."""
    try:
        said = read.decoded(raw)
    except Unreadable as wrong:
        raise Refusal(400, wrong.sentence) from wrong
    items = said if isinstance(said, list) else [said]
    if not items:
        raise Refusal(400, "The list is empty.")
    if len(items) > MOST:
        raise Refusal(400, f"A list holds at most {MOST} things; this one holds {len(items)}. Send it in parts.")
    faults: list[dict[str, Any]] = []
    wrong_ones = 0
    for place, item in enumerate(items):
        serializer = body(data=item)
        if not serializer.is_valid():
            wrong_ones += 1
            if len(faults) < MOST_WRONG:
                faults.append({"index": place, "fields": serializer.errors})
    if wrong_ones:
        what = "One thing is" if wrong_ones == 1 else f"{wrong_ones} things are"
        more = f" The first {MOST_WRONG} are named." if wrong_ones > MOST_WRONG else ""
        raise Refusal(400, f"{what} not right, so nothing was taken.{more}", faults)
    return items


def _kept(source: Source, request: Request, form: str, raw: bytes, items: list[dict[str, Any]]) -> Response:
    """Into the inbox, once; facts follow from there."""
    now = timezone.now()
    try:
        ids = [observed(form, item, now).id for item in items]
    except Unreadable as wrong:
        raise Refusal(400, wrong.sentence) from wrong
    push = _push(request, raw, {KIND_HEADER: form})
    with transaction.atomic():
        headers = {KIND_HEADER: form, AT_HEADER: now.isoformat()}
        new = inbox.receive(source, RestProvider.key(push), raw, headers)
        Source.objects.filter(pk=source.pk).update(heard_at=now)
        transaction.on_commit(webhooks.nudge)
    return Response({"ids": ids, "again": not new}, status=202)


def _push(request: Request, raw: bytes, more: dict[str, str] | None = None) -> Push:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Push(body=raw, headers={**headers, **(more or {})})
