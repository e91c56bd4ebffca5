"""A report as it is read: sections of typed blocks, worded for one audience. Pure; what every rendering is made from.

A cell carries the words that are printed and, where there is one, the value behind them, so that a workbook can hold
dates and money as such. Renderings decide how it looks, never what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Kind = Literal["text", "status", "date", "money", "percent", "count", "days"]
Tone = Literal["", "ok", "risk", "late", "delivered", "none"]
Value = date | datetime | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph. `key` names words that a director may edit; `edited` marks that somebody did."""

    words: str
    key: str = ""
    edited: bool = False
    role: Literal["body", "lead", "note"] = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Words, and the value behind them: cents for money, 0–1 for percent, None for words only.

    `key` and `note_key` name words that a director may edit; a cell with a value has no `key`.
    """

    words: str = ""
    value: Value = None
    tone: Tone = ""
    note: str = ""  # a second, lighter line under the words
    strong: bool = False
    url: str = ""
    currency: str = ""  # of money, where it is not the column's
    key: str = ""
    edited: bool = False
    note_key: str = ""
    note_edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`width` is a share of the row; columns without words at the head are narrow marks. Without `page` only a workbook
    has it."""

    name: str
    kind: Kind = "text"
    width: float = 1.0
    currency: str = ""
    page: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`more` counts rows that a page leaves out; a workbook holds all of `rows`. `empty` says why there are none.

    With `most` 0 the table belongs to the workbook alone: a page says the same otherwise, and counts nothing.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    most: int | None = None  # rows that a page shows
    empty: str = ""
    heads: bool = True  # whether a page prints the heads of the columns

    @property
    def shown(self) -> tuple[tuple[Cell, ...], ...]:
        return self.rows if self.most is None else self.rows[: self.most]

    @property
    def more(self) -> int:
        return 0 if self.most == 0 else len(self.rows) - len(self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the large figures under the bottom line."""

    label: str
    words: str
    value: Value = None
    kind: Kind = "text"
    note: str = ""
    tone: Tone = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    key: str
    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One week of the forecast of a deadline."""

    label: str  # "47"
    monday: date
    even: date
    sure: date
    even_words: str = ""
    sure_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftChart:
    """The forecast of the nearest deadline, week by week, against its day and the window in which a penalty runs."""

    key: str
    title: str  # the finding
    points: tuple[Point, ...]
    deadline: date
    deadline_words: str  # "1 Jan deadline"
    penalty_from: date | None = None
    penalty_words: str = ""  # "Penalty window, $18,000 a day"
    even_words: str = ""  # "8 Jan even odds"
    sure_words: str = ""  # "19 Jan 85% sure"
    first_label: str = ""  # "Week 36"
    alt: str = ""  # what the chart shows, for those who do not see it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One option: its expected penalty and cost, in cents."""

    label: str
    words: str  # "$81k + $24k cost"
    note: str = ""  # "45% on time"
    penalty: int | None = None
    cost: int | None = None
    tone: Tone = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    key: str
    title: str
    bars: tuple[Bar, ...]
    currency: str = "USD"
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """A small line of one measure: `values` oldest first, None where nothing was measured."""

    label: str
    words: str  # the last figure
    first_words: str = ""
    note: str = ""  # "7 slower"
    tone: Tone = ""
    values: tuple[float | None, ...] = ()
    first_label: str = ""  # "week 36"
    last_label: str = ""  # "47"
    unit: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparks:
    key: str
    items: tuple[Spark, ...]


Block = Text | Table | Figures | DriftChart | BarChart | Sparks


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`page` is the sheet on which it belongs. The bottom line's section has no title."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`digest` is of the fact base, `state` as a reader must know it: "Draft", "Superseded by …", "" once sent."""

    audience: str  # "finance" or "engineering"
    organisation: str
    team: str
    title: str  # "Status report for week 47, 16–22 November 2026"
    headline: Text
    sections: tuple[Section, ...]
    as_of: datetime
    as_of_words: str  # "Facts as known on Mon 23 Nov 2026, 07:55"
    prepared: str = ""  # "Prepared by Maya Lindqvist, Director of Product Engineering"
    digest: str = ""
    state: str = ""
    zone: str = "UTC"
    url: str = ""  # where the report itself can be opened
    logo: bytes | None = None  # PNG or JPEG, checked when it was stored
    paper: str = "a4"  # or "us-letter"

    def section(self, key: str) -> Section | None:
        return next((one for one in self.sections if one.key == key), None)

    def blocks(self) -> Iterator[tuple[Section, Block]]:
        for one in self.sections:
            for block in one.blocks:
                yield one, block

    def tables(self) -> list[Table]:
        return [block for _, block in self.blocks() if isinstance(block, Table)]
