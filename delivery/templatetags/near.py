"""Days close by without their year: in November "8 Jan" is the next one, and a promise is seldom further away."""

from __future__ import annotations

from datetime import date

from django import template

from delivery.actions.rules import today
from teams.templatetags import words

register = template.Library()
CLOSE = 270  # days ahead or back within which no other year can be meant


@register.filter
def near(value: date | None) -> str:
    """As "8 Jan"; with the year when it is far away."""
    if not value:
        return words.MISSING
    return f"{value.day} {value:%b}" if abs((value - today()).days) <= CLOSE else words.day(value)


@register.filter
def near_range(first: date | None, last: date | None) -> str:
    """As "9–23 Dec" or "28 Dec – 7 Jan"."""
    if not first or not last or first == last:
        return near(first)
    if (first.year, first.month) == (last.year, last.month) and near(first) == f"{first.day} {first:%b}":
        return f"{first.day}–{near(last)}"
    return f"{near(first)} – {near(last)}"
