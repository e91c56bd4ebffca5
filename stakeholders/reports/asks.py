"""What is asked of the reader of a report: the queue of decisions, each with its options compared.

What is about one person (somebody leaves a small squad) and what only a technician can mend (a source that stopped) is
no question to a reader of reports and stays out.
"""

from __future__ import annotations

from datetime import date

from delivery import network
from delivery.inputs import Inputs
from stakeholders.week import comparing, needs
from stakeholders.week.judged import Judged
from stakeholders.week.known import Known
from stakeholders.week.needs import Item

from .facts import Ask, Choice

NOT_ASKED = ("people", "source")
WORKED_OUT = 3  # so many of the heaviest are worked out; a what-if takes a moment


def asks(judged: Judged, *, work_out: bool) -> tuple[Ask, ...]:
    """The heaviest first. Of a past week: the options and decisions that waited then, as far as that is kept.

    `work_out`: what the options of the heaviest would bring, if nobody has worked it out yet.
    """
    waiting = judged.queue.items if judged.queue is not None else needs.then(judged.asked)
    items = [one for one in waiting if one.kind not in NOT_ASKED]
    slips = [one.key for one in items if one.kind == "options"][: WORKED_OUT if work_out else 0]
    inputs = network.inputs() if slips else None
    return tuple(_ask(one, judged.known, inputs if one.key in slips else None) for one in items)


def _ask(item: Item, known: Known, inputs: Inputs | None) -> Ask:
    return Ask(
        key=item.key, question=item.title, why=_why(item), by=_by(item), owner=_owner(item),
        stake=item.weight.money, stake_days=item.weight.days if (item.weight.days or 0) > 0 else None,
        currency=item.currency, choices=_choices(item, known, inputs), url=item.url,
    )  # fmt: skip


def _choices(item: Item, known: Known, inputs: Inputs | None) -> tuple[Choice, ...]:
    found = comparing.table(item, known, work_out=inputs is not None, inputs=inputs)
    return tuple(
        Choice(
            letter=row.letter, title=row.title, cost=row.cost_cents, lands=row.lands_on, chance=row.share,
            chance_words=row.chance, penalty=row.penalty_cents, advised=row.advised,
        )
        for row in (found.rows if found else ())
    )  # fmt: skip


def _why(item: Item) -> str:
    """To a reader who may not be the one whose signature is missing."""
    if item.kind == "acceptance":
        return f"{item.source.newest.statement} {item.source.count_words}."
    return item.why


def _by(item: Item) -> date | None:
    """By when: of an acceptance that settles a decision, the day of that."""
    decision = item.source.row.decision if item.kind == "acceptance" else None
    return decision.needed_by if decision is not None and decision.needed_by else item.latest


def _owner(item: Item) -> str:
    """Whose answer is waited for; "" when anybody may decide who decides over the team."""
    if item.kind == "decision":
        asked = [one.person for one in item.source.events.all() if one.person is not None]
        return asked[-1].name if asked else ""
    if item.kind == "acceptance":
        return ", ".join(str(one.person or one.role_name) for one in item.source.next_seats())
    return ""
