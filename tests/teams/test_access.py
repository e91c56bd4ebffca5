"""The one door: what it lets through agrees with looking at every grant and every team by hand."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from teams import access
from teams.access import RIGHTS, Right
from teams.models import Grant, Membership, Person, Team, User
from tests.personas import Organisation

ROLES = list(Grant.Role.values)
TEAMS, PEOPLE = 6, 3


class RandomTrees(HypothesisTestCase):
    """`access.teams` is one recursive query; the model walks up from each team and looks for a grant."""

    @settings(max_examples=30, deadline=None)
    @given(
        parents=st.tuples(*(st.none() | st.integers(0, max(0, n - 1)) for n in range(TEAMS))),
        grants=st.lists(
            st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from(ROLES), st.integers(0, TEAMS - 1), st.booleans()),
            max_size=8,
            unique_by=lambda grant: grant[:3],
        ),
    )
    def test_teams_agree_with_looking_by_hand(
        self, parents: tuple[int | None, ...], grants: list[tuple[int, str, int, bool]]
    ) -> None:
        teams: list[Team] = []
        for n, parent in enumerate(parents):
            above = None if parent is None or parent >= n else teams[parent]
            teams.append(Team.objects.create(name=f"Team {n}", slug=f"team-{n}", parent=above))
        users = [User.objects.create_user(f"{n}@example.org") for n in range(PEOPLE)]
        people = [Person.objects.create(name=f"Person {n}", user=user) for n, user in enumerate(users)]
        for person, role, team, revoked in grants:
            ended = {"revoked_at": timezone.now(), "revoked_by": users[0]} if revoked else {}
            Grant.objects.create(person=people[person], role=role, team=teams[team], **ended)

        def by_hand(person: int, right: Right) -> set[str]:
            found = set()
            for team in teams:
                step: Team | None = team
                while step is not None:
                    held = [
                        role for who, role, where, gone in grants if (who, teams[where], gone) == (person, step, False)
                    ]
                    if any(right in RIGHTS[role] for role in held):
                        found.add(team.slug)
                    step = step.parent
            return found

        for person, user in enumerate(users):
            for right in Right:
                assert {team.slug for team in access.teams(user, right)} == by_hand(person, right)


def test_a_stranger_gets_404_and_a_reader_who_writes_403(
    organisation: Organisation, stranger: Person, executive: Person, manager_a: Person
) -> None:
    with pytest.raises(Http404):
        access.get_team(stranger.user, "squad-a")
    with pytest.raises(Http404):
        access.get_team(manager_a.user, "squad-b")
    with pytest.raises(Http404):
        access.get_team(AnonymousUser(), "squad-a")
    assert access.get_team(executive.user, "squad-a") == organisation.squad_a
    with pytest.raises(PermissionDenied, match="Squad A"):
        access.get_team(executive.user, "squad-a", Right.LOG)


def test_somebody_whose_log_in_is_shut_sees_nothing(director: Person) -> None:
    director.user.is_active = False
    assert not access.teams(director.user).exists()
    assert not access.people(director.user).exists()


def test_people_are_seen_by_those_who_see_their_teams_past_ones_too(
    organisation: Organisation, engineer: Membership, manager_a: Person, outsider_manager: Person, stranger: Person
) -> None:
    Membership.objects.filter(pk=engineer.pk).update(ended_on=date(2026, 1, 1), end_reason="resigned")
    assert engineer.person in access.people(manager_a.user, Right.PEOPLE)
    assert engineer.person not in access.people(outsider_manager.user)
    assert list(access.people(stranger.user)) == [stranger]
    assert not access.people(stranger.user, Right.PEOPLE).exists()


def test_whoever_adds_a_person_sees_them_before_they_are_in_a_team(manager_a: Person) -> None:
    newcomer = Person.objects.create(name="Li Wei", created_by=manager_a.user)
    assert access.get_person(manager_a.user, newcomer.pk, Right.PEOPLE) == newcomer


def test_one_who_governs_a_corner_does_not_govern_people_with_a_role_above(
    organisation: Organisation, engineer: Membership, director: Person, administrator: Person
) -> None:
    corner = Person.objects.create(name="Corner", user=User.objects.create_user("corner@example.org"))
    Grant.objects.create(person=corner, role="administrator", team=organisation.squad_a)
    assert access.governs(corner.user, engineer.person)
    Grant.objects.create(person=engineer.person, role="director", team=organisation.root)
    assert not access.governs(corner.user, engineer.person)
    assert access.governs(administrator.user, engineer.person)
    assert access.governs(director.user, administrator)


def test_home_is_the_highest_open_team(organisation: Organisation, manager_a: Person, director: Person) -> None:
    assert access.home(director.user) == organisation.root
    assert access.home(manager_a.user) == organisation.squad_a
    assert access.home(AnonymousUser()) is None
    Grant.objects.create(person=manager_a, role="manager", team=organisation.portal)
    Team.objects.filter(pk=organisation.portal.pk).update(closed_at=timezone.now(), closed_by=director.user)
    assert access.home(manager_a.user) == organisation.squad_a


@pytest.mark.django_db
def test_the_depth_of_the_tree_costs_no_more_queries(director: Person, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    above = Team.objects.get(slug="squad-a")
    for n in range(30):
        above = Team.objects.create(name=f"Deep {n}", slug=f"deep-{n}", parent=above)
    with django_assert_num_queries(1):
        assert access.teams(director.user).count() == 36
    assert connection.vendor == "postgresql"
