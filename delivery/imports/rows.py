"""Tables out of bytes: encoding, delimiter, header and rows, each with the line on which it begins. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from .plan import MOST_BYTES, MOST_ROWS, Problem, Unreadable

MOST_IN_A_CELL = 10_000
MOST_COLUMNS = 500
MOST_LINES_IN_A_ROW = 1_000  # more are a quotation mark that nobody closed
DELIMITERS = (",", ";", "\t", "|")

csv.field_size_limit(MOST_BYTES + 1)  # ours is judged below, and named with its place


@dataclass(slots=True)
class Row:
    """One row: the line on which it begins, a text for each column, and what is wrong with it as a row."""

    line: int
    cells: list[str]
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A header and its rows. `names` may repeat, as Jira's do."""

    names: list[str]
    rows: list[Row]
    encoding: str = "UTF-8"
    delimiter: str = ","

    @property
    def read_as(self) -> str:
        mark = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}[self.delimiter]
        return f"{self.encoding}, {mark}"


def decode(raw: bytes) -> tuple[str, str]:
    """The text and the name of its encoding. What is no Unicode is read as Western European, and said so."""
    if len(raw) > MOST_BYTES:
        megabytes = f"{len(raw) / 1e6:,.1f} MB"
        raise Unreadable(f"This file holds {megabytes}; {MOST_BYTES // 1_000_000} MB fit. Split it into several files.")
    for mark, codec, name in (
        (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"), (b"\xff\xfe", "utf-16", "UTF-16"), (b"\xfe\xff", "utf-16", "UTF-16"),
    ):  # fmt: skip
        if raw.startswith(mark):
            return raw.decode(codec, errors="replace"), name
    head = raw[:2000]
    if head[1::2].count(0) > len(head) / 4:
        return raw.decode("utf-16-le", errors="replace"), "UTF-16"
    if head[0::2].count(0) > len(head) / 4:
        return raw.decode("utf-16-be", errors="replace"), "UTF-16"
    try:
        return raw.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252"), "Western European (not Unicode)"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "Western European (not Unicode)"


def sniff(text: str) -> str:
    """The delimiter that occurs most in the header, outside quotation marks."""
    quoted, counts = False, dict.fromkeys(DELIMITERS, 0)
    for sign in text.lstrip("\r\n")[:20_000]:
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "\r\n":
            break
        elif not quoted and sign in counts:
            counts[sign] += 1
    return max(DELIMITERS, key=lambda one: counts[one])


def read(raw: bytes, *, most_rows: int = MOST_ROWS) -> Table:
    """The table. Raises Unreadable for what has no header or rows, is no text, or is too long."""
    text, encoding = decode(raw)
    text = text.replace("\x00", "")
    if raw[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise Unreadable("This is a spreadsheet's own file. Save it as CSV (UTF-8) and choose that file.")
    given, skipped = None, 0
    if text[:4].lower() == "sep=" and len(text) > 5:  # a hint that spreadsheets write
        given, skipped = text[4], 1
        text = text.partition("\n")[2]
    delimiter = given if given in DELIMITERS else sniff(text)
    lines = _rows(text, delimiter, skipped)
    names = next((row.cells for row in lines if any(cell.strip() for cell in row.cells)), None)
    if names is None:
        raise Unreadable("This file is empty. Its first line names the columns, each further line is one row.")
    if len(names) > MOST_COLUMNS:
        raise Unreadable(f"This file has {len(names):,} columns; {MOST_COLUMNS} fit. Leave out those not needed.")
    names = [" ".join(name.split())[:200] for name in names]
    while names and not names[-1]:
        names.pop()
    rows: list[Row] = []
    for row in lines:
        if not any(cell.strip() for cell in row.cells):
            continue
        if len(rows) == most_rows:
            raise Unreadable(f"This file has more than {most_rows:,} rows. Split it into several files.")
        rows.append(_fitted(row, names))
    if not rows:
        raise Unreadable("This file has a header and no rows. Each line under the header is one row.")
    return Table(names, rows, encoding, delimiter)


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            raise Unreadable(f"Line {before + 1 + skipped} cannot be read: {wrong}. Correct it first.") from wrong
        row = Row(before + 1 + skipped, cells)
        if reader.line_num - before > MOST_LINES_IN_A_ROW:
            what = f"This row reaches over {reader.line_num - before:,} lines. A quotation mark in it is never closed."
            row.problems.append(Problem.at(row.line, "", cells[0], what))
        before = reader.line_num
        yield row


def _fitted(row: Row, names: list[str]) -> Row:
    """As many cells as there are columns; what does not fit is a problem."""
    extra = [cell for cell in row.cells[len(names) :] if cell.strip()]
    if extra:
        what = (
            f"This row has {len(names) + len(extra)} cells, the header {len(names)}. "
            "Put a cell that holds the delimiter into quotation marks."
        )
        row.problems.append(Problem.at(row.line, f"after {names[-1]}", extra[0], what))
    cells = [cell.strip() for cell in row.cells[: len(names)]]
    cells += [""] * (len(names) - len(cells))
    for index, cell in enumerate(cells):
        if len(cell) > MOST_IN_A_CELL:
            what = f"This cell holds {len(cell):,} characters; {MOST_IN_A_CELL:,} fit at most. Shorten it."
            row.problems.append(Problem.at(row.line, names[index], cell[:100], what))
            cells[index] = cell[:100]
    row.cells = cells
    return row


def write(names: list[str], rows: list[list[str]], delimiter: str = ",") -> bytes:
    """The bytes that `read` reads as this table."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
