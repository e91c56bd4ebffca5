"""Signing an acceptance: who may, the password at that moment, and the signature bound to what was shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from delivery.actions.rules import Changed, Refused, now
from stakeholders.models import Acceptance, AcceptanceVersion, FailedSigning, Seat, Signature
from stakeholders.registers import held as reading
from stakeholders.registers import seals
from stakeholders.registers.held import Held
from stakeholders.registers.people import person_of, roles_over
from teams import access
from teams.models import Person, User

from .acceptances import NEEDED

TRIES = 5
TRIES_WITHIN = timedelta(minutes=15)


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
    row.seal = seals.seal(row.digest, settings.SEAL_KEYS[0])
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
    if not settings.SEAL_KEYS:
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
