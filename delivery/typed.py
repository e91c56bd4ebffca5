"""Money and dates as people type them. Pure; what cannot be read raises ValueError saying what to type."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal

MOST_CENTS = 10**15  # ten thousand billion dollars: more is a slip of the finger
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "bn": 1_000_000_000, "b": 1_000_000_000}
_MONEY = re.compile(
    r"(?:\$ ?|usd ?)?([0-9][0-9,]*|[0-9]*(?=\.))(?:\.([0-9]+))? ?(k|m|bn|b)?(?: ?(?:usd|\$|dollars))?", re.ASCII
)
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]+", re.ASCII)

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)? ([a-z]{3,9})\.?,?(?: ([0-9]{4}))?", re.ASCII)
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,?(?: ([0-9]{4}))?", re.ASCII)
HOW_MONEY = "Write dollars, such as $24k, 24000 or 1.2m."
HOW_DAY = "Write a day as 2026-12-11 or 11 Dec."


def money(text: str) -> int:
    """Cents: "$24k", "24000", "24,000", "1.2m". Empty is nothing."""
    said = " ".join(text.lower().split())
    if not said:
        return 0
    if said.startswith(("-", "−", "$-", "$−")):
        raise ValueError("A cost is nothing or more.")
    found = _MONEY.fullmatch(said)
    if found is None or not (found[1] or found[2]) or not _GROUPED.fullmatch(found[1] or "0"):
        raise ValueError(f"“{_short(text)}” is no amount. {HOW_MONEY}")
    whole, part, size = found[1] or "0", found[2] or "", found[3] or ""
    if not size and len(part) > 2:
        raise ValueError(f"“{_short(text)}” could mean thousands or cents. {HOW_MONEY}")
    if len(whole) + len(part) > 30:
        raise ValueError(f"“{_short(text)}” is more than anybody spends. {HOW_MONEY}")
    cents = Decimal(f"{whole.replace(',', '')}.{part or 0}") * _TIMES[size] * 100
    if cents > MOST_CENTS:
        raise ValueError(f"“{_short(text)}” is more than anybody spends. {HOW_MONEY}")
    return int(cents.to_integral_value(rounding="ROUND_HALF_UP"))


def day(text: str, *, today: date) -> date:
    """A date: "2026-12-11", "11 Dec 2026", or "11 Dec", which is the next one from `today` on."""
    said = " ".join(text.lower().split())
    if found := _ISO.fullmatch(said):
        return _made(int(found[1]), int(found[2]), int(found[3]), text)
    if found := _DAY_FIRST.fullmatch(said):
        number, month, year = found[1], _month(found[2]), found[3]
    elif found := _MONTH_FIRST.fullmatch(said):
        number, month, year = found[2], _month(found[1]), found[3]
    else:
        raise ValueError(f"“{_short(text)}” is no date. {HOW_DAY}")
    if month is None:
        raise ValueError(f"“{_short(text)}” names no month. {HOW_DAY}")
    if year:
        return _made(int(year), month, int(number), text, say_year=month == 2)
    return _next(month, int(number), today, text)


def _next(month: int, number: int, today: date, text: str) -> date:
    if (month, number) == (2, 29):
        leap = next(year for year in range(today.year, today.year + 9) if calendar.isleap(year))
        if date(leap, 2, 29) < today:
            leap = next(year for year in range(leap + 1, leap + 9) if calendar.isleap(year))
        if leap > today.year + 1:
            raise ValueError(f"The next 29 Feb is in {leap}. Try 28 Feb or 1 Mar.")
        return date(leap, 2, 29)
    this = _made(today.year, month, number, text)
    return this if this >= today else this.replace(year=this.year + 1)


def _made(year: int, month: int, number: int, text: str, *, say_year: bool | None = None) -> date:
    if not 1 <= month <= 12 or not 1 <= number <= 99 or not 1 <= year <= 9998:
        raise ValueError(f"“{_short(text)}” is no date. {HOW_DAY}")
    last = calendar.monthrange(year, month)[1]
    if number <= last:
        return date(year, month, number)
    name = f"{MONTHS[month - 1]} {year}" if (month == 2 if say_year is None else say_year) else MONTHS[month - 1]
    after = date(year, month, last) + timedelta(days=1)
    raise ValueError(f"{name} has {last} days. Try {last} {MONTHS[month - 1][:3]} or 1 {MONTHS[after.month - 1][:3]}.")


def _month(word: str) -> int | None:
    """1–12 for a name, or its beginning of three letters or more."""
    return next(
        (at for at, name in enumerate(MONTHS, 1) if name.lower().startswith(word) or (word == "sept" and at == 9)), None
    )


def _short(text: str) -> str:
    clean = " ".join(text.split())
    return clean if len(clean) <= 40 else f"{clean[:39]}…"
