# ruff: noqa: F811 (fixtures are imported)
"""What an incident is put down to, corrected by a person on its page: kept, shown with the name, and it wins."""

from __future__ import annotations

import pytest
from django.test import Client

from metrics import rollups
from metrics.models import Deployment, Incident, IncidentLink
from teams.models import Team

from .facts import MONDAY, hours, incident, keep, person, shipped, source
from .measured import director, group, now, opened, rows, squads

pytestmark = pytest.mark.django_db
__all__ = ["director", "group", "now", "squads"]  # fixtures
NOW = MONDAY + hours(200)


@pytest.fixture
def broken(squads: list[Team]) -> Incident:
    """An incident that is put down to the latest deployment before it, v2; it came of v1."""
    keep(
        source(squads[0]),
        *shipped("v1", MONDAY, [10]),
        *shipped("v2", MONDAY + hours(5), [10, 20]),
        *shipped("v3", MONDAY + hours(30), [10]),
        incident("down", MONDAY + hours(6), MONDAY + hours(8)),
    )
    return Incident.objects.get()


def text(answer: object) -> str:
    return " ".join(answer.content.decode().replace("\xa0", " ").split())  # type: ignore[attr-defined]


def correct(client: Client, broken: Incident, key: str | None, reason: str = "It leaked from the start.") -> object:
    chosen = str(Deployment.objects.get(provider_id=key).pk) if key else "none"
    answer = client.post(f"/incident/{broken.pk}/correct/", {"deployment": chosen, "reason": reason}, follow=True)
    rollups.rebuild(now=NOW)
    return answer


def failed(client: Client) -> dict[str, bool]:
    return {row.title: row.failed for row in rows(opened(client, "change-failure-rate", all="1"))}


def test_a_correction_moves_the_failure_and_stands_at_the_row_with_who_and_when(
    director: Client, broken: Incident
) -> None:
    assert failed(director) == {"v1": False, "v2": True, "v3": False}
    [row] = rows(opened(director, "time-to-restore"))
    assert (row.deployment, row.how) == ("v2", "the latest before it")
    assert row.page in text(director.get("/metrics/platform/time-to-restore/?week=2026-W47"))

    page = text(correct(director, broken, "v1"))

    assert "is put down to v1" in page
    assert "It leaked from the start." in page
    assert failed(director) == {"v1": True, "v2": False, "v3": False}
    [row] = rows(opened(director, "time-to-restore"))
    assert row.deployment == "v1"
    assert row.how.startswith("said by maya@example.org, ")
    assert row.recovery == hours(8)


def test_a_correction_wins_over_what_is_told_later_and_another_takes_its_place(
    director: Client, broken: Incident
) -> None:
    correct(director, broken, "v1")
    keep(
        broken.source, incident("down", MONDAY + hours(6), MONDAY + hours(9)), *shipped("v2b", MONDAY + hours(5.5), [1])
    )
    assert failed(director)["v1"]

    correct(director, broken, None, "It was the network.")
    assert not any(failed(director).values())
    assert "no deployment" in text(director.get("/metrics/platform/time-to-restore/?week=2026-W47"))

    correct(director, broken, "v2", "The first answer was right.")
    assert failed(director)["v2"]
    assert IncidentLink.objects.get().reason == "The first answer was right."


def test_a_deployment_is_found_by_its_name_and_by_what_it_carried(director: Client, broken: Incident) -> None:
    def found(search: str) -> list[str]:
        return [one.title for one in director.get(f"/incident/{broken.pk}/", {"q": search}).context["candidates"]]

    assert found("") == ["v2", "v1"]  # v3 came when it was over
    assert found("v1") == ["v2", "v1"]  # what it is put down to stays in sight
    correct(director, broken, None)
    assert found("v1") == ["v1"]
    assert found("change v2-1") == ["v2"]
    assert found("nothing") == []
    assert "No deployment of api is found by" in text(director.get(f"/incident/{broken.pk}/", {"q": "nothing"}))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"reason": "Because."}, "Choose a deployment, or say"),
        ({"deployment": "none", "reason": " "}, "Say in a few words why."),
        ({"deployment": "999999", "reason": "Because."}, "cannot be chosen"),
        ({"deployment": "x", "reason": "Because."}, "cannot be chosen"),
    ],
)
def test_a_wrong_answer_is_told_and_what_was_typed_stays(
    director: Client, broken: Incident, answer: dict[str, str], why: str
) -> None:
    page = director.post(f"/incident/{broken.pk}/correct/", answer)
    assert page.status_code == 422
    assert why in text(page)
    assert answer["reason"].strip() in text(page)
    assert IncidentLink.objects.get().how == "window"


def test_another_services_deployment_cannot_be_chosen(director: Client, broken: Incident, squads: list[Team]) -> None:
    keep(source(squads[1]), *shipped("other", MONDAY, [1]))
    assert "cannot be chosen" in text(correct(director, broken, "other"))


def test_a_manager_reads_how_it_is_known_and_changes_nothing(
    client: Client, broken: Incident, squads: list[Team]
) -> None:
    client.force_login(person("Ines", squads[0], "manager"))
    page = text(client.get(f"/incident/{broken.pk}/"))
    assert "the latest before it" in page
    assert "Keep this correction" not in page
    assert client.post(f"/incident/{broken.pk}/correct/", {"deployment": "none", "reason": "No."}).status_code == 403
    client.force_login(person("Ben", squads[1], "manager"))
    assert client.get(f"/incident/{broken.pk}/").status_code == 404
