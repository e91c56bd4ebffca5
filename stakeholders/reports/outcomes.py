"""Outcomes in business words with their commitments rolled up, the worst first. Pure but for addresses.

An outcome is as late as its latest commitment by even odds: promise, forecast and status of its row are that one's, so
that a row never contradicts itself. It is delivered when all of its commitments are; cancelled ones do not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from delivery.chance import Chance
from stakeholders.week.known import Known, Promise, Slip
from stakeholders.week.promises import RECENT
from stakeholders.week.saying import slip_words, slips_of

from .facts import Outcome

WORST = ("late", "risk", "none", "ok", "delivered")
GREY = "none"
NO_FORECAST = "No forecast"


@dataclass(frozen=True, slots=True)
class Owned:
    """To which outcome a commitment belongs."""

    outcome: int
    title: str
    team: str


def outcomes(known: Known, owned: Mapping[int, Owned]) -> tuple[Outcome, ...]:
    """Open ones, and those delivered within a week; `owned` by commitment."""
    groups: dict[int, list[Promise]] = defaultdict(list)
    ways = _Ways(known)
    for one in known.promises:
        if one.state != "cancelled":
            groups[owned[one.id].outcome if one.id in owned else -one.id].append(one)
    found = [_outcome(key, own, owned, ways) for key, own in groups.items() if _is_told(own, known)]
    return tuple(sorted(found, key=_weight))


def _weight(one: Outcome) -> tuple[int, int, date, int]:
    late = (one.even - one.due).days if one.even and one.due else 0
    return WORST.index(one.state), -late, one.due or date.max, one.id


def _is_told(own: Sequence[Promise], known: Known) -> bool:
    return any(one.is_open for one in own) or _landed(own) >= known.today - RECENT


def _landed(own: Sequence[Promise]) -> date:
    return max((one.delivered for one in own if one.delivered), default=date.min)


def _outcome(key: int, own: Sequence[Promise], owned: Mapping[int, Owned], ways: _Ways) -> Outcome:
    about = owned.get(own[0].id) if key > 0 else None
    open_ = [one for one in own if one.is_open]
    last = _latest(open_) if open_ else max(own, key=lambda one: (one.delivered or date.min, one.id))
    blind = any(one.even is None for one in open_)
    state, word = _shape(last.state), last.word
    if blind and state == "ok":
        state, word = GREY, NO_FORECAST  # the one of which nothing is known may land last
    chance = Chance(last.hits, last.trials) if last.hits is not None and last.trials and state != GREY else None
    slip = ways.slip(last, open_)
    return Outcome(
        id=key, title=about.title if about else last.title, team=about.team if about else last.team_name,
        first=last.first, due=last.due, even=last.even, sure=last.sure, delivered=None if open_ else last.delivered,
        state=state, word=word, state_first=_shape(last.state_first or last.state),
        word_first=last.word_first or last.word, chance=chance.share if chance else None,
        chance_words=chance.words if chance else "", cause=(slip.words or slip.reason) if slip else "",
        technical=_technical(last, slip, ways) if open_ else "", commitments=len(own),
        delivered_commitments=len(own) - len(open_), url=reverse("delivery:commitment", args=[last.id]),
    )  # fmt: skip


def _latest(open_: Sequence[Promise]) -> Promise:
    """By even odds; of those that tie the milestone, then the worse; without a forecast the one promised last."""

    def weight(one: Promise) -> tuple[date, bool, int, date, int]:
        return one.even or date.min, one.is_milestone, -WORST.index(_shape(one.state)), one.due, one.id

    return max(open_, key=weight)


def _shape(state: str) -> str:
    return state if state in WORST else GREY  # silence is grey; red is for late


# --- causes ----------------------------------------------------------------------------------------------------------


class _Ways:
    """What moved, and what waits for what: sorted once, asked for each outcome."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.moved: dict[int, Slip] = {}  # open commitment → its newest move to a later day
        for one in reversed(slips_of(known, {one.id for one in known.open})):
            if one.to > one.frm:
                self.moved[one.commitment] = one
        self.before: dict[int, list[int]] = defaultdict(list)
        for need in known.of("needs"):
            self.before[need.after].append(need.before)
        self.chains = {one.milestone: one.chain for one in reversed(known.deadlines)}

    def slip(self, last: Promise, open_: Sequence[Promise]) -> Slip | None:
        """The newest logged move to a later day: its own, else on the way to its deadline, or of what it waits for."""
        if not open_:
            return None
        for ids in ([one.id for one in open_], self.chains.get(last.id, ()), self.before[last.id]):
            found = [self.moved[one] for one in ids if one in self.moved]
            if found:
                return max(found, key=lambda one: (one.on, one.id))
        return None

    def waits(self, last: Promise) -> list[Promise]:
        found = [self.known.get("promises", one) for one in self.before[last.id]]
        return [one for one in found if one is not None and one.is_open]


def _technical(last: Promise, slip: Slip | None, ways: _Ways) -> str:
    """The commitment, what it waits for, and the move, as engineers say it."""
    waits = ways.waits(last)
    said = [f"{last.title}, {last.team_name}."]
    if waits:
        one = max(waits, key=lambda one: (one.even or one.due, one.id))
        said.append(f"Waits for {one.title} of {one.team_name}.")
    if slip is not None:
        said.append(slip_words(slip))
    return " ".join(said)
