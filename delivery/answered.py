"""Who has checked in this week, team by team below a group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch

from teams.models import Team

from .models import Answer, CheckIn, Commitment


@dataclass(slots=True)
class Squad:
    """A squad in the list of a group, with this week's check-in."""

    team: Team
    commitments: int
    checkin: CheckIn | None
    words: dict[str, int]


def squads(teams: Any, monday: date) -> list[Squad]:
    """Who has answered in the week. Four queries."""
    rows = list(teams.open().delivering().select_related("parent").order_by("parent__name", "position", "name"))
    counts: dict[int, int] = {}
    for team in Commitment.objects.open().filter(team__in=rows).values_list("team_id", flat=True):
        counts[team] = counts.get(team, 0) + 1
    answers = Prefetch("answers", Answer.objects.only("checkin_id", "word"))
    sent = CheckIn.objects.filter(team__in=rows, monday=monday).order_by("pk").prefetch_related(answers)
    newest = {one.team_id: one for one in sent}
    found = []
    for row in rows:
        checkin = newest.get(row.pk)
        words: dict[str, int] = {}
        for answer in checkin.answers.all() if checkin else ():
            words[answer.word] = words.get(answer.word, 0) + 1
        found.append(Squad(row, counts.get(row.pk, 0), checkin, words))
    return found
