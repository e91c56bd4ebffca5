"""The queue as a file."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from teams.views.csv_file import csv_file

from .deciding import asked_of


@require_safe
def needs_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    """What waits for the reader, the heaviest first, then what was put off or handed on."""
    _, scope, asked, found = asked_of(request, team)
    names = asked.names
    every = [
        *((one, "waits") for one in found.items),
        *((one, f"put off until {move.until}") for one, move in found.snoozed),
        *((one, f"passed on to {move.to}") for one, move in found.passed),
    ]
    head = (
        "item", "title", "why", "team", "state", "money at stake", "currency", "days", "waiting since", "latest",
        "options", "address",
    )  # fmt: skip
    return csv_file(f"{scope.slug}-needs", head, (
        [
            one.key, one.title, one.why, names.get(one.team, ""), state,
            "" if one.weight.money is None else f"{one.weight.money / 100:.2f}", one.currency,
            "" if one.weight.days is None else one.weight.days, one.weight.since, one.latest or "",
            "; ".join(f"{letter}. {title}" for letter, title in one.options), request.build_absolute_uri(one.url),
        ]
        for one, state in every
    ))  # fmt: skip
