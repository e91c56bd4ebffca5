"""One incident as its page shows it: what it is put down to, how we know, and what else it could be. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from teams import access
from teams.models import User

from .drilldown import COUNTED
from .models import DeployedChange, Deployment, Incident, IncidentLink
from .periods import Week
from .rows import how_linked

CHOICES = 12
AFTER = timedelta(hours=1)  # clocks differ, and alarms may be late


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deployment that may have caused it. `before`: how long it had been out; None when it came after."""

    pk: int
    title: str
    sha: str
    finished_at: datetime
    before: timedelta | None
    changes: int
    first: str  # the title of a change that it carried


def link_of(incident: Incident) -> IncidentLink | None:
    return IncidentLink.objects.select_related("deployment", "corrected_by").filter(incident=incident).first()


def choosable(user: User, incident: Incident) -> Any:
    """Successful production deployments of its service, until it was over, of the squads that `user` sees."""
    until = (incident.resolved_at or timezone.now()) + AFTER
    return Deployment.objects.filter(
        COUNTED, service=incident.service_id, finished_at__lte=until, team__in=access.teams(user)
    )


def candidates(user: User, incident: Incident, *, search: str = "", also: Sequence[int] = ()) -> list[Candidate]:
    """The newest of them that `search` finds, in a name, a sha or a change's title; and those named in `also`."""
    found = choosable(user, incident)
    if search:
        named = Q(ref__icontains=search) | Q(provider_id__icontains=search) | Q(sha__istartswith=search)
        found = found.filter(named | Q(deployed_changes__change__title__icontains=search)).distinct()
    picked = list(found.order_by("-finished_at", "-pk").values_list("pk", flat=True)[:CHOICES])
    rows = choosable(user, incident).filter(pk__in=[*picked, *also]).order_by("-finished_at", "-pk")
    own = DeployedChange.objects.filter(deployment=OuterRef("pk"), change__superseded_at=None)
    counted = Count("deployed_changes", filter=Q(deployed_changes__change__superseded_at=None))
    title = Subquery(own.order_by("-change__merged_at", "-pk").values("change__title")[:1])
    return [_candidate(row, incident) for row in rows.annotate(carried=counted, first=title)]


def _candidate(row: Any, incident: Incident) -> Candidate:
    before = incident.started_at - row.finished_at
    return Candidate(
        pk=row.pk,
        title=str(row),
        sha=row.sha[:10],
        finished_at=row.finished_at,
        before=before if before >= timedelta() else None,
        changes=row.carried,
        first=row.first or "",
    )


def shown(incident: Incident) -> dict[str, Any]:
    """What the page says without asking anything. One query."""
    link = link_of(incident)
    measure = reverse("metrics:measure", args=[incident.team.slug, "time-to-restore"])
    week = f"?week={Week.of(incident.resolved_at, settings.ORGANISATION_ZONE).label}" if incident.resolved_at else ""
    return {
        "incident": incident,
        "link": link,
        "how": how_linked(link),
        "lasted": (incident.resolved_at or timezone.now()) - incident.started_at,
        "back": f"{measure}{week}#incident-{incident.pk}",
    }
