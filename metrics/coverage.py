"""What is known about each squad: a cell for each kind of evidence, from which source, and what is missing.

A gap here is a gap in every number of that squad. What happened counts for who owned the service then; the number of
services is that of today. Kinds that other apps know of are named in the settings. Reads only, in a fixed number of
queries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils.module_loading import import_string

from teams.models import Team

from .models import Change, Deployment, Incident, PipelineRun, Service
from .sources import SourceNow

SINCE = timedelta(days=90)
COLUMNS = ("Commits", "Reviews", "Pipelines", "Deployments", "Incidents", "Test coverage")
NOTHING = {"state": "none", "word": "None", "note": "", "url": ""}

Cell = dict[str, str]
OfOthers = Callable[[Sequence[int], datetime], dict[int, Cell]]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about one squad. `missing`: the kinds of which there is nothing."""

    team: Team
    services: int
    cells: list[Cell]
    missing: tuple[str, ...]

    @property
    def is_blind(self) -> bool:
        """Nothing is told by any source; what people say themselves does not count."""
        return all(cell["state"] == "none" for cell in self.cells[: len(COLUMNS)])


def columns() -> list[str]:
    return [*COLUMNS, *(title for title, _ in settings.COVERAGE_OF_OTHERS)]


def coverage(teams: Collection[Team], sources: Collection[SourceNow], *, now: datetime) -> list[Known]:
    """Each team that delivers × each kind of evidence of the past 90 days. A query a kind, and one for services."""
    delivering = [team for team in teams if not team.is_group]
    ids = [team.pk for team in delivering]
    kinds = [_fed(rows, team) for rows, team in _evidence(ids, now - SINCE)]
    others: list[dict[int, Cell]] = [import_string(path)(ids, now) for _, path in settings.COVERAGE_OF_OTHERS]
    services = dict(Service.objects.filter(team__in=ids).values_list("team").annotate(n=Count("pk")))
    states = {one.pk: one for one in sources}
    found = []
    for team in delivering:
        cells = [_cell(kind.get(team.pk, []), states) for kind in kinds]
        cells += [other.get(team.pk, NOTHING) for other in others]
        missing = tuple(title for title, cell in zip(columns(), cells, strict=True) if cell["state"] == "none")
        found.append(Known(team, services.get(team.pk, 0), cells, missing))
    return found


def _evidence(teams: Sequence[int], since: datetime) -> list[tuple[Any, str]]:
    """(rows, the way from a row to its team) for each of COLUMNS."""
    own = "team"
    by_deployment = "deployed_changes__deployment__team"
    changes = Change.objects.filter(superseded_at=None, merged_at__gte=since, **{f"{by_deployment}__in": teams})
    reviewed = ~Q(number="") | Q(first_review_at__isnull=False) | Q(approved_at__isnull=False)
    runs = PipelineRun.objects.filter(superseded_at=None, queued_at__gte=since, team__in=teams)
    deployments = Deployment.objects.filter(superseded_at=None, finished_at__gte=since, team__in=teams)
    incidents = Incident.objects.filter(superseded_at=None, started_at__gte=since, team__in=teams)
    return [
        (changes, by_deployment),
        (changes.filter(reviewed), by_deployment),
        (runs, own),
        (deployments, own),
        (incidents, own),
        (runs.filter(coverage__isnull=False), own),
    ]


def _fed(rows: Any, team: str) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for owner, source, name in rows.order_by().values_list(team, "source_id", "source__name").distinct():
        found.setdefault(owner, []).append((source, name))
    return found


def _cell(feeding: list[tuple[int, str]], states: dict[int, SourceNow]) -> Cell:
    if not feeding:
        return NOTHING
    worst = min(feeding, key=lambda fed: (not (fed[0] in states and states[fed[0]].is_stopped), fed[1]))
    more = f"and {len(feeding) - 1} more" if len(feeding) > 1 else ""
    stopped = worst[0] in states and states[worst[0]].is_stopped
    return {"state": "late" if stopped else "ok", "word": worst[1], "note": "stopped" if stopped else more, "url": ""}


def sentence(known: Sequence[Known]) -> tuple[str, str]:
    """(who has no data of their own, what that means); two empty strings when everybody has some."""
    blind = [one.team.name for one in known if one.is_blind]
    if not blind:
        return "", ""
    if len(blind) > 3:
        names = f"{len(blind)} teams"
    else:
        names = blind[0] if len(blind) == 1 else f"{', '.join(blind[:-1])} and {blind[-1]}"
    one = len(blind) == 1
    means = "Its dates come" if one else "Their dates come"
    return (
        f"{names} {'has' if one else 'have'} no data of {'its' if one else 'their'} own.",
        f"{means} from check-ins, so {'its' if one else 'their'} forecasts are wider.",
    )
