"""What waits about promises: options of slips and flags, deadlines in danger, dependencies without an agreed day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse

from delivery.models import Option
from stakeholders.week.known import Deadline, Known, Need, Slip
from stakeholders.week.ordering import Weight
from stakeholders.week.saying import chance_of
from teams.templatetags import ui

from .item import Asked, Item, day_of, deadline_of, letter, share_of

SOON = timedelta(days=28)  # a need this near wants somebody


def open_options(known: Known) -> dict[int, list[Option]]:
    """commitment → its options on the table that nobody had decided: of its newest move, and those without one."""
    ids = [one.id for one in known.promises if one.is_open]
    newest: dict[int, Slip] = {}
    for slip in known.of("slips"):
        newest[slip.commitment] = slip
    still = Q(withdrawn_at=None) | Q(withdrawn_at__gt=known.at)
    rows = Option.objects.filter(still, commitment__in=ids, at__lte=known.at)
    by_commitment: dict[int, list[Option]] = defaultdict(list)
    for row in rows.select_related("slip", "by", "choice", "commitment").order_by("pk"):
        by_commitment[row.commitment_id].append(row)
    found = {}
    for commitment, own in by_commitment.items():
        slip = newest[commitment].id if commitment in newest else None
        here = [one for one in own if one.slip_id in (slip, None)]
        decided = {one.slip_id for one in here if hasattr(one, "choice") and one.choice.at <= known.at}
        left = [one for one in here if one.slip_id not in decided]
        if left:
            found[commitment] = left
    return found


def options(asked: Asked) -> Iterator[Item]:
    known = asked.known
    for commitment, options in asked.options.items():
        promise = known.get("promises", commitment)
        slip = next((one for one in reversed(known.of("slips")) if one.commitment == commitment), None)
        deadline = deadline_of(known, commitment)
        impact = next((one.slip.impact for one in options if one.slip is not None), "")
        late = (promise.even - promise.due).days if promise.even else None
        yield Item(
            key=f"options-{commitment}",
            title=f"Choose how to recover {promise.title}"[:300],
            why=" ".join([_moved(slip, known) if slip else f"{promise.team_name} says it is at risk.", impact]).strip(),
            weight=Weight(
                money=deadline.penalty if deadline else None,
                days=deadline.days_late if deadline else late,
                since=min(day_of(one.at) for one in options),
                key=f"options-{commitment}",
            ),
            team=promise.team,
            url=reverse("delivery:commitment", args=[commitment]) + "#options",
            word="Decide",
            currency=deadline.currency if deadline else "USD",
            latest=deadline.date if deadline else promise.due,
            options=tuple((letter(place), one.title) for place, one in enumerate(options)),
            source=options,
            deadline=deadline,
        )


def _moved(slip: Slip, known: Known) -> str:
    return f"{slip.team} moved it from {ui.day(slip.frm)} to {ui.day(slip.to)}."


def deadlines(asked: Asked) -> Iterator[Item]:
    """Those in danger for which nobody has put an option on the table yet."""
    waiting = set(asked.options)
    for one in asked.known.deadlines:
        chance = chance_of(one)
        if chance is None or chance.at_least(70) or any(deadline_of(asked.known, key) == one for key in waiting):
            continue
        yield Item(
            key=f"deadline-{one.id}",
            title=f"Win back days for {one.title}"[:300],
            why=f"It is {chance.words} likely by {ui.day(one.date)}, and no option is on the table.",
            weight=Weight(money=one.penalty, days=one.days_late, since=_since(asked, one), key=f"deadline-{one.id}"),
            team=one.team, url=reverse("delivery:roadmap", args=[asked.team.slug]), word="Try a what-if",
            currency=one.currency, latest=one.date, deadline=one,
        )  # fmt: skip


def _since(asked: Asked, one: Deadline) -> date:
    """The day of the forecast: since when it is in danger is not kept."""
    made = asked.known.forecast_at
    return day_of(made) if made else asked.today


def needs(asked: Asked) -> Iterator[Item]:
    """Dependencies near their day without an agreed one, and those found mid-sprint that are still open."""
    known = asked.known
    for one in known.of("needs"):
        before, after = known.get("promises", one.before), known.get("promises", one.after)
        if one.agreed is not None or one.step == "met" or (before and not before.is_open):
            continue
        if after is not None and not after.is_open:
            continue
        soon = one.needed_by is not None and one.needed_by <= asked.today + SOON
        if not soon and one.found != "midsprint":
            continue
        deadline, at_stake, days = share_of(known, one.before)
        yield Item(
            key=f"need-{one.id}",
            title=f"Agree a day for {one.before_title}"[:300],
            why=_need_words(one, asked.today),
            weight=Weight(money=at_stake, days=days, since=_found(one, asked), key=f"need-{one.id}"),
            team=after.team if after else before.team if before else asked.team.pk,
            url=reverse("delivery:dependency", args=[one.id]), word="Agree a day",
            currency=deadline.currency if deadline else "USD", latest=one.needed_by, deadline=deadline,
        )  # fmt: skip


def _need_words(one: Need, today: date) -> str:
    by = f" by {ui.day(one.needed_by)}" if one.needed_by else ""
    late = " That day has passed." if one.needed_by and one.needed_by < today else ""
    how = " It came up mid-sprint." if one.found == "midsprint" else ""
    said = {
        "offered": f"{one.gives} offers a day; nobody has agreed.",
        "countered": "Another day was asked for; nobody has agreed.",
        "broken": f"{one.gives} broke it off.",
    }
    return f"{one.asks} needs it of {one.gives}{by}. {said.get(one.step, 'Nobody has agreed a day.')}{how}{late}"


def _found(one: Need, asked: Asked) -> date:
    return one.since or asked.today
