"""What people say themselves, as a column of the coverage matrix: dates from check-ins, or kept by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.urls import reverse

from delivery.models import CheckIn, Commitment
from teams.models import Team
from teams.templatetags import ui

FRESH = timedelta(days=8)  # as for the status of a commitment: after that it is stale


def dates(teams: Sequence[int], now: datetime) -> dict[int, dict[str, str]]:
    """Team → its cell. Three queries."""
    newest = dict(
        CheckIn.objects.filter(team__in=teams, at__lte=now).order_by().values_list("team").annotate(at=Max("at"))
    )
    promising = dict(
        Commitment.objects.open().filter(team__in=teams).order_by().values_list("team").annotate(at=Max("created_at"))
    )
    slugs = dict(Team.objects.filter(pk__in={*newest, *promising}).values_list("pk", "slug"))
    return {team: _cell(newest.get(team), promising.get(team), slug, now) for team, slug in slugs.items()}


def _cell(checked: datetime | None, promised: datetime | None, slug: str, now: datetime) -> dict[str, str]:
    url = reverse("delivery:commitments", args=[slug])
    if checked is not None and now - checked <= FRESH:
        day = checked.astimezone(settings.ORGANISATION_ZONE)
        return {"state": "ok", "word": "Check-in", "note": f"{day:%a}", "url": url}
    at = checked or promised
    assert at is not None  # noqa: S101 (one of the two brought us here)
    word = "Check-in" if checked else "By hand"
    return {"state": "risk", "word": word, "note": f"{ui.plural((now - at).days, 'day,days')} old", "url": url}
