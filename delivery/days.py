"""What the pages of deadlines and days off show. Reads in a fixed number of queries, whatever the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from teams import access, spoken
from teams.models import Team, User
from teams.templatetags import ui

from . import shown
from .actions.rules import today as this_day
from .models import Deadline, Holiday, PenaltyWindow
from .status import by_chance

MOST_CLOSED = 30


def money(cents: int | None, currency: str) -> str:
    """“$160k”; “CHF 160k” where a currency has no sign here."""
    return spoken.cash(cents, currency)


def window_words(row: PenaltyWindow, currency: str) -> str:
    """“$18k a day from 2 Jan”."""
    rate = {"day": " a day", "week": " a started week", "fixed": " once"}.get(row.kind, "")
    when = f"{ui.days(row.from_date, row.to_date)}" if row.to_date else f"from {ui.day(row.from_date)}"
    most = f", at most {money(row.cap, currency)}" if row.cap is not None else ""
    return f"{money(row.amount, currency)}{rate} {when}{most}"


# --- deadlines -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Line:
    """One deadline with its newest forecast, and its place on the axis that all rows share."""

    now: shown.DeadlineNow
    may_open: bool  # whether the milestone's page may be opened
    axis: tuple[date, date]

    @property
    def row(self) -> Deadline:
        return self.now.row

    @property
    def state(self) -> str:
        if self.row.milestone.delivered_on:
            return "delivered"
        return by_chance(self.now.chance).value if self.now.chance else "none"

    @property
    def chance_words(self) -> str:
        if self.row.milestone.delivered_on:
            return f"Reached {ui.day(self.row.milestone.delivered_on)}"
        return self.now.chance.words if self.now.chance else "No forecast"

    @property
    def windows(self) -> list[str]:
        found = [window_words(one, self.row.currency) for one in self.row.windows.all()]
        if found and self.row.cap is not None:
            found.append(f"at most {money(self.row.cap, self.row.currency)} in all")
        return found

    @property
    def expected(self) -> str:
        if self.now.forecast is None:
            return ui.MISSING
        return money(self.now.forecast.penalty, self.row.currency) if self.windows else "None agreed"

    @property
    def sure_under(self) -> str:
        forecast = self.now.forecast
        return money(forecast.penalty_85, self.row.currency) if forecast and self.windows else ""

    @property
    def float_words(self) -> str:
        forecast = self.now.forecast
        if forecast is None or self.row.milestone.delivered_on:
            return ui.MISSING
        days = ui.plural(abs(forecast.float_days), "day")
        return f"{days} to win back" if forecast.float_days < 0 else f"{days} to spare"

    @property
    def against(self) -> str:
        """The even-odds date against the deadline."""
        late = self.now.days_late
        if late is None:
            return ""
        if not late:
            return "on the day"
        return f"{ui.plural(abs(late), 'day')} {'late' if late > 0 else 'early'}"

    def _x(self, day: date) -> str:
        first, last = self.axis
        share = (day - first).days / max((last - first).days, 1)
        return f"{min(max(share, 0), 1) * 100:.2f}"

    @property
    def due_x(self) -> str:
        return self._x(self.row.date)

    @property
    def even_x(self) -> str:
        return self._x(self.now.forecast.even) if self.now.forecast else ""

    @property
    def wide(self) -> str:
        forecast = self.now.forecast
        return f"{float(self._x(forecast.sure)) - float(self._x(forecast.even)):.2f}" if forecast else "0"

    @property
    def late_wide(self) -> str:
        """The part of the bar that lies past the deadline."""
        if self.now.forecast is None or self.now.forecast.sure <= self.row.date:
            return "0"
        return f"{float(self._x(self.now.forecast.sure)) - float(self.late_x):.2f}"

    @property
    def late_x(self) -> str:
        forecast = self.now.forecast
        return self._x(max(forecast.even, self.row.date)) if forecast else "0"


@dataclass(slots=True)
class Deadlines:
    """The deadlines that bind a scope, nearest first, and those that no longer do."""

    lines: list[Line]
    closed: list[Deadline]
    axis: tuple[date, date]

    @property
    def sentence(self) -> str:
        if not self.lines:
            return "No outside date binds these teams."
        late = [one for one in self.lines if one.state == "late"]
        if len(late) == 1:
            one = late[0]
            cost = f", {one.expected} expected" if one.windows else ""
            return f"{one.row.name} is likely late: forecast for {ui.day(one.now.forecast.even)}{cost}."  # type: ignore[union-attr]  # late means that there is a forecast
        if late:
            return f"{len(late)} of {len(self.lines)} deadlines are likely late."
        risky = sum(one.state == "risk" for one in self.lines)
        if risky:
            return f"{risky} of {ui.plural(len(self.lines), 'deadline')} {'is' if risky == 1 else 'are'} at risk."
        unknown = sum(one.state == "none" for one in self.lines)
        if unknown:
            have = "has" if unknown == 1 else "have"
            return f"{unknown} of {ui.plural(len(self.lines), 'deadline')} {have} no forecast yet."
        return "Every deadline is on track."


def deadlines(user: User, team: Team) -> Deadlines:
    """Those of `team` and below, and those of others that wait for a commitment here."""
    seen = set(access.teams(user).values_list("pk", flat=True))
    scope = set(access.below(user, team).values_list("pk", flat=True))
    ids = shown.visible(user).filter(team__in=scope).values("pk")
    found = shown.deadlines_of(scope, ids)  # type: ignore[arg-type]  # a query does for a set of ids
    axis = _axis(found)
    closed = Deadline.objects.filter(team__in=scope, closed_at__isnull=False).select_related("milestone", "closed_by")
    return Deadlines(
        [Line(one, one.row.milestone.team_id in seen, axis) for one in found],
        list(closed.order_by("-closed_at")[:MOST_CLOSED]),
        axis,
    )


def _axis(found: list[shown.DeadlineNow]) -> tuple[date, date]:
    days = [one.row.date for one in found]
    days += [day for one in found if one.forecast for day in (one.forecast.even, one.forecast.sure)]
    pad = timedelta(days=3)
    return (min(days, default=this_day()) - pad, max(days, default=this_day()) + pad)


# --- days off --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class DayOff:
    """A day on which a team does not work, and whose day it is."""

    row: Holiday
    source: str  # the team above that it comes from; "" for its own
    is_own: bool


@dataclass(slots=True)
class DaysOff:
    """The coming days off of a team, its own and those of the groups above it; the past ones behind them."""

    coming: list[DayOff]
    past: list[DayOff]


def holidays(user: User, team: Team) -> DaysOff:
    above = [one.pk for one in Team.objects.ancestors(team)]
    seen = set(access.teams(user).values_list("pk", flat=True))
    rows = Holiday.objects.filter(team__in=[team.pk, *above]).select_related("team").order_by("day", "team__name")
    found = [DayOff(row, _source(row.team, team, seen), row.team_id == team.pk) for row in rows]
    today = this_day()
    return DaysOff(
        [one for one in found if one.row.day >= today], [one for one in reversed(found) if one.row.day < today]
    )


def _source(owner: Team, team: Team, seen: set[int]) -> str:
    if owner.pk == team.pk:
        return ""
    return owner.name if owner.pk in seen else "a group above"
