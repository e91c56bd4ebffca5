"""Who holds which role over a team, and whose person a log-in is."""

from __future__ import annotations

from teams.models import Grant, Person, Team, User


def person_of(user: User) -> Person | None:
    return Person.objects.filter(user=user).first()


def roles_over(person: Person, team: Team) -> frozenset[str]:
    """Roles that `person` holds now over `team`, granted there or above."""
    above = [one.pk for one in Team.objects.ancestors(team, include_self=True)]
    return frozenset(Grant.objects.active().filter(person=person, team__in=above).values_list("role", flat=True))


def holders(role: str, team: Team) -> list[Person]:
    """Everybody with a log-in who holds `role` over `team`."""
    above = [one.pk for one in Team.objects.ancestors(team, include_self=True)]
    held = Grant.objects.active().filter(role=role, team__in=above).values("person")
    return list(Person.objects.filter(pk__in=held, user__is_active=True).order_by("name"))
