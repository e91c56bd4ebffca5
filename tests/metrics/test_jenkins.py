"""Jenkins against a fake one over real HTTP: builds that run on, numbers that begin anew, retention, folders."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import (
    DeploymentSeen,
    Forged,
    Observation,
    Outcome,
    ProviderError,
    Push,
    RunSeen,
    Unreadable,
)
from metrics.providers.jenkins import JenkinsProvider, coverage, hooks, parse
from metrics.rules import Rules
from tests.fakes.holding import Holding
from tests.fakes.jenkins import FREESTYLE, MULTIBRANCH, START, TOKEN, USER, FakeJenkins, built
from tests.fakes.server import Reply, Request

NOW = datetime(2025, 11, 20, tzinfo=UTC)
BEGINNING = {"since": "2025-10-01T00:00:00+00:00"}
DERIVE = JenkinsProvider.derive


@pytest.fixture
def jenkins() -> Iterator[FakeJenkins]:
    with FakeJenkins() as fake:
        yield fake


def held(fake: FakeJenkins, **settings: Any) -> Holding:
    return Holding(JenkinsProvider, fake.url, f"{USER}:{TOKEN}", **settings)


def sync(holding: Holding, **more: Any) -> int:
    return holding.read("builds", now=NOW, cursor=holding.cursors.get("builds") or BEGINNING, **more)


def runs(holding: Holding) -> dict[tuple[str, int], RunSeen]:
    found = [one for one in holding.facts("build", now=NOW) if isinstance(one, RunSeen)]
    return {(one.workflow, int((one.traits or {})["title"][1:])): one for one in found}  # type: ignore[arg-type]


# --- what is read ----------------------------------------------------------------------------------------------------


def test_builds_of_folders_branches_and_free_jobs_with_stages_queue_and_source(jenkins: FakeJenkins) -> None:
    jenkins.folder("shop/api", MULTIBRANCH)
    main = jenkins.job("shop/api/main", primary=True)
    side = jenkins.job("shop/api/feature%2Fsearch")
    deep = jenkins.job("a/b/c/d/e/f/deep", FREESTYLE)
    jenkins.job("never-built")
    waited = {
        "_class": "jenkins.metrics.impl.TimeInQueueAction",
        "queuingDurationMillis": 9000,
        "blockedDurationMillis": 1,
    }
    library = built("https://user:secret@git.example.org/tools/library.git", "master", "b" * 40)
    own = built("git@git.example.org:shop/api.git", "refs/remotes/origin/main", "a" * 40)
    jenkins.build(main, "UNSTABLE", actions=[library, own, waited])
    jenkins.build(side, "ABORTED")
    jenkins.build(deep, "NOT_BUILT")
    jenkins.build(deep, "EXPLODED")
    jenkins.coverage["jacoco"] = {"lineCoverage": {"percentageFloat": 55.88697}}
    holding = held(jenkins)
    sync(holding)
    by_id = {key: made.events[0] for (key, made) in holding.derived("build", now=NOW).items()}
    assert set(by_id) == {
        "shop/api/main#1", "shop/api/feature%2Fsearch#1", "a/b/c/d/e/f/deep#1", "a/b/c/d/e/f/deep#2",
    }  # fmt: skip
    run = by_id["shop/api/main#1"]
    assert isinstance(run, RunSeen)
    assert (run.workflow, run.branch, run.on_main, run.sha, run.repository) == (
        "shop/api/main", "main", True, "a" * 40, "shop/api",
    )  # fmt: skip
    assert (run.outcome, run.raw_outcome, run.event, run.coverage) == (Outcome.FAILURE, "UNSTABLE", "push", 55.89)
    assert run.started_at is not None
    assert run.queued_at == run.started_at - timedelta(seconds=9)
    assert run.finished_at == run.started_at + timedelta(minutes=5)
    assert [(job.name, job.outcome) for job in run.jobs] == [("Test", Outcome.SUCCESS)]
    assert run.traits == {
        "repository": "shop/api", "workflow": ("shop/api", "shop/api/main"), "path": "shop", "branch": "main",
        "type": "push", "title": "#1",
    }  # fmt: skip
    branch = by_id["shop/api/feature%2Fsearch#1"]
    assert isinstance(branch, RunSeen)
    assert (branch.branch, branch.on_main, branch.outcome) == ("feature/search", False, Outcome.CANCELLED)
    assert by_id["a/b/c/d/e/f/deep#2"].raw_outcome == "EXPLODED"  # type: ignore[union-attr]


def test_jobs_and_stages_deploy_where_rules_say_so(jenkins: FakeJenkins) -> None:
    job = jenkins.job("shop/deploy")
    stages = [
        {"id": "1", "name": "Build", "status": "SUCCESS", "startTimeMillis": START, "durationMillis": 1000},
        {"id": "2", "name": "Deploy production", "status": "FAILED", "startTimeMillis": START, "durationMillis": 1000},
        {"id": "3", "name": "Deploy again", "status": "NOT_EXECUTED"},
    ]
    jenkins.build(job, "FAILURE", stages=stages)
    holding = held(jenkins)
    sync(holding)
    facts = holding.facts("build", now=NOW)
    by_default = Rules.of({}, JenkinsProvider.guide.default_rules).apply(facts)
    assert not [one for one in by_default if isinstance(one, DeploymentSeen)]
    whole = Rules.of({"rules": {"production": [{"via": "run", "workflow": "shop/deploy"}]}}).apply(facts)
    assert [one.outcome for one in whole if isinstance(one, DeploymentSeen)] == [Outcome.FAILURE]
    staged = Rules.of({"rules": {"production": [{"via": "job", "stage": "Deploy*"}]}}).apply(facts)
    assert [one.outcome for one in staged if isinstance(one, DeploymentSeen)] == [Outcome.FAILURE]


# --- nothing is lost -------------------------------------------------------------------------------------------------


def test_a_build_across_three_syncs_ends_as_it_ended(jenkins: FakeJenkins) -> None:
    job = jenkins.job("slow")
    running = jenkins.build(job, None)
    holding = held(jenkins)
    sync(holding)
    assert holding.open("build", now=NOW) == ["slow#1"]
    jenkins.build(job, "SUCCESS")  # a newer one moves the mark past the one that runs
    sync(holding)
    holding.ask("build", now=NOW)
    assert holding.open("build", now=NOW) == ["slow#1"]
    jenkins.finish(running, "FAILURE", minutes=90)
    sync(holding)
    assert holding.open("build", now=NOW) == ["slow#1"], "the list has gone on: it is asked for by its number"
    holding.ask("build", now=NOW)
    assert holding.open("build", now=NOW) == []
    run = runs(holding)["slow", 1]
    assert run.started_at is not None
    assert (run.outcome, run.finished_at) == (Outcome.FAILURE, run.started_at + timedelta(minutes=90))
    assert [stage.name for stage in run.jobs] == ["Test"]
    assert len(holding.observations["build", "slow#1"]) == 2, "asking again while nothing changed keeps nothing more"
    gone = jenkins.build(job, None)
    sync(holding)
    job.builds.remove(gone)
    assert holding.ask("build", now=NOW) == ("slow#3",)


def test_an_idle_sync_is_one_request_and_a_new_build_costs_its_own(jenkins: FakeJenkins) -> None:
    jobs = [jenkins.job(f"team/job-{number}") for number in range(60)]
    for job in jobs:
        jenkins.build(job)
    holding = held(jenkins, coverage=False)
    assert sync(holding) == 60
    jenkins.log.clear()
    assert sync(holding) == 0
    print(f"\n60 jobs, nothing new: {len(jenkins.log)} request")
    assert len(jenkins.log) == 1
    jenkins.build(jobs[30])
    jenkins.log.clear()
    assert sync(holding) == 1
    assert len(jenkins.log) == 3, "the list of jobs, the builds of one, its stages"


@pytest.mark.parametrize("seed", range(3))
def test_builds_that_start_and_are_discarded_while_being_paged(jenkins: FakeJenkins, seed: int) -> None:
    """New builds move the others to later places, and what is deleted moves them to earlier ones."""
    chance = random.Random(seed)
    job = jenkins.job("busy", FREESTYLE)
    for _ in range(150):
        jenkins.build(job)
    ever = {one["number"] for one in job.builds}

    def between(request: Request) -> None:
        if "allBuilds" not in request.query.get("tree", ""):
            return
        if chance.random() < 0.5 and len(job.builds) < 170:
            ever.add(jenkins.build(job)["number"])
        for one in chance.sample(job.builds, min(3, len(job.builds) - 100)):
            job.builds.remove(one)

    jenkins.between = between
    holding = held(jenkins, coverage=False)
    sync(holding)
    jenkins.between = None
    sync(holding)
    found = {number for _, number in runs(holding)}
    left = {one["number"] for one in job.builds}
    print(f"\n{len(ever)} builds, {len(ever - left)} deleted meanwhile: {len(left - found)} of those left are lost")
    assert left <= found


def test_numbers_that_begin_anew_are_other_builds(jenkins: FakeJenkins) -> None:
    job, quick = jenkins.job("again"), jenkins.job("again-quick")
    for _ in range(5):
        jenkins.build(job, "SUCCESS")
        jenkins.build(quick, "SUCCESS")
    holding = held(jenkins)
    sync(holding)
    jenkins.begin_anew(job)
    jenkins.begin_anew(quick)
    for _ in range(2):
        jenkins.build(job, "FAILURE")
    for _ in range(7):  # it has passed the old numbers before anybody looked
        jenkins.build(quick, "FAILURE")
    sync(holding)
    assert sorted(holding.notes) == [
        "again-quick: build numbers began anew, so all its builds are read again.",
        "again: build numbers began anew, so all its builds are read again.",
    ]
    all_runs = [one for one in holding.facts("build", now=NOW) if isinstance(one, RunSeen)]
    counted = {name: [one.outcome for one in all_runs if one.workflow == name] for name in ("again", "again-quick")}
    assert counted["again"].count(Outcome.SUCCESS) == 5
    assert counted["again"].count(Outcome.FAILURE) == 2
    assert counted["again-quick"].count(Outcome.FAILURE) == 7
    assert counted["again-quick"].count(Outcome.SUCCESS) == 5
    assert len({one.provider_id for one in all_runs}) == len(all_runs)
    assert sync(holding) == 0


def test_deleting_the_newest_build_is_no_new_beginning(jenkins: FakeJenkins) -> None:
    job = jenkins.job("trimmed")
    for _ in range(3):
        jenkins.build(job)
    holding = held(jenkins)
    sync(holding)
    del job.builds[-1]
    jenkins.log.clear()
    assert sync(holding) == 0
    assert holding.notes == []
    assert len(jenkins.log) == 1
    jenkins.build(job)
    assert sync(holding) == 1


def test_a_renamed_job_counts_no_build_twice(jenkins: FakeJenkins) -> None:
    job = jenkins.job("old-name")
    for _ in range(3):
        jenkins.build(job)
    holding = held(jenkins)
    sync(holding)
    jenkins.rename(job, "new-name")
    jenkins.build(job)
    sync(holding)
    facts = holding.facts("build", now=NOW)
    assert len(facts) == 7
    assert len({one.provider_id for one in facts if isinstance(one, RunSeen)}) == 4


def test_a_backfill_reads_its_window_and_ends(jenkins: FakeJenkins) -> None:
    job = jenkins.job("daily")
    for day in range(30):
        jenkins.now = START + day * 86_400_000
        jenkins.build(job)
    holding = held(jenkins)
    window = {"since": "2025-11-05T00:00:00+00:00", "until": "2025-11-10T00:00:00+00:00"}
    assert holding.read("builds", now=NOW, cursor=window) == 5
    assert holding.cursors["builds"]["ended"]
    jenkins.log.clear()
    assert holding.read("builds", now=NOW) == 0
    assert jenkins.log == []


def test_chosen_jobs_and_folders_are_read_and_the_missing_are_noted(jenkins: FakeJenkins) -> None:
    for name in ("shop/api", "shop/web", "bank/api", "alone"):
        jenkins.build(jenkins.job(name))
    holding = held(jenkins, jobs=["shop", "alone", "nowhere"])
    sync(holding)
    assert {name for name, _ in runs(holding)} == {"shop/api", "shop/web", "alone"}
    assert holding.notes == ["nowhere is gone, or hidden from this token."]


def test_an_old_version_without_all_builds_queue_ids_and_stages(jenkins: FakeJenkins) -> None:
    jenkins.knows_all_builds = jenkins.has_stages = False
    job = jenkins.job("old")
    for _ in range(30):
        build = jenkins.build(job)
        del build["queueId"], build["inProgress"]
    holding = held(jenkins)
    sync(holding)
    found = runs(holding)
    assert len(found) == 30
    assert found["old", 3].jobs == ()
    assert found["old", 3].provider_id.startswith("old#3@")


def test_when_nothing_that_was_chosen_is_left_reading_says_so(jenkins: FakeJenkins) -> None:
    with pytest.raises(ProviderError, match="none of the jobs that were chosen"):
        sync(held(jenkins, jobs=["gone"]))


# --- refusals --------------------------------------------------------------------------------------------------------


def test_check_says_the_version_the_jobs_and_what_can_be_read(jenkins: FakeJenkins) -> None:
    for name in ("shop/api", "shop/web"):
        jenkins.build(jenkins.job(name))
    jenkins.has_stages = False
    found = held(jenkins).provider.check()
    assert found.sentence.startswith("Jenkins 2.462.3 answers and shows 2 jobs.")
    assert (found.can, found.cannot) == (("jobs", "builds"), ("stages",))
    assert found.choices == ("shop/api", "shop/web")
    assert held(jenkins).provider.search("WEB").choices == ("shop/web",)
    assert held(jenkins).provider.search("shop").choices == ("shop", "shop/api", "shop/web")
    jenkins.anybody = True
    assert "read by anybody" in Holding(JenkinsProvider, jenkins.url).provider.check().sentence


def test_every_refusal_is_a_sentence_with_advice_and_without_the_token(jenkins: FakeJenkins) -> None:
    page = Reply(
        body=b"<!DOCTYPE html><title>Sign in</title>", headers={"Content-Type": "text/html", "X-Jenkins": "2.4"}
    )
    other = Reply(body={"_class": "x"})
    cases: list[tuple[str, dict[str, Any], Reply | None]] = [
        ("", {}, None), (f"{USER}:wrong-token", {}, None), (f"{USER}:{TOKEN}", {}, page),
        (f"{USER}:{TOKEN}", {}, other), (f"{USER}:{TOKEN}", {"jobs": ["nowhere"]}, None), (f"{USER}:{TOKEN}", {}, None),
    ]  # fmt: skip
    for secret, chosen, reply in cases:
        if reply is not None:
            jenkins.next(reply)
        with pytest.raises(ProviderError) as refused:
            Holding(JenkinsProvider, jenkins.url, secret, **chosen).provider.check()
        words = f"{refused.value.sentence} {refused.value.advice} {refused.value.detail}"
        assert refused.value.sentence.endswith(".")
        assert refused.value.advice
        assert not secret or secret.partition(":")[2] not in words
    with pytest.raises(ProviderError, match="no usual address"):
        Holding(JenkinsProvider, "").provider.check()


# --- webhooks and any order ------------------------------------------------------------------------------------------


def pushed(phase: str, status: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "api", "url": "job/shop/job/api/", "build": {
        "full_url": "http://ci.example.org/job/shop/job/api/7/", "number": 7, "queue_id": 44, "phase": phase,
        "timestamp": START, "duration": 60_000 if status else 0, "status": status, "url": "job/shop/job/api/7/",
        "scm": {"url": "https://git.example.org/shop/api.git", "branch": "origin/main", "commit": "c" * 40}, **more,
    }}  # fmt: skip


def test_webhooks_are_verified_and_meet_what_is_read() -> None:
    body = json.dumps({**pushed("FINALIZED", "FAILURE"), "token": "in-body"}).encode()
    hooks.verify(Push(body=body, headers={"authorization": "Bearer right"}), ["old", "right"])
    hooks.verify(Push(body=body, headers={}), ["in-body"])
    for headers, secrets in (({"authorization": "Bearer wrong"}, ["right"]), ({}, ["right"]), ({}, [""])):
        with pytest.raises(Forged):
            hooks.verify(Push(body=body, headers=headers), secrets)
    with pytest.raises(Forged):
        hooks.verify(Push(body=b"\xff", headers={}), ["right"])
    (seen,) = hooks.hear(Push(body=body, headers={}))
    assert (seen.kind, seen.id) == ("build", "shop/api#7")
    assert b"in-body" not in seen.body
    made = DERIVE("build", [seen], now=NOW)
    (run,) = made.events
    assert made.open, "it is read from Jenkins as well"
    assert isinstance(run, RunSeen)
    assert (run.outcome, run.sha, run.branch, run.repository) == (Outcome.FAILURE, "c" * 40, "main", "shop/api")
    whole = {
        "job": {"many": False, "main": None},
        "build": {
            "number": 7,
            "timestamp": START,
            "duration": 61_000,
            "building": False,
            "result": "FAILURE",
            "queueId": 44,
        },
    }
    read_ = Observation(kind="build", id="shop/api#7", body=json.dumps(whole).encode(), updated_at=NOW)
    both = DERIVE("build", [seen, read_], now=NOW)
    assert not both.open
    assert [one.provider_id for one in both.events if isinstance(one, RunSeen)] == [run.provider_id]
    (queued,) = hooks.hear(Push(body=json.dumps(pushed("STARTED", "SUCCESS", timestamp=None)).encode(), headers={}))
    assert DERIVE("build", [queued], now=NOW) == DERIVE("build", [queued, queued], now=NOW)
    assert DERIVE("build", [queued], now=NOW).open
    assert hooks.hear(Push(body=b'{"ping": 1}', headers={})) == ()
    waiting = {"name": "api", "url": "job/api/", "build": {"phase": "QUEUED", "number": 0, "queue_id": 3}}
    assert hooks.hear(Push(body=json.dumps(waiting).encode(), headers={})) == ()
    for broken in (b"", b"[]", b'{"build": {"number": "x"}}', b"[" * 100_000):
        with pytest.raises(Unreadable):
            hooks.hear(Push(body=broken, headers={}))


@given(st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_same_words_in_any_order_and_number_come_to_the_same(chance: random.Random, doubled: int) -> None:
    def read_(at: int, **build: Any) -> Observation:
        body = {"job": {"many": True, "main": True}, "build": {"number": 7, "timestamp": START, "queueId": 44, **build}}
        at_ = NOW + timedelta(minutes=at)
        return Observation(kind="build", id="shop/api/main#7", body=json.dumps(body).encode(), updated_at=at_)

    told = [
        read_(0, building=True, result=None),
        read_(1, building=True, result="FAILURE"),
        read_(2, building=False, result="FAILURE", duration=9000),
        read_(2, building=False, result="FAILURE", duration=9500),
        read_(3, timestamp=START + 999, building=False, result="SUCCESS", duration=1, queueId=2),
        *(
            Observation(
                kind="build",
                id="shop/api/main#7",
                body=json.dumps({"hook": pushed(phase, status)}).encode(),
                updated_at=NOW,
            )
            for phase, status in (("STARTED", None), ("FINALIZED", "FAILURE"))
        ),
    ]
    mixed = told + chance.sample(told, doubled)
    chance.shuffle(mixed)
    assert DERIVE("build", mixed, now=NOW) == DERIVE("build", told, now=NOW)
    first, second = DERIVE("build", told, now=NOW).events
    assert isinstance(first, RunSeen)
    assert isinstance(second, RunSeen)
    assert (first.outcome, second.outcome) == (Outcome.FAILURE, Outcome.SUCCESS)
    assert first.finished_at == first.started_at + timedelta(milliseconds=9500)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("remote", "path"),
    [
        ("https://github.com/acme/api.git", "acme/api"), ("https://ada:tok@host:8443/scm/acme/api.git", "acme/api"),
        ("git@github.com:acme/api.git", "acme/api"), ("ssh://git@host:7999/acme/api", "acme/api"),
        ("https://dev.azure.com/acme/shop/_git/api", "acme/shop/_git/api"), ("/srv/git/api.git", "srv/git/api"),
        (None, ""), ("https://host/acme/api.git?token=x", "acme/api"),
    ],
)  # fmt: skip
def test_the_path_of_a_remote(remote: str | None, path: str) -> None:
    assert parse.repository_of(remote) == path


def test_coverage_of_four_plugins() -> None:
    assert coverage.percent({"projectStatistics": {"line": "91.02%", "branch": "12%"}}) == 91.02
    assert (
        coverage.percent({"results": {"elements": [{"name": "File", "ratio": 94}, {"name": "Lines", "ratio": 83.83}]}})
        == 83.83
    )
    assert coverage.percent({"lineCoverage": {"percentage": 56}}) == 56
    for unknown in (None, {}, {"projectStatistics": {"line": "n/a"}}, {"lineCoverage": {"percentage": 560}}, []):
        assert coverage.percent(unknown) is None


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "number",
                    "timestamp",
                    "duration",
                    "building",
                    "result",
                    "actions",
                    "causes",
                    "_class",
                    "branch",
                    "name",
                    "lastBuiltRevision",
                    "SHA1",
                    "remoteUrls",
                    "stages",
                    "startTimeMillis",
                    "status",
                    "scm",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["job", "stages", "coverage", "hook", "pushed"]), ODD, max_size=4), ODD)
@settings(max_examples=100, deadline=None)
def test_odd_words_make_facts_or_say_that_they_cannot_be_read(said: dict[str, Any], build: Any) -> None:
    build = {"timestamp": START, **build} if isinstance(build, dict) else build
    body = json.dumps({**said, "build": build}).encode()
    with contextlib.suppress(Unreadable):
        DERIVE("build", [Observation(kind="build", id="a/b#1", body=body)], now=NOW)
