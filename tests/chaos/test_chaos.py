"""Rounds of random kills while repositories grow and are rewritten. Run by `make chaos`; prints what it found.

The seed is printed, and CHAOS_SEED sets it; the moments at which the blows fall depend on the machine all the same.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from metrics import actions, rollups, streams
from metrics.models import DirtyWeek, RawPage, Source, Stream
from metrics.tasks import send_quietly, wake_due_streams
from teams.models import Team
from tests import facts
from tests.metrics.repository import Repository, large
from tests.processes import Fleet, Process, WaitedInVain, fleet

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "6"))
BLOWS = 4
TAIL = 40
SEED = int(os.environ.get("CHAOS_SEED", time.time_ns() % 100_000))


@pytest.fixture
def ours(tmp_path: Path, transactional_db: None) -> Iterator[Fleet]:
    with fleet(tmp_path / "fleet") as started:
        yield started


def grow(repository: Repository, round_: int, *, commits: int, every: int, rewrite: int) -> None:
    """Take the last `rewrite` commits of main away, as a forced push does, and put `commits` new ones on top.

    The last TAIL of them get no tag: a tag that a push leaves behind, or deletes, still counts as a deployment.
    """
    tip = repository.git("rev-parse", f"main~{rewrite}")
    at = int(repository.now.timestamp())
    lines: list[bytes] = []
    for number in range(1, commits + 1):
        at += 2400
        parent = f":{number - 1}" if number > 1 else tip
        message = f"Round {round_}, change {number}"
        commit = f"commit refs/heads/main\nmark :{number}\ncommitter Ada <ada@example.org> {at} +0000\n"
        lines.append(f"{commit}data {len(message)}\n{message}\nfrom {parent}\n".encode())
        if number % every == 0 and number <= commits - TAIL:
            name = f"r{round_}.{number}{'-hotfix' if number % (5 * every) == 0 else ''}"
            tagger = f"tagger Ada <ada@example.org> {at + 60} +0000"
            lines.append(f"tag {name}\nfrom :{number}\n{tagger}\ndata 1\nx\n".encode())
    repository.git("fast-import", "--quiet", "--force", stdin=b"".join(lines))
    repository.now = datetime.fromtimestamp(at, UTC)


class Chaos:
    """Two workers and two beats, each of which is replaced after it was killed."""

    def __init__(self, ours: Fleet, chance: random.Random) -> None:
        self.ours = ours
        self.chance = chance
        self.workers = [ours.worker(), ours.worker()]
        self.beats = [ours.beat(), ours.beat()]
        self.dealt: Counter[str] = Counter()

    def blow(self) -> None:
        kind = self.chance.choices(["worker", "child", "beat", "redis wiped"], [4, 4, 1, 2])[0]
        self.dealt[kind] += 1
        if kind == "worker":
            self.workers.append(self._killed(self.workers, self.ours.worker))
        elif kind == "beat":
            self.beats.append(self._killed(self.beats, self.ours.beat))
        elif kind == "child":
            for child in self.chance.choice(self.workers).children():
                os.kill(child, signal.SIGKILL)
        else:
            self.ours.redis.flush()

    def _killed(self, among: list[Process], replaced_by: Any) -> Process:
        victim = among.pop(self.chance.randrange(len(among)))
        victim.kill()
        made: Process = replaced_by()
        return made


def test_nothing_is_lost_or_doubled_whatever_is_killed(ours: Fleet, settings: Any) -> None:
    print(f"\nCHAOS_SEED={SEED}")
    settings.SOURCE_LOCAL_PATHS = [str(ours.folder)]
    chance = random.Random(SEED)
    root = Team.objects.create(name="Product Engineering", slug="product-engineering", kind=Team.Kind.GROUP)
    repository = large(ours.folder / "repository", commits=1200, every=6)
    chaos = Chaos(ours, chance)
    sources: list[Source] = []
    in_the_middle = 0
    for round_ in range(ROUNDS):
        rules = {"deployments": chance.choice(["tags", "tags", "branch"])}
        sources.append(_connect(root, repository, f"Source {round_}", rules))
        rewrite = chance.choice([0, 7, TAIL]) if round_ else 0
        for blow in range(BLOWS):
            if blow == BLOWS // 2:  # in the middle of what is being read
                grow(repository, round_, commits=chance.randint(100, 400), every=chance.choice([3, 7]), rewrite=rewrite)
                streams.wake(Stream.objects.filter(source__in=sources), now=timezone.now())
                send_quietly(wake_due_streams)
            time.sleep(chance.uniform(0.5, 3.5))
            in_the_middle += Stream.objects.filter(lease_until__gt=timezone.now()).count()
            chaos.blow()
        pages = RawPage.objects.count()
        print(f"round {round_ + 1}: {pages:,} pages so far, {rewrite} commits rewritten, blows {dict(chaos.dealt)}")

    asked = timezone.now()
    streams.wake(Stream.objects.all(), now=asked)
    send_quietly(wake_due_streams)

    def settled() -> bool:
        ended = Stream.objects.filter(succeeded_at__gt=asked, due_at__gt=timezone.now(), lease_until=None)
        return ended.count() == len(sources) and not DirtyWeek.objects.exists()

    try:
        took = ours.wait(settled, seconds=90, name="everything is read")
    except WaitedInVain:
        print(*Stream.objects.values(), f"{DirtyWeek.objects.count()} dirty", timezone.now(), sep="\n")
        raise
    print(f"{sum(chaos.dealt.values())} blows, {in_the_middle} times a stream was being read; settled in {took:.0f} s")

    lost = spare = 0
    print(f"{'':>34}{'expected':>10}{'found':>10}{'lost':>6}{'doubled':>9}{'wrong':>7}")
    expected: dict[str, dict[str, list[str]]] = {}
    for source in sources:
        rule = source.settings["deployments"]
        if rule not in expected:
            expected[rule] = _undisturbed(root, repository, rule)
        found = facts.counting(source)
        for table, rows in expected[rule].items():
            missing, more = set(rows) - set(found[table]), set(found[table]) - set(rows)
            twice = len(found[table]) - len(set(found[table]))
            lost, spare = lost + len(missing), spare + twice + len(more)
            name = f"{source.name} ({rule}), {table}"
            print(f"{name:>34}{len(rows):>10,}{len(found[table]):>10,}{len(missing):>6}{twice:>9}{len(more):>7}")
        spare += facts.doubled(source)
        fences = list(RawPage.objects.filter(stream__source=source).order_by("pk").values_list("fence", flat=True))
        assert fences == sorted(fences), f"two writers on {source}"
    print(f"lost {lost}, doubled {spare}")
    assert (lost, spare) == (0, 0)
    assert in_the_middle > ROUNDS, "hardly a blow fell while something was being read"


def _connect(root: Team, repository: Repository, name: str, rules: dict[str, str]) -> Source:
    return actions.connect_source(
        team=root, provider="git", name=name, address=str(repository.path), settings=rules, by=None
    )


def _undisturbed(root: Team, repository: Repository, rule: str) -> dict[str, list[str]]:
    """What a source holds that reads the repository as it is now, in one go."""
    source = _connect(root, repository, f"Undisturbed, {rule}", {"deployments": rule})
    while streams.read(source.streams.get().pk, "undisturbed", seconds=600) or not source.streams.get().succeeded_at:
        pass
    while DirtyWeek.objects.exists():
        rollups.rebuild(now=timezone.now())
    found = facts.counting(source)
    assert found["changes"]
    assert found["service weeks"]
    return found
