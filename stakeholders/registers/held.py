"""Acceptances as they stand now: what each says today, who has signed exactly that, and whether the chain holds.

What was shown is the text of the version and the facts it rests on: the promise in force of each linked commitment,
and the date and penalties of each deadline that one of them reaches. A fixed number of queries, whatever the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from delivery.actions.rules import today as this_day
from delivery.models import Commitment, Deadline
from stakeholders.models import Acceptance, AcceptanceVersion, Revocation, Seat, Signature
from teams.templatetags import ui

from . import seals
from .standing import Edition, Mark, Standing, State, standing

TEXTS = (
    ("statement", "What we accept"),
    ("could_happen", "What could happen"),
    ("how_likely", "How likely"),
    ("cost_if", "Cost if it does"),
    ("until_then", "Until then"),
    ("instead_of", "Instead of"),
    ("reason", "Why"),
    ("residual", "What is left"),
)
STATE_WORDS = {
    State.WAITING: ("none", "Not in force"),
    State.STALE: ("risk", "Not in force: changed since it was signed"),
    State.IN_FORCE: ("delivered", "In force"),
    State.EXPIRED: ("late", "Expired"),
    State.REVOKED: ("late", "Revoked"),
}


def every() -> QuerySet[Acceptance]:
    """Acceptances with all that `Held` reads. Eight queries."""
    seats = Seat.objects.select_related("person")
    versions = AcceptanceVersion.objects.select_related("by").prefetch_related(Prefetch("seats", seats))
    windows = Prefetch("deadlines", Deadline.objects.filter(closed_at=None).prefetch_related("windows"))
    commitments = Commitment.objects.with_promise().select_related("team").prefetch_related(windows)
    return Acceptance.objects.select_related("team", "risk", "decision", "revocation", "created_by").prefetch_related(
        Prefetch("versions", versions),
        Prefetch("commitments", commitments.order_by("pk")),
        Prefetch("signatures", Signature.objects.order_by("pk")),
    )


@dataclass
class Held:
    """One acceptance with everything that a page, a verb or the queue asks of it. `row` comes from `every()`."""

    row: Acceptance
    today: date

    @cached_property
    def versions(self) -> list[AcceptanceVersion]:
        return sorted(self.row.versions.all(), key=lambda one: one.number)

    @cached_property
    def newest(self) -> AcceptanceVersion:
        return self.versions[-1]

    @cached_property
    def signatures(self) -> list[Signature]:
        """All that were ever given, in the order of signing."""
        return list(self.row.signatures.all())

    @cached_property
    def revocation(self) -> Revocation | None:
        return getattr(self.row, "revocation", None)

    @cached_property
    def editions(self) -> dict[int, Edition]:
        return {one.number: self._edition(one) for one in self.versions}

    def _edition(self, version: AcceptanceVersion) -> Edition:
        marks = [Mark(seat=one.seat_id, content_hash=one.content_hash) for one in self.signatures_on(version)]
        return Edition(
            number=version.number, renews=version.kind == AcceptanceVersion.Kind.RENEWED, in_order=version.in_order,
            seats=tuple(one.pk for one in version.seats.all()), content_hash=self.hash_of(version),
            expires_on=version.expires_on, marks=tuple(marks),
        )  # fmt: skip

    def signatures_on(self, version: AcceptanceVersion) -> list[Signature]:
        return [one for one in self.signatures if one.version_id == version.pk]

    @cached_property
    def standing(self) -> Standing:
        return standing(list(self.editions.values()), today=self.today, revoked=self.revocation is not None)

    @property
    def current(self) -> AcceptanceVersion:
        """The version in force, else the newest."""
        return next(one for one in self.versions if one.number == self.standing.version)

    @property
    def edition(self) -> Edition:
        """Of the newest version: the one that is signed next."""
        return self.editions[self.newest.number]

    @property
    def holds(self) -> bool:
        return self.standing.holds

    @property
    def signed(self) -> int:
        return len(self.edition.signed)

    @property
    def needed(self) -> int:
        return len(self.edition.seats)

    @property
    def count_words(self) -> str:
        return f"{self.signed} of {self.needed} signed"

    @property
    def state(self) -> str:
        """The shape for the `status` component."""
        return STATE_WORDS[self.standing.state][0]

    @property
    def state_words(self) -> str:
        word = STATE_WORDS[self.standing.state][1]
        if self.standing.state is State.WAITING:
            return f"{word}, {self.count_words}"
        if self.standing.state is State.IN_FORCE:
            return f"{word} until {ui.day(self.current.expires_on)}"
        return word

    @property
    def is_open(self) -> bool:
        """Somebody may still sign it."""
        return self.standing.state in (State.WAITING, State.STALE) or (self.holds and not self.edition.complete)

    def next_seats(self) -> list[Seat]:
        """Whose turn it is."""
        open_to = set(self.edition.open_to) if self.is_open else set()
        return [one for one in self.newest.seats.all() if one.pk in open_to]

    def content(self, version: AcceptanceVersion) -> dict[str, Any]:
        """What a signer of `version` is shown today; dates and amounts as they are written, not as they are worded."""
        return {
            "record": self.row.code,
            "version": version.number,
            "title": version.title,
            **{name: getattr(version, name) for name, _ in TEXTS},
            "ends": version.expires_on.isoformat(),
            "asked_by": version.by_name,
            "signers": [_signer(one) for one in version.seats.all()],
            "in_order": version.in_order,
            "risk": f"{self.row.risk.code} {self.row.risk.title}" if self.row.risk else "",
            "decision": f"{self.row.decision.code} {self.row.decision.question}" if self.row.decision else "",
            "commitments": [_commitment(one) for one in self.row.commitments.all()],
            "deadlines": sorted(
                (_deadline(one) for row in self.row.commitments.all() for one in row.deadlines.all()),
                key=lambda one: (one["date"], one["name"]),
            ),
        }

    def shown(self, version: AcceptanceVersion) -> str:
        return seals.canonical(self.content(version))

    def hash_of(self, version: AcceptanceVersion) -> str:
        return seals.digest(self.shown(version))

    @cached_property
    def broken(self) -> tuple[int, str] | None:
        """The first signature that does not hold, with the reason; None when all of them do."""
        return seals.broken([as_signed(one) for one in self.signatures], settings.SEAL_KEYS)

    @property
    def text_since(self) -> datetime:
        return self.newest.at


def _signer(seat: Seat) -> dict[str, Any]:
    return {
        "role": seat.role, "name": seat.person.name if seat.person else "", "meaning": seat.meaning,
        "words": seat.words,
    }  # fmt: skip


def _commitment(row: Commitment) -> dict[str, Any]:
    promised: date = row.promised_on  # type: ignore[attr-defined]  # annotated by its queryset
    return {"code": row.code, "title": row.title, "promised_for": promised.isoformat()}


def _deadline(row: Deadline) -> dict[str, Any]:
    penalties = [
        {
            "from": one.from_date.isoformat(),
            "to": one.to_date.isoformat() if one.to_date else "",
            "each": one.kind,
            "cents": one.amount,
            "at_most": one.cap,
        }
        for one in row.windows.all()
    ]
    return {
        "name": row.name, "date": row.date.isoformat(), "currency": row.currency, "at_most": row.cap,
        "penalties": penalties,
    }  # fmt: skip


def said(row: Signature) -> dict[str, Any]:
    """What the digest of a signature covers: everything but the text, which its hash stands for, and the seal."""
    return {
        "acceptance": row.acceptance_id, "version": row.version_id, "seat": row.seat_id, "person": row.person_id,
        "user": row.by_id, "name": row.printed_name, "title": row.printed_title, "role": row.role,
        "meaning": row.meaning, "words": row.words, "at": row.at.isoformat(), "content": row.content_hash,
        "previous": row.previous,
    }  # fmt: skip


def as_signed(row: Signature) -> seals.Signed:
    return seals.Signed(
        id=row.pk, said=said(row), shown=row.shown, content_hash=row.content_hash, previous=row.previous,
        digest=row.digest, seal=row.seal,
    )  # fmt: skip


def hold(rows: Iterable[Acceptance], *, today: date | None = None) -> list[Held]:
    """Each of them as it stands. `rows` from `every()`."""
    day = today or this_day()
    return [Held(row, day) for row in rows]


def one(pk: int) -> Held:
    return Held(every().get(pk=pk), this_day())


WORDS = {
    "record": "The record", "version": "The version", "title": "The title", "ends": "The last day",
    "asked_by": "Who asks", "signers": "Who signs", "in_order": "The order of signing",
    "risk": "The risk", "decision": "The decision",
    **dict(TEXTS),
}  # fmt: skip


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What changed from one shown text to another, a sentence each."""
    found = []
    for name, word in WORDS.items():
        if before.get(name) != after.get(name):
            found.append(f"“{word}” was changed.")
    then = {one["code"]: one for one in before.get("commitments", [])}
    now = {one["code"]: one for one in after.get("commitments", [])}
    for code in sorted(then.keys() | now.keys()):
        old, new = then.get(code), now.get(code)
        if old is None or new is None:
            found.append(f"{(old or new or {})['title']} is {'no longer' if new is None else 'now'} part of it.")
        elif old["promised_for"] != new["promised_for"]:
            was, is_ = date.fromisoformat(old["promised_for"]), date.fromisoformat(new["promised_for"])
            found.append(f"{new['title']} was promised for {ui.day(was)}, now for {ui.day(is_)}.")
        elif old != new:
            found.append(f"{old['title']} is now called {new['title']}.")
    old_dates = {one["name"]: one for one in before.get("deadlines", [])}
    new_dates = {one["name"]: one for one in after.get("deadlines", [])}
    for name in sorted(old_dates.keys() | new_dates.keys()):
        old, new = old_dates.get(name), new_dates.get(name)
        if old == new:
            continue
        if old is None or new is None:
            found.append(f"The deadline {name} is {'no longer' if new is None else 'now'} part of it.")
        elif old["date"] != new["date"]:
            was, is_ = date.fromisoformat(old["date"]), date.fromisoformat(new["date"])
            found.append(f"The deadline {name} was {ui.day(was)}, now it is {ui.day(is_)}.")
        else:
            found.append(f"What being late for {name} costs was changed.")
    return found
