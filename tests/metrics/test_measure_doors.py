# ruff: noqa: F811 (fixtures are imported)
"""One measure opened: who may, by which addresses, at what cost; and its rows as a file."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics import dora, sentences
from metrics.catalogue import MEASURES
from metrics.events import Answer, Outcome
from teams import csv_cells
from teams.models import Team, User

from .facts import MONDAY, change, deployment, hours, incident, keep, person, shipped, source, team
from .measured import WEEK, director, group, now, opened, rows, squads

pytestmark = pytest.mark.django_db
__all__ = ["director", "group", "now", "squads"]  # fixtures


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", list(MEASURES))
def test_every_measure_opens_and_works_without_any_fact(director: Client, squads: list[Team], measure: str) -> None:
    assert director.get(f"/metrics/platform/{measure}/").status_code == 200
    assert director.get(f"/metrics/platform/{measure}/rows.csv").status_code == 200


def test_the_measures_begin_with_lead_time(director: Client) -> None:
    assert director.get("/metrics/platform/").headers["Location"] == "/metrics/platform/lead-time/"


def test_a_stranger_gets_404_and_a_visitor_the_log_in(client: Client, group: Team, squads: list[Team]) -> None:
    for path in ("", "lead-time/", "lead-time/rows.csv"):
        assert client.get(f"/metrics/platform/{path}").headers["Location"].startswith("/accounts/login/")
    client.force_login(User.objects.create_user("stranger@example.org", "a long password"))
    for path in ("", "lead-time/", "lead-time/rows.csv"):
        assert client.get(f"/metrics/platform/{path}").status_code == 404


def test_whoever_sees_one_squad_sees_no_row_of_another(client: Client, squads: list[Team]) -> None:
    for place, squad in enumerate(squads):
        keep(source(squad), *shipped(f"own-{place}", MONDAY, [10]))
    client.force_login(person("Ines", squads[0], "manager"))
    assert [row.team for row in rows(opened(client, "lead-time", scope="squad-a"))] == ["Squad A"]
    assert client.get("/metrics/squad-b/lead-time/").status_code == 404
    assert client.get("/metrics/platform/lead-time/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "velocity/", "lead-time/?week=2026-W54", "lead-time/?week=soon", "lead-time/?week=", "lead-time/?week=0001-W01",
        "lead-time/?week=0002-W01", "lead-time/?week=9998-W52", "lead-time/?week=2026-W49", "lead-time/?weeks=13",
        "lead-time/?weeks=-1", "lead-time/rows.csv?week=2026-W49", "velocity/rows.csv",
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_found(director: Client, path: str) -> None:
    assert director.get(f"/metrics/platform/{path}").status_code == 404


def test_odd_numbers_of_pages_and_other_parameters_break_nothing(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("n", MONDAY, [30]))
    for query in ({"page": "x"}, {"page": "-4"}, {"page": "99"}, {"all": "yes", "squads": "none", "left_out": "2"}):
        assert len(rows(opened(director, "lead-time", **query))) == 1


def test_only_web_addresses_become_links(director: Client, squads: list[Team]) -> None:
    keep(
        source(squads[0]),
        deployment("bad", MONDAY, url="javascript:alert(1)"),
        deployment("fine", MONDAY + hours(1), url="https://example.org/run/1"),
    )
    answer = director.get("/metrics/platform/deployment-frequency/", {"week": WEEK}).content.decode()
    assert "javascript:alert" not in answer
    assert 'href="https://example.org/run/1"' in answer


# --- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", list(MEASURES))
def test_a_page_costs_the_same_number_of_queries_however_much_there_is(
    director: Client, group: Team, squads: list[Team], measure: str
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert director.get(f"/metrics/platform/{measure}/", {"week": WEEK}).status_code == 200
        return len(seen)

    feed = source(squads[0])
    small = [incident("i", MONDAY + hours(1), MONDAY + hours(2)), incident("open", MONDAY, None)]
    keep(feed, *shipped("w", MONDAY - hours(168), [9]), *shipped("a", MONDAY, [10]), *small)
    few = cost()
    for number in range(6):
        squad = team(f"More {number}", group)
        more = [incident(f"i{n}", MONDAY + hours(n), MONDAY + hours(n + 2)) for n in range(20)]
        made = [deployment(f"d{n}", MONDAY + hours(n)) for n in range(20)]
        keep(source(squad), *shipped("a", MONDAY, [float(n) for n in range(1, 60)]), *made, *more)
    assert cost() == few


# --- CSV -------------------------------------------------------------------------------------------------------------


def told(client: Client, measure: str, **query: str) -> list[dict[str, str]]:
    answer = client.get(f"/metrics/platform/{measure}/rows.csv", {"week": WEEK, **query})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))  # type: ignore[attr-defined]


def test_the_file_holds_every_row_and_its_median_is_the_number(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("a", MONDAY, [float(n) for n in range(1, 122)]))
    lines = told(director, "lead-time")
    assert dora.median(float(line["lead time hours"]) for line in lines) == 61
    assert len(lines) == 121
    assert {line["squad"] for line in lines} == {"Squad A"}
    parts = [float(line["coding hours"]) + float(line["waiting to deploy hours"]) for line in lines]
    assert parts == pytest.approx([float(line["lead time hours"]) for line in lines], abs=1e-3)
    assert lines[0]["in production"].startswith("2026-11-16T09:00:00")


def test_the_file_of_a_share_says_which_rows_made_it(director: Client, squads: list[Team]) -> None:
    keep(
        source(squads[0]), deployment("bad", MONDAY),
        deployment("back", MONDAY + hours(1), answer=Answer.ROLLBACK, answers="bad"),
        deployment("stopped", MONDAY + hours(2), outcome=Outcome.FAILURE),
    )  # fmt: skip
    lines = told(director, "change-failure-rate")
    assert [(line["deployment"], line["failed"], line["unplanned"]) for line in lines] == [
        ("bad", "yes", "no"),
        ("back", "no", "yes"),
    ]
    assert [line["left out because"] for line in told(director, "rework-rate", left_out="1")] == [dora.FAILED_ATTEMPT]


@pytest.mark.parametrize(
    "title",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\u3000＝1",
        "＋1",
        "－1",
        "＠A",
        "\u00a0@A",
        "\ufeff=1",
        " \t=1",
    ],
)
def test_no_cell_of_the_file_is_a_formula(director: Client, squads: list[Team], title: str) -> None:
    keep(source(squads[0]), change("c", MONDAY - hours(2), MONDAY, title=title), deployment("d", MONDAY, ["c"]))
    assert told(director, "lead-time")[0]["change"] == f"'{title}"


def test_plain_cells_and_numbers_stay_as_they_are() -> None:
    assert [csv_cells.neutral(cell) for cell in ("Fix a-b", "1 + 1", "", -1.5, 0)] == ["Fix a-b", "1 + 1", "", -1.5, 0]


def test_the_spread_names_the_ends_and_needs_two_squads() -> None:
    lead = MEASURES["lead-time"]
    assert sentences.spread(lead, [("A", 3600 * 16.0), ("B", 3600 * 42.0)]) == "16 h (A) to 42 h (B)"
    assert sentences.spread(lead, [("A", 3600.0)]) == ""
