"""What the weekly page knows about a week, as its headline reads it. Pure: plain values, worked out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A source whose facts of this week may be missing. `read` is the day of its last good read; "" for never."""

    source: str
    read: str = ""
    reason: str = ""  # as the source's reader put it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An incident, open or over. `words` is `lasted` as the page prints it everywhere."""

    team: str
    lasted: timedelta
    words: str
    title: str = ""
    put_down_to: str = ""  # "the deployment of Tue 17 Nov, 14:02"
    reason: str = ""  # as a person logged it


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The week before."""

    week: int
    deployments: int
    failed: int
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the page knows about a week. Teams are named unless the page is about `one_team`."""

    week: int
    one_team: bool = False
    partial: bool = False
    sources: int = 0
    incident_source: bool = True
    first_week: str = ""  # "week 12", of the oldest data; "" while there is none
    is_first: bool = False
    too_early: bool = False  # this week lies before the oldest data
    gaps: tuple[Gap, ...] = ()
    deployments: int = 0
    failed: int = 0
    failed_attempts: int = 0
    changes: int = 0
    before: Before | None = None
    open: tuple[Outage, ...] = ()
    resolved: int = 0
    longest: tuple[Outage, ...] = ()  # by team, of this week: longer than any other of `weeks`
    weeks: int = 12
    silent_weeks: int = 0  # whole weeks up to and with this one in which nothing was deployed, at most `weeks`
    last_deployed: str = ""  # "week 44", within `weeks`
