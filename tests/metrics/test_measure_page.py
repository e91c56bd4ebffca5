"""One measure opened: what the page says is what the definitions say, and its rows add up to it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics import behind, dora, sentences
from metrics.catalogue import MEASURES
from metrics.events import Answer, Outcome
from teams.models import Team, User

from .facts import MONDAY, NOW, change, deployment, hours, incident, keep, person, shipped, source, team

pytestmark = pytest.mark.django_db
WEEK = "2026-W47"


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing is collected for tests
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    monkeypatch.setattr("metrics.views.measures.timezone", SimpleNamespace(now=lambda: NOW))


@pytest.fixture
def group(db: None) -> Team:
    return team("Platform", kind=Team.Kind.GROUP)


@pytest.fixture
def squads(group: Team) -> list[Team]:
    return [team(name, group) for name in ("Squad A", "Squad B")]


@pytest.fixture
def director(group: Team, client: Client) -> Client:
    client.force_login(person("Maya", group))
    return client


def opened(client: Client, measure: str, scope: str = "platform", **query: Any) -> dict[str, Any]:
    answer = client.get(f"/metrics/{scope}/{measure}/", {"week": WEEK, **query})
    assert answer.status_code == 200
    return answer.context  # type: ignore[return-value]


def rows(context: dict[str, Any]) -> list[Any]:
    return [line["row"] for line in context["behind"]["lines"]]


# --- the rows add up -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leads", [[5], [5, 9], [3, 8, 30], [1, 2, 3, 4, 50, 60, 70, 80]])
def test_lead_time_is_the_median_of_the_rows_and_the_median_row_is_marked(
    director: Client, squads: list[Team], leads: list[float]
) -> None:
    keep(source(squads[0]), *shipped("a", MONDAY, leads[::2]))
    keep(source(squads[1]), *shipped("b", MONDAY + hours(3), leads[1::2]))
    page = opened(director, "lead-time")
    spans = [row.lead for row in rows(page)]
    assert sorted(spans) == [hours(one) for one in leads]
    assert page["tile"].value == dora.median(spans).total_seconds()  # type: ignore[union-attr]
    marked = [line["row"].lead for line in page["behind"]["lines"] if line["middle"]]
    assert sum(marked, timedelta()) / len(marked) == dora.median(spans)
    assert all(row.parts.total == row.lead for row in rows(page))


def test_the_parts_of_the_median_change_add_up_to_the_headline(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("a", MONDAY, [10, 20, 31, 40]))
    page = opened(director, "lead-time")
    stages = page["stages"]["rows"][-1]
    assert stages["sum"].total_seconds() == pytest.approx(page["tile"].value)
    assert page["stages"]["missing"] == [dora.NO_REVIEWS]  # only coding and waiting, and why
    assert [part["label"] for part in stages["parts"]] == ["Coding", "Waiting to deploy"]


def test_every_share_counts_the_rows_it_shows(director: Client, squads: list[Team]) -> None:
    keep(
        source(squads[0]), deployment("bad", MONDAY), deployment("good", MONDAY + hours(30)),
        deployment("back", MONDAY + hours(1), answer=Answer.ROLLBACK, answers="bad"),
        incident("down", MONDAY + hours(0.5), MONDAY + hours(1)),
        deployment("stopped", MONDAY + hours(2), outcome=Outcome.FAILURE),
    )  # fmt: skip
    failures = opened(director, "change-failure-rate")
    assert [(row.title, row.failed) for row in rows(failures)] == [("bad", True), ("good", False), ("back", False)]
    assert {one.how for one in rows(failures)[0].evidence} == {"incident", "rollback"}
    assert failures["tile"].value == sum(row.failed for row in rows(failures)) / len(rows(failures))
    assert failures["meaning"].startswith("1 of 3 deployments turned out to have failed, as shown by 1 incident, 1 ")
    rework = opened(director, "rework-rate")
    assert [row.title for row in rows(rework) if row.unplanned] == ["back"]
    assert (rework["tile"].value, rows(rework)[0].answered) == (1 / 3, "bad")
    frequency = opened(director, "deployment-frequency")
    assert frequency["tile"].value == len(rows(frequency)) == 3
    assert "on 2 days" in frequency["meaning"]
    left_out = opened(director, "change-failure-rate", left_out="1")
    assert [(row.title, row.why) for row in rows(left_out)] == [("stopped", dora.FAILED_ATTEMPT)]


def test_a_deployment_of_nothing_but_reverts_is_rework_and_shows_what_it_took_back(
    director: Client, squads: list[Team]
) -> None:
    undo = change("undo", MONDAY + hours(5), MONDAY + hours(5), reverts="a-0")
    keep(source(squads[0]), *shipped("a", MONDAY, [10]), undo, deployment("back", MONDAY + hours(6), ["undo"]))
    rework, failures = opened(director, "rework-rate"), opened(director, "change-failure-rate")
    assert [(row.title, row.answer, row.answered) for row in rows(rework) if row.unplanned] == [
        ("back", "Reverts only", "a")
    ]
    assert rework["tile"].value == failures["tile"].value == 0.5
    assert [(one.how, one.title) for one in rows(failures)[0].evidence] == [("revert", "Change undo")]
    assert "to something broken: 1 with nothing but reverts." in rework["meaning"]


def test_restore_shows_the_mean_beside_the_median_and_open_incidents_apart(
    director: Client, squads: list[Team]
) -> None:
    keep(
        source(squads[0]), deployment("bad", MONDAY),
        *[incident(f"i{n}", MONDAY + hours(1), MONDAY + hours(1 + n)) for n in (1, 2, 9)],
        incident("open", MONDAY + hours(2), None), incident("later", NOW - hours(1), None),
    )  # fmt: skip
    page = opened(director, "time-to-restore")
    spans = [row.span for row in rows(page)]
    assert spans == [hours(9), hours(2), hours(1)]
    assert page["tile"].value == dora.median(spans).total_seconds()  # type: ignore[union-attr]
    assert "2 hours (median) and 4 hours on average" in page["meaning"]
    assert "1 incident is not over yet" in page["meaning"]
    assert [row.title for row in page["open_incidents"]] == ["Incident open"]
    assert page["open_incidents"][0].span == NOW - (MONDAY + hours(2))
    assert [row.recovery for row in rows(page)] == [hours(10), hours(3), hours(2)]
    assert any(fact["text"].startswith("3 hours from a bad deployment") for fact in page["facts"])


def test_changes_left_out_are_counted_named_and_reachable(director: Client, squads: list[Team]) -> None:
    unknown = change("odd", None, MONDAY, time_note="Its date lies in 1970.")
    keep(source(squads[0]), unknown, *shipped("a", MONDAY, [10]), deployment("d", MONDAY + hours(1), ["odd"]))
    page = opened(director, "lead-time")
    assert len(rows(page)) == 1
    fact = next(fact for fact in page["facts"] if fact["term"] == "Left out")
    assert (fact["text"], fact["note"]) == ("1 change of 2", "no plausible first commit")
    left_out = rows(director.get(fact["url"]).context)
    assert [(row.title, row.why) for row in left_out] == [("Change odd", "Its date lies in 1970.")]


def test_the_first_deployment_says_that_its_changes_are_not_counted(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), deployment("first", MONDAY, base=None))
    assert (
        b"The first deployment of api: its changes are not counted"
        in director.get("/metrics/platform/lead-time/", {"week": WEEK}).content
    )


def test_many_rows_come_in_pages_that_together_are_all_of_them(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("a", MONDAY, [float(n) for n in range(1, 122)]))
    pages = [opened(director, "lead-time", page=n) for n in (1, 2, 3)]
    assert [len(rows(page)) for page in pages] == [50, 50, 21]
    spans = [row.lead for page in pages for row in rows(page)]
    assert spans == [hours(n) for n in range(121, 0, -1)]
    marked = [[line["row"].lead for line in page["behind"]["lines"] if line["middle"]] for page in pages]
    assert marked == [[], [hours(61)], []]
    assert pages[0]["behind"]["median_page"] == 2
    assert {page["tile"].value for page in pages} == {61 * 3600.0}


def test_the_faster_half_is_folded_away_and_one_link_shows_it(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("a", MONDAY, [float(n) for n in range(1, 24)]))
    page = opened(director, "lead-time")
    assert (len(rows(page)), page["behind"]["fold_word"]) == (12, "Show the 11 faster changes")
    assert page["behind"]["sub"] == "slowest first; the 12th of 23 is the median"
    assert len(rows(director.get(page["all_url"]).context)) == 23


# --- words -----------------------------------------------------------------------------------------------------------


def test_the_headline_says_the_number_and_how_far_it_moved(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("o", MONDAY - hours(168), [24] * 5), *shipped("n", MONDAY, [31] * 5))
    assert opened(director, "lead-time")["headline"] == "Lead time for changes: 31 hours, 7 more than week 46"
    assert opened(director, "change-failure-rate")["headline"] == "Change failure rate: 0%, the same as week 46"
    assert (
        opened(director, "deployment-frequency")["headline"]
        == "Deployment frequency: 1 in week 47, the same as week 46"
    )


def test_the_chart_has_gaps_for_weeks_without_changes_and_zeros_for_weeks_without_deployments(
    director: Client, squads: list[Team]
) -> None:
    keep(source(squads[0]), *shipped("o", MONDAY - 2 * hours(168), [24]), *shipped("n", MONDAY, [30]))
    lead, made = (opened(director, slug, weeks=12)["chart"] for slug in ("lead-time", "deployment-frequency"))
    assert lead["line"] == lead["low"] == lead["high"] == [None] * 9 + [24.0, None, 30.0]
    assert (made["line"], made["bars"]) == ([0.0] * 9 + [1.0, 0.0, 1.0], True)
    assert (lead["unit"], lead["zero"], lead["line_label"]) == ("h", True, "median 30 h")


def test_the_industry_mean_and_the_band_say_their_year(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *[deployment(f"d{n}", MONDAY + hours(n)) for n in range(9)])
    answer = director.get("/metrics/platform/change-failure-rate/", {"week": WEEK}).content.decode()
    assert "DORA 2023" in answer
    assert "19% on average in the 2025 survey" in answer


def test_a_week_that_is_not_over_is_marked_and_few_events_are_said(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("n", MONDAY + hours(168), [30, 40]))
    page = director.get("/metrics/platform/lead-time/").context  # it has a deployment, so it is where one lands
    assert page["week"].label == "2026-W48"
    assert page["sub"] == "Week 48, 23–29 Nov 2026, not over"
    assert page["headline"] == "Lead time for changes: 35 hours so far in week 48"
    assert "Few events" in page["meaning"]
    assert (page["chart"]["partial"], page["picker"]["next"]) == (True, "")


def test_without_a_deployment_this_week_one_lands_on_the_last_whole_week(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("n", MONDAY, [30]))
    page = director.get("/metrics/platform/lead-time/").context
    assert page["week"].label == WEEK
    assert "2026-W48" in page["picker"]["this_week"]


def test_missing_numbers_give_their_reason_and_no_zero(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0], "git"), deployment("d", MONDAY))
    assert opened(director, "time-to-restore")["meaning"] == dora.NO_INCIDENT_SOURCE
    assert opened(director, "lead-time")["meaning"] == dora.NO_CHANGES
    nothing = opened(director, "deployment-frequency", scope="squad-b")
    assert (nothing["tile"].figure, nothing["has_chart"], nothing["chart"]["line"]) == ("–", False, [None] * 26)


def test_squads_stand_side_by_side_and_those_without_a_source_say_so(director: Client, squads: list[Team]) -> None:
    keep(source(squads[0]), *shipped("n", MONDAY, [30] * 6))
    drawn, missing = opened(director, "lead-time")["squads"]
    assert (drawn["title"], drawn["value"], drawn["note"]) == ("Squad A", "30 h", "6 changes")
    assert (missing["missing"], missing["link"]) == ("No source connected", "/sources/squad-b/connect/")


def test_a_reader_who_may_not_connect_sources_is_not_asked_to(group: Team, squads: list[Team], client: Client) -> None:
    client.force_login(person("Eva", group, "executive"))
    assert "link" not in opened(client, "lead-time")["squads"][1]


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
    assert [behind.neutral(cell) for cell in ("Fix a-b", "1 + 1", "", -1.5, 0)] == ["Fix a-b", "1 + 1", "", -1.5, 0]


def test_the_spread_names_the_ends_and_needs_two_squads() -> None:
    lead = MEASURES["lead-time"]
    assert sentences.spread(lead, [("A", 3600 * 16.0), ("B", 3600 * 42.0)]) == "16 h (A) to 42 h (B)"
    assert sentences.spread(lead, [("A", 3600.0)]) == ""
