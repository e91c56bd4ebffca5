"""Values out of cells: days, numbers, yes and no. Each refusal says what to write instead. Pure."""

from __future__ import annotations

import re
from datetime import date

from delivery.actions.rules import EARLIEST, LATEST

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for name in names.split()
}  # fmt: skip
YES = {"yes", "y", "true", "1", "x", "✓"}
NO = {"no", "n", "false", "0", ""}

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ,].*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]+([a-z]+)\.?,?[-/. ]+(\d{4}|\d{2})(?:[T ,].*)?", re.I)
_MONTH_FIRST = re.compile(r"([a-z]+)\.?[-/. ]+(\d{1,2})(?:st|nd|rd|th)?,?[-/. ]+(\d{4})(?:[T ,].*)?", re.I)


class Unclear(ValueError):
    """A cell that cannot be meant, or can be meant in two ways; the message says what to write."""


def day(text: str, order: str = "") -> date:
    """A day. `order` is "dmy" or "mdy" for 03/04/2026; without it what could be two days is refused."""
    clean = text.strip()
    if found := _ISO.fullmatch(clean):
        return _day(clean, *(int(part) for part in found.groups()))
    if found := _NUMBERS.fullmatch(clean):
        first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
        if mark == "." or order == "dmy":
            return _day(clean, year, second, first)
        if order == "mdy":
            return _day(clean, year, first, second)
        if first <= 12 and second <= 12 and first != second:
            raise Unclear(
                f"{clean} can be two days. Write {year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}, "
                "or choose the order of days and months."
            )
        return _day(clean, year, first, second) if second > 12 else _day(clean, year, second, first)
    if found := _DAY_FIRST.fullmatch(clean):
        return _day(clean, _year(found[3]), _month(clean, found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(clean):
        return _day(clean, int(found[3]), _month(clean, found[1]), int(found[2]))
    if re.fullmatch(r"[345]\d{4}(\.\d+)?", clean):
        raise Unclear("This is a spreadsheet's own number for a day. Format the column as 2026-01-31 and save again.")
    raise Unclear("This is no day. Write it as 2026-01-31.")


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _month(clean: str, name: str) -> int:
    number = MONTHS.get(name.lower())
    if number is None:
        raise Unclear(f"“{name}” is no month. Write the day as 2026-01-31.")
    return number


def _day(clean: str, year: int, month: int, number: int) -> date:
    try:
        found = date(year, month, number)
    except ValueError:
        raise Unclear(f"There is no such day as {clean}. Correct it, for example to 2026-01-31.") from None
    if not EARLIEST <= found <= LATEST:
        raise Unclear(f"{found:%-d %b %Y} cannot be meant. Choose a day from 1990 to 2099.")
    return found


def whole(text: str, *, lowest: int, highest: int, what: str) -> int:
    """A whole number; 5.0 is one, 5.5 is not."""
    try:
        number = float(text.replace("\u00a0", "").replace(" ", ""))
    except ValueError:
        raise Unclear(f"This is no number. Write {what} from {lowest:,} to {highest:,}.") from None
    if number != number or abs(number) == float("inf") or number != int(number) or not lowest <= number <= highest:
        raise Unclear(f"Write {what} from {lowest:,} to {highest:,}.")
    return int(number)


def money(text: str) -> int:
    """Cents out of 160000, 160,000.50 or $160k's plain form."""
    clean = re.sub(r"[\s$€£\u00a0]", "", text)
    if not re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d{1,2})?|\d{1,12}(\.\d{1,2})?", clean):
        raise Unclear("This is no amount. Write it as 160000 or 160000.50, with its currency in a column of its own.")
    units, _, cents = clean.replace(",", "").partition(".")
    if len(units) > 12:
        raise Unclear("This amount is too large to be meant.")
    return int(units) * 100 + int((cents + "00")[:2])


def truth(text: str) -> bool:
    """Yes or no."""
    word = text.strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise Unclear("Write yes or no.")
