"""The fact base of a report: every number and date that any rendering may show, frozen and hashed. Pure.

Money is in cents, chances are 0–1, days are calendar days, moments are aware. None is not 0: it is not known. What is
said about the facts, for whom and in which order, is `wording`'s; how it looks is the renderings'.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

Day = date  # within a class that has a field called `date`
VERSION = 1
LATER = frozenset({"seniors_leaving"})  # fields that came later: while not known they are not written, nor hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """An outside date with what the forecast says of it, now and a week before."""

    id: int
    name: str
    title: str  # of the milestone that must be done by then
    date: Day
    penalty_from: Day | None = None
    rate: str = ""  # "$18k a day"
    currency: str = "USD"
    even: Day | None = None
    sure: Day | None = None
    chance: float | None = None
    chance_words: str = ""  # "under 1%": as every page prints it
    penalty: int | None = None  # expected
    penalty_85: int | None = None
    chance_before: float | None = None
    chance_before_words: str = ""
    penalty_before: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What the last forecast of one week said of the nearest deadline."""

    monday: Day
    even: Day
    sure: Day
    chance: float
    penalty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An outcome in business words with its commitments rolled up: what was promised first, what now, the forecast.

    `state_first` and `state` are shapes of a status ("ok", "risk", "late", "delivered", "none") against the first and
    the current promise; `word` and `word_first` are their words. `id` below 0: a commitment without an outcome.
    """

    id: int
    title: str
    team: str
    first: date | None = None
    due: date | None = None
    even: date | None = None
    sure: date | None = None
    delivered: date | None = None
    state: str = "none"
    word: str = ""
    state_first: str = "none"
    word_first: str = ""
    chance: float | None = None
    chance_words: str = ""
    cause: str = ""  # as a person logged it; "" if nobody has
    technical: str = ""  # the same cause in the words of engineering: the commitment and what it waits for
    commitments: int = 0
    delivered_commitments: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not what it was at the last report. `kind` as "Slipped"; `what` in words."""

    kind: str
    what: str
    technical: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a question."""

    letter: str
    title: str
    cost: int | None = None
    lands: date | None = None
    chance: float | None = None
    chance_words: str = ""
    penalty: int | None = None
    advised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A decision asked of the reader: the question, by when, what is recommended and what else could be done."""

    key: str
    question: str
    why: str = ""
    by: date | None = None
    owner: str = ""  # whose answer is waited for
    stake: int | None = None  # money that hangs on it; stakes of several asks overlap and are never added up
    stake_days: int | None = None
    currency: str = "USD"
    choices: tuple[Choice, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A risk of the register with its money, owner and signature."""

    code: str
    title: str
    state: str  # ROAM
    level: str = ""
    chance: float | None = None
    expected: int | None = None
    low: int | None = None
    high: int | None = None
    days: float | None = None  # expected working days
    owner: str = ""
    signature: str = ""  # "2 of 2 signed", "Not in writing", ""
    currency: str = "USD"
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Open, sized risks of one currency together."""

    currency: str
    expected: int
    sure: int  # 85th percentile of the total
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A category of the budget, or all of it, over the year so far: what was planned, spent and is expected."""

    category: str
    plan: int | None = None
    actual: int | None = None
    outlook: int | None = None
    variance: int | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure of delivery over the weeks: the figure in words, against the week before, and the values behind."""

    slug: str
    name: str
    unit: str = ""
    figure: str = ""  # as every page prints it: "31 hours"
    value: float | None = None
    before: float | None = None
    delta: str = ""  # "7 hours slower"
    tone: str = ""
    counts: str = ""  # "3 of 23"
    weeks: tuple[float | None, ...] = ()  # oldest first
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Counts only: a person of a small squad is never told apart. None: nobody of whom it could be said."""

    seniors_stayed: int | None = None
    seniors_at_start: int | None = None
    seniors_leaving: int | None = None  # of those who stayed: their last day is known
    grew: int | None = None
    left: int | None = None
    headcount: int | None = None
    added: str = ""  # what the director chose to add in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What is planned in one coming week."""

    monday: date
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How fresh the evidence is."""

    name: str
    state: str = ""
    read_to: datetime | None = None
    missing: str = ""  # "Incident data after Sat 21 Nov, 23:40 is missing: PagerDuty stopped answering."


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature in force that the report leans on."""

    acceptance: str
    title: str
    printed_name: str
    printed_title: str
    meaning: str
    at: datetime
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBase:
    """Everything that a report rests on, as of one moment. `week` is the Monday of the week it tells of."""

    organisation: str
    team: str
    team_slug: str
    week: date
    as_of: datetime
    zone: str  # of the organisation, by IANA name
    currency: str = "USD"
    prepared_by: str = ""
    prepared_title: str = ""
    say: str = ""  # the bottom line in one sentence, as the week page says it
    clause: str = ""
    tone: str = ""
    more: tuple[str, ...] = ()  # cause and remedy, in sentences; never an invented cause
    forecast_at: datetime | None = None
    forecast_digest: str = ""
    trials: int | None = None
    on_track: int = 0
    open: int = 0
    on_track_before: int | None = None
    open_before: int | None = None
    delivered: int = 0  # within the week
    waiting: int = 0  # asks of the reader or of anybody of the scope
    deadlines: tuple[Deadline, ...] = ()  # nearest first
    drift: tuple[Drift, ...] = ()
    outcomes: tuple[Outcome, ...] = ()  # worst first
    changes: tuple[Change, ...] = ()
    changes_since: date | None = None
    asks: tuple[Ask, ...] = ()  # heaviest first
    risks: tuple[Risk, ...] = ()  # heaviest first
    exposure: tuple[Exposure, ...] = ()
    budget: tuple[Money, ...] = ()  # the categories, then all together as "All"
    measures: tuple[Measure, ...] = ()
    people: People | None = None
    ahead: tuple[Ahead, ...] = ()
    sources: tuple[Source, ...] = ()
    signatures: tuple[Signed, ...] = ()
    version: int = VERSION

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `read` makes the same fact base of it."""
        found: dict[str, Any] = _plain(asdict(self, dict_factory=_written))
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(canonical(self.as_json())).hexdigest()


def canonical(value: Any) -> bytes:
    """The one way in which a JSON value is written when it is hashed: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read(kept: Mapping[str, Any]) -> FactBase:
    """The fact base that `as_json` wrote; what a newer version added has its usual value."""
    found: FactBase = _made(FactBase, kept)
    return found


def _written(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """So that a report which was kept before a field was thought of keeps its record."""
    return {name: value for name, value in pairs if value is not None or name not in LATER}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _made(kind: Any, value: Any) -> Any:
    """`value` of a JSON as what a field is declared as."""
    if value is None:
        return None
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _made(next(one for one in typing.get_args(kind) if one is not type(None)), value)
    if origin is tuple:
        return tuple(_made(typing.get_args(kind)[0], one) for one in value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{one.name: _made(hints[one.name], value[one.name]) for one in fields(kind) if one.name in value})
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return float(value) if kind is float else value
