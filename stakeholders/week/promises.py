"""Promises on the weekly page, from what was known: the figures, the commitments by squad on one axis, what is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse

from delivery import bars
from delivery.chance import Chance
from delivery.recovery import money
from teams.models import Team
from teams.templatetags import ui

from .drift import Week
from .known import Deadline, Known, Promise
from .needs import Queue
from .saying import chance_of

MOST_ROWS = 40
MOST_NEAR = 6
AHEAD = timedelta(days=14)
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """One commitment on the axis."""

    promise: Promise
    range: bars.Range
    spark: Sequence[float | None]
    url: str

    @property
    def state(self) -> str:
        return "none" if self.promise.state == "stale" else self.promise.state  # silence is grey; red is for late

    @property
    def tone(self) -> str:
        return self.promise.state if self.promise.state in ("risk", "late") else ""

    @property
    def moved(self) -> bool:
        return self.promise.due != self.promise.first

    @property
    def chance(self) -> str:
        one = self.promise
        return Chance(one.hits, one.trials).words if one.hits is not None and one.trials else ""

    @property
    def against(self) -> str:
        end = self.promise.delivered or self.promise.even
        if end is None:
            return ui.MISSING
        days = (end - self.promise.due).days
        return f"{ui.plural(abs(days), 'day')} {'late' if days > 0 else 'early'}" if days else "on the day"

    @property
    def is_late(self) -> bool:
        end = self.promise.delivered or self.promise.even
        return end is not None and end > self.promise.due


@dataclass(frozen=True, slots=True)
class Squad:
    name: str
    about: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Table:
    """The commitments of a scope by squad. `marks`: deadlines on the axis; `wash`: where a penalty runs."""

    squads: list[Squad]
    axis: bars.Axis
    marks: list[tuple[float, str]]
    wash: tuple[float, float] | None
    today_x: float
    more: int
    forecast: str


def table(known: Known, teams: Sequence[Team], sparks: Mapping[int, Sequence[float | None]]) -> Table:
    """Open ones, and those delivered within a week; squad by squad in the order of the tree, nearest first."""
    shown = [one for one in known.promises if not one.is_milestone and (one.is_open or _just_delivered(one, known))]
    place = {team.pk: number for number, team in enumerate(teams)}
    shown.sort(key=lambda one: (place.get(one.team, len(place)), one.due, one.id))
    cut = shown[:MOST_ROWS]
    days = [day for one in cut for day in (one.due, one.first, one.delivered, one.even, one.sure) if day]
    ahead = [one for one in known.deadlines if one.date >= known.today][:3]
    axis = bars.axis([*days, *(one.date for one in ahead)], today=known.today)
    about = {team.pk: team for team in teams}
    squads: list[Squad] = []
    for one in cut:
        name = about[one.team].name if one.team in about else one.team_name
        if not squads or squads[-1].name != name:
            squads.append(Squad(name, about[one.team].about if one.team in about else "", []))
        url = reverse("delivery:commitment", args=[one.id])
        squads[-1].lines.append(Line(one, _range(one, axis), sparks.get(one.id, ()), url))
    starts = [day for one in ahead if (day := one.penalty_from) is not None]
    start = axis.at(min(starts)) if starts else None
    return Table(
        squads, axis, [(axis.at(one.date), f"{_near(one.date)} deadline") for one in ahead],
        (start, round(100 - start, 2)) if start is not None else None, axis.at(known.today), len(shown) - len(cut),
        ui.instant(known.forecast_at) if known.forecast_at else "",
    )  # fmt: skip


def _just_delivered(one: Promise, known: Known) -> bool:
    return one.delivered is not None and known.today - RECENT <= one.delivered <= known.today


def _range(one: Promise, axis: bars.Axis) -> bars.Range:
    return bars.Range(
        due=axis.at(one.due),
        first=axis.at(one.first) if one.due != one.first else None,
        even=axis.at(one.even) if one.even else None,
        sure=axis.at(one.sure) if one.sure else None,
        done=axis.at(one.delivered) if one.delivered else None,
    )


# --- the figures -----------------------------------------------------------------------------------------------------


def strip(
    known: Known,
    before: Known,
    weeks: Sequence[Week],
    on_track: Sequence[float | None],
    queue: Queue | None,
    team: Team,
    waited: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """The four figures under the headline, each with the week before; for a past week without the queue."""
    nearest = known.deadlines[0] if known.deadlines else None
    found = [*_deadline_facts(nearest, before, weeks), _on_track(known, before, on_track, team)]
    if queue is not None:
        found.append(_waiting(known, queue, team, waited))
    return found


def _deadline_facts(one: Deadline | None, before: Known, weeks: Sequence[Week]) -> list[dict[str, Any]]:
    if one is None:
        label = {"label": "Chance of the deadline", "missing": "No deadline is set"}
        return [label, {"label": "Expected penalty", "missing": "No deadline is set"}]
    url = reverse("delivery:commitment", args=[one.milestone])
    chance = chance_of(one)
    first: dict[str, Any] = {"label": f"Chance of making {_near(one.date)}", "url": url}
    second: dict[str, Any] = {"label": "Expected penalty", "url": url}
    if chance is None:
        return [first | {"missing": "No forecast yet"}, second | {"missing": "No forecast yet"}]
    was = before.get("deadlines", one.id)
    was_chance = chance_of(was) if was else None
    tone = "" if chance.at_least(70) else "risk" if chance.at_least(35) else "late"
    first |= {
        "value": chance.words, "tone": tone, "spark": [100 * week.hits / week.trials for week in weeks],
        "note": f"was {was_chance.words} last week" if was_chance else "no forecast last week",
    }  # fmt: skip
    if one.penalty_from is None:
        return [first, second | {"missing": "Being late costs nothing here"}]
    was_money = f"was {money(was.penalty, was.currency)} last week" if was_chance and was.penalty is not None else ""
    sure = f"85% sure under {money(one.penalty_85 or 0, one.currency)}"
    second |= {
        "value": money(one.penalty or 0, one.currency), "note": " · ".join(part for part in (was_money, sure) if part),
        "spark": [float(week.penalty) for week in weeks], "tone": tone,
    }  # fmt: skip
    return [first, second]


def _on_track(known: Known, before: Known, weeks: Sequence[float | None], team: Team) -> dict[str, Any]:
    now, was = (sum(one.state == "ok" for one in moment.open) for moment in (known, before))
    delivered = sum(_just_delivered(one, known) for one in known.promises if not one.is_milestone)
    note = f"was {was} of {len(before.open)} last week" if before.open else "none the week before"
    return {
        "label": "Commitments on track", "value": now, "unit": f"of {len(known.open)} open", "spark": weeks,
        "note": f"{note} · {delivered} delivered" if delivered else note,
        "url": reverse("delivery:commitments", args=[team.slug]),
    }  # fmt: skip


def _waiting(known: Known, queue: Queue, team: Team, waited: Sequence[int]) -> dict[str, Any]:
    days = (known.today - queue.oldest).days if queue.oldest else 0
    was = [f"was {waited[-1]} last week"] if waited else []
    note = " · ".join([*was, f"oldest {ui.plural(days, 'day')}" if queue.items else "nothing waits"])
    url = reverse("stakeholders:needs", args=[team.slug])
    return {"label": "Waiting for you", "value": len(queue.items), "note": note, "url": url,
            "spark": [float(one) for one in (*waited, len(queue.items))] if waited else None}  # fmt: skip


# --- what is near ----------------------------------------------------------------------------------------------------


def coming(known: Known, team: Team) -> list[dict[str, Any]]:
    """Promised, needed or due within two weeks, and what is overdue; nearest first."""
    until = known.today + AHEAD
    found: list[tuple[date, str, str, str]] = []
    for one in known.promises:
        if one.is_open and one.due <= until:
            chance = Chance(one.hits, one.trials).words if one.hits is not None and one.trials else ""
            note = "overdue" if one.due < known.today else f"{chance} likely" if chance else "no forecast"
            found.append(
                (one.due, one.title, f"{one.team_name}, {note}", reverse("delivery:commitment", args=[one.id]))
            )
    for need in known.of("needs"):
        before = known.get("promises", need.before)
        still = need.agreed is None and need.step != "met" and (before is None or before.is_open)
        if still and need.needed_by and need.needed_by <= until:
            url = reverse("delivery:dependency", args=[need.id])
            found.append((need.needed_by, f"{need.asks} needs {need.before_title}", "nobody has agreed a day", url))
    for deadline in known.deadlines:
        if deadline.date <= until:
            url = reverse("delivery:commitment", args=[deadline.milestone])
            found.append((deadline.date, deadline.name, "deadline", url))
    return [
        {"when": ui.weekday(day), "text": text, "note": note, "url": url}
        for day, text, note, url in sorted(found)[:MOST_NEAR]
    ]


def _near(day: date) -> str:
    return f"{day.day} {day:%b}"
