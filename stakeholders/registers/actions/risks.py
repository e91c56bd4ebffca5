"""Risks: added, worded anew, moved on the board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, words
from delivery.models import Commitment
from delivery.models.promises import name_of
from stakeholders.models import Risk, RiskEvent
from stakeholders.models.risks import EDITED
from teams.models import Person, Team, User

State = RiskEvent.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What a risk may cost if it happens: cents, and working days. None: nobody has said."""

    low: int | None = None
    likely: int | None = None
    high: int | None = None
    currency: str = "USD"
    days: int | None = None


@transaction.atomic
def add_risk(
    *,
    team: Team,
    title: str,
    category: str,
    by: User | None,
    about: str = "",
    owner: Person | None = None,
    chance: float | None = None,
    size: Sized = Sized(),  # noqa: B008 (frozen)
    review_on: date | None = None,
    commitments: Iterable[Commitment] = (),
    is_sample: bool = False,
    at: datetime | None = None,
) -> Risk:
    """A new risk, owned by somebody or not yet."""
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose another team.", "team")
    row = Risk(team=team, is_sample=is_sample, created_by=by)
    _word(row, title, category, about, owner, chance, size, review_on)
    row.save()
    row.commitments.set(commitments)
    said = f"{owner.name} owns it." if owner else ""
    RiskEvent.objects.create(risk=row, state=State.OWNED, words=said, at=now(at), by=by, by_name=name_of(by))
    return row


@transaction.atomic
def edit_risk(
    *,
    risk: Risk,
    title: str,
    category: str,
    by: User,
    about: str = "",
    owner: Person | None = None,
    chance: float | None = None,
    size: Sized = Sized(),  # noqa: B008 (frozen)
    review_on: date | None = None,
    commitments: Iterable[Commitment] = (),
    seen: str = "",
) -> Risk:
    """Word or size it anew. `seen` is the `edition` that the person saw; Changed when somebody was faster."""
    row = Risk.objects.select_for_update().get(pk=risk.pk)
    if seen and seen != row.edition:
        pairs = zip(EDITED, row.edition.split("-"), seen.split("-"), strict=False)
        other = [name.replace("_", " ") for name, mine, theirs in pairs if mine != theirs]
        raise Changed(
            f"Somebody changed it since you opened this page: {', '.join(other)}. Your text is still here. "
            "Look at theirs, then send again."
        )
    _word(row, title, category, about, owner, chance, size, review_on)
    row.save()
    row.commitments.set(commitments)
    return row


@transaction.atomic
def move_risk(
    *, risk: Risk, state: str, by: User | None, words_: str, seen: str = "", at: datetime | None = None
) -> RiskEvent:
    """Put it on another place of the board, with the reason. `seen` is where the person saw it."""
    held = Risk.objects.select_for_update().get(pk=risk.pk)
    last = held.events.order_by("-pk").first()
    if state not in State.values:
        raise Refused("Choose owned, accepted, mitigated or resolved.", "state")
    if last is not None and seen and seen != last.state:
        raise Changed(
            f"{last.by_name} moved it to {last.state_name.lower()} at {last.at:%H:%M} UTC. Your text is still here. "
            "Read theirs, then send again.",
            "state",
        )
    if last is not None and last.state == state:
        raise Refused(f"It is {last.state_name.lower()} already. Choose another place.", "state")
    if state == State.OWNED and held.owner is None:
        raise Refused("Nobody owns it. Name an owner first, by editing the risk.", "state")
    return RiskEvent.objects.create(
        risk=held, state=state, words=words(words_, "words", longest=1000, required=True), at=now(at), by=by,
        by_name=name_of(by),
    )  # fmt: skip


def _word(
    row: Risk, title: str, category: str, about: str, owner: Person | None, chance: float | None, size: Sized,
    review_on: date | None,
) -> None:  # fmt: skip
    if category not in Risk.Category.values:
        raise Refused("Choose what kind of risk it is.", "category")
    if chance is not None and not 0 <= chance <= 1:
        raise Refused("A chance is from 0 to 100%.", "chance")
    if (size.low is None) != (size.high is None) or (size.likely is not None and size.low is None):
        raise Refused("Give the lowest and the highest cost, or neither.", "high")
    if size.low is not None and size.high is not None:
        middle = size.low if size.likely is None else size.likely
        if not 0 <= size.low <= middle <= size.high:
            raise Refused("The lowest cost must not exceed the likely one, nor that the highest.", "high")
    if len(size.currency) != 3 or not size.currency.isalpha():
        raise Refused("Name the currency with three letters, such as USD.", "currency")
    row.title = words(title, "title", longest=200, required=True)
    row.about = words(about, "about", longest=2000)
    row.category, row.owner, row.chance = category, owner, chance
    row.low, row.likely, row.high, row.days = size.low, size.likely, size.high, size.days
    row.currency = size.currency.upper()
    row.review_on = plausible(review_on, "review_on") if review_on else None
