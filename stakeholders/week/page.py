"""The weekly page, composed from what `gather` brought: headline, figures, squads, what changed, how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from metrics.periods import Week
from metrics.rollups import Pooled
from teams import access
from teams.access import Right
from teams.models import Team, User
from teams.templatetags import ui

from . import changes, figures, fresh, health, since, vitals
from .changes import lasted, measure_url
from .gather import WEEKS, Disruption, Gathered, gather, whole
from .headline import Before, Facts, Headline, Outage, headline
from .judged import Judged, judged

LEAST_WEEKS = 4  # a record over fewer weeks is none


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    team: Team
    week: Week
    picker: dict[str, str]
    partial: str
    this_week: dict[str, str] | None  # the way to the current one; None on its own page
    last_week: str  # its number, on the page of a week that is not over
    headline: Headline
    from_what: str
    how: list[dict[str, str]]
    has_data: bool
    too_early: bool
    may_connect: bool
    may_add_team: bool
    no_team_below: bool
    facts: list[dict[str, Any]]
    tiles: list[dict[str, Any]]
    bars: list[figures.Bar]
    most: int
    health: list[health.Row]
    vitals: list[vitals.Row]
    more_teams: int
    groups: list[changes.Group | since.Group]
    judged: Judged
    may_review: bool
    now_url: str
    freshness: list[dict[str, Any]]
    is_complete: bool  # every source was read to the end of the week, and that is over
    counting: bool

    @property
    def say(self) -> str:
        return self.headline.say if self.headline.tone else self.headline.sentence

    @property
    def clause(self) -> str:
        return self.headline.clause if self.headline.tone else ""

    @property
    def how_template(self) -> str:
        return "stakeholders/how.html" if self.how else ""

    @property
    def title(self) -> str:
        return f"Week {self.week.number}"

    @property
    def delivery_sub(self) -> str:
        return f"DORA measures, week {self.week.number} against week {self.week.previous().number}"

    @property
    def health_sub(self) -> str:
        return f"week {self.week.number}, {'so far' if self.partial else 'whole week'}"

    @property
    def vitals_sub(self) -> str:
        return f"medians of week {self.week.number}{' so far' if self.partial else ''}, main branches"

    @property
    def gate(self) -> int:
        return settings.COVERAGE_GATE

    @property
    def changed_sub(self) -> str:
        return self.judged.since

    @property
    def known_at(self) -> str:
        return ui.instant(self.judged.known.at)


def compose(user: User, team: Team, week: Week, *, now: datetime) -> Page:
    """The page of `team` for `week` as `user` may see it. Raises ValueError where the calendar ends."""
    return composed(gather(user, team, week, now=now))


def composed(got: Gathered, *, work_out: bool = False) -> Page:
    """The page from what was gathered; `work_out`: with what-ifs that take a moment."""
    team, user, week = got.team, got.user, got.week
    late = fresh.behind(got)
    promised = judged(got, work_out=work_out)
    totals = figures.totals(got)
    facts = _facts(got, totals)
    rows = health.rows(got)
    has_data = bool(facts.first_week) and not facts.too_early
    return Page(
        team=team,
        week=week,
        picker=_picker(got),
        partial=_partial(got),
        this_week=_this_week(got),
        last_week=f"Whole week {week.previous().number}" if got.partial and facts.before else "",
        headline=promised.headline or headline(facts),
        from_what=promised.from_what or (_from_what(facts) if has_data else ""),
        how=_how(promised, facts, got) if has_data or promised.headline else [],
        has_data=has_data,
        too_early=facts.too_early,
        may_connect=team.pk in got.may_connect,
        may_add_team=team.is_group and access.may(user, Right.TREE, team),
        no_team_below=team.is_group and not health.below(got),
        facts=promised.facts or figures.strip(got, facts, totals),
        tiles=[
            tile.card(measure_url(team.slug, tile.slug, got))
            | {"stale": fresh.stale_tile(tile.slug, late), "spark": whole(tile.spark, got)}
            | restated(tile.slug, tile.figure, promised)
            for tile in got.tiles
        ],
        bars=figures.bars(got, totals),
        most=max((one.deployments for one in totals[-WEEKS:]), default=0),
        health=rows[: health.MOST],
        vitals=vitals.rows(got)[: health.MOST],
        more_teams=max(len(rows) - health.MOST, 0),
        groups=[*promised.groups, *changes.groups(got, fresh.changes(got))],
        judged=promised,
        may_review=not promised.past,
        now_url=reverse("stakeholders:week", args=[team.slug]) if promised.past else "",
        freshness=fresh.line(got),
        is_complete=not late and not got.partial,
        counting=got.counting,
    )


# --- the facts -------------------------------------------------------------------------------------------------------


def _facts(got: Gathered, totals: Sequence[Pooled]) -> Facts:
    this, last = totals[-1], totals[-2]
    first = got.first
    known = [one for one in totals[-WEEKS:] if first is not None and one.week.monday >= first]
    silent = next((place for place, one in enumerate(reversed(known)) if one.deployments), len(known))
    made = [one for one in totals if one.deployments]
    has_before = first is not None and first < got.week.monday
    return Facts(
        week=got.week.number,
        one_team=got.one_team,
        partial=got.partial,
        sources=len(got.feeds),
        incident_source=got.incident_source,
        first_week=_week_words(Week(first), got.week) if first else "",
        is_first=first == got.week.monday,
        too_early=first is not None and first > got.week.monday,
        gaps=tuple(fresh.gap(feed) for feed in fresh.behind(got)),
        deployments=this.deployments,
        failed=this.failed,
        failed_attempts=this.failed_attempts,
        changes=figures.delivered(this),
        before=Before(
            week=last.week.number, deployments=last.deployments, failed=last.failed, changes=figures.delivered(last)
        )
        if has_before
        else None,
        open=tuple(_outage(one, got) for one in got.disruptions if one.resolved_at is None),
        resolved=sum(one.resolved_at is not None and one.resolved_at >= got.start for one in got.disruptions),
        longest=_longest(got) if len(known) >= LEAST_WEEKS else (),
        weeks=len(known) or WEEKS,
        silent_weeks=silent,
        last_deployed=_week_words(made[-1].week, got.week) if made else "",
    )


def restated(slug: str, figure: str, promised: Judged) -> dict[str, Any]:
    """On the page of a week that was kept: what the figure was then, where data that came later changed it."""
    was = promised.kept.figures.get(slug) if promised.kept else None
    return {"restated": f"Since restated; it was {was or 'unknown'}"} if was is not None and was != figure else {}


def _how(promised: Judged, facts: Facts, got: Gathered) -> list[dict[str, str]]:
    """The facts behind the sentence; under those of promises, what was delivered."""
    made = [{"text": one.text, "url": _opens(one.opens, got)} for one in headline(facts).how]
    return [*promised.how, *made[:3]] if promised.headline else made


def _week_words(week: Week, beside: Week) -> str:
    """As "week 44", with its year when that is another."""
    year = week.monday.isocalendar().year
    return f"week {week.number}" if year == beside.monday.isocalendar().year else f"week {week.number} of {year}"


def _outage(one: Disruption, got: Gathered) -> Outage:
    span = lasted(one, got)
    team = next((team.name for team in got.teams if team.pk == one.team), "")
    bad = f"the deployment of {ui.instant(one.bad_deployment_at)}" if one.bad_deployment_at else ""
    return Outage(team=team, lasted=span, words=ui.duration(span), title=one.title, put_down_to=bad)


def _longest(got: Gathered) -> tuple[Outage, ...]:
    """Of each team that took longer this week than in any other of the weeks shown, its longest outage."""
    found = []
    for team, (this, others) in got.restores.items():
        if this is None or others is None or this <= others:
            continue
        own = [one for one in got.disruptions if one.team == team and one.resolved_at and one.resolved_at >= got.start]
        if own:
            found.append(_outage(max(own, key=lambda one: lasted(one, got)), got))
    return tuple(found)


# --- the parts -------------------------------------------------------------------------------------------------------


def _picker(got: Gathered) -> dict[str, str]:
    def address(week: Week) -> str:
        return reverse("stakeholders:week_of", args=[got.team.slug, week.label])

    current = Week.of(got.now, settings.ORGANISATION_ZONE)
    return {
        "previous": address(got.week.previous()),
        "next": address(got.week.next()) if got.week < current else "",
        "what": "week",
    }


def _this_week(got: Gathered) -> dict[str, str] | None:
    if got.partial:
        return None
    current = Week.of(got.now, settings.ORGANISATION_ZONE)
    address = reverse("stakeholders:week_of", args=[got.team.slug, current.label])
    return {"word": f"Week {current.number} so far", "url": address}


def _partial(got: Gathered) -> str:
    if not got.partial:
        return ""
    day = got.now.astimezone(settings.ORGANISATION_ZONE).isoweekday()
    return f"Partial week: day {day} of 7"


def _from_what(facts: Facts) -> str:
    deployments = ui.plural(facts.deployments, "deployment,deployments")
    incidents = ui.plural(facts.resolved + len(facts.open), "incident,incidents")
    return f"Written from {deployments}, {incidents} and {ui.plural(facts.sources, 'source,sources')}."


def _opens(what: str, got: Gathered) -> str:
    if not what:
        return ""
    slug = got.team.slug
    return reverse("metrics:sources", args=[slug]) if what == "sources" else measure_url(slug, what, got)


def starts(week: Week) -> bool:
    """Whether the calendar has room for everything that a page of `week` looks back on."""
    try:
        week.shift(-WEEKS - 1)
    except ValueError:
        return False
    return True
