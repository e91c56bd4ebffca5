"""One dependency as pages show it: its state in a shape and a word, how long somebody has waited, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from teams.models import Team
from teams.templatetags import ui

from . import shown
from .models import Dependency, DependencyEvent, ForecastLine

Step, Kind, Found = DependencyEvent.Step, Dependency.Kind, Dependency.Found
SOON = timedelta(days=14)  # a need this near without an agreed day is at risk


@dataclass(slots=True)
class Need:
    """One contract as the pages show it. `days_blocked` are calendar days of waiting, up to now or to its end."""

    row: Dependency
    contract: shown.Contract
    line: ForecastLine | None  # of what is waited for
    today: date
    seen: set[int]  # teams that the person sees
    latest_safe: date | None = None
    deadline: str = ""

    @property
    def gives(self) -> Team:
        return self.row.before.team

    @property
    def asks(self) -> Team:
        return self.row.after.team

    @property
    def before_url(self) -> str:
        return self.row.before.get_absolute_url() if self.row.before.team_id in self.seen else ""

    @property
    def after_url(self) -> str:
        return self.row.after.get_absolute_url() if self.row.after.team_id in self.seen else ""

    @property
    def found_name(self) -> str:
        return Found(self.row.found).label if self.row.found in Found.values else self.row.found

    @property
    def found_words(self) -> str:
        return f"found {self.found_name.lower()}"

    def last_on(self, step: str) -> date | None:
        return next((event.on for event in reversed(self.contract.events) if event.step == step), None)

    @property
    def offered_on(self) -> date | None:
        return self.last_on(Step.OFFERED)

    @property
    def agreed_on(self) -> date | None:
        """The day that is agreed on and still stands."""
        return self.contract.agreed_on if self.contract.step in (Step.AGREED, Step.MET) else None

    @property
    def is_done(self) -> bool:
        return self.ended_on is not None

    @property
    def ended_on(self) -> date | None:
        """The day on which nobody waited any more; None while somebody may."""
        before, met = self.row.before, self.last_on(Step.MET)
        by_work = before.started_on if self.row.kind in (Kind.SS, Kind.SF) else before.delivered_on
        ends = [day for day in (met, by_work, self.row.after.delivered_on) if day]
        return min(ends) if ends else None

    @property
    def waits_since(self) -> date | None:
        """The first day of waiting: what was needed or agreed by then was not there, or the start was held up."""
        days = [self.row.needed_by, self.agreed_on]
        after = self.row.after
        if self.row.kind in (Kind.FS, Kind.SS) and after.started_on is None:
            days.append(after.no_earlier_than)
        return min((day for day in days if day), default=None)

    @property
    def days_blocked(self) -> int:
        since = self.waits_since
        return 0 if since is None else max(((self.ended_on or self.today) - since).days, 0)

    @property
    def state(self) -> str:
        return self._judged()[0]

    @property
    def word(self) -> str:
        return self._judged()[1]

    def _judged(self) -> tuple[str, str]:
        """Shape and word; the worst that is true."""
        step, needed, agreed = self.contract.step, self.row.needed_by, self.agreed_on
        if self.is_done:
            return "delivered", "Met"
        if self.row.before.cancelled_at is not None:
            return "late", "Provider cancelled"
        if step == Step.BROKEN:
            return "late", "Broken"
        if self.days_blocked:
            return "late", f"Blocked {ui.plural(self.days_blocked, 'day')}"
        if agreed is not None:
            if needed and agreed > needed:
                return "risk", "Agreed, too late"
            if self.line is not None and self.line.even > agreed:
                return "risk", "Agreed, forecast later"
            return "ok", "Agreed"
        soon = needed is not None and needed <= self.today + SOON
        return "risk" if soon else "open", self.contract.step_name

    @property
    def how(self) -> str:
        return how(self.row)

    @property
    def record(self) -> list[tuple[str, DependencyEvent]]:
        """What happened, newest first, each with its name."""
        return [(_step_name(event.step), event) for event in reversed(self.contract.events)]


def _step_name(step: str) -> str:
    return Step(step).label if step in Step.values else step


def how(row: Dependency) -> str:
    """Kind and lag in words: “Starts 5 working days after it is finished”."""
    verb = "Finishes" if row.kind in (Kind.FF, Kind.SF) else "Starts"
    event = "it has started" if row.kind in (Kind.SS, Kind.SF) else "it is finished"
    if not row.lag:
        return f"{verb} when {event}"
    unit = "calendar" if row.lag_in_calendar_days else "working"
    days = ui.plural(abs(row.lag), f"{unit} day,{unit} days")
    return f"{verb} {days} {'after' if row.lag > 0 else 'before'} {event}"
