"""The trail as records: streamed from the database or from an exported file, to be proven or taken along.

Memory holds one batch at a time, however long the trail is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from django.db import connection

from stakeholders.models import AuditSeal

from .chain import ENTRY_FIELDS, SEAL_FIELDS, Anchor, Entry, Seal, instant

AT_ONCE = 5_000
_COLUMNS = ", ".join(
    {"old": "old::text", "new": "new::text"}.get(name, name) for name in ENTRY_FIELDS if name != "position"
)
_ROW = f"SELECT {_COLUMNS}, position, mac FROM stakeholders_auditentry"  # noqa: S608 (names of our own)
UNSEALED = f"{_ROW} WHERE position IS NULL"
_NAMES = tuple(name for name in ENTRY_FIELDS if name != "position")


class BadExport(ValueError):
    """A line of a file is not one of ours."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What no seal holds yet; `late` is the first entry that says it is older than the last seal."""

    count: int = 0
    late: str = ""


def entry_of(row: tuple[Any, ...], *, position: int | None = None) -> Entry:
    """A row of `_ROW` as a record; `position` for one that has none yet."""
    values = dict(zip(_NAMES, row, strict=False))
    place, mac = row[-2], row[-1]
    return Entry(position=place if position is None else position, mac=bytes(mac or b""), **values)


def records() -> Iterator[Entry | Seal]:
    """Each seal, then the entries that it closes; last the entries that claim a place behind every seal."""
    reached, number = 0, None
    while seals := list(AuditSeal.objects.filter(**({} if number is None else {"number__gt": number}))[:AT_ONCE]):
        for row in seals:
            seal = _seal_of(row)
            yield seal
            yield from _entries(reached, seal.last_position)
            reached, number = max(reached, seal.last_position), seal.number
    with connection.cursor() as cursor:
        last = "(SELECT coalesce(max(last_position), 0) FROM stakeholders_auditseal)"
        cursor.execute(f"{_ROW} WHERE position > {last} OR position < 1 ORDER BY position LIMIT 1")
        yield from (entry_of(row) for row in cursor.fetchall())


def _entries(after: int, until: int) -> Iterator[Entry]:
    while after < until:
        with connection.cursor() as cursor:
            cursor.execute(
                f"{_ROW} WHERE position > %s AND position <= %s ORDER BY position, id LIMIT %s", [after, until, AT_ONCE]
            )
            rows = cursor.fetchall()
        yield from (entry_of(row) for row in rows)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][-2]


def _seal_of(row: AuditSeal) -> Seal:
    values = {name: getattr(row, name) for name in SEAL_FIELDS}
    return Seal(**values | {"head": bytes(row.head)}, mac=bytes(row.mac))


def tail() -> Tail:
    """Entries that wait for a seal. One whose transaction had ended before the last seal was put there afterwards."""
    last = AuditSeal.objects.order_by("-number").first()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stakeholders_auditentry WHERE position IS NULL")
        count = cursor.fetchone()[0]
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        if last is None or last.cluster != cursor.fetchone()[0]:
            return Tail(count)
        cursor.execute(
            "SELECT id, action, table_name, row_key FROM stakeholders_auditentry "
            "WHERE position IS NULL AND xid < %s ORDER BY id LIMIT 1",
            [last.xid_horizon],
        )
        late = cursor.fetchone()
    return Tail(count, "entry {}: {} {} {}".format(*late).strip() if late else "")


# --- files -----------------------------------------------------------------------------------------------------------


def line_of(record: Entry | Seal) -> str:
    """One line of JSON. Bytes are hexadecimal, instants UTC; `old` and `new` stay the texts that were sealed."""
    kind, names = ("entry", ENTRY_FIELDS) if isinstance(record, Entry) else ("seal", SEAL_FIELDS)
    values = {name: getattr(record, name) for name in (*names, "mac")}
    return json.dumps({"kind": kind} | {name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else instant(value) if isinstance(value, datetime) else value


def from_file(file: Iterable[str]) -> Iterator[Entry | Seal]:
    """The records of an export. Raises BadExport with the number of a line that is none."""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            kind = values.pop("kind")
            names, bytes_, made = (
                (ENTRY_FIELDS, ("mac",), Entry) if kind == "entry" else (SEAL_FIELDS, ("head", "mac"), Seal)
            )
            if set(values) != {*names, "mac"} or kind not in ("entry", "seal"):
                raise ValueError("its fields are not those of an entry or a seal")
            values |= {name: bytes.fromhex(values[name]) for name in bytes_}
            when = "at" if kind == "entry" else "sealed_at"
            values[when] = datetime.strptime(values[when], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            record: Entry | Seal = made(**values)
            _typed(record)
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise BadExport(f"Line {number} is not a line of an export: {wrong}") from wrong
        yield record


def _typed(record: Entry | Seal) -> None:
    numbers = (record.position, record.id, record.xid) if isinstance(record, Entry) else (
        record.number, record.first_position, record.last_position, record.count, record.xid_horizon
    )  # fmt: skip
    if not all(type(number) is int for number in numbers):
        raise ValueError("a number is none")


def anchors(file: TextIO) -> Iterator[Anchor]:
    """The lines of an anchor file. Raises BadExport with the number of a line that is none."""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            yield Anchor(int(values["seal"]), int(values["last_position"]), bytes.fromhex(values["mac"]))
        except (ValueError, KeyError, TypeError) as wrong:
            raise BadExport(f"Line {number} of the anchor file cannot be read: {wrong}") from wrong
