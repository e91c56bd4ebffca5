"""What needs a leader: gathered from everything that waits, weighed, and put in order.

What is at stake is what the forecast says today; several items often hang on the same money, so that it is never
added up. Another source of work is one more gatherer in `GATHERERS`. A fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.core.cache import cache

from stakeholders.models import QueueMove
from stakeholders.registers.people import person_of
from teams import access
from teams.access import Right
from teams.models import Team, User

from .ordering import ordered
from .waits import delivery, gates, promises, registers
from .waits.item import Asked, Item, deadline_of

MOST = 7
COUNT_SECONDS = 300

GATHERERS: tuple[Callable[[Asked], Iterable[Item]], ...] = (
    promises.options, promises.deadlines, promises.needs, registers.decisions, registers.acceptances,
    registers.requirements, delivery.sources, delivery.people, gates.coverage, gates.red,
)  # fmt: skip


@dataclass(slots=True)
class Queue:
    """The items of one person, the heaviest first; what was put off or handed on stands beside them."""

    items: list[Item]
    snoozed: list[tuple[Item, QueueMove]] = field(default_factory=list)
    passed: list[tuple[Item, QueueMove]] = field(default_factory=list)
    decided: int = 0

    @property
    def shown(self) -> list[Item]:
        return self.items[:MOST]

    @property
    def more(self) -> int:
        return max(len(self.items) - MOST, 0)

    @property
    def oldest(self) -> date | None:
        return min((one.weight.since for one in self.items), default=None)

    def find(self, key: str) -> Item | None:
        every = [*self.items, *(one for one, _ in self.snoozed), *(one for one, _ in self.passed)]
        return next((one for one in every if one.key == key), None)


def queue(asked: Asked) -> Queue:
    """Everything that waits for `asked.user`, in order."""
    asked.person = person_of(asked.user)
    asked.decides = frozenset(access.below(asked.user, asked.team, Right.DECIDE).values_list("pk", flat=True))
    every = [item for gatherer in GATHERERS for item in gatherer(asked)]
    moves = newest_moves([one.key for one in every])
    found = Queue([])
    for item in every:
        _place(item, moves.get(item.key), asked, found)
    found.items = ordered(found.items)
    found.decided = sum(_in_week(one.on, asked.today) for one in asked.known.of("choices")) + sum(
        one.state == "decided" and _in_week(one.on, asked.today) for one in asked.known.of("decisions")
    )
    cache.set(count_key(asked.user, asked.team), len(found.items), COUNT_SECONDS)
    return found


def _place(item: Item, move: QueueMove | None, asked: Asked, found: Queue) -> None:
    """Into the queue, or beside it."""
    mine = item.team in asked.decides or item.kind == "acceptance" or _is_asked(item, asked)
    kinds = QueueMove.Kind
    if move is not None and move.kind == kinds.PASSED:
        if asked.person is not None and move.to_id == asked.person.pk:
            said = f" {move.why}" if move.why else ""
            found.items.append(replace(item, note=f"Passed to you by {move.by_name}.{said}"))
        elif mine:
            found.passed.append((item, move))
    elif move is not None and move.kind == kinds.SNOOZED and move.until is not None and move.until > asked.today:
        if mine:
            found.snoozed.append((item, move))
    elif mine:
        found.items.append(item)


def _is_asked(item: Item, asked: Asked) -> bool:
    """Whether a decision waits for this very person."""
    if item.kind != "decision" or asked.person is None:
        return False
    people = [one.person_id for one in item.source.events.all() if one.person_id]
    return bool(people) and people[-1] == asked.person.pk


def newest_moves(keys: Iterable[str]) -> dict[str, QueueMove]:
    """item → what was done with it last. One query."""
    rows = QueueMove.objects.filter(item__in=list(keys)).order_by("item", "-pk").distinct("item")
    return {one.item: one for one in rows.select_related("to")}


def counted(user: User, team: Team) -> int | None:
    """How many items waited when somebody last looked, a few minutes ago at most; asks the database nothing."""
    found: int | None = cache.get(count_key(user, team))
    return found


def count_key(user: User, team: Team) -> str:
    return f"needs:{user.pk}:{team.pk}"


def then(asked: Asked) -> list[Item]:
    """What is known to have waited at a moment of the past: options and decisions, whoever was to answer; in order."""
    return ordered([*promises.options(asked), *registers.decisions(asked)])


def _in_week(day: date | None, today: date) -> bool:
    return day is not None and today - timedelta(days=today.weekday()) <= day <= today


__all__ = ["GATHERERS", "MOST", "Asked", "Item", "Queue", "deadline_of", "queue", "then"]
