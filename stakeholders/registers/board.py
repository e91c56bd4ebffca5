"""The ROAM board: four columns of risks, what they may cost together, and the acceptance that is looked at.

A fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from delivery.actions.rules import today as this_day
from delivery.recovery import money
from stakeholders.models import Acceptance, Risk, RiskEvent
from stakeholders.models.risks import RiskQuerySet
from teams import access
from teams.models import Person, Team, User
from teams.templatetags import ui

from . import held as reading
from .actions.signing import seat_of
from .exposure import Exposure, Stake, chance_words, level, together
from .held import Held
from .people import person_of
from .standing import State

Column_ = RiskEvent.State
COLUMNS = (
    (Column_.OWNED, "Someone is working on it"),
    (Column_.ACCEPTED, "We live with it, in writing"),
    (Column_.MITIGATED, "Plan done, still watching"),
    (Column_.RESOLVED, "Gone, this quarter"),
)
CARDS = 3  # in a column; the rest is behind "n more"
QUARTER = timedelta(days=91)
LEVELS = {"high": ("late", "High"), "medium": ("risk", "Medium"), "low": ("ok", "Low"), None: ("none", "Not sized")}


@dataclass
class Card:
    """One risk as the board and the register show it."""

    risk: Risk
    held: Held | None = None  # the acceptance that counts

    @property
    def state_of_risk(self) -> str:
        return self.risk.state  # type: ignore[attr-defined]  # annotated by its queryset

    @cached_property
    def stake(self) -> Stake | None:
        return stake(self.risk)

    @property
    def expected(self) -> float | None:
        return self.stake.expected if self.stake else None

    @property
    def expected_days(self) -> float | None:
        if self.risk.days is None or self.risk.chance is None:
            return None
        return self.risk.days * self.risk.chance

    @property
    def level(self) -> str | None:
        return level(self.expected, self.expected_days)

    @property
    def mark(self) -> tuple[str, str]:
        """Shape and word at the right of a card."""
        if self.state_of_risk == Column_.RESOLVED:
            return "delivered", "Closed"
        if self.state_of_risk == Column_.ACCEPTED:
            if self.held is None:
                return "risk", "Not in writing"
            if self.held.standing.state in (State.EXPIRED, State.REVOKED, State.STALE):
                return self.held.state, self.held.standing.state.value.capitalize()
            return ("delivered" if self.held.holds else "none"), self.held.count_words
        return LEVELS[self.level]

    @property
    def level_mark(self) -> tuple[str, str]:
        return LEVELS[self.level]

    @property
    def expected_words(self) -> str:
        """ "$72k · 4 days" """
        parts = []
        if self.expected is not None:
            parts.append(money(round(self.expected), self.risk.currency))
        if self.expected_days:
            parts.append(ui.plural(round(self.expected_days) or 1, "day"))
        return " · ".join(parts)

    @property
    def foot(self) -> str:
        """What stands at the lower right of a card."""
        state = self.state_of_risk
        if state == Column_.RESOLVED:
            return ui.weekday(self.risk.since)  # type: ignore[attr-defined]  # annotated by its queryset
        if state == Column_.MITIGATED:
            return f"since {ui.day(self.risk.since)}"  # type: ignore[attr-defined]  # annotated by its queryset
        if state == Column_.ACCEPTED and self.held is not None and self.held.holds and self.risk.review_on:
            return f"review {ui.day(self.risk.review_on)}"
        if state == Column_.ACCEPTED:
            return self.range_words or self.expected_words
        return self.expected_words or self.range_words

    @property
    def range_words(self) -> str:
        if self.risk.low is None or self.risk.high is None:
            return ""
        low, high = (money(one, self.risk.currency) for one in (self.risk.low, self.risk.high))
        return low if low == high else f"{low} to {high}"

    @property
    def chance_words(self) -> str:
        if self.risk.chance is None:
            return chance_words(None)
        return f"{chance_words(self.risk.chance)}, {ui.percent(self.risk.chance)}"


def stake(risk: Risk) -> Stake | None:
    """The risk as the simulation reads it; None while its chance or its cost is not known."""
    if risk.chance is None or risk.low is None or risk.high is None:
        return None
    return Stake(chance=risk.chance, low=risk.low, high=risk.high, likely=risk.likely)


@dataclass(frozen=True, slots=True)
class Total:
    """What the open risks may cost together, in one currency."""

    currency: str
    expected: str
    sure: str
    count: int


def exposures(cards: Iterable[Card]) -> dict[str, Exposure]:
    """By currency; resolved risks cost nothing any more, and those without a size are left out."""
    by_currency: dict[str, list[Stake]] = {}
    for card in cards:
        if card.stake is not None and card.state_of_risk != Column_.RESOLVED:
            by_currency.setdefault(card.risk.currency, []).append(card.stake)
    made = ((currency, together(stakes)) for currency, stakes in sorted(by_currency.items()))
    return {currency: one for currency, one in made if one is not None}


def totals(cards: Iterable[Card]) -> list[Total]:
    """The same in words."""
    return [
        Total(currency, money(one.expected, currency), money(one.sure, currency), one.count)
        for currency, one in exposures(cards).items()
    ]


@dataclass
class Column:
    state: str
    name: str
    about: str
    cards: list[Card] = field(default_factory=list)

    @property
    def shown(self) -> list[Card]:
        return self.cards[:CARDS]

    @property
    def more(self) -> int:
        return max(0, len(self.cards) - CARDS)


def risks(user: User, scope: Team) -> RiskQuerySet:
    """Risks of the scope that `user` sees."""
    rows: RiskQuerySet = Risk.objects.filter(team__in=access.below(user, scope)).with_state()
    return rows.select_related("team", "owner")


def cards(rows: RiskQuerySet) -> list[Card]:
    """Each risk with the acceptance that counts: one in force, else the newest. Nine queries."""
    found = list(rows)
    accepted = reading.every().filter(risk__in=[one.pk for one in found]).order_by("pk")
    by_risk: dict[int, Held] = {}
    for one in reading.hold(accepted):
        before = by_risk.get(one.row.risk_id or 0)
        if before is None or one.holds or not before.holds:
            by_risk[one.row.risk_id or 0] = one
    return [Card(one, by_risk.get(one.pk)) for one in found]


def by_weight(card: Card) -> tuple[bool, bool, float, float, int]:
    """What is open first, then the heaviest; what was never sized stands before it, for it may be heavy."""
    closed = card.state_of_risk == Column_.RESOLVED
    return closed, card.level is not None, -(card.expected or 0), -(card.expected_days or 0), card.risk.pk


@dataclass
class Board:
    """What the page shows."""

    scope: Team
    user: User
    person: Person | None
    today: date
    all_cards: list[Card]
    held: list[Held]  # acceptances of the scope, newest first
    selected: Held | None = None

    @cached_property
    def columns(self) -> list[Column]:
        made = {state: Column(state, Column_(state).label, about) for state, about in COLUMNS}
        for card in sorted(self.all_cards, key=by_weight):
            if card.state_of_risk == Column_.RESOLVED and card.risk.since.date() < self.today - QUARTER:  # type: ignore[attr-defined]  # annotated by its queryset
                continue
            made[Column_(card.state_of_risk)].cards.append(card)
        chosen = self.selected.row.risk_id if self.selected else None
        if chosen is not None:  # what is looked at stands first, not behind "n more"
            made[Column_.ACCEPTED].cards.sort(key=lambda card: card.risk.pk != chosen)
        return list(made.values())

    @cached_property
    def totals(self) -> list[Total]:
        return totals(self.all_cards)

    @property
    def unsized(self) -> int:
        return sum(card.stake is None and card.state_of_risk != Column_.RESOLVED for card in self.all_cards)

    @cached_property
    def mine(self) -> list[Held]:
        """Acceptances that wait for this person's signature."""
        return [one for one in self.held if waits_for(one, self.person)]

    @property
    def sentence(self) -> str:
        if self.mine:
            one = self.mine[0]
            count = len(self.mine)
            needs = "One acceptance needs" if count == 1 else f"{count} acceptances need"
            people = {2: "both people", 3: "all three people", 4: "all four people"}.get(
                one.needed, f"all {one.needed} people"
            )
            return f"{needs} your signature. Until {people} sign, “{one.newest.title}” is not in force."
        waiting = [one for one in self.held if one.standing.state in (State.WAITING, State.STALE)]
        if waiting:
            names = {str(seat.person or seat.role_name) for one in waiting for seat in one.next_seats()}
            say = "1 acceptance waits" if len(waiting) == 1 else f"{len(waiting)} acceptances wait"
            return f"{say} for a signature{f' of {sorted(names)[0]}' if len(names) == 1 else ''}."
        still = [card for card in self.all_cards if card.state_of_risk != Column_.RESOLVED]
        if not still:
            return "No open risk." if self.all_cards else ""
        if not self.totals:
            return f"{ui.plural(len(still), 'open risk')}, none sized yet."
        one_total = self.totals[0]
        return f"{ui.plural(len(still), 'open risk')}: {one_total.expected} expected, {one_total.sure} at 85% sure."


def waits_for(held: Held, person: Person | None) -> bool:
    """Whether `person` could sign it now."""
    if person is None or not held.is_open or person.user_id in (held.newest.by_id, held.row.created_by_id):
        return False
    given = held.signatures_on(held.newest)
    if any(one.person_id == person.pk and one.content_hash == held.edition.content_hash for one in given):
        return False
    seat = seat_of(held, person)
    return seat is not None and seat.pk in held.edition.open_to


def acceptances(user: User, scope: Team) -> Any:
    return reading.every().filter(team__in=access.below(user, scope)).order_by("-pk")


def board(user: User, scope: Team, *, chosen: int | None = None) -> Board:
    person = person_of(user)
    held = reading.hold(acceptances(user, scope))
    made = Board(scope, user, person, this_day(), cards(risks(user, scope)), held)
    waiting = [one for one in held if one.is_open]
    picked = next((one for one in held if one.row.pk == chosen), None)
    made.selected = picked or next(iter(made.mine or waiting or held), None)
    return made


def of_risk(risk: Risk) -> list[Held]:
    """All acceptances of one risk, newest first."""
    return reading.hold(reading.every().filter(risk=risk).order_by("-pk"))


__all__ = [
    "Acceptance",
    "Board",
    "Card",
    "Column",
    "acceptances",
    "board",
    "cards",
    "exposures",
    "of_risk",
    "risks",
    "totals",
]
