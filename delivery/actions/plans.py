"""Planning intervals, outcomes and capacity; freezing a plan keeps the odds of each promise as they are."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from delivery.models import Capacity, Commitment, ForecastLine, FrozenPromise, Iteration, Outcome, PlanningInterval
from teams.models import Person, Team, User

from .rules import Refused, now, plausible, words


@transaction.atomic
def add_outcome(
    *, team: Team, title: str, by: User | None, sponsor: Person | None = None, is_sample: bool = False
) -> Outcome:
    """What the organisation gets, in business words."""
    title = words(title, "title", longest=300, required=True)
    return Outcome.objects.create(team=team, title=title, sponsor=sponsor, created_by=by, is_sample=is_sample)


@transaction.atomic
def add_interval(
    *, team: Team, name: str, starts_on: date, ends_on: date, by: User | None, iteration_weeks: int = 2
) -> PlanningInterval:
    """A planning interval of `team`, cut into iterations of `iteration_weeks`."""
    if plausible(ends_on, "ends_on") < plausible(starts_on, "starts_on"):
        raise Refused("The interval ends before it starts.", "ends_on")
    if not 1 <= iteration_weeks <= 6:
        raise Refused("An iteration takes one to six weeks.", "iteration_weeks")
    if (ends_on - starts_on).days > 400:
        raise Refused("An interval longer than a year is no plan. Make it shorter.", "ends_on")
    try:
        with transaction.atomic():
            row = PlanningInterval.objects.create(
                team=team, name=words(name, "name", longest=80, required=True), starts_on=starts_on, ends_on=ends_on,
                created_by=by,
            )  # fmt: skip
    except IntegrityError as overlap:
        raise Refused(f"{team} has a planning interval in these weeks already.", "starts_on") from overlap
    day, number = starts_on, 1
    while day <= ends_on:
        last = min(day + timedelta(weeks=iteration_weeks, days=-1), ends_on)
        Iteration.objects.create(interval=row, name=f"Iteration {number}", starts_on=day, ends_on=last)
        day, number = last + timedelta(days=1), number + 1
    return row


@transaction.atomic
def set_capacity(*, interval: PlanningInterval, team: Team, days: int, by: User | None) -> Capacity:
    """Working days of effort that `team` has for promises in `interval`."""
    if not 0 <= days <= 10_000:
        raise Refused("A capacity is a number of working days from 0 to 10,000.", "days")
    row, _ = Capacity.objects.update_or_create(interval=interval, team=team, defaults={"days": days})
    return row


@transaction.atomic
def freeze(*, interval: PlanningInterval, by: User, at: datetime | None = None) -> PlanningInterval:
    """The plan stands: the promise, its odds and its 85 %-sure effort are kept as they are at this moment."""
    from delivery.network import sure_days

    row = PlanningInterval.objects.select_for_update().get(pk=interval.pk)
    if row.frozen_at is not None:
        raise Refused(f"{row} was frozen on {row.frozen_at:%-d %b}.")
    commitments = list(Commitment.objects.open().filter(interval=row).with_promise().with_estimate())
    if not commitments:
        raise Refused(f"{row} holds no commitment yet. Add some first.")
    chances: dict[int, float] = {}
    newest = ForecastLine.objects.filter(commitment__in=commitments).select_related("run")
    newest = newest.order_by("commitment_id", "-run_id")
    for line in newest.distinct("commitment_id"):
        chances[line.commitment_id] = line.chance
    effort = sure_days(commitments)
    FrozenPromise.objects.bulk_create(
        FrozenPromise(
            interval=row, commitment=one, promised_on=one.promised_on, chance=chances.get(one.pk),  # type: ignore[attr-defined]  # annotated by its queryset
            sure_days=effort.get(one.pk), planned_value=one.planned_value, is_stretch=one.is_stretch,
        )
        for one in commitments
    )  # fmt: skip
    row.frozen_at, row.frozen_by = now(at), by
    row.save(update_fields=["frozen_at", "frozen_by"])
    return row
