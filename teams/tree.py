"""The tree as a page shows it: each visible team with its depth, its people, its leads and what is below it.

Four queries, however many teams.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

from . import access
from .models import Grant, Membership, Person, Team, User

LEADS = (Grant.Role.DIRECTOR, Grant.Role.MANAGER)


@dataclass(slots=True)
class Row:
    """One team. `people` are in it, `people_below` in it or anywhere below; `found` is False for a mere way there."""

    team: Team
    depth: int
    people: int = 0
    people_below: int = 0
    teams_below: int = 0
    leads: list[Person] = field(default_factory=list)
    found: bool = True


def rows(user: User, *, today: date, query: str = "", with_closed: bool = False) -> list[Row]:
    """The teams `user` sees, in the order of the tree; with `query` those that match and the ways to them."""
    teams = list(access.teams(user).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries
    seen = {team.pk for team in teams}
    drawn = [team for team in teams if with_closed or team.closed_at is None]
    found = {team.pk for team in drawn if _matches(team, query)}
    shown = {pk for team in drawn if team.pk in found for pk in team.tree_path}
    people, everybody = _people(teams, today)
    leads = _leads(seen)
    below = Counter(team.parent_id for team in teams if team.closed_at is None)
    return [
        Row(
            team=team,
            depth=sum(pk in seen for pk in team.tree_path) - 1,
            people=len(people[team.pk]),
            people_below=len(everybody[team.pk]),
            teams_below=below[team.pk],
            leads=leads[team.pk],
            found=team.pk in found,
        )
        for team in drawn
        if team.pk in shown
    ]


def _matches(team: Team, query: str) -> bool:
    return not query or query.casefold() in f"{team.name} {team.about} {team.kind_name}".casefold()


def _people(teams: list[Team], today: date) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """By team, who is in it today, and who is in it or below; a person in two teams counts once above them."""
    own: dict[int, set[int]] = defaultdict(set)
    current = Membership.objects.on(today).filter(team__in=teams).order_by()
    for pk, person in current.values_list("team_id", "person_id"):
        own[pk].add(person)
    everybody: dict[int, set[int]] = defaultdict(set)
    for team in teams:
        for pk in team.tree_path:  # type: ignore[attr-defined]  # of tree-queries
            everybody[pk] |= own[team.pk]
    return own, everybody


def _leads(teams: set[int]) -> dict[int, list[Person]]:
    leads: dict[int, list[Person]] = defaultdict(list)
    for grant in Grant.objects.active().filter(team__in=teams, role__in=LEADS).select_related("person"):
        if grant.person not in leads[grant.team_id]:
            leads[grant.team_id].append(grant.person)
    return leads
