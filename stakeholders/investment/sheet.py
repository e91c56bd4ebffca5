"""A budget as CSV: read with every fault named by line and column, and written so that it can be read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings

from delivery.typed import MOST_CENTS
from stakeholders.investment import money
from stakeholders.models import BudgetLine, Phase
from teams.models import Team

COLUMNS = ("team", "month", "category", "name", "plan", "actual", "forecast", "currency", "phase")
NEEDED = ("team", "month", "category")
MOST_ROWS = 5000
AMOUNTS = ("plan", "actual", "forecast")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; lines are counted as an editor counts them."""

    line: int
    column: str
    words: str


@dataclass(slots=True)
class Read:
    """What a file says. With any fault nothing of it is taken."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(text: str, *, teams: Iterable[Team], phases: Iterable[Phase] = ()) -> Read:
    """The lines of a file; `teams` are those that may be budgeted, by name or slug in any case."""
    found = Read()
    by_name: dict[str, Team | None] = {}
    for team in teams:
        for name in {team.name.casefold(), team.slug}:
            by_name[name] = None if name in by_name else team
    by_phase = {f"{one.plan.code} {one.title}".casefold(): one for one in phases}
    lines = csv.reader(io.StringIO(text.replace("\x00", "")), strict=True)
    try:
        head = [name.strip().casefold() for name in next(lines, [])]
        if not _head(head, found):
            return found
        seen: dict[tuple[Any, ...], int] = {}
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(found.rows) >= MOST_ROWS:
                found.faults.append(Fault(lines.line_num, "", f"More than {MOST_ROWS:,} lines. Split the file."))
                return found
            if len(cells) > len(head):
                found.faults.append(
                    Fault(lines.line_num, "", f"It has {len(cells)} cells, the first line names {len(head)}.")
                )
                continue
            said = dict(zip(head, (cell.strip().removeprefix("'") for cell in cells), strict=False))
            _line(said, lines.line_num, by_name, by_phase, seen, found)
    except csv.Error as wrong:
        found.faults.append(Fault(lines.line_num, "", f"This is no CSV: {wrong}."))
    if not found.rows and not found.faults:
        found.faults.append(Fault(1, "", "The file has no lines under its first."))
    return found


def _head(head: list[str], found: Read) -> bool:
    missing = [name for name in NEEDED if name not in head]
    found.faults += [Fault(1, name, "This column is missing.") for name in missing]
    unknown = [name for name in head if name and name not in COLUMNS]
    found.faults += [Fault(1, name[:40], f"No such column. Known are {', '.join(COLUMNS)}.") for name in unknown]
    twice = {name for name in head if head.count(name) > 1}
    found.faults += [Fault(1, name[:40], "This column stands there twice.") for name in sorted(twice)]
    return not found.faults


def _line(
    said: dict[str, str],
    line: int,
    teams: dict[str, Team | None],
    phases: dict[str, Phase],
    seen: dict[tuple[Any, ...], int],
    found: Read,
) -> None:
    before = len(found.faults)

    def fault(column: str, words: str) -> None:
        found.faults.append(Fault(line, column, words))

    team = teams.get(said.get("team", "").casefold())
    if team is None:
        fault("team", f"“{said.get('team', '')[:40]}” is no team whose budget you set, or several.")
    month = _month(said.get("month", ""))
    if month is None:
        fault("month", f"“{said.get('month', '')[:40]}” is no month. Write it as 2026-11.")
    category = said.get("category", "").casefold()
    if category not in BudgetLine.Category.values:
        fault("category", f"“{category[:40]}” is no kind. Known are {', '.join(BudgetLine.Category.values)}.")
    name = said.get("name", "")
    if len(name) > 120:
        fault("name", f"That is {len(name)} characters; 120 fit.")
    amounts: dict[str, int | None] = {}
    for column in AMOUNTS:
        amounts[column], wrong = _amount(said.get(column, ""))
        if wrong:
            fault(column, wrong)
    if not any(said.get(column) for column in AMOUNTS):
        fault("plan", "Give a plan, an actual or a forecast.")
    currency = said.get("currency", "").upper()
    if currency and currency != settings.CURRENCY:
        fault(
            "currency", f"{currency[:10]} is not {settings.CURRENCY}. Convert it first: two currencies are never added."
        )
    phase = phases.get(said.get("phase", "").casefold()) if said.get("phase") else None
    if said.get("phase") and phase is None:
        fault("phase", f"“{said['phase'][:40]}” is no phase. Write its plan's code and its title, such as P-001 Pilot.")
    key = (team.pk if team else None, month, category, name)
    if team and month and key in seen:
        fault("name", f"The same team, month, kind and name stand in line {seen[key]}.")
    if len(found.faults) == before:
        seen[key] = line
        found.rows.append(
            {"team": team, "month": month, "category": category, "name": name, "currency": currency, "phase": phase}
            | amounts
        )


def _month(said: str) -> date | None:
    try:
        day = date.fromisoformat(f"{said}-01" if len(said) == 7 else said)
    except ValueError:
        return None
    return day.replace(day=1) if 1990 <= day.year <= 2099 else None


def _amount(said: str) -> tuple[int | None, str]:
    """Cents, and what is wrong with it."""
    if not said:
        return None, ""
    plain = said.replace("$", "").replace(" ", "").replace("−", "-")
    for sign in "€£¥":
        if sign in plain:
            return None, f"“{said[:40]}” is in another currency than {settings.CURRENCY}. Convert it first."
    if "," in plain:
        whole, *groups = plain.split(".")[0].split(",")
        if any(len(group) != 3 for group in groups) or "," in plain.partition(".")[2] or not whole.lstrip("-"):
            return None, f"“{said[:40]}” is no amount. Write 12500 or 12,500.50."
        plain = plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None, f"“{said[:40]}” is no amount. Write 12500 or 12,500.50."
    if not value.is_finite() or abs(value) * 100 > MOST_CENTS:
        return None, f"“{said[:40]}” is more than anybody spends."
    cents = value * 100
    if cents != cents.to_integral_value():
        return None, f"“{said[:40]}” has parts of a cent. Round it."
    return int(cents), ""


def pure(row: BudgetLine) -> money.Line:
    """As sums are made of it."""
    return money.Line(
        team=row.team.name, month=row.month, category=row.category, plan=row.plan, actual=row.actual,
        forecast=row.forecast, currency=row.currency,
    )  # fmt: skip


def cells(line: BudgetLine) -> list[Any]:
    """One line as the file has it."""

    def amount(value: int | None) -> str:
        return "" if value is None else f"{Decimal(value) / 100:.2f}"

    phase = f"{line.phase.plan.code} {line.phase.title}" if line.phase else ""
    return [
        line.team.name,
        f"{line.month:%Y-%m}",
        line.category,
        line.name,
        amount(line.plan),
        amount(line.actual),
        amount(line.forecast),
        line.currency,
        phase,
    ]
