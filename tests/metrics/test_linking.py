"""Links: changes, incidents and reverts to deployments, by hand, by brute force, and against Git itself."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.events import Answer
from metrics.linking import (
    INCIDENT_WINDOW,
    NO_DEPLOYMENT,
    REVERT_WINDOW,
    Deploy,
    History,
    How,
    IncidentFact,
    IncidentLink,
    Undone,
    answered,
    carried,
    failed_deployments,
    goes_back,
    in_order,
    is_rollback_only,
    link_changes_by_time,
    link_incident,
    link_incidents,
    reverted,
    rollbacks,
)

T0 = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def deploy(id: str, at: float = 0, **changed: object) -> Deploy:
    """A successful production deployment of `api`, `at` hours after T0."""
    facts: dict[str, object] = {
        "id": id, "service": "api", "environment": "production", "sha": id, "finished_at": T0 + at * HOUR,
        "successful": True, "production": True, "answer": None,
    }  # fmt: skip
    return Deploy(**(facts | changed))  # type: ignore[arg-type]


def incident(at: float, until: float | None = None, **changed: object) -> IncidentFact:
    facts: dict[str, object] = {
        "id": "i", "service": "api", "started_at": T0 + at * HOUR,
        "resolved_at": None if until is None else T0 + until * HOUR,
    }  # fmt: skip
    return IncidentFact(**(facts | changed))  # type: ignore[arg-type]


def line(*shas: str) -> dict[str, tuple[str, ...]]:
    """A history without branches, oldest first."""
    return {sha: (shas[n - 1],) if n else () for n, sha in enumerate(shas)}


def pairs(*shas: str) -> list[tuple[str, str]]:
    """Deployments named like their shas."""
    return [(sha, sha) for sha in shas]


def reachable(parents: Mapping[str, tuple[str, ...]], sha: str) -> set[str]:
    """By definition, without any care for speed."""
    if sha not in parents:
        return set()
    return {sha}.union(*(reachable(parents, parent) for parent in parents[sha]))


@st.composite
def histories(draw: st.DrawFn, commits: int = 14) -> dict[str, tuple[str, ...]]:
    """Any small history: several roots, merges, parents beyond the border of a shallow clone."""
    parents: dict[str, tuple[str, ...]] = {}
    for n in range(draw(st.integers(1, commits))):
        known = [*sorted(parents), "beyond"]
        chosen = draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
        parents[f"c{n:02}"] = tuple(chosen)
    return parents


@st.composite
def deployed(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, str]]]:
    parents = draw(histories())
    shas = draw(st.lists(st.sampled_from([*sorted(parents), "nowhere"]), max_size=8))
    return parents, [(f"d{n}", sha) for n, sha in enumerate(shas)]


# --- what a deployment carried ----------------------------------------------------------------------------------------


def test_a_deployment_carries_what_came_since_the_one_before_it():
    found = carried(line("a", "b", "c", "d", "e"), pairs("b", "d", "e"))
    assert (found["d"].base, found["d"].shas) == ("b", ("d", "c"))
    assert (found["e"].base, found["e"].shas) == ("d", ("e",))


def test_the_first_deployment_does_not_swallow_all_old_changes():
    first = carried(line("a", "b", "c"), pairs("c"))["c"]
    assert (first.base, first.shas, first.merges, first.known) == (None, (), (), True)


def test_merges_are_no_changes_of_their_own_and_are_kept_apart():
    parents = {"a": (), "b": ("a",), "x": ("a",), "m": ("b", "x")}
    found = carried(parents, pairs("a", "m"))["m"]
    assert (found.shas, found.merges) == (("b", "x"), ("m",))


def test_a_maintenance_release_in_between_makes_nothing_count_twice():
    # 1.0 ─ p ─ 1.1 (maintenance)
    #   └── f ─ g ─ 2.0 ─ h ─ 2.1
    parents = {**line("1.0", "f", "g", "2.0", "h", "2.1"), "p": ("1.0",), "1.1": ("p",)}
    found = carried(parents, pairs("1.0", "2.0", "1.1", "2.1"))
    assert found["2.0"].shas == ("2.0", "g", "f")
    assert found["1.1"].shas == ("1.1", "p")
    assert found["2.1"].shas == ("2.1", "h")  # Git's 1.1..2.1 would count f, g and 2.0 again
    assert found["2.1"].base == "1.1"


def test_deploying_the_same_commit_again_carries_nothing():
    found = carried(line("a", "b"), [("one", "a"), ("two", "b"), ("again", "b")])["again"]
    assert (found.base, found.shas, found.known) == ("two", (), True)


def test_a_commit_we_do_not_have_is_unknown_and_ships_nothing():
    found = carried(line("a", "b", "c"), [("one", "a"), ("lost", "zzz"), ("two", "c")])
    assert (found["lost"].known, found["lost"].shas, found["lost"].base) == (False, (), None)
    assert (found["two"].known, found["two"].shas, found["two"].base) == (True, ("c", "b"), "one")


def test_after_an_unknown_first_deployment_the_next_is_the_first():
    found = carried(line("a", "b", "c"), [("lost", "zzz"), ("one", "b"), ("two", "c")])
    assert (found["one"].base, found["one"].shas) == (None, ())
    assert found["two"].shas == ("c",)


def test_a_history_cut_off_is_walked_up_to_its_border():
    found = carried({"b": ("a",), "c": ("b",), "x": ("w",), "m": ("c", "x")}, pairs("b", "m"))["m"]
    assert (found.shas, found.known) == (("c", "x"), True)


def test_no_deployments_carry_nothing():
    assert carried(line("a"), []) == {}


def test_fifty_thousand_commits_and_five_hundred_deployments_take_well_under_a_second():
    shas = [f"{n:040x}" for n in range(50_000)]
    parents: dict[str, tuple[str, ...]] = {shas[0]: ()}
    for n in range(1, len(shas)):
        parents[shas[n]] = (shas[n - 1], shas[n - 3]) if n % 5 == 0 else (shas[n - 1],)
    deployments = pairs(*shas[99::100])
    began = time.perf_counter()
    found = carried(parents, deployments)
    assert time.perf_counter() - began < 1
    assert sum(len(one.shas) + len(one.merges) for one in found.values()) == 49_900


@given(deployed())
def test_carried_is_what_brute_force_reaches_and_no_earlier_one_did(drawn):
    parents, deployments = drawn
    shipped: set[str] = set()
    known = False
    for id_, sha in deployments:
        one = carried(parents, deployments)[id_]
        new = reachable(parents, sha) - shipped
        assert one.known == (sha in parents)
        if known:
            assert set(one.shas) == {commit for commit in new if len(parents[commit]) < 2}
            assert set(one.merges) == {commit for commit in new if len(parents[commit]) > 1}
        else:
            assert one.shas == one.merges == ()
        known = known or one.known
        shipped |= new


@given(deployed())
def test_no_change_is_carried_twice(drawn):
    parents, deployments = drawn
    every = [sha for one in carried(parents, deployments).values() for sha in (*one.shas, *one.merges)]
    assert len(every) == len(set(every))


@given(deployed(), st.randoms())
def test_the_order_of_what_is_carried_hangs_on_the_history_alone(drawn, chance):
    parents, deployments = drawn
    shuffled = list(parents.items())
    chance.shuffle(shuffled)
    assert carried(dict(shuffled), deployments) == carried(parents, deployments)


@given(histories(), st.data())
def test_on_a_line_of_releases_carried_is_what_lies_between_two_of_them(parents, data):
    # Each release is a descendant of the one before: then the rule is Git's A..B, whatever the history within.
    tip = data.draw(st.sampled_from(sorted(parents)))
    nest = [tip]
    while older := sorted(reachable(parents, nest[-1]) - {nest[-1]}):
        nest.append(data.draw(st.sampled_from(older)))
    nest.reverse()
    found = carried(parents, pairs(*nest))
    for before, after in pairwise(nest):
        between = reachable(parents, after) - reachable(parents, before)
        assert set(found[after].shas) == {sha for sha in between if len(parents[sha]) < 2}
        assert found[after].base == before


def test_carried_agrees_with_git_on_a_real_repository(tmp_path: Path):
    def git(*arguments: str) -> str:
        who = {
            f"GIT_{role}_{what}": f"{what}@x".lower() for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {**who, "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name)
        git("add", name)
        git("commit", "-q", "-m", name)

    git("init", "-q", "-b", "main")
    for step in range(6):
        commit(f"main-{step}")
        git("switch", "-q", "-c", f"feature-{step}", "HEAD~1" if step else "HEAD")
        commit(f"feature-{step}-a")
        commit(f"feature-{step}-b")
        git("switch", "-q", "main")
        git("merge", "-q", "--no-ff", "-m", f"Merge {step}", f"feature-{step}")
        git("tag", f"v{step}.0")
    git("switch", "-q", "-c", "maintenance", "v2.0")
    commit("fix-a")
    git("cherry-pick", "-x", "v4.0~1")
    git("tag", "v2.1")
    commit("fix-b")
    git("tag", "v2.2")
    git("switch", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Take the fixes", "maintenance")
    commit("late")
    git("tag", "v6.0")

    parents = {}
    for row in git("rev-list", "--all", "--parents").splitlines():
        sha, *its = row.split()
        parents[sha] = tuple(its)
    order = ["v0.0", "v1.0", "v2.0", "v3.0", "v2.1", "v4.0", "v3.0", "v5.0", "v2.2", "v6.0"]
    deployments = [(f"{n}:{tag}", git("rev-parse", f"{tag}^{{commit}}")) for n, tag in enumerate(order)]
    found = carried(parents, deployments)
    assert found["0:v0.0"].shas == ()
    for n in range(1, len(deployments)):
        id_, sha = deployments[n]
        earlier = [shipped for _, shipped in deployments[:n]]
        assert set(found[id_].shas) == set(git("rev-list", "--no-merges", sha, "--not", *earlier).split())
        assert set(found[id_].merges) == set(git("rev-list", "--merges", sha, "--not", *earlier).split())
    assert len(found["4:v2.1"].shas) == 2
    assert found["9:v6.0"].shas == (deployments[9][1],)
    assert rollbacks(parents, deployments) == {"6:v3.0": "5:v4.0"}


# --- order and rollbacks ----------------------------------------------------------------------------------------------


def test_deployments_are_ordered_by_finish_then_ancestry_then_id():
    parents = {**line("z", "y", "x"), "other": ()}
    deploys = [
        deploy("3", sha="x"), deploy("1", sha="other"), deploy("2", sha="z"), deploy("0", sha="y"),
        deploy("9", -1, sha="x"),
    ]  # fmt: skip
    assert [one.id for one in in_order(deploys, parents)] == ["9", "1", "2", "0", "3"]


def test_ties_are_decided_by_ancestry_through_commits_that_were_not_deployed():
    parents = {"a": (), "b": ("a",), "side": ("a",), "m": ("b", "side"), "n": ("m",)}
    deploys = [deploy("1", sha="n"), deploy("2", sha="side"), deploy("3", sha="a"), deploy("4", sha="n")]
    assert [one.id for one in in_order(deploys, parents)] == ["3", "2", "1", "4"]


@given(histories(), st.data())
def test_order_is_the_same_for_every_shuffle_and_never_puts_a_descendant_first(parents, data):
    shas = data.draw(st.lists(st.sampled_from([*sorted(parents), "nowhere"]), max_size=8))
    hours = data.draw(st.lists(st.integers(0, 1), min_size=len(shas), max_size=len(shas)))
    deploys = [deploy(f"d{n}", hour, sha=sha) for n, (sha, hour) in enumerate(zip(shas, hours, strict=True))]
    found = in_order(deploys, parents)
    assert sorted(one.id for one in found) == sorted(one.id for one in deploys)
    assert in_order(data.draw(st.permutations(deploys)), parents) == found
    for n, before in enumerate(found):
        for after in found[n + 1 :]:
            assert before.finished_at <= after.finished_at
            if before.finished_at == after.finished_at:
                assert after.sha not in reachable(parents, before.sha) or after.sha == before.sha


@given(histories(), st.data())
def test_among_equals_the_smallest_id_that_may_come_next_comes_next(parents, data):
    shas = data.draw(st.lists(st.sampled_from(sorted(parents)), max_size=7))
    waiting = {f"d{n}": sha for n, sha in enumerate(shas)}
    expected = []
    while waiting:
        free = [
            id_ for id_, sha in waiting.items()
            if not any(other in reachable(parents, sha) and other != sha for other in waiting.values())
        ]  # fmt: skip
        expected.append(min(free))
        del waiting[min(free)]
    found = in_order([deploy(f"d{n}", sha=sha) for n, sha in enumerate(shas)], parents)
    assert [one.id for one in found] == expected


def test_going_back_is_deploying_a_strict_ancestor():
    parents = {**line("a", "b", "c"), "x": ("a",)}
    assert goes_back(parents, "c", "a")
    assert not goes_back(parents, "a", "c")
    assert not goes_back(parents, "b", "b")
    assert not goes_back(parents, "c", "x")
    assert not goes_back(parents, "c", "lost")
    assert not goes_back(parents, "lost", "a")


def test_a_maintenance_release_is_no_rollback():
    parents = {**line("1.0", "2.0"), "1.1": ("1.0",)}
    assert rollbacks(parents, pairs("1.0", "2.0", "1.1")) == {}


def test_going_back_twice_is_two_rollbacks_and_going_forward_again_is_none():
    deployments = [("1", "a"), ("2", "b"), ("3", "c"), ("4", "b"), ("5", "a"), ("6", "c")]
    assert rollbacks(line("a", "b", "c"), deployments) == {"4": "3", "5": "4"}


@given(deployed())
def test_rollbacks_are_what_going_back_says_of_each_neighbour(drawn):
    parents, deployments = drawn
    expected = {
        id_: before
        for (before, before_sha), (id_, sha) in pairwise(deployments)
        if sha != before_sha and sha in reachable(parents, before_sha)
    }
    assert rollbacks(parents, deployments) == expected


@given(histories(8), st.randoms())
def test_one_history_answers_like_brute_force_in_any_order_of_questions(parents, chance):
    history = History(parents)
    questions = list(product([*sorted(parents), "nowhere", "beyond"], repeat=2))
    chance.shuffle(questions)
    for ancestor, descendant in questions:
        expected = ancestor != descendant and ancestor in reachable(parents, descendant)
        assert history.is_ancestor(ancestor, descendant) == expected


def test_every_step_of_a_long_branch_as_a_deployment_is_quick_also_with_equal_times():
    shas = [f"{n:05}" for n in range(20_000)]
    parents = line(*shas)
    deploys = [deploy(f"d{n % 7}{n}", n // 50, sha=sha) for n, sha in enumerate(shas)]
    began = time.perf_counter()
    found = in_order(random.Random(1).sample(deploys, len(deploys)), parents)
    assert rollbacks(parents, [(one.id, one.sha) for one in found]) == {}
    assert time.perf_counter() - began < 3
    assert [one.sha for one in found] == shas


# --- changes by time --------------------------------------------------------------------------------------------------


def test_by_time_a_change_goes_to_the_first_deployment_finished_at_or_after_its_merge():
    deploys = [deploy("d3", 20), deploy("d1", 0), deploy("d2", 10)]
    changes = [("old", T0 - DAY), ("at the first", T0), ("early", T0 + HOUR), ("exact", T0 + 10 * HOUR),
               ("just after", T0 + 10 * HOUR + timedelta(microseconds=1)), ("late", T0 + 30 * HOUR)]  # fmt: skip
    assert link_changes_by_time(changes, deploys) == {"early": "d2", "exact": "d2", "just after": "d3"}


def test_by_time_only_successful_production_deployments_that_count_take_changes():
    deploys = [
        deploy("d1"), deploy("failed", 1, successful=False), deploy("staging", 2, production=False),
        deploy("gone", 3, superseded=True), deploy("d2", 4),
    ]  # fmt: skip
    assert link_changes_by_time([("x", T0 + HOUR / 2)], deploys) == {"x": "d2"}


def test_by_time_two_services_cannot_be_mixed():
    with pytest.raises(ValueError, match="one service in one environment"):
        link_changes_by_time([], [deploy("a"), deploy("b", service="web")])
    with pytest.raises(ValueError, match="one service in one environment"):
        link_changes_by_time([], [deploy("a"), deploy("b", environment="eu")])


# --- incidents --------------------------------------------------------------------------------------------------------


def test_an_incident_goes_to_the_latest_deployment_before_it():
    assert link_incident(incident(5), [deploy("d1", 0), deploy("d2", 4), deploy("d3", 6)]) == IncidentLink(
        incident="i", deployment="d2", how=How.WINDOW
    )


def test_an_incident_is_not_blamed_on_a_neighbour_deployed_five_minutes_later():
    neighbour = deploy("web-1", 4 + 5 / 60, service="web")
    found = link_incident(incident(5), [deploy("api-1", 4), neighbour])
    assert found is not None
    assert found.deployment == "api-1"
    assert link_incident(incident(5), [neighbour]) is None


@pytest.mark.parametrize(
    ("hours", "linked"), [(0, True), (24, True), (24.001, False), (-0.001, False), (24 * 400, False)]
)
def test_an_incident_never_goes_to_a_deployment_outside_the_window(hours, linked):
    assert INCIDENT_WINDOW == DAY
    assert (link_incident(incident(hours), [deploy("d1")]) is not None) == linked


def test_the_window_is_a_setting():
    assert link_incident(incident(2), [deploy("d1")], window=HOUR) is None
    assert link_incident(incident(30), [deploy("d1")], window=2 * DAY) is not None


@pytest.mark.parametrize("changed", [{"successful": False}, {"production": False}, {"superseded": True}])
def test_an_incident_never_goes_to_a_deployment_that_did_not_reach_users(changed):
    assert link_incident(incident(5), [deploy("bad", 4, **changed)]) is None
    found = link_incident(incident(5), [deploy("d1", 1), deploy("bad", 4, **changed)])
    assert found is not None
    assert found.deployment == "d1"


def rolled_back() -> list[Deploy]:
    """d1, d2; an incident starts at 5; d3 is planned; d4 takes d1's release back by name."""
    return [deploy("d1", 1), deploy("d2", 4), deploy("d4", 6, answer=Answer.ROLLBACK, answers="d1")]


def test_what_a_rollback_undid_goes_before_the_latest():
    found = link_incident(incident(5, 7), rolled_back())
    assert found == IncidentLink(incident="i", deployment="d1", how=How.ANSWERED)
    assert link_incident(incident(5), rolled_back()) == found  # still open


def test_a_rollback_after_the_incident_or_before_it_or_elsewhere_answers_something_else():
    assert link_incident(incident(5, 5.5), rolled_back()).how is How.WINDOW  # type: ignore[union-attr]
    before = [deploy("d1", 1), deploy("d2", 2, answer=Answer.ROLLBACK), deploy("d3", 4)]
    assert link_incident(incident(5, 7), before).deployment == "d3"  # type: ignore[union-attr]
    elsewhere = [deploy("d1", 1), deploy("w1", 2, service="web"),
                 deploy("w2", 6, service="web", answer=Answer.HOTFIX)]  # fmt: skip
    assert link_incident(incident(5, 7), elsewhere).how is How.WINDOW  # type: ignore[union-attr]


def test_a_hotfix_that_names_nothing_mended_the_deployment_before_it_in_its_environment():
    deploys = [
        deploy("eu-1", 1, environment="eu"), deploy("us-1", 4, environment="us"),
        deploy("eu-2", 6, environment="eu", answer=Answer.HOTFIX),
    ]  # fmt: skip
    found = link_incident(incident(5, 7), deploys)
    assert found == IncidentLink(incident="i", deployment="eu-1", how=How.ANSWERED)


def test_an_answer_older_than_the_window_still_counts_because_it_is_no_guess():
    deploys = [deploy("d1", 0), deploy("d2", 101, answer=Answer.HOTFIX)]
    assert link_incident(incident(100, 102), deploys) == IncidentLink(incident="i", deployment="d1", how=How.ANSWERED)


def test_a_failed_rollback_answers_nothing():
    deploys = [deploy("d1", 0), deploy("d2", 101, answer=Answer.ROLLBACK, successful=False)]
    assert link_incident(incident(100, 102), deploys) is None


def test_a_deployment_that_began_after_the_incident_did_not_cause_it():
    deploys = [deploy("d1", 4), deploy("d2", 5.5), deploy("fix", 6, answer=Answer.HOTFIX)]
    assert link_incident(incident(5, 7), deploys).deployment == "d1"  # type: ignore[union-attr]


def test_a_rollout_may_hurt_before_it_is_finished():
    deploys = [deploy("d1", 4), deploy("d2", 5.5, started_at=T0 + 4.5 * HOUR), deploy("fix", 6, answer=Answer.ROLLBACK)]
    found = link_incident(incident(5, 7), deploys)
    assert found == IncidentLink(incident="i", deployment="d2", how=How.ANSWERED)


def test_what_an_incident_names_goes_before_every_guess():
    found = link_incident(incident(5, 7, names="d2"), rolled_back())
    assert found == IncidentLink(incident="i", deployment="d2", how=How.NAMED)


def test_a_persons_correction_wins_also_when_it_says_none():
    corrected = link_incident(incident(5, 7, names="d2", corrected_to="d4"), rolled_back())
    assert corrected == IncidentLink(incident="i", deployment="d4", how=How.PERSON)
    none = link_incident(incident(5, 7, names="d2", corrected_to=NO_DEPLOYMENT), rolled_back())
    assert none == IncidentLink(incident="i", deployment=None, how=How.PERSON)


def test_many_incidents_are_linked_like_one_by_one():
    chance = random.Random(7)
    deploys = in_order(
        [
            deploy(
                f"d{n}", chance.randrange(300), service=chance.choice(["api", "web"]), successful=chance.random() > 0.2,
                answer=chance.choice([None, None, None, Answer.ROLLBACK, Answer.HOTFIX]),
            )
            for n in range(80)
        ],
        {},
    )  # fmt: skip
    incidents = []
    for n in range(60):
        at = chance.randrange(300)
        until = None if chance.random() < 0.2 else at + chance.randrange(30)
        incidents.append(incident(at, until, id=f"i{n}", service=chance.choice(["api", "web"])))
    found = link_incidents(incidents, deploys)
    by_id = {one.id: one for one in deploys}
    assert {link.how for link in found.values()} == {How.ANSWERED, How.WINDOW}
    for one in incidents:
        link = link_incident(one, deploys)
        assert found.get(one.id) == link
        if link:
            blamed = by_id[link.deployment or ""]
            assert blamed.service == one.service
            assert blamed.successful
            assert blamed.finished_at <= one.started_at


# --- reverts ----------------------------------------------------------------------------------------------------------


def test_a_revert_shows_the_earlier_deployment_that_carried_what_it_takes_back():
    found = reverted({"d1": ["x", "y"], "d2": ["r", "z"]}, {"r": "x"}, [deploy("d1"), deploy("d2", 5)])
    assert found == [Undone(bad="d1", answer="d2", revert="r")]


def test_a_revert_within_its_own_deployment_shows_nothing():
    assert reverted({"d1": ["w"], "d2": ["r", "x"]}, {"r": "x"}, [deploy("d1"), deploy("d2", 5)]) == []


@pytest.mark.parametrize(("days", "shown"), [(0, True), (30, True), (30.001, False)])
def test_a_revert_shows_a_failure_up_to_thirty_days_after(days, shown):
    assert REVERT_WINDOW == 30 * DAY
    found = reverted({"d1": ["x"], "d2": ["r"]}, {"r": "x"}, [deploy("d1"), deploy("d2", days * 24)])
    assert bool(found) == shown


def test_a_revert_of_a_revert_points_at_the_deployment_that_carried_the_revert():
    deploys = [deploy("d1"), deploy("d2", 5), deploy("d3", 9)]
    found = reverted({"d1": ["x"], "d2": ["r"], "d3": ["rr"]}, {"r": "x", "rr": "r"}, deploys)
    assert found == [("d1", "d2", "r"), ("d2", "d3", "rr")]


def test_a_revert_that_its_own_deployment_took_back_reached_nobody():
    revert_of = {"r1": "x", "r2": "r1", "r3": "r2"}
    deploys = [deploy("d1"), deploy("d2", 5)]
    assert reverted({"d1": ["x"], "d2": ["r2", "r1"]}, revert_of, deploys) == []
    assert reverted({"d1": ["x"], "d2": ["r3", "r2", "r1"]}, revert_of, deploys) == [("d1", "d2", "r1")]


def test_reverts_in_a_ring_end_and_show_nothing():
    deploys = [deploy("d1"), deploy("d2", 5)]
    assert reverted({"d1": ["x"], "d2": ["a", "b"]}, {"a": "b", "b": "a"}, deploys) == []


def test_a_revert_stays_within_its_service_and_environment():
    deploys = [
        deploy("api-1"), deploy("web-1", 1, service="web"), deploy("web-2", 2, service="web"),
        deploy("eu-1", 3, environment="eu"),
    ]  # fmt: skip
    changes = {"api-1": ["x"], "web-1": ["x"], "web-2": ["r"], "eu-1": ["r"]}
    assert reverted(changes, {"r": "x"}, deploys) == [("web-1", "web-2", "r")]


def test_a_merge_taken_back_shows_the_deployment_that_carried_the_merge():
    parents = {**line("a", "b"), "x": ("a",), "m": ("b", "x"), "r": ("m",)}
    deploys = [deploy("d0", sha="a"), deploy("d1", 1, sha="m"), deploy("d2", 2, sha="r")]
    found = carried(parents, [(one.id, one.sha) for one in deploys])
    changes = {id_: (*one.shas, *one.merges) for id_, one in found.items()}
    assert reverted(changes, {"r": "m"}, deploys) == [("d1", "d2", "r")]


@pytest.mark.parametrize("changed", [{"successful": False}, {"production": False}, {"superseded": True}])
def test_deployments_that_did_not_reach_users_neither_fail_by_a_revert_nor_answer(changed):
    changes, revert_of = {"d1": ["x"], "d2": ["r"]}, {"r": "x"}
    assert reverted(changes, revert_of, [deploy("d1", **changed), deploy("d2", 5)]) == []
    assert reverted(changes, revert_of, [deploy("d1"), deploy("d2", 5, **changed)]) == []


def test_a_deployment_of_nothing_but_such_reverts_is_a_rollback():
    undone = [Undone("d1", "d2", "r"), Undone("d1", "d2", "s"), Undone("d1", "d3", "t")]
    assert is_rollback_only("d2", ["r", "s"], undone)
    assert is_rollback_only("d2", ["r"], undone)
    assert not is_rollback_only("d2", ["r", "feature"], undone)
    assert not is_rollback_only("d2", ["r", "t"], undone)
    assert not is_rollback_only("d2", [], undone)


# --- what failed ------------------------------------------------------------------------------------------------------


def test_an_answer_shows_the_deployment_it_names_or_else_the_one_before_it():
    deploys = [
        deploy("d1"), deploy("w1", 1, service="web"), deploy("no", 2, successful=False),
        deploy("d2", 3, answer=Answer.HOTFIX),
        deploy("d3", 4, answer=Answer.ROLLBACK, answers="d1"), deploy("w2", 5, service="web", answer=Answer.ROLLBACK),
    ]  # fmt: skip
    assert answered(deploys) == {"d2": "d1", "d3": "d1", "w2": "w1"}


def test_the_first_deployment_of_all_answers_nothing_that_we_know():
    assert answered([deploy("d1", answer=Answer.HOTFIX), deploy("d2", 1, answer=Answer.HOTFIX, answers="d2")]) == {}


def failing() -> Sequence[Deploy]:
    return [
        deploy("d1"), deploy("d2", 1), deploy("d3", 2), deploy("d4", 3, answer=Answer.ROLLBACK), deploy("d5", 4),
        deploy("attempt", 5, successful=False), deploy("staging", 6, production=False),
        deploy("gone", 7, superseded=True),
    ]  # fmt: skip


def link(deployment: str | None) -> IncidentLink:
    return IncidentLink(incident="i", deployment=deployment, how=How.PERSON)


def test_incidents_answers_and_reverts_show_failures_and_each_counts_once():
    links = [link("d1"), link("d1"), link("d3"), link(None)]
    found = failed_deployments(links, [Undone("d2", "d5", "r"), Undone("d1", "d5", "s")], failing())
    assert found == {"d1", "d2", "d3"}


def test_only_deployments_that_reached_users_can_be_shown_to_have_failed():
    links = [link("attempt"), link("staging"), link("gone"), link("never heard of")]
    assert failed_deployments(links, [], failing()) == {"d3"}


def test_without_evidence_nothing_failed():
    assert failed_deployments([], [], [deploy("d1"), deploy("d2", 1)]) == frozenset()
