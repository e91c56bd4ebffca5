"""Plain text in 80 columns, for mail programs that show no more and for terminals."""

from __future__ import annotations

import textwrap
import unicodedata

from stakeholders.reports.cleaning import clean, plain
from stakeholders.reports.document import Block, Document, DriftChart, Figures, Table, Text
from stakeholders.reports.facts import FactBase

from .tabled import headed, lines_of, more, paged

WIDTH = 80
GAP = 2
LEAST = 6
NUMBERS = ("date", "money", "percent", "count", "days")  # kinds of columns that stand to the right
MARKS = {"ok": "●", "risk": "▲", "late": "◆", "delivered": "✓", "none": "◌"}


def render(document: Document, facts: FactBase) -> bytes:
    said = [*_wrapped(f"{document.organisation} · {document.team}"), *_wrapped(document.title)]
    said += _wrapped(document.state.upper()) if document.state else []
    said += ["=" * WIDTH, "", *_wrapped(document.headline.words), ""]
    for section in document.sections:
        if section.title:
            title = _wrapped(section.title)
            said += [*title, "-" * max(wide(one) for one in title), ""]
        for block in section.blocks:
            lines = _block(block)
            said += [*lines, ""] if lines else []
    said += ["=" * WIDTH]
    for words in (document.as_of_words, document.prepared, f"Record {document.digest}" if document.digest else ""):
        said += _wrapped(words) if words else []
    said += [plain(document.url)] if document.url else []
    return ("\n".join(one.rstrip() for one in said).strip() + "\n").encode()


def _block(block: Block) -> list[str]:
    if isinstance(block, Text):
        return _wrapped(block.words)
    if isinstance(block, Figures):
        found = []
        for one in block.items:
            note = f" ({plain(one.note)})" if one.note else ""
            found += _wrapped(f"{plain(one.label)}: {plain(one.words)}{note}")
        return found
    table = paged(block)
    if table is None:
        return []
    found = _wrapped(table.title) if table.title and not isinstance(block, Table) else []
    found += _table(table)
    if isinstance(block, DriftChart):
        for words in lines_of(block):
            found += _wrapped(words)
    return found


def _table(table: Table) -> list[str]:
    if not table.rows:
        return _wrapped(table.empty or "None.")
    rows = [[_cell(cell.words, cell.tone, cell.note) for cell in row] for row in table.shown]
    heads = [[plain(one.name)] for one in table.columns] if headed(table) else []
    widths = _widths([*([heads] if heads else []), *rows])
    right = [one.kind in NUMBERS and index > 0 for index, one in enumerate(table.columns)]
    found = []
    if heads:
        found += [*_row(heads, widths, right), " ".join("-" * (width + 1) for width in widths)[:WIDTH]]
    for row in rows:
        found += _row(row, widths, right)
    return found + (_wrapped(more(table)) if table.more else [])


def _cell(words: str, tone: str, note: str) -> list[str]:
    mark = MARKS.get(tone, "")
    return [one for one in (f"{mark} {plain(words)}".strip() if mark else plain(words), plain(note)) if one]


def _widths(rows: list[list[list[str]]]) -> list[int]:
    """Each column as wide as it likes to be, the widest cut down until the row fits."""
    liked = [max((wide(one) for row in rows for one in row[index]), default=0) for index in range(len(rows[0]))]
    widths = [max(one, 1) for one in liked]
    room = WIDTH - GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths) > LEAST:
        widest = widths.index(max(widths))
        second = max((one for one in widths if one < widths[widest]), default=LEAST)
        same = widths.count(widths[widest])
        widths[widest] = max(LEAST, second, widths[widest] - (sum(widths) - room)) if same == 1 else widths[widest] - 1
    return widths


def _row(row: list[list[str]], widths: list[int], right: list[bool]) -> list[str]:
    cells = [
        [part for words in cell for part in _wrapped(words, width)] for cell, width in zip(row, widths, strict=True)
    ]
    found = []
    for index in range(max(len(one) for one in cells)):
        parts = [one[index] if index < len(one) else "" for one in cells]
        padded = [_padded(*each) for each in zip(parts, widths, right, strict=True)]
        found.append((" " * GAP).join(padded))
    return found


def _padded(words: str, width: int, right: bool) -> str:
    space = " " * max(width - wide(words), 0)
    return space + words if right else words + space


def wide(words: str) -> int:
    """Columns of a terminal that `words` take."""
    if words.isascii():
        return len(words)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words
    )


def _wrapped(words: str, width: int = WIDTH) -> list[str]:
    found = []
    for paragraph in clean(words).split("\n"):
        for one in textwrap.wrap(paragraph, width) or [""]:
            found += [one] if wide(one) <= width else _halved(one, width)
    while found and not found[-1]:
        found.pop()
    return found


def _halved(words: str, width: int) -> list[str]:
    """What wide letters made too long, broken by their width."""
    found = [""]
    for one in words:
        if wide(found[-1] + one) > width:
            found.append("")
        found[-1] += one
    return found
