"""The sealed chain: how an entry becomes bytes, what its code is, and the proof that nothing was touched.

Pure. `docs/audit.md` repeats the format for whoever wants to check an export with a program of their own: a change here
is a change of the format, and needs a new `ENTRY` or `SEAL` word.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

ENTRY, SEAL = "plumbline-audit-entry-1", "plumbline-audit-seal-1"
ZERO = bytes(32)

Value = str | int | bytes | datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the trail. `old` and `new` are JSON as PostgreSQL prints it, so that not a digit is rewritten."""

    position: int
    id: int
    at: datetime
    xid: int
    who_id: int | None
    who: str
    db_user: str
    action: str
    table_name: str
    row_key: str
    old: str | None
    new: str | None
    context_id: str
    method: str
    url: str
    job: str
    mac: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """A closed batch of entries."""

    number: int
    sealed_at: datetime
    first_position: int
    last_position: int
    count: int
    head: bytes
    xid_horizon: int
    cluster: str
    key_name: str
    mac: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """What was written outside the database when a seal was made."""

    number: int
    last_position: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing that does not hold."""

    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclass(slots=True)
class Verdict:
    """How far the chain was followed. `broken` is None when all of it holds."""

    entries: int = 0
    seals: int = 0
    broken: Broken | None = None


ENTRY_FIELDS = tuple(field.name for field in fields(Entry) if field.name != "mac")
SEAL_FIELDS = tuple(field.name for field in fields(Seal) if field.name != "mac")


def instant(value: datetime) -> str:
    """UTC to the microsecond: 2026-11-26T18:40:01.000123Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(record: Entry | Seal) -> bytes:
    """The bytes of a record: its kind, then its fields in order, each "<length>:<UTF-8>," or "~," for null."""
    kind, names = (ENTRY, ENTRY_FIELDS) if isinstance(record, Entry) else (SEAL, SEAL_FIELDS)
    return _framed([kind, *(getattr(record, name) for name in names)])


def _framed(values: Iterable[Value]) -> bytes:
    parts = []
    for value in values:
        if value is None:
            parts.append(b"~,")
            continue
        raw = _text(value).encode()
        parts.append(b"%d:%s," % (len(raw), raw))
    return b"".join(parts)


def _text(value: str | int | bytes | datetime) -> str:
    if isinstance(value, datetime):
        return instant(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def code(key: str, before: bytes, record: Entry | Seal) -> bytes:
    """HMAC-SHA256 over the code of the record before it (32 bytes) and this record's bytes."""
    return hmac.digest(key.encode(), before + canonical(record), hashlib.sha256)


def key_name(key: str) -> str:
    """Tells keys apart without telling the key."""
    return hmac.digest(key.encode(), b"plumbline-audit-key-name", hashlib.sha256).hex()[:16]


def named(keys: Sequence[str]) -> dict[str, str]:
    return {key_name(key): key for key in keys}


def check(
    records: Iterable[Entry | Seal],
    keys: Sequence[str],
    anchors: Iterable[Anchor] = (),
    *,
    checked: Verdict | None = None,
) -> Verdict:
    """Follow the chain: each seal, then the entries it closes. Stops at the first break.

    `anchors` are what was kept elsewhere: a chain that is sound but shorter, or sealed anew, is found by them.
    """
    verdict = checked or Verdict()
    for broken in _faults(records, named(keys), {one.number: one for one in anchors}, verdict):
        verdict.broken = broken
        break
    return verdict


def _faults(
    records: Iterable[Entry | Seal], keys: Mapping[str, str], anchors: dict[int, Anchor], verdict: Verdict
) -> Iterator[Broken]:
    seal: Seal | None = None
    before, head, reached = ZERO, ZERO, 0
    closed: Seal | None = None
    for record in records:
        if isinstance(record, Seal):
            yield from _ended(seal, reached, head)
            closed = seal
            yield from _seal_faults(record, seal, keys, before)
            yield from _anchored(record, anchors.pop(record.number, None))
            seal, before = record, record.mac
            verdict.seals += 1
            continue
        yield from _entry_faults(record, seal, closed, reached, keys, head)
        head, reached = record.mac, record.position
        verdict.entries += 1
    yield from _ended(seal, reached, head)
    for number in sorted(anchors):
        known = f"the anchor knows it, up to position {anchors[number].last_position}"
        yield Broken(f"seal {number}", f"{known}, and it is not there: the end of the trail is missing")


def _seal_faults(seal: Seal, previous: Seal | None, keys: Mapping[str, str], before: bytes) -> Iterator[Broken]:
    place = f"seal {seal.number}"
    number = previous.number + 1 if previous else 1
    first = previous.last_position + 1 if previous else 1
    if seal.number != number:
        yield Broken(f"seal {number}", "it is missing" if seal.number > number else "another seal stands twice")
    if seal.key_name not in keys:
        yield Broken(place, f"it was made with a key named {seal.key_name}, which is not among the keys given")
    if not hmac.compare_digest(code(keys[seal.key_name], before, seal), seal.mac):
        yield Broken(place, "the seal itself was changed or replaced")
    if seal.first_position != first or seal.last_position - first + 1 != seal.count or seal.count < 1:
        yield Broken(place, f"it does not go on at position {first}")


def _anchored(seal: Seal, anchor: Anchor | None) -> Iterator[Broken]:
    if anchor and (anchor.mac != seal.mac or anchor.last_position != seal.last_position):
        yield Broken(f"seal {seal.number}", "it is not the one that the anchor knows: the trail was sealed again")


def _entry_faults(
    entry: Entry, seal: Seal | None, closed: Seal | None, reached: int, keys: Mapping[str, str], head: bytes
) -> Iterator[Broken]:
    place = where(entry)
    if seal is None or entry.position > seal.last_position:
        expected = reached + 1
        if seal and expected <= seal.last_position:
            yield Broken(f"position {expected}", "the entry is missing")
        yield Broken(place, "it claims to be sealed, and no seal holds it")
        return
    if entry.position > reached + 1:
        yield Broken(f"position {reached + 1}", "the entry is missing")
    if entry.position <= reached:
        yield Broken(place, "it stands where another entry stands")
    if not hmac.compare_digest(code(keys[seal.key_name], head, entry), entry.mac):
        yield Broken(place, "what it says is not what was sealed")
    if closed and closed.cluster == seal.cluster and entry.xid < closed.xid_horizon:
        yield Broken(place, f"it says it was written before seal {closed.number} was made, which did not know it")


def _ended(seal: Seal | None, reached: int, head: bytes) -> Iterator[Broken]:
    if seal is None:
        return
    if reached != seal.last_position:
        yield Broken(f"position {reached + 1}", "the entry is missing")
    if not hmac.compare_digest(head, seal.head):
        yield Broken(f"seal {seal.number}", "its last entry is another one")


def where(entry: Entry) -> str:
    """How a row is named to a person: its place, its number, and what it speaks of."""
    what = f"{entry.action} {entry.table_name} {entry.row_key}".strip()
    return f"position {entry.position} (entry {entry.id}: {what})"
