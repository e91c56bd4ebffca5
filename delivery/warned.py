"""Records turned into tracks of early warnings: the promises, flags and options of commitments, for `warning.py`.

A squad is named by its id as text, since two groups may each have a team of the same name. Cancelled commitments are
left out: nobody knows whether they would have been missed. Six queries, whatever the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from .actions.rules import today as this_day
from .calendar import WorkCalendar
from .models import Commitment, Flag, Option, Slip
from .network import calendars
from .warning import Flag as Raised
from .warning import Means, Promised, Track, Warned, WorkingDays, warned

_MEANS = {"checkin": Means.CHECK_IN, "risk": Means.RISK}  # a slip is read from the promises


def tracks(commitments: QuerySet[Commitment]) -> list[Track]:
    """One track for each commitment that was not cancelled."""
    rows = list(commitments.filter(cancelled_at=None).order_by("pk"))
    ids = [row.pk for row in rows]
    moves: dict[int, list[Slip]] = defaultdict(list)
    corrected: dict[int, int] = {}  # correction → the slip that it speaks of, also when it corrects a correction
    reasons: dict[int, str] = {}  # of a slip, as it was last corrected
    for slip in Slip.objects.filter(commitment__in=ids).order_by("pk"):
        if slip.corrects_id is None:
            moves[slip.commitment_id].append(slip)
        else:
            corrected[slip.pk] = corrected.get(slip.corrects_id, slip.corrects_id)
            reasons[corrected[slip.pk]] = slip.reason
    flags: dict[int, list[Raised]] = defaultdict(list)
    for pk, on, how in Flag.objects.filter(commitment__in=ids, how__in=_MEANS).values_list("commitment", "on", "how"):
        flags[pk].append(Raised(on=on, means=_MEANS[how]))
    with_options = set(Option.objects.filter(commitment__in=ids).values_list("commitment", flat=True))
    return [
        Track(
            id=str(row.pk),
            squad=str(row.team_id),
            promises=_promises(row, moves[row.pk], reasons),
            flags=tuple(flags[row.pk]),
            delivered_on=row.delivered_on,
            with_options=row.pk in with_options,
        )
        for row in rows
    ]


def judged(commitments: QuerySet[Commitment], *, today: date | None = None) -> list[Warned]:
    """Each commitment's warning, in working days of its own team."""
    found = tracks(commitments)
    days = calendars({int(track.squad) for track in found}) if found else {}
    day = today or this_day()
    return [warned(track, today=day, working_days=_counted(days[int(track.squad)])) for track in found]


def _counted(calendar: WorkCalendar) -> WorkingDays:
    """Working days after the first date, up to and including the second."""
    one = timedelta(days=1)
    return lambda first, last: calendar.working_days_between(first + one, last + one)


def _promises(row: Commitment, moves: Iterable[Slip], reasons: dict[int, str]) -> tuple[Promised, ...]:
    found = [Promised(on=row.made_on, due=row.first_promised_on)]
    for slip in moves:
        on = max(_day(slip.at), found[-1].on)  # what was entered afterwards keeps its place in the order
        found.append(Promised(on=on, due=slip.to_date, reason=reasons.get(slip.pk, slip.reason)))
    return tuple(found)


def _day(at: datetime) -> date:
    return at.astimezone(settings.ORGANISATION_ZONE).date()
