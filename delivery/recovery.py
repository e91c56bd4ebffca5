"""The options of one commitment side by side: each one's own what-if on the same draws as the base.

A what-if takes a moment, so that its figures are kept in the cache under the digest of what the forecast rests on: a
change anywhere in the network makes them anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.cache import cache

from teams.templatetags import ui

from . import network
from .chance import Chance
from .inputs import Inputs
from .models import Choice, Commitment, Option, Slip
from .shown import DeadlineNow

KEPT_SECONDS = 24 * 3600
READY = 60  # options that are worked out ahead


@dataclass(frozen=True, slots=True)
class Row:
    """One option with what it would bring; None where there is no forecast to compare with."""

    letter: str
    option: Option
    cost: str
    lands: date | None = None
    deadline_on: date | None = None
    chance: str = ""
    penalty: str = ""
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The options on the table, or those among which one was taken last."""

    rows: list[Row] = field(default_factory=list)
    since: datetime | None = None
    taken: Choice | None = None
    earlier: int = 0  # options of slips before, to be seen in the slip log
    deadline: DeadlineNow | None = None


def table(row: Commitment, slips: Sequence[Slip], deadline: DeadlineNow | None) -> Table:
    """The options of the newest move of the promise and those given without one. Nine queries when there are any."""
    options = list(row.options.select_related("by", "choice").order_by("pk"))
    newest = next((slip.pk for slip in slips if slip.corrects_id is None), None)
    here = [one for one in options if one.slip_id in (newest, None) and one.withdrawn_at is None]
    decided = {one.slip_id for one in here if _choice(one)}
    undecided = [one for one in here if one.slip_id not in decided]
    shown = undecided or [one for one in here if one.slip_id in decided]
    taken = None if undecided else next((one.choice for one in reversed(shown) if _choice(one)), None)
    figures = compared(row, shown, deadline) if undecided and row.is_open else {}
    rows = [
        Row(
            _letter(index), one, money(one.cost, one.currency), is_taken=_choice(one) is not None,
            **figures.get(one.pk, {}),
        )
        for index, one in enumerate(shown)
    ]  # fmt: skip
    since = min((one.at for one in undecided), default=None)
    return Table(rows, since, taken, len(options) - len(shown), deadline)


def compared(row: Commitment, options: Sequence[Option], deadline: DeadlineNow | None) -> dict[int, dict[str, Any]]:
    """option → when this lands, when the deadline is reached, its chance and expected penalty, each with it taken."""
    return {pk: _worded(held, deadline) for pk, held in worked_out(row.pk, options).items()} if options else {}


def worked_out(commitment: int, options: Sequence[Option], known: Inputs | None = None) -> dict[int, dict[str, Any]]:
    """option → when its commitment lands and, by deadline, (day, hits, trials, penalty); made where it is not kept.

    `known` spares the queries of `network.inputs` where several commitments are worked out.
    """
    known = known or network.inputs()
    raw = cache.get_many([_key(one, known.digest) for one in options]) or {}
    found: dict[int, dict[str, Any]] = {}
    for one in options:
        held = raw.get(_key(one, known.digest))
        if held is None:
            held = _figures(network.what_if({commitment: -one.saves_days}, known=known), commitment)
            cache.set(_key(one, known.digest), held, KEPT_SECONDS)
        found[one.pk] = held
    return found


def keep_ready(*, most: int = READY) -> int:
    """Work out the options that wait for a decision, the newest first, before anybody opens them; how many there were.

    For a worker, right after a forecast: who opens the page then finds the figures.
    """
    waiting = Option.objects.filter(
        withdrawn_at=None, choice=None, commitment__delivered_on=None, commitment__cancelled_at=None
    )
    by_commitment: dict[int, list[Option]] = defaultdict(list)
    for one in waiting.order_by("-pk")[:most]:
        by_commitment[one.commitment_id].append(one)
    for commitment, options in by_commitment.items():
        worked_out(commitment, options)
    return sum(map(len, by_commitment.values()))


def remembered(options: Sequence[Option], digest: str) -> dict[int, dict[str, Any]]:
    """Those of `worked_out` that were made already for what a forecast rests on; nothing is asked of the database."""
    raw = cache.get_many([_key(one, digest) for one in options]) or {} if options else {}
    return {one.pk: raw[_key(one, digest)] for one in options if raw.get(_key(one, digest)) is not None}


def _key(option: Option, digest: str) -> str:
    return f"option:{digest}:{option.pk}:{option.saves_days}"


def _figures(made: network.WhatIf, commitment: int) -> dict[str, Any]:
    """What is kept: plain values, the same for every page that shows them."""
    return {
        "lands": made.finishes[commitment][0] if commitment in made.finishes else None,
        "deadlines": {
            one.deadline: (one.even_after, one.chance_after.hits, one.chance_after.trials, one.penalty_after)
            for one in made.deadlines
        },
    }


def _worded(held: dict[str, Any], deadline: DeadlineNow | None) -> dict[str, Any]:
    said: dict[str, Any] = {"lands": held["lands"]}
    if deadline is not None and deadline.row.pk in held["deadlines"]:
        on, hits, trials, penalty = held["deadlines"][deadline.row.pk]
        said |= {"deadline_on": on, "chance": Chance(hits, trials).words}
        if deadline.row.windows.all():
            said["penalty"] = money(penalty, deadline.row.currency)
    return said


def as_promised(row: Commitment) -> dict[str, Any]:
    """What each option on the table promises now, as a decision keeps it: to be scored against what happened."""
    options = list(row.options.filter(withdrawn_at=None).order_by("pk"))
    known = network.inputs()
    kept = {}
    for one in options:
        made = _figures(network.what_if({row.pk: -one.saves_days}, known=known), row.pk)
        kept[str(one.pk)] = {
            "title": one.title,
            "cost": one.cost,
            "currency": one.currency,
            "lands": made["lands"].isoformat() if made["lands"] else None,
            "deadlines": {
                str(pk): {"even": on.isoformat(), "hits": hits, "trials": trials, "penalty": penalty}
                for pk, (on, hits, trials, penalty) in made["deadlines"].items()
            },
        }
    return kept


def _choice(option: Option) -> Choice | None:
    return getattr(option, "choice", None)


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def money(cents: int, currency: str) -> str:
    """Short: "$160k", "EUR 160k"."""
    said = ui.money(cents / 100)
    return said if currency in ("", "USD") else said.replace("$", f"{currency}\u00a0", 1)
