"""ISO weeks in the organisation's zone, and the local day of an instant. Pure.

Days and weeks exist only here, at the edge; everything stored is UTC. A week is half-open: it holds its first
instant and not its last, so that weeks tile time without a gap or an overlap, whatever the zone does with its
clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LABEL = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)  # %b asks the locale
# A year of room at both ends of what a date can hold: a week's bounds in UTC can always be said.
_FIRST_YEAR, _LAST_YEAR = 2, 9998
_OUTSIDE = "That week is outside the calendar, which runs from the year 2 to the year 9998."


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week, known by its Monday. Raises ValueError for another day, or outside the calendar.

    Source: DOMAIN §1, Periods.
    """

    monday: date

    def __post_init__(self) -> None:
        if self.monday.weekday() != 0:
            raise ValueError(f"A week starts on a Monday; {self.monday:%Y-%m-%d} is not one.")
        if not _FIRST_YEAR <= self.monday.isocalendar().year <= _LAST_YEAR:
            raise ValueError(_OUTSIDE)

    @classmethod
    def parse(cls, label: str) -> Week:
        """The week called `2026-W47`. Raises ValueError, in a sentence, for anything else."""
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"“{label}” is not a week. Write it like 2026-W47.")
        year, number = int(match[1]), int(match[2])
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise ValueError(_OUTSIDE)
        try:
            return cls(date.fromisocalendar(year, number, 1))
        except ValueError:
            last = date(year, 12, 28).isocalendar().week  # 28 December is always in its year's last week
            raise ValueError(f"{year:04} has the weeks W01 to W{last}; there is no W{number:02}.") from None

    @classmethod
    def of(cls, instant: datetime, zone: ZoneInfo) -> Week:
        """The week whose `bounds` hold `instant`. Raises ValueError for a naive time or off the calendar."""
        day = local_day(instant, zone)
        try:
            return cls(day - timedelta(days=day.weekday()))
        except OverflowError:
            raise ValueError(_OUTSIDE) from None

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """`2026-W47`: the ISO year, which is not the calendar year around New Year."""
        iso = self.monday.isocalendar()
        return f"{iso.year:04}-W{iso.week:02}"

    @property
    def number(self) -> int:
        """1–53 within its ISO year."""
        return self.monday.isocalendar().week

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def title(self) -> str:
        """`16–22 Nov 2026`, `30 Nov – 6 Dec 2026`, `28 Dec 2026 – 3 Jan 2027`."""
        first, last = self.monday, self.sunday
        end = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
        if first.year != last.year:
            return f"{first.day} {_MONTHS[first.month - 1]} {first.year} – {end}"
        if first.month != last.month:
            return f"{first.day} {_MONTHS[first.month - 1]} – {end}"
        return f"{first.day}–{end}"

    def shift(self, weeks: int) -> Week:
        """The week so many weeks later (negative: earlier). Raises ValueError outside the calendar."""
        try:
            return Week(self.monday + timedelta(weeks=weeks))
        except OverflowError:
            raise ValueError(_OUTSIDE) from None

    def previous(self) -> Week:
        """The week before."""
        return self.shift(-1)

    def next(self) -> Week:
        """The week after."""
        return self.shift(1)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """First instant and first instant after, in UTC: 168 hours, or 167 or 169 when the clocks change."""
        return day_start(self.monday, zone), day_start(self.monday + timedelta(days=7), zone)

    def is_partial(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it is not over at `now`. Partial weeks are shown, marked, and left out of medians."""
        return self.bounds(zone)[1] > _aware(now)


def week_in_review(now: datetime, zone: ZoneInfo) -> Week:
    """The week to look at unasked: the current one, but on its Monday the one before, which has just become whole."""
    current = Week.of(now, zone)
    return current.previous() if local_day(now, zone) == current.monday else current


def weeks_ending(week: Week, count: int) -> tuple[Week, ...]:
    """The `count` weeks that end with `week`, oldest first. Raises ValueError under 1 or off the calendar."""
    if count < 1:
        raise ValueError(f"A period has at least one week, not {count}.")
    return tuple(week.shift(back) for back in range(1 - count, 1))


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the organisation's wall at `instant`. Raises ValueError for a naive time."""
    try:
        return _aware(instant).astimezone(zone).date()
    except OverflowError:
        raise ValueError(f"{instant.isoformat()} is outside the calendar.") from None


def days_in(instants: Iterable[datetime], zone: ZoneInfo) -> frozenset[date]:
    """The distinct local days on which the instants fall. Raises ValueError for a naive time."""
    return frozenset(local_day(instant, zone) for instant in instants)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; where midnight is skipped, the instant of the jump.

    Raises ValueError at the very ends of the calendar.
    """
    midnight = datetime.combine(day, time(), tzinfo=zone)
    try:
        found = midnight.astimezone(UTC)  # midnight twice: the first one
        if found.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
            return found
        # Midnight does not exist: clocks jumped, on a whole second, between the two ways to read it.
        before = midnight.replace(fold=1).astimezone(UTC) - timedelta(seconds=1)
        seconds = int((found - before).total_seconds())
        low, high = 0, seconds
        while high - low > 1:
            middle = (low + high) // 2
            if (before + timedelta(seconds=middle)).astimezone(zone).date() >= day:
                high = middle
            else:
                low = middle
        return before + timedelta(seconds=high)
    except OverflowError:
        raise ValueError(f"{day.isoformat()} is outside the calendar.") from None


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no zone; every time here has one.")
    return instant
