"""What rules would make of the newest things that are held, beside what the present rules make of them.

A composer: it reads and works out, bounded, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from . import observed, registry
from .events import DeploymentSeen, Derived, Event, IncidentSeen, RunSeen
from .models import Source
from .one_source import label_of
from .rules import Rules

LOOKED_AT = 200  # things of each kind
SHOWN = 40

Seen = DeploymentSeen | IncidentSeen


class _AsSaid(Rules):
    """No rules at all: every fact as its provider tells it."""

    def apply(self, events: Iterable[Event]) -> list[Event]:
        return list(events)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that counts under the new rules, or no longer does."""

    what: str
    title: str
    note: str
    service: str
    at: datetime | None
    url: str
    state: str  # ok: counts as before; delivered: counts now; late: counts no longer; risk: another service
    word: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the newest things of one kind count."""

    label: str
    looked: int
    count: int
    before: int
    is_incident: bool


@dataclass(slots=True)
class Preview:
    tallies: list[Tally] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    changed: int = 0
    more: int = 0
    puzzles: int = 0
    looked: int = 0

    @property
    def sentences(self) -> list[str]:
        return [_sentence(one) for one in self.tallies]


def _sentence(one: Tally) -> str:
    noun = one.label.lower() + ("" if one.looked == 1 else "s")
    what = "incident" if one.is_incident else "production deployment"
    counted = f"is a {what}" if one.count == 1 else f"are {what}s"
    if one.is_incident and one.count == 1:
        counted = "is an incident"
    said = f"With these rules, {one.count} of the last {one.looked} {noun} {counted}"
    return (
        f"{said}, as now."
        if one.count == one.before
        else f"{said}; now {one.before} {'is' if one.before == 1 else 'are'}."
    )


def preview(source: Source, rules: Rules, *, now: datetime) -> Preview:
    """Work out the newest things of each kind under `rules` and under the source's own. Three queries a kind."""
    derive = registry.provider_class(source.provider).derive
    present = registry.rules_of(source)
    found = Preview()
    for kind in _kinds(source):
        said: list[Sequence[Event]] = []
        for thing, told in observed.newest(source, [kind], most=LOOKED_AT).items():
            made = observed.understand(derive, _AsSaid(), thing, told, now=now)
            found.looked += 1
            if isinstance(made, Derived):
                said.append(made.events)
            else:
                found.puzzles += 1
        _add(found, kind, said, present, rules)
    found.rows.sort(key=lambda row: (row.state == "ok", -(row.at.timestamp() if row.at else 0)))
    found.more = max(len(found.rows) - SHOWN, 0)
    found.rows = found.rows[:SHOWN]
    return found


def _add(found: Preview, kind: str, said: Sequence[Sequence[Event]], present: Rules, rules: Rules) -> None:
    """Count and compare the things of one kind."""
    for is_incident in (False, True):
        about = [events for events in said if any(_may_count(event, is_incident) for event in events)]
        if not about:
            continue
        count = before = 0
        for events in about:
            old, new = _counting(present, events, is_incident), _counting(rules, events, is_incident)
            count, before = count + bool(new), before + bool(old)
            for key in old | new:
                row = _row(old.get(key), new.get(key))
                found.rows.append(row)
                found.changed += row.state != "ok"
        found.tallies.append(Tally(label_of(kind), len(about), count, before, is_incident))


def _may_count(event: Event, is_incident: bool) -> bool:
    return isinstance(event, IncidentSeen) if is_incident else isinstance(event, DeploymentSeen | RunSeen)


def _counting(rules: Rules, events: Sequence[Event], is_incident: bool) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for event in rules.apply(events):
        match event:
            case IncidentSeen(provider_id=key) if is_incident:
                found[key] = event
            case DeploymentSeen(provider_id=key, production=True) if not is_incident:
                found[key] = event
    return found


def _row(old: Seen | None, new: Seen | None) -> Row:
    seen = new or old
    assert seen is not None  # noqa: S101 (one of them is)
    service = seen.service or "its only service"
    state, word = "ok", "Counts, as now"
    if old is None:
        state, word = "delivered", "Counts now"
    elif new is None:
        state, word = "late", "Counts no longer"
    elif old.service != new.service:
        state, word = "risk", f"Moves from {old.service or 'its only service'}"
    if isinstance(seen, IncidentSeen):
        return Row("Incident", seen.title, seen.severity, service, seen.started_at, seen.url, state, word)
    traits = seen.traits or {}
    told = [seen.environment, seen.ref if seen.ref != seen.environment else "", seen.raw_outcome or seen.outcome]
    title = str(traits.get("title") or traits.get("workflow") or seen.repository or seen.provider_id)
    note = ", ".join(one for one in told if one)
    return Row(
        "Deployment", f"{title} {seen.provider_id}".strip(), note, service, seen.finished_at or seen.started_at,
        seen.url, state, word,
    )  # fmt: skip


def _kinds(source: Source) -> list[str]:
    """The kinds of things that are held, found by skipping through the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE kinds AS (
                (SELECT kind FROM metrics_observed WHERE source_id = %s ORDER BY kind LIMIT 1)
                UNION ALL
                SELECT (SELECT o.kind FROM metrics_observed o WHERE o.source_id = %s AND o.kind > kinds.kind
                         ORDER BY o.kind LIMIT 1) FROM kinds WHERE kinds.kind IS NOT NULL
            ) SELECT kind FROM kinds WHERE kind IS NOT NULL
            """,
            [source.pk, source.pk],
        )
        return [kind for (kind,) in cursor.fetchall()]
