"""Who may get a report: people with a log-in who see its team; others are given a link."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from teams import access
from teams.access import RIGHTS, Right
from teams.models import Person, Team

MOST_FOUND = 40


def readers(team: Team, right: Right = Right.SEE) -> QuerySet[Person]:
    """People with a log-in and `right` over the team, by name."""
    above = [one.pk for one in Team.objects.ancestors(team, include_self=True)]
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    granted = Person.objects.filter(grants__team__in=above, grants__revoked_at=None, grants__role__in=roles)
    found = Person.objects.filter(Q(pk__in=granted.values("pk")) | Q(user__is_superuser=True))
    return found.filter(user__is_active=True).exclude(email="").order_by("name", "pk")


def found(team: Team, words: str, chosen: Collection[int] = ()) -> tuple[QuerySet[Person], int]:
    """Those who are chosen, and of the others who match `words` the first few; how many match."""
    rows = readers(team)
    matching = rows
    for word in words.split()[:5]:
        matching = matching.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(title__icontains=word))
    first = list(matching.values_list("pk", flat=True)[:MOST_FOUND])
    return rows.filter(pk__in=[*first, *chosen]), matching.count()


def refusal(person: Person | None, team: Team, right: Right = Right.SEE) -> str:
    """Why somebody may not get a report of `team`; "" when they may."""
    if person is None:
        return "It is not known for whom this is. Give them a link instead."
    if person.user is None or not person.user.is_active:
        return f"{person.name} has no log-in. Give them a link instead."
    if not access.may(person.user, right, team):
        return f"{person.name} may not see {team.name}. Give them a role there, or a link."
    return ""
