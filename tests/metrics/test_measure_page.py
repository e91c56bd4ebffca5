# ruff: noqa: F811 (fixtures are imported)
"""One measure opened: what the page says is what the definitions say, and its rows add up to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from metrics import dora
from metrics.events import Answer, Outcome
from teams.models import Team

from .facts import MONDAY, NOW, change, deployment, hours, incident, keep, person, shipped, source
from .measured import WEEK, director, group, now, opened, rows, squads

pytestmark = pytest.mark.django_db
__all__ = ["director", "group", "now", "squads"]  # fixtures


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
