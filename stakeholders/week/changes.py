"""What changed in the week: failures with their evidence, incidents, measures that moved, services, people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.urls import reverse

from metrics import measures
from metrics.measures import MEASURES, Tile
from teams import attrition
from teams.templatetags import ui

from .gather import BadDeployment, Disruption, Gathered

MOST = 5  # lines in a group; the rest is one link away
NOTABLE = 1.5  # a measure moved when it is so many times the week before's, or the inverse,
LEAST = {"deployment-frequency": 5.0, "lead-time": 4 * 3600.0, "time-to-restore": 3600.0}  # and at least by this
LEAST_POINTS = 0.10  # a share moved when it did so by ten points


@dataclass(frozen=True, slots=True)
class Change:
    """One line: who or what, what happened, on which day, and where its rows are."""

    what: str
    text: str
    when: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of change: its first lines, how many there are, and where the others are."""

    title: str
    icon: str
    changes: list[Change]
    count: int
    url: str = ""

    @property
    def more(self) -> int:
        return self.count - len(self.changes)


def measure_url(team: str, measure: str, gathered: Gathered) -> str:
    """The rows behind a measure of a team in this week."""
    return f"{reverse('metrics:measure', args=[team, measure])}?week={gathered.week.label}"


def groups(gathered: Gathered, sources: Iterable[Change]) -> list[Group]:
    """Only those with something in them, the worst first."""
    slug = gathered.team.slug
    failures = measure_url(slug, "change-failure-rate", gathered)
    kinds: list[tuple[str, str, Iterable[Change], str]] = [
        ("Deployments that failed", "deploy", _failed(gathered), failures),
        ("Incidents", "incident", _incidents(gathered), measure_url(slug, "time-to-restore", gathered)),
        ("Measures that moved", "metrics", _moved(gathered), reverse("metrics:overview", args=[slug])),
        ("Sources", "sources", sources, reverse("metrics:sources", args=[slug])),
        ("New services", "plus", _new_services(gathered), measure_url(slug, "deployment-frequency", gathered)),
        ("People", "teams", _people(gathered), reverse("teams:team", args=[slug])),
    ]
    found = []
    for title, icon, kind, url in kinds:
        every = list(kind)
        if every:
            found.append(Group(title, icon, every[:MOST], len(every), url))
    return found


# --- failures and incidents ------------------------------------------------------------------------------------------

_EVIDENCE = {"rollback": "was rolled back", "hotfix": "needed a hotfix", "revert": "had a change reverted"}


def _failed(gathered: Gathered) -> Iterator[Change]:
    names, slugs = _names(gathered), _slugs(gathered)
    for one in gathered.bad:
        yield Change(
            one.service,
            f"{_of(names[one.team], gathered)}{_evidence(one)}.",
            _day(one.finished_at),
            measure_url(slugs[one.team], "change-failure-rate", gathered),
        )


def _evidence(one: BadDeployment) -> str:
    """Each kind once, incidents by their title."""
    titles = list(dict.fromkeys(title for how, title in one.evidence if how == "incident"))
    words = [f"led to “{title}”" if title else "led to an incident" for title in titles[:2]]
    words += [f"{len(titles) - 2} more incidents"] if len(titles) > 2 else []
    words += [_EVIDENCE[how] for how in dict.fromkeys(how for how, _ in one.evidence) if how in _EVIDENCE]
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def _incidents(gathered: Gathered) -> Iterator[Change]:
    """Those that began or ended in the week; the open ones first, then the longest."""
    names, slugs = _names(gathered), _slugs(gathered)
    concerned = [
        one
        for one in gathered.disruptions
        if one.started_at >= gathered.start or (one.resolved_at and one.resolved_at >= gathered.start)
    ]
    for one in sorted(concerned, key=lambda one: (one.resolved_at is not None, -lasted(one, gathered))):
        words = ui.duration(lasted(one, gathered))
        text = f"resolved after {words}" if one.resolved_at else f"open for {words}"
        if one.resolved_at is None and not gathered.partial:
            text += " when the week ended"
        where = "" if gathered.one_team else f", {names[one.team]}"
        url = measure_url(slugs[one.team], "time-to-restore", gathered)
        title = one.title or f"Incident in {one.service}"
        yield Change(f"{title}{where}:", f"{text}.", _day(one.resolved_at or one.started_at), url)


def lasted(one: Disruption, gathered: Gathered) -> timedelta:
    """How long an incident lasted, or has lasted by the end of the week, or by now while the week lasts."""
    return (one.resolved_at or gathered.end) - one.started_at


# --- measures --------------------------------------------------------------------------------------------------------


def _moved(gathered: Gathered) -> Iterator[Change]:
    """Measures of one team that are good or bad by `measures`' own rules, and moved far. Never in a week not over."""
    for team in gathered.teams:
        series = gathered.series.get(team.pk)
        if not series:
            continue
        for measure in MEASURES.values():
            tile = measures.tile_of(measure, series, now=gathered.now)
            before = measure.value(series[-2])
            if tile.tone and tile.value is not None and before is not None and _is_far(tile, tile.value, before):
                what = f"{measure.title}:" if gathered.one_team else team.name
                figure = f"{tile.figure} {tile.unit.split(',')[0]}" if measure.sort == "time" else tile.figure
                start = "" if gathered.one_team else f"{measure.title.lower()} "
                if measure.sort == "count":
                    start, figure = "", f"{figure} deployments" if gathered.one_team else f"made {figure} deployments"
                url = measure_url(team.slug, measure.slug, gathered)
                yield Change(what, f"{start}{figure}, {tile.delta}.", "", url)


def _is_far(tile: Tile, now: float, then: float) -> bool:
    apart = abs(now - then)
    if tile.measure.sort == "share":
        return round(apart, 6) >= LEAST_POINTS
    small, large = sorted((now, then))
    return apart >= LEAST[tile.slug] and large >= NOTABLE * small


# --- services and people ---------------------------------------------------------------------------------------------


def _new_services(gathered: Gathered) -> Iterator[Change]:
    """Services first deployed in the week, of a source that had others before: a first read is no news."""
    names, slugs = _names(gathered), _slugs(gathered)
    oldest: dict[int, date] = {}
    for one in gathered.services:
        if one.first is not None:
            oldest[one.source] = min(one.first, oldest.get(one.source, one.first))
    for one in gathered.services:
        if one.team in slugs and one.first == gathered.week.monday and oldest[one.source] < one.first:
            url = measure_url(slugs[one.team], "deployment-frequency", gathered)
            yield Change(one.title, f"{_of(names[one.team], gathered)}was deployed for the first time.", "", url)


def _people(gathered: Gathered) -> Iterator[Change]:
    """Who joined and left, as counts; nothing where the scope is so small that a count is a person."""
    stints = [stint for own in gathered.stints.values() for stint in own]
    until = min(gathered.week.sunday, gathered.now.astimezone(settings.ORGANISATION_ZONE).date())
    week = attrition.attrition(stints, since=gathered.week.monday - timedelta(days=1), until=until)
    if min(week.opening, week.closing) < attrition.LEAST_PEOPLE:
        return
    url = reverse("teams:team", args=[gathered.team.slug])
    for count, what in ((week.joined, "joined"), (week.left, "left"), (week.moved_away, "moved to another part")):
        if count:
            yield Change(ui.plural(count, "person,people"), f"{what}.", "", url)


# --- words -----------------------------------------------------------------------------------------------------------


def _names(gathered: Gathered) -> dict[int, str]:
    return defaultdict(str, {team.pk: team.name for team in gathered.teams})


def _slugs(gathered: Gathered) -> dict[int, str]:
    return {team.pk: team.slug for team in gathered.teams}


def _of(team: str, gathered: Gathered) -> str:
    return "" if gathered.one_team or not team else f"of {team} "


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(settings.ORGANISATION_ZONE):%a}"
