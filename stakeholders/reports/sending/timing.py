"""When something goes out: the next run of a weekly schedule, and the next try of what did not arrive. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from metrics.periods import local_day

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 3 * 60, 8 * 60, 24 * 60))
MOST_TRIES = len(PAUSES) + 1


def next_run(after: datetime, *, weekday: int, at: time, zone: ZoneInfo) -> datetime:
    """The first moment after `after` at which the wall of `zone` shows `at` on an ISO `weekday`; one in every week.

    A time that the clocks leave out is taken as much later as they leave out; of one that they show twice, the first.
    """
    day = local_day(after, zone) - timedelta(days=1)
    while True:
        run = datetime.combine(day, at.replace(fold=0), zone)
        if day.isoweekday() == weekday and run.timestamp() > after.timestamp():
            return datetime.fromtimestamp(run.timestamp(), after.tzinfo)
        day += timedelta(days=1)


def last_run(before: datetime, *, weekday: int, at: time, zone: ZoneInfo) -> datetime:
    """The last moment at or before `before` at which a schedule ran, or would have."""
    run = next_run(before - timedelta(days=9), weekday=weekday, at=at, zone=zone)
    while (later := next_run(run, weekday=weekday, at=at, zone=zone)) <= before:
        run = later
    return run


def next_try(tries: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None when it is enough: a day and a half after the first."""
    return now + PAUSES[tries - 1] if tries < MOST_TRIES else None
