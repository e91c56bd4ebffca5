"""Reading GitHub: every row, whatever changes while it is read; what is unchanged costs nothing; limits are kept."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from metrics.events import (
    ChangeSeen,
    CommitSeen,
    DeploymentSeen,
    IncidentSeen,
    Outcome,
    ProviderError,
    RateLimited,
    RunSeen,
)
from metrics.providers.github import GitHubProvider
from tests.fakes.github import FakeGitHub, answer, change, large
from tests.fakes.github_world import World, iso
from tests.metrics.github_reading import TOKEN, Direct, Reading, tell

MONTH = timedelta(days=30)


def story() -> World:
    """A little of everything, in one repository."""
    world = World()
    at = world.repository()
    world.commit(at, "Begin")
    for how in ("merge", "squash", "rebase"):
        pull = world.pull(at, f"Work {how}", commits=3)
        world.review(at, pull, "COMMENTED", "ada")  # one's own review is none
        world.review(at, pull, "COMMENTED", "bob")
        world.review(at, pull, "APPROVED", "cyd")
        world.merge(at, pull, how)
        world.review(at, pull, "APPROVED", "bob")  # too late
        pull["updated_at"] = world.tick()
        world.deploy(at, "queued", "in_progress", "success", "inactive")
    world.pull(at, "Never merged")
    world.deploy(at, "in_progress", "failure", environment="staging")
    world.deploy(at, "in_progress")
    world.release(at, "v1.0")
    world.release(at, "v2.0", draft=True)
    world.rerun(at, world.run(at, "failure", jobs=("build", "test")))
    world.run(at, None, branch="topic")
    world.close(at, world.issue(at))
    world.issue(at, labels=("bug",))
    return world


def on_main(world: World) -> set[str]:
    at = world.repositories[0]
    return {one["sha"] for one in FakeGitHub(world)._history(at, at.branches["main"])}


# --- what is read is right -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graphql", [True, False])
def test_a_little_of_everything_comes_out_as_it_is(graphql):
    world = story()
    at = world.repositories[0]
    with FakeGitHub(world) as fake:
        fake.graphql = graphql
        reading = Reading(fake)
        reading.everything()
        deployments = reading.facts(DeploymentSeen)
        outcomes = [one.outcome for key, one in sorted(deployments.items()) if not key.startswith("release")]
        assert outcomes == [*[Outcome.SUCCESS] * 3, Outcome.FAILURE, Outcome.UNKNOWN]
        assert [one.sha for one in deployments.values() if one.traits["via"] == "release"] == [at.tags["v1.0"]]
        changes = {one.number: one for one in reading.facts(ChangeSeen).values()}
        assert set(changes) == {"1", "2", "3"}
        for pull in at.pulls[:3]:
            change, own = changes[str(pull["number"])], at.pull_commits[pull["number"]]
            assert change.sha == pull["merge_commit_sha"]
            assert change.commits == tuple(one["sha"] for one in own)
            assert change.titles == tuple(one["commit"]["message"] for one in own)
            assert iso(change.first_commit_at) == own[0]["commit"]["author"]["date"]
            reviews = [one["submitted_at"] for one in at.reviews[pull["number"]]]
            assert (iso(change.first_review_at), iso(change.approved_at)) == (reviews[1], reviews[2])
        commits = reading.facts(CommitSeen)
        assert set(commits) == on_main(world)
        assert all(one.parents == tuple(up["sha"] for up in at.commits[sha]["parents"]) for sha, one in commits.items())
        runs = reading.facts(RunSeen)
        said = {(attempt, one.raw_outcome): len(one.jobs) for (_, attempt), one in runs.items()}
        assert said == {(1, "failure"): 2, (2, "success"): 2, (1, "queued"): 1}
        first = next(one for (_, attempt), one in runs.items() if attempt == 1 and one.outcome)
        assert first.started_at - first.queued_at == first.finished_at - first.started_at == timedelta(seconds=15)
        incidents = reading.facts(IncidentSeen)
        assert {one.traits.get("label") for one in incidents.values()} == {("incident",), ("bug",)}
        assert sum(made.open for made in reading.made().values()) == 2  # the deployment and the run under way


def test_graphql_saves_calls():
    counts = []
    for graphql in (True, False):
        world = World()
        at = world.repository()
        for _ in range(60):
            world.deploy(at, "in_progress", "success")
        with FakeGitHub(world) as fake:
            fake.graphql = graphql
            reading = Reading(fake, ("acme/api",))
            reading.stream("deployments")
            counts.append(len(fake.log))
            assert len(reading.facts()) == 60
    print(f"60 deployments: {counts[0]} requests with GraphQL, {counts[1]} without")
    assert counts[0] <= 4 < 60 < counts[1]


def test_enterprise_server_lies_under_its_own_path_and_may_be_old():
    world = story()
    with FakeGitHub(world, prefix="/api/v3") as fake:
        fake.graphql, fake.compares = False, False
        for attempts in world.repositories[0].runs:
            for run in attempts:
                run.pop("run_attempt")
                run.pop("run_started_at")
        for row in world.repositories[0].deployments:
            row.pop("production_environment")
            row.pop("node_id")
        reading = Reading(fake)
        reading.everything()
        world.commit(world.repositories[0], "One more")
        reading.stream("commits")
        assert set(reading.facts(CommitSeen)) == on_main(world)
        assert {one.traits.get("tier") for one in reading.facts(DeploymentSeen).values()} == {None}


def test_addresses_of_pages_are_understood_as_those_of_the_api():
    from metrics.providers.github.client import root_of

    assert root_of("https://github.com") == root_of("https://github.com/acme/api") == "https://api.github.com"
    assert root_of("https://api.github.com/") == "https://api.github.com"
    assert (
        root_of("https://ghe.example.org")
        == root_of("https://ghe.example.org/api/v3/")
        == "https://ghe.example.org/api/v3"
    )
    assert root_of("https://acme.ghe.com") == "https://api.acme.ghe.com"
    assert root_of("http://127.0.0.1:8101") == "http://127.0.0.1:8101"


# --- nothing is lost -------------------------------------------------------------------------------------------------


def test_5000_runs_behind_the_cap_of_1000_are_all_read():
    world = World()
    at = world.repository()
    chance = random.Random(5)
    for _ in range(4900):
        world.run(at, "success", seconds=chance.choice((1, 5, 30, 400)), jobs=())
    for _ in range(100):  # an hour in which many began
        world.run(at, "success", seconds=1, jobs=())
    tried = at.runs[17]
    world.rerun(at, tried, "failure")
    world.rerun(at, tried)
    with FakeGitHub(world) as fake:
        reading = Reading(fake, ("acme/api",), wire=False)
        reading.stream("runs")
        found = reading.facts(RunSeen)
        lists = [one for one in fake.log if one.path.endswith("/actions/runs")]
        assert max(int(one.query.get("page", 1)) for one in lists) <= 10
        print(f"5,000 runs: {len({which for which, _ in found})} found, {len(lists)} pages of lists")
        assert {which for which, _ in found} == {str(attempts[0]["id"]) for attempts in at.runs}
        assert sorted(attempt for which, attempt in found if which == str(tried[0]["id"])) == [1, 2, 3]


def test_a_run_deleted_while_its_window_is_paged_hides_no_other():
    world = World()
    at = world.repository()
    for _ in range(450):
        world.run(at, "success", jobs=())
    gone: list[str] = []

    def delete(request):
        if "created" in request.query and request.query.get("page") in ("2", "4") and len(gone) < 40:
            gone.extend(str(at.runs.pop()[0]["id"]) for _ in range(20))

    with FakeGitHub(world) as fake:
        fake.between = delete
        reading = Reading(fake, ("acme/api",))
        reading.stream("runs")
        held = {which for which, _ in reading.facts(RunSeen)}
        assert len(gone) == 40
        assert held >= {str(attempts[0]["id"]) for attempts in at.runs}


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_change_while_they_are_paged_are_not_lost(seed):
    """Read while it changes, then again, then asked: the same facts as a whole read at the end, over many seeds."""
    chance = random.Random(seed)
    world = large(300, repositories=2, seed=seed)
    with FakeGitHub(world) as fake:
        fake.graphql = seed % 3 > 0
        reading = Reading(fake, since=datetime(2026, 8, 1, tzinfo=UTC), anew=seed % 2 == 0, wire=False)
        fake.between = lambda request: change(world, chance) if chance.random() < 0.5 else None
        for _ in range(2):
            reading.everything()
            reading.ask()
        fake.between = None
        world.tick(90_000)  # old runs that were tried again are looked for once a day
        reading.everything()
        reading.ask()
        later = Reading(fake, since=datetime(2026, 8, 1, tzinfo=UTC), wire=False)
        later.everything()
        found, expected = reading.facts(), later.facts()
        lost = [key for key in expected if key not in found]
        differ = [key for key in expected if key in found and settled(found[key]) != settled(expected[key])]
        print(f"seed {seed}: {len(expected)} expected, {len(found)} found, {len(lost)} lost, {len(differ)} differ")
        assert not lost
        assert not differ
        assert set(found) == set(expected)


def settled(event):
    """A fact without the time of its last change: a deployment that is over may be superseded unseen."""
    return replace(event, updated_at=None) if hasattr(event, "updated_at") else event


def test_a_kill_between_any_two_pages_loses_and_doubles_nothing():
    world = large(300, repositories=2, seed=3)
    with FakeGitHub(world) as fake:
        whole, broken = Reading(fake, wire=False), Reading(fake, anew=True, wire=False)
        whole.everything()
        broken.everything()
        assert broken.facts() == whole.facts()
        before = len(broken.held)
        broken.etags.clear()
        broken.cursors.clear()  # everything is told again
        broken.everything()
        assert broken.facts() == whole.facts()
        assert len(broken.held) == before


def test_a_deployment_that_ends_after_it_was_passed_is_asked_for():
    world = World()
    at = world.repository()
    row = world.deploy(at, "in_progress")
    for _ in range(150):
        world.deploy(at, "success")
    with FakeGitHub(world) as fake:
        reading = Reading(fake, ("acme/api",))
        reading.stream("deployments")
        world.tick(7200)
        world.status(at, row, "failure")
        reading.stream("deployments")
        assert reading.ask() == 1
        found = reading.facts()[str(row["id"])]
        assert (found.outcome, iso(found.finished_at)) == (Outcome.FAILURE, row["updated_at"])
        assert reading.ask() == 0


def test_what_is_gone_is_told_and_what_may_not_be_read_stays_open():
    world = World()
    at, closed = world.repository("acme/api"), world.repository("acme/closed", denied={"deployments"})
    here, there = world.deploy(at, "in_progress"), world.deploy(closed, "in_progress")
    moved = world.issue(at, repository_url="https://api.github.com/repos/acme/elsewhere")
    with FakeGitHub(world) as fake:
        provider = Reading(fake).provider()
        ids = [f"acme/api#{here['id']}", "acme/api#1", f"acme/closed#{there['id']}", "acme/never#1"]
        asked = provider.ask("deployment", ids, now=world.now)
        assert [one.id for one in asked.observations] == ids[:1]
        assert asked.gone == ("acme/api#1", "acme/never#1")
        said = provider.ask("issue", [f"acme/api#{moved['number']}"], now=world.now).observations
        assert GitHubProvider.derive("issue", said, now=world.now).why == "an issue that was transferred"


def test_an_old_run_that_is_tried_again_is_met_within_a_day():
    world = World()
    at = world.repository()
    old = world.run(at, "failure")
    for _ in range(150):
        world.run(at, "success", jobs=())
    with FakeGitHub(world) as fake:
        reading = Reading(fake, ("acme/api",))
        reading.stream("runs")
        world.tick(3600)
        world.rerun(at, old)
        reading.stream("runs")
        world.tick(86400)
        reading.stream("runs")
        attempts = {attempt for which, attempt in reading.facts(RunSeen) if which == str(old[0]["id"])}
        assert attempts == {1, 2}


def test_a_commit_made_long_ago_and_merged_today_is_met():
    world = World()
    at = world.repository()
    base = world.commit(at, "Begin")
    old = world.commit(at, "Long ago", branch="", parents=[base])
    for place in range(120):
        world.commit(at, f"Change {place}")
    with FakeGitHub(world) as fake:
        reading = Reading(fake, ("acme/api",))
        reading.stream("commits")
        assert old not in reading.facts(CommitSeen)
        world.tick(86400 * 9)
        merge = world.commit(at, "Merge", parents=[at.branches["main"], old])
        reading.stream("commits")
        found = reading.facts(CommitSeen)
        assert found[merge].parents[1] == old
        assert old in found


def test_a_backfill_reads_its_window_beside_what_is_fresh_and_ends():
    world = large(400, repositories=1, seed=2)
    middle = world.now - (world.now - datetime(2026, 9, 1, tzinfo=UTC)) / 2
    with FakeGitHub(world) as fake:
        fresh, whole = Reading(fake, since=middle, wire=False), Reading(fake, wire=False)
        whole.everything()
        fresh.everything()
        before = len(fresh.facts())
        window = {"since": iso(middle - MONTH), "until": iso(middle)}
        for stream in GitHubProvider.streams:
            page = fresh.stream(stream, lane=" past", cursor=dict(window))
            asked = len(fake.log)
            again = fresh.provider().fetch(stream, page.cursor, now=world.now, tell=tell)
            assert again.done
            assert len(fake.log) == asked  # it ended, and asks nobody any more
        assert before < len(fresh.facts())
        assert fresh.facts() == whole.facts()


# --- what is unchanged costs nothing ---------------------------------------------------------------------------------


def test_an_idle_round_is_answered_304():
    world = large(1200, repositories=6, seed=4)
    with FakeGitHub(world) as fake:
        reading = Reading(fake, wire=False)
        reading.everything()
        reading.ask()
        world.tick(3600)
        reading.everything()
        before, pages = len(fake.statuses), len(reading.pages)
        world.tick(3600)
        reading.everything()
        statuses = fake.statuses[before:]
        share = statuses.count(304) / len(statuses)
        print(f"idle: {len(statuses)} requests, {share:.1%} answered 304, {len(reading.pages) - pages} pages")
        assert share >= 0.95
        assert not any(page.observations for page in reading.pages[pages:])


# --- limits ----------------------------------------------------------------------------------------------------------


def test_no_request_comes_before_it_is_welcome():
    """10,000 requests against limits of both kinds, by a clock that only a wait moves on."""
    clock = [datetime(2026, 9, 1, tzinfo=UTC).timestamp()]
    chance = random.Random(7)
    world = World()
    at = world.repository()
    for _ in range(30):
        world.deploy(at, "success")
    with FakeGitHub(world) as fake:
        fake.clock, fake.limit = (lambda: clock[0]), 400

        def sometimes(request):
            if clock[0] < fake.blocked_until or chance.random() > 0.01:
                return None
            return fake.block(chance.uniform(1, 200))

        fake.mishaps.append(sometimes)
        door = Direct(
            fake, address=fake.url, trusted_hosts=("127.0.0.1",), now=lambda: datetime.fromtimestamp(clock[0], UTC),
            sleep=lambda seconds: None,
        )  # fmt: skip
        waits = 0
        for _ in range(10_000):
            clock[0] += chance.expovariate(5)
            try:
                door.get("repos/acme/api/deployments", params={"per_page": 1}, accept=(403, 404))
            except RateLimited as limited:
                clock[0] = max(clock[0], limited.until.timestamp())
                waits += 1
        print(f"{door.requests:,} requests, {waits} waits, {len(fake.early)} too early")
        assert waits > 50
        assert len(fake.early) == 0


def test_a_limit_in_the_middle_of_a_page_is_told_and_then_it_goes_on():
    world = World()
    at = world.repository()
    for _ in range(80):
        world.deploy(at, "success")
    with FakeGitHub(world) as fake:
        fake.graphql, fake.limit = False, 40
        reading = Reading(fake, ("acme/api",))
        until = None
        for _ in range(20):
            try:
                reading.stream("deployments")
                break
            except RateLimited as limited:
                until = limited.until
                fake.resets_at = 0  # the hour is over
        assert until is not None
        assert len(reading.facts()) == 80


def test_graphql_that_has_had_enough_is_a_limit_too():
    world = story()
    with FakeGitHub(world) as fake:
        said = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
        fake.next(answer(said), path="/graphql")
        with pytest.raises(RateLimited):
            Reading(fake).stream("deployments")


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(fake: FakeGitHub, repositories: tuple[str, ...] = ("acme/api",)) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        Reading(fake, repositories).stream("deployments")
    error = raised.value
    assert error.sentence.endswith(".")
    assert error.advice
    assert TOKEN not in f"{error.sentence}{error.advice}{error.detail}"
    return error


def test_every_refusal_is_a_sentence_with_advice():
    world = World()
    world.repository(denied={"deployments"})
    world.repository("acme/old", deleted=True)
    with FakeGitHub(world) as fake:
        assert "Deployments: read" in refusal(fake).advice + refusal(fake).sentence
        assert "acme/old is not there any more" in refusal(fake, repositories=("acme/old",)).sentence
        fake.next(answer(b"<!DOCTYPE html><html>Log in</html>", 200, {"Content-Type": "text/html"}))
        assert "web page" in refusal(fake).sentence
        fake.token = "another"
        assert refusal(fake).permanent
    empty = World()
    with FakeGitHub(empty) as fake:
        assert "sees no repository" in refusal(fake, repositories=()).sentence


def test_one_repository_that_is_gone_renamed_or_archived_stops_no_other():
    world = World()
    good = world.repository("acme/good", archived=True)
    new = world.repository("acme/new", was_called=["acme/old"])
    world.repository("acme/gone", deleted=True)
    no_actions = world.repository("acme/closed", denied={"actions"}, no_issues=True)
    for at in (good, new, no_actions):
        world.deploy(at, "success")
        world.run(at)
    with FakeGitHub(world) as fake:
        reading = Reading(fake, ("acme/gone", "acme/good", "acme/old", "acme/closed"))
        notes = reading.stream("deployments").notes
        assert len(reading.facts()) == 3
        assert {one.repository for one in reading.facts().values()} == {"acme/good", "acme/new", "acme/closed"}
        assert any("acme/gone is not there any more" in note and "Take it out" in note for note in notes)
        assert "acme/old is called acme/new now: choose it under its new name." in notes
        assert any("acme/good is archived" in note for note in notes)
        assert any("Actions: read" in note for note in reading.stream("runs").notes)
        assert any("switched off" in note for note in reading.stream("issues").notes)
        again = reading.stream("deployments")  # also where all of it is unchanged
        assert again.notes == notes


def test_the_check_names_what_the_token_can_and_cannot_read():
    world = World()
    world.repository("acme/api", denied={"actions"}, no_issues=True)
    for number in range(230):
        world.repository(f"acme/part-{number:03}")
    with FakeGitHub(world) as fake:
        found = Reading(fake, ("acme/api",)).provider().check()
        assert found.sentence == (
            "The token of ada can read deployments, releases, pull requests and commits, cannot read Actions."
            " acme/api has its issues switched off."
        )
        assert found.cannot == ("Actions",)
        assert len(found.choices) == 200
        assert found.more_choices
        provider = Reading(fake).provider()
        assert provider.search("part-22 ACME").choices == tuple(f"acme/part-{number}" for number in range(220, 230))
        assert provider.search("acme/api").choices == ("acme/api",)
        assert provider.search("nothing").sentence.startswith("No repository")
        fake.token = "another"
        with pytest.raises(ProviderError, match="refused our token"):
            provider.check()


@pytest.mark.parametrize("said", ["acme", "acme/api/x", "../../etc", "a b/c", "acme/api?x=1"])
def test_what_is_no_repository_is_refused(said):
    with FakeGitHub(World()) as fake, pytest.raises(ProviderError, match="not a repository"):
        Reading(fake, (said,)).provider()


def test_an_empty_repository_and_a_long_pull_request_are_no_trouble():
    world = World()
    world.repository("acme/empty")
    at = world.repository("acme/long")
    world.commit(at, "Begin")
    pull = world.pull(at, commits=260)
    world.merge(at, pull, "squash")
    with FakeGitHub(world) as fake:
        reading = Reading(fake)
        reading.everything()
        change = next(iter(reading.facts(ChangeSeen).values()))
        assert len(change.commits) == 250
        assert any("more commits than GitHub lists" in note for page in reading.pages for note in page.notes)
