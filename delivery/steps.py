"""The next step of a contract: what it waits for, who may take it, and taking it.

The team that is asked offers a day; whoever did not name the last day agrees to it; so no one agrees with themselves.
A director over either side may take every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from teams import access
from teams.access import Right
from teams.models import User
from teams.templatetags import ui

from . import actions
from .actions import Changed, Refused
from .models import DependencyEvent
from .need import Need

Step = DependencyEvent.Step


@dataclass(frozen=True, slots=True)
class Party:
    """On which sides of a contract somebody may log."""

    asks: bool
    gives: bool
    directs: bool

    @property
    def may_offer(self) -> bool:
        return self.gives or self.directs


def party(user: User, need: Need) -> Party:
    """Two queries."""
    both = [need.asks.pk, need.gives.pk]
    log = set(access.teams(user, Right.LOG).filter(pk__in=both).values_list("pk", flat=True))
    directs = access.teams(user, Right.DECIDE).filter(pk__in=both).exists()
    return Party(need.asks.pk in log, need.gives.pk in log, directs)


def open_to(need: Need, who: Party) -> list[tuple[str, str]]:
    """The steps that fit now and that this party may take, the likeliest first."""
    step, gives, asks = need.contract.step, who.gives or who.directs, who.asks or who.directs
    if need.row.removed_at is not None or step == Step.MET:
        return []
    gives_name, asks_name = need.gives.name, need.asks.name
    day = ui.day(need.contract.on) if need.contract.on else ""
    offer = (gives, Step.OFFERED, f"{gives_name} offers a day")
    again = (gives, Step.OFFERED, f"{gives_name} offers another day")
    counter = (asks, Step.COUNTERED, f"{asks_name} asks for another day")
    met = (asks or gives, Step.MET, "It is there: met")
    broken = (asks or gives, Step.BROKEN, "The agreed day will not be kept")
    fitting: dict[str, list[tuple[bool, Step, str]]] = {
        Step.REQUESTED: [offer, *([(gives, Step.AGREED, f"{gives_name} agrees to {day}")] if day else []), met],
        Step.OFFERED: [(asks, Step.AGREED, f"{asks_name} agrees to {day}"), counter, again, met],
        Step.COUNTERED: [(gives, Step.AGREED, f"{gives_name} agrees to {day}"), again, counter, met],
        Step.AGREED: [met, broken],
        Step.BROKEN: [again, counter, met],
    }
    return [(name.value, words) for allowed, name, words in fitting.get(step, [offer, met]) if allowed]


def waits_for(need: Need) -> str:
    """Whose turn it is, in one sentence."""
    step, day = need.contract.step, ui.day(need.contract.on)
    if need.row.removed_at is not None:
        return "It was removed; this is its record."
    if need.is_done:
        return f"Nobody waits any more since {ui.day(need.ended_on)}."
    return {
        Step.REQUESTED: f"{need.gives.name} has not offered a day yet.",
        Step.OFFERED: f"{need.gives.name} offers {day}; {need.asks.name} has not answered.",
        Step.COUNTERED: f"{need.asks.name} asks for {day}; {need.gives.name} has not answered.",
        Step.AGREED: f"Both hold to {day}.",
        Step.BROKEN: f"The agreed day was broken; {need.gives.name} has not offered a new one.",
    }.get(step, "")  # type: ignore[call-overload]  # a str is looked up among its enum


def take(user: User, need: Need, said: dict[str, Any]) -> str:
    """Take the step; what to say. Raises Changed when somebody was faster."""
    last = need.contract.events[-1] if need.contract.events else None
    if last is not None and said["seen"] not in (None, last.pk):
        theirs = f"{need.contract.step_name.lower()}, {ui.day(last.on)}"
        raise Changed(f"{last.by_name} was faster: {theirs}. Read it, then send again.")
    step, on = said["step"], said["on"]
    verbs = {
        Step.OFFERED: actions.offer,
        Step.COUNTERED: actions.counter,
        Step.AGREED: actions.agree,
        Step.MET: actions.meet,
        Step.BROKEN: actions.break_off,
    }
    if step == Step.AGREED and need.contract.on and on != need.contract.on:
        table = ui.day(need.contract.on)
        raise Refused(f"The day on the table is {table}. For another one, name another day instead.", "on")
    verbs[step](dependency=need.row, on=on, by=user, words_=said["words"], evidence=said["evidence"])
    return {
        Step.OFFERED: f"{ui.day(on)} is offered.",
        Step.COUNTERED: f"{ui.day(on)} is asked for.",
        Step.AGREED: f"Agreed: {ui.day(on)}.",
        Step.MET: "Met. Nobody waits any more.",
        Step.BROKEN: "The agreed day is broken, and on record.",
    }[step]
