"""From an upload and what was chosen for it to a plan: reads the file, guesses what was not chosen, judges."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from teams.models import User

from . import commitments, dependencies, jira, mapping, rows, world
from .columns import KINDS, guess, missing
from .known import Choices, Known
from .mapping import Mapping
from .plan import Plan, Unreadable
from .uploads import Upload

JIRA = ("jira-json", "jira-csv")
CHOICES = ("source", "order", "team", "reason", "option")


def read(upload: Upload) -> rows.Table | jira.Issues:
    """The file. Raises Unreadable."""
    if upload.kind == "jira-json":
        return jira.read_json(upload.raw)
    table = rows.read(upload.raw)
    return jira.read_csv(table) if upload.kind == "jira-csv" else table


def choices(chosen: dict[str, Any]) -> Choices:
    return Choices(**{name: str(chosen[name]) for name in CHOICES if name in chosen})


def fields(table: rows.Table, upload: Upload) -> list[str]:
    """The field of each column: as chosen, else guessed."""
    chosen = upload.chosen.get("fields")
    if isinstance(chosen, list) and len(chosen) == len(table.names):
        return [str(field) for field in chosen]
    return guess(table.names, KINDS[upload.kind])


def is_clear(table: rows.Table, upload: Upload) -> bool:
    """Whether every column is known, so that nobody has to be asked."""
    found = fields(table, upload)
    return all(found) and not missing(found, KINDS[upload.kind])


def known_to(user: User, upload: Upload, read_: rows.Table | jira.Issues) -> Known:
    source = choices(upload.chosen).source
    if isinstance(read_, jira.Issues):
        keys = {issue.key for issue in read_.issues if issue.key}
        names = keys | {tie.other for issue in read_.issues for tie in issue.ties}
        return world.known(user, source=source, ids=keys, names=names)
    found = fields(read_, upload)
    if upload.kind == "dependencies":
        return world.known(user, source=source, names=_cells(read_, found, "before", "after"))
    return world.known(user, source=source, ids=_cells(read_, found, "id"))


def _cells(table: rows.Table, found: list[str], *wanted: str) -> set[str]:
    places = [index for index, field in enumerate(found) if field in wanted]
    return {row.cells[index] for row in table.rows for index in places} - {""}


def mapping_of(issues: jira.Issues, upload: Upload, known: Known) -> Mapping:
    """As chosen, else guessed."""
    chosen = upload.chosen.get("mapping")
    return Mapping(**chosen) if isinstance(chosen, dict) else mapping.guess(issues, known)


def as_chosen(one: Mapping) -> dict[str, Any]:
    return asdict(one)


def plan(user: User, upload: Upload) -> Plan:
    """What would become of every row, now. Raises Unreadable."""
    found = read(upload)
    known = known_to(user, upload, found)
    picked = choices(upload.chosen)
    if isinstance(found, jira.Issues):
        return mapping.plan(found, mapping_of(found, upload, known), known, picked)
    columns = fields(found, upload)
    lacking = missing(columns, KINDS[upload.kind])
    if lacking:
        raise Unreadable(f"No column is called {' or '.join(lacking)}. Choose one under Columns.")
    judge = dependencies.plan if upload.kind == "dependencies" else commitments.plan
    return judge(found, columns, known, picked)
