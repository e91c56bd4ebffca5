"""One delivery after the other, each by one worker: taken under a lease, handed over, and marked at once.

Nothing is sent twice. Before the other side may have a message the row says so (`handed_at`); if the worker ends
between that and the mark, nobody knows whether it arrived, and the row becomes "perhaps sent" for a person to decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from stakeholders.models import Bounce, Delivery
from stakeholders.reports.kept import Kept
from teams.access import Right

from . import mailing, posting
from .mailing import NOTICE
from .readers import refusal
from .timing import MOST_TRIES, next_try
from .trouble import Later, Never, Perhaps, Taken, Trouble

log = structlog.get_logger(__name__)
State = Delivery.State
LEASE = timedelta(minutes=5)  # over twice the time that a task may take
SECONDS = 45.0  # a run takes nothing new after that
LOST = "The worker ended while handing it over. Ask whether it arrived before sending it again."
WORN = "It failed {tries} times without a word. Whoever runs Plumbline finds the reason in the worker's log."


def deliver_due(*, now: Callable[[], datetime] = timezone.now, seconds: float = SECONDS) -> int:
    """Send what is due, oldest first; how many rows were worked on."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        row = _taken(now())
        if row is None:
            break
        count += 1
        if row.state == State.WAITING:
            deliver(row, now=now)
    return count


def _taken(now: datetime) -> Delivery | None:
    """The next row, ours for a while; one whose worker was lost may come back settled instead."""
    due = Q(state=State.WAITING, next_try_at__lte=now) & (Q(claimed_until=None) | Q(claimed_until__lte=now))
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(due)
        row = rows.select_related("report__team", "schedule", "person__user").order_by("next_try_at", "pk").first()
        if row is None:
            return None
        if row.handed_at is not None:
            return _settle(row, State.UNCLEAR, LOST, now)
        if row.attempts >= MOST_TRIES:
            return _settle(row, State.GIVEN_UP, row.error or WORN.format(tries=row.attempts), now)
        row.attempts += 1
        row.claimed_until = now + LEASE
        row.save(update_fields=["attempts", "claimed_until"])
        return row


def deliver(row: Delivery, *, now: Callable[[], datetime] = timezone.now) -> Delivery:
    """Try once what was taken, and write down what came of it."""
    lease = row.claimed_until

    def hand() -> None:
        ours = Delivery.objects.filter(pk=row.pk, state=State.WAITING, claimed_until=lease, claimed_until__gt=now())
        if not ours.update(handed_at=now()):
            raise Taken("Another worker has it.")

    def done() -> None:
        _settle(row, State.SENT, "", now())

    try:
        _send(row, hand=hand, done=done)
    except Taken:
        log.warning("the lease of a delivery was lost", delivery=row.pk)
    except Later as wait:
        _later(row, wait, now())
    except Never as refused:
        _refused(row, refused, now())
    except Perhaps as unclear:
        _settle(row, State.UNCLEAR, str(unclear), now())
    return row


def _send(row: Delivery, *, hand: Callable[[], None], done: Callable[[], None]) -> None:
    held = Kept(row.report)
    _still(row, held)
    if row.way in (NOTICE, "email"):
        message = mailing.compose(row, held)
        Delivery.objects.filter(pk=row.pk).update(message_id=message.extra_headers["Message-ID"])
        mailing.send(message, hand=hand, done=done)
    elif row.schedule is not None:
        posting.post(row.way, row.schedule.address_secret, held.document(row.audience), hand=hand, done=done)
    else:
        raise Never("Its schedule is gone.")


def _still(row: Delivery, held: Kept) -> None:
    """Raises Never when it must not go out any more: asked at the last moment, since rights change."""
    team = row.report.team
    if row.way == NOTICE:
        if not held.is_open:
            raise Never("The draft was sent or put aside before.")
        why = refusal(row.person, team, Right.DECIDE)
    else:
        if not held.is_sent:
            raise Never("The report was not sent.")
        if held.superseded_by is not None:
            raise Never(f"{held.superseded_by.code} took its place before it was sent.")
        why = refusal(row.person, team) if row.way == "email" else ""
    if why:
        raise Never(why)
    if row.person is not None and "@" not in row.to:
        raise Never(f"{row.person.name} has no e-mail address. Enter one, then send it to them.")
    bounce = Bounce.objects.filter(address=row.to, cleared_at=None).first()
    if bounce is not None:
        raise Never(f"Nothing is sent to {row.to}: {bounce.reason}")


def _later(row: Delivery, wait: Trouble, now: datetime) -> None:
    until = next_try(row.attempts, now)
    if until is None:
        _settle(row, State.GIVEN_UP, str(wait), now)
        return
    asked = wait.until if isinstance(wait, Later) else None
    row.next_try_at, row.error = max(until, asked or until), str(wait)[:500]
    row.claimed_until = row.handed_at = None
    row.save(update_fields=["next_try_at", "error", "claimed_until", "handed_at"])


@transaction.atomic
def _refused(row: Delivery, refused: Never, now: datetime) -> None:
    _settle(row, State.REFUSED, str(refused), now)
    if refused.bounced:
        Bounce.objects.bulk_create(
            [Bounce(address=row.to, reason=str(refused)[:500], delivery=row, at=now)], ignore_conflicts=True
        )


def _settle(row: Delivery, state: str, error: str, now: datetime) -> Delivery:
    row.state, row.error, row.done_at, row.claimed_until = state, error[:500], now, None
    Delivery.objects.filter(pk=row.pk).exclude(state=State.SENT).update(
        state=state, error=row.error, done_at=now, claimed_until=None
    )
    return row
