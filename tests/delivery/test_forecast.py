"""Forecasts: exact distributions by enumeration, the same answer everywhere, and what one change may touch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.activities import Kind, LagIn, Link, Loop
from delivery.calendar import WorkCalendar
from delivery.forecast import Forecast, forecast, replay
from delivery.inputs import Commitment, Inputs, PricedDeadline, Team, read_inputs
from delivery.penalty import Kind as PenaltyKind
from delivery.penalty import PenaltyTerms, Window
from delivery.sampling import Delivered, Remaining

MONDAY = date(2026, 1, 5)
DAY = timedelta(days=1)
AS_ESTIMATED = (Delivered(5, 5),) * 8
SQUAD = Team(id="squad", calendar=WorkCalendar(), delivered=AS_ESTIMATED)


def work(id: str, low: int, likely: int | None = None, high: int | None = None, **changed: Any) -> Commitment:
    """A commitment of the squad; one number is an exact estimate."""
    remaining = Remaining(low, low if likely is None else likely, low if high is None else high)
    return Commitment(**({"id": id, "team": "squad", "remaining": remaining} | changed))


def milestone(id: str, **changed: Any) -> Commitment:
    return Commitment(**({"id": id, "team": "squad", "is_milestone": True} | changed))


def inputs(*commitments: Commitment, links: tuple[Link, ...] = (), **changed: Any) -> Inputs:
    facts: dict[str, Any] = {"as_of": MONDAY, "teams": (SQUAD,), "commitments": commitments, "links": links}
    return Inputs(**(facts | changed))


def after(before: str, then: str, **changed: Any) -> Link:
    return Link(before=before, after=then, **changed)


def samples(made: Forecast, id: str) -> list[int]:
    return made.samples.ordinals(id).tolist()


def deadline(id: str, activity: str, due: date, *windows: Window) -> PricedDeadline:
    terms = PenaltyTerms(due=due, windows=windows, currency="USD") if windows else None
    return PricedDeadline(id=id, activity=activity, date=due, penalty=terms)


def pictured() -> Inputs:
    """A network with everything in it."""
    slow = tuple(Delivered(actual, 10) for actual in (8, 9, 10, 10, 12, 13, 15, 21, 30))
    teams = (
        SQUAD,
        Team(id="vendor", calendar=WorkCalendar(weekend=frozenset({4, 5}), holidays=frozenset({MONDAY + 14 * DAY}))),
        Team(id="core", calendar=WorkCalendar(days_off=frozenset({MONDAY + 2 * DAY})), delivered=slow),
    )
    return inputs(
        work("A", 10, 20, 35, first_promise=date(2026, 1, 30), promise=date(2026, 2, 13)),
        work("B", 8, 15, 30, team="core", promise=date(2026, 3, 6)),
        work("C", 4, 8, 20, no_earlier_than=MONDAY + 9 * DAY, added_days=2),
        work("D", 1, 2, 3, started_on=MONDAY - 3 * DAY),
        Commitment(id="E", team="core", delivered_on=MONDAY - 5 * DAY, started_on=MONDAY - 9 * DAY),
        Commitment(id="V", team="vendor", remaining=Remaining(Decimal("6.5"), Decimal("10.25"), 18)),
        milestone("go", promise=date(2026, 4, 1)),
        links=(
            after("A", "B"), after("A", "C", kind=Kind.SS, lag=5), after("C", "B", kind=Kind.FF, lag=2),
            after("B", "V", lag=5, lag_in=LagIn.CALENDAR), after("V", "go"), after("D", "go"), after("E", "D", lag=1),
        ),
        teams=teams,
        deadlines=(
            deadline("cutover", "go", date(2026, 3, 20), Window(
                first=date(2026, 3, 21), kind=PenaltyKind.WEEK, amount=16_000_000, cap=100_000_000
            )),
            deadline("early", "B", date(2026, 3, 2)),
        ),
    )  # fmt: skip


# --- the network -----------------------------------------------------------------------------------------------------


def test_exact_estimates_land_on_the_day_the_schedule_says():
    made = forecast(
        inputs(
            work("A", 20), work("B", 15), work("C", 8), work("V", 10, promise=date(2026, 3, 12)),
            links=(
                after("A", "B"), after("A", "C", kind=Kind.SS, lag=5), after("C", "B", kind=Kind.FF, lag=2),
                after("B", "V", lag=5),
            ),
            deadlines=(deadline("cutover", "V", date(2026, 3, 20)),),
        ), seed=1, trials=200,
    )  # fmt: skip
    landing = made.landings["V"]
    assert landing.finish is not None
    assert (landing.finish.even_odds, landing.finish.sure_85) == (date(2026, 3, 13), date(2026, 3, 13))
    assert landing.by_promise is not None
    assert landing.by_promise.hits == 0
    cutover = made.deadlines["cutover"]
    assert cutover.on_time is not None
    assert cutover.on_time.hits == 200
    assert {id_: chance.hits for id_, chance in cutover.driving.items()} == {"A": 200, "B": 200, "V": 200}


def test_a_network_of_ratios_matches_the_enumeration_of_all_its_outcomes():
    record = tuple(Delivered(actual, 4) for actual in (2, 2, 4, 4, 4, 8, 8, 12))  # 0.5, 1, 2 and 3 times
    team = replace(SQUAD, delivered=record)
    made = forecast(
        inputs(
            work("A", 4), work("B", 4), work("C", 4), milestone("end"),
            links=(after("A", "C"), after("B", "C"), after("C", "end")),
            teams=(team,),
        ), seed=11, trials=40_000,
    )  # fmt: skip
    exact: dict[int, Fraction] = {}
    for a, b, c in product([one.actual_days for one in record], repeat=3):
        days = int(max(a, b) + c)
        exact[days] = exact.get(days, Fraction(0)) + Fraction(1, 8**3)
    landing = made.landings["end"].finish
    assert landing is not None
    total = Fraction(0)
    for days in sorted(exact):
        total += exact[days]
        day = WorkCalendar().finish_shown(WorkCalendar().add_working_days(MONDAY, days))
        assert abs(landing.by(day).share - float(total)) < 0.01


def test_what_waits_for_two_is_later_than_each_and_its_chance_is_their_product():
    made = forecast(
        inputs(
            work("A", 5, 10, 25),
            work("B", 5, 10, 25),
            milestone("both"),
            links=(after("A", "both"), after("B", "both")),
        ),
        seed=3,
        trials=20_000,
    )
    single, both = made.landings["A"].finish, made.landings["both"].finish
    other = made.landings["B"].finish
    assert single is not None
    assert other is not None
    assert both is not None
    day = single.sure_85
    joint = both.by(day).share
    assert abs(joint - single.by(day).share * other.by(day).share) < 0.012
    assert joint < 0.8 < 0.85 <= single.by(day).share
    assert both.sure_85 > max(single.sure_85, other.sure_85)
    together = made.all_by({"A": day, "B": day})
    assert together is not None
    assert together.hits == both.by(day).hits


def test_work_that_is_not_a_milestone_takes_a_day_at_least():
    made = forecast(inputs(work("A", 0)), seed=1, trials=10)
    assert set(samples(made, "A")) == {MONDAY.toordinal()}
    less = forecast(inputs(work("A", 5, added_days=-9), work("B", 5, added_days=-2)), seed=1, trials=10)
    assert set(samples(less, "A")) == {MONDAY.toordinal()}
    assert set(samples(less, "B")) == {(MONDAY + 2 * DAY).toordinal()}


def test_what_is_delivered_has_no_forecast_of_its_own_and_no_place_among_the_drivers():
    made = forecast(
        inputs(
            Commitment(id="A", team="squad", delivered_on=MONDAY - DAY), work("B", 3), links=(after("A", "B", lag=9),),
            deadlines=(deadline("due", "B", MONDAY),),
        ), seed=1, trials=10,
    )  # fmt: skip
    assert list(made.landings) == ["B"]
    assert list(made.deadlines["due"].driving) == ["B"]
    assert set(samples(made, "B")) == {(MONDAY + 15 * DAY).toordinal()}


def test_without_an_estimate_there_is_no_forecast_for_it_nor_for_what_waits_for_it():
    made = forecast(
        inputs(
            work("A", 3), Commitment(id="B", team="squad"), milestone("end", promise=MONDAY), work("other", 3),
            links=(after("A", "B"), after("B", "end")), deadlines=(deadline("due", "end", MONDAY),),
        ), seed=1, trials=10,
    )  # fmt: skip
    assert made.landings["end"].finish is None
    assert made.landings["end"].by_promise is None
    assert {id_: one.unestimated for id_, one in made.landings.items()} == {
        "A": (), "B": ("B",), "end": ("B",), "other": (),
    }  # fmt: skip
    assert made.landings["A"].finish is not None
    due = made.deadlines["due"]
    assert (due.finish, due.on_time, due.penalty, dict(due.driving), due.unestimated) == (None, None, None, {}, ("B",))
    assert made.all_by({"A": MONDAY, "end": MONDAY}) is None


def test_a_thin_history_is_flagged_where_it_was_used():
    made = forecast(
        inputs(work("A", 3), milestone("m"), teams=(replace(SQUAD, delivered=AS_ESTIMATED[:5]),)), seed=1, trials=10
    )
    assert (made.landings["A"].thin, made.landings["m"].thin) == (3, 0)


def test_expected_penalty_is_the_mean_of_the_penalty_over_trials():
    due = MONDAY + 14 * DAY
    made = forecast(
        inputs(work("A", 5, 10, 30), deadlines=(
            deadline("due", "A", due, Window(first=due + DAY, kind=PenaltyKind.DAY, amount=1_000)),
        )), seed=5, trials=4_001,
    )  # fmt: skip
    late = [max(day - due.toordinal(), 0) * 1_000 for day in samples(made, "A")]
    spread = made.deadlines["due"].penalty
    assert spread is not None
    assert abs(spread.expected - Fraction(sum(late), 4_001)) <= Fraction(1, 2)
    assert spread.sure == sorted(late)[-(-85 * 4_001 // 100) - 1]


def test_a_squads_load_is_a_percentile_of_the_sum_not_a_sum_of_percentiles():
    made = forecast(inputs(*(work(id_, 5, 10, 30) for id_ in "ABCD"), milestone("m")), seed=5, trials=4_000)
    alone = forecast(inputs(work("A", 5, 10, 30)), seed=5, trials=4_000)
    load = made.loads["squad"].quantile(85)
    assert load < 4 * alone.loads["squad"].quantile(85)
    assert load > 4 * 15


# --- the same answer everywhere, and nothing else changes ------------------------------------------------------------


def test_a_forecast_is_shown_again_bit_for_bit():
    made = forecast(pictured(), seed=42, trials=3_000)
    again = replay(read_inputs(json.loads(json.dumps(pictured().as_json()))), 42, 3_000)
    assert again == made
    assert again.digest == made.digest
    assert (again.samples.shown == made.samples.shown).all()
    assert made.inputs_digest == pictured().digest


def test_the_digest_is_what_it_has_always_been_and_the_same_in_another_process():
    made = forecast(pictured(), seed=42, trials=3_000)
    code = (
        "from tests.delivery.test_forecast import pictured\nfrom delivery.forecast import forecast\n"
        "print(forecast(pictured(), seed=42, trials=3_000).digest)"
    )
    for hashing in ("0", "1234"):
        env = {**os.environ, "PYTHONHASHSEED": hashing, "OMP_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": ""}
        root = Path(__file__).parents[2]
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == made.digest
    assert made.digest == DIGEST


DIGEST = "24da2df2de718f327bf8d025f3c3d3232704388301c72a3c1cadbba507211644"


def test_how_many_trials_are_computed_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    digests = set()
    for chunk in (64, 400, 1_000):
        monkeypatch.setattr("delivery.forecast._CHUNK", chunk)
        digests.add(forecast(pictured(), seed=42, trials=999).digest)
    assert len(digests) == 1


def test_another_seed_is_another_forecast_and_more_trials_begin_with_the_same_ones():
    short, long = forecast(pictured(), seed=1, trials=500), forecast(pictured(), seed=1, trials=5_000)
    assert (long.samples.shown[:, :500] == short.samples.shown).all()
    assert forecast(pictured(), seed=2, trials=500).digest != short.digest


def test_the_order_in_which_things_are_given_means_nothing():
    base = pictured()
    turned = replace(
        base, teams=base.teams[::-1], commitments=base.commitments[::-1], links=base.links[::-1],
        deadlines=base.deadlines[::-1],
    )  # fmt: skip
    assert turned.digest == base.digest
    assert forecast(turned, seed=1, trials=500) == forecast(base, seed=1, trials=500)


def test_an_unrelated_commitment_changes_no_others_trials():
    base = pictured()
    wider = replace(base, commitments=(*base.commitments, work("0-new", 1, 5, 50), work("ZZ", 2, 3, 4)))
    one, two = forecast(base, seed=9, trials=2_000), forecast(wider, seed=9, trials=2_000)
    for id_ in ("A", "B", "C", "D", "V", "go"):
        assert samples(one, id_) == samples(two, id_)
        assert one.landings[id_] == two.landings[id_]
    assert one.deadlines == two.deadlines


@settings(max_examples=30, deadline=None)
@given(st.sampled_from("ABCDV"), st.integers(1, 9))
def test_more_work_makes_no_trial_of_anything_earlier_and_touches_only_what_waits_for_it(id_: str, days: int):
    base = pictured()
    more = tuple(replace(one, added_days=one.added_days + days) if one.id == id_ else one for one in base.commitments)
    one, two = forecast(base, seed=9, trials=300), forecast(replace(base, commitments=more), seed=9, trials=300)
    waits = {"A": "ABCV", "B": "BV", "C": "BCV", "D": "D", "V": "V"}[id_] + "go"
    for other in one.landings:
        before, then = samples(one, other), samples(two, other)
        assert all(b <= t for b, t in zip(before, then, strict=True))
        assert other in waits or before == then


def test_a_link_more_makes_no_trial_earlier():
    base = pictured()
    one = forecast(base, seed=9, trials=500)
    two = forecast(replace(base, links=(*base.links, after("C", "V", lag=3))), seed=9, trials=500)
    assert all(b <= t for id_ in one.landings for b, t in zip(samples(one, id_), samples(two, id_), strict=True))


# --- what is refused -------------------------------------------------------------------------------------------------


def test_inputs_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="“A” occurs twice among the commitments"):
        inputs(work("A", 1), work("A", 2))
    with pytest.raises(ValueError, match="unknown team, “x”"):
        inputs(work("A", 1, team="x"))
    with pytest.raises(ValueError, match="unknown commitment, “B”"):
        inputs(work("A", 1), deadlines=(deadline("d", "B", MONDAY),))
    with pytest.raises(ValueError, match="unknown activity, “B”"):
        inputs(work("A", 1), links=(after("A", "B"),))
    with pytest.raises(Loop, match=r"A → B → A|B → A → B"):
        inputs(work("A", 1), work("B", 1), links=(after("A", "B"), after("B", "A")))
    with pytest.raises(ValueError, match="milestone and takes no work"):
        work("A", 1, is_milestone=True)
    terms = PenaltyTerms(
        due=MONDAY, windows=(Window(first=MONDAY + DAY, kind=PenaltyKind.DAY, amount=1),), currency="USD"
    )
    with pytest.raises(ValueError, match="its penalty's terms say"):
        PricedDeadline(id="d", activity="A", date=MONDAY + DAY, penalty=terms)


@pytest.mark.parametrize("trials", [0, -1, 1_000_001])
def test_a_forecast_needs_trials(trials: int):
    with pytest.raises(ValueError, match="1 to 1,000,000 trials"):
        forecast(inputs(work("A", 1)), seed=1, trials=trials)


def test_an_empty_network_has_an_empty_forecast():
    made = forecast(inputs(), seed=1, trials=10)
    assert (dict(made.landings), dict(made.deadlines), dict(made.loads)) == ({}, {}, {})


def test_stored_inputs_of_another_format_are_refused():
    with pytest.raises(ValueError, match="format 0"):
        read_inputs(pictured().as_json() | {"format": 0})


def test_a_thousand_commitments_take_about_a_second():
    ids = [f"C-{number}" for number in range(1_000)]
    many = inputs(
        *(work(id_, 3, 8, 20, promise=MONDAY + 90 * DAY) for id_ in ids),
        links=tuple(after(ids[n], ids[n + step]) for step in (7, 31) for n in range(1_000 - step)),
        deadlines=(deadline("last", ids[-1], MONDAY + 365 * DAY),),
    )
    start = time.process_time()
    forecast(many, seed=1)
    assert time.process_time() - start < 4  # measured 0.6 s; a slip into work by trial would take minutes
