"""Acceptances in writing: asked for, worded anew, renewed, revoked. Signing is in `signing.py`.

A text is never edited: what differs is a new version, signed anew. Who asks does not sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models import Commitment
from delivery.models.promises import name_of
from stakeholders.models import (
    Acceptance,
    AcceptanceVersion,
    Decision,
    Revocation,
    Risk,
    Seat,
)
from stakeholders.registers import held as reading
from stakeholders.registers.held import Held
from stakeholders.registers.people import roles_over
from teams import access
from teams.models import Person, Team, User

Kind, Role, Meaning = AcceptanceVersion.Kind, Seat.Role, Seat.Meaning
LONGEST = timedelta(days=366)  # nothing is accepted for ever
NEEDED = (Role.DIRECTOR, Role.LEGAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is asked, in words."""

    title: str
    statement: str
    could_happen: str
    how_likely: str
    cost_if: str
    until_then: str
    instead_of: str
    reason: str
    residual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose signature is asked for: a named person, or whoever holds the role."""

    role: str
    person: Person | None = None
    meaning: str = Meaning.APPROVAL
    words: str = ""


LENGTHS = {"title": 200, "how_likely": 1000, "cost_if": 1000, "instead_of": 1000, "residual": 1000}
SAYS = {
    Meaning.REVIEW: "I reviewed this risk. What remains is described correctly.",
    Meaning.APPROVAL: "I approve this acceptance.",
    Meaning.RESPONSIBILITY: "I accept this risk and answer for it.",
}


@transaction.atomic
def ask_acceptance(
    *,
    team: Team,
    wording: Wording,
    signers: Sequence[Signer],
    expires_on: date,
    by: User,
    in_order: bool = True,
    risk: Risk | None = None,
    decision: Decision | None = None,
    commitments: Iterable[Commitment] = (),
    is_sample: bool = False,
    at: datetime | None = None,
) -> Acceptance:
    """Ask others to live with a risk, until a day."""
    row = Acceptance.objects.create(team=team, risk=risk, decision=decision, created_by=by, is_sample=is_sample)
    row.commitments.set(commitments)
    _version(row, 1, Kind.ASKED, wording, signers, expires_on, in_order, by, at)
    return row


@transaction.atomic
def revise_acceptance(
    *,
    acceptance: Acceptance,
    wording: Wording,
    signers: Sequence[Signer],
    expires_on: date,
    by: User,
    in_order: bool = True,
    commitments: Iterable[Commitment] | None = None,
    seen: int | None = None,
    at: datetime | None = None,
) -> AcceptanceVersion:
    """Another text. Signatures of the one before stay readable and no longer count."""
    held = _open(acceptance)
    _unmoved(held, seen)
    if commitments is not None:
        held.row.commitments.set(commitments)
    return _version(held.row, held.newest.number + 1, Kind.REVISED, wording, signers, expires_on, in_order, by, at)


@transaction.atomic
def renew_acceptance(
    *, acceptance: Acceptance, expires_on: date, reason: str, by: User, seen: int | None = None,
    at: datetime | None = None,
) -> AcceptanceVersion:  # fmt: skip
    """The same text until a later day, signed anew by all; meanwhile the one before holds until its own day."""
    held = _open(acceptance)
    _unmoved(held, seen)
    last = held.newest
    if expires_on <= last.expires_on:
        raise Refused(f"It holds until {last.expires_on:%-d %b %Y} already. Choose a later day.", "expires_on")
    kept = {name: getattr(last, name) for name in Wording.__dataclass_fields__} | {"reason": reason}
    signers = [
        Signer(role=one.role, person=one.person, meaning=one.meaning, words=one.words) for one in last.seats.all()
    ]
    return _version(
        held.row, last.number + 1, Kind.RENEWED, Wording(**kept), signers, expires_on, last.in_order, by, at
    )


@transaction.atomic
def revoke_acceptance(*, acceptance: Acceptance, why: str, by: User, at: datetime | None = None) -> Revocation:
    """Take it back for good; the record says who and why."""
    held = _open(acceptance)
    return Revocation.objects.create(
        acceptance=held.row, why=words(why, "why", longest=1000, required=True), at=now(at), by=by, by_name=name_of(by)
    )


# --- shared ----------------------------------------------------------------------------------------------------------


def _open(acceptance: Acceptance) -> Held:
    """Locked; of two who act at once the second sees what the first did."""
    Acceptance.objects.select_for_update().get(pk=acceptance.pk)
    held = reading.one(acceptance.pk)
    if held.revocation is not None:
        raise Refused(f"{held.revocation.by_name} revoked it on {held.revocation.at:%-d %b}. Ask for a new acceptance.")
    return held


def _unmoved(held: Held, seen: int | None) -> None:
    if seen is not None and seen != held.newest.number:
        last = held.newest
        raise Changed(
            f"{last.by_name} made version {last.number} at {last.at:%H:%M} UTC. Your text is still here. "
            "Read theirs, then send again."
        )


def _version(
    row: Acceptance, number: int, kind: str, wording: Wording, signers: Sequence[Signer], expires_on: date,
    in_order: bool, by: User, at: datetime | None,
) -> AcceptanceVersion:  # fmt: skip
    texts = {
        name: words(text, name, longest=LENGTHS.get(name, 2000), required=True)
        for name, text in asdict(wording).items()
    }
    if plausible(expires_on, "expires_on") <= today():
        raise Refused("Choose a last day after today.", "expires_on")
    if expires_on > today() + LONGEST:
        raise Refused(
            "Nothing is accepted for longer than a year. Choose an earlier day; it can be renewed.", "expires_on"
        )
    _signers(row, signers, by)
    version = AcceptanceVersion.objects.create(
        acceptance=row, number=number, kind=kind, expires_on=expires_on, in_order=in_order, at=now(at), by=by,
        by_name=name_of(by), **texts,
    )  # fmt: skip
    Seat.objects.bulk_create(
        Seat(
            version=version, position=position, role=one.role, person=one.person, meaning=one.meaning,
            words=words(one.words, "signers", longest=300) or SAYS[Meaning(one.meaning)],
        )
        for position, one in enumerate(signers)
    )  # fmt: skip
    return version


def _signers(row: Acceptance, signers: Sequence[Signer], by: User) -> None:
    """Raises Refused unless a director and legal are among them, nobody twice, and not the one who asks."""
    missing = [role.label.lower() for role in NEEDED if role not in {one.role for one in signers}]
    if missing:
        raise Refused(f"Nobody signs for {' and '.join(missing)}. A director and legal must both sign.", "signers")
    named = [one.person for one in signers if one.person is not None]
    if len({one.pk for one in named}) < len(named):
        raise Refused("Somebody is named twice. Each signs once.", "signers")
    for one in signers:
        if one.role not in Role.values or one.meaning not in Meaning.values:
            raise Refused("Choose the role and the meaning of each signature.", "signers")
        if one.role == Role.REVIEWER and one.person is None:
            raise Refused("Name the reviewer.", "signers")
        if one.person is None:
            continue
        if one.person.user_id is None:
            raise Refused(f"{one.person.name} has no log-in, so they cannot sign. Name somebody else.", "signers")
        if one.person.user_id in (by.pk, row.created_by_id):
            raise Refused(f"{one.person.name} asks for it, so they cannot sign it. Name somebody else.", "signers")
        if one.person.user is not None and not access.teams(one.person.user).filter(pk=row.team_id).exists():
            raise Refused(
                f"{one.person.name} does not see {row.team}, so they could not read what they sign. Have a role "
                "granted to them first, or name somebody else.",
                "signers",
            )
        if one.role in NEEDED and one.role not in roles_over(one.person, row.team):
            role = Role(one.role).label.lower()
            raise Refused(
                f"{one.person.name} does not hold the role of {role} here. Name somebody who does.", "signers"
            )
