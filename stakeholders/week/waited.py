"""How much waited for a leader at the end of each of the last weeks: what still waits, and what was settled since.

What still waits counts from the day it began to; what was settled from then to the day it was. Options, decisions,
dependencies and one's own signatures are remembered so; a source, a gate or a last day counts only while it waits.
`counts` is pure. Four queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min, Q

from delivery.models import Choice, Dependency, DependencyEvent
from stakeholders.models import Decision, DecisionEvent, Signature
from teams.models import Person

from .waits.item import day_of

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """It began to wait on one day and was settled on another."""

    since: date
    until: date


def counts(waiting: Iterable[date], settled: Iterable[Span], days: Sequence[date]) -> list[int]:
    """How many waited when each of `days` ended: begun by then, and not settled by then."""
    since, spans = list(waiting), list(settled)
    return [sum(one <= day for one in since) + sum(one.since <= day < one.until for one in spans) for day in days]


def ends(today: date) -> list[date]:
    """The last Sundays, oldest first."""
    last = today - timedelta(days=today.weekday() + 1)
    return [last - timedelta(weeks=back) for back in reversed(range(WEEKS))]


def settled(teams: Sequence[int], person: Person | None, since: date) -> list[Span]:
    """What somebody settled after `since`."""
    return [*_decided(teams, since), *_chosen(teams, since), *_agreed(teams, since), *_signed(teams, person, since)]


def _decided(teams: Sequence[int], since: date) -> list[Span]:
    over = (DecisionEvent.Step.DECIDED, DecisionEvent.Step.WITHDRAWN)
    rows = Decision.objects.filter(team__in=teams).annotate(
        first=Min("events__at"), last=Max("events__at", filter=Q(events__step__in=over))
    )
    found = rows.filter(last__date__gte=since).order_by().values_list("first", "last")
    return [Span(day_of(first), day_of(last)) for first, last in found]


def _chosen(teams: Sequence[int], since: date) -> list[Span]:
    rows = Choice.objects.filter(option__commitment__team__in=teams, at__date__gte=since)
    return [Span(day_of(first), day_of(last)) for first, last in rows.order_by().values_list("option__at", "at")]


def _agreed(teams: Sequence[int], since: date) -> list[Span]:
    rows = Dependency.objects.filter(after__team__in=teams, removed_at=None).annotate(
        day=Min("events__at", filter=Q(events__step=DependencyEvent.Step.AGREED))
    )
    found = rows.filter(day__date__gte=since).order_by().values_list("found_on", "day")
    return [Span(first, day_of(last)) for first, last in found]


def _signed(teams: Sequence[int], person: Person | None, since: date) -> list[Span]:
    if person is None:
        return []
    rows = Signature.objects.filter(acceptance__team__in=teams, person=person, at__date__gte=since)
    return [Span(day_of(first), day_of(last)) for first, last in rows.order_by().values_list("version__at", "at")]
