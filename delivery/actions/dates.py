"""Deadlines with their penalties, and days off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction

from delivery.models import Commitment, Deadline, Holiday, PenaltyWindow
from teams.models import Team, User

from .rules import Refused, now, out_of_date, plausible, words

Window = tuple[date, date | None, str, int, int | None]  # from, to, kind, cents, cap in cents


@transaction.atomic
def add_deadline(
    *,
    team: Team,
    name: str,
    date: date,
    milestone: Commitment,
    by: User | None,
    windows: Sequence[Window] = (),
    currency: str = "",
    cap: int | None = None,
    about: str = "",
    is_sample: bool = False,
) -> Deadline:
    """A date from outside. Overlapping windows and a penalty without a currency are refused."""
    _terms(date, windows, currency, cap)
    row = Deadline.objects.create(
        team=team, name=words(name, "name", longest=120, required=True), date=plausible(date, "date"),
        milestone=milestone, currency=currency.upper(), cap=cap, about=words(about, "about", longest=300),
        is_sample=is_sample, created_by=by,
    )  # fmt: skip
    _windows(row, windows)
    out_of_date(f"the deadline {row}")
    return row


@transaction.atomic
def edit_deadline(
    *,
    deadline: Deadline,
    name: str,
    date: date,
    milestone: Commitment,
    by: User,
    windows: Sequence[Window] = (),
    currency: str = "",
    cap: int | None = None,
    about: str = "",
) -> Deadline:
    """Change a deadline; forecasts that were made keep the date that they were made for."""
    _terms(date, windows, currency, cap)
    row = Deadline.objects.select_for_update().get(pk=deadline.pk)
    row.name, row.date, row.milestone = (
        words(name, "name", longest=120, required=True),
        plausible(date, "date"),
        milestone,
    )
    row.currency, row.cap, row.about = currency.upper(), cap, words(about, "about", longest=300)
    row.save()
    row.windows.all().delete()
    _windows(row, windows)
    out_of_date(f"the deadline {row}")
    return row


@transaction.atomic
def close_deadline(*, deadline: Deadline, by: User) -> None:
    """The date no longer binds anybody."""
    Deadline.objects.filter(pk=deadline.pk, closed_at=None).update(closed_at=now(None), closed_by=by)
    out_of_date(f"the deadline {deadline}")


@transaction.atomic
def add_holiday(*, team: Team, day: date, by: User | None, name: str = "") -> Holiday:
    """A day off for a team and all below it."""
    try:
        with transaction.atomic():
            row = Holiday.objects.create(team=team, day=plausible(day, "day"), name=words(name, "name", longest=80))
    except IntegrityError as twice:
        raise Refused(f"{day:%-d %b} is a day off for {team} already.", "day") from twice
    out_of_date(f"a day off for {team}")
    return row


@transaction.atomic
def remove_holiday(*, holiday: Holiday, by: User) -> None:
    """A working day after all."""
    holiday.delete()
    out_of_date(f"a day off for {holiday.team}")


def _terms(date: date, windows: Sequence[Window], currency: str, cap: int | None) -> None:
    """Let the pure definition refuse what cannot be: overlaps, a missing currency, an unknown kind."""
    from delivery.network import terms

    try:
        terms(date, windows, currency, cap)
    except ValueError as wrong:
        raise Refused(str(wrong), "windows") from wrong


def _windows(row: Deadline, windows: Sequence[Window]) -> None:
    PenaltyWindow.objects.bulk_create(
        PenaltyWindow(deadline=row, from_date=from_date, to_date=to_date, kind=kind, amount=amount, cap=cap)
        for from_date, to_date, kind, amount, cap in windows
    )
