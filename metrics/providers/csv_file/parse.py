"""Rows of deployments and of incidents: what each column means, times in the ways people write them, and the facts.

Which of the two a file holds is told by its columns. A row without an id gets one from what it says, so that the same
file imported again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from metrics import read
from metrics.events import Answer, DeploymentSeen, Derived, IncidentSeen, Observation, Outcome, Unreadable

from .table import Fault, opened

DEPLOYMENT, INCIDENT = "deployment", "incident"
MOST_FAULTS = 200

COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {  # ours → other names for it
    DEPLOYMENT: {
        "id": ("deployment_id", "key"), "service": ("application", "app", "component"), "environment": ("env", "stage"),
        "sha": ("commit", "commit_sha", "revision"), "ref": ("tag", "version", "branch"), "repository": ("repo",),
        "outcome": ("result", "status"), "started_at": ("started", "start", "start_time"),
        "finished_at": ("finished", "end", "end_time", "deployed_at", "date", "time"), "answer": ("kind", "planned"),
        "answers": (), "url": ("link",),
    },
    INCIDENT: {
        "id": ("incident_id", "key", "number"), "service": ("application", "app", "component"),
        "title": ("summary", "description", "name"), "severity": ("sev", "priority"), "labels": ("label", "tags"),
        "started_at": ("started", "start", "created", "created_at", "opened", "opened_at"),
        "resolved_at": ("resolved", "end", "closed", "closed_at", "restored_at"), "type": (),
        "caused_by": ("deployment", "deployment_id"), "url": ("link",),
    },
}  # fmt: skip
NEEDED = {DEPLOYMENT: ("finished_at",), INCIDENT: ("started_at",)}
TELLING = {DEPLOYMENT: ("finished_at", "sha", "environment", "outcome"), INCIDENT: ("resolved_at", "title", "severity")}
TIMES = ("started_at", "finished_at", "resolved_at")
OUTCOMES = {
    **dict.fromkeys(("success", "succeeded", "successful", "ok", "passed", "done", "yes"), Outcome.SUCCESS),
    **dict.fromkeys(("failure", "failed", "error", "broken", "no"), Outcome.FAILURE),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), Outcome.CANCELLED),
    "unknown": Outcome.UNKNOWN,
}
_DATE = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m\.?)?)?\Z",
    re.IGNORECASE | re.ASCII,
)


def named() -> tuple[tuple[str, str, str], ...]:
    """What a file may hold, for a person: of what, the column that is needed, the others."""
    return tuple(
        (
            f"{kind.capitalize()}s",
            ", ".join(NEEDED[kind]),
            ", ".join(name for name in columns if name not in NEEDED[kind]),
        )
        for kind, columns in COLUMNS.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line that can be read: its cells by our names, times as ISO in UTC."""

    line: int
    id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a file holds, before anything is kept."""

    kind: str  # deployment, incident; "" where the columns do not tell
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    more_faults: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)  # ours → as the file calls it
    ignored: tuple[str, ...] = ()
    divider: str = ""
    encoding: str = ""


def preview(body: bytes) -> Preview:
    """The rows of a file and everything that is wrong with it. Never raises."""
    table = opened(body)
    kind, columns = _meaning(table.header)
    if not table.header or not kind:
        meaningless = table.faults or (Fault(line=1, column="", sentence=_no_meaning()),)
        return Preview(
            kind="", rows=(), faults=meaningless, ignored=table.header, divider=table.divider, encoding=table.encoding
        )
    ignored = tuple(name for name in table.header if name and name not in columns.values())
    faults = list(table.faults)
    for name in NEEDED[kind]:
        if name not in columns:
            faults.append(Fault(line=1, column=name, sentence=f"A file of {kind}s needs the column {name}."))
    orders = {
        name: _order([cells.get(columns[name].lower(), "") for _, cells in table.rows])
        for name in TIMES
        if name in columns
    }
    rows, ids = [], dict[str, int]()
    for line, cells in table.rows:
        values = {name: cells.get(written.lower(), "") for name, written in columns.items()}
        wrong = _read_row(kind, line, values, columns, orders)
        identity = values.get("id", "") or _made_id(kind, values)
        if identity in ids:
            sentence = f"Line {ids[identity]} has the same {'id' if values.get('id') else 'content'}."
            wrong.append(Fault(line=line, column=columns.get("id", ""), sentence=sentence))
        ids.setdefault(identity, line)
        faults += wrong
        if not wrong:
            rows.append(Row(line=line, id=identity, values={name: value for name, value in values.items() if value}))
    shown = sorted(faults[:MOST_FAULTS], key=lambda fault: fault.line)  # those of the file as a whole came first
    return Preview(
        kind=kind, rows=tuple(rows), faults=tuple(shown), more_faults=max(0, len(faults) - MOST_FAULTS),
        columns=columns, ignored=ignored, divider=table.divider, encoding=table.encoding,
    )  # fmt: skip


def _meaning(header: Sequence[str]) -> tuple[str, dict[str, str]]:
    """(which kind of file this is, our columns as it calls them)."""
    found: dict[str, dict[str, str]] = {}
    written = {re.sub(r"[\s-]+", "_", name.lower()): name for name in reversed(header) if name}
    for kind, columns in COLUMNS.items():
        found[kind] = {
            ours: written[name] for ours, others in columns.items() for name in (ours, *others)[::-1] if name in written
        }
    counts = {kind: sum(name in found[kind] for name in TELLING[kind]) for kind in COLUMNS}
    kind = max(counts, key=lambda one: counts[one])
    return (kind, found[kind]) if counts[kind] and len(set(counts.values())) > 1 else ("", {})


def _no_meaning() -> str:
    columns = " or ".join(", ".join(TELLING[kind]) for kind in (DEPLOYMENT, INCIDENT))
    return f"The header tells neither deployments nor incidents. Name the columns in the first line: {columns}."


def _read_row(
    kind: str, line: int, values: dict[str, str], columns: Mapping[str, str], orders: Mapping[str, str]
) -> list[Fault]:
    """Times into ISO, in place; what is wrong."""
    wrong: list[Fault] = []
    times: dict[str, datetime] = {}
    for name in TIMES:
        if not values.get(name):
            continue
        at = read.when(values[name]) or _written(values[name], orders.get(name, ""))
        if at is None:
            unclear = _DATE.match(values[name]) is not None and not orders.get(name)
            advice = "Day and month cannot be told apart in this column." if unclear else "This is no time."
            sentence = f"{advice} Write it like 2026-01-31 14:05."
            wrong.append(Fault(line=line, column=columns[name], sentence=sentence))
        else:
            times[name], values[name] = at, at.isoformat()
    for name in NEEDED[kind]:
        if name in columns and not values.get(name):
            wrong.append(Fault(line=line, column=columns[name], sentence="Write when it was."))
    ends = "finished_at" if kind == DEPLOYMENT else "resolved_at"
    if "started_at" in times and ends in times and times[ends] < times["started_at"]:
        wrong.append(Fault(line=line, column=columns[ends], sentence="This is before the start."))
    if kind == INCIDENT and not values.get("title") and not values.get("id"):
        wrong.append(Fault(line=line, column=columns.get("title", "title"), sentence="Write a title or an id."))
    return wrong


def _made_id(kind: str, values: Mapping[str, str]) -> str:
    told = (
        ("service", "environment", "sha", "ref", "finished_at")
        if kind == DEPLOYMENT
        else ("service", "title", "started_at")
    )
    return f"row:{read.digest(*(values.get(name, '') for name in told))[:24]}"


def _order(cells: Sequence[str]) -> str:
    """Which comes first in the dates of a column, day or month; "" when none tells. Dots are always day first."""
    for cell in cells:
        found = _DATE.match(cell)
        if found is None or len(found.group(1)) == 4:
            continue
        if found.group(2) == "." or int(found.group(1)) > 12:
            return "day"
        if int(found.group(3)) > 12:
            return "month"
    return ""


def _written(cell: str, order: str) -> datetime | None:
    """A date as people write it: 31.1.2026 14:05, 1/31/2026 2:05 PM, 2026/1/31."""
    found = _DATE.match(cell)
    if found is None:
        return None
    first, _, second, third, hour, minute, seconds, half = found.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    elif order and len(third) == 4:
        day, month = (int(first), int(second)) if order == "day" else (int(second), int(first))
        year = int(third)
    else:
        return None
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower().startswith("p") else 0)
    try:
        return read.when(datetime(year, month, day, hours, int(minute or 0), int(seconds or 0), tzinfo=UTC))
    except ValueError:
        return None


# --- observing and working out ---------------------------------------------------------------------------------------


def heard(body: bytes, *, imported: datetime) -> tuple[Observation, ...]:
    """Each row of a file without faults. Raises Unreadable naming the first of them."""
    found = preview(body)
    if found.faults:
        first = found.faults[0]
        where = f"line {first.line}" + (f", column {first.column}" if first.column else "")
        count = len(found.faults) + found.more_faults
        more = f" There {'is 1 more fault' if count == 2 else f'are {count - 1} more faults'}." if count > 1 else ""
        raise Unreadable(f"The file cannot be imported: {where}: {first.sentence}{more}")
    return tuple(
        Observation(kind=found.kind, id=row.id, body=read.encoded(dict(row.values)), updated_at=imported)
        for row in found.rows
    )


def derived(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    """What the import before no other said: each row tells all there is to say."""
    newest = max(told, key=lambda one: (one.updated_at is not None, one.updated_at or now, read.digest(one.body)))
    row = read.table(read.decoded(newest.body))
    updated = newest.updated_at
    if kind == DEPLOYMENT:
        return Derived(events=(_deployment(newest.id, row, updated),))
    started = read.when(row.get("started_at"))
    if started is None:
        raise Unreadable("A row of an incident without a start.")
    resolved = read.when(row.get("resolved_at"))
    labels = tuple(one.strip() for one in re.split(r"[,;|]", read.text(row.get("labels"), 1000)) if one.strip())
    traits: dict[str, Any] = {name: read.text(row.get(name), 300) for name in ("title", "service", "severity", "type")}
    seen = IncidentSeen(
        provider_id=newest.id,
        service=read.text(row.get("service"), 200),
        title=read.text(row.get("title"), 300) or f"Incident {newest.id}",
        started_at=started,
        resolved_at=resolved,
        severity=read.text(row.get("severity"), 40),
        caused_by=read.text(row.get("caused_by"), 200),
        url=read.link(row.get("url")),
        updated_at=updated,
        traits={trait: value for trait, value in {**traits, "label": labels}.items() if value},
    )
    return Derived(events=(seen,), open=resolved is None)


def _deployment(identity: str, row: Mapping[str, Any], updated: datetime | None) -> DeploymentSeen:
    environment = read.text(row.get("environment"), 100) or "production"
    raw = read.text(row.get("outcome"), 100)
    answer = read.text(row.get("answer"), 20).lower()
    traits = {"via": "deployment", "environment": environment} | {
        name: text for name in ("service", "repository") if (text := read.text(row.get(name), 200))
    }
    return DeploymentSeen(
        provider_id=identity,
        service=read.text(row.get("service"), 200),
        environment=environment,
        production=environment.lower().startswith(("prod", "live")),
        sha=read.text(row.get("sha"), 64).lower(),
        ref=read.text(row.get("ref"), 300),
        outcome=OUTCOMES.get(raw.lower(), Outcome.UNKNOWN) if raw else Outcome.SUCCESS,
        raw_outcome=raw,
        started_at=read.when(row.get("started_at")),
        finished_at=read.when(row.get("finished_at")),
        answer={"rollback": Answer.ROLLBACK, "hotfix": Answer.HOTFIX}.get(answer),
        answers=read.text(row.get("answers"), 200),
        url=read.link(row.get("url")),
        updated_at=updated,
        repository=read.text(row.get("repository"), 200),
        traits=traits,
    )
