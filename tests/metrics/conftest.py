"""Repositories and sources for the tests of ingestion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from metrics import actions, rollups, streams
from metrics.models import Service, Source, Stream
from teams.models import Person, Team
from tests.observing import Observing
from tests.personas import Organisation

from .repository import Repository


@pytest.fixture
def squad(db: None) -> Team:
    return Team.objects.create(name="Squad", slug="squad", kind=Team.Kind.SQUAD)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def connect(squad: Team) -> Callable[..., Stream]:
    """A Git source of the squad, not yet read: `connect(path, deployments="branch")`."""

    def make(address: Path | str, **settings: Any) -> Stream:
        name = f"source {Source.objects.count()}"
        source = Source.objects.create(team=squad, provider="git", name=name, address=str(address), settings=settings)
        Service.objects.create(source=source, name="", title=name, team=squad)
        return Stream.objects.create(source=source, kind="history", due_at=timezone.now())

    return make


@pytest.fixture
def pull() -> Callable[[Stream], Stream]:
    """Read a stream to its end, as a worker does."""

    def read(stream: Stream) -> Stream:
        Stream.objects.filter(pk=stream.pk).update(due_at=timezone.now())
        while streams.read(stream.pk, "test"):
            pass
        rollups.rebuild(now=timezone.now())
        stream.refresh_from_db()
        return stream

    return read


@pytest.fixture
def observing(settings: Any) -> None:
    """This installation has the observing provider."""
    Observing.clean()
    cache.clear()
    settings.PROVIDERS = settings.PROVIDERS | {"observing": "tests.observing.Observing"}


@pytest.fixture
def browser(administrator: Person, page_of: Callable[[Person], Client]) -> Client:
    """Somebody who may connect and mend sources."""
    return page_of(administrator)


@pytest.fixture
def source(observing: None, organisation: Organisation) -> Source:
    """An observing source of Squad A that nobody has read yet."""
    made = actions.connect_source(team=organisation.squad_a, provider="observing", name="Seen", by=None, secret="old")
    made.refresh_from_db()
    return made
