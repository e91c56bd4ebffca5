"""A CSV file into named cells: encoding, divider, header, and each fault by line and column. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics import read

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
LONGEST_CELL = 2000
DIVIDERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and where: line 1 is the header; column "" is the whole line."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    header: tuple[str, ...]  # as written
    rows: tuple[tuple[int, Mapping[str, str]], ...]  # line, cells by the header in small letters
    faults: tuple[Fault, ...]
    divider: str
    encoding: str


def opened(body: bytes) -> Table:
    """The cells of a file. What is wrong with the file as a whole is a fault of line 1."""
    if len(body) > MOST_BYTES:
        return _broken(f"The file has over {MOST_BYTES // 1_000_000} MB. Send it in parts.")
    if b"\x00" in body and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _broken("This is no text. Save the table as CSV (UTF-8) and choose that file.")
    text, encoding = _decoded(body)
    if not text.strip():
        return _broken("The file is empty.")
    if text.lstrip()[:1] in "<{[":
        return _broken("This is no CSV: it begins like a page or like JSON.")
    divider = _divider(text)
    faults: list[Fault] = []
    rows: list[tuple[int, Mapping[str, str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    header: tuple[str, ...] = ()
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = tuple(read.text(cell, 100) for cell in cells)
                faults += _header_faults(header)
                continue
            if len(cells) > len(header):
                sentence = f"This line has {len(cells)} cells, the header has {len(header)}. Put cells with a"
                faults.append(
                    Fault(
                        line=reader.line_num, column="", sentence=f"{sentence} {DIVIDERS[divider]} in quotation marks."
                    )
                )
                continue
            if len(rows) >= MOST_ROWS:
                faults.append(
                    Fault(
                        line=reader.line_num,
                        column="",
                        sentence=f"The file has over {MOST_ROWS:,} rows. Send it in parts.",
                    )
                )
                break
            named = zip(header, cells, strict=False)
            rows.append((reader.line_num, {name.lower(): _plain(cell) for name, cell in named if name}))
    except csv.Error as wrong:
        faults.append(Fault(line=reader.line_num, column="", sentence=f"This line cannot be read: {wrong}."))
    if header and not rows and not faults:
        faults.append(Fault(line=1, column="", sentence="There is a header, and no row below it."))
    return Table(header=header, rows=tuple(rows), faults=tuple(faults), divider=divider, encoding=encoding)


def _broken(sentence: str) -> Table:
    return Table(header=(), rows=(), faults=(Fault(line=1, column="", sentence=sentence),), divider="", encoding="")


def _decoded(body: bytes) -> tuple[str, str]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return body.decode(encoding, "replace"), encoding.removesuffix("-sig")
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace"), "windows-1252"


def _divider(text: str) -> str:
    """What divides the cells of the header most often; a comma where nothing does."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    return max(DIVIDERS, key=lambda divider: (line.count(divider), divider == ","))


def _header_faults(header: Sequence[str]) -> list[Fault]:
    names = [name.lower() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    return [Fault(line=1, column=name, sentence="This column stands there twice. Remove one.") for name in twice]


def _plain(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from reckoning a cell."""
    words = read.text(cell, LONGEST_CELL)
    return words[1:] if words[:1] == "'" and words[1:2] in ("=", "+", "-", "@") else words
