"""Who needs whom: the contracts of a scope with their states, the matrix of teams, and what they add up to.

A contract is known to both of its sides: a person who sees one of the two commitments sees it, and reads the other's
title without being able to open it. Reads in a fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q, QuerySet
from django.http import Http404

from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import network, shown
from .actions.rules import today as this_day
from .models import Deadline, Dependency
from .need import Need

Found = Dependency.Found
WORST_FIRST = ("late", "risk", "open", "ok", "delivered")
FEW = 5
MOST_TEAMS = 24  # sides of the matrix; more would be read by nobody


@dataclass(slots=True)
class Cell:
    """How many contracts one team has with another, and the worst state of them."""

    asks: int
    gives: int
    count: int = 0
    state: str = ""
    words: str = ""
    current: bool = False


@dataclass(slots=True)
class Page:
    """The dependencies of a scope: all for the figures, those asked for in the list."""

    needs: list[Need]
    listed: list[Need]
    givers: list[Team]
    rows: list[tuple[Team, list[Cell | None]]]
    left_out: int  # teams that the matrix leaves out
    days_blocked: int = field(init=False)
    by_found: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.days_blocked = sum(one.days_blocked for one in self.needs)
        self.by_found = Counter(one.row.found for one in self.needs)

    @property
    def undated(self) -> list[Need]:
        return [one for one in self.needs if not one.is_done and one.agreed_on is None]

    @property
    def blocked(self) -> list[Need]:
        return [one for one in self.needs if not one.is_done and one.days_blocked]

    @property
    def sentence(self) -> str:
        """“5 of 14 were found mid-sprint; 1 has no agreed date.”"""
        count = len(self.needs)
        if not count:
            return "No team waits for another here."
        late, undated = self.by_found[Found.MIDSPRINT], len(self.undated)
        first = f"{late} of {count} {'was' if late == 1 else 'were'} found mid-sprint" if late else (
            "It was found before the sprint" if count == 1 else f"All {count} were found before the sprint"
        )  # fmt: skip
        have = "has" if undated == 1 else "have"
        second = f"{undated} {have} no agreed date" if undated else "none lacks an agreed date"
        return f"{first}; {second}."

    @property
    def facts(self) -> list[dict[str, object]]:
        count = len(self.needs)
        shares: list[dict[str, object]] = []
        for found in Found:
            part = self.by_found[found]
            note = f"{ui.percent(part / count)} identified then" if count >= FEW else "too few for a share"
            shares.append({"label": found.label, "value": f"{part} of {count}", "note": note})
        most = max(self.needs, key=lambda one: one.days_blocked, default=None)
        note = "nobody has waited"
        if most and most.days_blocked:
            note = f"longest: {most.asks.name}, {ui.plural(most.days_blocked, 'day')}"
        return [*shares, {"label": "Days blocked", "value": self.days_blocked, "note": note}]


def visible(user: User) -> QuerySet[Dependency]:
    """Contracts of which `user` sees either side."""
    teams = access.teams(user).values("pk")
    return Dependency.objects.filter(Q(before__team__in=teams) | Q(after__team__in=teams)).select_related(
        "before__team", "after__team"
    )


def get_need(user: User, pk: int, *, today: date | None = None) -> Need:
    """The contract `pk`, also a removed one. Raises Http404 when `user` sees neither side."""
    row = visible(user).select_related("removed_by").prefetch_related("events").filter(pk=pk).first()
    if row is None:
        raise Http404("No such dependency.")
    return _needs([row], set(access.teams(user).values_list("pk", flat=True)), today or this_day())[0]


def page(
    user: User,
    team: Team,
    *,
    asks: int | None = None,
    gives: int | None = None,
    state: str = "",
    today: date | None = None,
) -> Page:
    """All contracts that touch `team` or a team below it; `asks`, `gives` and `state` narrow the list."""
    scope = access.below(user, team).values("pk")
    rows = visible(user).filter(removed_at=None, after__cancelled_at=None)
    rows = rows.filter(Q(before__team__in=scope) | Q(after__team__in=scope)).prefetch_related("events")
    seen = set(access.teams(user).values_list("pk", flat=True))
    needs = _needs(list(rows.order_by("pk")), seen, today or this_day())
    order = {name: place for place, name in enumerate(WORST_FIRST)}
    needs.sort(key=lambda one: (order[one.state], one.row.needed_by or date.max, one.row.pk))
    listed = [
        one
        for one in needs
        if asks in (None, one.asks.pk) and gives in (None, one.gives.pk) and (not state or _is(one, state))
    ]
    givers, lines, left_out = _matrix(needs, asks, gives)
    return Page(needs, listed, givers, lines, left_out)


def _is(one: Need, state: str) -> bool:
    return {
        "open": not one.is_done,
        "undated": not one.is_done and one.agreed_on is None,
        "blocked": not one.is_done and one.days_blocked > 0,
        "midsprint": one.row.found == Found.MIDSPRINT,
        "met": one.is_done,
    }.get(state, True)


def _needs(rows: Sequence[Dependency], seen: set[int], today: date) -> list[Need]:
    lines = shown.newest_lines([row.before_id for row in rows])
    contracts = shown.contracts(rows)
    return [Need(one.row, one, lines.get(one.row.before_id), today, seen) for one in contracts]


def _matrix(
    needs: Iterable[Need], asks: int | None, gives: int | None
) -> tuple[list[Team], list[tuple[Team, list[Cell | None]]], int]:
    cells: dict[tuple[int, int], list[Need]] = defaultdict(list)
    teams: dict[int, Team] = {}
    weight: Counter[int] = Counter()
    for one in needs:
        cells[one.asks.pk, one.gives.pk].append(one)
        for team in (one.asks, one.gives):
            teams[team.pk] = team
            weight[team.pk] += 1
    kept = {pk for pk, _ in weight.most_common(MOST_TEAMS)}
    named = sorted((team for pk, team in teams.items() if pk in kept), key=lambda team: (team.name, team.pk))
    givers = [team for team in named if any((one.pk, team.pk) in cells for one in named)]
    askers = [team for team in named if any((team.pk, one.pk) in cells for one in named)]
    lines = [(team, [_cell(cells, team, other, asks, gives) for other in givers]) for team in askers]
    return givers, lines, len(teams) - len(kept)


def _cell(
    cells: dict[tuple[int, int], list[Need]], team: Team, other: Team, asks: int | None, gives: int | None
) -> Cell | None:
    held = cells.get((team.pk, other.pk))
    if not held:
        return None
    worst = min(held, key=lambda one: WORST_FIRST.index(one.state))
    needs = ui.plural(len(held), "need")
    words = f"{team.name} has {needs} from {other.name}; worst: {worst.word}"
    return Cell(team.pk, other.pk, len(held), worst.state, words, (asks, gives) == (team.pk, other.pk))


def add_latest_safe(user: User, needs: Sequence[Need]) -> None:
    """Up to which day each provider may finish without moving the nearest deadline that hangs on it."""
    open_needs = [one for one in needs if not one.is_done]
    if not open_needs:
        return
    known = network.inputs()
    plan = network.scheduled(known)
    names = dict(Deadline.objects.filter(team__in=access.teams(user)).values_list("pk", "name"))
    nearest = sorted(known.deadlines, key=lambda one: (one.date, one.id))
    for need in open_needs:
        provider = str(need.row.before_id)
        for deadline in nearest if provider in plan else ():
            day = plan.latest_safe(provider, deadline.id)
            if day is not None:
                need.latest_safe = day
                need.deadline = names.get(int(deadline.id), "a deadline of another team")
                break
