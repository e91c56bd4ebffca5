"""GitHub's words about one thing, gathered from all that was observed of it: the newest of each part, in no order.

REST, GraphQL and webhooks write the same things in different ways; here are the readers that take all three. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from metrics import read
from metrics.events import Observation

Words = Mapping[str, Any]
LONG_TEXT = 4000  # characters of a body that are kept
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_LINKS_KEPT = frozenset({"html_url", "environment_url", "log_url", "target_url"})


@dataclass(frozen=True, slots=True)
class Told:
    """One observation, opened."""

    words: Words
    at: datetime
    mark: str  # what decides between two of the same moment, whatever their order


def opened(told: Iterable[Observation]) -> list[Told]:
    """All that was observed, by time and then by content. Raises Unreadable for what is no JSON."""
    found = []
    for one in told:
        words = read.table(read.decoded(one.body))
        found.append(Told(words, one.updated_at or _NEVER, read.digest(one.body)))
    return sorted(found, key=lambda one: (one.at, one.mark))


def newest(told: Sequence[Told], part: str, rank: Callable[[Words], int] = lambda words: 0) -> Words:
    """What is known of `part`, field by field what was said last: a webhook of an old server leaves fields out.

    Of two within the same second those words count that are further on by `rank`.
    """
    held = [
        (_time(words, one), rank(words), one.mark, words) for one in told if (words := read.table(one.words.get(part)))
    ]
    found: dict[str, Any] = {}
    for *_, words in sorted(held, key=lambda one: one[:3]):
        found |= words
    return found


def parts(
    told: Sequence[Told], name: str, key: Callable[[Words], Any], rank: Callable[[Words], Any]
) -> dict[Any, Words]:
    """The parts called `name` of all observations by `key`: of each the one that `rank` puts last."""
    found: dict[Any, tuple[Any, Words]] = {}
    for one in told:
        for words in read.rows(one.words.get(name)):
            if not (which := key(words)):
                continue
            order = (rank(words), one.at, one.mark)
            if which not in found or order > found[which][0]:
                found[which] = (order, words)
    return {which: words for which, (_, words) in found.items()}


def _time(words: Words, one: Told) -> datetime:
    return time(words, "updated_at", "updatedAt") or one.at


def first(words: object, *names: str) -> Any:
    """The first of `names` that is there and not null."""
    table = read.table(words)
    return next((table[name] for name in names if table.get(name) is not None), None)


def time(words: object, *names: str) -> datetime | None:
    """The first of `names` that is a time."""
    table = read.table(words)
    return next((at for name in names if (at := read.when(table.get(name))) is not None), None)


def state(words: object, *names: str) -> str:
    """A word of GitHub's, in lower case: GraphQL shouts, and so do reviews."""
    return read.text(first(words, *names), 60).lower()


def number(value: object) -> int | None:
    return int(said) if (said := read.ident(value)).isdigit() and len(said) < 19 else None


def login(words: object) -> str:
    """Whose it is; "" for a user who is no more."""
    return read.text(first(words, "login"), 200)


def is_bot(words: object) -> bool:
    return state(words, "type", "__typename") == "bot" or login(words).endswith("[bot]")


def names(said: object) -> tuple[str, ...]:
    """The names of labels, which are objects, strings or GraphQL's nodes."""
    rows = said if isinstance(said, list) else read.at(said, "nodes")
    found = (read.text(first(one, "name") if isinstance(one, Mapping) else one, 100) for one in rows or ())
    return tuple(sorted({name for name in found if name})) if isinstance(rows, list) else ()


def repository(words: Words) -> str:
    return read.text(first(words.get("repository"), "full_name", "nameWithOwner"), 200)


def home(told: Sequence[Told]) -> tuple[str, Words]:
    """The repository's name now, and what is known of it."""
    at = max((one for one in told if repository(one.words)), key=lambda one: (one.at, one.mark), default=None)
    return (repository(at.words), read.table(at.words.get("repository"))) if at else ("", {})


def title_of(message: object) -> str:
    """The first line of a commit's message."""
    lines = message.strip().splitlines() if isinstance(message, str) else []
    return read.text(lines[0], 300) if lines else ""


# --- what is kept ----------------------------------------------------------------------------------------------------


def slim(said: Any) -> Any:
    """GitHub's words without what only leads elsewhere: addresses of its own, and of people all but their name."""
    if isinstance(said, Mapping):
        if "login" in said and ("id" in said or "type" in said):
            return {name: said[name] for name in ("login", "id", "type") if name in said}
        if "full_name" in said:
            return place(said)
        return {
            name: _short(name, value)
            for name, value in said.items()
            if name != "_links" and (not name.endswith("_url") or name in _LINKS_KEPT)
        }
    return [slim(one) for one in said] if isinstance(said, list) else said


def _short(name: str, value: Any) -> Any:
    if name in ("body", "message") and isinstance(value, str):
        return value[:LONG_TEXT]
    return slim(value) if name != "payload" else value


def place(said: object) -> dict[str, Any]:
    """What is kept of a repository."""
    table = read.table(said)
    kept = ("id", "full_name", "default_branch", "html_url", "fork")
    return {name: table[name] for name in kept if name in table}


def observation(kind: str, which: str, updated_at: datetime | None, **envelope: Any) -> Observation:
    """Several answers about one thing in one body."""
    body = read.encoded({name: slim(said) for name, said in envelope.items() if said is not None})
    return Observation(kind=kind, id=which, body=body, updated_at=updated_at)
