"""How a promise stands, computed, with its reason in one plain sentence; and a person's other opinion beside it. Pure.

A commitment is judged twice, against its first promise and against the current one. Nothing here changes the computed
status: an override is shown next to it, says why, and expires.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta

from delivery.chance import Chance

ON_TRACK_PERCENT = 70  # at least so likely by the promised day: on track
AT_RISK_PERCENT = 35  # at least so likely, and under the line above: at risk; under it: likely late
STALE_DAYS = 8  # so many days without a check-in: stale
OVERRIDE_DAYS = 14  # an override holds on the day it is made and the thirteen days after

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # %b asks the locale


class Standing(enum.StrEnum):
    """The shape's name, as the stylesheet knows it; `words` is what stands beside it."""

    ON_TRACK = "ok"
    AT_RISK = "risk"
    LIKELY_LATE = "late"
    DELIVERED = "delivered"
    NO_FORECAST = "none"
    STALE = "stale"

    @property
    def words(self) -> str:
        """What a reader sees: the shape never stands alone."""
        return _WORDS[self]


_WORDS = {
    Standing.ON_TRACK: "On track",
    Standing.AT_RISK: "At risk",
    Standing.LIKELY_LATE: "Likely late",
    Standing.DELIVERED: "Delivered",
    Standing.NO_FORECAST: "No forecast",
    Standing.STALE: "Stale",
}
_OPINIONS = (Standing.ON_TRACK, Standing.AT_RISK, Standing.LIKELY_LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a commitment on the day it is judged.

    `last_check_in` None: there was none, and silence counts from `promised_on`. `missing` says what a forecast still
    lacks, one phrase each (“3 of 8 delivered commitments”, “a low, likely and high estimate”).
    """

    promised_on: date
    delivered_on: date | None = None
    last_check_in: date | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A standing and why. When stale, `without_news` is what the numbers, which stay, would have said."""

    standing: Standing
    reason: str
    without_news: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's own answer. Raises ValueError without a reason or a name, or for an answer that is no opinion."""

    standing: Standing
    reason: str
    by: str
    on: date

    def __post_init__(self) -> None:
        if self.standing not in _OPINIONS:
            raise ValueError(f"A person can say on track, at risk or likely late, not “{self.standing.words}”.")
        if not self.reason.strip():
            raise ValueError("Say why you see it differently: an override needs a reason.")
        if not self.by.strip():
            raise ValueError("An override carries the name of the person who made it.")

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return self.on + timedelta(days=OVERRIDE_DAYS - 1)

    def holds(self, today: date) -> bool:
        """Whether it is in force on `today`."""
        return self.on <= today <= self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Against the first promise, against the current one, and the override in force (None: nobody disagrees)."""

    first: Judged
    current: Judged
    override: Override | None = None


def by_chance(chance: Chance) -> Standing:
    """On track from 70 %, at risk from 35 %, likely late below; the borders are exact. Source: DOMAIN §3, Status."""
    if chance.at_least(ON_TRACK_PERCENT):
        return Standing.ON_TRACK
    return Standing.AT_RISK if chance.at_least(AT_RISK_PERCENT) else Standing.LIKELY_LATE


def judge(known: Known, *, promised: date, chance: Chance | None, today: date) -> Judged:
    """How the promise for `promised` stands on `today`; `chance` is that of landing by it, None without a forecast.

    The first that applies: delivered; the promised day has passed, which no silence or missing estimate hides;
    no forecast; stale; else by chance. Days are calendar days. Source: DOMAIN §3, Status.
    """
    day = _day(promised, today)
    if known.delivered_on is not None:
        late = (known.delivered_on - promised).days
        how = "on the promised day" if late == 0 else f"{_days(abs(late))} {'after' if late > 0 else 'before'} {day}"
        return Judged(standing=Standing.DELIVERED, reason=f"Delivered {_day(known.delivered_on, today)}, {how}.")
    if promised < today:
        passed = f"Promised for {day}, {_days((today - promised).days)} ago, and not delivered."
        return Judged(standing=Standing.LIKELY_LATE, reason=passed)
    if chance is None:
        lacks = f"Missing for a forecast: {_listed(known.missing)}." if known.missing else "Nothing is known of it yet."
        return Judged(standing=Standing.NO_FORECAST, reason=lacks)
    answer = by_chance(chance)
    likely = f"{chance.words} likely to land by {day}"
    heard = known.last_check_in or known.promised_on
    silent = (today - heard).days
    if silent >= STALE_DAYS:
        since = "since the last check-in" if known.last_check_in else "since it was promised, and no check-in"
        was = f"{_days(silent)} {since}; on what was known then, {likely}."
        return Judged(standing=Standing.STALE, reason=was, without_news=answer)
    return Judged(standing=answer, reason=f"{likely[0].upper()}{likely[1:]}.")


def status(
    known: Known,
    *,
    first_promise: date,
    current_promise: date,
    first_chance: Chance | None,
    current_chance: Chance | None,
    today: date,
    override: Override | None = None,
) -> Status:
    """Both judgements, and the override if it is still in force; an expired one is not shown."""
    return Status(
        first=judge(known, promised=first_promise, chance=first_chance, today=today),
        current=judge(known, promised=current_promise, chance=current_chance, today=today),
        override=override if override is not None and override.holds(today) else None,
    )


def _day(day: date, today: date) -> str:
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return text if day.year == today.year else f"{text} {day.year}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
