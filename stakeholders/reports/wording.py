"""A fact base in words for one audience: what every rendering prints. Pure.

The audiences read the same numbers and days; finance reads causes as they were logged, engineering with the technical
cause. Words that a director wrote take the place of computed ones by key, and never of a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from teams import spoken

from . import back_page, closing, front_page
from .cleaning import cleaned, plain
from .document import Document, Table, Text
from .facts import FactBase
from .voice import AUDIENCES, Audience, voice

__all__ = ["AUDIENCES", "Audience", "Editable", "document", "editable"]


@dataclass(frozen=True, slots=True)
class Editable:
    """Words that may be written anew: where they stand, what they are now, and whether somebody wrote them."""

    key: str
    where: str  # "Where each outcome stands: Every read can be traced"
    words: str
    edited: bool


def document(
    facts: FactBase,
    *,
    audience: str,
    words: Mapping[str, str] | None = None,
    state: str = "",
    url: str = "",
    logo: bytes | None = None,
    paper: str = "a4",
) -> Document:
    """The report as it is read. Raises ValueError for an audience that is not one."""
    known = cleaned(facts)
    address = spoken.web(url)
    said = voice(known, audience, {key: plain(text) for key, text in (words or {}).items()}, address)
    front = (front_page.bottom_line, front_page.outcomes, front_page.changes, front_page.asks)
    back = (
        back_page.deadlines, back_page.risks, back_page.budget, closing.delivery, closing.people, closing.plan,
        closing.reading, closing.evidence,
    )  # fmt: skip
    local = said.local(known.as_of)
    day = f"{spoken.WEEKDAYS[local.weekday()]} {local.day} {spoken.month(local)}"
    return Document(
        audience=audience,
        organisation=known.organisation,
        team=known.team,
        title=_title(known),
        headline=front_page.headline(known, said),
        sections=tuple(one(known, said) for one in (*front, *back)),
        as_of=facts.as_of,
        as_of_words=f"Facts as known on {day} {local:%Y, %H:%M}",
        prepared=_prepared(known),
        digest=facts.digest,
        state=plain(state),
        zone=facts.zone,
        url=address,
        logo=logo,
        paper=paper,
    )


def _title(facts: FactBase) -> str:
    first, last = facts.week, facts.week + timedelta(days=6)
    start = str(first.day)
    if first.month != last.month:
        start += f" {spoken.MONTHS[first.month - 1]}" + (f" {first.year}" if first.year != last.year else "")
    dash = "–" if first.month == last.month else " – "
    end = f"{last.day} {spoken.MONTHS[last.month - 1]} {last.year}"
    return f"Status report for week {first.isocalendar().week}, {start}{dash}{end}"


def _prepared(facts: FactBase) -> str:
    who = ", ".join(one for one in (facts.prepared_by, facts.prepared_title) if one)
    return f"Prepared by {who}" if who else ""


def editable(told: Document) -> Iterator[Editable]:
    """Every word of the document that has a key, in the order of reading."""
    yield Editable(told.headline.key, "Headline", told.headline.words, told.headline.edited)
    for section, block in told.blocks():
        where = section.title or "Bottom line"
        if isinstance(block, Text) and block.key:
            yield Editable(block.key, where, block.words, block.edited)
        elif isinstance(block, Table):
            yield from _in_table(block, where)


def _in_table(table: Table, where: str) -> Iterator[Editable]:
    for row in table.rows:
        for cell in row:
            if cell.key:
                yield Editable(cell.key, f"{where}: {row[0].words}", cell.words, cell.edited)
            if cell.note_key:
                yield Editable(cell.note_key, f"{where}: {cell.words}", cell.note, cell.note_edited)
