"""What waits in the registers: decisions asked for, acceptances to sign or to renew, requirements found late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from stakeholders.models import Decision, DecisionEvent, Requirement
from stakeholders.registers import board, settled
from stakeholders.registers.held import Held, hold
from stakeholders.registers.settled import Settled
from stakeholders.registers.standing import State
from stakeholders.week.ordering import Weight
from teams.templatetags import ui

from .item import Asked, Item, day_of, deadline_of


def decisions(asked: Asked) -> Iterator[Item]:
    waiting = [one.id for one in asked.known.of("decisions") if one.state in DecisionEvent.WAITING]
    rows = Decision.objects.filter(pk__in=waiting).select_related("team")
    for row in rows.prefetch_related("options", "events__person").order_by("pk"):
        options = [one for one in row.options.all() if one.withdrawn_at is None]
        asked_at = min((one.at for one in row.events.all()), default=row.created_at)
        yield Item(
            key=f"decision-{row.pk}", title=row.question, why=row.context or "Nobody has written why it is asked.",
            weight=Weight(money=row.stakes, days=row.stakes_days, since=day_of(asked_at), key=f"decision-{row.pk}"),
            team=row.team_id, url=row.get_absolute_url(), word="Decide", currency=row.currency, latest=row.needed_by,
            options=tuple((one.letter, one.title) for one in options), source=row,
        )  # fmt: skip


def acceptances(asked: Asked) -> Iterator[Item]:
    """Those that wait for this person's signature; and for who decides, those that ended or went stale."""
    rows = board.reading.every().filter(team__in=[one.pk for one in asked.teams]).order_by("pk")
    for held in hold(rows):
        state = held.standing.state
        mine = board.waits_for(held, asked.person)
        ends = held.current.expires_on
        rules = held.row.team_id in asked.decides
        if mine:
            words, word = f"It waits for your signature; {held.count_words}.", "Read and sign"
        elif rules and state is State.STALE:
            words, word = "What was signed has changed since, so it is not in force.", "Open"
        elif rules and state is State.EXPIRED:
            words, word = f"It ended on {ui.day(ends)} and was not renewed.", "Renew"
        elif rules and held.holds and ends <= asked.today + timedelta(days=14):
            words, word = f"It ends on {ui.day(ends)}.", "Renew"
        else:
            continue
        yield _acceptance(held, words, word, asked)


def _acceptance(held: Held, words: str, word: str, asked: Asked) -> Item:
    risk, decision = held.row.risk, held.row.decision
    size = board.stake(risk) if risk is not None else None
    at_stake = decision.stakes if decision else round(size.expected) if size else None
    key = f"acceptance-{held.row.pk}"
    return Item(
        key=key, title=held.newest.title, why=f"{held.newest.statement} {words}",
        weight=Weight(money=at_stake, since=day_of(held.text_since), key=key), team=held.row.team_id,
        url=held.row.get_absolute_url(), word=word, latest=held.newest.expires_on, source=held,
        currency=decision.currency if decision else risk.currency if risk else "USD",
    )  # fmt: skip


def requirements(asked: Asked) -> Iterator[Item]:
    for one in settled.settled(Requirement.objects.filter(team__in=[team.pk for team in asked.teams])):
        if one.state == "open":
            yield _requirement(one, asked)


def _requirement(one: Settled, asked: Asked) -> Item:
    rows = list(one.row.commitments.all())
    names = " and ".join(row.title for row in rows[:2])
    first = min((deadline for row in rows if (deadline := deadline_of(asked.known, row.pk))),
                key=lambda deadline: deadline.date, default=None)  # fmt: skip
    key = f"requirement-{one.row.pk}"
    return Item(
        key=key, title=f"{one.row.regime}: {one.row.title}"[:300],
        why=f"Found after the promise. {names} cannot be delivered until it is included or accepted in writing.",
        weight=Weight(money=None, days=None, since=one.row.found_on, key=key), team=one.row.team_id,
        url=one.row.get_absolute_url(), word="Settle", latest=first.date if first else None,
    )  # fmt: skip
