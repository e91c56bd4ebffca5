"""The trail as a person reads it: a page of entries, newest first, each told as what changed from what to what.

Four queries whatever is shown. Names of rows come from the trail itself, as they were when the row was
added; a row that is older than the trail is a number.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.http import Http404

from stakeholders.models import AuditEntry, AuditSeal
from teams import access
from teams.access import Visitor

from .tables import covered

ON_A_PAGE = 50
MOST_CHANGES = 4  # of one entry shown at once
MOST_WAITING = 10_000
LONGEST = 160
NAMES = ("name", "title", "email")
NOTHING = "nothing"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the trail is wanted; `before` is the number of the entry at which an older page goes on."""

    who: str = ""
    table: str = ""
    key: str = ""
    first: date | None = None
    last: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    entry: AuditEntry
    kind: str  # what sort of record
    record: str  # which one
    did: str
    changes: tuple[Change, ...]
    more: tuple[Change, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    older: int | None
    waiting: int
    seal: AuditSeal | None

    @property
    def many_waiting(self) -> bool:
        return self.waiting > MOST_WAITING


def require(user: Visitor) -> None:
    """The trail tells of every team, so it is for who governs them all. Raises Http404 or PermissionDenied."""
    if access.governs_all(user):
        return
    if not access.teams(user).exists():
        raise Http404("No such page.")
    raise PermissionDenied("The audit trail is for directors and administrators of the whole organisation.")


def page(asked: Asked) -> Page:
    rows = list(_rows(asked)[: ON_A_PAGE + 1])
    shown = rows[:ON_A_PAGE]
    names = _names(shown)
    return Page(
        lines=[_line(row, names) for row in shown],
        older=shown[-1].pk if len(rows) > ON_A_PAGE else None,
        waiting=AuditEntry.objects.filter(position=None)[: MOST_WAITING + 1].count(),
        seal=AuditSeal.objects.order_by("-number").first(),
    )


def _rows(asked: Asked) -> QuerySet[AuditEntry]:
    wanted = Q()
    if asked.who:
        wanted &= Q(who__icontains=asked.who)
    if asked.table:
        wanted &= Q(table_name=asked.table)
    if asked.key:
        wanted &= Q(row_key=asked.key)
    if asked.first:
        wanted &= Q(at__gte=_midnight(asked.first))
    if asked.last:
        wanted &= Q(at__lt=_midnight(asked.last + timedelta(days=1)))
    if asked.before:
        wanted &= Q(pk__lt=asked.before)
    return AuditEntry.objects.filter(wanted).order_by("-pk")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, settings.ORGANISATION_ZONE)


Names = dict[tuple[str, str], str]


def _names(rows: Sequence[AuditEntry]) -> Names:
    """What the rows of these entries, and the rows they point at, were called when they were added."""
    keys: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        keys[row.table_name].add(row.row_key)
        targets = _targets(row.table_name)
        for values in (row.old or {}, row.new or {}):
            for column in targets.keys() & values.keys():
                keys[targets[column]].add(str(values[column]))
    wanted = Q(pk=None)
    for table, some in keys.items():
        wanted |= Q(table_name=table, row_key__in=some, action="insert")
    words = {name: KeyTextTransform(name, "new") for name in NAMES}
    found = AuditEntry.objects.filter(wanted).values_list("table_name", "row_key", *words.values())
    return {(table, key): next((word for word in given if word), "") for table, key, *given in found}


def _line(entry: AuditEntry, names: Names) -> Line:
    whole = entry.new or entry.old or {}
    own = next((str(whole[name]) for name in NAMES if whole.get(name)), "")
    changes = _changes(entry, names)
    number = f"number {entry.row_key}"
    record = own or names.get((entry.table_name, entry.row_key), "")
    return Line(
        entry=entry,
        kind=f"{words(entry.table_name)}, {number}" if record else words(entry.table_name),
        record=_short(record or number) if entry.row_key else "",
        did=str(AuditEntry.Action(entry.action).label) if entry.action in AuditEntry.Action.values else entry.action,
        changes=tuple(changes[:MOST_CHANGES]),
        more=tuple(changes[MOST_CHANGES:]),
        origin=f"{entry.method} {entry.url}".strip() or entry.job,
    )


def _changes(entry: AuditEntry, names: Names) -> list[Change]:
    """In the order of the table's columns; of a row that came or went without its key and what was empty."""
    old, new = entry.old or {}, entry.new or {}
    columns, targets = _columns(entry.table_name), _targets(entry.table_name)
    key = _key(entry.table_name)
    order = {column: place for place, column in enumerate(columns)}

    def told(column: str, value: Any) -> str:
        target = targets.get(column)
        named = names.get((target, str(value)), "") if target and value is not None else ""
        return _short(named) if named else _value(value, is_key=target is not None)

    found = []
    for column in sorted({*old, *new}, key=lambda name: (order.get(name, len(order)), name)):
        value = old.get(column, new.get(column))
        if entry.action != "update" and (value in (None, "", [], {}) or column == key):
            continue
        word = columns.get(column, column.replace("_", " "))
        found.append(Change(word, told(column, old.get(column)), told(column, new.get(column))))
    return found


def _value(value: Any, *, is_key: bool) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return _short(json.dumps(value, ensure_ascii=False))
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(settings.ORGANISATION_ZONE):%-d %b %Y, %H:%M:%S}"
    return _short(f"number {value}" if is_key else str(value))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@cache
def _models() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def words(table: str) -> str:
    """ "teams_team" as "Team"; a table that is gone keeps its name."""
    model = _models().get(table)
    return str(model._meta.verbose_name).capitalize() if model else table


@cache
def _columns(table: str) -> dict[str, str]:
    model = _models().get(table)
    return {str(field.column): str(field.verbose_name) for field in model._meta.local_concrete_fields} if model else {}


@cache
def _key(table: str) -> str:
    model = _models().get(table)
    return str(model._meta.pk.column) if model and model._meta.pk else ""


@cache
def _targets(table: str) -> dict[str, str]:
    """The columns that point at another table, and at which."""
    model = _models().get(table)
    fields = model._meta.local_concrete_fields if model else ()
    return {
        str(field.column): field.related_model._meta.db_table
        for field in fields
        if isinstance(field, models.ForeignKey) and not isinstance(field.related_model, str)
    }


@cache
def choices() -> list[tuple[str, str]]:
    """Tables to choose from, by what their rows are called."""
    return sorted(((one.table, words(one.table)) for one in covered()), key=lambda pair: pair[1])
