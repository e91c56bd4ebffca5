"""The weekly check-in: one answer for each promise of a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from delivery.models import Answer, CheckIn, Commitment
from delivery.models.promises import name_of
from teams.models import Team, User

from . import promises
from .rules import Refused, now, out_of_date, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer. `days`: the remaining work estimated anew; `options` are needed for what is at risk."""

    commitment: Commitment
    word: str
    note: str = ""
    days: tuple[int, int, int] | None = None
    options: Sequence[promises.Proposal] = field(default=())


@transaction.atomic
def send_checkin(
    *,
    team: Team,
    monday: date,
    said: Sequence[Said],
    by: User | None,
    seconds: int | None = None,
    at: datetime | None = None,
    on: date | None = None,
) -> CheckIn:
    """Keep a team's answers. "Will slip" needs the slip to be logged first; "at risk" needs an option on the table."""
    if monday.weekday() != 0:
        raise Refused("A check-in belongs to a week, which begins on a Monday.")
    row = CheckIn.objects.create(team=team, monday=monday, at=now(at), by=by, by_name=name_of(by), seconds=seconds)
    for one in said:
        if one.commitment.team_id != team.pk:
            raise Refused(f"{one.commitment} is no longer a promise of {team}. Load the page again.")
        if one.word not in Answer.Word.values:
            raise Refused(f"Say how {one.commitment} stands: on track, at risk or will slip.")
        note = words(one.note, "note", longest=500)
        Answer.objects.create(checkin=row, commitment=one.commitment, word=one.word, note=note)
        if one.days is not None:
            promises.estimate(commitment=one.commitment, days=one.days, by=by, at=row.at)
        if one.word == Answer.Word.AT_RISK:
            promises.flag(commitment=one.commitment, by=by, options=one.options, at=row.at, on=on)
        elif one.word == Answer.Word.WILL_SLIP and not one.commitment.slips.filter(at__date__gte=monday).exists():
            raise Refused(f"Log the slip of {one.commitment} first: its new date, the reason and an option.")
    out_of_date(f"{team} checked in")
    return row
