"""The scorecard of a team: six indicators from their rows, the same for each squad below, and one indicator opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.urls import reverse

from stakeholders.scorecard import DEFINITIONS, Aside, Definition, Indicator, Key, Row, headline, shares
from teams.attrition import LEAST_PEOPLE
from teams.templatetags import ui

from . import rows as reading
from .gather import Gathered

WHY_NOT = {
    Key.ROADMAP: "no promise was missed in these weeks",
    Key.DEBT: "no debt is on record",
    Key.DEPENDENCIES: "no dependency was needed in these weeks",
    Key.ATTRITION: "nobody senior was here a year ago",
    Key.COMMUNICATION: "no decision was asked for in these weeks",
    Key.AGILE: "no retro action was due in these weeks",
}
ROWS_AT: dict[Key, Callable[[Gathered, date], list[Row]]] = {
    Key.ROADMAP: reading.roadmap,
    Key.DEBT: reading.debt,
    Key.DEPENDENCIES: reading.dependencies,
    Key.ATTRITION: reading.seniors,
    Key.COMMUNICATION: reading.escalations,
    Key.AGILE: reading.retro,
}


@dataclass(frozen=True, slots=True)
class Squad:
    """One squad's own number of an indicator."""

    name: str
    slug: str
    one: Indicator
    not_measurable: str = ""

    @property
    def words(self) -> str:
        return f"{self.one.part} of {self.one.of}" if self.one.of else ui.MISSING


class Card:
    """What the pages show of a scope."""

    def __init__(self, got: Gathered) -> None:
        self.got = got

    @cached_property
    def indicators(self) -> list[Indicator]:
        return [self._indicator(definition) for definition in DEFINITIONS.values()]

    @cached_property
    def sentence(self) -> str:
        return headline(self.indicators)

    @property
    def lines(self) -> list[Line]:
        return [Line(one, self) for one in self.indicators]

    def one(self, key: Key) -> Indicator:
        return next(one for one in self.indicators if one.definition.key is key)

    def _indicator(self, definition: Definition) -> Indicator:
        key, got = definition.key, self.got
        sets = [ROWS_AT[key](got, end) for end in got.ends]
        rows = tuple(sets[-1])
        return Indicator(
            definition=definition,
            rows=rows,
            trend=shares(sets),
            asides=tuple(self._asides(key, list(rows))),
            why_not=WHY_NOT[key],
            extra=self._extra(key),
            hide_share=key is Key.ATTRITION and 0 < len(rows) < LEAST_PEOPLE,
        )

    def _asides(self, key: Key, rows: list[Row]) -> list[Aside]:
        if key is Key.ROADMAP:
            return reading.roadmap_asides(self.got)
        if key is Key.DEBT:
            return reading.debt_asides(self.got)
        if key is Key.DEPENDENCIES:
            return reading.dependency_asides(self.got)
        if key is Key.ATTRITION:
            return reading.growth(rows)
        return reading.communication_asides(self.got) if key is Key.COMMUNICATION else reading.agile_asides(self.got)

    def _extra(self, key: Key) -> str:
        if key is Key.ROADMAP:
            return reading.median_warning(self.got)
        return reading.interest_words(self.got) if key is Key.DEBT else ""

    def squads(self, key: Key) -> list[Squad]:
        """Each team's part of the rows, in the order of the tree; those without rows are left out."""
        whole, found = self.one(key), []
        marks = {
            one.team_id: f"not yet measurable by DORA since {ui.day(one.since)}" for one in self.got.not_measurable
        }
        for team in self.got.teams:
            own = tuple(row for row in whole.rows if row.squad == str(team.pk))
            if own or team.pk in marks:
                small = key is Key.ATTRITION and len(own) < LEAST_PEOPLE
                one = Indicator(definition=whole.definition, rows=own, hide_share=small)
                found.append(Squad(team.name, team.slug, one, marks.get(team.pk, "")))
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator as the page draws it."""

    one: Indicator
    card: Card

    @property
    def url(self) -> str:
        return self.address()

    def address(self, ending: str = "") -> str:
        name = "stakeholders:scorecard_csv" if ending else "stakeholders:indicator"
        got = self.card.got
        said = reverse(name, args=[got.team.slug, self.one.definition.key.value])
        return said if got.weeks == 12 else f"{said}?weeks={got.weeks}"

    @property
    def noun(self) -> str:
        one, _, many = self.one.definition.noun.partition(",")
        return one if self.one.of == 1 else many

    @property
    def at(self) -> str:
        return _percent(self.one.place)

    @property
    def was(self) -> str:
        return _percent(self.one.before)

    @property
    def path(self) -> tuple[str, str] | None:
        """Where the stretch between then and now begins, and how wide it is."""
        now, then = self.one.place, self.one.before
        if now is None or then is None:
            return None
        return f"{min(now, then) * 100:.2f}", f"{abs(now - then) * 100:.2f}"

    @property
    def band(self) -> tuple[str, str] | None:
        band = self.one.band
        return (f"{band[0] * 100:.2f}", f"{(band[1] - band[0]) * 100:.2f}") if band else None

    @property
    def drawn(self) -> str:
        """The line read aloud."""
        if self.one.place is None:
            return f"{self.one.definition.title}: {self.one.word}"
        low, high = self.one.band or (0.0, 1.0)
        return (
            f"{self.one.definition.title}: {ui.percent(self.one.place)} of the way to high-performing, "
            f"somewhere between {ui.percent(low)} and {ui.percent(high)}"
        )

    @property
    def tone(self) -> str:
        return {"risk": "risk", "late": "late"}.get(self.one.state, "")

    @property
    def asides(self) -> str:
        """The other evidence in a line."""
        said = [f"{one.title}: {one.words}." for one in self.one.asides]
        return " ".join([one for one in [self.one.extra] if one] + said)

    @property
    def squads(self) -> list[Squad]:
        return self.card.squads(self.one.definition.key)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.2f}"


CSV = ("indicator", "evidence", "row", "what", "team", "on", "counts", "of", "note")


def csv_rows(card: Card, indicators: Sequence[Indicator]) -> list[list[Any]]:
    """Each row behind the numbers; the sums of `counts` and `of` are the numbers."""
    found: list[list[Any]] = []
    for one in indicators:
        parts = [("main", one.rows), *((aside.key, aside.rows) for aside in one.asides)]
        for name, rows in parts:
            found += [
                [
                    one.definition.key.value,
                    name,
                    row.id,
                    row.label,
                    card.got.team_name(row.squad),
                    row.on or "",
                    row.part,
                    row.of,
                    row.note,
                ]
                for row in rows
            ]
    return found
