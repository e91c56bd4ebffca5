"""GitLab and Jenkins through the real reading: pages, the open set, deliveries and rules, down to the stored facts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metrics import actions, inbox, streams
from metrics.models import Change, Deployment, Incident, OpenItem, PipelineRun, Source, Stream
from teams.models import Team
from tests.fakes import gitlab as gitlabs
from tests.fakes import jenkins as jenkinses

Connect = Callable[..., Source]


@pytest.fixture
def connected(squad: Team, settings: Any) -> Connect:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]

    def make(provider: str, address: str, secret: str, **said: Any) -> Source:
        return actions.connect_source(
            team=squad, provider=provider, name=provider, by=None, address=address, secret=secret, settings=said
        )

    return make


def read(source: Source, *kinds: str) -> None:
    for stream in source.streams.filter(lane=Stream.Lane.FRESH, **({"kind__in": kinds} if kinds else {})):
        Stream.objects.filter(pk=stream.pk).update(due_at=timezone.now())
        while streams.read(stream.pk, "test"):
            pass
        stream.refresh_from_db()
        assert stream.error == "", f"{stream.kind}: {stream.error} {stream.error_detail}"


def test_gitlab_is_read_heard_and_stored(connected: Connect, client: Client) -> None:
    with gitlabs.FakeGitLab(now=timezone.now()) as fake:
        fake.tick(-86_400)
        shop = fake.project("acme/shop")
        first = fake.commit(shop, "Begin")
        merged = fake.merge_request(shop, "Faster search", sha=first["id"])
        fake.commit(shop, "Merge", id=merged["merge_commit_sha"])
        fake.deployment(shop, "success", sha=merged["merge_commit_sha"])
        going = fake.deployment(shop, "running", sha=first["id"])
        fake.deployment(shop, "success", environment="canary", tier="staging")
        fake.pipeline(shop, "success", [{"id": 1, "name": "test", "stage": "test", "status": "success"}])
        fake.issue(shop, "Shop is down", severity="HIGH")
        fake.issue(shop, "A wish", kind="issue")
        source = connected("gitlab", fake.url, gitlabs.TOKEN)
        read(source)
        assert Deployment.objects.filter(production=True).count() == 1
        assert Deployment.objects.count() == 2
        assert PipelineRun.objects.get().coverage == 81.5
        assert Incident.objects.get().title == "Shop is down"
        assert Change.objects.get(number=str(merged["iid"])).sha == merged["merge_commit_sha"]
        assert set(OpenItem.objects.values_list("kind", flat=True)) == {"deployment", "issue"}
        rows = sorted(Deployment.objects.values_list("provider_id", "outcome", "sha"))
        read(source)
        assert sorted(Deployment.objects.values_list("provider_id", "outcome", "sha")) == rows
        # a delivery ends what was running; the same one a thousand times changes nothing more
        _, secret = actions.add_hook_secret(source=source, by=None)
        body = json.dumps(
            {
                "object_kind": "deployment",
                "status": "failed",
                "deployment_id": going["id"],
                "environment": "production",
                "status_changed_at": gitlabs.stamp(fake.now),
                "project": {"id": shop.id, "path_with_namespace": "acme/shop"},
            }
        )
        for token, answer in ((secret, 202), (secret, 202), ("wrong", 401)):
            said = client.post(
                f"/hooks/{source.hook}/", body, content_type="application/json", HTTP_X_GITLAB_TOKEN=token
            )
            assert said.status_code == answer
        inbox.sweep()
        assert Deployment.objects.get(provider_id=f"{shop.id}:{going['id']}").outcome == "failure"
        assert Deployment.objects.count() == 3


def test_jenkins_is_read_and_its_jobs_deploy_where_a_rule_says_so(connected: Connect) -> None:
    with jenkinses.FakeJenkins() as fake:
        fake.now = int(timezone.now().timestamp() * 1000) - 7_200_000
        job = fake.job("shop/deploy")
        made = jenkinses.built("https://git.example.org/acme/shop.git", "origin/main", "a" * 40)
        fake.build(job, "SUCCESS", actions=[made])
        running = fake.build(job, None, actions=[made])
        rules = {"production": [{"via": "run", "workflow": "shop/deploy"}]}
        source = connected("jenkins", fake.url, f"{jenkinses.USER}:{jenkinses.TOKEN}", rules=rules)
        read(source, "builds")
        assert sorted(PipelineRun.objects.values_list("outcome", flat=True)) == ["", "success"]
        assert Deployment.objects.get().sha == "a" * 40
        assert OpenItem.objects.get().thing == "shop/deploy#2"
        fake.finish(running, "ABORTED", minutes=10)
        read(source)
        assert sorted(PipelineRun.objects.values_list("outcome", flat=True)) == ["cancelled", "success"]
        assert not OpenItem.objects.exists()
        assert sorted(Deployment.objects.values_list("outcome", flat=True)) == ["cancelled", "success"]
