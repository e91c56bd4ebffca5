"""How long a schedule, a forecast and a what-if take, pure and through the records; and the pages of promises."""

from __future__ import annotations

import random
from datetime import date, timedelta

from django.db import transaction
from django.test import Client

from delivery import actions, network
from delivery.activities import Activity, Link
from delivery.calendar import WorkCalendar
from delivery.forecast import forecast
from delivery.inputs import Commitment, Inputs, Team
from delivery.models import Commitment as Row
from delivery.models import ForecastRun
from delivery.sampling import Remaining
from delivery.schedule import schedule
from teams.models import Team as TeamRow
from teams.models import User

from .table import Table, median, p95, seconds, short

START = date(2026, 1, 5)
RUNS = 5


def measure(table: Table, team: TeamRow, director: User) -> None:
    """Largest sizes first as pure functions, then 200 commitments in the database."""
    _schedule(table)
    _forecast(table)
    _records(table, team, director)


def _links(count: int, links: int, chance: random.Random) -> list[Link]:
    found = {}
    while len(found) < links:
        one = chance.randrange(count - 1)
        other = chance.randrange(one + 1, min(count, one + 50))
        found[one, other] = Link(before=str(one), after=str(other))
    return list(found.values())


def _schedule(table: Table) -> None:
    chance = random.Random(1)
    calendar = WorkCalendar(holidays=frozenset({date(2026, 12, 25)}))
    activities = [Activity(id=str(n), duration_days=chance.randint(1, 3), calendar=calendar) for n in range(5_000)]
    links = _links(5_000, 10_000, chance)
    took = [seconds(lambda: schedule(activities, links, start=START)) for _ in range(RUNS)]
    table.add("Schedule, 5,000 activities, 10,000 links", short(median(took)), f"median of {RUNS}")


def _forecast(table: Table) -> None:
    chance = random.Random(2)
    teams = tuple(Team(id=str(n), calendar=WorkCalendar()) for n in range(20))
    commitments = tuple(
        Commitment(
            id=str(n), team=str(n % 20), remaining=Remaining(1, 2, chance.randint(3, 6)),
            promise=START + timedelta(days=90), first_promise=START + timedelta(days=90),
        )
        for n in range(1_000)
    )  # fmt: skip
    known = Inputs(as_of=START, teams=teams, commitments=commitments, links=tuple(_links(1_000, 2_000, chance)))
    took = [seconds(lambda: forecast(known, seed=1)) for _ in range(RUNS)]
    table.add("Forecast, 1,000 commitments, 2,000 links, 10,000 trials", short(median(took)), f"median of {RUNS}")


def _records(table: Table, team: TeamRow, director: User) -> None:
    chance = random.Random(3)
    today = actions.rules.today()
    with transaction.atomic(), actions.rules.marked_once("the bench"):
        rows = [
            actions.make_commitment(
                team=team, title=f"Promise {n}", promised_on=today + timedelta(days=20 + n), by=director, days=(2, 4, 7)
            )
            for n in range(200 - Row.objects.open().count())
        ]
        for link in _links(len(rows), 300, chance):
            actions.link(before=rows[int(link.before)], after=rows[int(link.after)], by=director)
    count = Row.objects.open().count()
    table.add("Forecast kept", short(seconds(lambda: network.recompute(why="the bench"))), f"{count} open commitments")
    took = [seconds(lambda n=n: network.what_if({rows[0].pk: n})) for n in range(1, 11)]
    table.add(f"What-if, {count} commitments", short(median(took)), f"p95 {short(p95(took))}, with reading the records")
    browser = Client()
    browser.force_login(director)
    run = ForecastRun.objects.latest("pk")
    for name, path in (
        ("Roadmap", f"/roadmap/{team.parent.slug}/"),  # type: ignore[union-attr]
        ("What-if over the page", f"/roadmap/{team.parent.slug}/what-if/?commitment={rows[0].pk}&days=10"),  # type: ignore[union-attr]
        ("Commitments", f"/commitments/{team.parent.slug}/"),  # type: ignore[union-attr]
        ("Commitment", f"/commitment/{run.lines.earliest('pk').commitment_id}/"),
        ("Check-in", "/check-in/squad-b/"),
    ):
        part = {"HX-Request": "true"} if "what-if" in path else {}
        answer = browser.get(path, headers=part)
        took = [seconds(lambda path=path, part=part: browser.get(path, headers=part)) for _ in range(10)]
        status = "" if answer.status_code == 200 else f", answers {answer.status_code}"
        table.add(f"  {name}", short(median(took)), f"p95 {short(p95(took))}, 10 requests{status}")
