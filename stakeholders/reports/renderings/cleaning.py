"""Words as every form can hold them: without what XML forbids or what turns the reading order round. Pure."""

from __future__ import annotations

import re
from datetime import date

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACES = re.compile(r"\s+")
_WEB = re.compile(r"https?://[^\s\"'<>\\^`{|}]+\Z", re.IGNORECASE)


def clean(words: str) -> str:
    """`words` without control characters; line breaks stay."""
    if words.isprintable():
        return words
    return _FORBIDDEN.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))


def line(words: str) -> str:
    """`words` on one line."""
    return _SPACES.sub(" ", clean(words)).strip()


def cut(words: str, most: int) -> str:
    """`words` in at most so many signs, the last of them an ellipsis if something is missing."""
    return words if len(words) <= most else words[: max(most - 1, 0)].rstrip() + "…"


def web(url: str) -> str:
    """`url` if it is a plain web address, else ""."""
    return url if _WEB.match(url) and len(url) <= 2000 else ""


def day(value: date) -> str:
    """ "8 Jan 2027"."""
    return f"{value.day} {value:%b} {value.year}"
