"""The board of risks, the register behind it, one risk, and its verbs."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from stakeholders.models import Risk, RiskEvent
from stakeholders.registers import actions, board, log
from stakeholders.registers.forms import risks as forms
from stakeholders.registers.paper import Paper
from teams import access
from teams.access import Right
from teams.templatetags import ui
from teams.views.forms_page import posted

from .asking import as_csv, ask, asked_or_sent, fetch, scoped, seeing

ROWS_A_PAGE = 50
IN_THE_RAIL = 6
SIDE_BY_SIDE = (
    ("category", "owner"), ("chance", "days"), ("low", "likely", "high", "currency"),
)  # fmt: skip
CSV = (
    "code", "risk", "team", "state", "since", "category", "owner", "chance", "low", "likely", "high", "currency",
    "expected loss", "days", "level", "review on", "acceptance", "acceptance state",
)  # fmt: skip


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team)
    chosen = request.GET.get("acceptance", "")
    made = board.board(user, scope, chosen=int(chosen) if chosen.isascii() and chosen.isdigit() else None)
    entries = log.entries(user, scope)
    context = {
        "scope": scope,
        "board": made,
        "entries": entries[:IN_THE_RAIL],
        "entry_count": len(entries),
        "may_log": access.may(user, Right.LOG, scope),
        "held": made.selected,
        "signs": board.waits_for(made.selected, made.person) if made.selected else False,
        "person": made.person,
        "paper": Paper(made.selected) if made.selected else None,
        "checked_at": timezone.now(),
    }
    return render(request, "stakeholders/risks.html", context)


def _chosen(request: HttpRequest, team: str) -> tuple[Any, list[board.Card], str]:
    user, scope = scoped(request, team)
    state = request.GET.get("state", "")
    state = state if state in RiskEvent.State.values else ""
    rows: Any = board.risks(user, scope)  # with its state, which the type checker does not know
    cards = board.cards(rows.filter(state=state) if state else rows.all())
    return scope, sorted(cards, key=board.by_weight), state


@require_safe
def listed(request: HttpRequest, team: str) -> HttpResponse:
    """Every risk of the scope with its size; the sums stand above it."""
    scope, cards, state = _chosen(request, team)
    context = {
        "scope": scope, "page": Paginator(cards, ROWS_A_PAGE).get_page(request.GET.get("page")), "state": state,
        "states": [("", "All"), *RiskEvent.State.choices], "totals": board.totals(cards),
        "may_log": access.may(request.user, Right.LOG, scope),
    }  # fmt: skip
    return render(request, "stakeholders/risk_list.html", context)


@require_safe
def rows_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    scope, cards, _ = _chosen(request, team)
    return as_csv(scope, "risks", CSV, (_cells(card) for card in cards))


def _cells(card: board.Card) -> list[Any]:
    row = card.risk

    def amount(cents: float | None) -> Any:
        return "" if cents is None else f"{cents / 100:.2f}"

    return [
        row.code, row.title, row.team.name, card.state_of_risk, card.risk.since.date(), row.category_name,  # type: ignore[attr-defined]  # annotated by its queryset
        str(row.owner or ""), "" if row.chance is None else row.chance, amount(row.low), amount(row.likely),
        amount(row.high), row.currency, amount(card.expected), "" if row.days is None else row.days, card.level or "",
        row.review_on or "", card.held.row.code if card.held else "",
        card.held.standing.state.value if card.held else "",
    ]  # fmt: skip


@asked_or_sent
def new_risk(request: HttpRequest, team: str) -> HttpResponse:
    user, scope = scoped(request, team, Right.LOG)
    form = forms.RiskForm(posted(request), user=user, scope=scope)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        made = actions.add_risk(by=user, **form.terms())
        return f"{made.code} is on the board.", made.get_absolute_url()

    return ask(
        request, form, verb, title="A new risk", button="Add this risk", sub=scope.name, rows=SIDE_BY_SIDE,
        back=reverse("stakeholders:risks", args=[scope.slug]), failed="This risk was not added.",
        intro="Something that may happen and would cost money or days. What is not known yet stays empty.",
    )  # fmt: skip


def _fetch(request: HttpRequest, pk: int, *rights: Right) -> tuple[Any, Risk]:
    rows = Risk.objects.with_state().select_related("owner", "created_by")
    return fetch(request, rows, pk, *rights)


@require_safe
def risk(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk)
    held = board.of_risk(row)
    in_force = next((one for one in held if one.holds), None)
    context = {
        "card": board.Card(row, in_force or next(iter(held), None)), "risk": row, "acceptances": held,
        "events": list(row.events.order_by("-pk")), "decisions": list(row.decisions.with_step().order_by("-pk")),
        "commitments": list(row.commitments.filter(team__in=access.teams(user)).with_promise().select_related("team")),
        "may_log": access.may(user, Right.LOG, row.team),
    }  # fmt: skip
    return render(request, "stakeholders/risk.html", context)


@asked_or_sent
def edit_risk(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)
    form = forms.RiskForm(posted(request), user=user, scope=row.team, held=row)

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        actions.edit_risk(risk=row, by=user, **form.terms())
        return "Saved.", row.get_absolute_url()

    return ask(
        request, form, seeing(form, lambda: Risk.objects.get(pk=pk).edition, verb), title=f"Edit {row.code}",
        button="Save", back=row.get_absolute_url(), sub=row.team.name, rows=SIDE_BY_SIDE,
        failed="We could not save this.",
    )  # fmt: skip


@asked_or_sent
def move_risk(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = _fetch(request, pk, Right.LOG)
    state = row.state  # type: ignore[attr-defined]  # annotated by its queryset
    form = forms.MoveForm(posted(request), initial={"seen": state})

    def verb(said: dict[str, Any]) -> tuple[str, str]:
        moved = actions.move_risk(risk=row, state=said["state"], words_=said["words"], seen=said["seen"], by=user)
        return f"{row.code} is now {moved.state_name.lower()}.", row.get_absolute_url()

    def newest() -> str:
        last = row.events.order_by("-pk").first()
        return last.state if last else ""

    return ask(
        request, form, seeing(form, newest, verb), title=f"Move {row.code}", button="Move it", sub=row.title,
        back=row.get_absolute_url(), failed="It was not moved.",
        intro=f"It is {RiskEvent.State(state).label.lower()} since {ui.day(row.since)}. The move stays on record.",  # type: ignore[attr-defined]  # annotated by its queryset
    )  # fmt: skip
