"""The shape of the tree: names and addresses, moving without loops, closing what is empty."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, connections
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from teams import actions
from teams.models import Membership, Person, Team, User
from tests.personas import Organisation

SQUAD = Team.Kind.SQUAD


def test_a_team_gets_an_address_from_its_name_and_keeps_it_when_renamed(
    organisation: Organisation, installer: User
) -> None:
    team = actions.add_team(name="  Claims Intake ", kind=SQUAD, parent=organisation.root, by=installer)
    assert (team.name, team.slug) == ("Claims Intake", "claims-intake")
    renamed = actions.rename_team(team=team, name="Claims", by=installer)
    assert (renamed.name, renamed.slug) == ("Claims", "claims-intake")


def test_two_teams_of_one_name_in_two_groups_get_two_addresses(organisation: Organisation, installer: User) -> None:
    first = actions.add_team(name="Mobile", kind=SQUAD, parent=organisation.platform, by=installer)
    second = actions.add_team(name="mobile", kind=SQUAD, parent=organisation.portal, by=installer)
    assert (first.slug, second.slug) == ("mobile", "mobile-2")


@pytest.mark.parametrize(("name", "slug"), [("Add", "add-2"), ("Ωμέγα", "team"), ("★", "team"), ("x" * 120, "x" * 120)])
def test_every_name_finds_an_address(organisation: Organisation, installer: User, name: str, slug: str) -> None:
    assert actions.add_team(name=name, kind=SQUAD, parent=None, by=installer).slug == slug


def test_one_group_has_a_name_once_in_any_case(organisation: Organisation, installer: User) -> None:
    with pytest.raises(actions.Taken, match="already has a team named squad a") as refusal:
        actions.add_team(name="squad a", kind=SQUAD, parent=organisation.platform, by=installer)
    assert refusal.value.field == "name"
    with pytest.raises(actions.Taken):
        actions.rename_team(team=organisation.squad_b, name="SQUAD A", by=installer)
    with pytest.raises(actions.Taken, match="At the top"):
        actions.add_team(name="product engineering", kind=SQUAD, parent=None, by=installer)


def test_a_loop_is_refused_and_named(organisation: Organisation, installer: User) -> None:
    with pytest.raises(actions.Loop, match="Product Engineering → Integration Platform → Squad A → Product Eng"):
        actions.move_team(team=organisation.root, parent=organisation.squad_a, by=installer)
    with pytest.raises(actions.Loop):
        actions.move_team(team=organisation.root, parent=organisation.root, by=installer)
    organisation.root.refresh_from_db()
    assert organisation.root.parent is None


def test_what_is_below_moves_along(organisation: Organisation, installer: User) -> None:
    actions.move_team(team=organisation.platform, parent=organisation.portal, by=installer)
    assert list(Team.objects.ancestors(organisation.squad_a)) == [
        organisation.root,
        organisation.portal,
        organisation.platform,
    ]


def test_a_team_does_not_move_to_where_its_name_is_taken_or_to_a_closed_group(
    organisation: Organisation, installer: User
) -> None:
    other = actions.add_team(name="Squad A", kind=SQUAD, parent=organisation.portal, by=installer)
    with pytest.raises(actions.Taken) as refusal:
        actions.move_team(team=other, parent=organisation.platform, by=installer)
    assert refusal.value.field == "parent"
    closed = actions.add_team(name="Old", kind=Team.Kind.GROUP, parent=None, by=installer)
    actions.close_team(team=closed, by=installer)
    with pytest.raises(actions.Over, match="was closed"):
        actions.move_team(team=other, parent=closed, by=installer)
    with pytest.raises(actions.Over):
        actions.add_team(name="New", kind=SQUAD, parent=closed, by=installer)


def test_a_team_closes_only_when_nobody_and_nothing_is_in_it(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    with pytest.raises(actions.StillInUse, match="Squad A and Squad B"):
        actions.close_team(team=organisation.platform, by=installer)
    with pytest.raises(actions.StillInUse, match="Daniel Okafor"):
        actions.close_team(team=organisation.squad_a, by=installer)
    actions.leave(membership=engineer, last_day=today, reason="resigned", by=installer)
    closed = actions.close_team(team=organisation.squad_a, by=installer)
    assert closed.closed_by == installer
    with pytest.raises(actions.Over):
        actions.close_team(team=organisation.squad_a, by=installer)
    person = Person.objects.create(name="Late Comer")
    with pytest.raises(actions.Over, match="was closed"):
        actions.join(person=person, team=organisation.squad_a, role="Engineer", started_on=today, by=installer)


def test_a_team_reopens_under_an_open_group_only(organisation: Organisation, installer: User) -> None:
    for team in (organisation.squad_m, organisation.portal):
        actions.close_team(team=team, by=installer)
    with pytest.raises(actions.Over, match="Member Portal, which Squad M is part of, is closed"):
        actions.reopen_team(team=organisation.squad_m, by=installer)
    actions.reopen_team(team=organisation.portal, by=installer)
    assert actions.reopen_team(team=organisation.squad_m, by=installer).closed_at is None
    with pytest.raises(actions.Over, match="is open"):
        actions.reopen_team(team=organisation.squad_m, by=installer)


def test_every_change_is_kept_with_who_made_it(organisation: Organisation, director: Person) -> None:
    actions.rename_team(team=organisation.squad_a, name="Squad Alpha", by=director.user)
    event = Team.pgh_event_model.objects.filter(pgh_obj=organisation.squad_a).order_by("-pgh_id").first()
    assert event.name == "Squad Alpha"
    assert event.pgh_context.metadata == {"user": director.user.pk, "action": "edit_team"}


def test_history_cannot_be_altered(organisation: Organisation) -> None:
    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        Team.pgh_event_model.objects.all().delete()


def test_the_database_refuses_a_team_that_is_its_own_parent(organisation: Organisation) -> None:
    with pytest.raises(IntegrityError):
        Team.objects.filter(pk=organisation.root.pk).update(parent=organisation.root)


class RandomMoves(HypothesisTestCase):
    """Any moves whatever leave a forest, and the same one as a model that looks at every team by hand."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 6)), max_size=25))
    def test_random_moves_keep_the_forest(self, moves: list[tuple[int, int | None]]) -> None:
        by = User.objects.create_user("mover@example.org")
        teams = [actions.add_team(name=f"Team {n}", kind=SQUAD, parent=None, by=by) for n in range(7)]
        model: list[int | None] = [None] * 7

        def above(n: int | None) -> set[int]:
            return set() if n is None else {n} | above(model[n])

        for child, parent in moves:
            loops = child in above(parent)
            try:
                actions.move_team(team=teams[child], parent=None if parent is None else teams[parent], by=by)
            except actions.Loop:
                assert loops
            else:
                assert not loops
                model[child] = parent
        numbers = {team.pk: n for n, team in enumerate(teams)}
        stored = {numbers[pk]: numbers.get(parent) for pk, parent in Team.objects.values_list("pk", "parent_id")}
        assert stored == dict(enumerate(model))
        assert len(Team.objects.with_tree_fields()) == 7


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_cannot_make_a_loop() -> None:
    by = User.objects.create_user("mover@example.org")
    for turn in range(8):
        one = actions.add_team(name=f"One {turn}", kind=SQUAD, parent=None, by=by)
        two = actions.add_team(name=f"Two {turn}", kind=SQUAD, parent=None, by=by)
        both = threading.Barrier(2)
        refused: list[actions.Loop] = []

        def move(team: Team, parent: Team, both: threading.Barrier = both, refused: list = refused) -> None:
            both.wait()
            try:
                actions.move_team(team=team, parent=parent, by=by)
            except actions.Loop as loop:
                refused.append(loop)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=move, args=pair) for pair in ((one, two), (two, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(refused) == 1
        one.refresh_from_db()
        two.refresh_from_db()
        assert {one.parent, two.parent} in ({None, one}, {None, two})
