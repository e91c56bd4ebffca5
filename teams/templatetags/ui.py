"""The tags and filters of the house, registered as a builtin: a template needs no `{% load ui %}`.

Presentation only: nothing here asks the database or decides anything. The words are made in `words.py`, the pictures in
`drawings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django import template

from .drawings import STATUS_WORDS, band, icon, reads, spark, stages, status
from .words import (
    MISSING,
    ago,
    count,
    day,
    days,
    delta,
    duration,
    instant,
    iso,
    money,
    percent,
    plural,
    points,
    weekday,
)

__all__ = [
    "MISSING",
    "STATUS_WORDS",
    "ago",
    "band",
    "count",
    "day",
    "days",
    "delta",
    "duration",
    "icon",
    "instant",
    "iso",
    "item",
    "money",
    "nth",
    "percent",
    "plural",
    "points",
    "reads",
    "register",
    "safe_url",
    "spark",
    "stages",
    "status",
    "weekday",
]

register = template.Library()


def safe_url(value: str | None) -> str:
    """The address if it leads to a web page, else nothing: what came from outside may be `javascript:`."""
    text = (value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A value of a mapping by a key that is itself a variable."""
    return None if mapping is None else mapping.get(key)


def nth(sequence: Sequence[Any] | None, index: int) -> Any:
    """The element at `index`; None past the end."""
    return sequence[index] if sequence and 0 <= index < len(sequence) else None


for written in (ago, count, day, days, delta, duration, instant, iso, money, percent, plural, points, weekday):
    register.filter(written.__name__, written)
for chosen in (safe_url, item, nth):
    register.filter(chosen.__name__, chosen)
for drawn in (band, icon, reads, spark, stages, status):
    register.simple_tag(drawn)
