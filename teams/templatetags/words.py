"""Values in words: durations, money, dates, changes. What is missing is "–", never 0."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

MISSING = "–"
NEAR_DAYS = 182  # a day so near needs no year
Number = int | float | Decimal
Value = int | float | Decimal | timedelta


# --- numbers ---------------------------------------------------------------------------------------------------------


def _round(value: Number, digits: int = 0) -> Decimal:
    """Half up, as people round."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")


def _trim(value: Number, digits: int) -> str:
    """At most `digits` decimals, with thousands and without a trailing .0."""
    text = f"{_round(value, digits):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and not math.isfinite(value))


def count(value: Number | None) -> str:
    """1204 → "1,204"."""
    return _trim(value, 1) if value is not None and _known(value) else MISSING


def money(value: Number | None) -> str:
    """Dollars: 640 → "$640", 1900 → "$1.9k", 160000 → "$160k", 1200000 → "$1.2m"."""
    if value is None or not _known(value):
        return MISSING
    sign, amount = ("−" if value < 0 else ""), abs(Decimal(str(value)))
    if _round(amount) < 1000:
        return f"{sign}${_round(amount)}"
    size, letter = next(
        (pair for pair in ((1_000, "k"), (1_000_000, "m")) if _round(amount / pair[0]) < 1000), (1_000_000_000, "bn")
    )
    part = amount / size
    return f"{sign}${_trim(part, 1 if _round(part, 1) < 10 else 0)}{letter}"


def percent(value: Number | None) -> str:
    """A share from 0 to 1 in whole percent; "over 99%" and "under 1%" where rounding would claim certainty."""
    if value is None or not _known(value):
        return MISSING
    whole = int(_round(Decimal(str(value)) * 100))
    if whole == 100 and value < 1:
        return "over 99%"
    if whole == 0 and value > 0:
        return "under 1%"
    return f"{whole}%".replace("-", "−")


# --- durations -------------------------------------------------------------------------------------------------------

_UNITS = {"minute": "min", "hour": "h", "day": "d"}


def _span(value: timedelta) -> tuple[str, str]:
    """How long in the unit that suits it: ("2.7", "hour")."""
    seconds = abs(value.total_seconds())
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    if _round(minutes) < 60:
        return _trim(minutes, 0), "minute"
    if _round(hours) < 72:
        return _trim(hours, 1 if _round(hours, 1) < 10 else 0), "hour"
    return _trim(days, 1 if _round(days, 1) < 10 else 0), "day"


def duration(value: timedelta | None, form: str = "") -> str:
    """As "45 minutes", "2.7 hours", "31 hours", "3 days"; with the form "short": "45 min", "2.7 h", "31 h", "3 d"."""
    if value is None or value == "":
        return MISSING
    sign = "−" if value < timedelta() else ""
    if timedelta() < abs(value) < timedelta(seconds=30):
        return "under 1 min" if form == "short" else "under a minute"
    number, unit = _span(value)
    if form == "short":
        return f"{sign}{number} {_UNITS[unit]}"
    return f"{sign}{number} {unit if number == '1' else unit + 's'}"


# --- days and moments ------------------------------------------------------------------------------------------------


def _local(value: date | datetime) -> date | datetime:
    """A moment in the organisation's zone; a date as it is."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(settings.ORGANISATION_ZONE)
    return value


def _today() -> date:
    return timezone.now().astimezone(settings.ORGANISATION_ZONE).date()


def _day_words(value: date | datetime) -> str:
    text = f"{value.day} {value:%b}"
    today = _today()
    near = abs((date(value.year, value.month, value.day) - today).days) <= NEAR_DAYS
    return text if near or value.year == today.year else f"{text} {value.year}"


def day(value: date | datetime | None) -> str:
    """As "8 Jan"; with the year when that is not this one and the day not within half a year."""
    return _day_words(_local(value)) if value else MISSING


def weekday(value: date | datetime | None) -> str:
    """As "Mon 23 Nov"."""
    if not value:
        return MISSING
    local = _local(value)
    return f"{local:%a} {_day_words(local)}"


def instant(value: datetime | None) -> str:
    """As "Mon 23 Nov, 07:55", in the organisation's zone."""
    if not value:
        return MISSING
    local = _local(value)
    return f"{local:%a} {_day_words(local)}, {local:%H:%M}"


def days(first: date | None, last: date | None) -> str:
    """A range of days, both included: "16–22 Nov", "24 Dec – 4 Jan"."""
    if not first or not last:
        return MISSING
    if (first.year, first.month) == (last.year, last.month):
        return _day_words(first) if first.day == last.day else f"{first.day}–{_day_words(last)}"
    if first.year != last.year and " " in _day_words(last).partition(" ")[2]:
        return f"{first.day} {first:%b} {first.year} – {_day_words(last)}"
    return f"{first.day} {first:%b} – {_day_words(last)}"


def ago(value: datetime | None) -> str:
    """As "4 minutes ago", "just now", "in 2 hours"."""
    if not value:
        return MISSING
    passed = timezone.now() - value
    if abs(passed) < timedelta(seconds=45):
        return "just now"
    whole, unit = _whole_span(abs(passed))
    words = f"{whole} {unit if whole == 1 else unit + 's'}"
    return f"{words} ago" if passed > timedelta() else f"in {words}"


def _whole_span(value: timedelta) -> tuple[int, str]:
    minutes = int(value.total_seconds() // 60) or 1
    if minutes < 60:
        return minutes, "minute"
    return (minutes // 60, "hour") if minutes < 48 * 60 else (minutes // 1440, "day")


def iso(value: date | datetime | None) -> str:
    """For the datetime attribute of <time>."""
    return value.isoformat() if value else ""


# --- changes in words ------------------------------------------------------------------------------------------------


def _choose(value: Value, words: str) -> str:
    more, _, less = words.partition(",")
    rising = value > timedelta() if isinstance(value, timedelta) else value > 0
    return (more if rising else less).strip()


def delta(value: Value | None, words: str = "") -> str:
    """A change with its word, the first for growth: 7 hours → "7 hours slower", -6 → "6 fewer", 0 → "no change"."""
    if value is None or not _known(value):
        return MISSING
    if isinstance(value, timedelta):
        if not value:
            return "no change"
        return f"{duration(abs(value))} {_choose(value, words or 'slower,faster')}"
    size = _trim(abs(Decimal(str(value))), 1)
    return "no change" if size == "0" else f"{size} {_choose(value, words or 'more,fewer')}"


def points(value: Number | None, words: str = "worse,better") -> str:
    """A change of a share, in percentage points: 0.03 → "3 points worse"."""
    if value is None or not _known(value):
        return MISSING
    size = int(_round(abs(Decimal(str(value))) * 100))
    if size == 0:
        return "no change" if value == 0 else f"under 1 point {_choose(value, words)}"
    return f"{size} {'point' if size == 1 else 'points'} {_choose(value, words)}"


def plural(value: int | None, words: str) -> str:
    """The number with its noun: {{ 1|plural:"change,changes" }} → "1 change"."""
    one, _, many = words.partition(",")
    return MISSING if value is None else f"{count(value)} {one if value == 1 else many or one + 's'}"
