"""What is to be delivered: a row for each report and address, made once, with the report that it carries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from delivery.actions.rules import Refused
from delivery.models.promises import name_of
from delivery.tasks import send_quietly
from metrics.periods import Week, week_in_review
from stakeholders.models import Bounce, Delivery, Report, Schedule
from stakeholders.reports.kept import Kept
from teams.access import Right
from teams.models import Person, User

from . import posting
from .mailing import NOTICE
from .readers import readers
from .timing import last_run

State = Delivery.State
RETRIED = (State.REFUSED, State.GIVEN_UP, State.UNCLEAR)


@transaction.atomic
def mail(
    *, report: Report, audience: str, people: Iterable[Person], by: User | None, schedule: Schedule | None = None,
    at: datetime | None = None,
) -> int:  # fmt: skip
    """One mail for each person; how many are new. Who has this report already does not get it again."""
    return _add(
        report,
        audience,
        Schedule.Way.EMAIL,
        [(one, one.email or f"{one.name}: no address") for one in people],
        by,
        schedule,
        at,
    )


@transaction.atomic
def notify(*, report: Report, schedule: Schedule, at: datetime | None = None) -> int:
    """A mail to everybody who may review a draft: the schedule's maker and who else decides over the team."""
    people = list(readers(report.team, Right.DECIDE)[:20])
    return _add(report, schedule.audience, NOTICE, [(one, one.email) for one in people], None, schedule, at)


@transaction.atomic
def by_schedule(*, report: Report, schedule: Schedule, at: datetime | None = None) -> int:
    """What a schedule sends of a sent report; how many are new."""
    if schedule.way == Schedule.Way.EMAIL:
        people = schedule.people.select_related("user")
        return mail(report=report, audience=schedule.audience, people=people, by=None, schedule=schedule, at=at)
    to = posting.called(schedule.address_secret)
    return _add(report, schedule.audience, schedule.way, [(None, to)], None, schedule, at)


def after_review(report: Report) -> None:
    """A person sent it: schedules that waited for this report's week since they last ran deliver it now."""
    now = timezone.now()
    rows = Schedule.objects.filter(team=report.team_id, next_at__isnull=False)
    for schedule in rows.order_by("pk"):
        ran = last_run(now, weekday=schedule.weekday, at=schedule.at_time, zone=settings.ORGANISATION_ZONE)
        if ran >= schedule.created_at and told_at(ran).monday == report.monday:
            by_schedule(report=report, schedule=schedule, at=now)


def told_at(run: datetime) -> Week:
    """The week that a schedule's run tells of: the running one, on a Monday the one before."""
    return week_in_review(run, settings.ORGANISATION_ZONE)


@transaction.atomic
def retry(*, delivery: Delivery, by: User, at: datetime | None = None) -> Delivery:
    """Try again what did not arrive, or perhaps did not. Raises Refused for what waits or is there."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state not in RETRIED:
        raise Refused("It is on its way already." if row.state == State.WAITING else "It has arrived.")
    bounce = Bounce.objects.filter(address=row.to, cleared_at=None).first()
    if bounce is not None:
        raise Refused(f"{row.to} refused mail: {bounce.reason} Clear that first, once the address is right.")
    row.state, row.attempts, row.error = State.WAITING, 0, ""
    row.next_try_at, row.claimed_until, row.handed_at, row.done_at = at or timezone.now(), None, None, None
    row.by, row.by_name = by, name_of(by)
    row.save()
    _nudge()
    return row


@transaction.atomic
def clear(*, bounce: Bounce, by: User, at: datetime | None = None) -> Bounce:
    """The address is right again: what is sent next goes there."""
    row = Bounce.objects.select_for_update().get(pk=bounce.pk)
    if row.cleared_at is None:
        row.cleared_at, row.cleared_by = at or timezone.now(), by
        row.save(update_fields=["cleared_at", "cleared_by"])
    return row


def _add(
    report: Report, audience: str, way: str, to: list[tuple[Person | None, str]], by: User | None,
    schedule: Schedule | None, at: datetime | None,
) -> int:  # fmt: skip
    now, content = at or timezone.now(), Kept(report).hash
    there = set(Delivery.objects.filter(report=report, audience=audience, way=way).values_list("to", flat=True))
    name = name_of(by) if by else f"Schedule of {name_of(schedule.created_by)}" if schedule else "Plumbline"
    rows = {
        address: Delivery(
            report=report, schedule=schedule, audience=audience, way=way, person=person, to=address, next_try_at=now,
            content_hash=content, created_at=now, by=by, by_name=name[:150],
        )
        for person, address in to
        if address and address not in there
    }  # fmt: skip
    Delivery.objects.bulk_create(rows.values(), ignore_conflicts=True)  # another beat may have been quicker
    if rows:
        _nudge()
    return len(rows)


def _nudge() -> None:
    from stakeholders.tasks import deliver_reports

    transaction.on_commit(lambda: send_quietly(deliver_reports))
