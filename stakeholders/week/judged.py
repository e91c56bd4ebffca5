"""The part of the weekly page that is judgement: what was promised, what needs somebody, what changed, how it drifts.

All of it comes from two snapshots, so that a past week opens as it was known then: kept when it ended, or read from
the records of that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from metrics.periods import week_in_review
from stakeholders.models import KeptWeek, Review
from teams.templatetags import ui

from . import comparing, drift, known, promises, remembering, saying, since, waited
from .drift import Drift
from .gather import Gathered
from .headline import Headline
from .known import Known
from .needs import Asked, Item, Queue, queue
from .promises import Table


@dataclass(frozen=True, slots=True)
class Judged:
    """`headline` None: nothing is promised here, and deliveries speak. `queue` None on the page of a past week."""

    known: Known
    before: Known  # a week earlier
    asked: Asked
    weeks: list[drift.Week]  # of the nearest deadline
    headline: Headline | None
    from_what: str
    how: list[dict[str, str]]
    queue: Queue | None
    opened: Item | None
    table: comparing.Table | None
    facts: list[dict[str, Any]]
    drift: Drift | None
    commitments: Table
    coming: list[dict[str, Any]]
    groups: list[since.Group]
    since: str
    is_reviewed: bool  # compared with a review of the reader's own
    past: bool
    kept: KeptWeek | None

    @property
    def promised(self) -> bool:
        return bool(self.known.promises or self.known.deadlines)


def judged(got: Gathered, *, work_out: bool = False) -> Judged:
    """Everything about promises and decisions, in a fixed number of queries. `work_out`: what the options of the first
    item would bring, if nobody has worked it out yet."""
    ids = [one.pk for one in got.teams]
    past = got.week < week_in_review(got.now, settings.ORGANISATION_ZONE)
    at = got.end if past else got.now
    kept = {one.monday: one for one in KeptWeek.objects.filter(
        team=got.team, monday__in=[got.week.monday, got.week.previous().monday])}  # fmt: skip
    own = kept.get(got.week.monday) if past else None
    now = known.read(own.known) if own else remembering.known(ids, at=at)
    held = kept.get(got.week.previous().monday)
    before = known.read(held.known) if held else remembering.known(ids, at=got.start)
    review = (
        None if past else Review.objects.filter(team=got.team, by=got.user, at__lte=got.now).order_by("-pk").first()
    )
    point = known.read(review.known) if review else before
    asked = Asked(got.user, got.team, got.teams, now, got.feeds, got.stints, got.vitals, got.red)
    waiting = None if past else queue(asked)
    opened = next((one for one in waiting.shown if one.decides), None) if waiting else None
    table = comparing.table(opened, now, work_out=work_out) if opened else None
    sparks, each = drift.moves([one.id for one in now.promises], at=at)
    nearest = now.deadlines[0] if now.deadlines else None
    weeks = drift.weeks_of(nearest.id, at=at) if nearest else []
    said = saying.saying(saying.Facts(
        known=now, waiting=len(waiting.items) if waiting else 0, past=past, remedy=comparing.remedy(table, opened)
    ))  # fmt: skip
    return Judged(
        known=now, before=before, asked=asked, weeks=weeks, headline=said,
        from_what=saying.from_what(now, sum(map(len, asked.options.values()))) if said else "",
        how=[{"text": one.text, "url": _opens(one.opens, got)} for one in said.how] if said else [],
        queue=waiting, opened=opened, table=table,
        facts=promises.strip(now, before, weeks, sparks, waiting, got.team, _waited(waiting, asked)) if said else [],
        drift=drift.drift(nearest, weeks) if nearest else None, commitments=promises.table(now, got.teams, each),
        coming=promises.coming(now, got.team), groups=since.groups(point, now), past=past, kept=own,
        since=f"since {ui.instant(review.at)}" if review else f"since week {got.week.previous().number}",
        is_reviewed=review is not None,
    )  # fmt: skip


def _waited(waiting: Queue | None, asked: Asked) -> list[int]:
    """How many waited at the end of each of the last weeks."""
    if waiting is None:
        return []
    days = waited.ends(asked.today)
    settled = waited.settled([one.pk for one in asked.teams], asked.person, days[0])
    return waited.counts([one.weight.since for one in waiting.items], settled, days)


def _opens(what: str, got: Gathered) -> str:
    kind, _, number = what.partition(":")
    if kind == "commitment":
        return reverse("delivery:commitment", args=[int(number)])
    return reverse(f"delivery:{kind}", args=[got.team.slug]) if kind in ("roadmap", "commitments") else ""
