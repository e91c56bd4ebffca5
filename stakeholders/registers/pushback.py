"""The facts of a push-back memo: a date that somebody asks for, against the newest forecast and the team's record."""

from __future__ import annotations

from datetime import date
from typing import Any

from delivery.chance import Chance
from delivery.models import Commitment, DeadlineForecast, Dependency, ForecastLine
from delivery.recovery import money
from teams.templatetags import ui

FEWEST = 5  # delivered promises, below which a share says nothing


def facts(commitment: Commitment, requested_on: date) -> dict[str, Any]:
    """Sentences and rows, as they are kept with the memo. Nothing is made up: what is missing is said."""
    line = ForecastLine.objects.filter(commitment=commitment).select_related("run").order_by("-run_id").first()
    evidence = [_promise(commitment, requested_on), *_forecast(line, requested_on), _history(commitment)]
    made = f"forecast of {ui.instant(line.run.made_at)}" if line else "no forecast yet"
    return {
        "chance": chance_by(line, requested_on),
        "evidence": evidence,
        "driving": _driving(commitment, line),
        "options": _options(commitment),
        "source": f"{commitment.code}, {made}.",
    }


def chance_by(line: ForecastLine | None, day: date) -> float | None:
    """0–1 that it is done by the end of `day`: trials that finish by then, of all trials. None without a forecast."""
    if line is None or not line.days:
        return None
    return sum(count for on, count in line.days if date.fromisoformat(on) <= day) / line.run.trials


def _promise(row: Commitment, requested_on: date) -> str:
    promised = row.promise_in_force()
    apart = (promised - requested_on).days
    gap = f"{ui.plural(abs(apart), 'day')} {'earlier' if apart > 0 else 'later'} than promised" if apart else "the same"
    return f"{ui.day(promised)} is promised. {ui.day(requested_on)} is asked for: {gap}."


def _forecast(line: ForecastLine | None, requested_on: date) -> list[str]:
    if line is None:
        return ["There is no forecast yet, so no chance can be given. Estimate what remains first."]
    by_then = sum(count for on, count in line.days if date.fromisoformat(on) <= requested_on)
    words = Chance(by_then, line.run.trials).words
    said = [
        f"The chance of {ui.day(requested_on)} is {words}.",
        f"Even odds are {ui.day(line.even)}; {ui.day(line.sure)} is 85% sure.",
    ]
    due = DeadlineForecast.objects.filter(run=line.run_id, deadline__milestone=line.commitment_id).select_related(
        "deadline"
    )
    for one in due:
        said.append(
            f"{one.deadline.name} on {ui.day(one.date)}: expected penalty "
            f"{money(one.penalty, one.deadline.currency)}, {money(one.penalty_85, one.deadline.currency)} at 85% sure."
        )
    return said


def _history(row: Commitment) -> str:
    done = list(
        Commitment.objects.filter(team=row.team_id, delivered_on__isnull=False)
        .order_by("-delivered_on")
        .values_list("first_promised_on", "delivered_on")[:50]
    )
    if len(done) < FEWEST:
        few = ui.plural(len(done), "promise")
        return f"{row.team.name} has delivered {few}; {FEWEST} are needed to speak of a record."
    kept = sum(delivered is not None and delivered <= promised for promised, delivered in done)
    return f"{row.team.name} delivered {kept} of its last {len(done)} promises by the day first promised."


def _driving(row: Commitment, line: ForecastLine | None) -> list[dict[str, Any]]:
    """What it waits for, directly or not, that is still open; latest first."""
    ids: set[int] = set()
    frontier = {row.pk}
    while frontier:
        above = Dependency.objects.filter(removed_at=None, after__in=frontier, before__delivered_on=None)
        frontier = set(above.values_list("before_id", flat=True)) - ids
        ids |= frontier
    rows = Commitment.objects.open().filter(pk__in=ids).with_promise().select_related("team")
    sure = {}
    if line is not None:
        lines = ForecastLine.objects.filter(run=line.run_id, commitment__in=ids)
        sure = {one.commitment_id: one.sure for one in lines}
    found = [
        {
            "code": one.code, "pk": one.pk, "title": one.title, "team": one.team.name,
            "promised": one.promised_on.isoformat(),  # type: ignore[attr-defined]  # annotated by its queryset
            "sure": sure[one.pk].isoformat() if one.pk in sure else None,
        }
        for one in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one["sure"] or one["promised"], one["pk"]), reverse=True)[:8]


def _options(row: Commitment) -> list[dict[str, Any]]:
    rows = row.options.filter(withdrawn_at=None, choice=None).order_by("-is_advised", "pk")
    return [
        {
            "title": one.title,
            "cost": money(one.cost, one.currency) if one.cost else "–",
            "saves": ui.plural(one.saves_days, "working day") if one.saves_days else "–",
            "gives_up": one.scope_given_up,
            "advised": one.is_advised,
        }
        for one in rows
    ]
