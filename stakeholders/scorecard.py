"""The six indicators: where each stands between struggling and high-performing, from its rows. Pure.

A number is the sum of its rows and nothing else, so every page that shows rows shows what adds up to it. None is not 0:
without a row an indicator is not measured yet, and says why. Under `FEW` rows a number says little; `wilson` says how
little. Source: DOMAIN, The scorecard.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

FEW = 5
HALF = 0.5
HIGH, LOW = 0.8, 0.2  # from here on high-performing; under this struggling
SLIP = 0.05  # so much further down the line than at the first measured point of the trend is slipping back
Z = 1.96  # 95 %


class Key(enum.StrEnum):
    """The indicators, in the order of the page."""

    ROADMAP = "roadmap"
    DEBT = "debt"
    DEPENDENCIES = "dependencies"
    ATTRITION = "attrition"
    COMMUNICATION = "communication"
    AGILE = "agile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What an indicator is: both ends in words, what one row is, and what its number says of it."""

    key: Key
    title: str
    short: str  # in the headline
    struggling: str
    high: str
    noun: str
    says: str
    low: float = 0.0  # the share at the struggling end
    top: float = 1.0


DEFINITIONS: dict[Key, Definition] = {
    one.key: one
    for one in (
        Definition(
            key=Key.ROADMAP, title="Roadmap commitments", short="roadmap commitments",
            struggling="Misses are discovered at sprint review", high="Misses are flagged early with options",
            noun="miss,misses", says="were flagged 10 or more working days ahead, with options.",
        ),
        Definition(
            key=Key.DEBT, title="Technical debt", short="technical debt",
            struggling="Accumulates until it causes an incident", high="Tracked, prioritized, time-boxed",
            noun="debt item,debt items", says="have an owner, a rank and a time limit.",
        ),
        Definition(
            key=Key.DEPENDENCIES, title="Dependencies", short="dependencies",
            struggling="Surfaces mid-sprint as a blocker", high="Identified and resolved pre-sprint",
            noun="dependency,dependencies", says="had an agreed date before the sprint began.",
        ),
        Definition(
            key=Key.ATTRITION, title="Team attrition", short="attrition",
            struggling="Steady turnover of top performers", high="Senior engineers stay and grow",
            noun="senior engineer,senior engineers", says="stayed this year.", low=0.8,
        ),
        Definition(
            key=Key.COMMUNICATION, title="Executive communication", short="executive communication",
            struggling="Avoids conflict, or escalates without context",
            high="Translates technical risk to business impact", noun="escalation,escalations",
            says="carried an impact in money or days, evidence and at least two options.",
        ),
        Definition(
            key=Key.AGILE, title="Agile adoption", short="agile adoption",
            struggling="Process becomes overhead without outcome",
            high="Ceremonies serve delivery, not the process itself", noun="retro action,retro actions",
            says="were done by the day they were due.",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact behind a number: it adds `part` of `of`. `squad` is its team's id, as text."""

    id: str
    label: str
    squad: str
    part: int
    of: int = 1
    on: date | None = None
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A number beside the main one, with rows of its own. `why_not`: why it is not measured, when it is not."""

    key: str
    title: str
    rows: tuple[Row, ...] = ()
    counted: bool = False  # a plain sum of `part`, with `unit`, and no share
    unit: str = ""
    extra: str = ""
    why_not: str = ""

    @property
    def part(self) -> int:
        return sum(row.part for row in self.rows)

    @property
    def of(self) -> int:
        return sum(row.of for row in self.rows)

    @property
    def words(self) -> str:
        """“3 of 9”; “7 days” for a plain sum; why it is not measured otherwise."""
        if self.why_not and not self.rows:
            return self.why_not
        if self.counted:
            return f"{self.part} {self.unit}".strip()
        return f"{self.part} of {self.of}" if self.of else "none yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator of one scope. `trend` are its shares at the end of each week, oldest first; the last is its own."""

    definition: Definition
    rows: tuple[Row, ...]
    trend: tuple[float | None, ...] = ()
    asides: tuple[Aside, ...] = ()
    why_not: str = ""
    hide_share: bool = False  # so few people that a share is about a person
    extra: str = ""
    not_measurable: tuple[str, ...] = field(default=())

    @property
    def part(self) -> int:
        return sum(row.part for row in self.rows)

    @property
    def of(self) -> int:
        return sum(row.of for row in self.rows)

    @property
    def share(self) -> float | None:
        return None if self.hide_share or not self.of else self.part / self.of

    @property
    def place(self) -> float | None:
        """0 (struggling) to 1 (high-performing); None when there is nothing to place."""
        return None if self.share is None else along(self.share, self.definition)

    @property
    def start(self) -> float | None:
        """The share at the start: the first point of the trend that was measured; None with none before now."""
        return next((one for one in self.trend[:-1] if one is not None), None)

    @property
    def before(self) -> float | None:
        """The place of `start`, from which every word of the trend is worked out."""
        return None if self.start is None or self.place is None else along(self.start, self.definition)

    @property
    def band(self) -> tuple[float, float] | None:
        """Where the place may be, 95 times of 100, for a number of so few rows."""
        if self.place is None:
            return None
        low, high = wilson(self.part, self.of)
        return along(low, self.definition), along(high, self.definition)

    @property
    def few(self) -> bool:
        return 0 < self.of < FEW

    @property
    def slipping(self) -> bool:
        """Whether it stands clearly lower than at the start of the trend."""
        if self.place is None or self.before is None:
            return False
        return self.before - self.place >= SLIP - 1e-9

    @property
    def on_high_side(self) -> bool | None:
        return None if self.place is None else self.place >= HALF

    @property
    def word(self) -> str:
        if self.place is None:
            return "Too few people to place" if self.of else "Not measured yet"
        if self.slipping:
            return "Slipping back"
        if self.place >= HIGH:
            return "High-performing"
        if self.place >= HALF:
            return "Nearer high"
        return "Nearer struggling" if self.place >= LOW else "Struggling"

    @property
    def state(self) -> str:
        """The shape beside the word: ok, risk, late or none."""
        if self.place is None:
            return "none"
        if self.place < HALF:
            return "late"
        return "risk" if self.slipping else "ok"

    @property
    def moved(self) -> str:
        """The trend in words: “up from 44%”; "" without one."""
        if self.start is None or self.share is None:
            return ""
        was, now = round(self.start * 100), round(self.share * 100)
        if was == now:
            return f"as before, {was}%"
        return f"{'up' if now > was else 'down'} from {was}%"


def along(share: float, definition: Definition) -> float:
    """A share's place on the line, which may begin above 0; held within its ends."""
    return min(max((share - definition.low) / (definition.top - definition.low), 0.0), 1.0)


def wilson(part: int, of: int, *, z: float = Z) -> tuple[float, float]:
    """The Wilson score interval of a share; (0, 1) of nothing. A part over the whole counts as the whole.

    Source: Wilson 1927; unlike ± standard error it stays within 0 and 1 and is honest for small counts.
    """
    if of <= 0:
        return 0.0, 1.0
    share = min(part, of) / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    low = 0.0 if part <= 0 else (middle - spread) / whole
    high = 1.0 if part >= of else (middle + spread) / whole
    return max(low, 0.0), min(high, 1.0)


def shares(rows_at: Iterable[Sequence[Row]]) -> tuple[float | None, ...]:
    """The share of each set of rows; None where there are none."""
    found: list[float | None] = []
    for rows in rows_at:
        of = sum(row.of for row in rows)
        found.append(sum(row.part for row in rows) / of if of else None)
    return tuple(found)


def headline(indicators: Sequence[Indicator]) -> str:
    """The page in a sentence or two, by rules; what is not measured is never called high or low."""
    measured = [one for one in indicators if one.place is not None]
    if not measured:
        return "None of the six indicators can be placed yet."
    low = [one for one in measured if not one.on_high_side]
    slipping = [one for one in measured if one.slipping]
    missing = len(indicators) - len(measured)
    sides = _sides(len(measured), low, missing)
    if not slipping:
        return sides
    names = listed([one.definition.short for one in slipping])
    return (
        f"{sides} {_number(len(slipping)).capitalize()} {'is' if len(slipping) == 1 else 'are'} slipping back: {names}."
    )


def _sides(measured: int, low: Sequence[Indicator], missing: int) -> str:
    whole = "All six indicators" if not missing else f"All {_number(measured)} that can be placed"
    if measured == 1:
        whole = "The one indicator that can be placed"
    if not low:
        verb = "sits" if measured == 1 else "sit"
        said = f"{whole} {verb} on the high-performing side."
    elif len(low) == measured:
        said = f"{whole} {'sits' if measured == 1 else 'sit'} on the struggling side."
    else:
        names = listed([one.definition.short for one in low])
        up = measured - len(low)
        said = (
            f"{_number(up).capitalize()} of {_number(measured)} indicators {'sits' if up == 1 else 'sit'} on the "
            f"high-performing side; {names} {'sits' if len(low) == 1 else 'sit'} on the struggling side."
        )
    if missing:
        said += f" {_number(missing).capitalize()} {'is' if missing == 1 else 'are'} not measured yet."
    return said


def listed(names: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _number(count: int) -> str:
    return ("no", "one", "two", "three", "four", "five", "six")[count] if count <= 6 else str(count)
