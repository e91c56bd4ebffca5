"""What was known of a scope at one moment, as plain records; and what differs between two moments. Pure.

A snapshot is kept as JSON and read back equal. `snapshot A + changes(A, B) = B` holds for any two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any

Day = date  # within a class that has a field called `date`


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A commitment. `state` is the shape of its status, or "cancelled"; the forecast is None where there is none."""

    id: int
    title: str
    team: int
    team_name: str
    first: date
    due: date
    state: str
    word: str
    why: str = ""
    is_milestone: bool = False
    delivered: date | None = None
    even: date | None = None
    sure: date | None = None
    hits: int | None = None
    trials: int | None = None
    state_first: str = ""  # against the first promise; "": not kept then
    word_first: str = ""

    @property
    def is_open(self) -> bool:
        return self.state not in ("delivered", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """An outside date; money in cents. `chain` are the commitments that drive it, `driving` how often, 0–1."""

    id: int
    name: str
    date: Day
    milestone: int
    title: str
    team: int
    currency: str = "USD"
    penalty_from: Day | None = None
    rate: str = ""  # "$18k a day"
    even: Day | None = None
    sure: Day | None = None
    hits: int | None = None
    trials: int | None = None
    penalty: int | None = None
    penalty_85: int | None = None
    chain: tuple[int, ...] = ()
    driving: Mapping[str, float] = field(default_factory=dict)

    @property
    def days_late(self) -> int | None:
        return (self.even - self.date).days if self.even else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A dependency: who needs what of whom, and the day agreed on."""

    id: int
    before: int
    after: int
    before_title: str
    after_title: str
    gives: str
    asks: str
    what: str = ""
    step: str = "requested"
    needed_by: date | None = None
    agreed: date | None = None
    found: str = "planning"
    since: date | None = None  # when it was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A promise that moved. `words` are those of the newest correction."""

    id: int
    commitment: int
    title: str
    team: str
    frm: date
    to: date
    reason: str = ""
    words: str = ""
    on: date
    options: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A risk, a decision, a requirement or an option taken: its words, and where it stands."""

    id: int
    title: str
    state: str
    said: str = ""
    by: str = ""
    on: date | None = None


Row = Promise | Deadline | Need | Slip | Record
KINDS: dict[str, type[Any]] = {
    "promises": Promise, "deadlines": Deadline, "needs": Need, "slips": Slip, "risks": Record, "decisions": Record,
    "requirements": Record, "choices": Record,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything of one scope as of `at`, by kind and number."""

    at: datetime
    today: date
    forecast_at: datetime | None = None
    forecast_digest: str = ""  # of what the forecast rests on
    rows: Mapping[str, Mapping[int, Row]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Any]:
        return list(self.rows.get(kind, {}).values())

    def get(self, kind: str, number: int) -> Any:
        return self.rows.get(kind, {}).get(number)

    @property
    def promises(self) -> list[Promise]:
        return self.of("promises")

    @property
    def deadlines(self) -> list[Deadline]:
        """Nearest first."""
        return sorted(self.of("deadlines"), key=lambda one: (one.date, one.id))

    @property
    def open(self) -> list[Promise]:
        """Open commitments that somebody works on; milestones only collect them."""
        return [one for one in self.promises if one.is_open and not one.is_milestone]

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "today": self.today.isoformat(),
            "forecast_at": self.forecast_at.isoformat() if self.forecast_at else None,
            "forecast_digest": self.forecast_digest,
            **{kind: [_plain(one) for one in self.of(kind)] for kind in KINDS},
        }


def read(kept: Mapping[str, Any]) -> Known:
    """The snapshot that `as_json` made; what a newer version added has its usual value."""
    forecast = kept.get("forecast_at")
    return Known(
        at=datetime.fromisoformat(kept["at"]),
        today=date.fromisoformat(kept["today"]),
        forecast_at=datetime.fromisoformat(forecast) if forecast else None,
        forecast_digest=kept.get("forecast_digest", ""),
        rows={kind: {one["id"]: _row(KINDS[kind], one) for one in kept.get(kind, ())} for kind in KINDS},
    )


def _plain(row: Row) -> dict[str, Any]:
    said = asdict(row)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


_DATES = frozenset({"first", "due", "delivered", "even", "sure", "date", "penalty_from", "needed_by", "agreed", "frm",
                    "to", "on", "since"})  # fmt: skip


def _row(kind: type[Any], said: Mapping[str, Any]) -> Any:
    names = {one.name for one in fields(kind)}
    values = {name: value for name, value in said.items() if name in names}
    for name in _DATES & set(values):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    if "chain" in values:
        values["chain"] = tuple(values["chain"])
    return kind(**values)


# --- from one moment to another --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One record that is not what it was; None: it was not there, or is no longer."""

    kind: str
    id: int
    before: Any
    after: Any


def changes(before: Known, after: Known) -> list[Change]:
    """Every record that differs, kind by kind, by number."""
    found = []
    for kind in KINDS:
        old, new = before.rows.get(kind, {}), after.rows.get(kind, {})
        found += [
            Change(kind, number, old.get(number), new.get(number))
            for number in sorted(old.keys() | new.keys())
            if old.get(number) != new.get(number)
        ]
    return found


def applied(before: Known, made: Iterable[Change]) -> dict[str, dict[int, Row]]:
    """The records of `before` with the changes made."""
    rows = {kind: dict(before.rows.get(kind, {})) for kind in KINDS}
    for one in made:
        if one.after is None:
            rows[one.kind].pop(one.id, None)
        else:
            rows[one.kind][one.id] = one.after
    return rows
