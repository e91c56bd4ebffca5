"""A document as sheets of a page: blocks with the name of their kind, charts drawn, columns that a page has.

The templates `stakeholders/report_sheet*.html` show a `Sheet` anywhere: within the product or on a page for readers
without a log-in. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from .document import BarChart, Cell, Column, Document, DriftChart, Figures, Section, Sparks, Table, Text

WIDTH, HEIGHT, TOP = 276.0, 180.0, 6.0
LABELS = 128.0  # room at the right of the line
ROOM = 16.0  # between two labels
BARS = 150.0


@dataclass(frozen=True, slots=True)
class Label:
    y: float
    strong: str
    words: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A drift chart in its own pixels. `wash`: down to where the penalty runs."""

    band: str
    line: str
    dot: tuple[float, float]
    deadline: float
    wash: float | None
    late: bool
    labels: tuple[Label, ...]
    ticks: tuple[tuple[float, str, str], ...]
    width: float = WIDTH
    height: float = HEIGHT
    whole: float = WIDTH + LABELS


@dataclass(frozen=True, slots=True)
class Drawn:
    label: str
    words: str
    note: str
    tone: str
    penalty: float
    cost: float


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is text, figures, drift, bars, sparks or table; `what` the block of the document; `drawn` its picture."""

    kind: str
    what: Any
    drawn: Any = None
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[tuple[Column, Cell], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A section, with its charts side by side where there are two."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Editing:
    """For who may edit the words: where, which words are open, and what was typed when it was refused."""

    url: str  # of this report for this audience
    save: str
    open: str = ""  # key
    typed: str | None = None
    error: str = ""
    computed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    document: Document
    pages: tuple[tuple[Part, ...], ...]

    @property
    def count(self) -> int:
        return len(self.pages)


def sheet(document: Document) -> Sheet:
    numbers = sorted({one.page for one in document.sections})
    pages = (tuple(_part(one) for one in document.sections if one.page == number) for number in numbers)
    return Sheet(document, tuple(tuple(part for part in page if part.blocks) for page in pages))


def _part(section: Section) -> Part:
    return Part(section.key, section.title, tuple(made for one in section.blocks if (made := _block(one)) is not None))


def _block(block: Any) -> Block | None:
    """None for what belongs to a workbook alone."""
    if isinstance(block, Text):
        return Block("text", block) if block.words else None
    if isinstance(block, Figures):
        return Block("figures", block) if block.items else None
    if isinstance(block, DriftChart):
        return Block("drift", block, _line(block)) if len(block.points) > 1 else None
    if isinstance(block, BarChart):
        return Block("bars", block, _bars(block)) if block.bars else None
    if isinstance(block, Sparks):
        return Block("sparks", block) if block.items else None
    assert isinstance(block, Table)  # noqa: S101 (the last kind)
    return _table(block) if block.most != 0 else None


def _table(table: Table) -> Block:
    shown = [place for place, one in enumerate(table.columns) if one.page]
    columns = tuple(table.columns[place] for place in shown)
    rows = tuple(tuple((table.columns[place], row[place]) for place in shown) for row in table.shown)
    return Block("table", table, None, columns, rows)


# --- drawings --------------------------------------------------------------------------------------------------------


def _line(chart: DriftChart) -> Line:
    days = [chart.deadline, *(one.even for one in chart.points), *(one.sure for one in chart.points)]
    low, high = min(days) - timedelta(days=3), max(days) + timedelta(days=3)
    first, last = chart.points[0], chart.points[-1]
    whole = max((last.monday - first.monday).days, 1)

    def y(day: date) -> float:
        return round(HEIGHT - (day - low).days / max((high - low).days, 1) * (HEIGHT - TOP), 1)

    def x(monday: date) -> float:
        return round((monday - first.monday).days / whole * WIDTH, 1)

    evens = [(x(one.monday), y(one.even)) for one in chart.points]
    sures = [(x(one.monday), y(one.sure)) for one in chart.points]
    late = last.even > chart.deadline
    labels = (
        _label(y(last.sure), chart.sure_words, ""),
        _label(y(last.even), chart.even_words, "late" if late else ""),
        _label(y(chart.deadline), chart.deadline_words, "deadline"),
    )
    return Line(
        band=_points([*evens, *reversed(sures)]), line=_points(evens), dot=evens[-1], deadline=y(chart.deadline),
        wash=y(chart.penalty_from - timedelta(days=1)) if chart.penalty_from else None, late=late,
        labels=_apart(labels), ticks=_ticks([(x(one.monday), one.label) for one in chart.points], chart.first_label),
    )  # fmt: skip


def _label(y: float, words: str, tone: str) -> Label:
    """The day in strong letters, what it is in lighter ones: "8 Jan even odds"."""
    day, month, *rest = [*words.split(" "), "", ""]
    return Label(y, f"{day} {month}".strip(), " ".join(rest).strip(), tone)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _apart(labels: Sequence[Label]) -> tuple[Label, ...]:
    """From the top down, so that none covers another; back up where they would leave the drawing."""
    placed: list[Label] = []
    for one in sorted(labels, key=lambda one: one.y):
        at = max(one.y, placed[-1].y + ROOM if placed else TOP + 6)
        placed.append(Label(at, one.strong, one.words, one.tone))
    over = max(placed[-1].y - HEIGHT, 0)
    return tuple(Label(round(one.y - over, 1), one.strong, one.words, one.tone) for one in placed)


def _ticks(weeks: Sequence[tuple[float, str]], first: str) -> tuple[tuple[float, str, str], ...]:
    every = max(1, -(-len(weeks) // 3))
    found = []
    for place, (at, label) in enumerate(weeks):
        last = place == len(weeks) - 1
        if last or not (place % every or len(weeks) - 1 - place < every / 2):
            anchor = "start" if place == 0 else "end" if last else "middle"
            found.append((at, anchor, first or label if place == 0 else label))
    return tuple(found)


def _bars(chart: BarChart) -> tuple[Drawn, ...]:
    most = max(((one.penalty or 0) + (one.cost or 0) for one in chart.bars), default=0) or 1
    return tuple(
        Drawn(
            one.label, one.words, one.note, one.tone, round((one.penalty or 0) / most * BARS, 1),
            round((one.cost or 0) / most * BARS, 1),
        )
        for one in chart.bars
    )  # fmt: skip
