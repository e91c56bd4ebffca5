"""What a person sees of sources: state in one word, progress, freshness, the last error, and what is known of whom.

A composer: it reads, in a fixed number of queries, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from teams.models import Team
from teams.templatetags import ui

from . import registry
from .events import Guide, ProviderError
from .models import Inbox, Puzzle, Service, Source, SourceDay, Stream
from .one_source import OURS, label_of, progress_of
from .periods import Week

DAYS_SHOWN = 14


@dataclass(slots=True)
class SourceNow:
    """One source as the page shows it; also what the freshness line needs."""

    pk: int
    name: str
    detail: str
    url: str
    state: str  # ok, busy, late, risk, none: the shape
    word: str
    read_at: datetime | None
    days: list[str]
    rows: int
    feeds: str
    progress: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    dead: int = 0
    paused: bool = False
    stopped_at: datetime | None = None

    @property
    def is_stopped(self) -> bool:
        return self.state == "late"

    @property
    def is_reading(self) -> bool:
        return self.state == "busy"

    def row(self) -> dict[str, Any]:
        """The parameters of the `source_row` component."""
        good = sum(day == "ok" for day in self.days)
        return {
            "id": self.pk, "name": self.name, "detail": self.detail, "url": self.url, "state": self.state,
            "word": self.word, "newest": ui.ago(self.read_at) if self.read_at else "Never read",
            "newest_at": self.read_at, "reads": self.days,
            "reads_label": f"Read without a fault on {good} of the past {len(self.days)} days",
            "rows": self.rows, "feeds": self.feeds, "progress": self.progress, "error": self.error,
        }  # fmt: skip


def feeding(teams: Collection[int], seen: Any = None) -> QuerySet[Source]:
    """The sources of `teams`, and those that know a service of theirs; of these only the sources of teams `seen`."""
    found = Source.objects.filter(
        Q(team__in=teams) | Exists(Service.objects.filter(source=OuterRef("pk"), team__in=teams))
    )
    return found if seen is None else found.filter(team__in=seen)


def overview(team: Team, teams: Collection[int], *, now: datetime, may_mend: bool = False) -> list[SourceNow]:
    """The sources that feed `teams` (the scope and all below it), those that stopped first. Five queries."""
    sources = list(feeding(teams).prefetch_related("streams"))
    zone = settings.ORGANISATION_ZONE
    today = now.astimezone(zone).date()
    first = today - timedelta(days=DAYS_SHOWN - 1)
    monday = Week.of(now, zone).monday
    days = {
        (row.source_id, row.day): row
        for row in SourceDay.objects.filter(source__in=sources, day__gte=min(first, monday))
    }
    dead = dict(
        Inbox.objects.filter(source__in=sources, dead_at__isnull=False).values_list("source").annotate(n=Count("pk"))
    )
    puzzles = dict(Puzzle.objects.filter(source__in=sources).values_list("source").annotate(n=Count("pk")))
    found = []
    for source in sources:
        account = [days.get((source.pk, first + timedelta(days=n))) for n in range(DAYS_SHOWN)]
        rows = sum(row.rows for (pk, day), row in days.items() if pk == source.pk and day >= monday)
        unread = dead.get(source.pk, 0) + puzzles.get(source.pk, 0)
        found.append(_now(source, list(source.streams.all()), account, rows, unread, now, may_mend))
    return sorted(found, key=lambda one: ({"late": 0, "risk": 1, "busy": 2}.get(one.state, 3), one.name.lower()))


def one(source: Source, streams: list[Stream], *, now: datetime, may_mend: bool) -> SourceNow:
    """One source as its own page shows it, with its streams at hand. Two queries."""
    dead = Inbox.objects.filter(source=source, dead_at__isnull=False).count()
    dead += Puzzle.objects.filter(source=source).count()
    return _now(source, streams, [], 0, dead, now, may_mend)


def provider_of(source: Source) -> Any:
    """The provider's class; None when this installation no longer has it."""
    try:
        return registry.provider_class(source.provider)
    except ProviderError:
        return None


def _now(
    source: Source,
    streams: list[Stream],
    account: list[SourceDay | None],
    rows: int,
    dead: int,
    now: datetime,
    may_mend: bool,
) -> SourceNow:
    provider = provider_of(source)
    feeds, title = (provider.feeds, provider.title) if provider else ("", source.provider)
    reads = [stream.succeeded_at for stream in _fresh(streams)]
    state, word = _state(source, streams, dead, now)
    return SourceNow(
        pk=source.pk,
        name=source.name,
        detail=_detail(source, title, getattr(provider, "guide", None)),
        url=source.get_absolute_url(),
        state=state,
        word=word,
        read_at=min(at for at in reads if at) if reads and all(reads) else None,
        days=[
            "none" if day is None else "late" if not day.reads else "part" if day.failures else "ok" for day in account
        ],
        rows=rows,
        feeds=feeds,
        progress=_progress(streams, now) if state == "busy" else None,
        error=_error(source, streams, may_mend),
        notes=[note for stream in streams for note in stream.notes],
        dead=dead,
        paused=source.paused_at is not None,
        stopped_at=min(
            (one.error_at for one in streams if one.error and one.error_at), default=source.inbox_stopped_at
        ),
    )


def _detail(source: Source, title: str, guide: Guide | None) -> str:
    """As "GitHub, api.github.com, 3 repositories"."""
    chosen = source.settings.get(guide.chooses) if guide and guide.chooses else None
    parts = [title if source.name != title else "", source.address.removeprefix("https://")]
    if isinstance(chosen, list) and guide:
        parts.append(f"1 {guide.chooses.removesuffix('s').replace('repositorie', 'repository')}" if len(chosen) == 1
                     else f"{len(chosen)} {guide.chooses}")  # fmt: skip
    elif guide and guide.chooses:
        parts.append(f"all {guide.chooses}")
    return ", ".join(part for part in parts if part) or title


def _state(source: Source, streams: list[Stream], dead: int, now: datetime) -> tuple[str, str]:
    """(shape, word): the worst of the streams."""
    if source.paused_at:
        return "none", "Paused"
    if any(stream.dead_at for stream in streams) or source.inbox_stopped_at:
        return "late", "Stopped"
    if any(stream.error and not is_being_read(stream, now) for stream in streams):
        return "late", "Failing"
    if any(is_being_read(stream, now) for stream in streams):
        return "busy", "Reading"
    if any(stream.blocked_until and stream.blocked_until > now for stream in streams):
        return "risk", "Waiting for the provider"
    fresh = _fresh(streams)
    if not fresh:
        if not source.heard_at and not source.settings.get("imported_at"):
            return "none", "Waiting for its first event"
        return ("risk", f"{dead} not read") if dead else ("ok", "Up to date")
    if not all(stream.succeeded_at for stream in fresh):
        return "busy" if any(stream.cursor.get("run") for stream in fresh) else "none", "Waiting for a worker"
    patience = timedelta(seconds=3 * settings.READ_EVERY_SECONDS)
    if any(stream.due_at + patience < now for stream in fresh):
        return "late", "No worker"
    return ("risk", f"{dead} not read") if dead else ("ok", "Up to date")


def _fresh(streams: list[Stream]) -> list[Stream]:
    """The streams of what is new: the past, and working out anew, come to an end and are not due again."""
    return [one for one in streams if one.lane == Stream.Lane.FRESH and one.ended_at is None]


def is_being_read(stream: Stream, now: datetime) -> bool:
    return stream.lease_until is not None and stream.lease_until > now


def _progress(streams: list[Stream], now: datetime) -> dict[str, Any] | None:
    at_work = [one for one in streams if is_being_read(one, now)] or [one for one in streams if one.cursor.get("run")]
    if not at_work:
        return None
    stream = min(at_work, key=lambda one: one.lane == Stream.Lane.BACKFILL)  # what is new comes first
    _, left = progress_of(stream, now)
    phase = stream.cursor.get("run", {}).get("phase", "")
    order = ["commits", "deployments", "gone"]
    parts = []
    if phase in order:
        for number, label in enumerate(["Commits", "Deployments", "Tidying up"]):
            place = order.index(phase)
            parts.append(
                {"label": label, "state": "done" if number < place else "now" if number == place else "", "note": ""}
            )
    else:
        parts = [_part(one, now) for one in streams if one.lane == stream.lane and one.kind not in OURS]
    doing = stream.doing or label_of(stream.kind).lower()
    past = " of the past" if stream.lane == Stream.Lane.BACKFILL else ""
    return {
        "title": f"Reading: {doing}{past}", "done": stream.read, "total": stream.total, "left": left,
        "note": "You can leave this page", "parts": parts,
    }  # fmt: skip


def _part(stream: Stream, now: datetime) -> dict[str, str]:
    share, _ = progress_of(stream, now)
    done = bool(stream.ended_at or (stream.lane == Stream.Lane.FRESH and stream.succeeded_at))
    at_work = is_being_read(stream, now)
    note = "" if not at_work else f"{share:.0%}" if share else ui.count(stream.read) if stream.read else ""
    return {"label": label_of(stream.kind), "state": "now" if at_work else "done" if done else "", "note": note}


def _error(source: Source, streams: list[Stream], may_mend: bool) -> dict[str, Any] | None:
    stream = next((one for one in streams if one.error), None)
    if source.paused_at:
        return None
    if stream is None:
        if not source.inbox_stopped_at:
            return None
        action = {"word": "Go on reading", "url": reverse("metrics:pause_source", args=[source.pk]), "post": True}
        return {
            "title": "Too many events could not be read, so this source waits.",
            "body": "Nothing is lost: the events are kept. Go on when the cause is mended.",
            "action": action if may_mend else None,
        }
    tries = "It gave up; it waits for you."
    if not stream.dead_at:
        tries = f"{ui.plural(max(stream.failures, stream.attempts, 1), 'try,tries')}, next {ui.instant(stream.due_at)}"
    action = {"word": "Read again", "url": reverse("metrics:read_now", args=[source.pk]), "post": True}
    guide = getattr(provider_of(source), "guide", None)
    mends = may_mend and guide is not None and bool(guide.token)
    return {
        "pk": source.pk,
        "token": guide.token if guide else "",
        "token_where": guide.token_where if guide else "",
        "token_url": reverse("metrics:renew_token", args=[source.pk]),
        "form_template": "metrics/token_form.html" if mends else "",
        "title": stream.error,
        "body": stream.error_advice,
        "affects": _affects(source, stream),
        "tries": tries,
        "detail": stream.error_detail[:300],
        "action": action if may_mend else None,
    }


def _affects(source: Source, stream: Stream) -> str:
    feeds = getattr(provider_of(source), "feeds", "") or "Everything"
    return f"{feeds}, since {ui.instant(stream.succeeded_at)}" if stream.succeeded_at else "Nothing was read yet"


def sentence(sources: list[SourceNow]) -> str:
    """The page's first line."""
    if not sources:
        return "No source is connected, so nothing is measured here yet."
    stopped = [one for one in sources if one.is_stopped]
    paused = [one for one in sources if one.paused]
    well = [one for one in sources if one.state in ("ok", "busy")]
    if stopped:
        worst = stopped[0]
        since = f" since {ui.weekday(worst.stopped_at)}" if worst.stopped_at else ""
        others = f" and {ui.plural(len(stopped) - 1, 'other,others')}" if len(stopped) > 1 else ""
        verb = "needs" if len(stopped) == 1 else "need"
        what = (
            worst.feeds[:1].lower() + worst.feeds[1:] if worst.feeds and not others else "the numbers that rest on them"
        )
        head = f"{len(well)} of {len(sources)} sources are up to date. " if len(sources) > 1 and well else ""
        return f"{head}{worst.name}{others} {verb} attention, so {what} may be incomplete{since}."
    reading = [one for one in sources if one.is_reading]
    if reading:
        if len(sources) == 1:
            return "The source is being read now."
        verb = "is" if len(reading) == 1 else "are"
        return f"{len(reading)} of {ui.plural(len(sources), 'source,sources')} {verb} being read now."
    if paused:
        verb = "is" if len(paused) == 1 else "are"
        return (
            f"{len(paused)} of {ui.plural(len(sources), 'source,sources')} {verb} paused; nothing new comes from there."
        )
    waiting = [one for one in sources if one not in well]
    if waiting:
        verb = "waits" if len(waiting) == 1 else "wait"
        return f"{len(waiting)} of {ui.plural(len(sources), 'source,sources')} {verb}: see the state of each."
    if len(sources) <= 2:
        return "The source is up to date." if len(sources) == 1 else "Both sources are up to date."
    return f"All {len(sources)} sources are up to date."


def rows_stored(source: Source) -> dict[str, int]:
    """How many facts of each kind are held from `source`."""
    return {
        "changes": source.changes.filter(superseded_at=None).count(),
        "deployments": source.deployments.filter(superseded_at=None).count(),
        "incidents": source.incidents.filter(superseded_at=None).count(),
        "superseded": source.changes.exclude(superseded_at=None).count()
        + source.deployments.exclude(superseded_at=None).count(),
        "rows": SourceDay.objects.filter(source=source).aggregate(n=Sum("rows"))["n"] or 0,
    }
