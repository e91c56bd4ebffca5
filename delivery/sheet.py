"""The rows of the list of commitments as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from teams.csv_cells import lines

from .listing import Line

CSV = (
    "code", "commitment", "team", "outcome", "owner", "interval", "status", "why", "override", "first promise",
    "promised for", "even odds", "85% sure", "chance", "days against due", "delivered on", "cancelled why", "stretch",
    "milestone", "planned value", "actual value", "low days", "likely days", "high days", "address",
)  # fmt: skip


def csv_lines(rows: Iterable[Line], address: Callable[[str], str]) -> Iterator[str]:
    """Each row under a line of names; `address` makes a path a whole address."""
    return lines(CSV, (cells(row, address) for row in rows))


def cells(line: Line, address: Callable[[str], str]) -> list[Any]:
    """One row as CSV wants it."""
    one, row = line.one, line.one.row
    override = one.status.override
    said = f"{override.standing.words} ({override.by}): {override.reason}" if override else ""
    forecast = line.forecast or ("", "")
    return [
        row.code, row.title, row.team.name, str(row.outcome or ""), str(row.owner or ""), str(row.interval or ""),
        line.word, one.status.current.reason, said, row.first_promised_on, one.promised_on, *forecast, line.chance,
        "" if line.against is None else line.against, row.delivered_on or "", row.cancelled_why,
        "yes" if row.is_stretch else "no", "yes" if row.is_milestone else "no", _number(row.planned_value),
        _number(row.actual_value), *(one.estimate or ("", "", "")), address(row.get_absolute_url()),
    ]  # fmt: skip


def _number(value: int | None) -> int | str:
    return "" if value is None else value
