"""GitLab against a fake one over real HTTP: what moves while it is read, limits, webhooks, odd words."""

from __future__ import annotations

import base64
import contextlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from metrics.events import (
    ChangeSeen,
    CommitSeen,
    DeploymentSeen,
    Forged,
    IncidentSeen,
    Observation,
    Outcome,
    ProviderError,
    Push,
    RateLimited,
    RunSeen,
    Unreadable,
)
from metrics.providers.gitlab import GitLabProvider, hooks
from metrics.rules import Rules
from tests.fakes.gitlab import TOKEN, FakeGitLab, sha, stamp
from tests.fakes.holding import Holding
from tests.fakes.server import Reply, Request

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DERIVE = GitLabProvider.derive


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        yield fake


def held(fake: FakeGitLab, **settings: Any) -> Holding:
    return Holding(GitLabProvider, fake.url, TOKEN, **settings)


# --- deployments -----------------------------------------------------------------------------------------------------


def test_deployments_come_with_the_tier_of_their_environment_and_the_first_end_holds(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    done = gitlab.deployment(shop, "success")
    gitlab.deployment(shop, "failed", environment="prod-eu", tier="production")
    gitlab.deployment(shop, "success", environment="canary", tier="staging")
    running = gitlab.deployment(shop, "running")
    gitlab.deployment(shop, "skipped")
    gitlab.deployment(shop, "levitating")
    holding = held(gitlab)
    holding.read("deployments", now=NOW)
    found = {one.environment: one for one in holding.facts("deployment", now=NOW) if isinstance(one, DeploymentSeen)}
    outcomes = sorted((one.environment, one.outcome, one.production) for one in found.values())
    assert outcomes == [
        ("canary", Outcome.SUCCESS, False), ("prod-eu", Outcome.FAILURE, True), ("production", Outcome.UNKNOWN, True),
    ]  # fmt: skip
    assert found["production"].raw_outcome == "levitating"
    assert found["canary"].traits == {
        "via": "deployment", "repository": "acme/shop", "environment": "canary", "tier": "staging", "job": "deploy",
        "stage": "deploy", "branch": "main",
    }  # fmt: skip
    whys = {one.why for one in holding.derived("deployment", now=NOW).values()}
    assert "A deployment that was skipped: it never ran." in whys
    assert holding.open("deployment", now=NOW) == [f"{shop.id}:{running['id']}"]
    # what went wrong later, or was taken back, does not change how it ended
    gitlab.touch(done, status="failed")
    gitlab.touch(running, status="success")
    holding.ask("deployment", now=NOW)
    assert holding.open("deployment", now=NOW) == []
    holding.read("deployments", now=NOW)
    ended = {one.provider_id: one for one in holding.facts("deployment", now=NOW) if isinstance(one, DeploymentSeen)}
    assert ended[f"{shop.id}:{done['id']}"].outcome is Outcome.SUCCESS
    assert ended[f"{shop.id}:{running['id']}"].outcome is Outcome.SUCCESS


def test_a_server_that_tells_no_tier_has_the_one_that_gitlab_gives_by_name(gitlab: FakeGitLab) -> None:
    gitlab.tiers = False
    shop = gitlab.project("acme/shop")
    for name in ("live", "review/12", "pre-production", "qa", "stage", "moon"):
        gitlab.deployment(shop, "success", environment=name)
    holding = held(gitlab)
    holding.read("deployments", now=NOW)
    tiers = {one.environment: one.traits["tier"] for one in holding.facts("deployment", now=NOW)}  # type: ignore[union-attr, index]
    assert tiers == {"live": "production", "review/12": "development", "pre-production": "staging", "qa": "testing",
                     "stage": "staging", "moon": "other"}  # fmt: skip


# --- nothing is lost while rows move ---------------------------------------------------------------------------------


def editing(fake: FakeGitLab, rows: list[dict[str, Any]], chance: random.Random, few: int) -> Callable[[Request], None]:
    def between(_: Request) -> None:
        for row in chance.sample(rows, few):
            fake.touch(row, ref=f"edited at {stamp(fake.now)}")

    return between


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_change_while_they_are_paged_are_all_read_as_they_are_last(gitlab: FakeGitLab, seed: int) -> None:
    chance = random.Random(seed)
    shop = gitlab.project("acme/shop")
    rows = [gitlab.deployment(shop, "success") for _ in range(1000)]
    gitlab.between = editing(gitlab, rows, chance, 5)
    holding = held(gitlab)
    holding.read("deployments", now=gitlab.now)
    gitlab.between = None
    holding.read("deployments", now=gitlab.now + timedelta(minutes=1))
    now = {f"{shop.id}:{row['id']}": row["ref"] for row in rows}
    found = {
        one.provider_id: one.ref for one in holding.facts("deployment", now=NOW) if isinstance(one, DeploymentSeen)
    }
    lost = {key for key, ref in now.items() if found.get(key) != ref}
    print(f"\n1,000 rows, 5 edited before each answer: {len(gitlab.log)} requests, {len(lost)} lost")
    assert not lost


def test_more_rows_of_one_moment_than_a_page_holds_are_all_read(gitlab: FakeGitLab) -> None:
    """As after a bulk update: `updated_after` alone would stand still at the moment that 730 rows share."""
    shop = gitlab.project("acme/shop")
    rows = [gitlab.issue(shop, f"Issue {number}") for number in range(730)]
    for row in rows[:700]:
        row["updated_at"] = rows[400]["updated_at"]
    moves = iter(rows[100:130])

    def between(request: Request) -> None:
        if request.query.get("page") and (row := next(moves, None)) is not None:
            gitlab.touch(row)

    gitlab.between = between
    holding = held(gitlab)
    holding.read("incidents", now=gitlab.now)
    found = {one.title for one in holding.facts("issue", now=NOW) if isinstance(one, IncidentSeen)}
    print(f"\n700 rows of one moment, some moving away: {len(gitlab.log)} requests, {730 - len(found)} lost")
    assert len(found) == 730


def test_a_version_that_knows_no_updated_after_is_read_from_the_newest(gitlab: FakeGitLab) -> None:
    gitlab.knows_since = False
    shop = gitlab.project("acme/shop")
    gitlab.now = datetime(2026, 9, 1, tzinfo=UTC)
    for _ in range(150):
        gitlab.deployment(shop, "success")
    gitlab.now = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [gitlab.deployment(shop, "success") for _ in range(250)]
    holding = held(gitlab)
    holding.read("deployments", now=gitlab.now)
    assert len(holding.facts("deployment", now=NOW)) == 250
    gitlab.touch(rows[3], ref="edited")
    holding.read("deployments", now=gitlab.now)
    assert "edited" in {one.ref for one in holding.facts("deployment", now=NOW) if isinstance(one, DeploymentSeen)}


def test_reading_again_when_nothing_happened_is_answered_with_304(gitlab: FakeGitLab) -> None:
    for number in range(20):
        shop = gitlab.project(f"acme/shop-{number}")
        gitlab.commit(shop, "One")
        gitlab.deployment(shop, "success")
        gitlab.pipeline(shop, "success", [])
        gitlab.merge_request(shop, "One")
        gitlab.issue(shop, "One")
        gitlab.release(shop, "v1")
    holding = held(gitlab)
    for minutes in (0, 20, 40):
        for stream in GitLabProvider.streams:
            holding.read(stream, now=gitlab.now + timedelta(minutes=minutes))
    gitlab.statuses.clear()
    before = holding.pages
    new = sum(holding.read(stream, now=NOW) for stream in GitLabProvider.streams)
    share = gitlab.statuses.count(304) / len(gitlab.statuses)
    print(f"\nidle: {len(gitlab.statuses)} requests in {holding.pages - before} pages, {share:.1%} of them 304")
    assert new == 0
    assert share >= 0.95
    assert holding.pages - before == 12


# --- pipelines, merge requests, commits, issues, releases ------------------------------------------------------------


def test_a_pipeline_is_read_with_jobs_that_were_tried_again(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    jobs = [
        {"id": 7, "name": "test", "stage": "test", "status": "failed", "started_at": "2026-11-02T10:00:00Z",
         "finished_at": "2026-11-02T10:05:00Z", "queued_duration": 30.5},
        {"id": 9, "name": "test", "stage": "test", "status": "success", "started_at": "2026-11-02T10:10:00Z"},
        {"id": 10, "name": "deploy", "stage": "deploy", "status": "manual"},
    ]  # fmt: skip
    row = gitlab.pipeline(shop, "running", jobs)
    gitlab.pipeline(shop, "success", [], source="merge_request_event", ref="refs/merge-requests/4/head", coverage=None)
    holding = held(gitlab)
    holding.read("pipelines", now=NOW)
    key = f"{shop.id}:{row['id']}"
    assert holding.open("pipeline", now=NOW) == [key]
    gitlab.touch(row, status="success", finished_at=gitlab.tick())
    holding.ask("pipeline", now=NOW)
    runs = {one.provider_id: one for one in holding.facts("pipeline", now=NOW) if isinstance(one, RunSeen)}
    assert len(runs) == 2
    run = runs.pop(key)
    assert (run.outcome, run.on_main, run.coverage, run.event) == (Outcome.SUCCESS, True, 81.5, "push")
    assert run.queued_at is not None
    assert run.started_at is not None
    assert run.finished_at is not None
    assert [(job.name, job.outcome) for job in run.jobs] == [
        ("test", Outcome.FAILURE), ("test", Outcome.SUCCESS), ("deploy", None)
    ]  # fmt: skip
    assert run.jobs[0].started_at
    assert run.jobs[0].queued_at
    assert run.jobs[0].started_at - run.jobs[0].queued_at == timedelta(seconds=30.5)
    other = next(iter(runs.values()))
    assert (other.on_main, other.coverage) == (False, None)


@pytest.mark.parametrize(
    ("merge", "squash", "stands"),
    [("m" * 40, None, "m" * 40), ("m" * 40, "5" * 40, "m" * 40), (None, "5" * 40, "5" * 40), (None, None, "head")],
)
def test_the_commit_that_stands_for_a_merge_request(
    gitlab: FakeGitLab, merge: str | None, squash: str | None, stands: str
) -> None:
    shop = gitlab.project("acme/shop")
    row = gitlab.merge_request(shop, "Faster search", merge_commit_sha=merge, squash_commit_sha=squash)
    number = str(row["iid"])
    shop.notes[number] += [
        {"id": 1, "system": False, "body": "self", "author": {"id": 1, "username": "ada"}, "created_at": gitlab.tick()},
        {
            "id": 2,
            "system": False,
            "body": "lint",
            "author": {"id": 5, "username": "project_1_bot"},
            "created_at": gitlab.tick(),
        },
        {"id": 3, "system": True, "body": "changed title", "author": {"id": 2}, "created_at": gitlab.tick()},
        {"id": 4, "system": False, "body": "why?", "author": {"id": 2, "username": "bo"}, "created_at": gitlab.tick()},
        {
            "id": 5,
            "system": True,
            "body": "approved this merge request",
            "author": {"id": 3},
            "created_at": gitlab.tick(),
        },
        {"id": 6, "system": False, "body": "ghost", "author": None, "created_at": gitlab.tick()},
    ]
    gitlab.merge_request(shop, "Not yet", state="opened")
    holding = held(gitlab)
    holding.read("merge_requests", now=NOW)
    (change,) = [one for one in holding.facts("merge_request", now=NOW) if isinstance(one, ChangeSeen)]
    assert change.sha == (row["sha"] if stands == "head" else stands)
    assert change.number == number
    assert change.author == "Ada"
    assert change.repository == "acme/shop"
    assert row["sha"] in change.commits
    assert change.first_commit_at
    assert change.opened_at
    assert change.merged_at
    assert change.first_review_at
    assert stamp(change.first_review_at) == shop.notes[number][3]["created_at"]
    assert change.approved_at
    assert stamp(change.approved_at) == shop.notes[number][4]["created_at"]
    held_words = b"".join(one.body for rows in holding.observations.values() for one in rows.values())
    assert b"why?" not in held_words, "what people write to each other is not kept"


def test_commits_are_the_range_between_two_heads_also_when_older_than_their_merge(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    for number in range(230):
        gitlab.commit(shop, f"Change {number}")
    holding = held(gitlab)
    holding.read("commits", now=gitlab.now)
    assert len(holding.facts("commit", now=NOW)) == 230
    old = stamp(gitlab.now - timedelta(days=20))
    base, head = shop.commits[10]["id"], shop.commits[-1]["id"]
    side = gitlab.commit(shop, "Written long ago", parents=[base], committed_date=old, authored_date=old)
    gitlab.commit(shop, "Merge", parents=[head, side["id"]], message=f"This reverts commit {head}.")
    gitlab.log.clear()
    holding.read("commits", now=gitlab.now + timedelta(days=1))
    found = {one.title: one for one in holding.facts("commit", now=NOW) if isinstance(one, CommitSeen)}
    assert len(found) == 232
    assert found["Merge"].parents == (head, side["id"])
    assert found["Merge"].reverts == head
    assert len(gitlab.asked("commits")) == 1
    # the history is rewritten: the last head is gone
    del shop.commits[-3:]
    gitlab.commit(shop, "Another end", parents=[shop.commits[-1]["id"]])
    shop.commits = [row for row in shop.commits if row["id"] != head]
    holding.read("commits", now=gitlab.now + timedelta(days=2))
    assert "Another end" in {one.title for one in holding.facts("commit", now=NOW) if isinstance(one, CommitSeen)}
    assert any("rewritten" in note for note in holding.notes)


def test_incidents_are_issues_of_that_type_until_a_rule_says_otherwise(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    down = gitlab.issue(shop, "Shop is down", severity="CRITICAL")
    gitlab.issue(shop, "Colour is wrong", kind="issue", labels=["bug", "outage"])
    holding = held(gitlab)
    holding.read("incidents", now=NOW)
    said = Rules.of({}, GitLabProvider.guide.default_rules)
    by_default = said.apply(holding.facts("issue", now=NOW))
    assert [(one.title, one.severity, one.resolved_at) for one in by_default if isinstance(one, IncidentSeen)] == [
        ("Shop is down", "critical", None)
    ]
    assert holding.open("issue", now=NOW) == [f"{shop.id}:{down['iid']}"]
    ruled = Rules.of({"rules": {"incidents": [{"label": "outage"}]}}).apply(holding.facts("issue", now=NOW))
    assert [one.title for one in ruled if isinstance(one, IncidentSeen)] == ["Colour is wrong"]
    closed = gitlab.tick()
    gitlab.touch(down, state="closed", closed_at=closed)
    holding.ask("issue", now=NOW)
    gitlab.touch(down, state="opened")  # an old version goes on saying when it was closed
    holding.read("incidents", now=NOW)
    again = next(one for one in holding.facts("issue", now=NOW) if isinstance(one, IncidentSeen) and one.severity)
    assert again.resolved_at is None
    gitlab.touch(down, state="closed", closed_at=closed)
    holding.read("incidents", now=NOW)
    over = next(one for one in holding.facts("issue", now=NOW) if isinstance(one, IncidentSeen) and one.severity)
    assert over.resolved_at is not None
    assert stamp(over.resolved_at) == closed
    gone = gitlab.issue(shop, "Deleted later")
    holding.read("incidents", now=NOW)
    del shop.lists["issues"][str(gone["iid"])]
    assert holding.ask("issue", now=NOW) == (f"{shop.id}:{gone['iid']}",)


def test_a_release_is_a_deployment_only_where_a_rule_says_so(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    gitlab.release(shop, "v1.0")
    gitlab.release(shop, "v2.0", released_at=stamp(NOW + timedelta(days=3)))
    holding = held(gitlab)
    holding.read("releases", now=NOW)
    facts = holding.facts("release", now=NOW)
    assert Rules.of({}, GitLabProvider.guide.default_rules).apply(facts) == []
    (made,) = Rules.of({"rules": {"production": [{"via": "release", "tag": "v*"}]}}).apply(facts)
    assert isinstance(made, DeploymentSeen)
    assert made.production
    assert made.ref == "v1.0"
    assert made.sha == sha("v1.0")
    assert holding.open("release", now=NOW) == [f"{shop.id}:v2.0"]


# --- projects that are renamed, archived, gone, off ------------------------------------------------------------------


def test_a_renamed_project_is_read_again_under_its_new_name(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    gitlab.now -= timedelta(days=200)  # long before what is read of a project that is new
    gitlab.deployment(shop, "success")
    gitlab.now += timedelta(days=200)
    holding = held(gitlab, projects=["acme/shop", "acme/gone"])
    holding.read("deployments", now=NOW, cursor={"since": "2026-01-01T00:00:00Z", "until": "2026-10-01T00:00:00Z"})
    del holding.cursors["deployments"]
    holding.read("deployments", now=NOW)
    assert holding.notes == ["acme/gone is gone, or hidden from this token."]
    gitlab.rename(shop, "acme/store")
    gitlab.deployment(shop, "success")
    holding.read("deployments", now=NOW + timedelta(hours=1))
    found = [one for one in holding.facts("deployment", now=NOW) if isinstance(one, DeploymentSeen)]
    assert {one.service for one in found} == {"acme/store"}
    assert len(found) == 2
    assert "acme/shop is called acme/store now." in holding.notes


def test_what_is_switched_off_is_noted_and_the_rest_is_read(gitlab: FakeGitLab) -> None:
    quiet, shop = gitlab.project("acme/quiet", archived=True), gitlab.project("acme/shop")
    quiet.off |= {"issues"}
    gitlab.issue(shop, "Down")
    gitlab.commit(shop, "One")
    holding = held(gitlab)
    holding.read("incidents", now=NOW)
    holding.read("commits", now=NOW)  # one has no commit yet, and so no branch
    assert len(holding.facts("issue", now=NOW)) == 1
    assert len(holding.facts("commit", now=NOW)) == 1


def test_a_backfill_reads_its_window_and_ends(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    for day in range(1, 21):
        gitlab.now = datetime(2026, 10, day, tzinfo=UTC)
        gitlab.deployment(shop, "success", ref=f"{day}")
        gitlab.commit(shop, f"{day}")
        gitlab.release(shop, f"v{day}")
    holding = held(gitlab)
    window = {"since": "2026-10-05T00:00:00+00:00", "until": "2026-10-10T00:00:00+00:00"}
    for stream, kind in (("deployments", "deployment"), ("commits", "commit"), ("releases", "release")):
        holding.read(stream, now=NOW, cursor=window)
        assert len(holding.facts(kind, now=NOW)) == 5, stream
        before = len(gitlab.log)
        assert holding.read(stream, now=NOW) == 0
        assert len(gitlab.log) == before, "an ended backfill asks for nothing"


def test_when_nothing_that_was_chosen_is_left_reading_says_so(gitlab: FakeGitLab) -> None:
    for chosen in (["acme/gone"], []):
        with pytest.raises(ProviderError) as refused:
            held(gitlab, projects=chosen).read("deployments", now=NOW)
        assert refused.value.permanent
        assert refused.value.advice


# --- limits and refusals ---------------------------------------------------------------------------------------------


def test_a_limit_is_kept_also_with_quota_left_and_nothing_is_lost_by_it(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    for _ in range(40):
        gitlab.pipeline(shop, "success", [])
    holding = held(gitlab)
    gitlab.limit_after = 12
    with pytest.raises(RateLimited) as limited:
        holding.read("pipelines", now=NOW)
    assert 25 <= (limited.value.until - datetime.now(UTC)).total_seconds() <= 31
    assert len(gitlab.log) == 13, "no request after the one that was limited"
    gitlab.limit_after = None
    holding.read("pipelines", now=NOW)
    assert len(holding.facts("pipeline", now=NOW)) == 40


def test_each_right_is_tried_by_itself(gitlab: FakeGitLab) -> None:
    gitlab.project("acme/shop", off={"issues", "deployments"})
    gitlab.project("acme/docs")
    found = held(gitlab, projects=["acme/shop"]).provider.check()
    assert found.cannot == ("deployments", "issues and incidents")
    assert "pipelines and jobs" in found.can
    assert found.choices == ("acme/shop", "acme/docs")
    assert found.sentence.startswith("GitLab 17.5.1-ee answers. The token can read environments")
    assert "2027-11-01" in found.sentence
    assert held(gitlab).provider.search("docs").choices == ("acme/docs",)
    assert held(gitlab).provider.search("nothing").choices == ()


def test_every_refusal_is_a_sentence_with_advice_and_without_the_token(gitlab: FakeGitLab) -> None:
    gitlab.project("acme/shop")
    gitlab.tokens["glpat-narrow-token"] = ("read_user",)
    page = Reply(body=b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"})
    cases: list[tuple[str, dict[str, Any], Reply | None]] = [
        ("glpat-wrong-or-expired", {}, None),
        ("glpat-narrow-token", {}, None),
        (TOKEN, {"projects": ["acme/nowhere"]}, None),
        (TOKEN, {}, page),
        (TOKEN, {}, Reply(status=302, headers={"Location": "https://elsewhere.example.org/api/v4/projects"})),
    ]
    for token, chosen, reply in cases:
        if reply is not None:
            gitlab.next(reply)
        with pytest.raises(ProviderError) as refused:
            Holding(GitLabProvider, gitlab.url, token, **chosen).provider.check()
        assert refused.value.sentence.endswith(".")
        assert refused.value.advice
        assert token not in f"{refused.value.sentence} {refused.value.advice} {refused.value.detail}"


# --- webhooks --------------------------------------------------------------------------------------------------------


def push(body: object, **headers: str) -> Push:
    return Push(
        body=json.dumps(body).encode(), headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_a_delivery_proves_itself_by_the_token_or_by_a_signature() -> None:
    signing = "whsec_" + base64.b64encode(b"k" * 32).decode()
    old = "whsec_" + base64.b64encode(b"o" * 32).decode()
    body = json.dumps({"object_kind": "note"})

    def signed(secret: str, at: datetime = NOW, said: str = body) -> dict[str, str]:
        given = Webhook(secret).sign(msg_id="msg-1", timestamp=at, data=said)
        return {"webhook-id": "msg-1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": given}

    def check(headers: dict[str, str], secrets: list[str], said: bytes = body.encode()) -> None:
        hooks.verify(Push(body=said, headers=headers), secrets, now=NOW)

    check({"x-gitlab-token": "plain"}, ["other", "plain"])
    check(signed(signing), ["plain", old, signing])
    check(signed(signing) | {"x-gitlab-token": "plain"}, ["plain"])  # signed with a secret that we were not given
    check({**signed(signing), "webhook-signature": f"v1,AAAA {signed(signing)['webhook-signature']} v9,x"}, [signing])
    refused: list[tuple[dict[str, str], list[str], bytes]] = [
        ({}, ["plain"], body.encode()),
        ({"x-gitlab-token": "Plain"}, ["plain"], body.encode()),
        ({"x-gitlab-token": ""}, [""], body.encode()),
        (signed(signing), [old], body.encode()),
        (signed(signing), ["plain"], body.encode()),
        (signed(signing), [signing], body.encode() + b" "),
        (signed(signing), [signing], b"\xff"),
        (signed(signing, NOW - timedelta(seconds=301)), [signing], body.encode()),
        (signed(signing, NOW + timedelta(seconds=301)), [signing], body.encode()),
        (signed(signing) | {"webhook-timestamp": "soon"}, [signing], body.encode()),
        (signed(signing) | {"webhook-signature": "nonsense"}, [signing, "whsec_", "whsec_%%%"], body.encode()),
        (signed(signing) | {"webhook-signature": "v1,nonsense", "x-gitlab-token": signing}, [signing], body.encode()),
    ]
    for headers, secrets, said in refused:
        with pytest.raises(Forged):
            check(headers, secrets, said)
    ids = [{"webhook-id": "a"}, {"idempotency-key": "b"}, {"x-gitlab-event-uuid": "c"}, {}]
    assert len({hooks.key(Push(body=b"{}", headers=one)) for one in ids}) == 4
    assert hooks.key(Push(body=b"{}", headers={"webhook-id": "a"})) != hooks.key(
        Push(body=b"[]", headers={"webhook-id": "a"})
    )


PROJECT = {
    "id": 30,
    "path_with_namespace": "acme/shop",
    "default_branch": "main",
    "web_url": "https://g.example.org/acme/shop",
}


def deployment_hook(status: str, at: str) -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "status": status,
        "status_changed_at": at,
        "deployment_id": 15,
        "environment": "prod-eu",
        "environment_tier": "production",
        "project": PROJECT,
        "ref": "main",
        "commit_url": f"https://g.example.org/acme/shop/-/commit/{'a' * 40}",
        "short_sha": "aaaaaaaa",
    }


def test_webhooks_alone_tell_a_deployment_and_meet_what_is_read(gitlab: FakeGitLab) -> None:
    told = [
        *hooks.hear(push(deployment_hook("running", "2026-11-03 21:40:00 +0200"))),
        *hooks.hear(push(deployment_hook("success", "2026-11-03 21:50:00 +0200"))),
    ]
    assert {(one.kind, one.id) for one in told} == {("deployment", "30:15")}
    assert DERIVE("deployment", told[:1], now=NOW).open
    (seen,) = DERIVE("deployment", told, now=NOW).events
    assert isinstance(seen, DeploymentSeen)
    assert (seen.sha, seen.production, seen.outcome) == ("a" * 40, True, Outcome.SUCCESS)
    assert seen.started_at == datetime(2026, 11, 3, 19, 40, tzinfo=UTC)
    assert seen.finished_at == datetime(2026, 11, 3, 19, 50, tzinfo=UTC)


def test_webhooks_that_do_not_concern_us_say_nothing_and_broken_ones_say_so() -> None:
    for kind in ("wiki_page", "feature_flag", "tag_push", "emoji", "access_token", "unheard_of", None):
        assert hooks.hear(push({"object_kind": kind, "project": PROJECT})) == ()
    epic = {"object_kind": "work_item", "object_attributes": {"iid": 1, "type": "Epic"}}
    assert hooks.hear(push(epic)) == ()
    comment = {"object_kind": "note", "object_attributes": {"noteable_type": "Issue", "id": 1}, "project": PROJECT}
    assert hooks.hear(push(comment)) == ()
    for body in (b"", b"[1]", b"nonsense", b'{"object_kind":"pipeline"}', b"[" * 100_000, b'{"object_kind":'):
        with pytest.raises(Unreadable):
            hooks.hear(Push(body=body, headers={}))


def test_pushed_commits_and_merged_requests_are_asked_for(gitlab: FakeGitLab) -> None:
    shop = gitlab.project("acme/shop")
    row = gitlab.commit(shop, "One")
    merged = gitlab.merge_request(shop, "Two")
    project = {**PROJECT, "id": shop.id}
    pushed = {"object_kind": "push", "ref": "refs/heads/main", "project": project, "project_id": shop.id,
              "commits": [{"id": row["id"], "title": "One"}]}  # fmt: skip
    hook = {
        "object_kind": "merge_request",
        "project": project,
        "object_attributes": {"iid": merged["iid"], "state": "merged", "updated_at": "2026-11-03 10:00:00 UTC"},
    }
    holding = held(gitlab)
    assert hooks.hear(push({**pushed, "ref": "refs/heads/side"})) == ()
    holding.take(hooks.hear(push(pushed)) + hooks.hear(push(hook)))
    assert holding.facts("commit", now=NOW) == []
    assert holding.facts("merge_request", now=NOW) == []
    holding.ask("commit", now=NOW)
    holding.ask("merge_request", now=NOW)
    assert [one.title for one in holding.facts("commit", now=NOW) if isinstance(one, CommitSeen)] == ["One"]
    assert [one.title for one in holding.facts("merge_request", now=NOW) if isinstance(one, ChangeSeen)] == ["Two"]


# --- any order, any number -------------------------------------------------------------------------------------------


def story() -> list[Observation]:
    """A pipeline, a deployment, a merge request and an incident, pushed and read in pieces."""

    def read_(kind: str, id_: str, at: int, **envelope: Any) -> Observation:
        body = json.dumps({"project": PROJECT, **envelope}).encode()
        return Observation(kind=kind, id=id_, body=body, updated_at=NOW - timedelta(hours=5) + timedelta(minutes=at))

    def times(minutes: int) -> str:
        return stamp(NOW - timedelta(hours=5) + timedelta(minutes=minutes))

    pipeline = {"id": 31, "ref": "main", "sha": "b" * 40, "created_at": times(0), "source": "push"}
    builds = [{"id": 1, "name": "test", "stage": "test", "status": "running", "started_at": times(1)},
              {"id": 2, "name": "deploy", "stage": "deploy", "status": "created"}]  # fmt: skip
    ended = [{**builds[0], "status": "failed", "finished_at": times(4)}, {"id": 3, "name": "test", "status": "success"}]
    heard = [
        {
            "object_kind": "pipeline",
            "project": PROJECT,
            "object_attributes": {**pipeline, "status": "pending"},
            "builds": builds,
        },
        {
            "object_kind": "pipeline",
            "project": PROJECT,
            "builds": [*ended, builds[1]],
            "object_attributes": {**pipeline, "status": "success", "finished_at": times(9), "duration": 500},
        },
        {
            "object_kind": "build",
            "project_id": 30,
            "pipeline_id": 31,
            "build_id": 2,
            "build_name": "deploy",
            "build_status": "success",
            "build_finished_at": times(8),
            "project": PROJECT,
        },
        {
            "object_kind": "merge_request",
            "project": PROJECT,
            "object_attributes": {"iid": 4, "state": "opened", "title": "Draft: x", "updated_at": times(1)},
        },
        {
            "object_kind": "note",
            "project": PROJECT,
            "project_id": 30,
            "user": {"id": 8, "username": "bo"},
            "object_attributes": {"id": 70, "note": "hm", "created_at": times(2), "noteable_type": "MergeRequest"},
            "merge_request": {"iid": 4, "state": "opened", "updated_at": times(2), "target_project_id": 30},
        },
        {
            "object_kind": "issue",
            "project": PROJECT,
            "object_attributes": {
                "iid": 5,
                "project_id": 30,
                "title": "Down",
                "type": "Incident",
                "created_at": times(1),
                "state": "opened",
                "updated_at": times(1),
                "severity": "high",
            },
        },
        {
            "object_kind": "issue",
            "project": PROJECT,
            "object_attributes": {
                "iid": 5,
                "project_id": 30,
                "state": "closed",
                "closed_at": times(30),
                "updated_at": times(30),
            },
        },
        deployment_hook("running", times(5)),
        deployment_hook("success", times(7)),
    ]
    told = [one for body in heard for one in hooks.hear(push(body))]
    told += [
        read_("pipeline", "30:31", 3, pipeline={**pipeline, "status": "running", "coverage": None}, jobs=builds),
        read_("pipeline", "30:31", 9, pipeline={**pipeline, "status": "success", "coverage": "81.5"}, jobs=ended),
        read_(
            "deployment",
            "30:15",
            5,
            deployment={"id": 15, "status": "running", "sha": "a" * 40, "created_at": times(5)},
        ),
        read_("deployment", "30:15", 20, deployment={"id": 15, "status": "failed", "sha": "a" * 40, "ref": "main"}),
        read_(
            "merge_request",
            "30:4",
            10,
            merge_request={
                "iid": 4,
                "state": "merged",
                "merge_commit_sha": "c" * 40,
                "title": "X",
                "author": {"id": 1},
                "merged_at": times(10),
            },
            commits=[{"id": "d" * 40, "authored_date": times(0)}],
            notes=[{"id": 71, "author": {"id": 9}, "created_at": times(6)}],
        ),
        read_(
            "merge_request",
            "30:4",
            12,
            merge_request={
                "iid": 4,
                "state": "merged",
                "merge_commit_sha": "c" * 40,
                "title": "X",
                "author": None,
                "merged_at": times(10),
            },
            commits=[],
            notes=[],
        ),
        read_(
            "issue",
            "30:5",
            20,
            issue={
                "iid": 5,
                "issue_type": "incident",
                "title": "Down",
                "state": "opened",
                "created_at": times(1),
                "labels": ["a"],
                "updated_at": times(20),
            },
        ),
    ]
    return told


def folded(told: list[Observation]) -> dict[tuple[str, str], Any]:
    things = sorted({(one.kind, one.id) for one in told})
    return {
        (kind, id_): DERIVE(kind, [one for one in told if (one.kind, one.id) == (kind, id_)], now=NOW)
        for kind, id_ in things
    }


@given(st.randoms(use_true_random=False), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_the_same_words_in_any_order_and_number_come_to_the_same(chance: random.Random, doubled: int) -> None:
    told = story()
    mixed = told + chance.sample(told, doubled)
    chance.shuffle(mixed)
    assert folded(mixed) == folded(told)


def test_the_story_ends_as_it_happened() -> None:
    ends = {key: made.events[0] for key, made in folded(story()).items()}
    run, shipped = ends["pipeline", "30:31"], ends["deployment", "30:15"]
    assert (run.outcome, run.coverage) == (Outcome.SUCCESS, 81.5)
    assert [(job.name, job.outcome) for job in run.jobs] == [
        ("test", Outcome.FAILURE),
        ("deploy", Outcome.SUCCESS),
        ("test", Outcome.SUCCESS),
    ]
    assert (shipped.outcome, shipped.repository) == (Outcome.SUCCESS, "acme/shop")
    assert stamp(ends["merge_request", "30:4"].first_review_at) == stamp(
        NOW - timedelta(hours=5) + timedelta(minutes=2)
    )
    assert ends["issue", "30:5"].resolved_at == NOW - timedelta(hours=5) + timedelta(minutes=30)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00Z", "2026-11-02 11:28:34 UTC", "success", "merged", "9" * 30]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "iid",
                    "status",
                    "state",
                    "author",
                    "environment",
                    "deployable",
                    "labels",
                    "created_at",
                    "jobs",
                    "commits",
                    "notes",
                    "project",
                    "updated_at",
                    "parent_ids",
                    "tag",
                    "name",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(GitLabProvider.asks),
    st.dictionaries(
        st.sampled_from(["hook", "project", "jobs", "commits", "notes", "environment", *GitLabProvider.asks]),
        ODD,
        max_size=6,
    ),
)
@settings(max_examples=200, deadline=None)
def test_odd_words_make_facts_or_say_that_they_cannot_be_read(kind: str, said: dict[str, Any]) -> None:
    one = Observation(kind=kind, id="1:2", body=json.dumps(said).encode(), updated_at=None)
    with contextlib.suppress(Unreadable):
        DERIVE(kind, [one, replace(one, updated_at=NOW)], now=NOW)
