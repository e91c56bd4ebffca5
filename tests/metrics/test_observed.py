"""From observations to facts: any order and number, partial words, rules, what is not over, what nobody understands."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import actions, inbox, observed, reading, retention, rollups, streams
from metrics.events import Etag, Observation, RateLimited
from metrics.models import (
    Change,
    Credential,
    DeployedChange,
    Deployment,
    Inbox,
    Incident,
    KeptEtag,
    Observed,
    OpenItem,
    PipelineRun,
    Puzzle,
    Source,
    Stream,
)
from teams.models import Team
from tests import facts
from tests.observing import Observing, said

Connect = Callable[..., Source]


@pytest.fixture(autouse=True)
def observing(settings: Any) -> None:
    Observing.clean()
    settings.PROVIDERS = settings.PROVIDERS | {"observing": "tests.observing.Observing"}


@pytest.fixture
def connect_observing(squad: Team) -> Connect:
    def make(name: str = "", **more: Any) -> Source:
        name = name or f"source {Source.objects.count()}"
        return actions.connect_source(team=squad, provider="observing", name=name, by=None, **more)

    return make


def take(source: Source, *observations: Observation) -> observed.Taken:
    with transaction.atomic():
        return observed.take(source, observations, now=timezone.now())


def count() -> None:
    rollups.rebuild(now=timezone.now())


def read(source: Source, kind: str = "things", lane: str = "fresh") -> Stream:
    """Read one stream to its end, as workers do."""
    stream = source.streams.get(kind=kind, lane=lane)
    Stream.objects.filter(pk=stream.pk).update(due_at=timezone.now())
    while streams.read(stream.pk, "test"):
        pass
    stream.refresh_from_db()
    return stream


# --- order and number ------------------------------------------------------------------------------------------------


def history(seed: int) -> list[Observation]:
    """A small true story, told in pieces: commits, pull requests, deployments that begin and end, incidents."""
    chance = random.Random(seed)
    pieces: list[Observation] = []
    parent: list[str] = []
    for number in range(12):
        sha, at = f"c{number}", 1000.0 * number
        pieces.append(said("commit", sha, at, parents=parent, title=f"Commit {number}"))
        parent = [sha]
        if number % 3 == 0:
            pieces.append(said("pull", f"{number}", at + 1))
            pieces.append(
                said("pull", f"{number}", at + 2, merged=sha, commits=[sha, f"head-{number}"], first=at - 500)
            )
        if number % 2:
            for repository, key in (("acme/api", "api"), ("acme/web", "web")):
                pieces.append(said("deployment", f"{key}-{number}", at + 10, repository=repository, sha=sha))
                outcome = chance.choice(["success", "success", "failure"])
                end = {
                    "outcome": outcome,
                    "finished": at + 60,
                    "started": at + 12,
                    "repository": repository,
                    "sha": sha,
                }
                pieces.append(said("deployment", f"{key}-{number}", at + 60, **end))
            pieces.append(said("run", f"r{number}", at + 5, sha=sha))
            pieces.append(said("run", f"r{number}", at + 50, sha=sha, outcome="success", jobs=["build", "test"]))
        if number % 5 == 0:
            pieces.append(said("incident", f"i{number}", at + 90, started=at + 90))
            pieces.append(said("incident", f"i{number}", at + 400, started=at + 90, resolved=at + 400))
    return pieces


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_doubled_late_and_in_parts_comes_to_the_same_rows(seed: int, connect_observing: Connect) -> None:
    pieces = history(seed)
    straight, crooked = connect_observing(), connect_observing()
    take(straight, *pieces)
    count()
    chance = random.Random(seed)
    mixed = pieces + chance.sample(pieces, len(pieces) // 2)
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 9)
        part, mixed = mixed[:size], mixed[size:]
        take(crooked, *part)
        if chance.random() < 0.2:
            count()
    count()
    assert facts.held(crooked) == facts.held(straight)
    assert facts.held(straight)["deployed changes"][0] > 0
    assert list(straight.runs.values_list("provider_id", "outcome").order_by("provider_id")) == list(
        crooked.runs.values_list("provider_id", "outcome").order_by("provider_id")
    )
    assert straight.incidents.count() == crooked.incidents.count() == 3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), cuts=st.sets(st.integers(1, 5)))
def test_a_pull_request_and_its_commits_come_to_the_same_whichever_is_told_first(
    order: list[int], cuts: set[int], connect_observing: Connect
) -> None:
    pieces = [
        said("commit", "base", 0),
        said("commit", "head", 10, parents=["base"]),
        said("commit", "merge", 20, parents=["base", "head"]),
        said("pull", "7", 20, merged="merge", commits=["head"], first=10),
        said("deployment", "d0", 5, outcome="success", finished=5, sha="base"),
        said("deployment", "d1", 30, outcome="success", finished=30, sha="merge"),
    ]
    with transaction.atomic():
        source = connect_observing()
        told = [pieces[place] for place in order]
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 6], strict=True):
            take(source, *told[start:end])
        count()
        carried = DeployedChange.objects.filter(deployment__source=source, change__superseded_at=None)
        assert [(one.deployment.provider_id, one.change.number, one.how) for one in carried] == [
            ("d1", "7", "ancestry")
        ]
        counting = Change.objects.filter(source=source, superseded_at=None)
        assert sorted(counting.values_list("sha", flat=True)) == ["base", "merge"]
        transaction.set_rollback(True)


# --- what a deployment carried ---------------------------------------------------------------------------------------


def carried(source: Source) -> dict[str, set[str]]:
    count()
    found: dict[str, set[str]] = {one.provider_id: set() for one in source.deployments.all()}
    rows = DeployedChange.objects.filter(deployment__source=source, change__superseded_at=None)
    for one in rows.select_related("deployment", "change"):
        found[one.deployment.provider_id].add(one.change.number or one.change.sha)
    return found


def test_a_rebased_pull_request_takes_the_commits_that_came_of_its_own(connect_observing: Connect) -> None:
    source = connect_observing()
    take(
        source,
        said("commit", "a", 0),
        said("commit", "b1", 10, parents=["a"], title="First"),
        said("commit", "b2", 11, parents=["b1"], title="Second"),
        said("commit", "c", 20, parents=["b2"], title="Alone"),
        said("pull", "3", 12, merged="b2", commits=["x1", "x2"], titles=["First", "Second"], first=1),
        said("deployment", "d0", 5, outcome="success", finished=5, sha="a"),
        said("deployment", "d1", 30, outcome="success", finished=30, sha="c"),
    )
    assert carried(source) == {"d0": set(), "d1": {"3", "c"}}


def test_a_squashed_pull_request_leaves_the_commit_below_it_to_itself(connect_observing: Connect) -> None:
    source = connect_observing()
    take(
        source,
        said("commit", "a", 0),
        said("commit", "alone", 10, parents=["a"], title="Alone"),
        said("commit", "squash", 11, parents=["alone"], title="Pull 3 (#3)"),
        said("pull", "3", 12, merged="squash", commits=["x1", "x2"], titles=["First", "Second"], first=1),
        said("deployment", "d0", 5, outcome="success", finished=5, sha="a"),
        said("deployment", "d1", 30, outcome="success", finished=30, sha="squash"),
    )
    assert carried(source) == {"d0": set(), "d1": {"3", "alone"}}


def test_a_deployment_that_goes_back_is_a_rollback_until_one_in_between_shows_otherwise(
    connect_observing: Connect,
) -> None:
    source = connect_observing()
    line = [said("commit", f"c{n}", n, parents=[f"c{n - 1}"] if n else []) for n in range(4)]
    take(
        source,
        *line,
        *(said("deployment", f"d{n}", 10 + n, outcome="success", finished=10 + n, sha=f"c{n}") for n in (0, 3)),
    )
    take(source, said("deployment", "back", 20, outcome="success", finished=20, sha="c1"))
    count()
    back = Deployment.objects.get(provider_id="back")
    assert (back.answer, back.answers, back.answer_by_history) == ("rollback", "d3", True)
    assert Deployment.objects.get(provider_id="d3").failures.get().how == "rollback"
    take(source, said("deployment", "back", 21, started=15))  # told again, with more
    count()
    back.refresh_from_db()
    assert back.answer == "rollback"
    take(source, said("deployment", "between", 15, outcome="success", finished=15, sha="c0"))
    count()
    back.refresh_from_db()
    assert back.answer == ""
    assert Deployment.objects.get(provider_id="between").answers == "d3"


def test_without_history_changes_are_tied_by_time_within_their_own_repository(connect_observing: Connect) -> None:
    source = connect_observing()
    for repository in ("acme/api", "acme/web"):
        for number, at in ((0, 0), (1, 100), (2, 200)):
            take(
                source,
                said(
                    "deployment", f"{repository}-{number}", at, outcome="success", finished=at, sha="unknown",
                    repository=repository,
                ),
            )  # fmt: skip
    take(source, said("pull", "1", 150, merged="m1", merged_at=150), said("pull", "2", 50, merged="m2", merged_at=50))
    found = carried(source)
    assert {key: shas for key, shas in found.items() if shas} == {"acme/api-1": {"2"}, "acme/api-2": {"1"}}
    take(source, said("deployment", "acme/api-late", 120, outcome="success", finished=151, sha="?"))
    assert carried(source)["acme/api-late"] == {"1"}, "told later, finished earlier"


# --- rules -----------------------------------------------------------------------------------------------------------


def test_changed_rules_work_facts_out_anew_from_what_is_held(connect_observing: Connect, squad: Team) -> None:
    source = connect_observing()
    end = {"outcome": "success", "finished": 50}
    take(source, *(said("deployment", f"d{n}", n, environment="live", **end) for n in range(30)))
    take(source, said("run", "r1", 10, workflow="Release", outcome="success", finished=40))
    take(source, said("incident", "i1", 10, labels=["incident", "sev1"]), said("incident", "i2", 10, labels=["bug"]))
    assert Deployment.objects.filter(production=True).count() == 0
    calls = len(Observing.called)
    actions.change_rules(
        source=source,
        rules={
            "production": [{"environment": "live"}, {"via": "run", "workflow": "rel*"}],
            "incidents": [{"label": "incident"}],
            "services": [{"repository": "acme/*", "name": "\\1"}],
        },
        by=None,
    )
    stream = read(source, reading.DERIVE)
    assert stream.ended_at
    assert stream.read == 33
    assert Deployment.objects.filter(production=True, superseded_at=None, service__name="api").count() == 31
    assert list(Incident.objects.filter(superseded_at=None).values_list("provider_id", flat=True)) == ["i1"]
    actions.change_rules(source=source, rules={"production": [{"environment": "live"}]}, by=None)
    read(source, reading.DERIVE)
    assert Deployment.objects.filter(superseded_at=None).count() == 30, "the run deploys no longer"
    assert Incident.objects.filter(superseded_at=None).count() == 2
    assert len(Observing.called) == calls, "the provider was asked nothing"


def test_rules_that_change_while_facts_are_worked_out_win(connect_observing: Connect) -> None:
    source = connect_observing()
    take(source, *(said("deployment", f"d{n}", n, environment="live", outcome="success") for n in range(5)))
    actions.change_rules(source=source, rules={"production": [{"environment": "live"}]}, by=None)
    stream = source.streams.get(kind=reading.DERIVE)
    lease = streams.take(stream.pk, "slow")
    assert lease is not None
    actions.change_rules(source=source, rules={"production": [{"environment": "other"}]}, by=None)
    with pytest.raises(streams.LeaseLost):
        streams.keep(
            lease, source, reading.Page(cursor={"run": {"kind": "z", "thing": "z", "done": 5, "total": 5}}, done=False)
        )
    read(source, reading.DERIVE)
    assert not Deployment.objects.filter(production=True).exists()


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"production": [{"colour": "red"}]}, "cannot ask about colour"),
        ({"production": [{"environment": "/(/"}]}, "not a regular expression"),
        ({"production": [{}]}, "at least one thing"),
        ({"services": [{"repository": "x"}]}, "which service"),
        ({"incidents": "all"}, "must be a list"),
        ({"incidents": [{"label": "x" * 201}]}, "at most 200"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_what_to_write(
    rules: dict[str, Any], says: str, connect_observing: Connect
) -> None:
    source = connect_observing()
    with pytest.raises(actions.Refused, match=says):
        actions.change_rules(source=source, rules=rules, by=None)
    source.refresh_from_db()
    assert "rules" not in source.settings


# --- what nobody understands -----------------------------------------------------------------------------------------


def test_a_thing_that_nobody_understands_waits_and_the_others_go_on(connect_observing: Connect) -> None:
    source = connect_observing()
    Observing.pages = [
        [
            said("incident", "good", 1),
            said("incident", "odd", 1, unreadable=True),
            said("incident", "bad", 1, broken=True),
        ]
    ]
    stream = read(source)
    assert stream.succeeded_at
    assert stream.dead_at is None
    assert list(Incident.objects.values_list("provider_id", flat=True)) == ["good"]
    puzzles = {one.thing: one for one in Puzzle.objects.all()}
    assert puzzles["odd"].error == "Nobody understands this."
    assert "ZeroDivisionError" in puzzles["bad"].error_detail
    assert not actions.solve(puzzle=puzzles["odd"], by=None)
    take(source, said("incident", "odd", 2, unreadable=False))
    assert set(Incident.objects.values_list("provider_id", flat=True)) == {"good", "odd"}
    assert list(Puzzle.objects.values_list("thing", flat=True)) == ["bad"]


def test_too_many_of_them_stop_the_stream_and_lose_nothing(connect_observing: Connect) -> None:
    source = connect_observing()
    Observing.pages = [
        [said("incident", f"i{n}", 1, unreadable=n % 3 == 0) for n in range(30)],
        [said("incident", "later", 1)],
    ]
    stream = read(source)
    assert stream.dead_at
    assert "10 of 30 things" in stream.error
    assert Incident.objects.count() == 20
    assert not Incident.objects.filter(provider_id="later").exists()
    streams.wake(Stream.objects.filter(pk=stream.pk), now=timezone.now())
    read(source)
    assert Incident.objects.filter(provider_id="later").exists()


# --- what is not over ------------------------------------------------------------------------------------------------


def test_what_is_not_over_is_asked_for_by_its_id_until_it_is(connect_observing: Connect) -> None:
    source = connect_observing()
    Observing.pages = [[said("run", "r1", 1), said("incident", "i1", 1), said("deployment", "d1", 1)]]
    read(source)
    assert OpenItem.objects.count() == 3
    Observing.answers = {"r1": said("run", "r1", 5), "i1": said("incident", "i1", 9, resolved=9)}
    read(source, "open")
    assert set(OpenItem.objects.values_list("thing", flat=True)) == {"r1"}, "d1 is no longer known there, i1 is over"
    Observing.answers["r1"] = said("run", "r1", 50, outcome="success")
    read(source, "open")
    assert not OpenItem.objects.exists()
    assert PipelineRun.objects.get().outcome == "success"
    asked = len(Observing.called)
    read(source, "open")
    assert len(Observing.called) == asked, "nothing is open, nobody is asked"


# --- limits, lanes, etags --------------------------------------------------------------------------------------------


def test_a_limit_blocks_every_source_with_that_token_and_grows_when_no_time_is_given(
    connect_observing: Connect,
) -> None:
    first, second = (connect_observing(secret="the same token", address="https://x.example.org") for _ in range(2))
    other = connect_observing(secret="another", address="https://x.example.org")
    now = timezone.now()
    Observing.limits = [RateLimited(until=now + timedelta(seconds=60), doubling=True)]
    stream = read(first)
    assert stream.blocked_until
    assert stream.failures == 0
    assert streams.take(second.streams.get(kind="things", lane="fresh").pk, "test") is None
    assert read(other).succeeded_at, "another token is not concerned"
    held = Credential.objects.get(digest=first.credential)
    waits = []
    for _ in range(3):
        Credential.objects.filter(pk=held.pk).update(blocked_until=None)
        Stream.objects.filter(source=first).update(blocked_until=None)
        Observing.limits = [RateLimited(until=timezone.now() + timedelta(seconds=60), doubling=True)]
        read(first)
        held.refresh_from_db()
        assert held.blocked_until
        waits.append((held.blocked_until - timezone.now()).total_seconds())
    assert [round(wait / 60) for wait in waits] == [2, 4, 8]


def test_streams_of_one_token_take_turns_and_the_past_makes_room_for_what_is_new(connect_observing: Connect) -> None:
    source = connect_observing(secret="token", address="https://x.example.org")
    fresh, past = (source.streams.get(kind="things", lane=lane) for lane in ("fresh", "backfill"))
    lease = streams.take(fresh.pk, "one")
    assert lease is not None
    assert streams.take(past.pk, "two") is None
    assert not {past.pk, fresh.pk} & set(streams.due(timezone.now()))
    streams._release(lease, attempts=0)
    Observing.pages = [[said("incident", f"i{n}", n)] for n in range(5)]
    Stream.objects.filter(pk=fresh.pk).update(due_at=timezone.now())
    assert streams.read(past.pk, "two") is False
    past.refresh_from_db()
    assert past.cursor["page"] == 1, "one page, then it made room"
    assert past.ended_at is None
    read(source)
    while not past.ended_at:
        past = read(source, "things", "backfill")
    assert Incident.objects.count() == 5
    assert streams.take(past.pk, "two") is None, "it is complete"


def test_who_reads_for_long_makes_room_for_those_that_wait_for_its_token_and_goes_on_after_them(
    connect_observing: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "A_TURN", 0.0)
    source = connect_observing(secret="token", address="https://x.example.org")
    things, open_ = (source.streams.get(kind=kind, lane="fresh") for kind in ("things", "open"))
    Observing.pages = [[said("incident", f"i{n}", n)] for n in range(4)]
    assert set(streams.due(timezone.now())) & {things.pk, open_.pk} == {things.pk}, "one of them, the first"

    assert streams.read(things.pk, "one") is True
    things.refresh_from_db()
    assert things.cursor["page"] == 1, "one page, then it made room"
    assert streams.following(things.pk, more=True) == open_.pk

    lease = streams.take(open_.pk, "two")
    assert lease is not None
    assert streams.following(things.pk, more=True) is None, "the token is in use"
    streams._release(lease, attempts=0)
    assert streams.read(open_.pk, "two") is True, "one page, then it made room in its turn"
    assert streams.following(open_.pk, more=True) == things.pk
    while (at := streams.following(things.pk, more=True)) is not None:
        streams.read(at, "one")
    assert {row.kind for row in source.streams.filter(succeeded_at=None)} == set()
    assert Incident.objects.count() == 4


def test_a_window_can_be_paused_resumed_and_widened(connect_observing: Connect) -> None:
    source = connect_observing()
    past = source.streams.get(lane="backfill")
    actions.pause_backfill(source=source, by=None)
    assert streams.take(past.pk, "test") is None
    actions.resume_backfill(source=source, by=None)
    read(source)
    past = read(source, "things", "backfill")
    assert past.ended_at
    reached = past.window_from
    assert reached
    actions.backfill(source=source, since=reached - timedelta(days=30), by=None)
    past.refresh_from_db()
    assert past.ended_at is None
    assert past.cursor == {"since": (reached - timedelta(days=30)).isoformat(), "until": reached.isoformat()}
    with pytest.raises(actions.Refused, match="is read already"):
        actions.backfill(source=source, since=timezone.now(), by=None)


def test_etags_are_kept_with_the_page_that_they_speak_of(
    connect_observing: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = connect_observing()
    Observing.pages = [[said("incident", "i", 1)]]
    Observing.etags = {"https://x.example.org/1": Etag(value='"abc"', meta={"next": "2"})}
    monkeypatch.setattr("metrics.streams._move", lambda *_: 1 / 0)
    read(source)
    assert not KeptEtag.objects.exists()
    assert not Observed.objects.exists()
    monkeypatch.undo()
    read(source)
    from metrics import registry

    found = registry.connect(source).connection.etag("https://x.example.org/1")  # type: ignore[attr-defined]
    assert (found.value, found.meta) == ('"abc"', {"next": "2"})


# --- pushed ----------------------------------------------------------------------------------------------------------


def push(source: Source, key: str, *things: dict[str, Any]) -> None:
    inbox.receive(source, key, json.dumps(things).encode())


def test_pushed_and_read_words_meet_in_one_thing(connect_observing: Connect) -> None:
    source = connect_observing()
    push(source, "1", {"kind": "incident", "id": "i1", "at": 100, "resolved": 100})
    Observing.pages = [[said("incident", "i1", 50, title="Down")]]
    read(source)
    assert inbox.sweep() == 1
    incident = Incident.objects.get()
    assert (incident.title, bool(incident.resolved_at)) == ("Down", True)
    assert not OpenItem.objects.exists()


def test_many_events_are_read_together_and_a_bad_one_alone(connect_observing: Connect) -> None:
    source = connect_observing()
    for number in range(120):
        push(source, str(number), {"kind": "incident", "id": f"i{number}", "at": number})
    inbox.receive(source, "bad", b"{not json")
    assert inbox.sweep() == 120
    assert Incident.objects.count() == 120
    bad = Inbox.objects.get(key="bad")
    assert (bad.attempts, bad.error, bad.processed_at) == (1, "This is no JSON.", None)


# --- retention -------------------------------------------------------------------------------------------------------


def test_old_words_go_and_facts_stay(connect_observing: Connect, settings: Any) -> None:
    source = connect_observing()
    take(source, said("incident", "over", 1, resolved=5), said("incident", "open", 1), said("incident", "fresh", 1))
    push(source, "1", {"kind": "incident", "id": "pushed", "at": 1, "resolved": 2})
    inbox.sweep()
    long_ago = timezone.now() - timedelta(days=500)
    Observed.objects.exclude(thing="fresh").update(received_at=long_ago)
    Inbox.objects.update(received_at=long_ago)
    settings.KEEP_RAW_DAYS = 0
    assert retention.prune(now=timezone.now()) == {}
    settings.KEEP_RAW_DAYS = 400
    assert retention.prune(now=timezone.now()) == {"observations": 2, "pages": 0, "deliveries": 1}
    assert set(Observed.objects.values_list("thing", flat=True)) == {"open", "fresh"}
    assert Incident.objects.filter(superseded_at=None).count() == 4
    push(source, "1", {"kind": "incident", "id": "pushed", "at": 1})
    assert inbox.sweep() == 0, "a late double is still known"
    with pytest.raises(actions.Refused, match="no longer kept"):
        actions.replay(event=Inbox.objects.get(), by=None)


def test_thousands_of_things_are_kept_in_time_and_told_again_cost_little(connect_observing: Connect) -> None:
    source = connect_observing()
    many: Sequence[Observation] = [said("incident", f"i{n}", n, resolved=n + 5) for n in range(2000)]
    assert take(source, *many).new == 2000
    again = take(source, *many)
    assert (again.observations, again.things) == (0, 0)
