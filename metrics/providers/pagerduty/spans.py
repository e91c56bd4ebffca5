"""Windows of time that together cover a stretch, each small enough to be read to its end. Pure.

PagerDuty lists at most 10,000 rows of a window and looks at no more than six months at once. A window that holds more
is halved until it does not; the newest is read first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from metrics import read

WIDEST = timedelta(days=150)
NARROWEST = timedelta(seconds=2)

Window = list[str]  # since, until: as a cursor keeps them


def covering(since: datetime, until: datetime) -> list[Window]:
    """Windows from `since` to `until`, oldest first: the last is read first."""
    windows: list[Window] = []
    start = since
    while start < until:
        end = min(start + WIDEST, until)
        windows.append([start.isoformat(), end.isoformat()])
        start = end
    return windows


def times(window: Window) -> tuple[datetime, datetime]:
    since, until = read.when(window[0]), read.when(window[1])
    assert since is not None
    assert until is not None
    return since, until


def halves(window: Window) -> list[Window] | None:
    """The window in two, on whole seconds, as PagerDuty compares them; None when it is too narrow for that."""
    since, until = times(window)
    if until - since < NARROWEST:
        return None
    middle = (since + (until - since) / 2).replace(microsecond=0)
    if middle <= since:
        middle = since.replace(microsecond=0) + timedelta(seconds=1)
    return [[since.isoformat(), middle.isoformat()], [middle.isoformat(), until.isoformat()]]
