"""Values in words for pages: as `teams.spoken` says them, with today and the organisation's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from teams import spoken
from teams.spoken import MISSING, Value, count, delta, duration, money, percent, plural, points

__all__ = [
    "MISSING",
    "Value",
    "ago",
    "count",
    "day",
    "days",
    "delta",
    "duration",
    "instant",
    "iso",
    "money",
    "percent",
    "plural",
    "points",
    "weekday",
]


def _local(value: date | datetime) -> date | datetime:
    """A moment in the organisation's zone; a date as it is."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(settings.ORGANISATION_ZONE)
    return value


def _today() -> date:
    return timezone.now().astimezone(settings.ORGANISATION_ZONE).date()


def day(value: date | datetime | None) -> str:
    """As "8 Jan"; with the year when that is not this one and the day not within half a year."""
    return spoken.day(_local(value), _today()) if value else MISSING


def weekday(value: date | datetime | None) -> str:
    """As "Mon 23 Nov"."""
    return spoken.weekday(_local(value), _today()) if value else MISSING


def instant(value: datetime | None) -> str:
    """As "Mon 23 Nov, 07:55", in the organisation's zone."""
    if not value:
        return MISSING
    local = _local(value)
    return f"{spoken.weekday(local, _today())}, {local:%H:%M}"


def days(first: date | None, last: date | None) -> str:
    """A range of days, both included: "16–22 Nov", "24 Dec – 4 Jan"."""
    return spoken.days(first, last, _today())


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
