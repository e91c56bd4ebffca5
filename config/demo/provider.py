"""A seeded generator that speaks like any provider: a year of deployments, changes and incidents up to this minute.

Day by day and the same for the same seed, so that reading it again, or on another machine, tells the same facts.
Two weeks before the organisation was loaded the squads that have a `queue` begin to share one pipeline, and their
changes wait longer for it.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from metrics.events import (
    Answer,
    ChangeSeen,
    Connection,
    DeploymentSeen,
    Event,
    Found,
    IncidentSeen,
    JobSeen,
    Outcome,
    Page,
    RunSeen,
    Tell,
    Unreadable,
)

HISTORY = timedelta(days=371)
SHARING = timedelta(days=13)
DAYS_A_PAGE = 60
TITLES = (
    "Search parameters for Patient", "Consent filter on read", "Map PID segment to Patient",
    "Retry queue for callbacks", "Coverage resource, first cut", "Paging for bundle results", "Directory match by NPI",
    "Error codes in OperationOutcome", "Token refresh for SMART launch", "Schema check before merge",
    "Staging data reset job", "Member match, second pass",
    "Faster claim lookup", "Audit entry for writes", "Bulk export, resumable", "Rate limit for partners",
    "Rotate signing keys", "Deploy without downtime", "Explain benefits in plain words", "Provider search by language",
    "Validate addresses", "Cache the formulary", "Quieter alerts", "Trace requests end to end",
)  # fmt: skip
TROUBLES = (
    "Patient search answers slowly", "Errors on consent reads", "Queue stands still", "Sign-in fails for some members",
    "Wrong claim totals shown", "Callbacks are lost", "Directory answers 500", "Exports end early",
)  # fmt: skip


class SampleProvider:
    title = "Sample data"
    feeds = "Deployments, lead time, failures, recovery"
    streams = ("history",)

    def __init__(self, connection: Connection) -> None:
        self.seed = int(connection.settings.get("seed", 0))
        self.services: Mapping[str, Mapping[str, float]] = connection.settings.get("services", {})

    def check(self) -> Found:
        return Found("Sample data, made on this machine.")

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Sample data pushes no events.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        today = now.date()
        began = date.fromisoformat(cursor["began"]) if cursor else today - HISTORY
        shared = date.fromisoformat(cursor["shared"]) if cursor else today - SHARING
        day = date.fromisoformat(cursor["day"]) if cursor else began
        before = dict(cursor.get("before", {}))
        last = min(day + timedelta(days=DAYS_A_PAGE), today)
        events: list[Event] = []
        while day < last:
            for service, character in self.services.items():
                found, before[service] = self._day(service, character, day, shared, before.get(service), now)
                events += found
            day += timedelta(days=1)
        if day == today:  # what has happened of it so far; told again tomorrow, whole
            for service, character in self.services.items():
                events += self._day(service, character, today, shared, before.get(service), now)[0]
        again = {"began": began.isoformat(), "shared": shared.isoformat(), "day": day.isoformat(), "before": before}
        raw = json.dumps([str(event) for event in events]).encode()
        return Page(
            events=tuple(events), raw=raw, cursor=again, done=day == today, doing="days",
            read=(day - began).days, total=(today - began).days,
        )  # fmt: skip

    def _day(
        self, service: str, character: Mapping[str, float], day: date, shared: date, before: str | None, now: datetime
    ) -> tuple[list[Event], str | None]:
        """(what happened to `service` on `day` until `now`, its last deployment)."""
        chance = random.Random(f"{self.seed} {service} {day}")  # noqa: S311 (sample data)
        if day.weekday() > 4:
            return [], before
        events: list[Event] = []
        for number in range(_poisson(chance, character["rate"])):
            finished = datetime.combine(day, time(8), UTC) + timedelta(hours=chance.uniform(0, 9), minutes=number)
            key = f"{service}-{day:%Y%m%d}-{number}"
            queue = character["queue"] if day >= shared else 0.0
            made, before = _deployment(chance, key, service, character, finished, queue, before, first=before is None)
            if character["queue"] and day >= shared:
                made.append(_staged(self.seed, key, service, finished))
            if "green" in character:
                made += _runs(self.seed, key, service, character, finished, queue, now)
            events += [event for event in made if _when(event) <= now]
            if finished > now:
                break
        return [_still_open(event, now) for event in events], before


def _deployment(
    chance: random.Random, key: str, service: str, character: Mapping[str, float], finished: datetime, queue: float,
    before: str | None, *, first: bool,
) -> tuple[list[Event], str]:  # fmt: skip
    """(a deployment with its changes and, when it goes wrong, what followed; the last deployment after that)."""
    changes = list(_changes(chance, key, character, finished, queue))
    took = timedelta(minutes=chance.uniform(4, 18))
    if chance.random() < 0.04:
        failed = _seen(
            key + "-try", service, changes[-1].sha, finished - timedelta(minutes=40), took, None, (), Outcome.FAILURE
        )
        attempts: list[Event] = [failed]
    else:
        attempts = []
    carried = () if first else tuple(change.sha for change in changes)
    events: list[Event] = [*changes, *attempts, _seen(key, service, changes[-1].sha, finished, took, before, carried)]
    if chance.random() >= character["failing"]:
        return events, key
    began = finished + timedelta(minutes=chance.uniform(6, 90))
    restored = began + timedelta(hours=character["restore"] * math.exp(chance.gauss(0, 0.7)))
    severity = chance.choice(("high", "high", "low", "critical"))
    events.append(
        IncidentSeen(
            provider_id=f"incident-{key}",
            service=service,
            title=chance.choice(TROUBLES),
            started_at=began,
            resolved_at=restored,
            severity=severity,
            updated_at=restored,
        )
    )
    if chance.random() < 0.75:
        answer = chance.choice((Answer.HOTFIX, Answer.HOTFIX, Answer.ROLLBACK))
        mended = key + "-" + answer
        at = restored - timedelta(minutes=3)
        fix = _change(mended, "Mend: " + chance.choice(TITLES).lower(), began + timedelta(minutes=9), at, 0.2, at)
        shas = (fix.sha,) if answer is Answer.HOTFIX else ()
        events += [fix] if shas else []
        events.append(_seen(mended, service, fix.sha, at, took, key, shas, answer=answer, answers=key))
        return events, mended
    return events, key


def _changes(
    chance: random.Random, key: str, character: Mapping[str, float], finished: datetime, queue: float
) -> Iterator[ChangeSeen]:
    for number in range(chance.choice((1, 1, 1, 2))):
        hours = character["lead"] * math.exp(chance.gauss(-0.12, 0.55))
        waiting = 2.5 + queue * chance.uniform(0.5, 1.4)
        first = finished - timedelta(hours=hours + waiting)
        yield _change(
            f"{key}-{number}", chance.choice(TITLES), first, finished - timedelta(hours=waiting), hours, finished
        )


def _change(key: str, title: str, first: datetime, merged: datetime, hours: float, deployed: datetime) -> ChangeSeen:
    opened = first + timedelta(hours=hours * 0.45)
    review = opened + timedelta(hours=hours * 0.2)
    return ChangeSeen(
        sha=hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest(),
        title=title,
        author="",
        first_commit_at=first,
        opened_at=min(opened, merged),
        first_review_at=min(review, merged),
        approved_at=min(review + timedelta(hours=hours * 0.3), merged),
        merged_at=merged,
        updated_at=deployed,
    )


def _seen(
    key: str, service: str, sha: str, finished: datetime, took: timedelta, base: str | None, carried: tuple[str, ...],
    outcome: Outcome = Outcome.SUCCESS, *, answer: Answer | None = None, answers: str = "",
) -> DeploymentSeen:  # fmt: skip
    return DeploymentSeen(
        provider_id=key, service=service, environment="production", production=True, sha=sha, ref="main",
        outcome=outcome, raw_outcome=str(outcome), started_at=finished - took, finished_at=finished, answer=answer,
        answers=answers, base=base, carried=carried if outcome is Outcome.SUCCESS else None, updated_at=finished,
    )  # fmt: skip


def _staged(seed: int, key: str, service: str, finished: datetime) -> DeploymentSeen:
    """Its rehearsal in the staging environment that the squads share; chance of its own, as for runs."""
    chance = random.Random(f"{seed} staging {key}")  # noqa: S311 (sample data)
    ended = finished - timedelta(minutes=chance.uniform(25, 50))
    return DeploymentSeen(
        provider_id=f"{key}-staging", service=service, environment="staging", production=False,
        sha=hashlib.sha1(f"{key}-0".encode(), usedforsecurity=False).hexdigest(), ref="main", outcome=Outcome.SUCCESS,
        raw_outcome=str(Outcome.SUCCESS), started_at=ended - timedelta(minutes=chance.uniform(15, 45)),
        finished_at=ended, updated_at=ended,
    )  # fmt: skip


def _runs(
    seed: int, key: str, service: str, character: Mapping[str, float], finished: datetime, queue: float, now: datetime
) -> list[Event]:
    """The pipeline runs on the main branch that came before a deployment; a red one is run again, some were flaky.

    Chance of its own, so that deployments are the same with and without runs.
    """
    chance = random.Random(f"{seed} runs {key}")  # noqa: S311 (sample data)
    made: list[Event] = []
    for number in range(chance.choice((1, 1, 2))):
        waited = timedelta(minutes=chance.expovariate(1 / (2 + 4 * queue)))
        took = timedelta(minutes=(14 + 0.6 * queue) * math.exp(chance.gauss(0, 0.25)))
        queued = finished - timedelta(minutes=35 + 25 * number) - waited - took
        green = chance.random() < character["green"]
        coverage = round(min(99.0, character["coverage"] + chance.gauss(0, 1.2)), 1)
        flaky = not green and chance.random() < 0.4
        for attempt, good in ((1, green), (2, True)) if flaky else ((1, green),):
            start = queued + waited + (took if attempt > 1 else timedelta())
            made.append(
                _run(f"run-{key}-{number}", attempt, service, key, queued, start, start + took, good, coverage, now)
            )
    return made


def _run(
    id_: str, attempt: int, service: str, key: str, queued: datetime, start: datetime, end: datetime, good: bool,
    coverage: float, now: datetime,
) -> RunSeen:  # fmt: skip
    over = end <= now
    outcome = (Outcome.SUCCESS if good else Outcome.FAILURE) if over else None
    jobs = tuple(
        JobSeen(provider_id=f"{id_}-{name}", name=name, outcome=outcome if name == "test" or good else Outcome.SUCCESS)
        for name in ("build", "test")
        if over
    )
    return RunSeen(
        provider_id=id_, attempt=attempt, workflow="Build and test", branch="main", on_main=True, event="push",
        sha=hashlib.sha1(f"{key}-0".encode(), usedforsecurity=False).hexdigest(), outcome=outcome,
        raw_outcome=str(outcome or "running"), coverage=coverage if over and good else None, jobs=jobs,
        service=service, updated_at=end if over else start, queued_at=queued, started_at=start,
        finished_at=end if over else None,
    )  # fmt: skip


def _when(event: Event) -> datetime:
    """When a fact could be known: a change once it is merged, an incident once it began."""
    if isinstance(event, ChangeSeen):
        return event.merged_at or datetime.max.replace(tzinfo=UTC)
    if isinstance(event, DeploymentSeen):
        return event.finished_at or datetime.max.replace(tzinfo=UTC)
    if isinstance(event, RunSeen):
        return event.queued_at or datetime.max.replace(tzinfo=UTC)
    assert isinstance(event, IncidentSeen)
    return event.started_at


def _still_open(event: Event, now: datetime) -> Event:
    if isinstance(event, IncidentSeen) and event.resolved_at and event.resolved_at > now:
        from dataclasses import replace

        return replace(event, resolved_at=None, updated_at=event.started_at)
    return event


def _poisson(chance: random.Random, rate: float) -> int:
    limit, product, count = math.exp(-rate), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
