"""Charts as the tables behind them, for the forms that draw none, and the words that stand beside every form. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from stakeholders.reports.document import (
    BarChart,
    Block,
    Cell,
    Column,
    Document,
    DriftChart,
    Figures,
    Sparks,
    Table,
    Text,
)


def table_of(block: Block) -> Table | None:
    """What a chart shows, in rows; a table itself; None for words."""
    if isinstance(block, Table):
        return block
    if isinstance(block, DriftChart):
        return _drift(block)
    if isinstance(block, BarChart):
        return _bars(block)
    if isinstance(block, Sparks):
        return _sparks(block)
    return None


def paged(block: Block) -> Table | None:
    """The same as a page shows it, without the columns that only a workbook has; None when a page says it otherwise."""
    table = table_of(block)
    if table is None or (table.most == 0 and table.rows):
        return None
    kept = [index for index, column in enumerate(table.columns) if column.page]
    if len(kept) == len(table.columns):
        return table
    return replace(
        table,
        columns=tuple(table.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in table.rows),
    )


def headed(table: Table) -> bool:
    """Whether a page prints the heads of the columns."""
    return table.heads and any(column.name for column in table.columns)


def _drift(chart: DriftChart) -> Table:
    columns = (
        Column(name="Week", width=0.5), Column(name="Even odds", kind="date"), Column(name="85% sure", kind="date"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(words=one.label),
            Cell(words=one.even_words or day(one.even), value=one.even),
            Cell(words=one.sure_words or day(one.sure), value=one.sure),
        )
        for one in chart.points
    )
    return Table(key=chart.key, title=chart.title, columns=columns, rows=rows, empty="No forecast yet.")


def lines_of(chart: DriftChart) -> list[str]:
    """What a drift chart says beside its points: the deadline, and from when on a penalty runs."""
    found = [one for one in (chart.even_words, chart.sure_words) if one]
    found.append(f"{chart.deadline_words or 'Deadline'}: {day(chart.deadline)}")
    if chart.penalty_from is not None:
        found.append(f"{chart.penalty_words or 'Penalty'}: from {day(chart.penalty_from)}")
    return found


def _bars(chart: BarChart) -> Table:
    columns = (Column(name="Option", width=2), Column(name="Expected", width=1.5), Column(name="", width=1))
    rows = tuple(
        (Cell(words=one.label, tone=one.tone), Cell(words=one.words), Cell(words=one.note)) for one in chart.bars
    )
    return Table(key=chart.key, title=chart.title, columns=columns, rows=rows, empty="There are no options to compare.")


def _sparks(block: Sparks) -> Table:
    columns = (
        Column(name="Measure", width=1.6), Column(name="Now"), Column(name="Change", width=1.2),
        Column(name="At first", width=1.2),
    )  # fmt: skip
    rows = []
    for one in block.items:
        since = f"{one.first_words} ({one.first_label})" if one.first_words and one.first_label else one.first_words
        now = f"{one.words} ({one.last_label})" if one.last_label and one.words else one.words
        rows.append(
            (
                Cell(words=one.label),
                Cell(words=now, strong=True),
                Cell(words=one.note, tone=one.tone),
                Cell(words=since),
            )
        )
    return Table(key=block.key, title="", columns=columns, rows=tuple(rows), empty="Nothing was measured.")


def values_of(block: Block) -> Table | None:
    """The same with the values behind it, as a workbook holds them."""
    if isinstance(block, BarChart):
        return _bar_values(block)
    if isinstance(block, Sparks):
        return _spark_values(block)
    if isinstance(block, Figures):
        return _figures(block)
    return table_of(block)


def _bar_values(chart: BarChart) -> Table:
    money = chart.currency
    columns = (
        Column(name="Option", width=3), Column(name="In words", width=1.5), Column(name="Chance", width=1.5),
        Column(name="Expected penalty", kind="money", currency=money),
        Column(name="Cost", kind="money", currency=money),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(words=one.label), Cell(words=one.words), Cell(words=one.note),
            Cell(value=one.penalty), Cell(value=one.cost),
        )
        for one in chart.bars
    )  # fmt: skip
    return Table(key=chart.key, title=chart.title, columns=columns, rows=rows)


def _spark_values(block: Sparks) -> Table:
    weeks = max((len(one.values) for one in block.items), default=0)
    labels = next(((one.first_label, one.last_label) for one in block.items if len(one.values) == weeks), ("", ""))
    names = [f"{weeks - index - 1} weeks before" for index in range(weeks)]
    if weeks:
        names[0] = labels[0] or names[0]
        names[-1] = labels[1] or "last"
    plain = [Column(name=name, width=1.4) for name in ("Measure", "Unit", "Now", "Change", "At first")]
    columns = (*plain, *(Column(name=name, kind="count", width=0.8) for name in names))
    rows = []
    for one in block.items:
        values = (None,) * (weeks - len(one.values)) + one.values
        said = [Cell(words=words) for words in (one.label, one.unit, one.words, one.note, one.first_words)]
        rows.append((*said, *(Cell(value=value) for value in values)))
    return Table(key=block.key, title="Measures by week", columns=columns, rows=tuple(rows))


def _figures(block: Figures) -> Table:
    columns = (Column(name="Figure", width=2), Column(name="In words", width=1.5), Column(name="Note", width=2))
    rows = tuple((Cell(words=one.label), Cell(words=one.words), Cell(words=one.note)) for one in block.items)
    return Table(key=block.key, title="Figures", columns=columns, rows=rows)


def more(table: Table) -> str:
    """What a page leaves out; "" if nothing."""
    return f"{table.more:,} more in the workbook." if table.more else ""


def notes(document: Document) -> list[str]:
    """How to read the report: as of when, of which record, and what the words mean."""
    found = [document.as_of_words, document.prepared, document.state]
    found += [f"Record {document.digest}" if document.digest else "", document.url]
    for _, block in document.blocks():
        if isinstance(block, Text) and block.role == "note":
            found.append(block.words)
    return [one for one in found if one]


def day(value: date) -> str:
    """ "8 Jan 2027"."""
    return f"{value.day} {value:%b} {value.year}"
