"""The five measures and their bands: worked answers by hand, and what must hold for any facts."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import dora, linking
from metrics.dora import (
    ELITE,
    HIGH,
    LOW,
    MEDIUM,
    ChangeFact,
    DeployFact,
    IncidentFact,
    LeftOut,
    OpenIncident,
    band_failure_rate,
    band_frequency,
    band_lead_time,
    band_restore,
    change_failure_rate,
    deployment_frequency,
    failed_deployment_recovery_time,
    lead_parts,
    lead_time,
    median,
    pace,
    quantile_disc,
    rework_rate,
    time_to_restore,
)
from metrics.events import Outcome
from metrics.periods import Week, weeks_ending

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
WEEK = Week.parse("2026-W47")
T0 = datetime(2026, 11, 16, 9, tzinfo=UTC)  # its Monday
AFTER = datetime(2026, 11, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def deploy(id: str = "d", at: datetime | None = T0, **changed: object) -> DeployFact:
    facts: dict[str, object] = {
        "id": id, "service": "api", "finished_at": at, "outcome": Outcome.SUCCESS, "production": True,
        "unplanned": False, "failed": False,
    }  # fmt: skip
    return DeployFact(**(facts | changed))  # type: ignore[arg-type]


def change(sha: str = "c", **hours: float | None) -> ChangeFact:
    """A change whose milestones lie so many hours after T0; `lead=31` is short for a first commit at 0."""
    if (lead := hours.pop("lead", None)) is not None:
        hours = {"first_commit": 0, "deployed": lead}
    at = {f"{name}_at": None if value is None else T0 + value * HOUR for name, value in hours.items()}
    return ChangeFact(sha=sha, deployment_id="d", **({"first_commit_at": None} | at))  # type: ignore[arg-type]


def incident(id: str, started: float, resolved: float | None = None, deployed: float | None = None) -> IncidentFact:
    at = [None if hours is None else T0 + hours * HOUR for hours in (resolved, deployed)]
    return IncidentFact(id=id, started_at=T0 + started * HOUR, resolved_at=at[0], failed_deployment_finished_at=at[1])


def hours(value: timedelta | None) -> float | None:
    return None if value is None else value / HOUR


def parts(one: ChangeFact) -> list[float | None]:
    found = lead_parts(one)
    return [hours(part.value) for part in (found.coding, found.pickup, found.review, found.waiting)]


# --- medians and quantiles --------------------------------------------------------------------------------------------


def test_the_median_of_nothing_is_none_not_zero():
    assert median([]) is None
    assert quantile_disc([], 0.85) is None


def test_the_median_of_an_even_count_is_the_mean_of_the_middle_two():
    assert median([9.0, 1.0, 4.0, 2.0]) == 3.0
    assert median([HOUR, 4 * HOUR]) == 2.5 * HOUR
    assert median([5.0, 1.0, 2.0]) == 2.0


def test_a_quantile_is_always_a_real_row():
    values = [float(n) for n in range(1, 21)]
    assert [quantile_disc(values, share) for share in (0, 0.25, 0.5, 0.55, 0.85, 0.95, 1)] == [1, 5, 10, 11, 17, 19, 20]
    assert quantile_disc([HOUR, 4 * HOUR], 0.5) == HOUR
    assert quantile_disc([float(n) for n in range(1, 26)], 0.28) == 7
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile_disc(values, share)


@given(st.lists(st.integers(0, 30).map(float), min_size=1), st.integers(0, 100))
def test_quantile_and_median_are_their_brute_force_definitions(values, percent):
    smallest = min(v for v in values if Fraction(sum(w <= v for w in values), len(values)) >= Fraction(percent, 100))
    assert quantile_disc(values, percent / 100) == smallest
    assert median(values) == statistics.median(values)
    spans = [value * HOUR for value in values]
    assert quantile_disc(spans, percent / 100) == smallest * HOUR
    assert median(spans) == statistics.median(values) * HOUR


# --- deployment frequency ---------------------------------------------------------------------------------------------


def weekly(*counts: int, last: Week = WEEK) -> list[DeployFact]:
    """So many deployments in each of the weeks up to `last`, an hour apart from Monday noon."""
    weeks = weeks_ending(last, len(counts))
    starts = [datetime(w.monday.year, w.monday.month, w.monday.day, 12, tzinfo=UTC) for w in weeks]
    return [deploy(f"{n}-{k}", start + k * HOUR) for n, start in enumerate(starts) for k in range(counts[n])]


def test_weeks_without_deployments_count_as_zero_in_the_median():
    found = deployment_frequency(weekly(3, 0, 5, 0, 4), weeks_ending(WEEK, 5), BERLIN, AFTER)
    assert [row.deployments for row in found.weeks] == [3, 0, 5, 0, 4]
    assert (found.value, found.average, found.deployments, found.whole_weeks) == (3.0, 2.4, 12, 5)
    assert not found.few


def test_a_partial_week_is_shown_and_left_out_of_the_median():
    now = T0 + 2 * DAY
    found = deployment_frequency(weekly(4, 6, 1), weeks_ending(WEEK, 3), BERLIN, now)
    assert [(row.deployments, row.partial) for row in found.weeks] == [(4, False), (6, False), (1, True)]
    assert (found.value, found.deployments, found.whole_weeks, found.average) == (5.0, 10, 2, 5.0)


def test_days_with_a_deployment_are_distinct_local_days():
    at = [
        datetime(2026, 11, 17, 3, tzinfo=UTC),
        datetime(2026, 11, 17, 4, 59, tzinfo=UTC),
        datetime(2026, 11, 17, 5, tzinfo=UTC),
    ]
    deploys = [deploy(str(n), when) for n, when in enumerate(at)]
    berlin = deployment_frequency(deploys, [WEEK], BERLIN, AFTER)
    new_york = deployment_frequency(deploys, [WEEK], NEW_YORK, AFTER)
    assert (berlin.weeks[0].deployments, berlin.weeks[0].days) == (3, 1)
    assert (new_york.weeks[0].deployments, new_york.weeks[0].days, new_york.days) == (3, 2, 2)


def test_a_deployment_on_sunday_night_belongs_to_the_organisations_week():
    late = [deploy(at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))]
    assert deployment_frequency(late, [WEEK], NEW_YORK, AFTER).deployments == 1
    assert deployment_frequency(late, [WEEK.next()], BERLIN, AFTER).deployments == 1


def test_frequency_without_deployments_is_none_and_says_why():
    found = deployment_frequency([], weeks_ending(WEEK, 4), BERLIN, AFTER)
    assert (found.value, found.average, found.reason) == (None, None, "No deployments in this period.")
    assert [row.deployments for row in found.weeks] == [0, 0, 0, 0]
    assert found.pace is None
    only_now = deployment_frequency(weekly(0, 2), weeks_ending(WEEK, 2), BERLIN, T0 + DAY)
    assert (only_now.value, only_now.reason) == (None, "No deployments in the whole weeks of this period.")
    assert deployment_frequency(weekly(2), [WEEK], BERLIN, T0 + DAY).reason == "No week of this period is over yet."
    assert deployment_frequency([], [], BERLIN, AFTER).value is None


def test_frequency_ignores_what_lies_outside_its_weeks_and_weeks_need_not_touch():
    found = deployment_frequency(
        [*weekly(1, 2, 4, 8), deploy("old", T0 - 400 * DAY, outcome=Outcome.FAILURE)],
        [WEEK, WEEK.shift(-2)],
        BERLIN,
        AFTER,
    )
    assert [(row.week.label, row.deployments) for row in found.weeks] == [("2026-W45", 2), ("2026-W47", 8)]
    assert found.left_out == ()


def test_one_deployment_in_three_months_is_few_and_not_never():
    found = deployment_frequency(weekly(1, *[0] * 12), weeks_ending(WEEK, 13), BERLIN, AFTER)
    assert found.value == 0.0
    assert found.average == pytest.approx(1 / 13)
    assert found.few
    assert found.pace == (pytest.approx(4.0137, abs=1e-3), "year")


def test_twenty_deployments_in_thirty_days_are_never_zero_a_day():
    assert pace(20, 30) == (pytest.approx(4.667, abs=1e-3), "week")
    assert pace(60, 30) == (2.0, "day")
    assert pace(30, 30) == (1.0, "day")
    assert pace(3, 90) == (pytest.approx(1.0146, abs=1e-3), "month")
    assert pace(0, 30) is None


@given(st.integers(1, 10_000), st.integers(1, 1000))
def test_a_pace_is_never_under_one_unless_it_is_less_than_monthly(deployments, days):
    number, unit = pace(deployments, days)
    assert number > 0
    assert number >= 1 or (unit == "year" and days / deployments > 30)


# --- lead time --------------------------------------------------------------------------------------------------------


def test_median_lead_time_without_deployments_is_none_not_zero():
    found = lead_time([])
    assert (found.value, found.mean, found.p25, found.p85, found.p95, found.middle) == (None,) * 6
    assert (found.count, found.reason, found.few) == (0, "No changes were deployed in this period.", True)


def test_lead_time_by_hand():
    found = lead_time([change(f"c{n}", lead=lead) for n, lead in enumerate([3, 94, 31, 11, 68])])
    assert [hours(at) for at in (found.value, found.p25, found.p75, found.p85, found.p95)] == [31, 11, 68, 94, 94]
    assert (found.count, found.few, hours(found.mean)) == (5, False, 41.4)
    assert found.middle is not None
    assert found.middle.sha == "c2"


def test_lead_time_of_an_even_count_lies_between_the_middle_two_and_shows_the_lower():
    found = lead_time([change(f"c{n}", lead=lead) for n, lead in enumerate([1, 2, 5, 9])])
    assert (hours(found.value), hours(found.p25), hours(found.p75)) == (3.5, 1, 5)
    assert found.middle is not None
    assert found.middle.sha == "c1"


def test_the_headline_and_what_opens_below_it_are_the_same_statistic():
    # A headline of medians over a drill-down of means: the shown change must add up to the headline.
    changes = [change(f"c{n}", first_commit=0, opened=1, first_review=2, merged=3, deployed=4 + n**3) for n in range(9)]
    found = lead_time(changes)
    assert found.middle is not None
    assert lead_parts(found.middle).total == found.value
    assert found.value != found.mean


def test_changes_without_a_plausible_first_commit_are_left_out_by_name():
    changes = [
        change("ok", lead=5), change("late", first_commit=6, deployed=5), change("none", first_commit=None, deployed=5),
        ChangeFact(sha="1970", deployment_id="d", deployed_at=T0, first_commit_at=None, time_note="It is dated 1970."),
    ]  # fmt: skip
    found = lead_time(changes)
    assert (found.count, hours(found.value)) == (1, 5)
    assert found.left_out == (
        LeftOut("It is dated 1970.", ("1970",)),
        LeftOut("Its first commit is dated after its deployment.", ("late",)),
        LeftOut("Its first commit is not known.", ("none",)),
    )
    assert [one.count for one in found.left_out] == [1, 1, 1]


def test_when_all_are_left_out_the_reason_does_not_claim_that_nothing_was_deployed():
    found = lead_time([change(first_commit=6, deployed=5)])
    assert (found.value, found.reason) == (None, "No change of this period has a known lead time.")


def test_a_change_deployed_at_the_instant_of_its_commit_took_no_time():
    assert lead_time([change(lead=0)]).value == timedelta()


@given(st.lists(st.integers(-5, 300), max_size=30), st.lists(st.integers(-5, 300), max_size=30))
def test_a_group_pools_its_squads_changes_and_never_averages_averages(one, other):
    first = [change(f"a{n}", first_commit=0, deployed=lead) for n, lead in enumerate(one)]
    second = [change(f"b{n}", first_commit=0, deployed=lead) for n, lead in enumerate(other)]
    pooled = lead_time([*first, *second])
    known = sorted(lead for lead in [*one, *other] if lead >= 0)
    assert pooled.count == len(known) == lead_time(first).count + lead_time(second).count
    assert hours(pooled.value) == (statistics.median(known) if known else None)
    assert hours(pooled.p85) == (known[math.ceil(0.85 * len(known)) - 1] if known else None)


def test_two_squads_pooled_are_not_the_mean_of_their_medians():
    fast, slow = [change(f"f{n}", lead=1) for n in range(9)], [change("s", lead=100)]
    assert hours(lead_time([*fast, *slow]).value) == 1
    deploys = [deploy(f"a{n}", failed=False) for n in range(9)], [deploy("b", failed=True)]
    assert change_failure_rate([*deploys[0], *deploys[1]]).value == 0.1


# --- the parts of a lead time -----------------------------------------------------------------------------------------

REVIEWED = {"first_commit": 0, "opened": 9, "first_review": 13, "approved": 15, "merged": 17, "deployed": 31}


def test_the_parts_of_a_reviewed_change_by_hand():
    assert parts(change(**REVIEWED)) == [9, 4, 4, 14]


def test_a_change_merged_without_review_keeps_its_waiting_time():
    one = change(**REVIEWED | {"first_review": None, "approved": None})
    assert parts(one) == [9, 8, None, 14]
    assert lead_parts(one).review.reason == "Merged without a review."


def test_an_approval_alone_is_a_review():
    assert parts(change(**REVIEWED | {"first_review": None})) == [9, 6, 2, 14]


def test_a_change_approved_after_its_merge_keeps_its_parts():
    assert parts(change(**REVIEWED | {"approved": 20})) == [9, 4, 4, 14]
    one = change(**REVIEWED | {"first_review": None, "approved": 20})
    assert parts(one) == [9, 8, None, 14]
    assert lead_parts(one).review.reason == "Reviewed only after it was merged."


def test_a_change_opened_as_a_draft_before_its_first_commit_has_no_coding_time():
    assert parts(change(**REVIEWED | {"opened": -5})) == [0, 13, 4, 14]


def test_a_review_before_the_opening_counts_from_the_opening():
    assert parts(change(**REVIEWED | {"first_review": 3})) == [9, 0, 8, 14]


def test_a_change_opened_after_its_merge_leaves_the_merge_where_it_was():
    assert parts(change(**REVIEWED | {"opened": 25, "first_review": 26, "approved": None})) == [17, 0, None, 14]


def test_a_change_merged_after_its_deployment_did_not_wait():
    assert parts(change(**REVIEWED | {"merged": 40})) == [9, 4, 18, 0]


def test_a_change_of_plain_git_is_coded_until_merged_and_has_no_reviews():
    one = change(first_commit=0, merged=17, deployed=31)
    assert parts(one) == [17, None, None, 14]
    found = lead_parts(one)
    assert found.pickup.reason == found.review.reason == "Plain Git has no reviews."


def test_without_a_merge_time_the_last_part_begun_takes_the_rest():
    unmerged = REVIEWED | {"merged": None}
    assert parts(change(**unmerged)) == [9, 4, 18, None]
    assert parts(change(**unmerged | {"first_review": None, "approved": None})) == [9, 22, None, None]
    assert parts(change(first_commit=0, deployed=31)) == [31, None, None, None]
    assert lead_parts(change(**unmerged)).waiting.reason == "When it was merged is not known."


def test_without_a_first_commit_coding_is_unknown_and_the_rest_stands():
    one = change(**REVIEWED | {"first_commit": None})
    assert parts(one) == [None, 4, 4, 14]
    assert lead_parts(one).coding.reason == "Its first commit is not known."
    late = change(**REVIEWED | {"first_commit": 32})
    assert parts(late) == [None, 4, 4, 14]
    assert parts(change(deployed=31)) == [None, None, None, None]


moments = st.one_of(st.none(), st.integers(-10, 60).map(float))


@given(st.fixed_dictionaries(dict.fromkeys(("first_commit", "opened", "first_review", "approved", "merged"), moments)))
def test_the_parts_always_add_up_to_the_lead_time(milestones):
    one = change(**milestones, deployed=31)
    found = lead_parts(one)
    every = (found.coding, found.pickup, found.review, found.waiting)
    assert all((part.value is None) == bool(part.reason) for part in every)
    assert all(part.value is None or part.value >= timedelta() for part in every)
    lead = lead_time([one]).value
    if lead is not None:
        assert found.coding.value is not None
        assert found.total == lead
    if milestones["merged"] is not None and lead is not None:
        assert found.waiting.value == one.deployed_at - min(max(one.merged_at, one.first_commit_at), one.deployed_at)


# --- change failure rate and rework -----------------------------------------------------------------------------------


def test_three_of_twenty_three_failed():
    found = change_failure_rate([deploy(f"d{n}", failed=n < 3) for n in range(23)])
    assert (found.numerator, found.denominator, found.value) == (3, 23, 3 / 23)
    assert (found.few, found.reason, found.left_out) == (False, "", ())


def test_failed_and_pending_runs_are_not_in_the_denominator():
    deploys = [
        deploy("good"), deploy("bad", failed=True), deploy("attempt", outcome=Outcome.FAILURE, failed=True),
        deploy("cancelled", outcome=Outcome.CANCELLED), deploy("pending", None, outcome=Outcome.UNKNOWN),
        deploy("staging", production=False, failed=True), deploy("gone", superseded=True, failed=True),
        deploy("staging attempt", production=False, outcome=Outcome.FAILURE), deploy("undated", None, failed=True),
    ]  # fmt: skip
    found = change_failure_rate(deploys)
    assert (found.numerator, found.denominator, found.value, found.failed_attempts) == (1, 2, 0.5, 1)
    assert found.few
    assert {one.reason: one.ids for one in found.left_out} == {
        "Failed before users saw it.": ("attempt",),
        "Cancelled.": ("cancelled",),
        "Its outcome is not known.": ("pending",),
        "Not to production.": ("staging", "staging attempt"),
        "Its history was rewritten.": ("gone",),
        "When it finished is not known.": ("undated",),
    }
    assert deployment_frequency(deploys, [WEEK], BERLIN, AFTER).deployments == 2


@pytest.mark.parametrize(("events", "few"), [(1, True), (4, True), (5, False), (6, False)])
def test_under_five_events_are_few(events, few):
    deploys = [deploy(str(n)) for n in range(events)]
    assert change_failure_rate(deploys).few == rework_rate(deploys).few == few
    assert deployment_frequency(deploys, [WEEK], BERLIN, AFTER).few == few
    assert lead_time([change(str(n), lead=n) for n in range(events)]).few == few
    assert restore(*(incident(str(n), 0, n) for n in range(events))).few == few


def test_the_failure_rate_without_deployments_is_none_not_zero():
    found = change_failure_rate([deploy(outcome=Outcome.FAILURE)])
    assert (found.value, found.reason, found.failed_attempts) == (None, "No deployments in this period.", 1)
    assert rework_rate([]).value is None


def test_rework_is_unplanned_deployments_of_all_successful_ones():
    deploys = [deploy(str(n), unplanned=n < 2, failed=n == 9) for n in range(10)]
    found = rework_rate([*deploys, deploy("attempt", outcome=Outcome.FAILURE, unplanned=True)])
    assert (found.numerator, found.denominator, found.value) == (2, 10, 0.2)


deploy_facts = st.builds(
    DeployFact,
    id=st.uuids().map(str), service=st.sampled_from(["api", "web"]), outcome=st.sampled_from(Outcome),
    finished_at=st.one_of(st.none(), st.integers(-2000, 300).map(lambda at: T0 + at * HOUR)),
    production=st.booleans(), unplanned=st.booleans(), failed=st.booleans(), superseded=st.booleans(),
)  # fmt: skip


@given(st.lists(deploy_facts, max_size=30), st.lists(deploy_facts, max_size=30))
def test_rates_lie_between_none_and_all_and_a_group_is_computed_over_the_union(one, other):
    for rate in (change_failure_rate, rework_rate):
        a, b, pooled = rate(one), rate(other), rate([*one, *other])
        assert (pooled.numerator, pooled.denominator) == (a.numerator + b.numerator, a.denominator + b.denominator)
        assert pooled.failed_attempts == a.failed_attempts + b.failed_attempts
        assert (pooled.value is None) == (pooled.denominator == 0) == bool(pooled.reason)
        assert pooled.value is None or 0 <= pooled.value <= 1
        assert pooled.denominator + sum(out.count for out in pooled.left_out) == len(one) + len(other)


@given(st.lists(deploy_facts, max_size=30), st.lists(deploy_facts, max_size=30), st.integers(0, 200))
def test_frequency_is_counted_over_the_union_and_every_week_is_there(one, other, hour):
    weeks, now = weeks_ending(WEEK, 6), T0 + hour * HOUR
    a, b, pooled = (deployment_frequency(facts, weeks, BERLIN, now) for facts in (one, other, [*one, *other]))
    assert [row.week for row in pooled.weeks] == list(weeks)
    for left, right, both in zip(a.weeks, b.weeks, pooled.weeks, strict=True):
        assert both.deployments == left.deployments + right.deployments
        assert max(left.days, right.days) <= both.days <= min(7, left.days + right.days, both.deployments)
        assert both.partial == both.week.is_partial(now, BERLIN)
    whole = [row.deployments for row in pooled.weeks if not row.partial]
    assert pooled.value == (statistics.median(whole) if any(whole) else None)
    assert (pooled.value is None) == bool(pooled.reason)


# --- time to restore --------------------------------------------------------------------------------------------------

START, END = WEEK.bounds(UTC_ZONE)


def restore(*incidents: IncidentFact) -> dora.Restore:
    return time_to_restore(incidents, START, END, AFTER)


def test_time_to_restore_is_the_median_with_the_mean_beside_it():
    found = restore(incident("a", 0, 1), incident("b", 2, 4), incident("c", 3, 15), incident("d", 4, 7))
    assert (hours(found.value), hours(found.mean), found.count, found.few) == (2.5, 4.5, 4, True)
    assert (hours(found.p85), hours(found.p95)) == (12, 12)


def test_an_incident_belongs_to_the_period_in_which_it_was_resolved():
    edge = (END - T0) / HOUR
    before = (START - T0) / HOUR
    incidents = [incident("in", before - 90, before), incident("out", 0, edge), incident("last", 0, edge - 1)]
    assert sorted(hours(one) for one in restore(*incidents).durations) == [90, edge - 1]


def test_open_incidents_are_shown_with_their_age_and_are_in_no_median():
    found = restore(incident("new", 40), incident("old", -300), incident("done", 0, 2))
    assert (hours(found.value), found.count) == (2, 1)
    assert found.open == (
        OpenIncident("old", AFTER - T0 + 300 * HOUR),
        OpenIncident("new", AFTER - T0 - 40 * HOUR),
    )


def test_an_incident_that_started_after_the_period_or_is_still_to_come_is_not_open_in_it():
    late = incident("late", (END - T0) / HOUR)
    assert restore(late).open == ()
    assert time_to_restore([incident("future", 5)], START, END, T0).open == ()


def test_months_without_incidents_are_none_not_zero_hours():
    found = restore(incident("open", 0))
    assert (found.value, found.mean, found.reason) == (None, None, "No incidents were resolved in this period.")
    assert len(found.open) == 1


def test_without_a_source_of_incidents_the_reason_says_so():
    found = time_to_restore(None, START, END, AFTER)
    assert (found.value, found.reason) == (None, "No source of incidents is connected; plain Git has none.")
    assert failed_deployment_recovery_time(None, START, END).reason == found.reason


def test_an_incident_resolved_before_it_started_is_left_out_by_name():
    found = restore(incident("odd", 5, 4), incident("ok", 5, 6))
    assert (found.count, found.left_out) == (1, (LeftOut("Resolved before it started.", ("odd",)),))


def test_recovery_runs_from_the_bad_deployment_to_the_restored_service():
    incidents = [incident("a", 5, 8, deployed=4), incident("unlinked", 5, 30), incident("odd", 5, 6, deployed=7)]
    found = failed_deployment_recovery_time(incidents, START, END)
    assert (hours(found.value), found.count) == (4, 1)
    assert found.left_out == (LeftOut("Restored before its deployment finished.", ("odd",)),)


def test_recovery_without_a_linked_incident_is_none_and_says_why():
    found = failed_deployment_recovery_time([incident("unlinked", 5, 30)], START, END)
    assert (found.value, found.reason) == (None, "No incident resolved in this period is linked to a deployment.")


spans = st.tuples(st.integers(-200, 200), st.one_of(st.none(), st.integers(-200, 200)))


@given(st.lists(spans, max_size=20), st.lists(spans, max_size=20))
def test_restore_is_pooled_over_the_union_of_incidents(one, other):
    a, b = ([incident(f"{n}", *span) for n, span in enumerate(rows)] for rows in (one, other))
    found = restore(*a, *b)
    inside = [i for i in (*a, *b) if i.resolved_at and START <= i.resolved_at < END and i.resolved_at >= i.started_at]
    assert found.durations == tuple(sorted(i.resolved_at - i.started_at for i in inside))
    assert (found.value is None) == (not inside)


# --- bands ------------------------------------------------------------------------------------------------------------


def test_without_a_value_there_is_no_band():
    assert band_frequency(None, 28) is band_frequency(3, 0) is None
    assert band_lead_time(None) is band_failure_rate(None) is band_restore(None) is None


def test_bands_are_named_and_dated_and_four_is_the_best():
    assert [(band.level, band.name, band.edition) for band in (ELITE, HIGH, MEDIUM, LOW)] == [
        (4, "Elite", 2023),
        (3, "High", 2023),
        (2, "Medium", 2023),
        (1, "Low", 2023),
    ]


@pytest.mark.parametrize(
    ("deployments", "days", "band"),
    [
        (21, 28, ELITE), (20, 28, HIGH), (20, 30, HIGH), (4, 28, HIGH), (3, 28, MEDIUM), (1, 28, MEDIUM),
        (1, 30, MEDIUM), (1, 31, LOW), (3, 91, MEDIUM), (2, 91, LOW), (12, 365, MEDIUM), (11, 365, LOW), (0, 28, LOW),
        (2, 1, ELITE),
    ],
)  # fmt: skip
def test_frequency_bands(deployments, days, band):
    assert band_frequency(deployments, days) == band


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, ELITE), (0.999, ELITE), (1, HIGH), (6.99, HIGH), (7, MEDIUM), (30.4, MEDIUM), (30.4375, LOW), (90, LOW)],
)
def test_lead_time_bands(days, band):
    assert band_lead_time(days * DAY) == band


@pytest.mark.parametrize(
    ("failed", "of", "band"),
    [
        (0, 9, ELITE), (1, 20, ELITE), (51, 1000, HIGH), (1, 10, HIGH), (3, 30, HIGH), (101, 1000, MEDIUM),
        (3, 20, MEDIUM), (6, 40, MEDIUM), (151, 1000, LOW), (1, 1, LOW),
    ],
)  # fmt: skip
def test_failure_rate_bands_put_their_borders_into_the_better_band(failed, of, band):
    assert band_failure_rate(failed / of) == band


@pytest.mark.parametrize(
    ("minutes", "band"),
    [(0, ELITE), (59, ELITE), (60, HIGH), (1439, HIGH), (1440, MEDIUM), (10_079, MEDIUM), (10_080, LOW)],
)
def test_restore_bands(minutes, band):
    assert band_restore(timedelta(minutes=minutes)) == band


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 400))
def test_doing_better_never_lowers_a_band(one, other, days):
    low, high = sorted((one, other))
    assert band_frequency(low, days) <= band_frequency(high, days)
    assert band_lead_time(high * HOUR) <= band_lead_time(low * HOUR)
    assert band_restore(high * HOUR) <= band_restore(low * HOUR)
    assert band_failure_rate(high / 500) <= band_failure_rate(low / 500)


def test_the_survey_of_2025_stands_beside_the_bands():
    found = dora.INDUSTRY_2025
    assert (found.edition, found.failure_rate, found.rework_rate) == (2025, 0.19, 0.22)


# --- the documentation ------------------------------------------------------------------------------------------------


def test_the_documentation_says_the_same_numbers_and_reasons_as_the_code():
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    flat = " ".join(text.split())
    said = [
        f"within {linking.INCIDENT_WINDOW // HOUR} hours", f"within {linking.REVERT_WINDOW.days} days",
        f"{dora.MONTH / DAY} days", f"under {dora.FEW} events", f"DORA {ELITE.edition}",
        f"{dora.INDUSTRY_2025.failure_rate * 100:.0f} %", f"{dora.INDUSTRY_2025.rework_rate * 100:.0f} %",
        dora.NO_DEPLOYMENTS, dora.NO_CHANGES, dora.NO_INCIDENTS, dora.NO_INCIDENT_SOURCE, dora.NO_BAD_DEPLOYMENTS,
        dora.NO_REVIEWS, *(band.name for band in (ELITE, HIGH, MEDIUM, LOW)),
    ]  # fmt: skip
    assert [one for one in said if one not in flat] == []
