"""How far the sources have been read: what the freshness line says, and whose facts of the week may be missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from metrics.periods import Week
from metrics.sources import DAYS_SHOWN
from teams.templatetags import ui

from .changes import Change
from .facts import Gap
from .gather import Feed, Gathered

WITH_DEPLOYMENTS = frozenset({"deployment-frequency", "lead-time", "change-failure-rate", "rework-rate"})
WITH_INCIDENTS = frozenset({"change-failure-rate", "time-to-restore"})


def is_behind(feed: Feed, gathered: Gathered) -> bool:
    """Whether facts of the week may be missing: never read, or stopped or paused before the week was over."""
    read_at = feed.now.read_at
    if read_at is None:
        return True
    week_end = gathered.week.bounds(settings.ORGANISATION_ZONE)[1]
    return read_at < week_end and (feed.now.is_stopped or feed.paused_at is not None)


def behind(gathered: Gathered) -> list[Feed]:
    return [feed for feed in gathered.feeds if is_behind(feed, gathered)]


def gap(feed: Feed) -> Gap:
    """The same in the words of the headline, with the reader's own reason."""
    reason = (feed.now.error or {}).get("title", "")
    if not reason and feed.paused_at:
        reason = f"Paused since {ui.instant(feed.paused_at)}."
    return Gap(source=feed.now.name, read=ui.weekday(feed.now.read_at) if feed.now.read_at else "", reason=reason)


def until(feeds: Collection[Feed]) -> str:
    """The mark beside a number that may be incomplete: how far its sources were read; "" when there is none."""
    reads = [feed.now.read_at for feed in feeds]
    known = [read for read in reads if read]
    if len(known) < len(reads):
        return "Not all read yet"
    return f"Read until {ui.weekday(min(known))}" if known else ""


def telling(feeds: Collection[Feed], *, deployments: bool = False, incidents: bool = False) -> list[Feed]:
    """Those of `feeds` that tell such facts, and those that told nothing so far."""
    return [
        feed
        for feed in feeds
        if (deployments and feed.deployments)
        or (incidents and feed.incidents)
        or not (feed.deployments or feed.incidents)
    ]


def stale_tile(slug: str, feeds: Collection[Feed]) -> str:
    """The mark on one measure: only sources that tell its kind of facts count."""
    return until(telling(feeds, deployments=slug in WITH_DEPLOYMENTS, incidents=slug in WITH_INCIDENTS))


def line(gathered: Gathered) -> list[dict[str, Any]]:
    """One entry for each source, as components/freshness.html wants it; a link where the source's page may be seen."""
    return [
        {
            "name": feed.now.name,
            "state": feed.now.state,
            "word": _word(feed),
            "url": reverse("metrics:source", args=[feed.now.pk]) if feed.team in gathered.may_see else "",
        }
        for feed in gathered.feeds
    ]


def _word(feed: Feed) -> str:
    now = feed.now
    if feed.paused_at:
        return f"paused since {ui.instant(feed.paused_at)}"
    if now.is_stopped and now.read_at:
        return f"{now.word.lower()} since {ui.instant(now.read_at)}"
    if now.read_at is None:
        return f"{now.word.lower()}, not read yet"
    return ui.ago(now.read_at) if now.state == "ok" else f"{now.word.lower()}, read {ui.ago(now.read_at)}"


def changes(gathered: Gathered) -> list[Change]:
    """Sources that stopped, came back, were connected or paused in the week."""
    found: list[Change] = []
    url = reverse("metrics:sources", args=[gathered.team.slug])
    for feed in gathered.feeds:
        name, read_at = feed.now.name, feed.now.read_at
        if feed.now.is_stopped and read_at and gathered.start <= read_at < gathered.end:
            found.append(Change(name, f"stopped. {gap(feed).reason or 'No reason logged yet.'}", _day(read_at), url))
        if gathered.start <= feed.created_at < gathered.end:
            found.append(Change(name, "was connected.", _day(feed.created_at), url))
        if feed.paused_at and gathered.start <= feed.paused_at < gathered.end:
            found.append(Change(name, "was paused.", _day(feed.paused_at), url))
        found += [Change(name, "is read again.", when, url) for when in _recoveries(feed, gathered)]
    return found


def _recoveries(feed: Feed, gathered: Gathered) -> Iterator[str]:
    """Days of the week on which reading went well again after a day on which every try had failed."""
    if not feed.now.days:
        return
    today = gathered.now.astimezone(settings.ORGANISATION_ZONE).date()
    for place in range(1, len(feed.now.days)):
        day = today - timedelta(days=DAYS_SHOWN - 1 - place)
        back = feed.now.days[place - 1] == "late" and feed.now.days[place] in ("ok", "part")
        if back and Week(day - timedelta(days=day.weekday())) == gathered.week:
            yield f"{day:%a}"


def _day(moment: Any) -> str:
    return f"{moment.astimezone(settings.ORGANISATION_ZONE):%a}"
