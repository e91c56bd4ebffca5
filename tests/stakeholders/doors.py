"""A table of addresses × kinds of people, knocked at in one go: everybody meets the same records, made once.

What somebody does at a door is taken back before the next comes. Refusals answer without the shell around them, which
has tests of its own; what opens is rendered whole, for each kind of person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLResolver

from teams.models import Person

Knocked = Callable[[Client, str], int]


@pytest.fixture
def plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(_: URLResolver, code: int) -> Callable[..., HttpResponse]:
        def plain(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
            return HttpResponse(status=code)

        return plain

    monkeypatch.setattr(URLResolver, "resolve_error_handler", handler)


def knocked(
    request: pytest.FixtureRequest, personas: Sequence[str], doors: Mapping[str, tuple[int, ...]],
    page_of: Callable[[Person], Client], knock: Knocked,
) -> dict[str, dict[str, tuple[int, int]]]:  # fmt: skip
    """persona → door → (what it answered, what it should); only where the two differ. Empty when all is well."""
    people = {persona: request.getfixturevalue(persona) for persona in personas}
    wrong: dict[str, dict[str, tuple[int, int]]] = {}
    for place, (persona, person) in enumerate(people.items()):
        browser = page_of(person)
        with transaction.atomic():
            found = {door: (knock(browser, door), answers[place]) for door, answers in doors.items()}
            transaction.set_rollback(True)
        if faults := {door: pair for door, pair in found.items() if pair[0] != pair[1]}:
            wrong[persona] = faults
    return wrong
