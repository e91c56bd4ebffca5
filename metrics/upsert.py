"""Rows in, each natural key once: staged by COPY, then one INSERT … ON CONFLICT. Part of `ingest`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from .attribution import owner_at
from .events import Event
from .models import Source


@dataclass(slots=True)
class Stored:
    """What a write did: rows that are new, rows that changed, and the services that it touched."""

    new: int = 0
    changed: int = 0
    services: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Said:
    """Whose facts are stored, when, and from which observed things they follow."""

    source: Source
    origins: dict[int, str]  # id() of an event → its thing
    things: list[str]  # all that were looked at
    now: datetime

    def origin(self, event: Event) -> str:
        return self.origins.get(id(event), "")


def plain(value: Any) -> Any:
    """Text that PostgreSQL can hold."""
    return value.replace("\x00", "") if isinstance(value, str) else value


def upsert(
    table: str,
    said: Said,
    key: str,
    fields: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    worked_out: Mapping[str, str] | None = None,
    dated: str = "",
) -> list[tuple[int, bool]]:
    """(id, was it inserted) of each row that is new or differs. The rows end in provider_updated_at.

    Of several rows with one key (columns divided by commas) the latest counts; a row older than what we hold changes
    nothing. `worked_out` has an expression for columns that we may have worked out ourselves meanwhile; `dated` is the
    moment of the row whose owner it belongs to (see `attribution`).
    """
    columns = [*fields, "provider_updated_at"]
    listed = ", ".join(columns)
    new = {name: (worked_out or {}).get(name, f"excluded.{name}") for name in columns}
    new |= {"team_id": "excluded.team_id"} if dated else {}
    also, owner = (", team_id", f", {owner_at('latest', dated)}") if dated else ("", "")
    differs = ", ".join(f"held.{name}" for name in new), ", ".join(new.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {listed}, 0 AS place FROM {table} WITH NO DATA"  # noqa: S608
        )
        with cursor.copy(f"COPY staged ({listed}, place) FROM STDIN") as copy:
            for place, row in enumerate(rows):
                copy.write_row((*row, place))
        cursor.execute(
            f"""
            INSERT INTO {table} AS held (source_id, seen_at, {listed}{also})
            SELECT %(source)s, %(now)s, {listed}{owner} FROM (
                SELECT DISTINCT ON ({key}) * FROM staged ORDER BY {key}, provider_updated_at DESC NULLS LAST, place DESC
            ) latest ORDER BY place
            ON CONFLICT (source_id, {key}) DO UPDATE
               SET {", ".join(f"{name} = {value}" for name, value in new.items())}, superseded_at = NULL
             WHERE coalesce(excluded.provider_updated_at, '-infinity')
                   >= coalesce(held.provider_updated_at, '-infinity')
               AND (held.superseded_at IS NOT NULL OR ({differs[0]}) IS DISTINCT FROM ({differs[1]}))
            RETURNING id, xmax = 0
            """,  # noqa: S608 (table and column names are ours)
            {"source": said.source.pk, "now": said.now, "zone": settings.ORGANISATION_ZONE.key},
        )
        written: list[tuple[int, bool]] = cursor.fetchall()
        cursor.execute("DROP TABLE staged")
    return written
