"""The only door of access: which teams a user may see, and what they may do there.

A role is granted over a team and reaches everything below it. To fetch is to check: a team that a user may not see
does not exist for them (404); one that they see but may not change refuses (403).
"""

from __future__ import annotations

import enum

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404

from .models import Grant, Person, Team, User

Visitor = User | AnonymousUser


class Right(enum.StrEnum):
    """What can be allowed over a team."""

    SEE = "see"
    LOG = "log"  # check-ins, slips, dependencies
    PEOPLE = "people"  # joining, moving, leaving; why somebody left
    TREE = "tree"  # adding, moving and closing teams
    SOURCES = "sources"  # connecting providers, replaying, correcting links
    ACCESS = "access"  # granting and revoking roles
    DECIDE = "decide"
    SIGN = "sign"


R = Grant.Role
RIGHTS: dict[str, frozenset[Right]] = {
    R.DIRECTOR: frozenset(Right),
    R.MANAGER: frozenset({Right.SEE, Right.LOG, Right.PEOPLE}),
    R.CONTRIBUTOR: frozenset({Right.SEE, Right.LOG}),
    R.EXECUTIVE: frozenset({Right.SEE}),
    R.LEGAL: frozenset({Right.SEE, Right.SIGN}),
    R.ADMINISTRATOR: frozenset({Right.SEE, Right.PEOPLE, Right.TREE, Right.SOURCES, Right.ACCESS}),
}

_BELOW = """
    WITH RECURSIVE below(id) AS (
        SELECT granted.team_id FROM teams_grant granted
          JOIN teams_person person ON person.id = granted.person_id
         WHERE person.user_id = %s AND granted.revoked_at IS NULL AND granted.role = ANY(%s)
        UNION
        SELECT team.id FROM teams_team team JOIN below ON team.parent_id = below.id
    ) SELECT id FROM below
"""


def teams(user: Visitor, right: Right = Right.SEE) -> QuerySet[Team]:
    """The teams over which `user` has `right`; none for a visitor who is not signed in."""
    if not user.is_authenticated or not user.is_active:
        return Team.objects.none()
    if user.is_superuser:
        return Team.objects.all()
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    return Team.objects.filter(id__in=RawSQL(_BELOW, [user.pk, roles]))  # noqa: S611 (fixed text, bound values)


_UNDER = """
    WITH RECURSIVE under(id) AS (
        SELECT %s::bigint UNION SELECT team.id FROM teams_team team JOIN under ON team.parent_id = under.id
    ) SELECT id FROM under
"""


def below(user: Visitor, team: Team, right: Right = Right.SEE) -> QuerySet[Team]:
    """`team` and all teams under it over which `user` has `right`: the scope of a page."""
    return teams(user, right).filter(id__in=RawSQL(_UNDER, [team.pk]))  # noqa: S611 (fixed text, bound values)


def may(user: Visitor, right: Right, team: Team) -> bool:
    """Whether `user` has `right` over `team`."""
    return teams(user, right).filter(pk=team.pk).exists()


def get_team(user: Visitor, slug: str, right: Right = Right.SEE) -> Team:
    """The team with this slug. Raises Http404 when `user` may not see it, PermissionDenied without the right."""
    team = teams(user).filter(slug=slug).first()
    if team is None:
        raise Http404("No such team.")
    require(user, right, team)
    return team


def require(user: Visitor, right: Right, team: Team) -> None:
    """Raise PermissionDenied unless `user` has `right` over `team`."""
    if right is not Right.SEE and not may(user, right, team):
        raise PermissionDenied(f"Your role does not let you change this in {team.name}.")


def may_anywhere(user: Visitor, right: Right) -> bool:
    """Whether there is any team over which `user` has `right`: for showing a page or a button at all."""
    return teams(user, right).exists()


def people(user: Visitor, right: Right = Right.SEE) -> QuerySet[Person]:
    """People who are or were in a team over which `user` has `right`, and the user's own record."""
    if not user.is_authenticated or not user.is_active:
        return Person.objects.none()
    if user.is_superuser:
        return Person.objects.all()
    seen = Person.objects.filter(memberships__team__in=teams(user, right))
    granted = Person.objects.filter(grants__team__in=teams(user, right))
    own = Person.objects.filter(user=user) if right is Right.SEE else Person.objects.none()
    newcomers = Person.objects.filter(memberships=None, grants=None, created_by=user)
    ids = seen.values("id").union(granted.values("id"), own.values("id"), newcomers.values("id"))
    return Person.objects.filter(id__in=ids)


def get_person(user: Visitor, pk: int, right: Right = Right.SEE) -> Person:
    """The person `pk`. Raises Http404 when `user` may not see them, PermissionDenied when only the right is missing."""
    person = people(user).filter(pk=pk).first()
    if person is None:
        raise Http404("No such person.")
    if right is not Right.SEE and not people(user, right).filter(pk=pk).exists():
        raise PermissionDenied(f"Your role does not let you change {person.name}'s record.")
    return person


def governs(user: Visitor, person: Person) -> bool:
    """Whether `user` may decide about the log-in of `person`: over every team in which they hold a role or work.

    Somebody who governs one corner cannot lock out, or take over the address of, a person with a role above it.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    held = Team.objects.filter(grants__person=person, grants__revoked_at=None).values("id")
    worked = Team.objects.filter(memberships__person=person).values("id")
    concerned = set(Team.objects.filter(Q(id__in=held) | Q(id__in=worked)).values_list("id", flat=True))
    if not concerned:
        return people(user).filter(pk=person.pk).exists() and may_anywhere(user, Right.ACCESS)
    return concerned <= set(teams(user, Right.ACCESS).values_list("id", flat=True))


def governs_all(user: Visitor) -> bool:
    """Whether `user` may give roles over every open top team: for what concerns the whole organisation."""
    if not user.is_authenticated or not user.is_active:
        return False
    tops = Team.objects.open().filter(parent=None)
    governed = teams(user, Right.ACCESS).filter(parent=None).values("id")
    return user.is_superuser or (tops.exists() and not tops.exclude(id__in=governed).exists())


def home(user: Visitor) -> Team | None:
    """The team whose page `user` lands on: the highest open one in the tree that they see; None when they see none."""
    highest_first = (F("closed_at").asc(nulls_first=True), "tree_depth", "position", "name")
    return teams(user).with_tree_fields().order_by(*highest_first).first()  # type: ignore[attr-defined]  # of tree-queries
