"""Making, moving and keeping promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from delivery.models import Choice, Commitment, Estimate, Flag, Option, Outcome, PlanningInterval, Slip, StatusOverride
from delivery.models.promises import EDITED, name_of
from teams.models import Person, Team, User

from .guards import ask_guards
from .rules import Changed, Refused, now, out_of_date, plausible, today, together, words

OVERRIDE_DAYS = 14
MOST_DAYS = 2000  # working days that anybody may estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An option as somebody words it. `cost` in cents; `saves_days`: working days less of remaining work."""

    title: str
    cost: int = 0
    currency: str = "USD"
    saves_days: int = 0
    scope_given_up: str = ""
    risk_left: str = ""
    is_advised: bool = False


@together
def make_commitment(
    *,
    team: Team,
    title: str,
    promised_on: date,
    by: User | None,
    days: tuple[int, int, int] | None = None,
    made_on: date | None = None,
    about: str = "",
    outcome: Outcome | None = None,
    owner: Person | None = None,
    interval: PlanningInterval | None = None,
    is_stretch: bool = False,
    is_milestone: bool = False,
    planned_value: int | None = None,
    no_earlier_than: date | None = None,
    external: tuple[str, str] = ("", ""),
    is_sample: bool = False,
    at: datetime | None = None,
) -> Commitment:
    """A promise of `team`. `days` is its remaining work: low, likely, high; a milestone needs none."""
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose another team.", "team")
    if team.is_group and not is_milestone:
        raise Refused(f"{team} is a group; a promise belongs to one team. Choose a squad or a vendor.", "team")
    commitment = Commitment.objects.create(
        team=team,
        title=words(title, "title", longest=300, required=True),
        about=words(about, "about", longest=500),
        outcome=outcome,
        owner=owner,
        interval=interval,
        is_stretch=is_stretch,
        is_milestone=is_milestone,
        planned_value=_value(planned_value, "planned_value", lowest=1),
        first_promised_on=plausible(promised_on, "promised_on"),
        made_on=made_on or today(),
        no_earlier_than=plausible(no_earlier_than, "no_earlier_than") if no_earlier_than else None,
        external_source=external[0],
        external_id=external[1],
        is_sample=is_sample,
        created_by=by,
    )
    if is_milestone:
        days = (0, 0, 0)
    if days is not None:
        _estimate(commitment, days, by, at)
    out_of_date(f"{commitment.title[:100]} was promised")
    return commitment


@transaction.atomic
def edit_commitment(
    *,
    commitment: Commitment,
    by: User,
    title: str,
    about: str = "",
    outcome: Outcome | None = None,
    owner: Person | None = None,
    interval: PlanningInterval | None = None,
    is_stretch: bool = False,
    planned_value: int | None = None,
    no_earlier_than: date | None = None,
    seen: str = "",
) -> Commitment:
    """Change its words and its place in the plan; never its promise, which only a slip moves.

    `seen` is the `edition` that the person saw: when somebody has changed it since, Changed names what differs.
    """
    held = _held(commitment)
    if seen and seen != held.edition:
        now_, then = held.edition.split("-"), [*seen.split("-"), *[""] * len(EDITED)]
        other = [
            name.replace("_", " ").removeprefix("is ") for name, a, b in zip(EDITED, now_, then, strict=False) if a != b
        ]
        raise Changed(
            f"Somebody changed it since you opened this page: {', '.join(other)}. Your text is still here. "
            "Look at theirs, then send again."
        )
    held.title, held.about = words(title, "title", longest=300, required=True), words(about, "about", longest=500)
    held.outcome, held.owner, held.interval, held.is_stretch = outcome, owner, interval, is_stretch
    held.planned_value = _value(planned_value, "planned_value", lowest=1)
    held.no_earlier_than = plausible(no_earlier_than, "no_earlier_than") if no_earlier_than else None
    held.save()
    out_of_date(f"{held} was changed")
    return held


@transaction.atomic
def move_commitment(*, commitment: Commitment, team: Team, by: User) -> Commitment:
    """Hand a promise to another team; its history stays with it."""
    held = _open(commitment)
    if team.closed_at is not None or (team.is_group and not held.is_milestone):
        raise Refused(f"{team} cannot hold a promise. Choose an open squad or vendor.", "team")
    held.team = team
    held.save(update_fields=["team"])
    out_of_date(f"{held} moved to {team}")
    return held


@transaction.atomic
def estimate(
    *, commitment: Commitment, days: tuple[int, int, int], by: User | None, at: datetime | None = None
) -> Estimate:
    """Say anew how much work remains: low, likely, high, in working days."""
    held = _open(commitment)
    row = _estimate(held, days, by, at)
    out_of_date(f"{held} was estimated")
    return row


@transaction.atomic
def start(*, commitment: Commitment, on: date, by: User | None) -> Commitment:
    """Work has begun."""
    held = _open(commitment)
    held.started_on = plausible(on, "on")
    held.save(update_fields=["started_on"])
    out_of_date(f"{held} was started")
    return held


@transaction.atomic
def log_slip(
    *,
    commitment: Commitment,
    to_date: date,
    reason: str,
    by: User | None,
    words_: str = "",
    impact: str = "",
    options: Sequence[Proposal] = (),
    seen: int | bool | None = False,
    days: tuple[int, int, int] | None = None,
    at: datetime | None = None,
    on: date | None = None,
) -> Slip:
    """Move a promise, later or earlier, with its reason; a later date needs at least one option.

    `seen` is the id of the last slip that the person saw (None: none yet): when another has come since, Changed.
    `days` estimates the remaining work anew in the same step; without it the estimate moves by the working days of the
    move, so far as the forecast had not expected them already.
    """
    held = _open(commitment)
    last = held.slips.order_by("-pk").first()
    promised = last.to_date if last else held.first_promised_on
    if seen is not False and (last.pk if last else None) != seen:
        assert last is not None  # noqa: S101 (slips are never deleted)
        raise Changed(
            f"{last.by_name} moved {held} to {last.to_date:%-d %b} at {last.at:%H:%M} UTC. "
            "Your text is still here. Read theirs, then send again.",
            "to_date",
        )
    if plausible(to_date, "to_date") == promised:
        raise Refused(f"{held} is promised for {promised:%-d %b} already. Choose another day.", "to_date")
    day = on or today()
    if to_date < day:
        raise Refused(f"{to_date:%-d %b %Y} has passed. Choose a day from today on.", "to_date")
    if reason not in Slip.Reason.values:
        raise Refused("Choose the reason.", "reason")
    if to_date > promised and not options:
        raise Refused("Add one option, so that the slip can be decided.", "options")
    slip = Slip.objects.create(
        commitment=held,
        from_date=promised,
        to_date=to_date,
        reason=reason,
        words=words(words_, "words", longest=2000),
        impact=words(impact, "impact", longest=2000),
        at=now(at),
        by=by,
        by_name=name_of(by),
    )
    if to_date > promised:
        Flag.objects.create(commitment=held, on=day, how="slip", at=slip.at, by=by)
    for option in options:
        _option(held, option, slip, by, slip.at)
    if days is None:
        days = _shifted(held, promised, to_date)
    if days is not None:
        _estimate(held, days, by, slip.at)
    out_of_date(f"{held} moved to {to_date:%-d %b}")
    return slip


@transaction.atomic
def correct_slip(*, slip: Slip, by: User, reason: str, words_: str, at: datetime | None = None) -> Slip:
    """Say anew why a promise moved. The old row stays; the date stands."""
    held = _held(slip.commitment)
    if reason not in Slip.Reason.values:
        raise Refused("Choose the reason.", "reason")
    if slip.corrections.exists():
        raise Changed("This entry has been corrected already. Correct the newer one.", "reason")
    standing = held.promise_in_force()
    return Slip.objects.create(
        commitment=held, from_date=standing, to_date=standing, reason=reason,
        words=words(words_, "words", longest=2000, required=True), corrects=slip, at=now(at), by=by,
        by_name=name_of(by),
    )  # fmt: skip


@transaction.atomic
def flag(
    *,
    commitment: Commitment,
    by: User | None,
    options: Sequence[Proposal],
    at: datetime | None = None,
    on: date | None = None,
) -> Flag:
    """Say that a promise is in danger while its date still stands; at least one option says what could be done."""
    held = _open(commitment)
    if not options and not held.options.filter(withdrawn_at=None).exists():
        raise Refused("Add one option, so that the risk can be decided.", "options")
    row = Flag.objects.create(commitment=held, on=on or today(), how="checkin", at=now(at), by=by)
    for option in options:
        _option(held, option, None, by, row.at)
    return row


@transaction.atomic
def propose(*, commitment: Commitment, option: Proposal, by: User | None, at: datetime | None = None) -> Option:
    """Add something that could be done."""
    held = _open(commitment)
    row = _option(held, option, held.slips.filter(corrects=None).order_by("-pk").first(), by, now(at))
    out_of_date(f"an option for {held}")
    return row


@transaction.atomic
def withdraw_option(*, option: Option, by: User) -> Option:
    """Take an option off the table; it stays in the record."""
    held = Option.objects.select_for_update().get(pk=option.pk)
    if Choice.objects.filter(option=held).exists():
        raise Refused("This option was taken; that cannot be undone. Log what changed as a slip.")
    if held.withdrawn_at is None:
        held.withdrawn_at, held.withdrawn_by = now(None), by
        held.save(update_fields=["withdrawn_at", "withdrawn_by"])
    return held


@transaction.atomic
def choose(
    *,
    option: Option,
    by: User | None,
    why: str = "",
    forecast: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Choice:
    """Take an option: its cost and its saved days count from now on. One option of a slip is taken, once."""
    held = _open(option.commitment)
    row = Option.objects.select_for_update().get(pk=option.pk)
    if row.withdrawn_at is not None:
        raise Changed("This option is no longer on the table. Choose another.", "option")
    taken = Choice.objects.filter(option__commitment=held, option__slip=row.slip).select_related("option").first()
    if taken is not None:
        raise Changed(f"{taken.by_name} has decided already: {taken.option}.", "option")
    choice = Choice.objects.create(
        option=row, why=words(why, "why", longest=500), at=now(at), by=by, by_name=name_of(by), forecast=forecast or {}
    )
    if row.saves_days and (left := days_left(held)) is not None:
        low, likely, high = (max(0, days - row.saves_days) for days in left)
        _estimate(held, (low, likely, high), by, choice.at)
    out_of_date(f"{row} was chosen")
    return choice


@transaction.atomic
def deliver(*, commitment: Commitment, on: date, by: User, actual_value: int | None = None) -> Commitment:
    """It is done, as of `on`."""
    held = _open(commitment)
    if plausible(on, "on") > today():
        raise Refused("That day has not come. Choose today or a day before.", "on")
    ask_guards(held)
    held.delivered_on, held.delivered_by = on, by
    held.started_on = held.started_on or min(held.made_on, on)
    held.actual_value = _value(actual_value, "actual_value", lowest=0)
    held.save(update_fields=["delivered_on", "delivered_by", "started_on", "actual_value"])
    out_of_date(f"{held} was delivered")
    return held


@transaction.atomic
def cancel(*, commitment: Commitment, why: str, by: User, at: datetime | None = None) -> Commitment:
    """It will not be done; who relied on it sees that."""
    held = _open(commitment)
    held.cancelled_at, held.cancelled_by = now(at), by
    held.cancelled_why = words(why, "why", longest=300, required=True)
    held.save(update_fields=["cancelled_at", "cancelled_by", "cancelled_why"])
    out_of_date(f"{held} was cancelled")
    return held


@transaction.atomic
def reopen(*, commitment: Commitment, by: User) -> Commitment:
    """It was marked delivered or cancelled by mistake."""
    held = _held(commitment)
    held.delivered_on = held.delivered_by = held.cancelled_at = held.cancelled_by = held.actual_value = None
    held.cancelled_why = ""
    held.save()
    out_of_date(f"{held} was reopened")
    return held


@transaction.atomic
def override_status(
    *, commitment: Commitment, status: str, why: str, by: User, at: datetime | None = None
) -> StatusOverride:
    """A person's word against the computed status, for 14 days, shown beside it."""
    if status not in ("ok", "risk", "late"):
        raise Refused("Choose on track, at risk or likely late.", "status")
    return StatusOverride.objects.create(
        commitment=_open(commitment), status=status, why=words(why, "why", longest=500, required=True), at=now(at),
        by=by, by_name=name_of(by), expires_on=today() + timedelta(days=OVERRIDE_DAYS),
    )  # fmt: skip


# --- shared ----------------------------------------------------------------------------------------------------------


def _held(commitment: Commitment) -> Commitment:
    """The row, locked: of two who save at once the second sees what the first did."""
    return Commitment.objects.select_for_update(of=("self",)).select_related("team").get(pk=commitment.pk)


def _open(commitment: Commitment) -> Commitment:
    held = _held(commitment)
    if held.delivered_on is not None:
        raise Refused(f"{held} was delivered on {held.delivered_on:%-d %b}. Reopen it first if that was a mistake.")
    if held.cancelled_at is not None:
        raise Refused(f"{held} was cancelled. Reopen it first if that was a mistake.")
    return held


def _estimate(held: Commitment, days: tuple[int, int, int], by: User | None, at: datetime | None) -> Estimate:
    low, likely, high = days
    if not 0 <= low <= likely <= high:
        raise Refused("The low estimate must not exceed the likely one, nor that the high one.", "days")
    if high > MOST_DAYS:
        raise Refused(f"{high:,} working days are more than anybody can estimate. Split the promise.", "days")
    return Estimate.objects.create(commitment=held, low=low, likely=likely, high=high, at=now(at), by=by)


def _shifted(held: Commitment, promised: date, to_date: date) -> tuple[int, int, int] | None:
    """The last estimate with as many working days more (or fewer) as the promise moved; None without an estimate."""
    from delivery.network import days_of_slip

    left = days_left(held)
    if left is None:
        return None
    more = days_of_slip(held, promised, to_date)
    low, likely, high = (max(0, days + more) for days in left)
    return low, likely, high


def days_left(held: Commitment) -> tuple[int, int, int] | None:
    """The last estimate without the working days since, for work that has begun; None when there is nothing to say."""
    from delivery.network import left

    return left(held)


def _option(held: Commitment, option: Proposal, slip: Slip | None, by: User | None, at: datetime) -> Option:
    if option.cost < 0:
        raise Refused("A cost is nothing or more.", "options")
    if len(option.currency) != 3:
        raise Refused("Name the currency with three letters, such as USD.", "options")
    return Option.objects.create(
        commitment=held, slip=slip, title=words(option.title, "options", longest=300, required=True), cost=option.cost,
        currency=option.currency.upper(), saves_days=option.saves_days,
        scope_given_up=words(option.scope_given_up, "options", longest=300),
        risk_left=words(option.risk_left, "options", longest=300), is_advised=option.is_advised, at=at, by=by,
    )  # fmt: skip


def _value(value: int | None, field: str, *, lowest: int) -> int | None:
    if value is not None and not lowest <= value <= 10:
        raise Refused(f"A business value is a number from {lowest} to 10.", field)
    return value
