"""Every address of the product that belongs to a team × every kind of person; an address without a row fails.

The addresses of the teams app have a table of their own beside its tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from metrics.models import HookSecret, Inbox, Incident, Puzzle, Service, Source, Stream
from stakeholders.investment.urls import urlpatterns as investment
from stakeholders.registers.urls import urlpatterns as registers
from stakeholders.reports.sending.urls import urlpatterns as sending
from stakeholders.reports.urls import urlpatterns as reports
from stakeholders.scorecards.urls import urlpatterns as scorecards
from teams.models import Person
from tests.personas import Organisation

PERSONAS = (
    "director", "administrator", "manager_a", "contributor", "executive", "legal", "outsider_manager", "stranger",
)  # fmt: skip
SEEN = (200, 200, 200, 200, 200, 200, 404, 404)
MENDED = (200, 200, 403, 403, 403, 403, 404, 404)
POSTED = (302, 302, 403, 403, 403, 403, 404, 404)
REFUSED = (422, 422, 403, 403, 403, 403, 404, 404)
ALL = (200,) * 8
OF_THE_WEEK = ("week_health",)
OF_THE_QUEUE = ("needs", "needs_csv", "mark_reviewed", "need", "decide_need", "snooze_need", "wake_need", "pass_need")
HOOK = "00000000-0000-0000-0000-000000000000"

# GET unless it begins with POST; {s} is a Git source of Squad A, {e} an event of it that could not be read;
# {g} a source of GitHub with an event {d}, a thing {p} and a webhook's secret {h}; {c} takes files;
# {v} is a service of {s} with an incident {i}
DOORS: dict[str, tuple[int, ...]] = {
    "/week/squad-a/": SEEN,
    "/week/squad-a/2026-W20/": SEEN,
    "/week/nowhere/": (404,) * 8,
    "/metrics/squad-a/": (302, 302, 302, 302, 302, 302, 404, 404),
    "/metrics/squad-a/lead-time/": SEEN,
    "/metrics/squad-a/velocity/": (404,) * 8,
    "/metrics/squad-a/lead-time/rows.csv": SEEN,
    "/incident/{i}/": SEEN,
    "POST /incident/{i}/correct/": REFUSED,
    "/sources/squad-a/": SEEN,
    "/sources/squad-a/rows/": SEEN,
    "/sources/squad-a/rows.csv": SEEN,
    "/sources/squad-a/connect/": MENDED,
    "/sources/squad-a/connect/git/": MENDED,
    "POST /sources/squad-a/connect/git/": REFUSED,
    "/sources/squad-a/connect/github/": MENDED,
    "POST /sources/squad-a/connect/github/": REFUSED,
    "/sources/squad-a/connect/github/choose/": POSTED,  # nothing was tested, so back to the address
    "/sources/squad-a/unread/": SEEN,
    "POST /sources/squad-a/read/": POSTED,
    "/source/{s}/": SEEN,
    "/source/0/": (404,) * 8,
    "/source/{s}/edit/": MENDED,
    "POST /source/{s}/read/": POSTED,
    "POST /source/{s}/pause/": POSTED,
    "POST /source/{s}/replay/{e}/": POSTED,
    "POST /source/{s}/replay/": POSTED,
    "/source/{s}/service/{v}/": SEEN,
    "POST /source/{s}/service/{v}/hand-over/": REFUSED,
    "/source/{g}/now/": SEEN,
    "/source/{g}/begin/": MENDED,
    "/source/{g}/begin/now/": MENDED,
    "POST /source/{g}/token/": REFUSED,
    "POST /source/{g}/past/": POSTED,
    "POST /source/{g}/past/window/": REFUSED,
    "POST /source/{g}/secret/": POSTED,
    "POST /source/{g}/secret/{h}/retire/": POSTED,
    "/source/{c}/file/": MENDED,
    "POST /source/{c}/file/": REFUSED,
    "POST /source/{c}/file/import/": POSTED,
    "/source/{g}/rules/": MENDED,
    "POST /source/{g}/rules/": MENDED,
    "/source/{g}/rules/now/": MENDED,
    "/source/{g}/unread/": SEEN,
    "/source/{g}/unread/now/": SEEN,
    "/source/{g}/unread/event/{d}/": MENDED,
    "/source/{g}/unread/thing/{p}/": MENDED,
    "POST /source/{g}/solve/{p}/": POSTED,
    f"/hooks/{HOOK}/": (405,) * 8,
    f"POST /hooks/{HOOK}/": (404,) * 8,  # for machines, which sign what they say
    "/": (302, 302, 302, 302, 302, 302, 302, 200),
    "/audit/": (200, 200, 403, 403, 403, 403, 403, 404),
    "/audit/export.jsonl": (200, 200, 403, 403, 403, 403, 403, 404),
    "/healthz": ALL,
    "/robots.txt": ALL,
    "/gallery/": (404,) * 8,  # for the people who build the pages
}


@pytest.fixture
def numbers(organisation: Organisation) -> dict[str, int]:
    source = Source.objects.create(
        team=organisation.squad_a, provider="git", name="api", address="https://git.example.org/a"
    )
    service = Service.objects.create(source=source, name="", title="api", team=organisation.squad_a)
    incident = Incident.objects.create(
        source=source, service=service, team=service.team, provider_id="i", title="Down", started_at=timezone.now()
    )
    Stream.objects.create(source=source, kind="history", due_at=timezone.now())
    dead = Inbox.objects.create(source=source, key="k", body=b"{", due_at=timezone.now(), dead_at=timezone.now())
    github = Source.objects.create(
        team=organisation.squad_a, provider="github", name="hub", address="https://127.0.0.1"
    )
    late = Inbox.objects.create(source=github, key="k", body=b"{", due_at=timezone.now(), dead_at=timezone.now())
    puzzle = Puzzle.objects.create(source=github, kind="deployment", thing="1", error="?", at=timezone.now())
    held = HookSecret.objects.create(source=github, secret=b"sealed")
    csv = Source.objects.create(team=organisation.squad_a, provider="csv", name="files")
    return {
        "c": csv.pk, "s": source.pk, "e": dead.pk, "g": github.pk, "d": late.pk, "p": puzzle.pk, "h": held.pk,
        "v": service.pk, "i": incident.pk,
    }  # fmt: skip


def _knock(client: Client, door: str, numbers: dict[str, int]) -> int:
    method, _, address = door.rpartition(" ")
    return (client.post if method == "POST" else client.get)(address.format(**numbers)).status_code


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_door_opens_for_whom_it_should(
    persona: str, request: pytest.FixtureRequest, numbers: dict[str, int], page_of: Callable[[Person], Client]
) -> None:
    browser = page_of(request.getfixturevalue(persona))
    expected = {door: answers[PERSONAS.index(persona)] for door, answers in DOORS.items()}
    assert {door: _knock(browser, door, numbers) for door in DOORS} == expected


def test_who_is_not_signed_in_is_sent_to_the_log_in_page(client: Client, numbers: dict[str, int]) -> None:
    for door in DOORS:
        if door not in ("/healthz", "/robots.txt") and "/hooks/" not in door:
            method, _, address = door.rpartition(" ")
            answer = (client.post if method == "POST" else client.get)(address.format(**numbers))
            assert answer.status_code == 302, door
            assert answer["Location"].startswith("/accounts/login/"), door


def test_every_address_has_its_row() -> None:
    rows = {re.sub(r"\{\w\}", "{}", door.rpartition(" ")[2]) for door in DOORS}
    example = {
        "team": "squad-a", "week": "2026-W20", "measure": "lead-time", "provider": "github", "hook": HOOK, "pk": "{}",
        "event": "{}", "thing": "{}", "secret": "{}", "service": "{}",
    }  # fmt: skip
    for pattern in _patterns(get_resolver().url_patterns):
        address = "/" + "".join(
            example[part] if index % 2 else part for index, part in enumerate(_parts(str(pattern.pattern)))
        )
        assert address in rows, f"{address} has no row in this table"


def _patterns(patterns: list[Any]) -> list[URLPattern]:
    """The patterns of the apps whose table this is; others have a table beside their tests."""
    found: list[URLPattern] = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            elsewhere = pattern in [*registers, *investment, *scorecards, *reports, *sending] or pattern.name in (
                *OF_THE_QUEUE,
                *OF_THE_WEEK,
            )
            found += [] if elsewhere else [pattern]
        elif isinstance(pattern, URLResolver) and pattern.namespace in ("metrics", "stakeholders"):
            found += _patterns(pattern.url_patterns)
    return found


def _parts(route: str) -> list[str]:
    """ "a/<slug:team>/b" → ["a/", "team", "/b"]."""
    parts: list[str] = []
    for number, piece in enumerate(route.split("<")):
        if number:
            converter, _, rest = piece.partition(">")
            parts += [converter.partition(":")[2], rest]
        else:
            parts.append(piece)
    return parts
