"""How early misses were told, and how often the alarm was false; predictability and load of a planning interval. Pure.

A miss that nobody flagged counts as no warning at all: it is 0 days and stays in every denominator. Days of warning are
working days of the squad's own calendar (the standard is 10 of them), with calendar days beside them.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

STANDARD_DAYS = 10  # working days of warning that are early enough; an organisation may set its own

WorkingDays = Callable[[date, date], int]  # working days after the first date, up to and including the second


class Means(enum.StrEnum):
    """How a promise was flagged."""

    CHECK_IN = "check-in"  # one that said at risk or likely late
    SLIP = "slip"  # the promise moved to a later day
    RISK = "risk"  # a risk was linked to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Somebody said that a promise may not hold. Slips are not given as flags: they are read from the promises."""

    on: date
    means: Means
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A date that was given on a day; the first one, and each one it moved to, with the reason it moved."""

    on: date
    due: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One commitment's record: its promises in the order they were made, its flags, and what became of it.

    Raises ValueError without a promise, or when they are not in order of time.
    """

    id: str
    squad: str
    promises: tuple[Promised, ...]
    flags: tuple[Flag, ...] = ()
    delivered_on: date | None = None
    with_options: bool = False

    def __post_init__(self) -> None:
        if not self.promises:
            raise ValueError(f"{self.id} has no promise to be early or late against.")
        if any(later.on < earlier.on for earlier, later in zip(self.promises, self.promises[1:], strict=False)):
            raise ValueError(f"The promises of {self.id} are not in the order they were made.")


class Outcome(enum.StrEnum):
    """What became of the promise that was in force."""

    KEPT = "kept"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """One commitment, judged: the promise that was in force when it was first flagged (never flagged: the last one).

    `working_days` and `calendar_days` of warning are 0 when it was never flagged, or on or after the due day.
    """

    id: str
    squad: str
    due: date
    flagged_on: date | None
    means: Means | None
    reason: str
    outcome: Outcome
    working_days: int
    calendar_days: int
    with_options: bool

    @property
    def in_time(self) -> bool:
        """Whether it was flagged before its due day."""
        return self.flagged_on is not None and self.flagged_on < self.due

    @property
    def found_at_review(self) -> bool:
        """Whether it is a miss first recorded on or after its due day."""
        return self.outcome is Outcome.MISSED and not self.in_time

    @property
    def false_alarm(self) -> bool:
        """Whether it was flagged before its due day and then delivered by it."""
        return self.outcome is Outcome.KEPT and self.in_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """So many of so many; `share` is None of none."""

    part: int
    of: int

    @property
    def share(self) -> float | None:
        """0–1 for counts; may exceed 1 where the definition says so."""
        return self.part / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    """The early warnings of some commitments. Medians are None without misses, and may be half a day."""

    misses: int
    never_flagged: int
    median_working_days: float | None
    median_calendar_days: float | None
    early: Ratio  # misses flagged at least the standard ahead ÷ misses
    early_with_options: Ratio  # of these, with options recorded ÷ misses
    found_at_review: Ratio  # ÷ misses
    false_alarms: Ratio  # ÷ commitments flagged before their due day whose outcome is known
    rows: tuple[Warned, ...]


def warned(track: Track, *, today: date, working_days: WorkingDays) -> Warned:
    """One commitment's warning: promise in force − first time it was flagged (check-in, slip to a later day, risk).

    The promise in force on the day of the first flag is the last one made before that day; a promise that moves on the
    same day was moved by what the flag says. Open until the day after it was due. Source: DOMAIN §3, Warning days.
    """
    slips = [
        Flag(on=later.on, means=Means.SLIP, reason=later.reason)
        for earlier, later in zip(track.promises, track.promises[1:], strict=False)
        if later.due > earlier.due
    ]
    flags = sorted([*track.flags, *slips], key=lambda flag: (flag.on, list(Means).index(flag.means)))
    first = flags[0] if flags else None
    due = track.promises[-1].due
    if first is not None:
        before = [promise.due for promise in track.promises if promise.on < first.on]
        due = before[-1] if before else track.promises[0].due
    if track.delivered_on is not None:
        outcome = Outcome.KEPT if track.delivered_on <= due else Outcome.MISSED
    else:
        outcome = Outcome.MISSED if today > due else Outcome.OPEN
    ahead = first is not None and first.on < due
    # Why it was late: what the first flag said, or the slip that followed it.
    reason = next((flag.reason for flag in (*flags[:1], *slips) if flag.reason), "")
    return Warned(
        id=track.id,
        squad=track.squad,
        due=due,
        flagged_on=first.on if first else None,
        means=first.means if first else None,
        reason=reason,
        outcome=outcome,
        working_days=working_days(first.on, due) if first and ahead else 0,
        calendar_days=(due - first.on).days if first and ahead else 0,
        with_options=track.with_options,
    )


def warnings(rows: Iterable[Warned], *, standard_days: int = STANDARD_DAYS) -> Warnings:
    """The measures over commitments of any squads: pooled rows, never averages of averages."""
    kept = tuple(rows)
    misses = [row for row in kept if row.outcome is Outcome.MISSED]
    early = [row for row in misses if row.in_time and row.working_days >= standard_days]
    known = [row for row in kept if row.in_time and row.outcome is not Outcome.OPEN]
    return Warnings(
        misses=len(misses),
        never_flagged=sum(row.flagged_on is None for row in misses),
        median_working_days=_median([row.working_days for row in misses]),
        median_calendar_days=_median([row.calendar_days for row in misses]),
        early=Ratio(part=len(early), of=len(misses)),
        early_with_options=Ratio(part=sum(row.with_options for row in early), of=len(misses)),
        found_at_review=Ratio(part=sum(row.found_at_review for row in misses), of=len(misses)),
        false_alarms=Ratio(part=sum(row.false_alarm for row in known), of=len(known)),
        rows=kept,
    )


def by_squad(rows: Iterable[Warned], *, standard_days: int = STANDARD_DAYS) -> dict[str, Warnings]:
    """`warnings` for each squad, in order of its name."""
    return _grouped(rows, lambda row: row.squad, standard_days)


def by_reason(rows: Iterable[Warned], *, standard_days: int = STANDARD_DAYS) -> dict[str, Warnings]:
    """`warnings` for each recorded reason, in order; "" where none was recorded, and a cause is never made up."""
    return _grouped(rows, lambda row: row.reason, standard_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Business value of one outcome of a planning interval. `planned` is what was agreed at planning."""

    squad: str
    planned: int
    actual: int
    stretch: bool = False


def predictability(values: Iterable[Value]) -> Ratio:
    """Σ actual value, committed and stretch ÷ Σ planned value of committed: a ratio of totals, which may exceed 1.

    Nothing committed: no share. Pass one squad's values for that squad, all of them for the train. Source: SAFe.
    """
    kept = tuple(values)
    return Ratio(part=sum(v.actual for v in kept), of=sum(v.planned for v in kept if not v.stretch))


def predictability_by_squad(values: Iterable[Value]) -> dict[str, Ratio]:
    """`predictability` of each squad, in order of its name."""
    kept = tuple(values)
    return {squad: predictability(v for v in kept if v.squad == squad) for squad in sorted({v.squad for v in kept})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a squad took on when a planning interval was frozen, in working days: 85%-sure effort against capacity."""

    load_days: int
    capacity_days: Fraction

    @property
    def over_days(self) -> Fraction:
        """Days that do not fit; 0 when all of it does."""
        return max(self.load_days - self.capacity_days, Fraction(0))

    @property
    def share(self) -> float | None:
        """Load ÷ capacity; over 1 is overcommitted. None without capacity."""
        return float(self.load_days / self.capacity_days) if self.capacity_days else None

    @property
    def overcommitted(self) -> bool:
        """Whether more was promised than fits."""
        return self.load_days > self.capacity_days


def overcommitment(loads: Mapping[str, int], capacities: Mapping[str, Fraction | int]) -> dict[str, Load]:
    """Each squad's load against its capacity, in order of name. A load is one percentile of a squad's whole effort over
    trials, never a sum of percentiles. A squad without a stated capacity is left out: that is unknown, not 0.

    Raises ValueError for a negative capacity. Source: DOMAIN §3, Overcommitment.
    """
    if any(days < 0 for days in capacities.values()):
        raise ValueError("A capacity is never negative.")
    return {
        squad: Load(load_days=loads[squad], capacity_days=Fraction(capacities[squad]))
        for squad in sorted(loads)
        if squad in capacities
    }


def _grouped(rows: Iterable[Warned], key: Callable[[Warned], str], standard_days: int) -> dict[str, Warnings]:
    groups: dict[str, list[Warned]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: warnings(members, standard_days=standard_days) for name, members in sorted(groups.items())}


def _median(days: list[int]) -> float | None:
    return float(statistics.median(days)) if days else None
