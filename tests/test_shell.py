"""The frame around every page: what it shows to whom, and how few questions it asks the database."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import resolve

from config.shell import Node, Shell, shell
from teams.models import Grant, Person, Team, User
from teams.scope import speaks_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> SimpleNamespace:
    top = Team.objects.create(name="Engineering", slug="engineering", kind=Team.Kind.GROUP)
    platform = Team.objects.create(name="Platform", slug="platform", kind=Team.Kind.GROUP, parent=top)
    portal = Team.objects.create(name="Portal", slug="portal", kind=Team.Kind.GROUP, parent=top)
    a = Team.objects.create(name="Squad A", slug="squad-a", parent=platform)
    b = Team.objects.create(name="Squad B", slug="squad-b", parent=portal)
    return SimpleNamespace(top=top, platform=platform, portal=portal, a=a, b=b)


def somebody(team: Team, role: str = Grant.Role.DIRECTOR) -> User:
    user = User.objects.create_user(f"{role}@example.org")
    person = Person.objects.create(name="Maya Lindqvist", email=user.email, user=user)
    Grant.objects.create(person=person, role=role, team=team)
    return user


def asked(path: str, user: User | AnonymousUser, *, scope: Team | None = None) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    request.resolver_match = resolve(path.partition("?")[0])
    if scope:
        speaks_of(request, scope)
    return request


def flat(nodes: list[Node]) -> list[Node]:
    return [each for node in nodes for each in (node, *flat(node.children))]


def test_a_visitor_costs_no_query(django_assert_num_queries: object) -> None:
    frame = Shell(asked("/accounts/login/", AnonymousUser()))
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert (frame.signed_in, frame.scope, frame.pages, frame.tree, frame.person) == (False, None, [], [], None)


def test_what_is_not_shown_is_not_fetched(tree: SimpleNamespace, django_assert_num_queries: object) -> None:
    user = somebody(tree.top)
    with django_assert_num_queries(0):  # type: ignore[operator]
        context = shell(asked("/teams/", user))
        assert context["shell"].theme == "auto"


def test_a_tree_of_any_size_is_one_query(tree: SimpleNamespace, django_assert_num_queries: object) -> None:
    Team.objects.bulk_create(Team(name=f"T{n}", slug=f"t{n}", parent=tree.portal) for n in range(50))
    frame = Shell(asked("/week/portal/", somebody(tree.top), scope=tree.portal))
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(flat(frame.tree)) == 55
        assert frame.many_teams


def test_the_tree_starts_at_the_highest_team_that_the_person_sees(tree: SimpleNamespace) -> None:
    frame = Shell(asked("/teams/", somebody(tree.platform, Grant.Role.MANAGER)))
    assert [node.name for node in frame.tree] == ["Platform"]
    assert [node.name for node in frame.tree[0].children] == ["Squad A"]


def test_the_way_to_the_current_team_is_open_and_the_rest_is_closed(tree: SimpleNamespace) -> None:
    frame = Shell(asked("/week/squad-a/", somebody(tree.top), scope=tree.a))
    nodes = {node.name: node for node in flat(frame.tree)}
    assert [name for name, node in nodes.items() if node.open] == ["Engineering", "Platform", "Squad A"]
    assert [name for name, node in nodes.items() if node.current] == ["Squad A"]


def test_a_team_in_the_tree_leads_to_the_same_page_with_the_same_choices(tree: SimpleNamespace) -> None:
    frame = Shell(asked("/metrics/squad-a/lead-time/?weeks=26&page=3", somebody(tree.top), scope=tree.a))
    assert {node.name: node.url for node in flat(frame.tree)}["Squad B"] == "/metrics/squad-b/lead-time/?weeks=26"


def test_a_team_in_the_tree_leads_to_its_week_from_a_page_without_a_team(tree: SimpleNamespace) -> None:
    frame = Shell(asked("/people/", somebody(tree.top)))
    assert {node.name: node.url for node in flat(frame.tree)}["Squad B"] == "/week/squad-b/"


def test_closed_teams_are_not_in_the_tree(tree: SimpleNamespace) -> None:
    from django.utils import timezone

    user = somebody(tree.top)
    Team.objects.filter(pk=tree.b.pk).update(closed_at=timezone.now(), closed_by=user)
    assert "Squad B" not in [node.name for node in flat(Shell(asked("/teams/", user)).tree)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/week/squad-a/", "This week"),
        ("/metrics/squad-a/lead-time/", "Metrics"),
        ("/teams/squad-a/", "Teams"),
        ("/people/", "Teams"),
        ("/sources/squad-a/", "Sources"),
        ("/accounts/password/change/", None),
    ],
)
def test_one_page_at_most_is_the_current_one(tree: SimpleNamespace, path: str, name: str | None) -> None:
    frame = Shell(asked(path, somebody(tree.top), scope=tree.a))
    assert [page.name for page in frame.pages if page.current] == ([name] if name else [])


def test_somebody_without_any_team_has_no_pages(tree: SimpleNamespace) -> None:
    user = User.objects.create_user("new@example.org")
    frame = Shell(asked("/teams/", user))
    assert (frame.pages, frame.tree, frame.sample, frame.name) == ([], [], False, "new@example.org")


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', "auto"), ("", "auto")]
)
def test_the_theme_is_one_of_three(cookie: str, theme: str) -> None:
    request = asked("/accounts/login/", AnonymousUser())
    request.COOKIES["theme"] = cookie
    assert Shell(request).theme == theme


def test_sample_people_are_offered_to_visitors_of_the_demo_alone(tree: SimpleNamespace, settings: object) -> None:
    user = somebody(tree.top)
    User.objects.filter(pk=user.pk).update(is_sample=True)
    visitor = asked("/accounts/login/", AnonymousUser())
    assert not shell(visitor)["sample_people"]
    settings.DEMO = True  # type: ignore[attr-defined]
    assert [(one.name, one.role) for one in shell(visitor)["sample_people"]] == [("Maya Lindqvist", "the director")]
    assert not shell(asked("/teams/", user))["sample_people"]


def test_an_error_page_before_the_log_in_is_known_still_has_a_frame() -> None:
    frame = Shell(RequestFactory().get("/nowhere/"))
    assert (frame.signed_in, frame.pages, frame.tree) == (False, [], [])
