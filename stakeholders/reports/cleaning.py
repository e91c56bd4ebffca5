"""Words of records made fit for every form: no control characters, overrides of direction or noncharacters. Pure.

A database holds what people pasted. What has no shape, what XML forbids, or would turn the words after it around, is
taken out; in `plain` every kind of line break becomes a space. What is left is what was written.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

_Kept = TypeVar("_Kept")
_BREAKS = re.compile(r"\s+")  # also \x1c–\x1f, \x85, \u2028, \u2029
_OTHER_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_WEB = re.compile(r"https?://[^\s\"'<>\\^`{|}]+\Z", re.IGNORECASE)
_LAST_OF_PLANES = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_SHAPELESS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef"
    f"\ufff9-\ufffb\ud800-\udfff{_LAST_OF_PLANES}]"
)


def plain(text: str) -> str:
    """One line without what cannot be seen; no-break spaces stay."""
    return _BREAKS.sub(lambda found: found[0] if found[0] in "\u00a0\u202f" else " ", _SHAPELESS.sub("", text)).strip()


def clean(text: str) -> str:
    """`text` without what cannot be seen; line breaks stay."""
    return text if text.isprintable() else _SHAPELESS.sub("", _OTHER_BREAKS.sub("\n", text))


def cut(text: str, most: int) -> str:
    """`text` in at most so many signs, the last of them an ellipsis if something is missing."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip() + "…"


def web(url: str) -> str:
    """`url` if it is a plain web address, else ""."""
    return url if _WEB.match(url) and len(url) <= 2000 else ""


def cleaned(value: _Kept) -> _Kept:
    """The same facts with every text `plain`."""
    found: _Kept = _cleaned(value)
    return found


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() and value == value.strip() else plain(value)
    if isinstance(value, tuple):
        return tuple(_cleaned(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        was = {one.name: getattr(value, one.name) for one in fields(value)}
        now = {name: _cleaned(one) for name, one in was.items() if isinstance(one, (str, tuple)) or is_dataclass(one)}
        changed = {name: one for name, one in now.items() if one is not was[name]}
        return replace(value, **changed) if changed else value
    return value
