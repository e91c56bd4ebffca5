"""What can be done with a week and its queue: put off, take back, hand on, mark as reviewed, keep. One verb each.

A verb appends what happened; `by` names who. It does not ask whether `by` may: the edges have fetched the item.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models.promises import name_of
from stakeholders.models import KeptWeek, QueueMove, Review
from teams import access
from teams.models import Person, Team, User
from teams.templatetags import ui

from .known import Known
from .needs import Item, count_key, newest_moves

Kind = QueueMove.Kind


@transaction.atomic
def snooze(*, item: Item, until: date, why: str, by: User, at: datetime | None = None) -> QueueMove:
    """Out of the queue until a day; never past the day by which it must be settled."""
    if plausible(until, "until") <= today():
        raise Refused("Choose a day from tomorrow on.", "until")
    if item.latest is not None and until > item.latest:
        if item.latest <= today():
            raise Refused(
                f"It was due on {ui.day(item.latest)}, so it cannot be put off. Decide it or pass it on.", "until"
            )
        raise Refused(f"It must be settled by {ui.day(item.latest)}. Choose that day or an earlier one.", "until")
    return _move(item, Kind.SNOOZED, by, at, until=until, why=why)


@transaction.atomic
def wake(*, item: Item, by: User, at: datetime | None = None) -> QueueMove:
    """Back into the queue, what was put off or handed on."""
    newest = newest_moves([item.key]).get(item.key)
    if newest is None or newest.kind == Kind.WOKEN:
        raise Changed("It is back in the queue already.")
    return _move(item, Kind.WOKEN, by, at)


@transaction.atomic
def pass_on(*, item: Item, to: Person, why: str, by: User, at: datetime | None = None) -> QueueMove:
    """Somebody else should see to it; it stands in their queue from now on."""
    if to.user is None or not to.user.is_active:
        raise Refused(f"{to.name} cannot sign in. Choose somebody else.", "to")
    if to.user_id == by.pk:
        raise Refused("It is yours already. Choose somebody else.", "to")
    if not access.teams(to.user).filter(pk=item.team).exists():
        raise Refused(f"{to.name} does not see this team. Choose somebody who does.", "to")
    return _move(item, Kind.PASSED, by, at, to=to, why=words(why, "why", longest=500, required=True))


def mark_reviewed(*, team: Team, known: Known, by: User, at: datetime | None = None) -> Review:
    """What is known now is what the next page compares with."""
    return Review.objects.create(team=team, by=by, by_name=name_of(by), at=now(at), known=known.as_json())


def keep_week(*, team: Team, monday: date, known: Known, figures: dict[str, Any]) -> KeptWeek | None:
    """Keep a week as it is known at its end; None when it was kept before."""
    kept, made = KeptWeek.objects.get_or_create(
        team=team, monday=monday, defaults={"at": known.at, "known": known.as_json(), "figures": figures}
    )
    return kept if made else None


def _move(item: Item, kind: str, by: User, at: datetime | None, **more: Any) -> QueueMove:
    why = words(more.pop("why", ""), "why", longest=500)
    row = QueueMove.objects.create(
        item=item.key, title=item.title[:300], team_id=item.team, kind=kind, why=why, at=now(at), by=by,
        by_name=name_of(by), **more,
    )  # fmt: skip
    cache.delete(count_key(by, row.team))
    return row
