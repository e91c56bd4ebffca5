"""Readers for words that a vendor may write in many ways: times, ids, texts, links, JSON. Pure; nothing is guessed.

What cannot be read is None or "": not known. Only `decoded` raises, for a body that is no JSON at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from .events import Unreadable

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # 1970 is a clock that was never set, year 1 is "not ended"
DEEPEST = 200  # levels of nesting
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ]\s*(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)?\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?\Z",
    re.ASCII,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\"<>\\^`{|}\ud800-\udfff]")


# --- times -----------------------------------------------------------------------------------------------------------


def when(value: object) -> datetime | None:
    """An instant in UTC, or None for anything that is none or lies before 1971.

    Reads ISO 8601 with and without a zone (then UTC), seconds, milliseconds, microseconds or nanoseconds since 1970 as
    numbers or digits, and the dates of e-mail (RFC 2822).
    """
    at: datetime | None = None
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        at = _of_number(value)
    elif isinstance(value, str):
        at = _of_words(value.strip()[:80])
    if at is None:
        return None
    try:
        at = at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at if at >= EARLIEST else None


def plausible(at: datetime | None, *, now: datetime) -> datetime | None:
    """`at` unless it lies more than a day ahead: a clock that was wrong."""
    return at if at is not None and at <= now + timedelta(days=1) else None


def latest(*times: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    return max((at for at in times if at is not None), default=None)


def earliest(*times: datetime | None) -> datetime | None:
    """The earliest of those that are known."""
    return min((at for at in times if at is not None), default=None)


def _of_number(value: float) -> datetime | None:
    """Seconds up to the year 5138; larger numbers are thousandths, millionths or billionths of a second."""
    if not 0 <= value < 1e20:
        return None
    for limit, unit in ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (1e20, 1_000_000_000)):
        if value < limit:
            # whole seconds apart from the rest, so that a large number keeps its microseconds
            whole, rest = divmod(value, unit)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole, microseconds=rest * 1_000_000 // unit)
    return None


def _of_words(words: str) -> datetime | None:
    if re.fullmatch(r"(19|20)[0-9]{6}", words):
        return _of_iso(words)
    if re.fullmatch(r"[0-9]{1,20}", words):
        return _of_number(int(words))
    if re.fullmatch(r"[0-9]{1,20}\.[0-9]{1,12}", words):
        return _of_number(float(words))
    if (at := _of_iso(words)) is not None:
        return at
    try:
        at = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _of_iso(words: str) -> datetime | None:
    found = _ISO.match(words)
    if found is None:
        return None
    year, month, day, hour, minute, second, part, zone = found.groups()
    micro = int((part or "0")[:6].ljust(6, "0"))
    leap = second == "60"
    try:
        at = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), 59 if leap else int(second or 0), micro,
            tzinfo=_zone(zone),
        )  # fmt: skip
        return at + timedelta(seconds=1) if leap else at
    except (ValueError, OverflowError):
        return None


def _zone(zone: str | None) -> timezone:
    if not zone or not zone.startswith(("+", "-")):
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if zone[0] == "-" else offset)


# --- words -----------------------------------------------------------------------------------------------------------


def text(value: object, most: int = 200) -> str:
    """One line of at most `most` characters, without control and direction characters; "" for what is no text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    line = " ".join(_CONTROL.sub(" ", value[: most * 4 + 200]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def ident(value: object) -> str:
    """An id that is a number for one version and a string for another; "" when it is neither."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else ""
    return text(value, 200) if isinstance(value, str) else ""


def link(value: object) -> str:
    """An address that a page may link to: http or https, without a name and password in it; else ""."""
    if not isinstance(value, str) or len(value) > 2000 or _UNSAFE.search(value):
        return ""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    return value


def digest(*parts: str | bytes) -> str:
    """What makes the same words the same: a SHA-256 that also depends on where one part ends."""
    found = hashlib.sha256()
    for part in parts:
        said = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(said).to_bytes(8, "big"))
        found.update(said)
    return found.hexdigest()


# --- JSON ------------------------------------------------------------------------------------------------------------


def decoded(body: bytes | str) -> Any:
    """What a JSON body says. Raises Unreadable for what is no JSON, or is nested too deep."""
    try:
        found = msgspec.json.decode(body)
    except RecursionError:
        raise Unreadable("This is nested too deep to be read.") from None
    except (msgspec.DecodeError, UnicodeError, ValueError) as wrong:
        raise Unreadable("This is not JSON.", detail=str(wrong)[:300]) from None
    if _deeper(found, DEEPEST):
        raise Unreadable("This is nested too deep to be read.")
    return found


def encoded(said: Any) -> bytes:
    """Compact JSON with its names in order, so that the same answer always makes the same bytes."""
    return msgspec.json.encode(said, order="deterministic")


def at(said: object, *path: str | int) -> Any:
    """What stands at the end of `path` through mappings (by name) and lists (by place); None where it ends before."""
    for step in path:
        if isinstance(step, str) and isinstance(said, Mapping):
            said = said.get(step)
        elif isinstance(step, int) and isinstance(said, list) and -len(said) <= step < len(said):
            said = said[step]
        else:
            return None
    return said


def table(said: object) -> Mapping[str, Any]:
    """A mapping, or an empty one."""
    return said if isinstance(said, Mapping) else {}


def rows(said: object) -> list[Mapping[str, Any]]:
    """The mappings in a list, or none."""
    return [row for row in said if isinstance(row, Mapping)] if isinstance(said, list) else []


def _deeper(said: object, most: int) -> bool:
    level: Iterable[object] = (said,)
    for _ in range(most):
        level = [
            part
            for one in level
            if isinstance(one, dict | list)
            for part in (one.values() if isinstance(one, dict) else one)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True
