"""What needs a leader: gathered from everything that waits, weighed, and put in order.

What is at stake is what the forecast says today; several items often hang on the same money, so that it is never
added up. A gatherer is a function from `Asked` to items: another source of work (a broken pipeline gate) is one more
in `GATHERERS`. A fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.urls import reverse

from delivery.actions.rules import today as this_day
from delivery.models import Option
from delivery.recovery import money
from stakeholders.models import Decision, DecisionEvent, QueueMove
from stakeholders.registers import board, settled
from stakeholders.registers.held import Held, hold
from stakeholders.registers.people import person_of
from stakeholders.registers.settled import Settled
from stakeholders.registers.standing import State
from teams import access
from teams.access import Right
from teams.attrition import SENIOR_RANK, Stint
from teams.models import Person, Team, User
from teams.templatetags import ui

from .gather import Feed
from .known import Deadline, Known, Need, Slip
from .ordering import Weight, ordered
from .saying import chance_of

MOST = 7
SOON = timedelta(days=28)  # a need this near, and an acceptance that ends this soon, wants somebody
COUNT_SECONDS = 300
LEAST_PEOPLE = 5  # in a smaller squad a count is a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits. `latest`: the last day to which it may be put off; `act` leads to where it is settled."""

    key: str
    title: str
    why: str
    weight: Weight
    team: int
    url: str
    word: str = "Open"
    currency: str = "USD"
    latest: date | None = None
    money_words: str = ""
    options: tuple[tuple[str, str], ...] = ()  # letter, title
    source: Any = None  # the record that it is about
    deadline: Deadline | None = None
    note: str = ""  # "Passed to you by Maya Lindqvist"

    @property
    def kind(self) -> str:
        return self.key.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.key.rpartition("-")[2])

    @property
    def decides(self) -> bool:
        """Whether it is decided in place."""
        return self.kind in ("options", "decision") and bool(self.options)

    @property
    def stake(self) -> str:
        return self.money_words or (money(self.weight.money, self.currency) if self.weight.money else "")

    @property
    def days_words(self) -> str:
        return f"{ui.plural(self.weight.days, 'day')} late" if self.weight.days and self.weight.days > 0 else ""

    @property
    def waited(self) -> str:
        days = (this_day() - self.weight.since).days
        return f"waiting {ui.plural(days, 'day')}" if days > 0 else "new today"


@dataclass
class Asked:
    """Who asks, about which scope, and what is known of it."""

    user: User
    team: Team
    teams: list[Team]
    known: Known
    feeds: list[Feed]
    stints: Mapping[int, list[Stint]]
    person: Person | None = None
    decides: frozenset[int] = frozenset()

    @cached_property
    def options(self) -> dict[int, list[Option]]:
        return open_options(self.known)

    @property
    def today(self) -> date:
        return self.known.today

    @property
    def names(self) -> dict[int, str]:
        return {one.pk: one.name for one in self.teams}


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


# --- options that wait -----------------------------------------------------------------------------------------------


def open_options(known: Known) -> dict[int, list[Option]]:
    """commitment → its options on the table that nobody had decided: of its newest move, and those without one."""
    ids = [one.id for one in known.promises if one.is_open]
    newest: dict[int, Slip] = {}
    for slip in known.of("slips"):
        newest[slip.commitment] = slip
    still = Q(withdrawn_at=None) | Q(withdrawn_at__gt=known.at)
    rows = Option.objects.filter(still, commitment__in=ids, at__lte=known.at)
    by_commitment: dict[int, list[Option]] = defaultdict(list)
    for row in rows.select_related("slip", "by", "choice", "commitment").order_by("pk"):
        by_commitment[row.commitment_id].append(row)
    found = {}
    for commitment, own in by_commitment.items():
        slip = newest[commitment].id if commitment in newest else None
        here = [one for one in own if one.slip_id in (slip, None)]
        decided = {one.slip_id for one in here if hasattr(one, "choice") and one.choice.at <= known.at}
        left = [one for one in here if one.slip_id not in decided]
        if left:
            found[commitment] = left
    return found


def _options(asked: Asked) -> Iterator[Item]:
    known = asked.known
    for commitment, options in asked.options.items():
        promise = known.get("promises", commitment)
        slip = next((one for one in reversed(known.of("slips")) if one.commitment == commitment), None)
        deadline = deadline_of(known, commitment)
        impact = next((one.slip.impact for one in options if one.slip is not None), "")
        late = (promise.even - promise.due).days if promise.even else None
        yield Item(
            key=f"options-{commitment}",
            title=f"Choose how to recover {promise.title}"[:300],
            why=" ".join([_moved(slip, known) if slip else f"{promise.team_name} says it is at risk.", impact]).strip(),
            weight=Weight(
                money=deadline.penalty if deadline else None,
                days=deadline.days_late if deadline else late,
                since=min(_day(one.at) for one in options),
                key=f"options-{commitment}",
            ),
            team=promise.team,
            url=reverse("delivery:commitment", args=[commitment]) + "#options",
            word="Decide",
            currency=deadline.currency if deadline else "USD",
            latest=deadline.date if deadline else promise.due,
            options=tuple((_letter(place), one.title) for place, one in enumerate(options)),
            source=options,
            deadline=deadline,
        )


def _moved(slip: Slip, known: Known) -> str:
    return f"{slip.team} moved it from {ui.day(slip.frm)} to {ui.day(slip.to)}."


def deadline_of(known: Known, commitment: int) -> Deadline | None:
    """The nearest deadline on whose way a commitment lies."""
    on_way = [one for one in known.deadlines if commitment in one.chain or one.driving.get(str(commitment))]
    return min(on_way, key=lambda one: (one.date, one.id), default=None)


def share_of(known: Known, commitment: int) -> tuple[Deadline | None, int | None, int | None]:
    """The deadline, and how much of its expected penalty and days late go through this commitment."""
    deadline = deadline_of(known, commitment)
    if deadline is None or deadline.penalty is None:
        return deadline, None, None
    share = deadline.driving.get(str(commitment), 0.0)
    days = round((deadline.days_late or 0) * share)
    return deadline, round(deadline.penalty * share), days if days > 0 else None


# --- deadlines, dependencies -----------------------------------------------------------------------------------------


def _deadlines(asked: Asked) -> Iterator[Item]:
    """Those in danger for which nobody has put an option on the table yet."""
    waiting = set(asked.options)
    for one in asked.known.deadlines:
        chance = chance_of(one)
        if chance is None or chance.at_least(70) or any(deadline_of(asked.known, key) == one for key in waiting):
            continue
        yield Item(
            key=f"deadline-{one.id}",
            title=f"Win back days for {one.title}"[:300],
            why=f"It is {chance.words} likely by {ui.day(one.date)}, and no option is on the table.",
            weight=Weight(money=one.penalty, days=one.days_late, since=_since(asked, one), key=f"deadline-{one.id}"),
            team=one.team, url=reverse("delivery:roadmap", args=[asked.team.slug]), word="Try a what-if",
            currency=one.currency, latest=one.date, deadline=one,
        )  # fmt: skip


def _since(asked: Asked, one: Deadline) -> date:
    """The day of the forecast: since when it is in danger is not kept."""
    made = asked.known.forecast_at
    return _day(made) if made else asked.today


def _needs(asked: Asked) -> Iterator[Item]:
    """Dependencies near their day without an agreed one, and those found mid-sprint that are still open."""
    known = asked.known
    for one in known.of("needs"):
        before, after = known.get("promises", one.before), known.get("promises", one.after)
        if one.agreed is not None or one.step == "met" or (before and not before.is_open):
            continue
        if after is not None and not after.is_open:
            continue
        soon = one.needed_by is not None and one.needed_by <= asked.today + SOON
        if not soon and one.found != "midsprint":
            continue
        deadline, at_stake, days = share_of(known, one.before)
        yield Item(
            key=f"need-{one.id}",
            title=f"Agree a day for {one.before_title}"[:300],
            why=_need_words(one, asked.today),
            weight=Weight(money=at_stake, days=days, since=_found(one, asked), key=f"need-{one.id}"),
            team=after.team if after else before.team if before else asked.team.pk,
            url=reverse("delivery:dependency", args=[one.id]), word="Agree a day",
            currency=deadline.currency if deadline else "USD", latest=one.needed_by, deadline=deadline,
        )  # fmt: skip


def _need_words(one: Need, today: date) -> str:
    by = f" by {ui.day(one.needed_by)}" if one.needed_by else ""
    late = " That day has passed." if one.needed_by and one.needed_by < today else ""
    how = " It came up mid-sprint." if one.found == "midsprint" else ""
    said = {
        "offered": f"{one.gives} offers a day; nobody has agreed.",
        "countered": "Another day was asked for; nobody has agreed.",
        "broken": f"{one.gives} broke it off.",
    }
    return f"{one.asks} needs it of {one.gives}{by}. {said.get(one.step, 'Nobody has agreed a day.')}{how}{late}"


def _found(one: Need, asked: Asked) -> date:
    return one.since or asked.today


# --- registers -------------------------------------------------------------------------------------------------------


def _decisions(asked: Asked) -> Iterator[Item]:
    waiting = [one.id for one in asked.known.of("decisions") if one.state in DecisionEvent.WAITING]
    rows = Decision.objects.filter(pk__in=waiting).select_related("team")
    for row in rows.prefetch_related("options", "events__person").order_by("pk"):
        options = [one for one in row.options.all() if one.withdrawn_at is None]
        asked_at = min((one.at for one in row.events.all()), default=row.created_at)
        yield Item(
            key=f"decision-{row.pk}", title=row.question, why=row.context or "Nobody has written why it is asked.",
            weight=Weight(money=row.stakes, days=row.stakes_days, since=_day(asked_at), key=f"decision-{row.pk}"),
            team=row.team_id, url=row.get_absolute_url(), word="Decide", currency=row.currency, latest=row.needed_by,
            options=tuple((one.letter, one.title) for one in options), source=row,
        )  # fmt: skip


def _acceptances(asked: Asked) -> Iterator[Item]:
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
        weight=Weight(money=at_stake, since=_day(held.text_since), key=key), team=held.row.team_id,
        url=held.row.get_absolute_url(), word=word, latest=held.newest.expires_on, source=held,
        currency=decision.currency if decision else risk.currency if risk else "USD",
    )  # fmt: skip


def _requirements(asked: Asked) -> Iterator[Item]:
    from stakeholders.models import Requirement

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


# --- sources and people ----------------------------------------------------------------------------------------------


def _sources(asked: Asked) -> Iterator[Item]:
    for feed in asked.feeds:
        if not feed.now.is_stopped or feed.paused_at is not None:
            continue
        since = feed.now.read_at or feed.created_at
        reason = (feed.now.error or {}).get("title", "") or "No reason logged yet."
        key = f"source-{feed.now.pk}"
        yield Item(
            key=key, title=f"{feed.now.name} is no longer read"[:300],
            why=f"Numbers of this page may be incomplete since {ui.day(since)}. {reason}",
            weight=Weight(since=_day(since), key=key), team=feed.team,
            url=reverse("metrics:source", args=[feed.now.pk]), word="Mend it",
        )  # fmt: skip


def _people(asked: Asked) -> Iterator[Item]:
    """Seniors with a last day ahead, as a count; a squad so small that a count is a person is not named."""
    leaving: dict[int, list[date]] = defaultdict(list)
    small = {team for team, stints in asked.stints.items()
             if sum(one.started_on <= asked.today and (one.ended_on is None or one.ended_on >= asked.today)
                    for one in stints) < LEAST_PEOPLE}  # fmt: skip
    for team, stints in asked.stints.items():
        for one in stints:
            if one.ended_on and one.ended_on >= asked.today and one.separation and one.level >= SENIOR_RANK:
                leaving[asked.team.pk if team in small else team].append(one.ended_on)
    for team, days in leaving.items():
        name = asked.names.get(team, asked.team.name)
        count = len(days)
        who = "A senior engineer is" if count == 1 else f"{count} senior engineers are"
        key = f"people-{team}"
        slug = next((one.slug for one in asked.teams if one.pk == team), asked.team.slug)
        yield Item(
            key=key, title=f"{who} leaving {name}"[:300],
            why=f"The first last day is {ui.day(min(days))}. Decide what happens to the work and what they know.",
            weight=Weight(since=asked.today, key=key), team=team, latest=min(days),
            url=reverse("teams:team", args=[slug]),
            word="Open the team",
        )  # fmt: skip


GATHERERS: tuple[Callable[[Asked], Iterable[Item]], ...] = (
    _options, _deadlines, _needs, _decisions, _acceptances, _requirements, _sources, _people,
)  # fmt: skip


def then(asked: Asked) -> list[Item]:
    """What is known to have waited at a moment of the past: options and decisions, whoever was to answer; in order."""
    return ordered([*_options(asked), *_decisions(asked)])


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def _day(at: datetime) -> date:
    return at.astimezone(settings.ORGANISATION_ZONE).date()


def _in_week(day: date | None, today: date) -> bool:
    return day is not None and today - timedelta(days=today.weekday()) <= day <= today


__all__ = ["GATHERERS", "MOST", "Asked", "Item", "Queue", "deadline_of", "queue", "then"]
