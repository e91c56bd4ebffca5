"""What all verbs share: the error tree, the clock, plausible dates, and the mark that a forecast is out of date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from delivery.models import NetworkMark

EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
NETWORK_LOCK = 0x6C696E6B  # links are made one at a time, so that two cannot close a loop together


_gathered: ContextVar[list[str] | None] = ContextVar("gathered", default=None)


class Refused(ValueError):
    """Cannot be done; the message says what to do instead, `field` where."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Changed(Refused):
    """Somebody else changed this since it was shown. Nothing is lost: theirs stands, ours is still in the form."""


class Loop(Refused):
    """The link would close a loop; the message names it."""


def today() -> date:
    """The day in the organisation's zone."""
    return timezone.now().astimezone(settings.ORGANISATION_ZONE).date()


def now(at: datetime | None) -> datetime:
    return at or timezone.now()


def plausible(day: date, field: str) -> date:
    """`day`, or Refused when it cannot be meant."""
    if not EARLIEST <= day <= LATEST:
        raise Refused(f"{day:%-d %b %Y} cannot be meant. Choose a day from 1990 to 2099.", field)
    return day


def words(text: str, field: str, *, longest: int, required: bool = False) -> str:
    """`text` as PostgreSQL can hold it, or Refused when it is too long or missing."""
    clean = text.replace("\x00", "").strip()
    if len(clean) > longest:
        raise Refused(f"That is {len(clean):,} characters; {longest:,} fit. Shorten it.", field)
    if required and not clean:
        raise Refused("Write a few words here.", field)
    return clean


def out_of_date(why: str) -> None:
    """Mark the forecast, and wake a worker once this is committed."""
    marks = _gathered.get()
    if marks is not None:
        marks.append(why)
        return
    NetworkMark.objects.create(why=why[:200])
    transaction.on_commit(_nudge)


P = ParamSpec("P")
R = TypeVar("R")


def together(verb: Callable[P, R]) -> Callable[P, R]:
    """A verb in a transaction; among many (see `marked_once`) in its caller's, which saves half the statements."""

    @wraps(verb)
    def one(*args: P.args, **named: P.kwargs) -> R:
        with transaction.atomic(savepoint=_gathered.get() is None):
            return verb(*args, **named)

    return one


@contextmanager
def marked_once(why: str) -> Iterator[None]:
    """Many changes that leave one mark together, made at the end and only if there was any.

    `together` verbs have no savepoint of their own inside: who calls them rolls back what came before, too.
    """
    marks: list[str] = []
    outer = _gathered.set(marks)
    try:
        yield
    finally:
        _gathered.reset(outer)
    if marks:
        out_of_date(why)


def _nudge() -> None:
    from delivery.tasks import forecast_if_needed, send_quietly

    send_quietly(forecast_if_needed)


def lock_network() -> None:
    """Hold off other changes to links until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NETWORK_LOCK])
