"""One commitment as its page shows it: promises, forecast, slip log, options, what it waits for and what waits for it.

A fixed number of queries whatever the data. What is judged is `status.py`'s, what is forecast is the network's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from teams import access
from teams.access import Right
from teams.models import User
from teams.templatetags import ui

from . import bars, happened, recovery, shown
from .happened import local
from .models import Commitment, Dependency, NetworkMark, Slip
from .recovery import money
from .sampling import ENOUGH_DELIVERED
from .shown import Contract, DeadlineNow, Shown
from .status import Standing

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
IN_STRIP = 4  # promises that the strip shows; those between the first and the last three are counted
LONG_WAIT = timedelta(minutes=5)  # a forecast that is due for longer says so


@dataclass(frozen=True, slots=True)
class Promise:
    """A date that was given; `days` later than the one before (negative: earlier)."""

    name: str
    day: date
    made: date
    days: int = 0
    is_last: bool = False
    left_out: int = 0  # moves before this one that the strip does not show

    @property
    def earlier(self) -> int:
        return -self.days


@dataclass(frozen=True, slots=True)
class Linked:
    """The other side of a contract."""

    contract: Contract
    other: Shown
    url: str  # "": the person does not see that team's page

    @property
    def date(self) -> date:
        """When it is or was there: delivered, forecast, else promised."""
        if self.other.row.delivered_on:
            return self.other.row.delivered_on
        return self.other.line.even if self.other.line else self.other.promised_on

    @property
    def early(self) -> int:
        """Calendar days before its promise at which it was delivered; 0 otherwise."""
        days = self.other.days_against_due
        return -days if self.other.row.delivered_on and days is not None and days < 0 else 0

    @property
    def state(self) -> str:
        return "none" if self.other.row.cancelled_at or self.other.state == "stale" else self.other.state

    @property
    def word(self) -> str:
        return "Cancelled" if self.other.row.cancelled_at else self.other.word

    @property
    def said(self) -> str:
        """The contract in a few words."""
        step, on = self.contract.step, self.contract.on
        if self.other.row.delivered_on:
            return "delivered"
        if step == "requested":
            return f"asked for {ui.day(on)}, not agreed" if on else "not agreed"
        if step == "agreed":
            return f"agreed for {ui.day(on)}"
        return f"{self.contract.step_name.lower()} {ui.day(on)}" if on else self.contract.step_name.lower()


@dataclass
class One:
    """The page's own context; what costs queries is fetched once, when the template asks."""

    row: Commitment
    user: User

    # --- how it stands ---------------------------------------------------------------------------------------------

    @cached_property
    def contracts(self) -> list[Contract]:
        return shown.links_of([self.row.pk])

    @cached_property
    def board(self) -> shown.Board:
        ids = {self.row.pk}
        for one in self.contracts:
            ids |= {one.row.before_id, one.row.after_id}
        return shown.board(Commitment.objects.filter(pk__in=ids), deadlines=False)

    @property
    def now(self) -> Shown:
        return self.board.by_id[self.row.pk]

    @property
    def state(self) -> str:
        return "none" if self.row.cancelled_at or self.is_stale else self.now.state

    @property
    def word(self) -> str:
        return "Cancelled" if self.row.cancelled_at else self.now.word

    @property
    def reason(self) -> str:
        if self.row.cancelled_at:
            return f"Cancelled {ui.day(self.row.cancelled_at)} by {self.row.cancelled_by}: {self.row.cancelled_why}"
        said = self.now.status.current
        if said.without_news is not None:
            return f"{said.without_news.words} when last heard of: {said.reason}"
        return said.reason

    @property
    def is_stale(self) -> bool:
        return self.now.status.current.standing is Standing.STALE

    @cached_property
    def sees(self) -> set[int]:
        """Ids of the teams that the person sees."""
        return set(access.teams(self.user).values_list("pk", flat=True))

    @cached_property
    def may_log(self) -> bool:
        return access.may(self.user, Right.LOG, self.row.team)

    @cached_property
    def may_decide(self) -> bool:
        return access.may(self.user, Right.DECIDE, self.row.team)

    @property
    def above(self) -> Any:
        """The group that it belongs to, if the person sees it."""
        parent = self.row.team.parent
        return parent if parent is not None and parent.pk in self.sees else None

    # --- promises and slips ------------------------------------------------------------------------------------------

    @cached_property
    def slips(self) -> list[Slip]:
        return shown.slip_log(self.row)

    @cached_property
    def promises(self) -> list[Promise]:
        moves = [slip for slip in reversed(self.slips) if slip.corrects_id is None]
        found = [Promise("First promise", self.row.first_promised_on, self.row.made_on, is_last=not moves)]
        for number, slip in enumerate(moves, start=1):
            last = number == len(moves)
            name = "Now promised" if last else f"{ORDINALS[number]} promise" if number < 10 else f"Promise {number + 1}"
            days = (slip.to_date - slip.from_date).days
            found.append(Promise(name, slip.to_date, local(slip.at), days, last))
        if len(found) <= IN_STRIP:
            return found
        left_out = len(found) - IN_STRIP
        third = found[-3]
        found[-3] = Promise(third.name, third.day, third.made, third.days, third.is_last, left_out)
        return [found[0], *found[-3:]]

    @cached_property
    def log(self) -> list[happened.Entry]:
        return happened.slip_log(self.row, self.slips)

    @property
    def median_warning(self) -> float | None:
        return happened.median_warning(self.log)

    @cached_property
    def activity(self) -> list[happened.Act]:
        return happened.activity(self.row, self.slips, self.contracts)

    # --- the forecast ------------------------------------------------------------------------------------------------

    @cached_property
    def waiting_since(self) -> datetime | None:
        """When the oldest mark was set that no forecast has taken up yet."""
        return NetworkMark.objects.order_by("pk").values_list("at", flat=True).first()

    @property
    def waits_long(self) -> bool:
        return self.waiting_since is not None and timezone.now() - self.waiting_since > LONG_WAIT

    @cached_property
    def spread(self) -> bars.Spread | None:
        line = self.now.line
        if line is None or not self.row.is_open:
            return None
        days = [(date.fromisoformat(day), count) for day, count in line.days]
        return bars.spread(days, due=self.now.promised_on, sure=line.sure)

    @property
    def first_chance(self) -> str:
        line = self.now.line
        return shown.Chance(line.hits_first, line.run.trials).words if line else ""

    @property
    def later(self) -> str:
        """What is left to the whole of the chance of the promise in force, in the same words."""
        words = self.now.chance.words if self.now.chance else ""
        if words.startswith(("over", "under")):
            return "under 1%" if words.startswith("over") else "over 99%"
        return f"{100 - int(words.rstrip('%'))}%" if words else ""

    @property
    def thin(self) -> str:
        line = self.now.line
        if line is None or not line.thin:
            return ""
        return (
            f"{self.row.team}'s own history counts from {ENOUGH_DELIVERED} delivered commitments; "
            f"{ENOUGH_DELIVERED - line.thin} so far, so the range is wider."
        )

    # --- what it waits for, what waits for it ------------------------------------------------------------------------

    @cached_property
    def needs(self) -> list[Linked]:
        return [self._linked(one, one.row.before_id) for one in self.contracts if one.row.after_id == self.row.pk]

    @cached_property
    def blocks(self) -> list[Linked]:
        return [self._linked(one, one.row.after_id) for one in self.contracts if one.row.before_id == self.row.pk]

    def _linked(self, contract: Contract, other: int) -> Linked:
        found = self.board.by_id[other]
        return Linked(contract, found, found.row.get_absolute_url() if found.row.team_id in self.sees else "")

    @cached_property
    def deadlines(self) -> list[DeadlineNow]:
        """Those that it feeds, nearest first: through what waits for it, however far."""
        if not self.row.is_open:
            return []
        pairs = Dependency.objects.filter(removed_at=None, before__cancelled_at=None, after__cancelled_at=None)
        fed = downstream(self.row.pk, pairs.values_list("before_id", "after_id"))
        return shown.deadlines_of((), fed)

    @property
    def deadline(self) -> DeadlineNow | None:
        """The nearest that it feeds."""
        return self.deadlines[0] if self.deadlines else None

    @property
    def stake(self) -> str:
        """What the nearest deadline is expected to cost; "" when being late costs nothing that was agreed."""
        one = self.deadline
        if one is None or one.forecast is None or not one.row.windows.all():
            return ""
        return money(one.forecast.penalty, one.row.currency)

    @property
    def chain(self) -> str:
        """Where it stands on the way to its deadlines, in a sentence."""
        critical = [one.row.name for one in self.deadlines if one.forecast and self.row.pk in one.forecast.critical]
        if critical:
            return f"On the critical chain to {' and '.join(critical[:2])}."
        return f"Feeds {self.deadline.row.name}, not on its critical chain." if self.deadline else ""

    # --- options -----------------------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> recovery.Table:
        return recovery.table(self.row, self.slips, self.deadline)


def downstream(start: int, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """`start` and everything that waits for it."""
    after: dict[int, list[int]] = defaultdict(list)
    for before, then in pairs:
        after[before].append(then)
    found, todo = {start}, [start]
    while todo:
        for then in after[todo.pop()]:
            if then not in found:
                found.add(then)
                todo.append(then)
    return found
