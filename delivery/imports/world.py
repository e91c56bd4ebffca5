"""Reads what an import is judged against, in a fixed number of queries, as far as the person may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Q

from delivery import shown
from delivery.actions.rules import today
from delivery.models import Commitment, Dependency, Outcome, PlanningInterval
from teams import access
from teams.access import Right
from teams.models import User

from .dependencies import CODE
from .known import Known, TeamKnown
from .plan import Held

T = TypeVar("T")
EVERY = 5_000  # ids asked for at a time


def known(user: User, *, source: str, ids: Iterable[str] = (), names: Iterable[str] = ()) -> Known:
    """`ids` are those of the rows; `names` the ends of links: ids, C-numbers or titles."""
    found = Known(today=today(), teams=_teams(user))
    seen = set(access.teams(user).values_list("pk", flat=True))
    log = {team.pk for team in found.teams}
    asked, wide = set(ids), set(names)
    own = Q(team__in=log, external_id="")  # what has no id is known by its title
    rows = {row.pk: row for row in _commitments(own)} if asked or not wide else {}
    for part in _parts(asked):
        rows |= {row.pk: row for row in _commitments(Q(external_source=source, external_id__in=part))}
    codes = {int(match[1]) for name in wide if (match := CODE.fullmatch(name))}
    for part in _parts(wide):
        rows |= {row.pk: row for row in _commitments(Q(external_id__in=part) | Q(title__in=part), seen)}
    for numbers in _parts(codes):
        rows |= {row.pk: row for row in _commitments(Q(pk__in=numbers), seen)}
    for row in rows.values():
        _keep(found, _held(row, row.team_id in log, row.team_id in seen))
    _names(found, user)
    for before, after, kind, lag, in_calendar_days in Dependency.objects.filter(removed_at=None).values_list(
        "before", "after", "kind", "lag", "lag_in_calendar_days"
    ):
        found.links[(before, after, kind)] = (lag, in_calendar_days)
    linked = Q(needed_by__removed_at=None, needed_by__isnull=False) | Q(needs__removed_at=None, needs__isnull=False)
    found.titles = dict(shown.visible(user).filter(linked).values_list("pk", "title"))
    return found


def _teams(user: User) -> list[TeamKnown]:
    return [
        TeamKnown(team.pk, team.slug, team.name, team.is_group, team.closed_at is not None)
        for team in access.teams(user, Right.LOG).order_by("name")
    ]


def _parts(every: set[T]) -> Iterable[list[T]]:
    listed = list(every)
    return (listed[start : start + EVERY] for start in range(0, len(listed), EVERY))


def _commitments(which: Q, teams: set[int] | None = None) -> Iterable[Commitment]:
    rows = Commitment.objects.filter(which) if teams is None else Commitment.objects.filter(which, team__in=teams)
    return rows.with_promise().with_estimate()


def _held(row: Commitment, may_log: bool, seen: bool) -> Held:
    days = None if row.likely is None else (row.low, row.likely, row.high)  # type: ignore[attr-defined]  # annotated by its queryset
    state = "delivered" if row.delivered_on else "cancelled" if row.cancelled_at else "open"
    return Held(
        row.pk, row.team_id, row.title, row.promised_on, row.last_slip, (row.external_source, row.external_id),  # type: ignore[attr-defined]  # annotated by its queryset
        row.about, days, row.owner_id, row.outcome_id, row.interval_id, row.is_stretch, row.is_milestone,
        row.planned_value, row.no_earlier_than, row.started_on, state, may_log, seen,
    )  # fmt: skip


def _keep(found: Known, held: Held) -> None:
    found.by_code[held.pk] = held
    if held.id[1]:
        found.by_id[held.id] = held
    found.by_title.setdefault((held.team, held.title.lower()), []).append(held)


def _names(found: Known, user: User) -> None:
    people = access.people(user).values_list("pk", "name", "email")
    outcomes = Outcome.objects.filter(team__in=access.teams(user)).values_list("pk", "title")
    intervals = PlanningInterval.objects.filter(team__in=access.teams(user)).values_list("pk", "name")
    for pk, name, email in people:
        for word in {name.lower(), (email or "").lower()} - {""}:
            found.people[word] = pk if found.people.get(word, pk) == pk else None
    for where, rows in ((found.outcomes, outcomes), (found.intervals, intervals)):
        for pk, name in rows:
            word = " ".join(name.lower().split())
            where[word] = None if word in where else pk
