"""A small organisation, and one person of each kind with a log-in.

Product Engineering (director, executive, legal, administrator)
├── Integration Platform
│   ├── Squad A (manager_a, contributor)
│   └── Squad B
└── Member Portal
    └── Squad M (outsider_manager)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from teams.models import Grant, Membership, Person, Team, User

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Organisation:
    root: Team
    platform: Team
    squad_a: Team
    squad_b: Team
    portal: Team
    squad_m: Team


@pytest.fixture(autouse=True)
def static_files_unhashed(settings) -> None:  # type: ignore[no-untyped-def]
    """Pages link their static files without a manifest, which only `collectstatic` makes."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(autouse=True)
def quick_passwords(settings) -> None:  # type: ignore[no-untyped-def]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def today() -> date:
    return timezone.localdate()


@pytest.fixture
def installer(db: None) -> User:
    return User.objects.create_superuser("installer@example.org", "a long password here")


@pytest.fixture
def organisation(installer: User) -> Organisation:
    def team(name: str, kind: str, parent: Team | None) -> Team:
        slug = name.lower().replace(" ", "-")
        return Team.objects.create(name=name, slug=slug, kind=kind, parent=parent, created_by=installer)

    root = team("Product Engineering", Team.Kind.GROUP, None)
    platform = team("Integration Platform", Team.Kind.GROUP, root)
    portal = team("Member Portal", Team.Kind.GROUP, root)
    return Organisation(
        root=root,
        platform=platform,
        squad_a=team("Squad A", Team.Kind.SQUAD, platform),
        squad_b=team("Squad B", Team.Kind.SQUAD, platform),
        portal=portal,
        squad_m=team("Squad M", Team.Kind.SQUAD, portal),
    )


def somebody(name: str, role: str | None = None, team: Team | None = None) -> Person:
    email = f"{name.lower().replace(' ', '.')}@example.org"
    first, _, last = name.partition(" ")
    user = User.objects.create_user(email, "a long password here", first_name=first, last_name=last)
    person = Person.objects.create(name=name, email=email, user=user)
    if role and team:
        Grant.objects.create(person=person, role=role, team=team)
    return person


@pytest.fixture
def director(organisation: Organisation) -> Person:
    return somebody("Maya Lindqvist", Grant.Role.DIRECTOR, organisation.root)


@pytest.fixture
def manager_a(organisation: Organisation) -> Person:
    return somebody("Ines Carvalho", Grant.Role.MANAGER, organisation.squad_a)


@pytest.fixture
def contributor(organisation: Organisation) -> Person:
    return somebody("Noor Haddad", Grant.Role.CONTRIBUTOR, organisation.squad_a)


@pytest.fixture
def executive(organisation: Organisation) -> Person:
    return somebody("Ruth Adler", Grant.Role.EXECUTIVE, organisation.root)


@pytest.fixture
def legal(organisation: Organisation) -> Person:
    return somebody("Laura Bennett", Grant.Role.LEGAL, organisation.root)


@pytest.fixture
def administrator(organisation: Organisation) -> Person:
    return somebody("Tomasz Wolny", Grant.Role.ADMINISTRATOR, organisation.root)


@pytest.fixture
def stranger(organisation: Organisation) -> Person:
    return somebody("Sam Stranger")


@pytest.fixture
def outsider_manager(organisation: Organisation) -> Person:
    return somebody("Yuki Tanaka", Grant.Role.MANAGER, organisation.squad_m)


@pytest.fixture
def page_of() -> Callable[[Person], Client]:
    """A browser in which somebody is signed in."""

    def signed_in(person: Person) -> Client:
        client = Client()
        client.force_login(person.user)
        return client

    return signed_in


@pytest.fixture
def engineer(organisation: Organisation, today: date) -> Membership:
    """A senior who has been in Squad A for two years."""
    person = Person.objects.create(name="Daniel Okafor", email="daniel.okafor@example.org")
    return Membership.objects.create(
        person=person, team=organisation.squad_a, role="Backend engineer", level="senior", started_on=today - 2 * YEAR
    )
