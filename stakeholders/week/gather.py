"""Everything the weekly page asks the database, in a fixed number of queries, whatever the data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery

from metrics import measures, rollups, vitals
from metrics import sources as metrics_sources
from metrics.models import Deployment, DirtyWeek, Failure, Incident, Service, ServiceOwner, ServiceWeek, Source
from metrics.periods import Week, weeks_ending
from metrics.rollups import Pooled
from metrics.sources import SourceNow
from metrics.vitals import Red, Vital
from teams import access
from teams.access import Right
from teams.attrition import Stint
from teams.models import Membership, Team, User

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Disruption:
    """An incident that was open in this week or the one before, as it stood when the week ended (or stands now)."""

    title: str
    team: int
    service: str
    started_at: datetime
    resolved_at: datetime | None  # None: still open then
    bad_deployment_at: datetime | None


@dataclass(frozen=True, slots=True)
class BadDeployment:
    """A deployment of this week that reached users and failed, with each evidence for it."""

    team: int
    service: str
    finished_at: datetime
    evidence: tuple[tuple[str, str], ...]  # (incident, rollback, hotfix or revert; title of the incident)


@dataclass(frozen=True, slots=True)
class Owned:
    """A service, and the Monday of the first week in which it was deployed."""

    title: str
    team: int  # the owner when the week ended, or now while it lasts
    team_now: int
    source: int
    first: date | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A source as it stands now, and what kinds of facts it has ever told."""

    now: SourceNow
    team: int
    created_at: datetime
    paused_at: datetime | None
    deployments: bool
    incidents: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rows of one week of one scope."""

    user: User
    team: Team
    week: Week
    now: datetime
    end: datetime  # of the week, or now while it lasts
    teams: list[Team]  # the scope, in the order of the tree
    series: Mapping[int, list[Pooled]]  # team → the weeks, oldest first, one more than WEEKS
    tiles: list[measures.Tile]
    disruptions: list[Disruption]
    restores: Mapping[int, tuple[timedelta | None, timedelta | None]]  # team → longest of this week, of those before
    bad: list[BadDeployment]
    services: list[Owned]
    stints: Mapping[int, list[Stint]]
    feeds: list[Feed]
    may_connect: frozenset[int]
    may_see: frozenset[int]  # of the teams that the sources belong to; some lie above the scope
    counting: bool
    first: date | None  # Monday of the oldest data
    vitals: Mapping[int, list[Vital]]  # team → pipeline and reviews of the same weeks; teams without any are not in it
    red: list[Red]  # main branches that are red now, or were when the week ended

    @property
    def partial(self) -> bool:
        return self.end == self.now

    @property
    def start(self) -> datetime:
        return self.week.bounds(settings.ORGANISATION_ZONE)[0]

    @property
    def one_team(self) -> bool:
        return len(self.teams) == 1

    @property
    def incident_source(self) -> bool:
        return any(feed.incidents for feed in self.feeds)


def whole(values: Sequence[float | None], gathered: Gathered) -> list[float | None]:
    """For a line of weeks: the last point left out while its week lasts, so that it does not look like a fall."""
    return [*values[:-1], None] if gathered.partial else list(values)


def gather(user: User, team: Team, week: Week, *, now: datetime) -> Gathered:
    """All rows of `week` for `team` and what `user` sees below it. Raises ValueError where the calendar ends."""
    zone = settings.ORGANISATION_ZONE
    start, end = week.bounds(zone)
    seen = min(end, now)
    weeks = weeks_ending(week, WEEKS + 1)
    teams = list(access.below(user, team).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries
    ids = [one.pk for one in teams]
    feeds = _feeds(team, ids, now)
    incidents = any(feed.incidents for feed in feeds)
    services = _services(ids, seen)
    return Gathered(
        user=user,
        team=team,
        week=week,
        now=now,
        end=seen,
        teams=teams,
        series=rollups.by_team(ids, weeks),
        tiles=measures.tiles(ids, week, now=now, weeks=WEEKS, incident_source=incidents),
        disruptions=_disruptions(ids, weeks[-2].bounds(zone)[0], seen),
        restores=_restores(ids, weeks[1].bounds(zone)[0], start, end),
        bad=_bad(ids, start, end),
        services=services,
        stints=_stints(ids),
        feeds=feeds,
        may_connect=frozenset(access.below(user, team, Right.SOURCES).values_list("pk", flat=True)),
        may_see=frozenset(access.teams(user).filter(pk__in=[feed.team for feed in feeds]).values_list("pk", flat=True)),
        counting=DirtyWeek.objects.filter(service__owners__team__in=ids).exists(),
        first=_first(ids),
        vitals=vitals.by_team(ids, weeks, until=seen),
        red=vitals.red(ids, at=seen),
    )


def _first(teams: Sequence[int]) -> date | None:
    """The Monday of the oldest week with a deployment or an incident."""
    deployed = Q(deployments__gt=0) | Q(failed_attempts__gt=0)  # rows of zeros stay where facts were taken back
    monday = ServiceWeek.objects.filter(deployed, team__in=teams).aggregate(first=Min("monday"))["first"]
    broke = Incident.objects.current().filter(team__in=teams).aggregate(first=Min("started_at"))["first"]
    other = Week.of(broke, settings.ORGANISATION_ZONE).monday if broke else None
    return min((one for one in (monday, other) if one is not None), default=None)


def _disruptions(teams: Sequence[int], since: datetime, end: datetime) -> list[Disruption]:
    rows = (
        Incident.objects.current()
        .filter(Q(resolved_at=None) | Q(resolved_at__gte=since), team__in=teams, started_at__lt=end)
        .order_by("started_at", "pk")
        .values_list("title", "team", "service__title", "started_at", "resolved_at", "link__deployment__finished_at")
    )
    return [
        Disruption(title, team, service, started, None if resolved is None or resolved >= end else resolved, bad)
        for title, team, service, started, resolved, bad in rows
    ]


def _restores(
    teams: Sequence[int], since: datetime, start: datetime, end: datetime
) -> dict[int, tuple[timedelta | None, timedelta | None]]:
    lasted = F("resolved_at") - F("started_at")
    rows = (
        Incident.objects.current()
        .filter(team__in=teams, resolved_at__gte=since, resolved_at__lt=end)
        .values("team")
        .annotate(
            this=Max(lasted, filter=Q(resolved_at__gte=start)), others=Max(lasted, filter=Q(resolved_at__lt=start))
        )
        .order_by("team")
    )
    return {row["team"]: (row["this"], row["others"]) for row in rows}


def _bad(teams: Sequence[int], start: datetime, end: datetime) -> list[BadDeployment]:
    rows = (
        Failure.objects.filter(
            deployment__team__in=teams,
            deployment__production=True,
            deployment__outcome="success",
            deployment__superseded_at=None,
            deployment__finished_at__gte=start,
            deployment__finished_at__lt=end,
        )
        .order_by("deployment__finished_at", "deployment_id", "how", "pk")
        .values_list(
            "deployment_id",
            "deployment__team",
            "deployment__service__title",
            "deployment__finished_at",
            "how",
            "incident__title",
        )
    )
    found: dict[int, BadDeployment] = {}
    for pk, team, service, finished_at, how, title in rows:
        assert finished_at is not None  # noqa: S101 (filtered above; for the type checker)
        held = found.get(pk, BadDeployment(team, service, finished_at, ()))
        found[pk] = BadDeployment(team, service, finished_at, (*held.evidence, (how, title or "")))
    return list(found.values())


def _services(teams: Sequence[int], end: datetime) -> list[Owned]:
    """Those that `teams` owned just before `end`, or own now."""
    day = (end - timedelta.resolution).astimezone(settings.ORGANISATION_ZONE).date()
    said = ServiceOwner.objects.filter(Q(since=None) | Q(since__lte=day), service=OuterRef("pk")).order_by("-pk")
    rows = (
        Service.objects.annotate(then=Subquery(said.values("team")[:1]))
        .filter(Q(then__in=teams) | Q(team__in=teams))
        .annotate(first=Min("weeks__monday", filter=Q(weeks__deployments__gt=0)))
    )
    columns = ("title", "then", "team_id", "source_id", "first")
    return [Owned(*row) for row in rows.order_by("title").values_list(*columns)]


def _stints(teams: Sequence[int]) -> dict[int, list[Stint]]:
    """As `Membership.objects.stints()` reads them, by team."""
    columns = ("team_id", "person_id", "started_on", "ended_on", "level", "end_reason", "regretted")
    found: dict[int, list[Stint]] = defaultdict(list)
    for team, person, started, ended, level, reason, regretted in (
        Membership.objects.true().filter(team__in=teams).order_by("started_on", "pk").values_list(*columns)
    ):
        rank, left = Membership.rank(level), reason in Membership.SEPARATIONS
        found[team].append(Stint(person, started, ended, rank, left, regretted))
    return found


def _feeds(team: Team, teams: Sequence[int], now: datetime) -> list[Feed]:
    shown = {one.pk: one for one in metrics_sources.overview(team, teams, now=now)}
    told = (
        Source.objects.filter(pk__in=list(shown))
        .annotate(
            deployments_told=Exists(Deployment.objects.filter(source=OuterRef("pk"))),
            incidents_told=Exists(Incident.objects.filter(source=OuterRef("pk"))),
        )
        .values_list("pk", "team_id", "created_at", "paused_at", "deployments_told", "incidents_told")
    )
    found = {row[0]: Feed(shown[row[0]], *row[1:]) for row in told}
    return [found[pk] for pk in shown if pk in found]
