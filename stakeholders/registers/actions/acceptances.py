"""Acceptances in writing: asked for, worded anew, renewed, signed, revoked.

A text is never edited: what differs is a new version, signed anew. Who asks does not sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models import Commitment
from delivery.models.promises import name_of
from stakeholders.models import (
    Acceptance,
    AcceptanceVersion,
    Decision,
    FailedSigning,
    Revocation,
    Risk,
    Seat,
    Signature,
)
from stakeholders.registers import held as reading
from stakeholders.registers import seals
from stakeholders.registers.held import Held
from stakeholders.registers.people import person_of, roles_over
from teams import access
from teams.models import Person, Team, User

Kind, Role, Meaning = AcceptanceVersion.Kind, Seat.Role, Seat.Meaning
TRIES = 5
TRIES_WITHIN = timedelta(minutes=15)
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


def sign(*, acceptance: Acceptance, by: User, password: str, seen: str, at: datetime | None = None) -> Signature:
    """Sign what is shown. `seen` is the hash of the text that the person read.

    The password is asked for again at this moment, beside the session. A wrong one is kept on record even though the
    signature is not; after a few of them signing waits for a while.
    """
    person = may_sign(reading.one(acceptance.pk), by)
    _two_components(acceptance, by, password)
    with transaction.atomic():
        Acceptance.objects.select_for_update().get(pk=acceptance.pk)
        held = reading.one(acceptance.pk)
        person = may_sign(held, by)
        version = held.newest
        if seen != held.edition.content_hash:
            raise Changed(
                "It has changed since it was shown to you. Nothing was signed. Read it again below, then sign."
            )
        seat = seat_of(held, person)
        assert seat is not None  # noqa: S101 (may_sign has asked)
        return _signed(held, version, seat, person, by, now(at))


def _signed(
    held: Held, version: AcceptanceVersion, seat: Seat, person: Person, by: User, at: datetime
) -> Signature:  # fmt: skip
    last = held.signatures[-1] if held.signatures else None
    shown = held.shown(version)
    row = Signature(
        acceptance=held.row, version=version, seat=seat, person=person, by=by, printed_name=person.name[:150],
        printed_title=person.title[:150], role=seat.role, meaning=seat.meaning, words=seat.words, at=at, shown=shown,
        content_hash=seals.digest(shown), previous=last.digest if last else "",
    )  # fmt: skip
    row.digest = seals.digest(seals.canonical(reading.said(row)))
    row.seal = seals.seal(row.digest, settings.SEAL_KEY)
    row.save()
    return row


def _two_components(acceptance: Acceptance, by: User, password: str) -> None:
    """Raises Refused unless the password is right; too many wrong ones hold signing up."""
    since = timezone.now() - TRIES_WITHIN
    wrong = list(FailedSigning.objects.filter(by=by, at__gt=since).order_by("-pk")[:TRIES])
    if len(wrong) == TRIES:
        free = (wrong[-1].at + TRIES_WITHIN).astimezone(settings.ORGANISATION_ZONE)
        raise Refused(f"The password was wrong {TRIES} times. Signing is possible again at {free:%H:%M}.", "password")
    if not by.has_usable_password():
        raise Refused("You have no password here yet. Set one first: “Forgot your password?” mails a link.", "password")
    if not by.check_password(password):
        FailedSigning.objects.create(acceptance=acceptance, by=by, at=timezone.now())
        left = TRIES - len(wrong) - 1
        more = f"{left} more {'try' if left == 1 else 'tries'}." if left else "Signing now waits for 15 minutes."
        raise Refused(f"That is not your password. Nothing was signed. {more}", "password")


# --- who may sign ----------------------------------------------------------------------------------------------------


def seat_of(held: Held, person: Person) -> Seat | None:
    """The seat of the newest version on which `person` signs: their own, or an unnamed one of a role they hold."""
    seats = list(held.newest.seats.all())
    own = next((one for one in seats if one.person_id == person.pk), None)
    if own is not None:
        return own
    roles = roles_over(person, held.row.team)
    free = [one for one in seats if one.person_id is None and one.role in roles]
    waiting = [one for one in free if one.pk not in held.edition.signed]
    return next(iter(waiting or free), None)


def may_sign(held: Held, by: User) -> Person:
    """The person of `by`. Raises Refused, with the reason, when they cannot sign the newest version now."""
    if not settings.SEAL_KEY:
        raise Refused("Signing is not set up: PLUMBLINE_SEAL_KEY is missing. Ask your administrator.")
    if held.revocation is not None:
        raise Refused(f"{held.revocation.by_name} revoked it on {held.revocation.at:%-d %b}. Nobody can sign it.")
    if held.today > held.newest.expires_on:
        raise Refused(f"It ended on {held.newest.expires_on:%-d %b %Y}. Have it renewed, then sign the new version.")
    person = person_of(by)
    if person is None or not by.is_active:
        raise Refused("Your log-in belongs to nobody who works here any more. Nothing was signed.")
    if by.pk in (held.newest.by_id, held.row.created_by_id):
        raise Refused("You asked for this acceptance, so you cannot sign it. Somebody else has to.")
    if any(one.person_id == person.pk for one in _counting(held)):
        raise Refused("You have signed this already. Your signature stands.")
    seat = seat_of(held, person)
    if seat is None:
        raise Refused("Your signature is not asked for here. Whoever asks can name you in a new version.")
    if seat.role in NEEDED and seat.role not in roles_over(person, held.row.team):
        raise Refused(
            f"You no longer hold the role of {seat.role_name.lower()} here, so you cannot sign as one. "
            f"{held.newest.by_name} can name somebody else in a new version."
        )
    if not access.teams(by).filter(pk=held.row.team_id).exists():
        raise Refused(f"You no longer see {held.row.team}. Nothing was signed.")
    if seat.pk not in held.edition.open_to:
        waiting = held.next_seats()
        name = str(waiting[0].person or waiting[0].role_name.lower()) if waiting else "somebody"
        raise Refused(f"It is signed in order, and {name} comes before you. Nothing was signed.")
    return person


def _counting(held: Held) -> list[Signature]:
    """Signatures on the newest version that cover what it says now."""
    return [one for one in held.signatures_on(held.newest) if one.content_hash == held.edition.content_hash]


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
