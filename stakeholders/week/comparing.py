"""The options of one item side by side, as the queue shows them: what each costs, and what it brings.

Options of a slip carry their what-if, made on the same draws as the forecast; those of a decision carry what whoever
asked has said. What-ifs take a moment: the page shows those that are kept, and one item is worked out when opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from delivery import recovery
from delivery.chance import Chance
from delivery.inputs import Inputs
from delivery.recovery import money
from teams.templatetags import ui

from .known import Deadline, Known
from .needs import Item


@dataclass(frozen=True, slots=True)
class Row:
    """One option. Figures are "" where nobody knows them."""

    letter: str
    pk: int
    title: str
    note: str
    cost: str
    lands: str
    chance: str
    penalty: str
    advised: bool
    penalty_cents: int | None = None
    lands_on: date | None = None
    cost_cents: int | None = None
    share: float | None = None  # the chance, 0–1


@dataclass(frozen=True, slots=True)
class Table:
    """`complete`: every figure is there; else the item wants to be opened. `lands` and `chance` head their columns."""

    rows: tuple[Row, ...]
    complete: bool
    lands: str = "Lands"
    chance: str = "Chance"

    @property
    def best(self) -> Row | None:
        """The one with the least expected penalty, then the earliest; None without figures."""
        known = [one for one in self.rows if one.penalty_cents is not None and one.lands_on is not None]
        return min(known, key=lambda one: (one.penalty_cents or 0, one.lands_on or date.max), default=None)

    @property
    def picked(self) -> int | None:
        """The advised option; else nothing is picked beforehand."""
        return next((one.pk for one in self.rows if one.advised), None)


def table(item: Item, known: Known, *, work_out: bool, inputs: Inputs | None = None) -> Table | None:
    """`work_out`: make the what-ifs that are missing, from `inputs` if given; else only those that are kept."""
    if item.kind == "options":
        return _of_slip(item, known, work_out=work_out, inputs=inputs)
    return _of_decision(item) if item.kind == "decision" and item.options else None


def _of_slip(item: Item, known: Known, *, work_out: bool, inputs: Inputs | None) -> Table:
    options, deadline = item.source, item.deadline
    if work_out:
        figures = recovery.worked_out(item.number, options, inputs)
    else:
        figures = recovery.remembered(options, known.forecast_digest)
    rows = tuple(
        _slip_row(letter, one, figures.get(one.pk), deadline)
        for (letter, _), one in zip(item.options, options, strict=True)
    )
    chance = f"Chance of {_near(deadline.date)}" if deadline else "Chance"
    lands = deadline.title if deadline and len(deadline.title) <= 18 else "Milestone" if deadline else "Lands"
    return Table(rows, len(figures) == len(options), lands, chance)


def _slip_row(letter: str, one: Any, held: dict[str, Any] | None, deadline: Deadline | None) -> Row:
    said = []
    if one.is_advised:
        said.append(f"Advised by {one.by}" if one.by else "Advised")
    if one.scope_given_up:
        said.append(f"Gives up: {one.scope_given_up}")
    if one.risk_left:
        said.append(f"Risk left: {one.risk_left}")
    lands, chance, share, penalty = (held["lands"] if held else None), "", None, None
    if held and deadline is not None and deadline.id in held["deadlines"]:
        lands, hits, trials, penalty = held["deadlines"][deadline.id]
        chance, share = Chance(hits, trials).words, hits / trials
    return Row(
        letter, one.pk, one.title, ". ".join(said), money(one.cost, one.currency), _near(lands) if lands else "",
        chance, money(penalty, deadline.currency) if penalty is not None and deadline else "", one.is_advised,
        penalty, lands, one.cost, share,
    )  # fmt: skip


def _of_decision(item: Item) -> Table:
    rows = tuple(
        Row(
            one.letter, one.pk, one.title, f"Advised. {one.words}".strip() if one.is_advised else one.words,
            _cost(one, item.currency), _near(one.lands_on) if one.lands_on else "",
            ui.percent(one.chance) if one.chance is not None else "",
            money(one.penalty, item.currency) if one.penalty is not None else "", one.is_advised, one.penalty,
            one.lands_on, one.cost, one.chance,
        )
        for one in item.source.options.all()
        if one.withdrawn_at is None
    )  # fmt: skip
    return Table(rows, True)


def _cost(one: Any, currency: str) -> str:
    parts = [money(one.cost, currency)] if one.cost is not None else []
    if one.cost_yearly:
        parts.append(f"{money(one.cost_yearly, currency)} a year")
    return " + ".join(parts)


def _near(day: date) -> str:
    return f"{day.day} {day:%b}"


def remedy(found: Table | None, item: Item | None) -> str:
    """The best option in words, for the grey lines under the headline; "" where nothing is on the table."""
    if found is None or item is None or item.kind != "options":
        return ""
    best = found.best
    if best is not None and best.lands_on is not None and item.deadline is not None:
        saved = (item.deadline.even - best.lands_on).days if item.deadline.even else 0
        if saved <= 0:
            return "No option on the table brings it earlier."
        return f"The best recovery option on the table brings {item.deadline.title} back to {_near(best.lands_on)}."
    advised = next((one for one in found.rows if one.advised), None)
    return f"Advised: {advised.title}." if advised else ""
