"""What-ifs and options: the forecast as it would be, on the same draws as the base. Pure; nothing is written.

A change touches only what it names. Every commitment keeps its stream of draws, so that whatever differs between two
forecasts with one seed comes from the change, and a change of nothing differs in nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from delivery.activities import Link
from delivery.chance import Chance, FinishDays
from delivery.forecast import TRIALS, DeadlineLanding, Forecast, Landing, forecast
from delivery.inputs import Commitment, Inputs
from delivery.penalty import PenaltySpread


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would be different. Dropped first, then put, then unlinked, then linked.

    `drop`: commitments given up, with their links and deadlines; what stood behind them no longer waits for what stood
    before. `put`: commitments as they would be, new ones or in place of those with their ids. `add_days`: working days
    more, by id (negative: fewer), on top of each trial's draw; an open commitment keeps at least a day.
    """

    drop: tuple[str, ...] = ()
    put: tuple[Commitment, ...] = ()
    add_days: Mapping[str, int] | None = None
    unlink: tuple[Link, ...] = ()
    link: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way out of a flagged miss: what would change, and what it costs in minor units of `currency`."""

    id: str
    change: Change
    cost: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One commitment or deadline, before and after; a side is None where it has no forecast or does not exist."""

    id: str
    even_odds: tuple[date | None, date | None]
    sure_85: tuple[date | None, date | None]
    chance: tuple[Chance | None, Chance | None]  # of the promise in force; of a deadline, to be on time
    penalty: tuple[PenaltySpread | None, PenaltySpread | None] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Two forecasts on the same draws, and what differs in them; what stays the same is left out."""

    before: Forecast
    after: Forecast
    commitments: tuple[Moved, ...]
    deadlines: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One option beside the others. `total` is its cost and all expected penalties, by currency, in minor units.

    `finishes_sooner` is, by deadline, the chance that its milestone lands on an earlier day than with the base: the
    same trial on both sides. Deadlines without a forecast on either side are left out of both.
    """

    option: Option
    result: WhatIf
    total: Mapping[str, int]
    finishes_sooner: Mapping[str, Chance]


def changed(inputs: Inputs, change: Change) -> Inputs:
    """The inputs with the change made. Raises ValueError when it names what is not there, Loop for a ring."""
    commitments = {one.id: one for one in inputs.commitments}
    for id_ in change.drop:
        if commitments.pop(id_, None) is None:
            raise ValueError(f"There is no commitment “{id_}” to give up.")
    commitments |= {one.id: one for one in change.put}
    for id_, days in (change.add_days or {}).items():
        if id_ not in commitments:
            raise ValueError(f"There is no commitment “{id_}” to add days to.")
        commitments[id_] = replace(commitments[id_], added_days=commitments[id_].added_days + days)
    gone = set(change.drop) - set(commitments)
    links = {link for link in inputs.links if link.before not in gone and link.after not in gone}
    for link in change.unlink:
        if link not in links:
            raise ValueError(f"There is no link {link.before} → {link.after}, {link.kind}, to take away.")
        links.remove(link)
    return replace(
        inputs,
        commitments=tuple(commitments.values()),
        links=(*links, *change.link),
        deadlines=tuple(one for one in inputs.deadlines if one.activity not in gone),
    )


def what_if(inputs: Inputs, change: Change, *, seed: int, trials: int = TRIALS, base: Forecast | None = None) -> WhatIf:
    """The forecast with the change beside that without; `base`, when it is at hand, is not made again.

    Raises ValueError for a base of other inputs, another seed or another number of trials: it would have other draws.
    """
    before = base if base is not None else forecast(inputs, seed=seed, trials=trials)
    if (before.inputs_digest, before.seed, before.trials) != (inputs.digest, seed, trials):
        raise ValueError("A what-if is compared with the forecast of the same inputs, seed and number of trials.")
    after = forecast(changed(inputs, change), seed=seed, trials=trials)
    return WhatIf(
        before=before, after=after, commitments=_commitments(before, after), deadlines=_deadlines(before, after)
    )


def compare(
    inputs: Inputs, options: tuple[Option, ...], *, seed: int, trials: int = TRIALS, base: Forecast | None = None
) -> tuple[Compared, ...]:
    """Each option's what-if on the same draws, in the order given. Raises ValueError for a cost without a currency."""
    for option in options:
        if option.cost and not option.currency:
            raise ValueError(f"The cost of “{option.id}” names no currency.")
    before = base if base is not None else forecast(inputs, seed=seed, trials=trials)
    results = []
    for option in options:
        result = what_if(inputs, option.change, seed=seed, trials=trials, base=before)
        after = changed(inputs, option.change)
        total = {option.currency: option.cost} if option.cost else {}
        for landing in result.after.deadlines.values():
            if landing.penalty is not None:
                total[landing.penalty.currency] = total.get(landing.penalty.currency, 0) + landing.penalty.expected
        targets = {one.id: one.activity for one in after.deadlines}
        results.append(
            Compared(option=option, result=result, total=total, finishes_sooner=_sooner(result, targets, trials))
        )
    return tuple(results)


def _sooner(result: WhatIf, targets: Mapping[str, str], trials: int) -> dict[str, Chance]:
    found = {}
    for id_, commitment in targets.items():
        sides = [side.deadlines.get(id_) for side in (result.before, result.after)]
        if all(side is not None and side.finish is not None for side in sides):
            earlier = result.after.samples.ordinals(commitment) < result.before.samples.ordinals(commitment)
            found[id_] = Chance(int(earlier.sum()), trials)
    return found


def _commitments(before: Forecast, after: Forecast) -> tuple[Moved, ...]:
    moved = []
    for id_ in sorted(before.landings.keys() | after.landings.keys()):
        old, new = before.landings.get(id_), after.landings.get(id_)
        if old != new:
            chances = (None if old is None else old.by_promise, None if new is None else new.by_promise)
            moved.append(_moved(id_, _finish(old), _finish(new), chances, (None, None)))
    return tuple(moved)


def _deadlines(before: Forecast, after: Forecast) -> tuple[Moved, ...]:
    moved = []
    for id_ in sorted(before.deadlines.keys() | after.deadlines.keys()):
        old, new = before.deadlines.get(id_), after.deadlines.get(id_)
        if old != new:
            chances = (None if old is None else old.on_time, None if new is None else new.on_time)
            penalties = (None if old is None else old.penalty, None if new is None else new.penalty)
            moved.append(_moved(id_, _finish(old), _finish(new), chances, penalties))
    return tuple(moved)


def _finish(landing: Landing | DeadlineLanding | None) -> FinishDays | None:
    return None if landing is None else landing.finish


def _moved(
    id_: str,
    old: FinishDays | None,
    new: FinishDays | None,
    chance: tuple[Chance | None, Chance | None],
    penalty: tuple[PenaltySpread | None, PenaltySpread | None],
) -> Moved:
    return Moved(
        id=id_,
        even_odds=(None if old is None else old.even_odds, None if new is None else new.even_odds),
        sure_85=(None if old is None else old.sure_85, None if new is None else new.sure_85),
        chance=chance,
        penalty=penalty,
    )
