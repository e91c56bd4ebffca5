"""How much work teams have promised, against what they have: 85 %-sure effort, each team's as one spread of trials.

The load of a team is one percentile of all its work together. Percentiles of single promises are never added up.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings

from . import network
from .actions.rules import today
from .forecast import forecast
from .inputs import Commitment, Inputs, Team
from .models import Commitment as Row
from .models import Estimate
from .sampling import Remaining

TRIALS = 2000


def loads(commitments: Collection[Row], *, at: datetime | None = None) -> dict[str, int]:
    """team → working days that suffice in 85 of 100 trials; teams without an estimate are left out.

    With `at`, by the estimates and the history of that moment. Five queries, four without `at`.
    """
    rows = [row for row in commitments if not row.is_milestone]
    remaining = _estimates(rows, at)
    days = network.calendars({row.team_id for row in rows})
    past = network._history(days, before=at.astimezone(settings.ORGANISATION_ZONE).date() if at else None)
    estimated = [row for row in rows if row.pk in remaining]
    if not estimated:
        return {}
    known = Inputs(
        as_of=today(),
        teams=tuple(Team(id=str(team), calendar=one, delivered=past.get(team, ())) for team, one in days.items()),
        commitments=tuple(
            Commitment(id=str(row.pk), team=str(row.team_id), remaining=remaining[row.pk]) for row in estimated
        ),
    )
    made = forecast(known, seed=network.SEED, trials=TRIALS)
    return {team: spread.quantile(85) for team, spread in made.loads.items()}


def _estimates(rows: Collection[Row], at: datetime | None) -> dict[int, Remaining]:
    found = Estimate.objects.filter(commitment__in=[row.pk for row in rows])
    if at is not None:
        found = found.filter(at__lte=at)
    newest = found.order_by("commitment_id", "-pk").distinct("commitment_id")
    values = newest.values_list("commitment_id", "low", "likely", "high")
    return {pk: Remaining(low, likely, high) for pk, low, likely, high in values}


__all__ = ["loads"]
