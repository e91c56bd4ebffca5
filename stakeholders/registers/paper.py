"""An acceptance as pages and paper show it: its rows of text, its signers, and what became of earlier signatures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from delivery.recovery import money
from stakeholders.models import Seat, Signature
from teams.templatetags import ui

from . import seals
from .held import TEXTS, Held, differences


@dataclass(frozen=True, slots=True)
class Line:
    """One signer of the version that is signed next."""

    seat: Seat
    signature: Signature | None
    is_next: bool
    waits_for: str

    @property
    def name(self) -> str:
        if self.signature:
            return self.signature.printed_name
        return self.seat.person.name if self.seat.person else f"Whoever is {self.seat.role_name.lower()}"

    @property
    def title(self) -> str:
        if self.signature:
            return self.signature.printed_title
        return self.seat.person.title if self.seat.person else ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A signature that no longer counts, and the text it was given for."""

    signature: Signature
    version: int
    why: str
    rows: list[tuple[str, str]]


@dataclass
class Paper:
    """What a page shows of one acceptance."""

    held: Held

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """What is shown of the newest version, label and words; the statement stands apart."""
        return rows_of(self.held.content(self.held.newest))

    @property
    def who_signs(self) -> str:
        return _signers(self.held.content(self.held.newest))

    @cached_property
    def lines(self) -> list[Line]:
        held = self.held
        counting = {
            one.seat_id: one for one in held.signatures_on(held.newest) if one.content_hash == held.edition.content_hash
        }
        open_to = {one.pk for one in held.next_seats()}
        first = next(iter(held.next_seats()), None)
        waits = str(first.person or first.role_name) if first else ""
        return [
            Line(seat, counting.get(seat.pk), seat.pk in open_to, "" if seat.pk in open_to else waits)
            for seat in held.newest.seats.all()
        ]

    @cached_property
    def earlier(self) -> list[Earlier]:
        """Signatures of other versions, or of what this one said before; newest first."""
        held = self.held
        found = []
        for one in reversed(held.signatures):
            version = next(row for row in held.versions if row.pk == one.version_id)
            if one.content_hash == held.editions[version.number].content_hash and version.pk == held.newest.pk:
                continue
            if version.pk == held.newest.pk:
                why = "what it rests on has changed since"
            elif held.standing.version == version.number and held.holds:
                why = f"for version {version.number}, which holds until the renewal is signed"
            else:
                why = f"for version {version.number}; version {held.newest.number} replaced it"
            found.append(Earlier(one, version.number, why, rows_of(json.loads(one.shown), whole=True)))
        return found

    @cached_property
    def changed(self) -> list[str]:
        """What changed since it was last signed, where that made signatures stale."""
        held = self.held
        stale = [one for one in held.signatures_on(held.newest) if one.content_hash != held.edition.content_hash]
        return differences(json.loads(stale[-1].shown), held.content(held.newest)) if stale else []

    @property
    def mark(self) -> str:
        """The hash of what it says now, short."""
        text = self.held.edition.content_hash
        return f"{text[:6]}…{text[-4:]}"

    @property
    def whole_mark(self) -> str:
        return seals.digest(self.held.shown(self.held.newest))


def rows_of(content: dict[str, Any], *, whole: bool = False) -> list[tuple[str, str]]:
    """A shown text as labels and words."""
    rows = [(word, str(content[name])) for name, word in TEXTS if name != "statement" or whole]
    for one in content["commitments"]:
        on = ui.day(date.fromisoformat(one["promised_for"]))
        rows.append(("Rests on", f"{one['code']} {one['title']}, promised for {on}"))
    for one in content["deadlines"]:
        rows.append(("Deadline", f"{one['name']}, {ui.day(date.fromisoformat(one['date']))}{_penalties(one)}"))
    rows.append(("Asked by", content["asked_by"]))
    if whole:
        rows.append(("Who signs", _signers(content)))
        rows += [(word, content[name]) for name, word in (("risk", "Risk"), ("decision", "Decision")) if content[name]]
        rows.append(("Ends on", ui.day(date.fromisoformat(content["ends"]))))
    return rows


def _signers(content: dict[str, Any]) -> str:
    order = ", in this order" if content["in_order"] else ""
    return "; ".join(_signer(one) for one in content["signers"]) + order


def _signer(said: dict[str, Any]) -> str:
    return f"{said['name'] or 'whoever is ' + said['role']} ({said['meaning']})"


def _penalties(deadline: dict[str, Any]) -> str:
    each = {"day": "a day", "week": "a started week", "fixed": "once"}
    said = [
        f"{money(one['cents'], deadline['currency'])} {each.get(one['each'], one['each'])} "
        f"from {ui.day(date.fromisoformat(one['from']))}"
        for one in deadline["penalties"]
    ]
    return f": {', '.join(said)}" if said else ""
