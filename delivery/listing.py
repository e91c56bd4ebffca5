"""The commitments of a scope as a list: filtered, sorted, grouped, all on one axis. `sheet.py` makes it a file.

Status and forecast are computed, so that they are filtered and sorted here and not in the database. One reading of the
records serves the page and the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q

from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import bars, shown
from .models import Commitment, PlanningInterval
from .models.promises import CommitmentQuerySet
from .shown import Board, DeadlineNow, Shown

PAGE = 200
WHICH = {"open": "Open", "delivered": "Delivered", "cancelled": "Cancelled", "all": "All"}
STATUS = {
    "late": "Likely late", "risk": "At risk", "ok": "On track", "stale": "Stale", "none": "No forecast",
}  # fmt: skip
RANK = ["late", "stale", "risk", "none", "ok", "delivered", "cancelled"]
GROUPS = {"team": "Team", "outcome": "Outcome", "status": "Status", "none": "One list"}
FAR = date.max
Key = Callable[["Line"], Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One commitment in the list. Only what the list knows and `Shown` does not: cancelled, and where it stands."""

    one: Shown

    @property
    def state(self) -> str:
        return "cancelled" if self.one.row.cancelled_at else self.one.state

    @property
    def shape(self) -> str:
        return "none" if self.state in ("cancelled", "stale") else self.state

    @property
    def before_silence(self) -> str:
        """What the numbers of a stale one say."""
        said = self.one.status.current.without_news
        return said.words if said is not None and self.state == "stale" else ""

    @property
    def word(self) -> str:
        return "Cancelled" if self.one.row.cancelled_at else self.one.word

    @property
    def against(self) -> int | None:
        return None if self.one.row.cancelled_at else self.one.days_against_due

    @property
    def forecast(self) -> tuple[date, date] | None:
        line = self.one.line
        return (line.even, line.sure) if line is not None and self.one.row.is_open else None

    @property
    def chance(self) -> str:
        return self.one.chance.words if self.one.chance and self.one.row.is_open else ""

    @property
    def tone(self) -> str:
        """Of the figures: coloured only when it is bad."""
        said = self.one.status.current.without_news or self.one.status.current.standing
        return said.value if said.value in ("risk", "late") and self.one.row.is_open else ""

    @property
    def early(self) -> int:
        return -(self.against or 0)

    def on(self, axis: bars.Axis) -> bars.Range:
        row, forecast = self.one.row, self.forecast
        return bars.Range(
            due=axis.at(self.one.promised_on),
            first=axis.at(row.first_promised_on) if self.one.moved else None,
            even=axis.at(forecast[0]) if forecast else None,
            sure=axis.at(forecast[1]) if forecast else None,
            done=axis.at(row.delivered_on) if row.delivered_on else None,
        )

    def days(self) -> list[date]:
        row, forecast = self.one.row, self.forecast
        known = [self.one.promised_on, row.first_promised_on, row.delivered_on, *(forecast or ())]
        return [day for day in known if day is not None]


SORTS: dict[str, tuple[str, Key]] = {
    "due": ("Due", lambda line: (line.one.promised_on,)),
    "title": ("Name", lambda line: (line.one.row.title.casefold(),)),
    "status": ("Status", lambda line: (RANK.index(line.state) if line.state in RANK else len(RANK),)),
    "forecast": ("Forecast", lambda line: line.forecast or (FAR, FAR)),
    "chance": ("On time", lambda line: (line.one.chance.share if line.chance and line.one.chance else 2,)),
    "against": ("Against due", lambda line: (line.against is None, -(line.against or 0))),
}
GROUPED: dict[str, Key] = {  # by team: in the order of the tree, which the listing knows
    "outcome": lambda line: (line.one.row.outcome is None, str(line.one.row.outcome or "")),
    "status": lambda line: (RANK.index(line.state) if line.state in RANK else len(RANK),),
    "none": lambda line: (),
}


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    note: str
    lines: list[tuple[Line, bars.Range]]


@dataclass
class Listing:
    """What the address asks for; an answer that is not offered counts as not given."""

    user: User
    team: Team
    params: Mapping[str, str]

    def _asked(self, name: str, offered: Mapping[str, Any], usual: str) -> str:
        given = self.params.get(name, usual)
        return given if given in offered else usual

    @property
    def which(self) -> str:
        return self._asked("which", WHICH, "open")

    @property
    def sort(self) -> str:
        return self._asked("sort", SORTS, "due")

    @property
    def group(self) -> str:
        return self._asked("group", GROUPS, "team")

    @property
    def status(self) -> str:
        return self._asked("status", STATUS, "")

    @property
    def text(self) -> str:
        return self.params.get("q", "").replace("\x00", "").strip()[:200]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.status or self.interval_id or self.squad_slug or self.which != "open")

    @property
    def interval_id(self) -> int | None:
        given = self.params.get("interval", "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None

    @property
    def squad_slug(self) -> str:
        given = self.params.get("squad", "")
        return given if given in {team.slug for team in self.teams} else ""

    # --- what there is to choose --------------------------------------------------------------------------------------

    @cached_property
    def teams(self) -> list[Team]:
        """Open teams of the scope that promise something, in the order of the tree."""
        return list(access.below(self.user, self.team).filter(closed_at=None).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries

    @cached_property
    def intervals(self) -> list[PlanningInterval]:
        above = [team.pk for team in Team.objects.ancestors(self.team)]
        here = Q(team__in=access.below(self.user, self.team)) | Q(team__in=above)
        return list(PlanningInterval.objects.filter(here).distinct()[:100])

    # --- what was found -----------------------------------------------------------------------------------------------

    def query(self) -> CommitmentQuerySet:
        rows = Commitment.objects.filter(team__in=access.below(self.user, self.team))
        if self.which == "open":
            rows = rows.open()
        elif self.which != "all":
            rows = rows.exclude(**{{"delivered": "delivered_on", "cancelled": "cancelled_at"}[self.which]: None})
        if self.text:
            words = Q(title__icontains=self.text) | Q(about__icontains=self.text) | Q(owner__name__icontains=self.text)
            rows = rows.filter(words | Q(outcome__title__icontains=self.text))
        if self.squad_slug:
            rows = rows.filter(team__slug=self.squad_slug)
        return rows.filter(interval=self.interval_id) if self.interval_id else rows

    @cached_property
    def board(self) -> Board:
        return shown.board(self.query(), deadlines=False)

    @cached_property
    def lines(self) -> list[Line]:
        """All that fit the filters, in order."""
        found = [Line(one) for one in self.board.shown]
        if self.status:
            found = [line for line in found if line.state == self.status]
        key, grouped = SORTS[self.sort][1], self._group_key
        return sorted(found, key=lambda line: (grouped(line), key(line), line.one.row.pk))

    @property
    def _group_key(self) -> Key:
        if self.group != "team":
            return GROUPED[self.group]
        place = {team.pk: index for index, team in enumerate(self.teams)}
        return lambda line: (place.get(line.one.row.team_id, len(place)), line.one.row.team_id)

    @cached_property
    def page(self) -> Page[Line]:
        return Paginator(self.lines, PAGE).get_page(self.params.get("page"))

    @cached_property
    def axis(self) -> bars.Axis:
        days = [day for line in self.page for day in line.days()]
        days += [one.row.date for one in self.deadlines]
        return bars.axis(days, today=self.board.today)

    @cached_property
    def deadlines(self) -> list[DeadlineNow]:
        """The nearest three that lie ahead and belong to this scope or to a group above it."""
        above = {team.pk for team in Team.objects.ancestors(self.team, include_self=True)}
        found = shown.deadlines_of(above | {team.pk for team in self.teams}, ())
        return [one for one in found if one.row.date >= self.board.today][:3]

    @property
    def marks(self) -> list[tuple[float, DeadlineNow]]:
        return [(self.axis.at(one.row.date), one) for one in self.deadlines]

    @property
    def wash(self) -> tuple[float, float] | None:
        """From, width: where the nearest deadline's penalty runs."""
        first = next((one for one in self.deadlines if one.row.windows.all()), None)
        if first is None:
            return None
        start = self.axis.at(min(window.from_date for window in first.row.windows.all()))
        return start, round(100 - start, 2)

    @property
    def today_x(self) -> float:
        return self.axis.at(self.board.today)

    @cached_property
    def groups(self) -> list[Group]:
        found = []
        for _, members in groupby(self.page, key=self._group_key):
            rows = list(members)
            title, note = self._named(rows[0])
            found.append(Group(title, note, [(line, line.on(self.axis)) for line in rows]))
        return found

    def _named(self, line: Line) -> tuple[str, str]:
        row = line.one.row
        if self.group == "team":
            return row.team.name, row.team.about
        if self.group == "outcome":
            return (row.outcome.title, "") if row.outcome else ("No outcome named", "")
        return (line.word, "") if self.group == "status" else ("", "")

    @property
    def counts(self) -> str:
        """In a sentence: how many, and how they stand."""
        tally = [(STATUS[state], sum(line.state == state for line in self.lines)) for state in STATUS]
        said = [f"{number} {word.lower()}" for word, number in tally if number]
        many = ui.plural(len(self.lines), "commitment")
        return f"{many}: {', '.join(said)}." if said else f"{many}."
