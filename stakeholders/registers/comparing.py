"""One decision for its page: options side by side with their points, costs over the years, and the record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from delivery.recovery import money
from stakeholders.models import Criterion, Decision, DecisionEvent, DecisionOption, DecisionOutcome
from teams.templatetags import ui

from .weighing import Weighed, cost_over, weigh


@dataclass(frozen=True, slots=True)
class Side:
    """One option as a column or a row."""

    option: DecisionOption
    cost: str
    yearly: str
    over_years: str
    penalty: str
    points: list[int | None]  # in the order of the criteria
    weighed: Weighed
    is_taken: bool
    is_best: bool = False


@dataclass
class Compared:
    """`row` with its options, scores, criteria, events and outcomes prefetched."""

    row: Decision

    @cached_property
    def criteria(self) -> list[Criterion]:
        return list(self.row.criteria.all())

    @cached_property
    def events(self) -> list[DecisionEvent]:
        return list(self.row.events.all())

    @property
    def last(self) -> DecisionEvent:
        return self.events[-1]

    @property
    def record(self) -> list[DecisionEvent]:
        """Newest first."""
        return list(reversed(self.events))

    @property
    def waits(self) -> bool:
        return self.last.step in DecisionEvent.WAITING

    @property
    def asked_of(self) -> str:
        """Whose answer is waited for."""
        return self.last.person.name if self.last.person else ""

    @property
    def asked_by(self) -> str:
        return self.events[0].by_name

    @property
    def outcomes(self) -> list[DecisionOutcome]:
        return sorted(self.row.outcomes.all(), key=lambda one: -one.pk)

    @property
    def years(self) -> int | None:
        return self.row.years

    @cached_property
    def sides(self) -> list[Side]:
        taken = self.last.option_id
        weights = {one.pk: one.weight for one in self.criteria}
        made = []
        for option in self.row.options.all():
            points = {one.criterion_id: one.points for one in option.scores.all()}
            over = cost_over(option.cost, option.cost_yearly, self.row.years or 1)
            made.append(
                Side(
                    option, self._money(option.cost), self._money(option.cost_yearly), self._money(over),
                    self._money(option.penalty), [points.get(one.pk) for one in self.criteria], weigh(points, weights),
                    option.pk == taken,
                )
            )  # fmt: skip
        return made

    @property
    def on_table(self) -> list[Side]:
        return [one for one in self.sides if one.option.withdrawn_at is None]

    @property
    def best(self) -> Side | None:
        """The one with the most points; None while any is not weighed."""
        if not self.criteria or any(one.weighed.score is None for one in self.on_table):
            return None
        return max(self.on_table, key=lambda one: one.weighed.score or 0, default=None)

    @property
    def table(self) -> list[tuple[str, str, list[str]]]:
        """Rows of a build-or-buy table: label, note, and what stands under each option."""
        sides = self.sides
        rows = [
            (one.name, f"weight {one.weight}", [_number(side.points[place]) for side in sides])
            for place, one in enumerate(self.criteria)
        ]
        if self.criteria:
            rows.append(("Points", "of what could be had", [ui.percent(side.weighed.score) for side in sides]))
        years = ui.plural(self.row.years or 1, "year")
        return [
            *rows,
            ("Cost once", "", [side.cost for side in sides]),
            ("Cost a year", "", [side.yearly for side in sides]),
            (f"Cost over {years}", "", [side.over_years for side in sides]),
            ("Done by", "", [ui.day(side.option.lands_on) for side in sides]),
            ("Chance", "", [ui.percent(side.option.chance) for side in sides]),
            ("Penalty left", "", [side.penalty for side in sides]),
        ]

    def _money(self, cents: int | None) -> str:
        return "–" if cents is None else money(cents, self.row.currency)


def _number(points: int | None) -> str:
    return "–" if points is None else str(points)
