"""How a report speaks: days, money and counts as of its day, and the words that somebody edited. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from teams import spoken
from teams.spoken import MISSING

from .document import Cell, Text, Tone
from .facts import FactBase

Audience = Literal["finance", "engineering"]
AUDIENCES: tuple[Audience, ...] = ("finance", "engineering")
NO_REASON = "No reason logged yet."
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
_TONES: tuple[Tone, ...] = ("ok", "risk", "late", "delivered", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """`words` are those that a director wrote in place of the computed ones, by key."""

    audience: Audience
    today: date
    zone: ZoneInfo
    currency: str = "USD"
    words: Mapping[str, str] = field(default_factory=dict)
    base: str = ""  # the address of the report itself, from which those of rows are told

    # --- words that may be edited

    def chosen(self, key: str, computed: str) -> tuple[str, bool]:
        """The words of `key` and whether somebody wrote them."""
        written = self.words.get(key, "")
        return (written, True) if written else (computed, False)

    def text(self, key: str, computed: str, role: Literal["body", "lead", "note"] = "body") -> Text:
        words, edited = self.chosen(key, computed)
        return Text(words=words, key=key, edited=edited, role=role)

    def titled(self, title: str, key: str = "", computed: str = "", *, tone: str = "", url: str = "") -> Cell:
        """A title with a note under it; `key` names the note."""
        note, edited = self.chosen(key, computed) if key else (computed, False)
        shown = title or "No title"
        return Cell(
            words=shown, note=note, note_key=key, note_edited=edited, tone=toned(tone), strong=True, url=self.link(url)
        )

    def said(self, key: str, computed: str) -> Cell:
        words, edited = self.chosen(key, computed)
        return Cell(words=words or MISSING, key=key, edited=edited)

    def link(self, url: str) -> str:
        """The whole address of a web page, or ""."""
        try:
            return spoken.web(urljoin(self.base, url) if url else "")
        except ValueError:  # no address at all
            return ""

    # --- values

    def day(self, value: date | None, form: str = "") -> str:
        return spoken.day(value, self.today, form)

    def weekday(self, value: date | None, form: str = "") -> str:
        return spoken.weekday(value, self.today, form)

    def local(self, value: datetime) -> datetime:
        return value.astimezone(self.zone)

    def on(self, value: date | None, *, strong: bool = False, tone: str = "", note: str = "") -> Cell:
        return Cell(words=self.day(value), value=value, strong=strong, tone=toned(tone), note=note)

    def cash(self, cents: int | None, currency: str, *, nothing: str = "", strong: bool = False) -> Cell:
        """Money; `nothing` is said in place of "$0"."""
        words = nothing if cents == 0 and nothing else spoken.cash(cents, currency)
        own = currency if currency != self.currency else ""
        return Cell(words=words, value=cents, currency=own, strong=strong)

    def chance(self, value: float | None, words: str, *, strong: bool = False) -> Cell:
        """A chance as every page prints it."""
        return Cell(words=MISSING if value is None else words or spoken.percent(value), value=value, strong=strong)

    def count(self, value: float | None, *, strong: bool = False) -> Cell:
        return Cell(words=spoken.count(value), value=value, strong=strong)


def voice(facts: FactBase, audience: str, words: Mapping[str, str], base: str = "") -> Voice:
    """Raises ValueError for an audience that nobody speaks to."""
    known = next((one for one in AUDIENCES if one == audience), None)
    if known is None:
        raise ValueError(f"A report is written for {' or '.join(AUDIENCES)}, not for “{audience}”.")
    zone = ZoneInfo(facts.zone)
    return Voice(
        audience=known, today=facts.as_of.astimezone(zone).date(), zone=zone, currency=facts.currency, words=words,
        base=base,
    )  # fmt: skip


def toned(tone: str) -> Tone:
    """The tone if it is one of ours: facts hold it as text."""
    return next((one for one in _TONES if one == tone), "")


def number(count: int) -> str:
    """As a sentence begins: "Three"."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def sentence(words: str) -> str:
    """With its full stop."""
    return words if not words or words[-1] in ".!?…。؟" else f"{words}."


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return "".join(parts) if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def lowered(words: str) -> str:
    """Begun in lower case, unless that is a name such as "DORA"."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def days(count: int) -> str:
    return spoken.plural(abs(count), "day")
