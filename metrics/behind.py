"""The table behind a number: a page of rows that add up to it, and the same rows as CSV."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet

from teams.csv_cells import lines
from teams.templatetags import ui

from . import charts, drilldown, sentences
from .catalogue import Measure
from .periods import Week
from .rows import ChangeRow, DeploymentRow, IncidentRow, change_rows, deployment_rows, incident_rows

PAGE = 50
FOLD = 14  # so many rows are shown without folding the lesser ones away
CHUNK = 500
Row = ChangeRow | DeploymentRow | IncidentRow


@dataclass(frozen=True)
class Behind:
    """The rows of one measure, of some teams, in one week; or those it left out."""

    measure: Measure
    teams: Collection[int]
    week: Week
    left_out: bool = False

    @property
    def kind(self) -> str:
        return {"lead-time": "changes", "time-to-restore": "incidents"}.get(self.measure.slug, "deployments")

    def query(self) -> QuerySet[Any]:
        """In the order of the table: what weighs most first."""
        if self.kind == "changes":
            return drilldown.changes(self.teams, self.week, left_out=self.left_out)
        if self.kind == "incidents":
            found = drilldown.incidents(self.teams, self.week)
            return found.none() if self.left_out else found
        if self.left_out:
            return drilldown.attempts_left_out(self.teams, self.week)
        first = {"change-failure-rate": ["-failed"], "rework-rate": ["-unplanned"]}.get(self.measure.slug, [])
        return drilldown.deployments(self.teams, self.week).order_by(*first, "-finished_at", "-pk")

    @property
    def left_out_count(self) -> int:
        """Attempts to deploy that count nowhere."""
        return drilldown.attempts_left_out(self.teams, self.week).count()

    def open_rows(self, now: datetime) -> list[IncidentRow]:
        """Incidents that are not over, oldest first; the newest are cut off after a page."""
        return incident_rows(drilldown.open_incidents(self.teams, self.week, now)[:PAGE], now)

    def rows(self, found: Sequence[Any], now: datetime) -> list[Any]:
        if self.kind == "changes":
            return list(change_rows(found))
        return list(incident_rows(found, now) if self.kind == "incidents" else deployment_rows(found))

    # --- a page -----------------------------------------------------------------------------------------------------

    def page(self, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """Up to 50 rows; of a number that fits on one page only those that weigh most, unless all are asked for."""
        query = self.query()
        count = query.count()
        paginator = Paginator(query, PAGE)
        paginator.count = count  # counted once
        page = paginator.get_page(params.get("page"))
        rows = self.rows(list(page.object_list), now)
        middle = self._middle(count)
        offset = page.start_index() - 1 if count else 0
        unit = self._unit(rows, {place - offset for place in middle})
        head = len(rows) if params.get("all") == "1" else self._head(rows, count)
        return {
            "kind": self.kind,
            "left_out": self.left_out,
            "count": count,
            "lines": [self._line(row, offset + place in middle, unit) for place, row in enumerate(rows[:head])],
            "folded": len(rows) - head,
            "fold_word": self._fold_word(len(rows) - head, rows[:head]),
            "fold_note": self._fold_note(rows) if self.kind == "changes" and rows else "",
            "page": page,
            "what": self._events(count),
            "title": self._title(count),
            "sub": self._sub(count, middle),
            "median_page": min(middle) // PAGE + 1 if middle and count > PAGE else None,
            "unit": unit,
            "scale": max((row.lead or timedelta() for row in rows), default=None) if self.kind == "changes" else None,
        }

    def _middle(self, count: int) -> set[int]:
        """Places of the row at the median, or of the two around it."""
        timed = self.measure.sort == "time" and count and not self.left_out
        return {(count - 1) // 2, count // 2} if timed else set()

    def _head(self, rows: Sequence[Any], count: int) -> int:
        if self.left_out or not FOLD < count <= PAGE or self.measure.sort == "count":
            return len(rows)
        if self.measure.sort == "time":
            return count // 2 + 1
        return sum(self._hit(row) for row in rows) or FOLD

    def _hit(self, row: Any) -> bool:
        """Whether a deployment is in the upper half of the share."""
        return bool({"change-failure-rate": row.failed, "rework-rate": row.unplanned}.get(self.measure.slug, False))

    def _line(self, row: Any, middle: bool, unit: charts.Unit) -> dict[str, Any]:
        line: dict[str, Any] = {"row": row, "middle": middle}
        if self.kind == "deployments":
            return line | {"hit": self._hit(row)}
        span = charts.seconds(row.lead if self.kind == "changes" else row.span)
        return line | {"text": unit.text(span), "parts": self.kind == "changes" and list(sentences.parts(row.parts))}

    def _fold_word(self, folded: int, shown: Sequence[Any]) -> str:
        number = ui.count(folded)
        if self.measure.sort == "time":
            return f"Show the {number} {'faster' if self.kind == 'changes' else 'shorter'} {self._events(folded)}"
        if not any(self._hit(row) for row in shown):
            return f"Show {number} more {self._events(folded)}"
        return f"Show the {number} that {'held' if self.measure.slug == 'change-failure-rate' else 'were planned'}"

    def _fold_note(self, rows: Sequence[ChangeRow]) -> str:
        return f"fastest: {ui.duration(rows[-1].lead)}, {rows[-1].title}, {rows[-1].team}"

    def _events(self, count: int) -> str:
        one, many = ("attempt", "attempts") if self.left_out and self.kind == "deployments" else self.measure.events
        return one if count == 1 else many

    def _title(self, count: int) -> str:
        counted = f"{ui.count(count)} {self._events(count)}"
        if self.left_out:
            return f"{counted} left out of week {self.week.number}"
        if not count:
            return f"No {self._events(0)} behind week {self.week.number}"
        return f"The {counted if count != 1 else self._events(1)} behind week {self.week.number}"

    def _sub(self, count: int, middle: set[int]) -> str:
        if self.left_out:
            return "in no count of this page"
        if self.measure.sort == "count":
            return "newest first"
        if self.measure.sort == "share":
            return f"those that {'failed' if self.measure.slug == 'change-failure-rate' else 'were unplanned'} first"
        first = "slowest first" if self.kind == "changes" else "longest first"
        if count < 2:
            return ""
        places = sorted(middle)
        if len(places) == 1:
            return f"{first}; the {ordinal(places[0] + 1)} of {ui.count(count)} is the median"
        around = f"the {ordinal(places[0] + 1)} and the {ordinal(places[1] + 1)} of {ui.count(count)}"
        return f"{first}; the median lies between {around}"

    def _unit(self, rows: Sequence[Any], middle: Collection[int]) -> charts.Unit:
        """One unit for the column: the one in which the median is written; on a page without it, that page's own."""
        spans = [charts.seconds(getattr(row, "lead" if self.kind == "changes" else "span", None)) for row in rows]
        return charts.unit_of(self.measure, [spans[at] for at in middle if 0 <= at < len(spans)] or spans)

    # --- CSV --------------------------------------------------------------------------------------------------------

    def csv_lines(self, now: datetime) -> Iterator[str]:
        """Every row, as it comes from the database, under a line of names."""
        return lines(CSV[self.kind], self._cells(now))

    def _cells(self, now: datetime) -> Iterator[list[Any]]:
        found = self.query().iterator(chunk_size=CHUNK)
        while chunk := list(islice(found, CHUNK)):
            for row in self.rows(chunk, now):
                yield cells(row)


CSV: dict[str, Sequence[str]] = {
    "changes": (
        "change", "sha", "squad", "service", "first commit", "in production", "coding hours", "pickup hours",
        "review hours", "waiting to deploy hours", "lead time hours", "deployment", "tied to it by", "left out because",
        "address",
    ),
    "deployments": (
        "deployment", "sha", "squad", "service", "finished", "changes", "failed", "shown by", "unplanned", "answer",
        "answer to", "left out because", "address",
    ),
    "incidents": (
        "incident", "squad", "service", "severity", "started", "resolved", "hours", "deployment", "tied to it by",
        "recovery hours", "address",
    ),
}  # fmt: skip


def cells(row: Row) -> list[Any]:
    """One row as CSV wants it: times in the organisation's zone, spans in hours."""
    if isinstance(row, ChangeRow):
        parts = row.parts
        return [
            row.title, row.sha, row.team, row.service, _at(row.first_commit_at), _at(row.deployed_at),
            *(_hours(part.value) for part in (parts.coding, parts.pickup, parts.review, parts.waiting)),
            _hours(row.lead), row.deployment, "time" if row.by_time else "ancestry", row.why, ui.safe_url(row.url),
        ]  # fmt: skip
    if isinstance(row, DeploymentRow):
        shown = "; ".join(f"{one.word}: {one.title}" for one in row.evidence)
        return [
            row.title, row.sha, row.team, row.service, _at(row.finished_at), row.changes, _yes(row.failed), shown,
            _yes(row.unplanned), row.answer, row.answered, row.why, ui.safe_url(row.url),
        ]  # fmt: skip
    return [
        row.title, row.team, row.service, row.severity, _at(row.started_at), _at(row.resolved_at), _hours(row.span),
        row.deployment, row.how, _hours(row.recovery), ui.safe_url(row.url),
    ]  # fmt: skip


def _at(at: datetime | None) -> str:
    return at.astimezone(settings.ORGANISATION_ZONE).isoformat(timespec="seconds") if at else ""


def _hours(span: timedelta | None) -> float | str:
    return "" if span is None else round(span.total_seconds() / 3600, 4)


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def ordinal(number: int) -> str:
    """1 → "1st", 12 → "12th"."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{ui.count(number)}{ending}"
