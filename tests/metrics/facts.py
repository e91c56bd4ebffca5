"""Teams, people and facts for the tests of numbers: short to write, stored the way sources store them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from metrics import ingest, rollups
from metrics.events import Answer, ChangeSeen, DeploymentSeen, Event, IncidentSeen, Outcome
from metrics.models import Source
from metrics.periods import Week
from teams.models import Grant, Person, Team, User

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday: week 48 is not over
WEEK = Week.parse("2026-W47")
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def team(name: str, parent: Team | None = None, kind: str = Team.Kind.SQUAD) -> Team:
    return Team.objects.create(name=name, slug=name.lower().replace(" ", "-"), kind=kind, parent=parent)


def person(name: str, over: Team, role: str = Grant.Role.DIRECTOR) -> User:
    user = User.objects.create_user(f"{name.lower()}@example.org", "a long password")
    Grant.objects.create(person=Person.objects.create(name=name, user=user), role=role, team=over)
    return user


def source(owner: Team, provider: str = "github") -> Source:
    return Source.objects.create(team=owner, provider=provider, name=f"{owner.name}'s {provider}")


def change(sha: str, first: datetime | None, merged: datetime, **more: object) -> ChangeSeen:
    return ChangeSeen(
        **{"sha": sha, "title": f"Change {sha}", "author": "Ines", "first_commit_at": first, "merged_at": merged} | more  # type: ignore[arg-type]
    )


def deployment(
    key: str,
    at: datetime,
    carried: Sequence[str] = (),
    *,
    base: str | None = "before",
    outcome: Outcome = Outcome.SUCCESS,
    answer: Answer | None = None,
    answers: str = "",
    service: str = "api",
    url: str = "",
) -> DeploymentSeen:
    return DeploymentSeen(
        provider_id=key, service=service, environment="production", production=True, sha=f"sha-{key}", ref=key,
        outcome=outcome, raw_outcome=str(outcome), started_at=at - hours(0.1), finished_at=at, answer=answer,
        answers=answers, base=base, carried=tuple(carried), url=url,
    )  # fmt: skip


def incident(
    key: str, start: datetime, end: datetime | None, *, service: str = "api", caused_by: str = ""
) -> IncidentSeen:
    return IncidentSeen(
        provider_id=key,
        service=service,
        title=f"Incident {key}",
        started_at=start,
        resolved_at=end,
        caused_by=caused_by,
    )


def shipped(key: str, at: datetime, leads: Iterable[float]) -> list[Event]:
    """One deployment with changes that took so many hours each."""
    made: list[Event] = [
        change(f"{key}-{place}", at - hours(lead), at - hours(min(1, lead / 2))) for place, lead in enumerate(leads)
    ]
    return [*made, deployment(key, at, [one.sha for one in made if isinstance(one, ChangeSeen)])]


def keep(into: Source, *events: Event, now: datetime = NOW) -> None:
    with transaction.atomic():
        ingest.store(into, events, now=now)
    rollups.rebuild(now=now)
