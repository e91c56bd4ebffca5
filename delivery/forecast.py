"""When the whole network of open commitments will land, and with what chance: Monte Carlo. Pure; `as_of` is passed in.

One trial draws every open commitment's work and takes early dates through all links and calendars. Each date and each
chance is read from the trials of the very thing it speaks of: percentiles of parts are never combined, and nothing here
says a mean date. Inputs, seed and number of trials make the same forecast again, on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery import sampling
from delivery.calendar import numbered_day
from delivery.chance import Chance, FinishDays, Spread
from delivery.inputs import Commitment, Inputs, PricedDeadline, sha256_of
from delivery.penalty import PenaltySpread, penalty_spread
from delivery.trials import TrialNetwork

TRIALS = 10_000
MOST_TRIALS = 1_000_000
_CHUNK = 5_000  # trials computed at once: the fewer, the less memory and the more overhead; a multiple of 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What the trials say of one open commitment or milestone; `finish` None: no forecast, as `unestimated` tells.

    `thin` is how many delivered commitments its team still lacks before its own history is used; 0: it is used. The
    default that stands in is wider than most records, so a thin history widens the dates; it never hides them.
    """

    id: str
    finish: FinishDays | None
    by_first_promise: Chance | None  # None without a forecast or without such a promise
    by_promise: Chance | None
    thin: int
    unestimated: tuple[str, ...]  # itself, or what it waits for, without an estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineLanding:
    """What the trials say of one deadline; all None or empty when its milestone has no forecast.

    `driving` holds, by id, in what share of the trials each open commitment was on a chain that set the milestone's
    date, its own included; those that never were are left out.
    """

    id: str
    finish: FinishDays | None
    on_time: Chance | None
    penalty: PenaltySpread | None  # None also when none was agreed
    driving: Mapping[str, Chance]
    unestimated: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One run over the network, with what it takes to show it again: `replay(inputs, seed, trials)` is equal to it."""

    seed: int
    trials: int
    as_of: date
    inputs_digest: str
    landings: Mapping[str, Landing]  # open commitments, by id
    deadlines: Mapping[str, DeadlineLanding]
    loads: Mapping[str, Spread]  # by team: working days of all its open, estimated commitments together
    samples: Samples = field(compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of everything the forecast says, as 64 hexadecimal digits."""
        return sha256_of(_said(self))

    def all_by(self, days: Mapping[str, date]) -> Chance | None:
        """The chance that all these commitments land by their days together, in the same trials: never the product of
        single chances, nor one of them. None when one has no forecast. Raises ValueError for an unknown id."""
        met: NDArray[np.bool_] = np.ones(self.trials, dtype=np.bool_)
        for id_, day in days.items():
            if id_ in self.landings and self.landings[id_].finish is None:
                return None
            met &= self.samples.ordinals(id_) <= day.toordinal()
        return Chance(int(np.count_nonzero(met)), self.trials)


@dataclass(frozen=True, slots=True)
class Samples:
    """Every trial's dates and work, by commitment; large, and made again rather than stored."""

    places: Mapping[str, int]
    shown: NDArray[np.uint16]  # day numbers of the calendar, by commitment and trial

    def ordinals(self, commitment: str) -> NDArray[np.int64]:
        """The finish of each trial, as `date.toordinal` counts. Raises ValueError for an unknown id."""
        if commitment not in self.places:
            raise ValueError(f"The forecast has no commitment “{commitment}”.")
        days: NDArray[np.int64] = self.shown[self.places[commitment]].astype(np.int64) + numbered_day(0).toordinal()
        return days


def forecast(inputs: Inputs, *, seed: int, trials: int = TRIALS) -> Forecast:
    """The forecast of these inputs. Raises ValueError for a number of trials outside 1 to 1,000,000.

    The first trials of a longer run are those of a shorter one with its seed. Source: DOMAIN §5.
    """
    if not 1 <= trials <= MOST_TRIALS:
        raise ValueError(f"A forecast takes 1 to {MOST_TRIALS:,} trials, not {trials:,}.")
    histories = {team.id: sampling.history(team.delivered) for team in inputs.teams}
    network = TrialNetwork(inputs.activities, inputs.links, status_date=inputs.as_of)
    unestimated = _unestimated(inputs, network)
    goals = sorted({one.activity for one in inputs.deadlines if not unestimated[one.activity]})
    shown = np.empty((len(inputs.commitments), trials), dtype=np.uint16)
    driving = np.zeros((len(goals), len(inputs.commitments)), dtype=np.int64)
    loads = {one.team: np.zeros(trials, dtype=np.int64) for one in inputs.commitments if one.works}
    for start in range(0, trials, _CHUNK):
        stop = min(start + _CHUNK, trials)
        work = np.ones((len(inputs.commitments), stop - start), dtype=np.int64)
        for position, one in enumerate(inputs.commitments):
            if one.works:
                work[position] = _work(one, histories[one.team].ratios, seed, start, stop)
                loads[one.team][start:stop] += work[position]
        dates = network.run(work, goals)
        shown[:, start:stop] = dates.shown
        driving += dates.driving
    places = {one.id: position for position, one in enumerate(inputs.commitments)}
    finishes = {
        one.id: None if unestimated[one.id] else _finish_days(shown[places[one.id]]) for one in inputs.commitments
    }
    by_goal = dict(zip(goals, driving, strict=True))
    return Forecast(
        seed=seed,
        trials=trials,
        as_of=inputs.as_of,
        inputs_digest=inputs.digest,
        landings={
            one.id: _landing(one, finishes[one.id], histories[one.team].missing, unestimated[one.id])
            for one in inputs.commitments
            if one.delivered_on is None
        },
        deadlines={
            one.id: _deadline(one, finishes[one.activity], by_goal.get(one.activity), inputs, trials, unestimated)
            for one in inputs.deadlines
        },
        loads={team: _spread(days) for team, days in sorted(loads.items())},
        samples=Samples(places, shown),
    )


def replay(inputs: Inputs, seed: int, trials: int) -> Forecast:
    """The forecast that was made from these, again and bit for bit; for the page “as known on…”."""
    return forecast(inputs, seed=seed, trials=trials)


def _work(one: Commitment, ratios: tuple[int, ...], seed: int, start: int, stop: int) -> NDArray[np.int64]:
    assert one.remaining is not None
    draws = sampling.uniforms(seed, one.id, start=start, stop=stop)
    days = sampling.work_days(draws, one.remaining, ratios) + one.added_days
    return np.maximum(days, 1)


def _unestimated(inputs: Inputs, network: TrialNetwork) -> dict[str, tuple[str, ...]]:
    """By id: which commitments without an estimate it waits for, itself included. What is delivered waits for none."""
    lacking: dict[int, frozenset[str]] = {}
    behind: dict[str, list[str]] = {}
    for link in inputs.links:
        behind.setdefault(link.after, []).append(link.before)
    places = {one.id: position for position, one in enumerate(inputs.commitments)}
    for position in network.order:
        one = inputs.commitments[position]
        own = frozenset() if one.is_estimated else frozenset({one.id})
        before = () if one.delivered_on else (lacking[places[id_]] for id_ in behind.get(one.id, ()))
        lacking[position] = own.union(*before)
    return {one.id: tuple(sorted(lacking[position])) for position, one in enumerate(inputs.commitments)}


def _landing(one: Commitment, finish: FinishDays | None, thin: int, unestimated: tuple[str, ...]) -> Landing:
    def chance(promise: date | None) -> Chance | None:
        return None if finish is None or promise is None else finish.by(promise)

    return Landing(
        id=one.id,
        finish=finish,
        by_first_promise=chance(one.first_promise),
        by_promise=chance(one.promise),
        thin=thin if one.works else 0,
        unestimated=unestimated,
    )


def _deadline(
    one: PricedDeadline,
    finish: FinishDays | None,
    driving: NDArray[np.int64] | None,
    inputs: Inputs,
    trials: int,
    unestimated: Mapping[str, tuple[str, ...]],
) -> DeadlineLanding:
    priced = finish is not None and one.penalty is not None
    hits = [] if driving is None else driving.tolist()
    return DeadlineLanding(
        id=one.id,
        finish=finish,
        on_time=None if finish is None else finish.by(one.date),
        penalty=penalty_spread(dict(finish.bins), one.penalty) if priced and finish and one.penalty else None,
        driving={
            commitment.id: Chance(count, trials)
            for commitment, count in zip(inputs.commitments, hits, strict=bool(hits))
            if count and commitment.delivered_on is None
        },
        unestimated=unestimated[one.activity],
    )


def _finish_days(shown: NDArray[np.uint16]) -> FinishDays:
    spread = _spread(shown)
    return FinishDays(numbered_day(spread.first), spread.counts)


def _spread(values: NDArray[Any]) -> Spread:
    first = int(values.min())
    return Spread(first, tuple(np.bincount(values - first).tolist()))


def _said(made: Forecast) -> dict[str, Any]:
    def days(finish: FinishDays | None) -> list[Any] | None:
        return None if finish is None else [finish.first.isoformat(), list(finish.counts)]

    return {
        "seed": made.seed,
        "trials": made.trials,
        "inputs": made.inputs_digest,
        "landings": {
            id_: [
                days(one.finish),
                one.by_first_promise and one.by_first_promise.hits,
                one.by_promise and one.by_promise.hits,
                one.thin,
                list(one.unestimated),
            ]
            for id_, one in made.landings.items()
        },
        "deadlines": {
            id_: [
                days(one.finish),
                one.on_time and one.on_time.hits,
                one.penalty and [one.penalty.expected, one.penalty.sure, one.penalty.currency],
                {key: chance.hits for key, chance in one.driving.items()},
                list(one.unestimated),
            ]
            for id_, one in made.deadlines.items()
        },
        "loads": {team: [spread.first, list(spread.counts)] for team, spread in made.loads.items()},
    }
