"""The rows behind a number: what `rollups` counted for a week, one by one, so that they add up to it exactly.

The conditions here are those of `rollups`' SQL; a row belongs to the squad that owned its service then. Querysets come
back unsliced, in the order a person reads them; `rows.py` says what a line of each tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from .models import DeployedChange, Deployment, Failure, Incident
from .periods import Week
from .rows import ChangeRow, change_rows

Teams = Collection[int]
PLACE = ("team", "service")
LINK = ("link__deployment", "link__corrected_by")
COUNTED = Q(production=True, outcome="success", superseded_at=None)


def _within(field: str, week: Week) -> Q:
    start, end = week.bounds(settings.ORGANISATION_ZONE)
    return Q(**{f"{field}__gte": start, f"{field}__lt": end})


# --- changes ---------------------------------------------------------------------------------------------------------


def changes(teams: Teams, week: Week, *, left_out: bool = False) -> QuerySet[DeployedChange]:
    """What reached production in `week`, slowest first; with `left_out` what has no plausible first commit."""
    plausible = Q(change__first_commit_at__lte=F("deployment__finished_at"))
    carried = DeployedChange.objects.filter(
        _within("deployment__finished_at", week),
        deployment__team__in=teams,
        deployment__production=True,
        deployment__outcome="success",
        deployment__superseded_at=None,
        change__superseded_at=None,
    ).select_related("change", "deployment__team", "deployment__service")
    if left_out:
        unknown = Q(change__first_commit_at=None) | Q(change__first_commit_at__gt=F("deployment__finished_at"))
        return carried.filter(unknown).order_by("-deployment__finished_at", "pk")
    lead = ExpressionWrapper(F("deployment__finished_at") - F("change__first_commit_at"), DurationField())
    return carried.filter(plausible).annotate(lead=lead).order_by("-lead", "-change__sha", "-deployment_id")


def middle_changes(teams: Teams, week: Week, count: int) -> list[ChangeRow]:
    """The change at the median of `count`, or the two whose mean it is."""
    if not count:
        return []
    return change_rows(changes(teams, week)[(count - 1) // 2 : count // 2 + 1])


def first_deployments(teams: Teams, week: Week) -> list[str]:
    """Services whose first collected deployment falls in `week`: what it carried is not known and not counted."""
    earlier = Deployment.objects.filter(
        COUNTED,
        service=OuterRef("service"),
        environment=OuterRef("environment"),
        finished_at__lt=OuterRef("finished_at"),
    )
    firsts = _counted(teams, week).filter(~Exists(earlier), base_known=False)
    return sorted(set(firsts.values_list("service__title", flat=True)))


# --- deployments -----------------------------------------------------------------------------------------------------


def deployments(teams: Teams, week: Week) -> QuerySet[Deployment]:
    """Successful production deployments of `week`, newest first, with `failed` and `unplanned` beside each."""
    return _marked(_counted(teams, week)).order_by("-finished_at", "-pk")


def _counted(teams: Teams, week: Week) -> QuerySet[Deployment]:
    return Deployment.objects.filter(_within("finished_at", week), COUNTED, team__in=teams)


def attempts_left_out(teams: Teams, week: Week) -> QuerySet[Deployment]:
    """Production attempts of `week` that count nowhere: failed before users saw them, cancelled, unclear, rewritten."""
    at = _within("finished_at", week) | (Q(finished_at=None) & _within("started_at", week))
    counted = Q(outcome="success", superseded_at=None, finished_at__isnull=False)
    tried = Deployment.objects.filter(at, team__in=teams, production=True).exclude(counted)
    return _marked(tried).order_by(Coalesce("finished_at", "started_at").desc(), "-pk")


def _marked(found: QuerySet[Deployment]) -> QuerySet[Deployment]:
    own = DeployedChange.objects.filter(deployment=OuterRef("pk"), change__superseded_at=None)
    taken_back = Failure.objects.filter(answer=OuterRef("deployment"), change=OuterRef("change"), how="revert")
    reverts = Failure.objects.filter(answer=OuterRef("pk"), how="revert")
    return found.select_related(*PLACE).annotate(
        failed=Exists(Failure.objects.filter(deployment=OuterRef("pk"))),
        unplanned=~Q(answer="") | (Exists(reverts) & ~Exists(own.filter(~Exists(taken_back)))),
        carried=Coalesce(Subquery(own.order_by().values("deployment").annotate(n=Count("pk")).values("n")), 0),
    )


def evidence_counts(teams: Teams, week: Week) -> Counter[str]:
    """How many incidents, rollbacks, hotfixes and reverts show deployments of `week` to have failed."""
    rows = Failure.objects.filter(deployment__in=_counted(teams, week).values("pk")).values("how")
    return Counter({row["how"]: row["n"] for row in rows.annotate(n=Count("pk")).order_by("how")})


def answer_counts(teams: Teams, week: Week) -> Counter[str]:
    """How many unplanned deployments of `week` were rollbacks, hotfixes, or ("") nothing but reverts."""
    unplanned = deployments(teams, week).filter(unplanned=True)  # type: ignore[misc]  # annotated by _marked
    return Counter(unplanned.order_by().values_list("answer", flat=True))


# --- incidents -------------------------------------------------------------------------------------------------------


def incidents(teams: Teams, week: Week) -> QuerySet[Incident]:
    """Those resolved in `week`, longest first."""
    span = ExpressionWrapper(F("resolved_at") - F("started_at"), DurationField())
    found = Incident.objects.filter(_within("resolved_at", week), team__in=teams, superseded_at=None)
    return found.select_related(*PLACE, *LINK).annotate(span=span).order_by("-span", "-pk")


def open_incidents(teams: Teams, week: Week, now: datetime) -> QuerySet[Incident]:
    """Those that began before the end of `week` and are not over at all yet, oldest first."""
    end = min(week.bounds(settings.ORGANISATION_ZONE)[1], now)
    found = Incident.objects.filter(team__in=teams, superseded_at=None, resolved_at=None, started_at__lt=end)
    return found.select_related(*PLACE, *LINK).order_by("started_at", "pk")
