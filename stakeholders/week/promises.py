"""Promises on the weekly page: the nearest deadlines, what is not on track, and what is due within two weeks.

They stand as they are now, so the page of a week that is long over leaves them out rather than mix the times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse

from delivery import shown
from delivery.models import Commitment
from teams.models import Team
from teams.templatetags import ui

from .gather import Gathered

MOST_ROWS = 8
MOST_DEADLINES = 3
AHEAD = timedelta(days=14)
_ORDER = {"late": 0, "risk": 1, "none": 2, "stale": 3, "ok": 4}


@dataclass(frozen=True, slots=True)
class Promises:
    """What the section shows; `open` 0: nothing is promised here yet."""

    open: int
    on_track: int
    rows: list[dict[str, Any]]
    more: int
    deadlines: list[dict[str, Any]]
    coming: list[dict[str, Any]]
    made: str
    all_url: str
    new_url: str


def promises(got: Gathered, teams: list[Team]) -> Promises:
    """The open commitments of `teams`, the worst first. Seven queries."""
    board = shown.board(Commitment.objects.open().filter(team__in=teams))
    asked = [one for one in board.shown if not one.row.is_milestone]
    off = sorted(
        (one for one in asked if one.state != "ok"), key=lambda one: (_ORDER.get(one.state, 5), one.promised_on)
    )
    soon = sorted(
        (one for one in board.shown if one.promised_on <= board.today + AHEAD), key=lambda one: one.promised_on
    )
    return Promises(
        open=len(asked),
        on_track=sum(one.state == "ok" for one in asked),
        rows=[_row(one) for one in off[:MOST_ROWS]],
        more=max(0, len(off) - MOST_ROWS),
        deadlines=[_deadline(one) for one in board.deadlines[:MOST_DEADLINES]],
        coming=[_coming(one, board.today) for one in soon[:MOST_ROWS]],
        made=ui.instant(board.run.made_at) if board.run else "",
        all_url=reverse("delivery:commitments", args=[got.team.slug]),
        new_url=reverse("delivery:new_commitment", args=[got.team.slug]),
    )


def _row(one: shown.Shown) -> dict[str, Any]:
    return {
        "title": one.row.title,
        "team": one.row.team.name,
        "url": one.row.get_absolute_url(),
        "state": "none" if one.state == "stale" else one.state,  # silence is grey; red is for what will be late
        "word": one.word,
        "why": one.status.current.reason,
        "due": ui.day(one.promised_on),
        "was": ui.day(one.row.first_promised_on) if one.moved else "",
        "forecast": f"{ui.day(one.line.even)} – {ui.day(one.line.sure)}" if one.line else "–",
        "chance": one.chance.words if one.chance else "–",
    }


def _deadline(one: shown.DeadlineNow) -> dict[str, Any]:
    forecast = one.forecast
    late = one.days_late or 0
    return {
        "name": one.row.name,
        "date": ui.day(one.row.date),
        "url": one.row.milestone.get_absolute_url(),
        "even": ui.day(forecast.even) if forecast else "–",
        "sure": ui.day(forecast.sure) if forecast else "–",
        "chance": one.chance.words if one.chance else "No forecast",
        "state": "none"
        if one.chance is None
        else "ok"
        if one.chance.at_least(70)
        else "risk"
        if one.chance.at_least(35)
        else "late",
        "late": f"{ui.plural(late, 'day,days')} late"
        if late > 0
        else f"{ui.plural(-late, 'day,days')} early"
        if late
        else "on the day",
        "penalty": ui.money(forecast.penalty / 100) if forecast and forecast.penalty else "",
    }


def _coming(one: shown.Shown, today: date) -> dict[str, Any]:
    overdue = one.promised_on < today
    chance = f"{one.chance.words} likely" if one.chance else "no forecast"
    return {
        "when": ui.weekday(one.promised_on),
        "text": one.row.title,
        "note": f"{one.row.team.name}, {'overdue' if overdue else chance}",
        "url": one.row.get_absolute_url(),
    }
