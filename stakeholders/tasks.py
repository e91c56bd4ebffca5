"""What Celery runs for leaders: weeks are kept as they were known when they ended, the audit trail is sealed, and
reports become files."""

from __future__ import annotations

from datetime import date, datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from metrics import measures
from metrics.periods import Week
from stakeholders.audit import sealing
from stakeholders.models import KeptWeek
from stakeholders.reports import making
from stakeholders.reports.sending import delivering, schedules
from stakeholders.week import actions, remembering
from teams.models import Team


@shared_task
def seal_audit() -> None:
    """Seal what was written since the last time."""
    sealing.seal()


@shared_task
def keep_week() -> None:
    """Keep the last week that is over, for every open team that has none of it yet; asked often, done once."""
    week = Week.of(timezone.now(), settings.ORGANISATION_ZONE).previous()
    keep(week)


@shared_task
def make_renderings() -> None:
    """Make the files of reports that somebody waits for."""
    making.make_waiting()


@shared_task
def run_schedules() -> None:
    """Have every schedule run that is due. Each by itself, so that one that fails keeps none of the others waiting."""
    for pk in schedules.due(timezone.now()):
        run_schedule.apply_async((pk,), retry=False, expires=50)


@shared_task
def run_schedule(pk: int) -> None:
    """Make the report of one schedule and what is to be delivered; asked often, done once."""
    schedules.run(pk, timezone.now())


@shared_task
def deliver_reports() -> None:
    """Send what is due."""
    delivering.deliver_due()


def keep(week: Week) -> int:
    """How many were kept. A team that was made after the week has nothing to keep."""
    end = week.bounds(settings.ORGANISATION_ZONE)[1]
    kept = KeptWeek.objects.filter(monday=week.monday).values("team")
    rows = Team.objects.open().filter(created_at__lt=end).exclude(pk__in=kept)
    return sum(_keep(team, week.monday, end) for team in rows.order_by("pk"))


def _keep(team: Team, monday: date, end: datetime) -> bool:
    ids = [one.pk for one in Team.objects.descendants(team, include_self=True)]
    known = remembering.known(ids, at=end)
    tiles = measures.tiles(ids, Week(monday), now=end, weeks=12, incident_source=True)
    figures = {one.slug: one.figure for one in tiles}
    return actions.keep_week(team=team, monday=monday, known=known, figures=figures) is not None
