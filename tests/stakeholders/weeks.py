"""Weeks to look at: teams, sources and what they told, and how to read the page that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from metrics import ingest, rollups
from metrics.events import ChangeSeen, DeploymentSeen, Event, IncidentSeen, Outcome
from metrics.models import Service, Source, Stream
from stakeholders.week.page import Page
from teams.models import Grant, Membership, Person, Team, User

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # Wednesday of week 48
TUESDAY = datetime(2026, 11, 17, 14, 2, tzinfo=UTC)  # of week 47
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)


def a_team(name: str, parent: Team | None = None, kind: str = Team.Kind.SQUAD, **more: Any) -> Team:
    slug = name.lower().replace(" ", "-")
    return Team.objects.create(name=name, slug=slug, kind=kind, parent=parent, **more)


def reader(team: Team | None, role: str = Grant.Role.DIRECTOR, name: str = "Maya Lindqvist") -> Client:
    email = f"{name.lower().replace(' ', '.')}@example.org"
    person = Person.objects.create(name=name, email=email, user=User.objects.create_user(email, "a long password"))
    if team is not None:
        Grant.objects.create(person=person, role=role, team=team)
    client = Client()
    client.force_login(person.user)  # type: ignore[arg-type]
    return client


def a_source(
    team: Team, name: str = "GitHub", *, read_at: datetime | None = NOW - 4 * HOUR / 60, **stream: Any
) -> Source:
    source = Source.objects.create(team=team, provider="git", name=name)
    Source.objects.filter(pk=source.pk).update(created_at=NOW - 50 * WEEK)
    state = {"due_at": NOW + HOUR, "succeeded_at": read_at} | stream
    Stream.objects.create(source=source, kind="history", **state)
    return source


def a_service(source: Source, team: Team, name: str = "") -> Service:
    return Service.objects.create(source=source, name=name, title=name or source.name, team=team)


def deployed(key: str, at: datetime, *, service: str = "", lead: timedelta = 30 * HOUR, **more: Any) -> list[Event]:
    """A deployment that carries one change."""
    sha = f"{service}-{key}"
    change = ChangeSeen(sha=sha, title=f"Change {key}", author="x", first_commit_at=at - lead, merged_at=at - HOUR)
    facts: dict[str, Any] = {
        "provider_id": key, "service": service, "environment": "production", "production": True, "sha": sha,
        "ref": key, "outcome": Outcome.SUCCESS, "raw_outcome": "", "started_at": at, "finished_at": at,
        "base": "before", "carried": (sha,),
    }  # fmt: skip
    return [change, DeploymentSeen(**(facts | more))]


def broke(key: str, at: datetime, lasted: timedelta | None, *, service: str = "", **more: Any) -> Event:
    ended = at + lasted if lasted is not None else None
    title = more.pop("title", "Search fails")
    return IncidentSeen(provider_id=key, service=service, title=title, started_at=at, resolved_at=ended, **more)


def told(source: Source, *events: Event | Iterable[Event]) -> None:
    flat: list[Event] = []
    for one in events:
        flat += one if isinstance(one, list) else [one]  # type: ignore[list-item]
    with transaction.atomic():
        ingest.store(source, flat, now=NOW)
    rollups.rebuild(now=NOW)


def some_weeks(count: int, each: int, service: str = "") -> list[Event]:
    """`each` deployments in each of the `count` weeks that end with week 47."""
    return [
        event
        for back in range(count)
        for one in range(each)
        for event in deployed(f"{service}{back}-{one}", TUESDAY - back * WEEK + one * HOUR, service=service)
    ]


def page_of(client: Client, team: Team, week: str = "2026-W47") -> Page:
    answer = client.get(f"/week/{team.slug}/{week}/" if week else f"/week/{team.slug}/")
    assert answer.status_code == 200
    found: Page = answer.context["page"]
    return found


def html_of(client: Client, team: Team, week: str = "2026-W47") -> str:
    return client.get(f"/week/{team.slug}/{week}/" if week else f"/week/{team.slug}/").content.decode()


def sentence(page: Page) -> str:
    return page.headline.sentence.replace("\xa0", " ")


def fact(page: Page, label: str) -> dict[str, Any]:
    return next(one for one in page.facts if one["label"] == label)


def changes_in(page: Page, title: str) -> list[str]:
    return [f"{one.what} {one.text}" for group in page.groups if group.title == title for one in group.changes]


def a_member(team: Team, name: str, since: date = date(2024, 1, 1), level: str = "senior", **more: Any) -> None:
    person = Person.objects.create(name=name)
    Membership.objects.create(person=person, team=team, role="Engineer", level=level, started_on=since, **more)
