"""GitHub through the whole of it: connected, read into the tables by the real streams, pushed into the inbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from metrics import actions, inbox, streams
from metrics.models import Change, Commit, Deployment, Incident, OpenItem, PipelineRun, Source, Stream
from metrics.providers.github import GitHubProvider
from teams.models import Team
from tests.fakes.github import FakeGitHub, large
from tests.fakes.github_world import World
from tests.metrics.github_reading import Reading

pytestmark = pytest.mark.django_db


def lately(objects: int) -> World:
    """A world that ended a moment ago by our own clock."""
    long = large(objects, repositories=1).now - World().now
    world = large(objects, repositories=1, start=datetime.now(UTC).replace(microsecond=0) - long - timedelta(minutes=1))
    world.live = True
    return world


def read(source: Source, kind: str) -> Stream:
    stream = source.streams.get(kind=kind, lane="fresh")
    Stream.objects.filter(pk=stream.pk).update(due_at=timezone.now(), blocked_until=None)
    while streams.read(stream.pk, "test"):
        pass
    stream.refresh_from_db()
    assert stream.error == ""
    return stream


def test_what_github_holds_is_in_the_tables_once(squad: Team, settings: Any) -> None:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]
    world = lately(60)
    at = world.repositories[0]
    with FakeGitHub(world) as fake:
        source = actions.connect_source(
            team=squad, provider="github", name="GitHub", address=fake.url, secret="ghp_x" * 4,
            settings={"repositories": [at.full_name]}, by=None,
        )  # fmt: skip
        for _ in range(2):
            for kind in GitHubProvider.streams:
                read(source, kind)
        whole = Reading(fake, (at.full_name,), since=datetime.now(UTC) - timedelta(days=90))
        for stream in GitHubProvider.streams:
            whole.stream(stream)
        assert Deployment.objects.filter(source=source).count() == len(at.deployments)
        assert PipelineRun.objects.filter(source=source).count() == sum(map(len, at.runs))
        assert Commit.objects.filter(source=source).count() == len(
            [one for one in at.commits if any(kind == "commit" and which.endswith(one) for kind, which in whole.held)]
        )
        merged = [pull for pull in at.pulls if pull["merged_at"]]
        assert Change.objects.filter(source=source, number__gt="").count() == len(merged)
        incidents = [issue for issue in at.issues if issue["labels"][0]["name"] == "incident"]
        assert Incident.objects.filter(source=source).count() == len(incidents)  # bugs are none
        under_way = sum(1 for made in whole.made().values() if made.open)
        assert OpenItem.objects.filter(source=source).count() == under_way

        row = next(one for one in at.deployments if at.statuses[one["id"]][0]["state"] == "in_progress")
        status = world.status(at, row, "success")
        said = {"repository": at.said(""), "deployment": row, "deployment_status": status}
        headers = {"x-github-event": "deployment_status"}
        assert inbox.receive(source, "one", json.dumps(said).encode(), headers)
        assert not inbox.receive(source, "one", json.dumps(said).encode(), headers)
        assert inbox.sweep() == 1
        held = Deployment.objects.get(source=source, provider_id=str(row["id"]))
        assert held.outcome == "success"
        read(source, "open")
        assert not OpenItem.objects.filter(
            source=source, kind="deployment", thing=f"{at.full_name}#{row['id']}"
        ).exists()
