"""One thing that waits, who asks, and what of the forecast hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from delivery.actions.rules import today as this_day
from delivery.models import Option
from delivery.recovery import money
from metrics.vitals import Red, Vital
from stakeholders.week.gather import Feed
from stakeholders.week.known import Deadline, Known
from stakeholders.week.ordering import Weight
from teams.attrition import Stint
from teams.models import Person, Team, User
from teams.templatetags import ui


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits. `latest`: the last day to which it may be put off; `act` leads to where it is settled."""

    key: str
    title: str
    why: str
    weight: Weight
    team: int
    url: str
    word: str = "Open"
    currency: str = "USD"
    latest: date | None = None
    money_words: str = ""
    options: tuple[tuple[str, str], ...] = ()  # letter, title
    source: Any = None  # the record that it is about
    deadline: Deadline | None = None
    note: str = ""  # "Passed to you by Maya Lindqvist"

    @property
    def kind(self) -> str:
        return self.key.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.key.rpartition("-")[2])

    @property
    def decides(self) -> bool:
        """Whether it is decided in place."""
        return self.kind in ("options", "decision") and bool(self.options)

    @property
    def stake(self) -> str:
        return self.money_words or (money(self.weight.money, self.currency) if self.weight.money else "")

    @property
    def days_words(self) -> str:
        return f"{ui.plural(self.weight.days, 'day')} late" if self.weight.days and self.weight.days > 0 else ""

    @property
    def waited(self) -> str:
        days = (this_day() - self.weight.since).days
        return f"waiting {ui.plural(days, 'day')}" if days > 0 else "new today"


@dataclass
class Asked:
    """Who asks, about which scope, and what is known of it."""

    user: User
    team: Team
    teams: list[Team]
    known: Known
    feeds: list[Feed]
    stints: Mapping[int, list[Stint]]
    vitals: Mapping[int, list[Vital]] = field(default_factory=dict)
    red: list[Red] = field(default_factory=list)
    person: Person | None = None
    decides: frozenset[int] = frozenset()

    @cached_property
    def options(self) -> dict[int, list[Option]]:
        from .promises import open_options

        return open_options(self.known)

    @property
    def today(self) -> date:
        return self.known.today

    @property
    def names(self) -> dict[int, str]:
        return {one.pk: one.name for one in self.teams}


def deadline_of(known: Known, commitment: int) -> Deadline | None:
    """The nearest deadline on whose way a commitment lies."""
    on_way = [one for one in known.deadlines if commitment in one.chain or one.driving.get(str(commitment))]
    return min(on_way, key=lambda one: (one.date, one.id), default=None)


def share_of(known: Known, commitment: int) -> tuple[Deadline | None, int | None, int | None]:
    """The deadline, and how much of its expected penalty and days late go through this commitment."""
    deadline = deadline_of(known, commitment)
    if deadline is None or deadline.penalty is None:
        return deadline, None, None
    share = deadline.driving.get(str(commitment), 0.0)
    days = round((deadline.days_late or 0) * share)
    return deadline, round(deadline.penalty * share), days if days > 0 else None


def letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def day_of(at: datetime) -> date:
    """In the organisation's zone."""
    return at.astimezone(settings.ORGANISATION_ZONE).date()
