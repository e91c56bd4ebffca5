"""The one place that turns records into the pure network and back: inputs, forecasts that are kept, what-ifs.

A forecast is of the whole network at once: all open commitments, and delivered ones that they wait for. It is stored
with its inputs and seed, so that `replay` shows it again exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from teams.models import Team as TeamRow

from . import models
from .actions.rules import today as this_day
from .activities import Kind, LagIn, Link
from .calendar import WorkCalendar
from .chance import Chance
from .forecast import TRIALS, Forecast, forecast
from .inputs import Commitment, Inputs, PricedDeadline, Team, read_inputs
from .penalty import Kind as PenaltyKind
from .penalty import PenaltyTerms, Window
from .sampling import Delivered, Remaining
from .schedule import Schedule, schedule
from .scoring import Score, Scored, score

SEED = 20_260_105  # the same every time, so that two forecasts differ by what changed and not by chance


def terms(
    due: date, windows: Sequence[tuple[date, date | None, str, int, int | None]], currency: str, cap: int | None
) -> PenaltyTerms | None:
    """The penalty of a deadline; None when being late costs nothing. Raises ValueError saying what cannot be."""
    if not windows:
        return None
    return PenaltyTerms(
        due=due,
        currency=currency,
        cap=cap,
        windows=tuple(
            Window(first=first, last=last, kind=PenaltyKind(kind), amount=amount, cap=most)
            for first, last, kind, amount, most in windows
        ),
    )


def calendars(teams: Collection[int] | None = None) -> dict[int, WorkCalendar]:
    """team → its working days: Monday to Friday without its own days off and those of the groups above it."""
    parents = dict(TeamRow.objects.values_list("pk", "parent_id"))
    off: dict[int, set[date]] = defaultdict(set)
    for team, day in models.Holiday.objects.values_list("team_id", "day"):
        off[team].add(day)
    found = {}
    for team in teams if teams is not None else parents:
        days: set[date] = set()
        above: int | None = team
        while above is not None:
            days |= off.get(above, set())
            above = parents.get(above)
        found[team] = WorkCalendar(holidays=frozenset(days))
    return found


def inputs(as_of: date | None = None) -> Inputs:
    """What a forecast of today rests on. Seven queries."""
    day = as_of or this_day()
    standing = models.Dependency.objects.filter(removed_at=None, before__cancelled_at=None, after__cancelled_at=None)
    links = list(standing.order_by("pk"))
    wanted = Q(delivered_on=None) | Q(pk__in={row.before_id for row in links})
    rows = list(models.Commitment.objects.filter(wanted, cancelled_at=None).with_promise().with_estimate())
    deadlines = list(
        models.Deadline.objects.filter(closed_at=None, milestone__cancelled_at=None).prefetch_related("windows")
    )
    extra = {one.milestone_id for one in deadlines} - {row.pk for row in rows}
    if extra:
        rows += models.Commitment.objects.filter(pk__in=extra).with_promise().with_estimate()
    known = {row.pk for row in rows}
    days = calendars({row.team_id for row in rows})
    history = _history(days)
    return Inputs(
        as_of=day,
        teams=tuple(Team(id=str(team), calendar=one, delivered=history.get(team, ())) for team, one in days.items()),
        commitments=tuple(_commitment(row, day, days[row.team_id]) for row in rows),
        links=tuple(_link(row) for row in links if row.before_id in known and row.after_id in known),
        deadlines=tuple(_deadline(row) for row in deadlines),
    )


def _commitment(row: models.Commitment, day: date, days: WorkCalendar) -> Commitment:
    low, likely, high = row.low, row.likely, row.high  # type: ignore[attr-defined]  # annotated by its queryset
    estimated = likely is not None and not row.is_milestone and row.delivered_on is None
    return Commitment(
        id=str(row.pk),
        team=str(row.team_id),
        remaining=Remaining(low, likely, high) if estimated else None,
        is_milestone=row.is_milestone,
        first_promise=row.first_promised_on,
        promise=row.promised_on,  # type: ignore[attr-defined]  # annotated by its queryset
        no_earlier_than=row.no_earlier_than,
        started_on=row.started_on if row.delivered_on else None,
        added_days=-_days_done(row, day, days),
        delivered_on=row.delivered_on,
    )


def _days_done(row: models.Commitment, day: date, days: WorkCalendar) -> int:
    """Working days since the estimate, for work that has begun: a promise that nobody estimates anew does not drift."""
    said = row.estimated_at  # type: ignore[attr-defined]  # annotated by its queryset
    if row.delivered_on is not None or row.started_on is None or said is None or row.is_milestone:
        return 0
    counted_from = max(said.astimezone(settings.ORGANISATION_ZONE).date(), row.started_on)
    return max(0, days.working_days_between(counted_from, day))


def left(commitment: models.Commitment, day: date | None = None) -> tuple[int, int, int] | None:
    """Working days of work left as a forecast of `day` counts them: low, likely, high; None without an estimate."""
    row = models.Commitment.objects.with_estimate().get(pk=commitment.pk)
    if row.likely is None or row.is_milestone:  # type: ignore[attr-defined]  # annotated by its queryset
        return None
    done = _days_done(row, day or this_day(), calendars([row.team_id])[row.team_id])
    low, likely, high = (max(0, days - done) for days in (row.low, row.likely, row.high))  # type: ignore[attr-defined]  # annotated by its queryset
    return low, likely, high


def days_of_slip(commitment: models.Commitment, promised: date, to: date) -> int:
    """Working days of work that a move of the promise stands for; negative: it moves earlier.

    A promise that is forecast late already, and now follows its forecast, gains no work by that.
    """
    line = commitment.forecasts.order_by("-run_id").first() if to > promised else None
    since = max(promised, line.even) if line else promised
    days = calendars([commitment.team_id])[commitment.team_id].working_days_between(since, to)
    return max(0, days) if to > promised else days


def _link(row: models.Dependency) -> Link:
    unit = LagIn.CALENDAR if row.lag_in_calendar_days else LagIn.WORKING
    return Link(before=str(row.before_id), after=str(row.after_id), kind=Kind(row.kind), lag=row.lag, lag_in=unit)


def _deadline(row: models.Deadline) -> PricedDeadline:
    windows = [(one.from_date, one.to_date, one.kind, one.amount, one.cap) for one in row.windows.all()]
    priced = terms(row.date, windows, row.currency, row.cap)
    return PricedDeadline(id=str(row.pk), activity=str(row.milestone_id), date=row.date, penalty=priced)


def _history(days: Mapping[int, WorkCalendar], *, before: date | None = None) -> dict[int, tuple[Delivered, ...]]:
    """team → working days that its delivered commitments took against their first likely estimate."""
    rows = models.Commitment.objects.filter(
        team__in=days, is_milestone=False, delivered_on__isnull=False, started_on__isnull=False
    )
    if before is not None:
        rows = rows.filter(delivered_on__lt=before)
    firsts = (
        models.Estimate.objects.filter(commitment__in=rows).order_by("commitment_id", "pk").distinct("commitment_id")
    )
    likely = dict(firsts.values_list("commitment_id", "likely"))
    found: dict[int, list[Delivered]] = defaultdict(list)
    for pk, team, began, ended in rows.order_by("pk").values_list("pk", "team_id", "started_on", "delivered_on"):
        if likely.get(pk) and began and ended:
            took = days[team].working_days_between(began, ended) + (1 if days[team].is_working(ended) else 0)
            found[team].append(Delivered(max(took, 1), likely[pk]))
    return {team: tuple(ones) for team, ones in found.items()}


def scheduled(known: Inputs) -> Schedule:
    """The dates of the likely estimates, with floats and the chain to each deadline."""
    return schedule(
        known.activities, known.links, start=known.as_of, status_date=known.as_of, deadlines=known.deadlines
    )


# --- forecasts that are kept -----------------------------------------------------------------------------------------


def recompute(
    *, why: str, as_of: date | None = None, at: datetime | None = None, trials: int = TRIALS
) -> models.ForecastRun:
    """Make a forecast of the whole network and keep it, unless nothing that it rests on has changed."""
    known = inputs(as_of)
    last = models.ForecastRun.objects.order_by("-pk").first()
    if last is not None and last.inputs_digest == known.digest and last.seed == SEED and last.trials == trials:
        return last
    return keep(known, forecast(known, seed=SEED, trials=trials), why=why, at=at)


@transaction.atomic
def keep(known: Inputs, made: Forecast, *, why: str, at: datetime | None = None) -> models.ForecastRun:
    """Store a forecast with everything it takes to show it again."""
    run = models.ForecastRun.objects.create(
        made_at=at or timezone.now(), as_of=known.as_of, seed=made.seed, trials=made.trials, inputs=known.as_json(),
        inputs_digest=known.digest, digest=made.digest, why=why[:200],
    )  # fmt: skip
    planned = scheduled(known)
    promises = {one.id: one.promise for one in known.commitments if one.promise}
    critical = {
        deadline.id: [step.activity for step in planned.driving_path(deadline.activity)] for deadline in known.deadlines
    }
    chained = {one for chain in critical.values() for one in chain}
    lines = []
    for id_, landing in made.landings.items():
        if landing.finish is None or landing.by_promise is None or landing.by_first_promise is None:
            continue
        plan = planned[id_]
        lines.append(
            models.ForecastLine(
                run=run, commitment_id=int(id_), promised_on=promises[id_], even=landing.finish.even_odds,
                sure=landing.finish.sure_85, hits=landing.by_promise.hits, hits_first=landing.by_first_promise.hits,
                early_start=plan.early_start, early_finish=plan.early_finish, float_days=plan.total_float_days,
                is_critical=id_ in chained, days=_bins(landing.finish.bins), thin=landing.thin,
            )
        )  # fmt: skip
    models.ForecastLine.objects.bulk_create(lines, batch_size=1000)
    dates = {one.id: one.date for one in known.deadlines}
    models.DeadlineForecast.objects.bulk_create(
        models.DeadlineForecast(
            run=run, deadline_id=int(id_), date=dates[id_], even=one.finish.even_odds, sure=one.finish.sure_85,
            hits=one.on_time.hits, penalty=one.penalty.expected if one.penalty else 0,
            penalty_85=one.penalty.sure if one.penalty else 0, float_days=planned.deadline_float(id_),
            driving={key: round(chance.share, 4) for key, chance in one.driving.items()},
            critical=[int(key) for key in critical[id_]], days=_bins(one.finish.bins),
        )
        for id_, one in made.deadlines.items()
        if one.finish is not None and one.on_time is not None
    )  # fmt: skip
    return run


def _bins(bins: Iterable[tuple[date, int]]) -> list[list[Any]]:
    return [[day.isoformat(), count] for day, count in bins]


def replay(run: models.ForecastRun) -> Forecast:
    """The stored forecast, made again from its inputs and seed; equal to what was stored, bit for bit."""
    return forecast(read_inputs(run.inputs), seed=run.seed, trials=run.trials)


# --- what if ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """A commitment whose even-odds date a what-if moves."""

    commitment: int
    before: date
    after: date

    @property
    def days(self) -> int:
        return (self.after - self.before).days


@dataclass(frozen=True, slots=True)
class DeadlineMoved:
    """A deadline before and after; chances and money as the forecast gives them."""

    deadline: int
    even_before: date
    even_after: date
    chance_before: Chance
    chance_after: Chance
    penalty_before: int
    penalty_after: int
    bins_before: tuple[tuple[date, int], ...]
    bins_after: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What changes when work is added to, or taken from, some commitments. Nothing is written."""

    moved: tuple[Moved, ...]
    still: int  # commitments that do not move
    deadlines: tuple[DeadlineMoved, ...]
    chances: Mapping[int, Chance]  # of each changed commitment's promise, afterwards
    finishes: Mapping[int, tuple[date, date]]  # of every commitment afterwards: even odds, 85 % sure


def what_if(
    added_days: Mapping[int, int], *, promises: Mapping[int, date] | None = None, known: Inputs | None = None
) -> WhatIf:
    """The network with `added_days` working days more (or fewer) of each commitment; `promises` asks for other days."""
    base = known or inputs()
    changed = replace(
        base,
        commitments=tuple(
            replace(
                _with_days(one, added_days.get(int(one.id), 0)), promise=(promises or {}).get(int(one.id), one.promise)
            )
            for one in base.commitments
        ),
    )
    before, after = _as_it_is(base), forecast(changed, seed=SEED)
    moved, still = [], 0
    for id_, landing in after.landings.items():
        was = before.landings[id_].finish
        if landing.finish is None or was is None:
            continue
        if landing.finish.even_odds == was.even_odds:
            still += 1
        else:
            moved.append(Moved(int(id_), was.even_odds, landing.finish.even_odds))
    return WhatIf(
        moved=tuple(sorted(moved, key=lambda one: (one.before, one.commitment))),
        still=still,
        deadlines=tuple(_deadline_moved(before, after)),
        chances={
            int(id_): one.by_promise for id_, one in after.landings.items() if one.by_promise and int(id_) in added_days
        },
        finishes={
            int(id_): (one.finish.even_odds, one.finish.sure_85) for id_, one in after.landings.items() if one.finish
        },
    )


_kept: dict[str, Forecast] = {}  # by digest: the newest forecast of things as they are, which every what-if begins with


def _as_it_is(base: Inputs) -> Forecast:
    """The forecast without a change; the same inputs and seed give the same, so the last one is kept."""
    made = _kept.get(base.digest)
    if made is None:
        made = forecast(base, seed=SEED)
        _kept.clear()
        _kept[base.digest] = made
    return made


def _with_days(one: Commitment, more: int) -> Commitment:
    """`one` as it will be once somebody logs `more` working days: what is left is then estimated anew."""
    if not more or one.remaining is None:
        return one
    low, likely, high = (
        max(0, days + one.added_days + more) for days in (one.remaining.low, one.remaining.likely, one.remaining.high)
    )
    return replace(one, remaining=Remaining(low, likely, high), added_days=0)


def _deadline_moved(before: Forecast, after: Forecast) -> Iterable[DeadlineMoved]:
    for id_, new in after.deadlines.items():
        old = before.deadlines[id_]
        if new.finish and new.on_time and old.finish and old.on_time:
            yield DeadlineMoved(
                int(id_), old.finish.even_odds, new.finish.even_odds, old.on_time, new.on_time,
                old.penalty.expected if old.penalty else 0, new.penalty.expected if new.penalty else 0,
                old.finish.bins, new.finish.bins,
            )  # fmt: skip


def options_compared(options: Sequence[models.Option]) -> dict[int, WhatIf]:
    """option → the network with it taken. One reading of the records for all of them."""
    known = inputs()
    return {one.pk: what_if({one.commitment_id: -one.saves_days}, known=known) for one in options}


# --- afterwards ------------------------------------------------------------------------------------------------------


def sure_days(commitments: Collection[models.Commitment]) -> dict[int, int]:
    """commitment → working days of effort that suffice in 85 of 100 trials, each by itself."""
    return {pk: max(1, round(high)) for pk, high in _sure(commitments).items()}


def _sure(commitments: Collection[models.Commitment]) -> dict[int, float]:
    rows = {one.pk: one for one in commitments}
    days = calendars({one.team_id for one in rows.values()})
    history = _history(days)
    found: dict[int, float] = {}
    for pk, row in rows.items():
        likely = row.likely  # type: ignore[attr-defined]  # annotated by its queryset
        if likely is None or row.is_milestone:
            continue
        alone = Inputs(
            as_of=this_day(),
            teams=(Team(id="t", calendar=days[row.team_id], delivered=history.get(row.team_id, ())),),
            commitments=(Commitment(id=str(pk), team="t", remaining=Remaining(row.low, likely, row.high)),),  # type: ignore[attr-defined]  # annotated by its queryset
        )
        found[pk] = float(forecast(alone, seed=SEED, trials=2000).loads["t"].quantile(85))
    return found


def scored(*, teams: Collection[int], days_ahead: int = 14, today: date | None = None) -> Score:
    """How forecasts fared, one for each promise whose day has come: what it was given `days_ahead` days before that
    day, or later where nothing older is known, against what came. A promise that is overdue was not kept. Two queries.
    """
    day = today or this_day()
    rows = models.Commitment.objects.filter(team__in=teams, cancelled_at=None).with_promise()
    due = {
        row.pk: (row.promised_on, row.delivered_on)  # type: ignore[attr-defined]  # annotated by its queryset
        for row in rows.only("pk", "delivered_on", "first_promised_on")
        if row.delivered_on is not None or row.promised_on < day  # type: ignore[attr-defined]  # annotated by its queryset
    }
    newest: dict[int, tuple[bool, int, Chance]] = {}
    slips = models.Slip.objects.filter(commitment=OuterRef("commitment")).order_by("-pk")
    promise = Coalesce(Subquery(slips.values("to_date")[:1]), F("commitment__first_promised_on"))
    lines = models.ForecastLine.objects.filter(commitment__in=due).annotate(promise=promise)
    lines = lines.filter(promised_on=F("promise"), run__as_of__lte=F("promise"))
    lines = lines.filter(Q(commitment__delivered_on=None) | Q(run__as_of__lt=F("commitment__delivered_on")))
    for pk, run, as_of, hits, trials in lines.values_list("commitment", "run", "run__as_of", "hits", "run__trials"):
        early = (due[pk][0] - as_of).days >= days_ahead
        if pk not in newest or (early, run) > newest[pk][:2]:
            newest[pk] = (early, run, Chance(hits, trials))
    return score(
        Scored(chance=chance, kept=(delivered := due[pk][1]) is not None and delivered <= due[pk][0])
        for pk, (_, _, chance) in newest.items()
    )
