"""The tags and filters of the house, registered as a builtin: a template needs no `{% load ui %}`.

Presentation only: nothing here asks the database or decides anything. The words are made in `words.py`, the pictures in
`drawings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from teams.spoken import web as safe_url

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


def item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A value of a mapping by a key that is itself a variable."""
    return None if mapping is None else mapping.get(key)


def nth(sequence: Sequence[Any] | None, index: int) -> Any:
    """The element at `index`; None past the end."""
    return sequence[index] if sequence and 0 <= index < len(sequence) else None


for written in (ago, count, day, days, delta, duration, instant, iso, money, percent, plural, points, weekday):
    register.filter(written.__name__, written)
register.filter("safe_url", safe_url)
for chosen in (item, nth):
    register.filter(chosen.__name__, chosen)
for drawn in (band, icon, reads, spark, stages, status):
    register.simple_tag(drawn)
