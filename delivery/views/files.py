"""The lists of dependencies, deadlines, outcomes and days off as files."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from delivery import days, matrix
from teams.views.csv_file import csv_file

from .planning import outcomes_of, scoped


@require_safe
def dependencies_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    found = matrix.page(user, scope).listed
    names = (
        "who asks", "for", "of whom", "what", "details", "how", "found", "needed by", "offered for", "agreed for",
        "state", "days blocked",
    )  # fmt: skip
    return csv_file(f"{scope.slug}-dependencies", names, (
        [
            one.asks.name, one.row.after.title, one.gives.name, one.row.before.title, one.row.what, one.how,
            one.found_name, one.row.needed_by or "", one.offered_on or "", one.agreed_on or "", one.word,
            one.days_blocked,
        ]
        for one in found
    ))  # fmt: skip


@require_safe
def deadlines_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    found = days.deadlines(user, scope)
    names = (
        "deadline", "team", "date", "milestone", "even odds", "85% sure", "chance", "expected penalty",
        "85% sure under", "currency", "float in days", "what being late costs", "closed on",
    )  # fmt: skip

    def cents(value: int | None) -> str:
        return "" if value is None else f"{value / 100:.2f}"

    def line(one: days.Line) -> list[object]:
        row, forecast = one.row, one.now.forecast
        figures: list[object] = [""] * 2
        if forecast is not None:
            figures = [forecast.even, forecast.sure]
        return [
            row.name, row.team.name, row.date, row.milestone.title, *figures, one.chance_words,
            cents(forecast.penalty if forecast else None), cents(forecast.penalty_85 if forecast else None),
            row.currency, forecast.float_days if forecast else "", "; ".join(one.windows), "",
        ]  # fmt: skip

    closed = (
        [one.name, scope.name, one.date, one.milestone.title, *[""] * 5, one.currency, "", "",
         one.closed_at.date() if one.closed_at else ""]
        for one in found.closed
    )  # fmt: skip
    return csv_file(f"{scope.slug}-deadlines", names, (*map(line, found.lines), *closed))


@require_safe
def outcomes_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    names = ("outcome", "team", "sponsor", "commitments", "delivered")
    return csv_file(f"{scope.slug}-outcomes", names, (
        [one.title, one.team.name, str(one.sponsor or ""), one.promises, one.delivered]  # type: ignore[attr-defined]  # annotated by its queryset
        for one in outcomes_of(user, scope)
    ))  # fmt: skip


@require_safe
def holidays_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    user, scope = scoped(request, team)
    found = days.holidays(user, scope)
    return csv_file(f"{scope.slug}-days-off", ("day", "name", "from"), (
        [one.row.day, one.row.name, one.source or scope.name] for one in (*found.coming, *found.past)
    ))  # fmt: skip
