"""Reports that go out by themselves: made, changed, paused, ended; and run when they are due.

A run moves `next_at` in the transaction that makes the report and its deliveries: it happens once, or not at all and
again. Weeks that were missed are not made up for: after an outage the newest goes out, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from delivery.actions.rules import Refused
from stakeholders.models import Report, ReportStep, Schedule
from stakeholders.reports import actions
from stakeholders.reports.kept import AUDIENCES
from teams import access
from teams.access import Right
from teams.models import Person, Team, User

from . import outbox, posting
from .readers import refusal
from .timing import next_run

Way = Schedule.Way
MOST_PEOPLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a report goes out. `address` of a webhook: "" keeps the one that is there."""

    audience: str
    way: str
    weekday: int
    at_time: time
    people: Sequence[Person] = ()
    address: str = ""
    attach_pdf: bool = True
    attach_pptx: bool = False
    attach_xlsx: bool = False
    needs_review: bool = True


@transaction.atomic
def make(*, team: Team, terms: Terms, by: User, at: datetime | None = None) -> Schedule:
    """A schedule that runs for the first time when its day and time come next after `at`."""
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose another team.")
    now = at or timezone.now()
    row = Schedule(team=team, created_at=now, created_by=by, is_sample=by.is_sample)
    return _word(row, terms, now)


@transaction.atomic
def change(*, schedule: Schedule, terms: Terms, by: User, at: datetime | None = None) -> Schedule:
    """Other terms from the next run on. It is gathered for `by` from now on."""
    row = _held(schedule)
    row.created_by = by
    return _word(row, terms, at or timezone.now())


@transaction.atomic
def pause(*, schedule: Schedule, by: User | None, why: str = "", at: datetime | None = None) -> Schedule:
    row = _held(schedule)
    if row.paused_at is None:
        row.paused_at, row.paused_why, row.next_at = at or timezone.now(), why[:300], None
        row.save(update_fields=["paused_at", "paused_why", "next_at"])
    return row


@transaction.atomic
def resume(*, schedule: Schedule, by: User, at: datetime | None = None) -> Schedule:
    """It goes on with the next day and time; gathered for `by`."""
    row, now = _held(schedule), at or timezone.now()
    if row.paused_at is not None:
        row.paused_at, row.paused_why, row.created_by = None, "", by
        row.next_at = _next(row, now)
        row.save(update_fields=["paused_at", "paused_why", "created_by", "next_at"])
    return row


@transaction.atomic
def end(*, schedule: Schedule, by: User, at: datetime | None = None) -> Schedule:
    """For good. What it sent stays known; the address of a webhook is forgotten."""
    row = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if row.ended_at is None:
        row.ended_at, row.next_at, row.address_secret = at or timezone.now(), None, None
        row.save(update_fields=["ended_at", "next_at", "address_secret"])
    return row


def _held(schedule: Schedule) -> Schedule:
    row = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if row.ended_at is not None:
        raise Refused("It was ended. Make a new one.")
    return row


def _word(row: Schedule, terms: Terms, now: datetime) -> Schedule:
    if terms.audience not in AUDIENCES:
        raise Refused("Choose for whom it is worded.", "audience")
    if terms.way not in Way.values:
        raise Refused("Choose how it is sent.", "way")
    if not 1 <= terms.weekday <= 7:
        raise Refused("Choose a day of the week.", "weekday")
    people = list(terms.people)
    if terms.way == Way.EMAIL:
        _mailable(people, row.team)
    elif terms.address or row.address_secret is None or row.way != terms.way:
        if not terms.address:
            raise Refused("Enter the address of the incoming webhook.", "address")
        row.address_secret = posting.sealed(terms.way, terms.address)
    if terms.way == Way.EMAIL:
        row.address_secret = None
    row.audience, row.way, row.weekday, row.at_time = terms.audience, terms.way, terms.weekday, terms.at_time
    row.attach_pdf, row.attach_pptx, row.attach_xlsx = terms.attach_pdf, terms.attach_pptx, terms.attach_xlsx
    row.needs_review = terms.needs_review
    row.next_at = None if row.paused_at else _next(row, now)
    row.save()
    row.people.set(people if terms.way == Way.EMAIL else [])
    return row


def _mailable(people: Sequence[Person], team: Team) -> None:
    if not people:
        raise Refused("Choose at least one person.", "people")
    if len(people) > MOST_PEOPLE:
        raise Refused(f"A schedule has at most {MOST_PEOPLE} people. Make a second one.", "people")
    for one in people:
        why = refusal(one, team) or ("" if one.email else f"{one.name} has no e-mail address.")
        if why:
            raise Refused(why, "people")


def _next(row: Schedule, now: datetime) -> datetime:
    return next_run(now, weekday=row.weekday, at=row.at_time, zone=settings.ORGANISATION_ZONE)


# --- runs ------------------------------------------------------------------------------------------------------------


def due(now: datetime) -> list[int]:
    """Which schedules are to run, the longest due first."""
    return list(Schedule.objects.filter(next_at__lte=now).order_by("next_at", "pk").values_list("pk", flat=True))


@transaction.atomic
def run(pk: int, now: datetime) -> Report | None:
    """Run a schedule that is due; None when another worker did, or when it may not any more and rests."""
    rows = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, next_at__lte=now)
    row = rows.select_related("team", "created_by").first()
    if row is None:
        return None
    why = _stopped(row)
    if why:
        pause(schedule=row, by=None, why=why, at=now)
        return None
    row.next_at = _next(row, now)
    row.save(update_fields=["next_at"])
    try:
        with transaction.atomic():
            return _told(row, now)
    except PermissionDenied:
        pause(schedule=row, by=None, why=_lost(row), at=now)
        return None


def _stopped(row: Schedule) -> str:
    if row.team.closed_at is not None:
        return f"{row.team} is closed."
    if not access.may(row.created_by, Right.DECIDE, row.team):
        return _lost(row)
    return ""


def _lost(row: Schedule) -> str:
    return f"{row.created_by} may not decide over {row.team} any more. Go on with it to send it in your name."


def _told(row: Schedule, now: datetime) -> Report:
    """The report of the week, sent or waiting for a review, with its deliveries or notices."""
    week = outbox.told_at(now)
    sent = Report.objects.filter(team=row.team, monday=week.monday, steps__step=ReportStep.Step.SENT)
    there = sent.order_by("-pk").first()
    if there is not None:
        outbox.by_schedule(report=there, schedule=row, at=now)
        return there
    report, _ = actions.draft(team=row.team, week=week, now=now, by=row.created_by, scheduled=True, at=now)
    if not row.needs_review:
        try:
            actions.send(report=report, by=row.created_by, as_computed=True, at=now)
        except Refused:  # somebody has written into it: that waits for a person
            outbox.notify(report=report, schedule=row, at=now)
        else:
            outbox.by_schedule(report=report, schedule=row, at=now)
        return report
    outbox.notify(report=report, schedule=row, at=now)
    return report
