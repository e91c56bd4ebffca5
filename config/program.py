"""What runs in this process, in a few words: the name of its connections to PostgreSQL, and so of what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

LONGEST = 63  # of a name in PostgreSQL


def program(arguments: Sequence[str]) -> str:
    """As "manage.py create_administrator" or "celery worker": never the arguments, which may hold anything."""
    name = PurePath(arguments[0]).name if arguments else ""
    words = [name if name not in ("", "-c", "-m", "__main__.py") else "python"]
    if words[0] == "manage.py":
        words += arguments[1:2]
    elif words[0] == "celery":
        words += [word for word in arguments[1:] if word in ("worker", "beat")][:1]
    return " ".join(words)[:LONGEST]
