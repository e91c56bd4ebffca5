"""Values in words: numbers, money, durations, days, changes. What is missing is "–", never 0. Pure.

`templatetags.words` are the same words for pages, where today and the organisation's zone are known.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

MISSING = "–"
NEAR_DAYS = 182  # a day so near needs no year
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # %a and %b ask the locale
SIGNS = {"": "$", "USD": "$", "EUR": "€", "GBP": "£"}
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


def cash(cents: int | None, currency: str, form: str = "") -> str:
    """Cents as "$160k", "£160k"; "CHF 160k" where a currency has no sign here; with the form "exact" "$18,000"."""
    if cents is None:
        return MISSING
    text = f"{'−' if cents < 0 else ''}${_round(abs(cents) / 100):,}" if form == "exact" else money(cents / 100)
    return text.replace("$", SIGNS.get(currency, f"{currency}\u00a0"))


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


def month(value: date) -> str:
    """As "Nov"."""
    return MONTHS[value.month - 1][:3]


def day(value: date | None, today: date, form: str = "") -> str:
    """As "8 Jan", with the form "long" "8 January"; with the year when that is not today's and the day over half a
    year away."""
    if not value:
        return MISSING
    text = f"{value.day} {MONTHS[value.month - 1] if form == 'long' else month(value)}"
    near = abs((date(value.year, value.month, value.day) - today).days) <= NEAR_DAYS
    return text if near or value.year == today.year else f"{text} {value.year}"


def weekday(value: date | None, today: date, form: str = "") -> str:
    """As "Mon 23 Nov"."""
    return f"{WEEKDAYS[value.weekday()]} {day(value, today, form)}" if value else MISSING


def days(first: date | None, last: date | None, today: date) -> str:
    """A range of days, both included: "16–22 Nov", "24 Dec – 4 Jan"."""
    if not first or not last:
        return MISSING
    if (first.year, first.month) == (last.year, last.month):
        return day(first, today) if first.day == last.day else f"{first.day}–{day(last, today)}"
    end = day(last, today)
    year = f" {first.year}" if first.year != last.year and end.count(" ") == 2 else ""
    return f"{first.day} {month(first)}{year} – {end}"


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


def web(value: str | None) -> str:
    """The address if it leads to a web page, else nothing: what came from outside may be `javascript:`."""
    text = (value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""
