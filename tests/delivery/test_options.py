"""What-ifs: the same draws on both sides, only what was named changes, and options beside each other."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from delivery.activities import Kind, Link, Loop
from delivery.forecast import forecast
from delivery.inputs import Commitment, PricedDeadline
from delivery.options import Change, Option, changed, compare, what_if
from delivery.penalty import Kind as PenaltyKind
from delivery.penalty import PenaltyTerms, Window
from delivery.sampling import Remaining
from tests.delivery.test_forecast import MONDAY, after, deadline, inputs, milestone, pictured, samples, work

TRIALS = 1_000


def test_a_what_if_that_changes_nothing_differs_in_nothing():
    result = what_if(pictured(), Change(), seed=4, trials=TRIALS)
    assert (result.commitments, result.deadlines) == ((), ())
    assert result.before == result.after
    assert (result.before.samples.shown == result.after.samples.shown).all()


def test_days_added_to_one_chain_move_that_chain_trial_by_trial_and_nothing_else():
    base = inputs(work("A", 2, 4, 9), work("B", 2, 4, 9), work("C", 1, 2, 3), links=(after("A", "B"),))
    result = what_if(base, Change(add_days={"A": 5}), seed=4, trials=TRIALS)  # five days are a week here
    for id_, days in (("A", 7), ("B", 7), ("C", 0)):
        assert samples(result.after, id_) == [day + days for day in samples(result.before, id_)]
    assert [moved.id for moved in result.commitments] == ["A", "B"]


def test_a_what_if_writes_nothing():
    base = pictured()
    digest = base.digest
    made = forecast(base, seed=4, trials=TRIALS)
    before = made.digest
    what_if(base, Change(drop=("C",), add_days={"A": 3}), seed=4, trials=TRIALS, base=made)
    assert (base.digest, made.digest) == (digest, before)


def test_giving_something_up_takes_its_links_and_deadlines_along():
    left = changed(pictured(), Change(drop=("B",)))
    assert "B" not in {one.id for one in left.commitments}
    assert all("B" not in (link.before, link.after) for link in left.links)
    assert [one.id for one in left.deadlines] == ["cutover"]


def test_putting_something_in_its_own_place_keeps_its_links():
    smaller = Commitment(id="B", team="core", remaining=Remaining(2, 3, 4))
    left = changed(pictured(), Change(put=(smaller,)))
    assert left.links == pictured().links
    assert smaller in left.commitments
    assert changed(pictured(), Change(drop=("B",), put=(smaller,))).links == pictured().links


def test_a_link_can_be_taken_away_or_given():
    base = pictured()
    left = changed(base, Change(unlink=(after("V", "go"),), link=(after("B", "go", kind=Kind.FF),)))
    assert set(left.links) ^ set(base.links) == {after("V", "go"), after("B", "go", kind=Kind.FF)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(drop=("X",)), "no commitment “X” to give up"),
        (Change(add_days={"X": 1}), "no commitment “X” to add days to"),
        (Change(add_days={"go": 1}), "is a milestone and takes no work"),
        (Change(unlink=(Link(before="A", after="go"),)), "no link A → go, FS, to take away"),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(change: Change, said: str):
    with pytest.raises(ValueError, match=said):
        changed(pictured(), change)


def test_a_change_that_closes_a_ring_is_refused():
    with pytest.raises(Loop):
        what_if(pictured(), Change(link=(after("go", "A"),)), seed=1, trials=10)


def test_a_base_with_other_draws_is_refused():
    base = pictured()
    for wrong in (forecast(base, seed=5, trials=20), forecast(base, seed=4, trials=10), forecast(inputs(), seed=4)):
        with pytest.raises(ValueError, match="same inputs, seed and number of trials"):
            what_if(base, Change(), seed=4, trials=20, base=wrong)


def test_options_stand_beside_each_other_with_what_they_cost_in_all():
    due = MONDAY + timedelta(days=11)  # Friday of the second week
    terms = PenaltyTerms(
        due=due, currency="USD", windows=(Window(first=due + timedelta(days=1), kind=PenaltyKind.DAY, amount=100),)
    )
    base = inputs(
        work("A", 10), work("B", 5), milestone("end"), links=(after("A", "B"), after("B", "end")),
        deadlines=(PricedDeadline(id="due", activity="end", date=due, penalty=terms),),
    )  # fmt: skip
    nothing, help_, without = compare(
        base,
        (
            Option(id="wait", change=Change()),
            Option(id="help", change=Change(add_days={"A": -4}), cost=500, currency="USD"),
            Option(id="without B", change=Change(drop=("B",), link=(after("A", "end"),))),
        ),
        seed=1,
        trials=50,
    )
    assert (nothing.total, help_.total, without.total) == ({"USD": 700}, {"USD": 800}, {"USD": 0})
    assert (nothing.finishes_sooner["due"].hits, help_.finishes_sooner["due"].hits) == (0, 50)
    (moved,) = without.result.deadlines
    assert moved.even_odds == (date(2026, 1, 23), date(2026, 1, 16))
    assert [chance and chance.hits for chance in moved.chance] == [0, 50]
    assert [moved.id for moved in without.result.commitments] == ["B", "end"]


def test_money_of_two_currencies_is_never_added():
    due = MONDAY
    terms = PenaltyTerms(
        due=due, currency="EUR", windows=(Window(first=due + timedelta(days=1), kind=PenaltyKind.FIXED, amount=9),)
    )
    base = inputs(work("A", 10), deadlines=(PricedDeadline(id="due", activity="A", date=due, penalty=terms),))
    (compared,) = compare(base, (Option(id="o", change=Change(), cost=5, currency="USD"),), seed=1, trials=10)
    assert compared.total == {"USD": 5, "EUR": 9}
    with pytest.raises(ValueError, match="names no currency"):
        compare(base, (Option(id="o", change=Change(), cost=5),), seed=1, trials=10)


def test_an_estimate_that_is_given_makes_a_forecast_where_there_was_none():
    base = inputs(Commitment(id="A", team="squad"), deadlines=(deadline("due", "A", MONDAY),))
    (compared,) = compare(base, (Option(id="o", change=Change(put=(work("A", 1),))),), seed=1, trials=10)
    (moved,) = compared.result.commitments
    assert moved.even_odds == (None, MONDAY)
    assert compared.finishes_sooner == {}


def test_a_what_if_on_two_hundred_commitments_is_quick():
    ids = [f"C-{number}" for number in range(200)]
    many = inputs(
        *(work(id_, 3, 8, 20) for id_ in ids), links=tuple(after(ids[n], ids[n + 7]) for n in range(193)),
        deadlines=(deadline("last", ids[-1], MONDAY + timedelta(days=365)),),
    )  # fmt: skip
    made = forecast(many, seed=1)
    start = time.process_time()
    what_if(many, Change(add_days={"C-0": 5}), seed=1, base=made)
    assert time.process_time() - start < 1.5  # measured 0.13 s
