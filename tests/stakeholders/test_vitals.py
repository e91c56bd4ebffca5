"""Team health on the weekly page, the rows behind it, and broken gates in the queue."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from metrics.models import PipelineRun, Service
from stakeholders.week.waited import Span, counts, ends
from teams.models import Team
from tests.metrics.test_vitals import a_run

from .weeks import HOUR, NOW, TUESDAY, a_service, a_source, html_of, page_of, reader, some_weeks, told

TODAY = date(2026, 11, 25)


# --- what waited, pure -----------------------------------------------------------------------------------------------


def test_what_waits_counts_since_it_began_and_what_was_settled_until_it_was() -> None:
    days = [date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 22)]
    waiting = [date(2026, 11, 10), date(2026, 11, 25)]
    settled = [Span(date(2026, 11, 1), date(2026, 11, 15)), Span(date(2026, 11, 9), date(2026, 11, 23))]
    assert counts(waiting, settled, days) == [1, 2, 2]
    assert counts([], [Span(days[0], days[0])], days) == [0, 0, 0], "settled on its own day: it waited for nobody"


def test_the_weeks_end_on_sundays_before_today() -> None:
    assert ends(TODAY)[-1] == date(2026, 11, 22)
    assert ends(date(2026, 11, 23))[-1] == date(2026, 11, 22)
    assert ends(date(2026, 11, 22))[-1] == date(2026, 11, 15), "today is not over"
    assert len({one.weekday() for one in ends(TODAY)}) == 1


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def service(squad_a: Team) -> Service:
    source = a_source(squad_a, "Git of Squad A")
    found = a_service(source, squad_a)
    told(source, some_weeks(3, 3))
    return found


def runs(service: Service, *said: tuple[float, str, float | None]) -> None:
    """(hours before now, outcome, coverage)"""
    PipelineRun.objects.bulk_create(
        a_run(service, str(number), NOW - hours * HOUR, outcome, coverage=covered)
        for number, (hours, outcome, covered) in enumerate(said)
    )


@pytest.mark.django_db
def test_a_team_has_its_row_and_its_numbers_open_to_rows_that_add_up(service: Service, squad_a: Team) -> None:
    back = (NOW - TUESDAY) / HOUR  # within week 47
    runs(service, (back, "success", 82.4), (back - 1, "failure", None), (back - 2, "success", 79.0),
         (back - 3, "cancelled", None))  # fmt: skip
    client = reader(squad_a)
    [row] = page_of(client, squad_a).vitals
    assert (row.success, row.success_note, row.took) == ("67%", "2 of 3", "30 min")
    assert (row.coverage, row.below) == ("79%", "1 of 2 below")
    opened = client.get(row.opens)
    behind = opened.context["behind"]
    assert behind.sentence.startswith("2 of 3 runs on the main branch passed")
    assert len(behind.runs) == 3
    assert opened.content.decode().count("below the gate") >= 1
    assert "Team health" in html_of(client, squad_a)


@pytest.mark.django_db
def test_what_nobody_told_is_no_nought(service: Service, squad_a: Team) -> None:
    [row] = page_of(reader(squad_a), squad_a).vitals
    assert row.blank == "No pipeline or review read yet"
    assert (row.success, row.coverage) == ("", "")


@pytest.mark.django_db
def test_the_rows_of_another_team_are_not_there(service: Service, squad_a: Team, squad_b: Team) -> None:
    assert reader(squad_b).get("/week/squad-a/2026-W47/health/").status_code == 404
    assert reader(squad_a, name="Ruth Adler").get("/week/squad-a/2026-W60/health/").status_code == 404


# --- gates in the queue ----------------------------------------------------------------------------------------------


def queue(client: Client, team: Team) -> dict[str, str]:
    items = client.get(f"/week/{team.slug}/").context["page"].judged.queue.items
    return {item.key: f"{item.title}. {item.why}" for item in items}


@pytest.mark.django_db
def test_merges_below_the_coverage_gate_wait_for_somebody_in_business_words(service: Service, squad_a: Team) -> None:
    runs(service, (5, "success", 83.0), (4, "success", 77.6), (3, "success", 78.4))
    said = queue(reader(squad_a), squad_a)[f"coverage-{squad_a.pk}"]
    assert said.startswith("Squad A merges below the coverage gate. 2 of 3 merges in week 48 left less than 80% tested")
    assert "the last stands at 78%" in said
    assert "found in certification or by members" in said


@pytest.mark.django_db
@pytest.mark.parametrize("covered", [(77.0, 83.0), (80.0, 80.0)])
def test_who_stands_at_the_gate_again_is_left_alone(
    covered: tuple[float, float], service: Service, squad_a: Team
) -> None:
    runs(service, (5, "success", covered[0]), (4, "success", covered[1]))
    assert f"coverage-{squad_a.pk}" not in queue(reader(squad_a), squad_a)


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "waits"), [(9, True), (3, False)])
def test_a_main_branch_that_is_red_for_hours_waits_for_somebody(
    hours: int, waits: bool, service: Service, squad_a: Team
) -> None:
    runs(service, (20, "success", None), (hours, "failure", None), (hours / 2, "failure", None))
    found = queue(reader(squad_a), squad_a)
    assert (f"red-{service.pk}" in found) is waits
    if waits:
        said = found[f"red-{service.pk}"]
        assert said.startswith("The main branch of Git of Squad A has been red for 9 hours.")
        assert "Nothing of it can be released until it passes" in said
        assert "2 runs failed since the last that passed." in said
