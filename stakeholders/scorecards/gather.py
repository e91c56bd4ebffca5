"""What the scorecard counts, read in a fixed number of queries whatever the data; `rows.py` turns it into rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from delivery import planning
from delivery.actions.rules import today as this_day
from delivery.models import (
    CheckIn,
    Commitment,
    Dependency,
    DependencyEvent,
    FrozenPromise,
    Iteration,
    PlanningInterval,
)
from delivery.warned import judged
from delivery.warning import Value, Warned
from metrics import rollups
from metrics.periods import Week
from metrics.rollups import Pooled
from stakeholders.investment.interest import Step
from stakeholders.models import Debt, Decision, DecisionEvent, NotMeasurable, ReportStep, RetroAction
from teams import access
from teams.attrition import Stint
from teams.models import Membership, Team, User

CHOICES = (12, 26)  # weeks


@dataclass(frozen=True, slots=True)
class Sized:
    """A debt with its events, and how many incidents of each day were traced to it."""

    row: Debt
    steps: tuple[Step, ...]
    incidents: tuple[tuple[int, str, date], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that was asked for, and when it was answered."""

    row: Decision
    asked_on: date
    answered_on: date | None
    withdrawn: bool
    options: int
    evidence: int
    in_numbers: bool  # says money or days


@dataclass
class Gathered:
    team: Team
    weeks: int
    until: date  # the last Sunday
    today: date
    teams: list[Team]
    warned: list[Warned]
    titles: dict[int, str]
    lives: list[tuple[int, date, date | None]]  # team, made, over: when a check-in had something to say
    debts: list[Sized]
    contracts: list[Dependency]
    sprints: dict[int, list[tuple[date, date]]]  # team → iterations that it plans in
    stints: list[tuple[int, Stint]]
    names: dict[int, str]
    asked: list[Asked]
    retro: list[RetroAction]
    checkins: set[tuple[int, date]]
    values: list[tuple[PlanningInterval, Value, Commitment]]
    pooled: dict[int, list[Pooled]]
    not_measurable: list[NotMeasurable] = field(default_factory=list)
    told: dict[int, dict[date, datetime]] = field(default_factory=dict)  # team → week → when its first report was sent

    @property
    def since(self) -> date:
        return self.until - timedelta(weeks=self.weeks)

    @property
    def ends(self) -> list[date]:
        """The Sundays of the trend, oldest first."""
        return [self.until - timedelta(weeks=back) for back in reversed(range(self.weeks))]

    def team_name(self, pk: str) -> str:
        return next((team.name for team in self.teams if str(team.pk) == pk), "")


def gather(user: User, team: Team, weeks: int, *, now: datetime) -> Gathered:
    """Everything that `user` may see of `team` and all below it."""
    until = Week.of(now, settings.ORGANISATION_ZONE).previous().sunday
    teams = list(access.below(user, team).order_by("position", "name"))
    ids = [one.pk for one in teams]
    commitments = Commitment.objects.filter(team__in=ids)
    rows = list(commitments.values_list("pk", "title", "team", "made_on", "delivered_on", "cancelled_at"))
    oldest = until - timedelta(weeks=2 * weeks)
    span = [Week(until - timedelta(days=6, weeks=back)) for back in reversed(range(weeks))]
    return Gathered(
        team=team,
        weeks=weeks,
        until=until,
        today=this_day(),
        teams=teams,
        warned=judged(commitments, today=until + timedelta(days=1)),
        titles={row[0]: row[1] for row in rows},
        lives=[(row[2], row[3], row[4] or (_day(row[5]) if row[5] else None)) for row in rows],
        debts=_debts(ids),
        contracts=_contracts(ids),
        sprints=_sprints(ids),
        **_people(ids),
        asked=_asked(ids),
        retro=list(RetroAction.objects.filter(team__in=ids, due_on__gt=oldest).order_by("due_on", "pk")),
        checkins=set(CheckIn.objects.filter(team__in=ids, monday__gt=oldest).values_list("team", "monday")),
        values=_values(ids, oldest, until),
        pooled=dict(rollups.by_team(ids, span)),
        told=_told(ids),
        not_measurable=list(NotMeasurable.objects.filter(team__in=ids, ended_on=None).select_related("team", "plan")),
    )


def _day(at: datetime) -> date:
    return at.astimezone(settings.ORGANISATION_ZONE).date()


def _debts(teams: Sequence[int]) -> list[Sized]:
    found = Debt.objects.filter(team__in=teams).select_related("owner").prefetch_related("events", "incidents")
    return [
        Sized(
            row,
            tuple(
                Step(
                    on=one.on,
                    step=one.step,
                    principal=one.principal,
                    interest=one.interest,
                    days=one.days,
                    tracked=one.tracked,
                )
                for one in row.events.all()
            ),
            tuple((one.pk, one.title, _day(one.started_at)) for one in row.incidents.all()),
        )
        for row in found.order_by("pk")
    ]


def _contracts(teams: Sequence[int]) -> list[Dependency]:
    rows = Dependency.objects.filter(after__team__in=teams, removed_at=None).select_related("before", "after")
    return list(rows.prefetch_related("events").order_by("pk"))


def _sprints(teams: Sequence[int]) -> dict[int, list[tuple[date, date]]]:
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    held: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for team, first, last in Iteration.objects.order_by("starts_on").values_list(
        "interval__team", "starts_on", "ends_on"
    ):
        held[team].append((first, last))
    found: dict[int, list[tuple[date, date]]] = {}
    for team in teams:
        above: int | None = team
        while above is not None and above not in held:
            above = parents.get(above)
        found[team] = held.get(above, []) if above is not None else []
    return found


def _people(teams: Sequence[int]) -> dict[str, Any]:
    columns = ("team", "person", "person__name", "started_on", "ended_on", "level", "end_reason", "regretted")
    stints, names = [], {}
    for team, person, name, first, last, level, reason, regretted in (
        Membership.objects.true().filter(team__in=teams).order_by("started_on", "pk").values_list(*columns)
    ):
        left = reason in Membership.SEPARATIONS
        stints.append((team, Stint(person, first, last, Membership.rank(level), left, regretted)))
        names[person] = name
    return {"stints": stints, "names": names}


def _asked(teams: Sequence[int]) -> list[Asked]:
    in_numbers = Q(options__cost__gt=0) | Q(options__cost_yearly__gt=0) | Q(options__penalty__gt=0)
    rows = Decision.objects.filter(team__in=teams).annotate(
        option_count=Count("options", filter=Q(options__withdrawn_at=None), distinct=True),
        evidence_count=Count("evidence", distinct=True),
        priced=Count("options", filter=in_numbers, distinct=True),
    )
    found = []
    for row in rows.prefetch_related("events").order_by("pk"):
        events: list[DecisionEvent] = list(row.events.all())
        if not events:
            continue
        end = next((one for one in events if one.step in ("decided", "withdrawn")), None)
        found.append(
            Asked(
                row=row,
                asked_on=_day(events[0].at),
                answered_on=_day(end.at) if end and end.step == "decided" else None,
                withdrawn=end is not None and end.step == "withdrawn",
                options=row.option_count,
                evidence=row.evidence_count,
                in_numbers=bool(row.stakes or row.stakes_days or row.priced),
            )
        )
    return found


def _told(teams: Sequence[int]) -> dict[int, dict[date, datetime]]:
    rows = ReportStep.objects.filter(step=ReportStep.Step.SENT, report__team__in=teams).order_by("report_id")
    found: dict[int, dict[date, datetime]] = defaultdict(dict)
    for team, monday, at in rows.values_list("report__team", "report__monday", "at"):
        found[team].setdefault(monday, at)
    return found


def _values(teams: Sequence[int], since: date, until: date) -> list[tuple[PlanningInterval, Value, Commitment]]:
    """Planned and actual value of the promises of intervals that ended between two days."""
    frozen = FrozenPromise.objects.filter(
        commitment__team__in=teams, interval__ends_on__gt=since, interval__ends_on__lte=until
    )
    found = []
    for one in frozen.select_related("interval", "commitment").order_by("interval", "pk"):
        told, _ = planning.values([one], one.interval.ends_on)
        found += [(one.interval, value, one.commitment) for value in told]
    return found


__all__ = ["CHOICES", "DependencyEvent", "Gathered", "gather"]
