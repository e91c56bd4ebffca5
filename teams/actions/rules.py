"""What all verbs share: the transaction with its history, the errors, the locks."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import ParamSpec, TypeVar

import pghistory
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from teams.models import Team, User

TREE, ROLES = 7_301, 7_302  # advisory locks: the tree's shape; who can still grant roles
P = ParamSpec("P")
T = TypeVar("T")


class ActionError(ValueError):
    """Something cannot be done now; the message says why and what to do, `field` which answer is concerned."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class Taken(ActionError):
    """The name or the address belongs to another record."""


class Loop(ActionError):
    """A team would be part of itself."""


class StillInUse(ActionError):
    """Something that must end first is still open."""


class Over(ActionError):
    """It was ended, closed or revoked before."""


class WrongDay(ActionError):
    """The days do not fit with each other or with another record."""


class LastKey(ActionError):
    """Nobody could grant roles any more."""


def action(verb: Callable[P, T]) -> Callable[P, T]:
    """Run `verb` in one transaction, with the actor and the verb's name beside every row of history."""

    @functools.wraps(verb)
    def run(*args: P.args, **named: P.kwargs) -> T:
        by = named.get("by")
        if not isinstance(by, User):
            raise TypeError(f"{verb.__name__} needs by=, the user who asks.")
        with pghistory.context(user=by.pk, action=verb.__name__), transaction.atomic():
            return verb(*args, **named)

    return run


@contextlib.contextmanager
def refusing(**refusals: ActionError) -> Iterator[None]:
    """Turn the named constraints of the database into errors with a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if constraint in refusals:
            raise refusals[constraint] from error
        raise


def lock(key: int) -> None:
    """Hold `key` until the transaction ends, so that what we check stays true until we have written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def in_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def must_be_open(team: Team, *, field: str = "") -> None:
    if team.closed_at is not None:
        raise Over(
            f"{team.name} was closed on {in_words(timezone.localtime(team.closed_at).date())}. "
            "Choose an open team, or reopen it first.",
            field=field,
        )


def listed(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else " and ".join(names)
