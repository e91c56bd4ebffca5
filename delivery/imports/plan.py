"""What an import is made of: problems that name their place, what a row wants, and what would become of it. Pure."""

from __future__ import annotations

import enum
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from delivery.actions import Proposal

MOST_BYTES = 20_000_000
MOST_ROWS = 20_000


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one place. `line` is that of the file, or the number of an issue; `value` is cut short."""

    line: int
    column: str
    value: str
    what: str

    @staticmethod
    def at(line: int, column: str, value: str, what: str) -> Problem:
        clean = " ".join(value.split())
        return Problem(line, column, clean if len(clean) <= 80 else f"{clean[:79]}…", what)


class Fate(enum.StrEnum):
    """What becomes of a row."""

    ERROR = "error"
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left_out"


@dataclass(slots=True)
class Wanted:
    """One row as it was read. None and "" say nothing about a field; what is there stays."""

    line: int
    id: str = ""
    team: str = ""
    title: str = ""
    promised_on: date | None = None
    days: tuple[int, int, int] | None = None
    about: str = ""
    owner: str = ""
    outcome: str = ""
    interval: str = ""
    is_stretch: bool | None = None
    is_milestone: bool | None = None
    planned_value: int | None = None
    no_earlier_than: date | None = None
    made_on: date | None = None
    started_on: date | None = None
    state: str = ""  # open, delivered, cancelled
    delivered_on: date | None = None
    cancelled_why: str = ""
    reason: str = ""
    words: str = ""
    impact: str = ""
    options: tuple[Proposal, ...] = ()
    raw: dict[str, str] = field(default_factory=dict)  # field → the cell as it was
    columns: dict[str, str] = field(default_factory=dict)  # field → the name of its column
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lenient: bool = False  # what a tracker says of people, plans and closed work is a note at most
    left_out: str = ""

    def wrong(self, name: str, what: str, value: str | None = None) -> None:
        shown = self.raw.get(name, "") if value is None else value
        self.problems.append(Problem.at(self.line, self.columns.get(name, name), shown, what))


@dataclass(slots=True)
class Held:
    """A commitment as it stands in the database."""

    pk: int
    team: int
    title: str
    promised_on: date
    last_slip: int | None = None
    id: tuple[str, str] = ("", "")
    about: str = ""
    days: tuple[int, int, int] | None = None
    owner: int | None = None
    outcome: int | None = None
    interval: int | None = None
    is_stretch: bool = False
    is_milestone: bool = False
    planned_value: int | None = None
    no_earlier_than: date | None = None
    started_on: date | None = None
    state: str = "open"
    may_log: bool = True
    seen: bool = True


@dataclass(slots=True)
class Intent:
    """What would be done with one row. `changes` are words for people, `acts` names the verbs."""

    line: int
    fate: Fate
    wanted: Wanted
    held: Held | None = None
    team: int | None = None
    owner: int | None = None
    outcome: int | None = None
    interval: int | None = None
    external: tuple[str, str] = ("", "")
    acts: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.wanted.title or (self.held.title if self.held and self.held.seen else "") or self.wanted.id

    @property
    def what(self) -> str:
        return "commitment"


@dataclass(slots=True)
class WantedLink:
    """One dependency as it was read: `after` needs `before`."""

    line: int
    before: str
    after: str
    kind: str = "FS"
    lag: int | None = None
    in_calendar_days: bool | None = None
    text: str = ""
    needed_by: date | None = None
    found: str = ""
    id: str = ""
    raw: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lenient: bool = False

    def wrong(self, name: str, what: str) -> None:
        value = self.raw.get(name, getattr(self, name, ""))
        self.problems.append(Problem.at(self.line, self.columns.get(name, name), str(value or ""), what))


@dataclass(slots=True)
class LinkIntent:
    """What would be done with one dependency. An end is a commitment's id, or the line of one that is to be made."""

    line: int
    fate: Fate
    wanted: WantedLink
    before: str = ""
    after: str = ""
    title: str = ""
    external: tuple[str, str] = ("", "")
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def what(self) -> str:
        return "dependency"


@dataclass(slots=True)
class Plan:
    """Every row with its fate."""

    promises: list[Intent] = field(default_factory=list)
    links: list[LinkIntent] = field(default_factory=list)
    unit: str = "line"  # or "issue"
    read_as: str = ""

    @property
    def rows(self) -> list[Intent | LinkIntent]:
        return [*self.promises, *self.links]

    @property
    def counts(self) -> Counter[Fate]:
        return Counter(row.fate for row in self.rows)

    @property
    def problems(self) -> list[Problem]:
        found = [problem for row in self.rows if row.fate is Fate.ERROR for problem in row.problems]
        return sorted(found, key=lambda one: one.line)

    @property
    def good(self) -> int:
        """Rows that would be written."""
        return self.counts[Fate.CREATE] + self.counts[Fate.UPDATE]

    @property
    def digest(self) -> str:
        """Of what would be done: another digest means that something has changed since it was shown."""
        said = hashlib.sha256()
        for row in self.rows:
            end = f"{row.before} {row.after}" if isinstance(row, LinkIntent) else _facts(row)
            said.update(repr((row.line, row.fate, end, row.changes, [one.what for one in row.problems])).encode())
        return said.hexdigest()[:32]


def _facts(row: Intent) -> str:
    return f"{row.held.pk if row.held else ''} {row.held.last_slip if row.held else ''} {row.team} {row.wanted.title}"


def some(names: Iterable[str], most: int = 5) -> str:
    """ "a, b, c or d"."""
    few = list(names)[:most]
    return few[0] if len(few) == 1 else f"{', '.join(few[:-1])} or {few[-1]}" if few else ""
