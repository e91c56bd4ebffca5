"""What is known about each squad: which source tells which kind of evidence, what is missing, and what people say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import CheckIn
from metrics import coverage, ingest, sources
from metrics.events import DeploymentSeen, IncidentSeen, Outcome, RunSeen
from metrics.models import Service, Source
from teams.models import Person, Team
from tests.personas import Organisation

NOW = timezone.now()


def told(squad: Team, *events: Any) -> Source:
    source = Source.objects.create(team=squad, provider="git", name=f"{squad.name}'s pipeline")
    Service.objects.create(source=source, name="api", title="api", team=squad)
    from django.db import transaction

    with transaction.atomic():
        ingest.store(source, events, now=NOW)
    return source


def deployed(days: int = 3) -> DeploymentSeen:
    at = NOW - timedelta(days=days)
    return DeploymentSeen(
        provider_id=f"d{days}", service="api", environment="production", production=True, sha="a", ref="main",
        outcome=Outcome.SUCCESS, raw_outcome="success", started_at=at, finished_at=at,
    )  # fmt: skip


def ran(percent: float | None) -> RunSeen:
    at = NOW - timedelta(days=2)
    return RunSeen(
        provider_id=f"r{percent}", workflow="CI", service="api", outcome=Outcome.SUCCESS, queued_at=at, started_at=at,
        finished_at=at, coverage=percent,
    )  # fmt: skip


def states(known: list[coverage.Known], squad: Team) -> dict[str, str]:
    one = next(one for one in known if one.team == squad)
    return dict(zip(coverage.columns(), (cell["state"] for cell in one.cells), strict=True))


def read(*teams: Team) -> list[coverage.Known]:
    found = sources.overview(teams[0], [team.pk for team in teams], now=NOW)
    return coverage.coverage(teams, found, now=NOW)


def test_each_kind_says_from_which_source_it_comes_and_what_is_missing(organisation: Organisation) -> None:
    incident = IncidentSeen(provider_id="i", service="api", title="Down", started_at=NOW, resolved_at=None)
    told(organisation.squad_a, deployed(), ran(83.0), ran(None), incident)
    told(organisation.squad_b, deployed(200), ran(None))
    known = read(organisation.squad_a, organisation.squad_b, organisation.squad_m)
    nothing = dict.fromkeys(coverage.columns(), "none")
    told_a = {"Pipelines": "ok", "Deployments": "ok", "Incidents": "ok", "Test coverage": "ok"}
    assert states(known, organisation.squad_a) == nothing | told_a
    assert states(known, organisation.squad_b) == nothing | {"Pipelines": "ok"}, "200 days ago is no evidence of today"
    assert known[0].missing == ("Commits", "Reviews", "Dates")
    assert coverage.sentence(known)[0] == "Squad M has no data of its own."


def test_a_stopped_source_is_red_in_every_kind_that_it_tells(organisation: Organisation) -> None:
    source = told(organisation.squad_a, deployed())
    Source.objects.filter(pk=source.pk).update(inbox_stopped_at=NOW)
    known = read(organisation.squad_a)
    assert states(known, organisation.squad_a)["Deployments"] == "late"
    cell = known[0].cells[coverage.COLUMNS.index("Deployments")]
    assert (cell["word"], cell["note"]) == ("Squad A's pipeline", "stopped")


def test_dates_come_from_check_ins_and_grow_old(organisation: Organisation) -> None:
    fresh, old = organisation.squad_a, organisation.squad_b
    for squad, days in ((fresh, 2), (old, 12)):
        at = NOW - timedelta(days=days)
        CheckIn.objects.create(team=squad, monday=at.date(), at=at, by_name="Ines")
    known = read(fresh, old)
    assert states(known, fresh)["Dates"] == "ok"
    assert known[1].cells[-1]["word"] == "Check-in"
    assert known[1].cells[-1]["note"] == "12 days old"


@pytest.mark.parametrize("more", [1, 6])
def test_the_page_shows_the_gaps_and_costs_the_same_however_many_squads(
    more: int, organisation: Organisation, director: Person, page_of: Any
) -> None:
    for number in range(more):
        slug = f"squad-{number}x"
        squad = Team.objects.create(name=slug, slug=slug, kind=Team.Kind.SQUAD, parent=organisation.platform)
        told(squad, deployed())
    browser: Client = page_of(director)
    browser.get("/sources/integration-platform/")
    with CaptureQueriesContext(connection) as caught:
        page = browser.get("/sources/integration-platform/")
    assert "have no data of their own" in page.content.decode()
    assert "Connect a source for Squad A" in page.content.decode()
    assert len(caught) == QUERIES


QUERIES = 21
