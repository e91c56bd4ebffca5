"""Rows as CSV that a spreadsheet may open: line by line, and no cell is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def neutral(cell: Any) -> Any:
    """The cell, kept from being a formula in a spreadsheet: what begins like one gets an apostrophe."""
    if not isinstance(cell, str):
        return cell
    bare = cell.lstrip(" \u00a0\u3000\u200b\ufeff")
    return f"'{cell}" if bare.startswith(_FORMULA) else cell


def lines(names: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """One line of CSV at a time: the names, then each row."""
    writer = csv.writer(_Echo())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([neutral(cell) for cell in row])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line
