"""`python -m tests.chaos.deliveries`: 10,000 deliveries doubled, shuffled, a tenth of them a day late, for 50 seeds.

Each seed's rows must be those of the same story told once and in order: the same hash of every table. CHAOS_SEEDS and
CHAOS_EVENTS set how many, CHAOS_FIRST the seed to begin with.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from typing import Any

from config import embedded

SEEDS = int(os.environ.get("CHAOS_SEEDS", "50"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))
EVENTS = int(os.environ.get("CHAOS_EVENTS", "10000"))


def story(seed: int, events: int) -> list[dict[str, Any]]:
    """`events` pieces of a true history, in order: commits, pull requests, deployments, runs and incidents."""
    chance = random.Random(seed)
    pieces: list[dict[str, Any]] = []
    parent: list[str] = []
    number = 0
    while len(pieces) < events:
        sha, at = f"{number:040x}", 900.0 * number
        pieces.append({"kind": "commit", "id": sha, "at": at, "parents": parent, "title": f"Change {number}"})
        parent = [sha]
        if number % 4 == 0:
            pieces.append({"kind": "pull", "id": str(number), "at": at + 1})
            merged = {"merged": sha, "commits": [sha, f"head-{number}"], "first": at - 500}
            pieces.append({"kind": "pull", "id": str(number), "at": at + 2, **merged})
        if number % 3 == 0:
            back = f"{max(0, number - chance.choice([0, 0, 0, 0, 5])):040x}"
            key = {"kind": "deployment", "id": f"d{number}", "sha": back}
            pieces.append({**key, "at": at + 10})
            outcome = chance.choice(["success"] * 5 + ["failure"])
            pieces.append({**key, "at": at + 60, "started": at + 12, "finished": at + 60, "outcome": outcome})
        run = {"kind": "run", "id": f"r{number}", "sha": sha}
        pieces.append({**run, "at": at + 5})
        pieces.append({**run, "at": at + 50, "outcome": "success", "jobs": ["build", "test"], "finished": at + 50})
        if number % 9 == 0:
            pieces.append({"kind": "incident", "id": f"i{number}", "at": at + 90, "started": at + 90})
            ended = {"started": at + 90, "resolved": at + 4000}
            pieces.append({"kind": "incident", "id": f"i{number}", "at": at + 4000, **ended})
        number += 1
    return pieces[:events]


def shuffled(pieces: list[dict[str, Any]], seed: int) -> list[tuple[str, dict[str, Any]]]:
    """(delivery id, piece): half of them twice, in any order, a tenth after all others."""
    chance = random.Random(seed + 1)
    sent = [(f"{seed}-{place}", piece) for place, piece in enumerate(pieces)]
    sent += [(f"{key}-again" if chance.random() < 0.5 else key, piece) for key, piece in sent if chance.random() < 0.5]
    chance.shuffle(sent)
    late = len(sent) // 10
    return sent[late:] + sent[:late]


def run() -> int:
    from django.db import transaction
    from django.utils import timezone

    from metrics import actions, inbox, rollups
    from metrics.models import Inbox, Source
    from teams.models import Team
    from tests import facts

    team = Team.objects.create(name="Squad", slug="squad", kind=Team.Kind.SQUAD)
    lost = 0
    for seed in range(FIRST, FIRST + SEEDS):
        began = time.monotonic()
        pieces = story(seed, EVENTS)
        sources: list[Source] = []
        for name in ("in order", "as they came"):
            sources.append(actions.connect_source(team=team, provider="observing", name=f"{seed} {name}", by=None))
        straight, crooked = sources
        sent, chance = shuffled(pieces, seed), random.Random(seed + 2)
        with transaction.atomic():
            for place, piece in enumerate(pieces):
                inbox.receive(straight, str(place), json.dumps([piece]).encode())
            for key, piece in sent:
                inbox.receive(crooked, key, json.dumps([piece]).encode())
        while inbox.sweep(most=chance.choice([500, 2500, 5000]), seconds=600):
            rollups.rebuild(now=timezone.now())  # linked and counted in the middle of it, as workers do
        wanted, found = facts.held(straight), facts.held(crooked)
        waiting = Inbox.objects.filter(processed_at=None).count()
        same = wanted == found and not waiting
        lost += not same
        rows = sum(count for count, _ in found.values())
        print(
            f"seed {seed:>2}: {len(sent):,} deliveries of {len(pieces):,}, {rows:,} rows, "
            f"{'the same' if same else 'DIFFERENT'}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if not same:
            print({table: (wanted[table], found[table]) for table in wanted if wanted[table] != found[table]}, waiting)
    print(f"{SEEDS} seeds, {lost} different")
    return 1 if lost else 0


def main() -> int:
    folder = embedded.home("chaos")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with embedded.running(folder, durable=False) as servers:
            os.environ.update(servers.environment())
            os.environ |= {
                "DJANGO_SETTINGS_MODULE": "tests.process_settings", "DEBUG": "0", "LOG_LEVEL": "ERROR",
                "SECRET_KEY": "for-chaos-only-for-chaos-only-for-chaos-only-for-chaos-only",
            }  # fmt: skip
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            return run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
