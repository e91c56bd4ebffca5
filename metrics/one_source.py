"""What a person sees of one source: each of its streams, its window of the past, its webhook, what it gave.

A composer: it reads, in a fixed number of queries, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count

from teams.templatetags import ui

from . import reading, registry
from .events import Guide, ProviderError
from .models import Credential, HookSecret, Inbox, OpenItem, Puzzle, Source, Stream

SECRETS_SHOWN = 6
FIRST_ROWS = 3
OURS = {reading.OPEN: "What is not over", reading.DERIVE: "Working facts out anew", reading.REPLAY: "Trying again"}
LABELS = {**OURS, "pull": "Pull request", "pulls": "Pull requests", "run": "Pipeline run", "runs": "Pipeline runs"}


@dataclass(frozen=True, slots=True)
class StreamNow:
    """One stream in words."""

    label: str
    lane: str
    state: str  # the shape
    word: str
    note: str
    share: int | None  # percent, when it is known
    left: str
    read: int
    total: int | None
    succeeded_at: datetime | None
    open: int
    error: str
    advice: str
    detail: str
    tries: str
    notes: list[str]
    is_backfill: bool
    is_at_work: bool


def label_of(kind: str) -> str:
    return LABELS.get(kind) or kind.replace("_", " ").capitalize()


def streams_now(source: Source, streams: list[Stream], *, now: datetime) -> list[StreamNow]:
    """The streams of `source`, what is new before the past. Two queries."""
    blocked = Credential.objects.filter(digest=source.credential, blocked_until__gt=now) if source.credential else None
    until = blocked.values_list("blocked_until", flat=True).first() if blocked is not None else None
    open_: dict[str, int] = dict(OpenItem.objects.filter(source=source).values_list("kind").annotate(n=Count("pk")))
    ordered = sorted(streams, key=lambda one: (one.lane == Stream.Lane.BACKFILL, one.kind in OURS, one.kind))
    return [_now(source, one, until, open_, now) for one in ordered]


def _now(source: Source, stream: Stream, blocked: datetime | None, open_: dict[str, int], now: datetime) -> StreamNow:
    until = max((at for at in (blocked, stream.blocked_until) if at and at > now), default=None)
    if stream.kind in reading.ONCE:
        until = None
    state, word = _state(source, stream, until, now)
    done, left = progress_of(stream, now)
    is_backfill = stream.lane == Stream.Lane.BACKFILL
    tries = ""
    if stream.error:
        tries = ui.plural(max(stream.failures, stream.attempts, 1), "try,tries")
        tries = f"Gave up after {tries}" if stream.dead_at else f"{tries}, next {ui.instant(stream.due_at)}"
    return StreamNow(
        label=label_of(stream.kind),
        lane="The past" if is_backfill else "New",
        state=state,
        word=word,
        note=_window(stream) if is_backfill else "",
        share=None if done is None else round(100 * done),
        left=left,
        read=stream.read,
        total=stream.total,
        succeeded_at=stream.succeeded_at,
        open=sum(open_.values()) if stream.kind == reading.OPEN else 0,
        error=stream.error,
        advice=stream.error_advice,
        detail=stream.error_detail[:600],
        tries=tries,
        notes=list(stream.notes),
        is_backfill=is_backfill,
        is_at_work=state == "busy",
    )


def _state(source: Source, stream: Stream, until: datetime | None, now: datetime) -> tuple[str, str]:
    at_work = stream.lease_until is not None and stream.lease_until > now
    if stream.dead_at:
        return "late", "Stopped"
    if stream.ended_at:
        return "delivered", "Complete"
    if source.paused_at or stream.paused_at:
        return "none", "Paused"
    if at_work:
        return "busy", "Reading"
    if until is not None:
        return "risk", f"Waiting until {ui.instant(until)}"
    if stream.error:
        return "late", "Failing"
    if stream.due_at + timedelta(seconds=3 * settings.READ_EVERY_SECONDS) < now:
        return "late", "No worker"
    if stream.succeeded_at is None or stream.cursor.get("run"):
        return "none", "Waiting for its turn"
    return "ok", "Up to date"


def _window(stream: Stream) -> str:
    if not stream.window_from or not stream.window_to:
        return ""
    said = f"{ui.day(stream.window_from)} to {ui.day(stream.window_to)}"
    if stream.reached and not stream.ended_at:
        said += f", has come back to {ui.day(max(stream.reached, stream.window_from))}"
    return said


def progress_of(stream: Stream, now: datetime) -> tuple[float | None, str]:
    """How much of a run is done, from 0 to 1, and how long the rest may take in words; None and "" when not known."""
    if stream.ended_at:
        return (1.0, "") if stream.lane == Stream.Lane.BACKFILL else (None, "")
    share: float | None = None
    if stream.reached and stream.window_from and stream.window_to and stream.window_to > stream.window_from:
        whole = stream.window_to - stream.window_from
        share = min(max((stream.window_to - stream.reached) / whole, 0.0), 1.0)
    elif stream.total and stream.cursor.get("run"):
        share = min(stream.read / stream.total, 1.0)
    if not share or stream.started_at is None:
        return share, ""
    rest = (now - stream.started_at) * ((1 - share) / share)
    return share, f"about {ui.duration(rest)} left" if timedelta(seconds=5) < rest < timedelta(days=60) else ""


@dataclass(frozen=True, slots=True)
class HookNow:
    """The webhook of a source: where deliveries go, and how they fare."""

    guide: Any
    address: str
    secrets: list[HookSecret]
    active: int
    state: str
    word: str
    refused_since: bool  # the newest delivery was refused

    @property
    def is_waiting(self) -> bool:
        return self.state in ("none", "late")


def hook_of(source: Source, address: str) -> HookNow | None:
    """The webhook, or None where the provider pushes nothing. One query."""
    guide = guide_of(source)
    if guide is None or guide.hook is None:
        return None
    held = list(source.hook_secrets.select_related("created_by", "retired_by").order_by("-pk")[:SECRETS_SHOWN])
    active = sum(one.retired_at is None for one in held)
    refused = bool(source.refused_at and (source.heard_at is None or source.refused_at > source.heard_at))
    if source.heard_at and not refused:
        state, word = "ok", f"The newest event was verified {ui.ago(source.heard_at)}"
    elif refused:
        state, word = "late", f"A delivery was refused {ui.ago(source.refused_at)}"
    elif not active:
        state, word = "none", "No secret is set up, so nothing is let in"
    else:
        state, word = "none", "Waiting for the first event"
    return HookNow(guide.hook, address, held, active, state, word, refused)


def guide_of(source: Source) -> Guide | None:
    try:
        return registry.guide(source.provider)
    except ProviderError:
        return None


@dataclass(frozen=True, slots=True)
class Unread:
    """How much of a source waits for a person."""

    events: int
    things: int
    streams: int

    @property
    def all(self) -> int:
        return self.events + self.things + self.streams


def unread(source: Source, streams: list[Stream]) -> Unread:
    """Two queries."""
    return Unread(
        events=Inbox.objects.filter(source=source, dead_at__isnull=False).count(),
        things=Puzzle.objects.filter(source=source).count(),
        streams=sum(one.dead_at is not None for one in streams),
    )


def held(source: Source) -> list[tuple[str, int]]:
    """How many facts of each kind are held from `source`, kept and counted. Five queries."""
    return [
        ("Deployments", source.deployments.filter(superseded_at=None).count()),
        ("Changes", source.changes.filter(superseded_at=None).count()),
        ("Pipeline runs", source.runs.filter(superseded_at=None).count()),
        ("Incidents", source.incidents.filter(superseded_at=None).count()),
        ("Commits", source.commits.count()),
    ]


def first_rows(source: Source) -> list[dict[str, Any]]:
    """The newest facts, a few of each kind, to see that they are the right ones. Four queries."""
    found: list[dict[str, Any]] = []
    for deployment in source.deployments.filter(superseded_at=None).order_by("-finished_at", "-pk")[:FIRST_ROWS]:
        where = deployment.environment + (", counts as production" if deployment.production else "")
        found.append({"what": "Deployment", "title": str(deployment), "note": where, "at": deployment.finished_at})
    for change in source.changes.filter(superseded_at=None).order_by("-merged_at", "-pk")[:FIRST_ROWS]:
        found.append({"what": "Change", "title": change.title, "note": change.repository, "at": change.merged_at})
    for run in source.runs.filter(superseded_at=None).order_by("-finished_at", "-pk")[:FIRST_ROWS]:
        note = run.raw_outcome or run.outcome
        found.append({"what": "Pipeline run", "title": run.workflow, "note": note, "at": run.finished_at})
    for incident in source.incidents.filter(superseded_at=None).order_by("-started_at", "-pk")[:FIRST_ROWS]:
        note = "restored" if incident.resolved_at else "not restored yet"
        found.append({"what": "Incident", "title": incident.title, "note": note, "at": incident.started_at})
    return sorted(found, key=lambda row: (row["at"] is not None, row["at"] or 0), reverse=True)
