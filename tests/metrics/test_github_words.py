"""GitHub's words: what follows from them in any order and number, pushed or read; oddities; webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import Answer, CommitSeen, Forged, Observation, Outcome, Push, Unreadable
from metrics.providers.github import GitHubProvider
from metrics.providers.github.words import observation
from metrics.rules import Rules
from tests.fakes.github import FakeGitHub
from tests.fakes.github_world import Repository, Row, World
from tests.metrics.github_reading import Reading

NOW = datetime(2026, 9, 10, tzinfo=UTC)
PLACE = {"id": 1, "full_name": "acme/api", "default_branch": "main", "html_url": "https://github.com/acme/api"}
derive, hear = GitHubProvider.derive, GitHubProvider.hear


def push(event: str, said: Any, **headers: str) -> Push:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Push(body=body, headers={"x-github-event": event, "content-type": "application/json", **headers})


def heard(event: str, at: Repository, **said: Any) -> list[Observation]:
    return list(hear(push(event, {"action": "x", "repository": at.said(""), **said}), now=NOW))


def one(kind: str, **envelope: Any) -> Any:
    """The fact that follows from one observation."""
    made = derive(kind, [observation(kind, "acme/api#1", None, repository=PLACE, **envelope)], now=NOW)
    return made.events[0] if made.events else made


def deployment(**more: Any) -> Row:
    return {
        "id": 7, "sha": "a" * 40, "ref": "main", "environment": "production", "created_at": "2026-09-01T08:00:00Z",
        "updated_at": "2026-09-01T08:00:00Z", **more,
    }  # fmt: skip


def statuses(*states: str) -> list[Row]:
    return [{"id": n, "state": said, "created_at": f"2026-09-01T08:0{n}:00Z"} for n, said in enumerate(states, 1)][::-1]


# --- order and number ------------------------------------------------------------------------------------------------


def told_in_pieces() -> dict[tuple[str, str], list[Observation]]:
    """One story of each kind, as webhooks told it bit by bit and as it was read at several times."""
    world = World()
    at = world.repository()
    world.commit(at, "Begin")
    with FakeGitHub(world) as fake:
        reading = Reading(fake)
        found: list[Observation] = []

        def read() -> None:
            reading.everything()

        row = world.deploy(at)
        found += heard("deployment", at, deployment=dict(row))
        for state in ("in_progress", "success", "inactive"):
            status = world.status(at, row, state)
            found += heard("deployment_status", at, deployment=dict(row), deployment_status=dict(status))
        attempts = world.run(at, None, jobs=("build", "test"))
        found += heard("workflow_run", at, workflow_run=dict(attempts[-1]), workflow={"name": "CI"})
        read()
        world.finish(at, attempts, "failure")
        found += heard("workflow_run", at, workflow_run=dict(attempts[-1]))
        world.rerun(at, attempts, None)
        for job in at.jobs[attempts[0]["id"]]:
            found += heard("workflow_job", at, workflow_job=dict(job))
        read()
        world.finish(at, attempts, "success")
        pull = world.pull(at)
        found += heard("pull_request", at, pull_request=dict(pull))
        review = world.review(at, pull)
        found += heard("pull_request_review", at, pull_request=dict(pull), review=dict(review))
        read()
        world.merge(at, pull)
        found += heard("pull_request", at, pull_request=dict(pull))
        issue = world.issue(at)
        found += heard("issues", at, issue=dict(issue))
        world.close(at, issue)
        found += heard("issues", at, issue=dict(issue))
        found += heard("release", at, release=dict(world.release(at, "v1")))
        sha = world.commit(at, "Pushed")
        found += heard(
            "push", at, ref="refs/heads/main", commits=[{"id": sha, "message": "Pushed", "timestamp": "2026-09-01"}]
        )
        read()
        reading.ask()
        reading.keep(found)
        return {thing: list(held.values()) for thing, held in reading.held.items()}


@pytest.fixture(scope="module")
def pieces() -> dict[tuple[str, str], list[Observation]]:
    return told_in_pieces()


@given(seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_shuffled_doubled_and_partial_words_come_to_the_same(pieces, seed):
    chance = random.Random(seed)
    for (kind, _), told in pieces.items():
        whole = derive(kind, told, now=NOW)
        mixed = told + chance.choices(told, k=len(told))
        chance.shuffle(mixed)
        assert derive(kind, mixed, now=NOW) == whole


def test_what_was_pushed_and_what_was_read_meet_on_one_thing(pieces):
    kinds = [kind for kind, _ in pieces]
    assert all(kinds.count(kind) == 1 for kind in ("deployment", "run", "pull", "issue", "release"))
    assert max(len(told) for told in pieces.values()) > 5
    assert not any(derive(kind, told, now=NOW).open for (kind, _), told in pieces.items())


# --- deployments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "outcome", "raw", "is_open"),
    [
        (("in_progress", "success", "inactive"), Outcome.SUCCESS, "success", False),
        (("success", "failure"), Outcome.SUCCESS, "success", False),
        (("failure", "success"), Outcome.FAILURE, "failure", False),
        (("error",), Outcome.FAILURE, "error", False),
        (("queued", "inactive"), Outcome.UNKNOWN, "inactive", False),
        (("exploded",), Outcome.UNKNOWN, "exploded", False),
        (("queued", "in_progress"), Outcome.UNKNOWN, "in_progress", True),
        ((), Outcome.UNKNOWN, "pending", True),
    ],
)
def test_the_first_status_that_ends_a_deployment_counts(states, outcome, raw, is_open):
    said = observation(
        "deployment", "x", None, repository=PLACE, deployment=deployment(), statuses=statuses(*states), whole=True
    )
    made = derive("deployment", [said], now=NOW)
    assert (made.events[0].outcome, made.events[0].raw_outcome, made.open) == (outcome, raw, is_open)


def test_inactive_without_its_history_is_asked_for():
    said = observation(
        "deployment", "x", None, repository=PLACE, deployment=deployment(), statuses=statuses("inactive")
    )
    assert derive("deployment", [said], now=NOW).open


def test_what_never_ended_is_not_asked_for_ever():
    said = observation("deployment", "x", None, repository=PLACE, deployment=deployment(), statuses=[])
    assert not derive("deployment", [said], now=NOW + timedelta(days=60)).open


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"task": "deploy:rollback"}, Answer.ROLLBACK),
        ({"payload": {"rollback": True}}, Answer.ROLLBACK),
        ({"payload": '{"type":"rollback"}'}, Answer.ROLLBACK),
        ({"task": "hotfix"}, Answer.HOTFIX),
        ({"ref": "hotfix/1.2"}, Answer.HOTFIX),
        ({"payload": {"rollback": False, "note": "no rollback"}}, None),
        ({"payload": "rollback"}, None),
        ({}, None),
    ],
)
def test_a_rollback_is_one_where_its_task_or_payload_says_so(more, expected):
    assert one("deployment", deployment=deployment(**more)).answer is expected


def test_production_is_what_the_default_rules_say():
    rules = Rules.of({}, GitHubProvider.guide.default_rules)

    def production(**more: Any) -> bool:
        return rules.apply([one("deployment", deployment=deployment(**more), statuses=statuses("success"))])[
            0
        ].production

    assert production(environment="production")
    assert production(environment="Prod-EU")
    assert production(environment="live")
    assert production(environment="main", production_environment=True)
    assert not production(environment="review-1", production_environment=True, transient_environment=True)
    assert not production(environment="staging")
    release = one("release", release={"id": 1, "tag_name": "v1", "published_at": "2026-09-01T08:00:00Z"}, sha="a" * 40)
    assert rules.apply([release]) == []
    by_tag = Rules.of({"rules": {"production": [{"via": "release", "tag": "v*"}]}})
    assert by_tag.apply([release])[0].production
    incident = one("issue", issue={"id": 1, "created_at": "2026-09-01", "labels": [{"name": "incident"}]})
    bug = one("issue", issue={"id": 1, "created_at": "2026-09-01", "labels": ["bug"]})
    assert rules.apply([incident, bug]) == [incident]


# --- oddities --------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_not_known_and_stops_nothing():
    bare = one("deployment", deployment={"id": "7"})
    assert (bare.provider_id, bare.finished_at, bare.sha, bare.outcome) == ("7", None, "", Outcome.UNKNOWN)
    run = one("run", runs=[{"id": 9}])
    assert (run.provider_id, run.attempt, run.outcome, run.on_main) == ("9", 1, None, None)
    pull = one(
        "pull",
        pull={"number": "3", "merged_at": "2026-09-01T08:00:00+02:00", "merge_commit_sha": "b" * 40, "user": None},
    )
    assert (pull.author, pull.first_commit_at, pull.time_note) == ("", None, "Its commits have not been read yet.")
    assert pull.merged_at == datetime(2026, 9, 1, 6, tzinfo=UTC)
    issue = one(
        "issue",
        issue={"id": 5, "created_at": 1788249600, "user": None, "labels": None, "closed_at": "0001-01-01T00:00:00Z"},
    )
    assert (issue.title, issue.resolved_at) == ("(no title)", None)
    commit = one(
        "commit", commit={"sha": "c" * 40, "parents": [], "author": None, "commit": {"author": None, "message": None}}
    )
    assert (commit.author, commit.title, commit.authored_at) == ("", "(no message)", None)


def test_words_we_do_not_know_stay_unknown():
    for conclusion in ("neutral", "skipped", "stale", "action_required", "something_new"):
        run = one("run", runs=[{"id": 9, "status": "completed", "conclusion": conclusion}])
        assert (run.outcome, run.raw_outcome) == (Outcome.UNKNOWN, conclusion)
    for conclusion in ("failure", "timed_out", "startup_failure"):
        assert one("run", runs=[{"id": 9, "status": "completed", "conclusion": conclusion}]).outcome is Outcome.FAILURE
    assert one("run", runs=[{"id": 9, "status": "dreaming"}]).outcome is None


@pytest.mark.parametrize("kind", ["deployment", "release", "run", "pull", "commit", "issue", "planet"])
def test_what_is_no_thing_at_all_cannot_be_understood(kind):
    for body in (b"{}", b"[]", b'{"deployment":5}', b'{"run":null}', b"{", b"[" * 100_000):
        with pytest.raises(Unreadable):
            derive(kind, [Observation(kind=kind, id="x", body=body)], now=NOW)


def test_authored_after_the_merge_is_not_plausible():
    commits = [{"sha": "d" * 40, "commit": {"message": "A\n\nbody", "author": {"date": "2030-01-01T00:00:00Z"}}}]
    pull = {"number": 1, "merged_at": "2026-09-01T08:00:00Z", "merge_commit_sha": "e" * 40}
    change = one("pull", pull=pull, commits=commits, reviews=[])
    assert (change.first_commit_at, change.titles) == (None, ("A",))
    assert "after it was merged" in change.time_note


def test_a_review_that_was_dismissed_is_no_approval_and_a_bots_is_none():
    def review(number: int, state: str, login: str | None, hour: int) -> Row:
        return {
            "id": number,
            "state": state,
            "user": login and {"login": login, "id": 1},
            "submitted_at": f"2026-09-01T0{hour}:00:00Z",
        }

    pull = {
        "number": 1,
        "merged_at": "2026-09-01T08:00:00Z",
        "merge_commit_sha": "e" * 40,
        "user": {"login": "ada", "id": 1},
    }
    reviews = [
        review(1, "COMMENTED", "lint[bot]", 1), review(2, "APPROVED", "ada", 2), review(3, "commented", None, 3),
        review(4, "APPROVED", "bob", 4), review(5, "APPROVED", "cyd", 5), review(6, "PENDING", "dan", 1),
    ]  # fmt: skip
    told = [
        observation("pull", "x", NOW, repository=PLACE, pull=pull, commits=[], reviews=reviews),
        observation("pull", "x", NOW, repository=PLACE, pull=pull, reviews=[review(5, "dismissed", "cyd", 5)]),
    ]
    change = derive("pull", told, now=NOW).events[0]
    assert (change.first_review_at.hour, change.approved_at.hour) == (3, 4)


def test_a_fork_of_the_same_branch_name_is_not_on_main():
    run = {"id": 1, "head_branch": "main", "event": "push", "head_repository": {"id": 2, "full_name": "eve/api"}}
    assert one("run", runs=[run]).on_main is False
    assert one("run", runs=[run | {"head_repository": {"id": 1, "full_name": "ACME/api"}}]).on_main is True
    assert one("run", runs=[run | {"event": "pull_request", "head_repository": None}]).on_main is False


def test_words_of_strangers_are_never_links_nor_more_than_a_line():
    bad = deployment(environment="x\n<script>\x00" + "y" * 999, description="a\u202eb")
    seen = one(
        "deployment",
        deployment=bad,
        statuses=[{"id": 1, "state": "success", "created_at": "2026-09-01", "log_url": "javascript:alert(1)"}],
    )
    assert seen.url == "https://github.com/acme/api/deployments"
    assert len(seen.environment) <= 200
    assert "\n" not in seen.environment
    assert "\x00" not in seen.environment


def test_a_commit_that_was_pushed_has_no_parents_until_it_is_read():
    said = observation("commit", "x", None, repository=PLACE, pushed={"id": "f" * 40, "message": "x"})
    made = derive("commit", [said], now=NOW)
    assert made.open
    assert not made.events
    whole = observation(
        "commit", "x", None, repository=PLACE, commit={"sha": "f" * 40, "parents": [{"sha": "0" * 40}], "commit": {}}
    )
    event = derive("commit", [whole, said], now=NOW).events[0]
    assert isinstance(event, CommitSeen)
    assert event.parents == ("0" * 40,)


# --- webhooks --------------------------------------------------------------------------------------------------------


def sign(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_every_secret_that_counts_is_tried_on_the_body_as_it_came():
    body = b'{"zen": "Keep it logically awesome.",  "hook_id": 1}'
    for secret in ("new", "old"):
        GitHubProvider.verify(
            push("ping", body, **{"x-hub-signature-256": sign(body, secret)}), ("new", "old"), now=NOW
        )
    for wrong in (
        sign(body, "another"),
        sign(body + b" ", "new"),
        "sha256=",
        "",
        "sha256=\udcff",
        sign(body, "new")[7:],
    ):
        with pytest.raises(Forged):
            GitHubProvider.verify(push("ping", body, **{"x-hub-signature-256": wrong}), ("new", "old"), now=NOW)
    with pytest.raises(Forged, match="X-Hub-Signature,"):
        GitHubProvider.verify(push("ping", body, **{"x-hub-signature": "sha1=x"}), ("new",), now=NOW)
    with pytest.raises(Forged):
        GitHubProvider.verify(push("ping", body, **{"x-hub-signature-256": sign(body, "")}), (), now=NOW)


def test_a_delivery_is_known_again_by_its_id_or_by_its_words():
    first, again = (
        push("push", b"{}", **{"x-github-delivery": "72d3162e"}),
        push("push", b"[]", **{"x-github-delivery": "72d3162e"}),
    )
    assert GitHubProvider.key(first) == GitHubProvider.key(again) == "72d3162e"
    assert GitHubProvider.key(push("push", b"{}")) != GitHubProvider.key(push("push", b"[]"))
    assert GitHubProvider.key(push("push", b"{}")) == GitHubProvider.key(push("push", b"{}"))


def test_a_form_says_the_same_as_json():
    said = {"action": "created", "repository": PLACE, "deployment": deployment()}
    form = urlencode({"payload": json.dumps(said)}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert hear(push("deployment", form, **headers), now=NOW) == hear(push("deployment", said), now=NOW) != ()


def test_what_does_not_concern_us_is_nothing_and_has_a_reason():
    for event in ("ping", "star", "check_run", "status", "deployment_review"):
        assert hear(push(event, {"repository": PLACE}), now=NOW) == ()
        assert GitHubProvider.irrelevant(event)
    other = {"repository": PLACE, "ref": "refs/heads/topic", "commits": [{"id": "a" * 40}]}
    assert hear(push("push", other), now=NOW) == ()
    assert len(hear(push("push", other | {"ref": "refs/heads/main"}), now=NOW)) == 1


@pytest.mark.parametrize(
    "event", ["deployment", "deployment_status", "release", "workflow_run", "workflow_job", "issues", "pull_request"]
)
def test_a_delivery_that_says_nothing_cannot_be_read(event):
    for said in (b"", b"{", b"[]", {}, {"repository": PLACE}, {"repository": {"full_name": None}}, b"[" * 100_000):
        with pytest.raises(Unreadable):
            hear(push(event, said), now=NOW)


def test_an_issue_that_was_deleted_or_moved_is_no_incident():
    issue = {
        "id": 5,
        "number": 1,
        "created_at": "2026-09-01T08:00:00Z",
        "updated_at": "2026-09-01T08:00:00Z",
        "state": "open",
    }
    for action in ("deleted", "transferred"):
        told = [
            *hear(push("issues", {"action": "opened", "repository": PLACE, "issue": issue}), now=NOW),
            *hear(push("issues", {"action": action, "repository": PLACE, "issue": issue}), now=NOW),
        ]
        assert len({said.id for said in told}) == 1
        made = derive("issue", told, now=NOW)
        assert (made.events, made.open, made.why) == ((), False, f"an issue that was {action}")
