"""Standings: the borders, what goes before what, the one sentence, and a person's other opinion."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.chance import Chance
from delivery.status import Judged, Known, Override, Standing, by_chance, judge, status

TODAY = date(2026, 2, 16)
PROMISED = date(2026, 3, 13)
DAY = timedelta(days=1)


def known(**changed: Any) -> Known:
    facts: dict[str, Any] = {"promised_on": date(2026, 1, 5), "last_check_in": TODAY - 3 * DAY}
    return Known(**(facts | changed))


def judged(percent: int | None = 80, *, promised: date = PROMISED, today: date = TODAY, **changed: Any) -> Judged:
    chance = None if percent is None else Chance(percent, 100)
    return judge(known(**changed), promised=promised, chance=chance, today=today)


@pytest.mark.parametrize(
    ("hits", "standing"),
    [
        (10_000, Standing.ON_TRACK),
        (7_000, Standing.ON_TRACK),
        (6_999, Standing.AT_RISK),
        (3_500, Standing.AT_RISK),
        (3_499, Standing.LIKELY_LATE),
        (0, Standing.LIKELY_LATE),
    ],
)
def test_the_borders_are_exact(hits: int, standing: Standing):
    assert by_chance(Chance(hits, 10_000)) is standing


@pytest.mark.parametrize("trials", [3, 7, 20, 30, 1_000, 1_001, 9_999])
def test_the_borders_are_exact_for_any_number_of_trials(trials: int):
    at_70, at_35 = -(-70 * trials // 100), -(-35 * trials // 100)
    assert by_chance(Chance(at_70, trials)) is Standing.ON_TRACK
    assert by_chance(Chance(at_70 - 1, trials)) is Standing.AT_RISK
    assert by_chance(Chance(at_35, trials)) is Standing.AT_RISK
    assert by_chance(Chance(at_35 - 1, trials)) is Standing.LIKELY_LATE


def test_the_sentence_says_how_likely_by_which_day():
    assert judged(69) == Judged(standing=Standing.AT_RISK, reason="69% likely to land by 13 Mar.")
    assert judged(100).reason == "Over 99% likely to land by 13 Mar."
    assert judged(10, promised=date(2027, 1, 8)).reason == "10% likely to land by 8 Jan 2027."


def test_a_forecast_that_is_missing_says_what_it_lacks():
    one = judged(None, missing=("a low, likely and high estimate",))
    assert one == Judged(
        standing=Standing.NO_FORECAST, reason="Missing for a forecast: a low, likely and high estimate."
    )
    two = judged(None, missing=("an estimate of the FHIR adapter", "an estimate of sign-off"))
    assert two.reason == "Missing for a forecast: an estimate of the FHIR adapter and an estimate of sign-off."
    assert judged(None).standing is Standing.NO_FORECAST


def test_eight_days_without_a_check_in_are_stale_and_seven_are_not():
    assert judged(80, last_check_in=TODAY - 7 * DAY).standing is Standing.ON_TRACK
    assert judged(80, last_check_in=TODAY - 8 * DAY) == Judged(
        standing=Standing.STALE,
        reason="8 days since the last check-in; on what was known then, 80% likely to land by 13 Mar.",
        without_news=Standing.ON_TRACK,
    )


def test_without_any_check_in_silence_counts_from_the_promise():
    assert judged(80, last_check_in=None, promised_on=TODAY - 7 * DAY).standing is Standing.ON_TRACK
    silent = judged(20, last_check_in=None, promised_on=TODAY - 9 * DAY)
    assert (silent.standing, silent.without_news) == (Standing.STALE, Standing.LIKELY_LATE)
    assert silent.reason.startswith("9 days since it was promised, and no check-in; ")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (0, "on the promised day."),
        (1, "1 day after 13 Mar."),
        (14, "14 days after 13 Mar."),
        (-2, "2 days before 13 Mar."),
    ],
)
def test_what_is_delivered_is_delivered_and_says_how_late(late: int, said: str):
    done = judged(None, today=date(2026, 6, 1), delivered_on=PROMISED + late * DAY)
    assert done.standing is Standing.DELIVERED
    assert done.reason.endswith(said)


def test_neither_silence_nor_a_missing_estimate_hides_a_day_that_has_passed():
    for percent, heard in ((None, None), (0, TODAY - 50 * DAY), (80, TODAY)):
        passed = judged(percent, today=PROMISED + DAY, last_check_in=heard)
        assert passed == Judged(
            standing=Standing.LIKELY_LATE, reason="Promised for 13 Mar, 1 day ago, and not delivered."
        )
    assert judged(80, today=PROMISED, last_check_in=PROMISED).standing is Standing.ON_TRACK


def test_both_promises_are_judged_and_may_differ():
    both = status(
        known(), first_promise=date(2026, 2, 27), current_promise=PROMISED, first_chance=Chance(1, 100),
        current_chance=Chance(85, 100), today=TODAY,
    )  # fmt: skip
    assert (both.first.standing, both.current.standing) == (Standing.LIKELY_LATE, Standing.ON_TRACK)
    assert both.override is None


def opinion(on: date, **changed: Any) -> Override:
    facts: dict[str, Any] = {
        "standing": Standing.ON_TRACK, "reason": "The vendor delivered early.", "by": "Ada", "on": on,
    }  # fmt: skip
    return Override(**(facts | changed))


@pytest.mark.parametrize(("age", "shown"), [(-1, False), (0, True), (13, True), (14, False)])
def test_an_override_shows_for_fourteen_days_and_never_changes_what_was_computed(age: int, shown: bool):
    mine = opinion(TODAY - age * DAY)
    both = status(
        known(), first_promise=PROMISED, current_promise=PROMISED, first_chance=Chance(10, 100),
        current_chance=Chance(10, 100), today=TODAY, override=mine,
    )  # fmt: skip
    assert both.override == (mine if shown else None)
    assert both.current.standing is Standing.LIKELY_LATE


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": "  "}, "needs a reason"),
        ({"by": ""}, "name of the person"),
        ({"standing": Standing.DELIVERED}, "not “Delivered”"),
        ({"standing": Standing.STALE}, "not “Stale”"),
    ],
)
def test_an_override_without_reason_name_or_opinion_is_refused(changed: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        opinion(TODAY, **changed)


def test_every_standing_has_a_shape_and_a_word():
    assert [standing.value for standing in Standing] == ["ok", "risk", "late", "delivered", "none", "stale"]
    assert len({standing.words for standing in Standing}) == 6


@given(
    st.none() | st.integers(0, 100),
    st.integers(-40, 40),
    st.none() | st.integers(0, 40),
    st.none() | st.integers(-9, 9),
)
def test_every_state_gets_one_sentence(percent: int | None, ahead: int, silent: int | None, late: int | None):
    answer = judged(
        percent, promised=TODAY + ahead * DAY, last_check_in=None if silent is None else TODAY - silent * DAY,
        delivered_on=None if late is None else TODAY + late * DAY,
    )  # fmt: skip
    assert answer.reason[0].isupper() or answer.reason[0].isdigit()
    assert answer.reason.endswith(".")
    assert answer.reason.count(". ") == 0
    assert (answer.without_news is not None) == (answer.standing is Standing.STALE)


@given(st.integers(0, 99))
def test_a_better_chance_never_stands_worse(percent: int):
    order = [Standing.LIKELY_LATE, Standing.AT_RISK, Standing.ON_TRACK]
    assert order.index(judged(percent).standing) <= order.index(judged(percent + 1).standing)
