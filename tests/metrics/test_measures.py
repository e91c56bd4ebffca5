"""The five measures in words: each says what the pure definitions say, and why it says nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from metrics import dora, measures
from metrics.catalogue import MEASURES, difference
from metrics.events import Answer, Outcome
from metrics.measures import Tile
from metrics.periods import Week
from metrics.rollups import Pooled

from .facts import MONDAY, NOW, WEEK, deployment, hours, incident, keep, shipped, source, team

pytestmark = pytest.mark.django_db


def tile(slug: str, *teams: int, week: Week = WEEK) -> Tile:
    return next(one for one in measures.tiles(teams, week, now=NOW) if one.slug == slug)


def test_all_five_measures_of_a_group_cost_one_query(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    squads = [team("A"), team("B")]
    for squad in squads:
        keep(source(squad), *shipped("1", MONDAY, [10, 20, 30]))
    with django_assert_num_queries(1):
        found = measures.tiles([squad.pk for squad in squads], WEEK, now=NOW)
    assert [one.slug for one in found] == list(MEASURES)


def test_a_group_pools_its_squads_changes_and_never_averages_their_medians() -> None:
    one, other = team("A"), team("B")
    keep(source(one), *shipped("1", MONDAY, [10, 12, 14]))
    keep(source(other), *shipped("1", MONDAY, [40, 50, 60, 70, 80, 90, 100]))
    pooled = tile("lead-time", one.pk, other.pk)
    leads = [hours(n) for n in (10, 12, 14, 40, 50, 60, 70, 80, 90, 100)]
    assert pooled.value == dora.median(leads).total_seconds()  # type: ignore[union-attr]
    assert (pooled.figure, pooled.unit, pooled.counts) == ("55", "hours, median", "10 changes")


def test_deltas_are_said_in_words_and_coloured_only_when_good_or_bad() -> None:
    squad = team("A")
    feed = source(squad)
    keep(feed, *shipped("old", MONDAY - hours(168), [24] * 6), *shipped("new", MONDAY, [31] * 6))
    slower = tile("lead-time", squad.pk)
    assert (slower.delta, slower.tone) == ("7 hours slower", "risk")
    same = tile("deployment-frequency", squad.pk)
    assert (same.figure, same.delta, same.tone) == ("1", "same as week 46", "")


def test_more_deployments_are_better_and_fewer_are_counted() -> None:
    squad = team("A")
    events = [deployment(f"o{n}", MONDAY - hours(168 - n)) for n in range(9)]
    keep(source(squad), *events, *[deployment(f"n{n}", MONDAY + hours(n)) for n in range(3)])
    found = tile("deployment-frequency", squad.pk)
    assert (found.figure, found.unit, found.delta, found.tone) == ("3", "this week", "6 fewer than week 46", "risk")


def test_weeks_without_an_incident_are_gaps_and_weeks_without_a_deployment_are_zero() -> None:
    squad = team("A")
    keep(source(squad), *shipped("1", MONDAY, [10]), *shipped("2", MONDAY - 2 * hours(168), [10]))
    assert tile("deployment-frequency", squad.pk).spark == [0.0] * 9 + [1.0, 0.0, 1.0]
    assert tile("lead-time", squad.pk).spark == [None] * 9 + [10.0, None, 10.0]
    assert tile("time-to-restore", squad.pk).spark == [None] * 12


def test_without_any_facts_every_measure_is_missing_with_a_reason_and_never_zero() -> None:
    squad = team("A")
    for one in measures.tiles([squad.pk], WEEK, now=NOW, incident_source=False):
        assert (one.figure, one.value, one.spark, one.delta, one.band) == ("–", None, [None] * 12, "", None)
        assert one.reason
    assert {one.reason for one in measures.tiles([], WEEK, now=NOW)} == {dora.NO_DEPLOYMENTS, dora.NO_INCIDENTS}


def test_a_week_without_deployments_in_a_team_that_deploys_is_a_true_zero() -> None:
    squad = team("A")
    keep(source(squad), *[deployment(f"o{n}", MONDAY - hours(168 - n)) for n in range(6)])
    found = tile("deployment-frequency", squad.pk)
    assert (found.value, found.figure, found.delta, found.tone) == (0.0, "0", "6 fewer than week 46", "risk")
    assert tile("change-failure-rate", squad.pk).reason == dora.NO_DEPLOYMENTS


def test_under_five_events_say_few_and_are_not_judged() -> None:
    squad = team("A")
    keep(source(squad), *shipped("old", MONDAY - hours(168), [24] * 6), *shipped("new", MONDAY, [31] * 4))
    lead, failures = tile("lead-time", squad.pk), tile("change-failure-rate", squad.pk)
    assert (lead.few, lead.tone, lead.delta) == (True, "", "7 hours slower")
    assert (failures.few, failures.figure, failures.band) == (True, "0%", None)
    assert "few events" in lead.card()["note"]


def test_the_week_that_is_not_over_is_marked_and_not_judged() -> None:
    squad = team("A")
    keep(source(squad), *shipped("old", MONDAY, [24] * 6), *shipped("new", MONDAY + hours(168), [99] * 6))
    now = tile("lead-time", squad.pk, week=WEEK.next())
    assert (now.partial, now.tone, now.delta) == (True, "", "so far; 24 hours in week 47")
    counted = tile("deployment-frequency", squad.pk, week=WEEK.next())
    assert counted.unit == "this week so far"
    assert counted.typical == "0 in a usual week of 11 weeks"  # the week that is not over is not among them
    assert not tile("lead-time", squad.pk).partial


def test_failures_and_rework_carry_their_counts_and_attempts_stay_apart() -> None:
    squad = team("A")
    bad = deployment("bad", MONDAY)
    keep(
        source(squad), bad,
        deployment("back", MONDAY + hours(2), answer=Answer.ROLLBACK, answers="bad"),
        *[deployment(f"ok{n}", MONDAY + hours(5 + n)) for n in range(6)],
        deployment("stopped", MONDAY + hours(20), outcome=Outcome.FAILURE),
    )  # fmt: skip
    failures, rework = tile("change-failure-rate", squad.pk), tile("rework-rate", squad.pk)
    assert (failures.figure, failures.unit, failures.value) == ("13%", "1 of 8", 0.125)
    assert failures.notes == ("1 attempt failed before users saw it, counted apart",)
    assert (rework.figure, rework.unit, rework.counts, rework.band) == ("13%", "of deployments", "1 of 8", None)
    assert failures.band == dora.band_failure_rate(0.125)
    assert failures.band is not None
    assert failures.band.edition == 2023


def test_changes_without_a_plausible_first_commit_are_named() -> None:
    squad = team("A")
    feed = source(squad)
    keep(feed, *shipped("1", MONDAY, [10, 20]), *shipped("2", MONDAY + hours(1), [-5]))
    lead = tile("lead-time", squad.pk)
    assert lead.counts == "2 changes"
    assert lead.notes == ("1 change left out: no plausible first commit",)


def test_time_to_restore_is_the_median_of_what_was_resolved_in_the_week() -> None:
    squad = team("A")
    times = [(f"i{n}", MONDAY, MONDAY + hours(n)) for n in (1, 2, 9)]
    keep(source(squad), *[incident(*one) for one in times], incident("open", MONDAY, None))
    found = tile("time-to-restore", squad.pk)
    assert (found.figure, found.unit, found.counts) == ("2", "hours, median", "3 incidents")
    assert found.band == dora.HIGH


@pytest.mark.parametrize(
    ("slug", "now", "then", "said"),
    [
        ("lead-time", 30.6 * 3600, 24.4 * 3600, "7 hours"),  # as the printed 31 and 24 differ
        ("lead-time", 9.8 * 3600, 12 * 3600, "2.2 hours"),
        ("lead-time", 3600, 2 * 3600, "1 hour"),
        ("lead-time", 50 * 60, 2 * 3600, "1.2 hours"),  # in different units: the true difference
        ("lead-time", 20, 10, ""),
        ("change-failure-rate", 0.134, 0.096, "3 points"),
        ("change-failure-rate", 0.134, 0.131, ""),
        ("deployment-frequency", 1200, 199, "1,001"),
    ],
)
def test_a_difference_is_what_a_reader_of_both_figures_would_say(slug: str, now: float, then: float, said: str) -> None:
    assert difference(MEASURES[slug], now, then) == said


def test_a_median_under_half_a_minute_is_not_written_as_nothing() -> None:
    series = [Pooled(WEEK.previous()), Pooled(WEEK, deployments=1, changes=1, lead=timedelta(seconds=9))]
    found = measures.tile_of(MEASURES["lead-time"], series, now=NOW)
    assert (found.figure, found.unit) == ("< 1", "minute, median")
