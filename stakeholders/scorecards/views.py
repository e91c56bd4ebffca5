"""The scorecard, one indicator with its rows, and both as CSV."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from stakeholders.registers.views.asking import as_csv, scoped
from stakeholders.scorecard import Key
from teams.models import Team
from teams.templatetags import ui

from .gather import CHOICES, gather
from .page import CSV, Card, Line, csv_rows

ROWS_A_PAGE = 60
ASIDE_ROWS = 30


def _card(request: HttpRequest, slug: str) -> tuple[Team, Card]:
    user, scope = scoped(request, slug)
    said = request.GET.get("weeks", "")
    weeks = int(said) if said.isascii() and said.isdigit() and int(said) in CHOICES else CHOICES[0]
    return scope, Card(gather(user, scope, weeks, now=timezone.now()))


def _key(said: str) -> Key:
    try:
        return Key(said)
    except ValueError:
        raise Http404("No such indicator.") from None


@require_safe
def page(request: HttpRequest, team: str) -> HttpResponse:
    scope, card = _card(request, team)
    return render(request, "stakeholders/scorecard.html", {"scope": scope, "card": card, "choices": CHOICES})


@require_safe
def indicator(request: HttpRequest, team: str, indicator: str) -> HttpResponse:
    key = _key(indicator)
    scope, card = _card(request, team)
    one = card.one(key)
    context = {
        "scope": scope,
        "card": card,
        "line": Line(one, card),
        "one": one,
        "squads": card.squads(key),
        "page": Paginator(_cells(card, one.rows), ROWS_A_PAGE).get_page(request.GET.get("page")),
        "asides": [
            {
                "aside": aside,
                "rows": _cells(card, aside.rows[:ASIDE_ROWS]),
                "more": max(len(aside.rows) - ASIDE_ROWS, 0),
            }
            for aside in one.asides
        ],
        "columns": [
            {"label": "What"},
            {"label": "Team"},
            {"label": "On", "kind": "date"},
            {"label": "Counts", "kind": "num"},
        ],
    }
    return render(request, "stakeholders/indicator.html", context)


def _cells(card: Card, rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "cells": [
                {"text": row.label, "sub": row.note},
                card.got.team_name(row.squad) or "–",
                ui.day(row.on),
                f"{row.part} of {row.of}" if row.of else str(row.part),
            ],
            "url": row.url,
        }
        for row in rows
    ]


@require_safe
def rows_csv(request: HttpRequest, team: str, indicator: str) -> StreamingHttpResponse:
    key = _key(indicator)
    scope, card = _card(request, team)
    return as_csv(scope, f"scorecard-{key.value}", CSV, csv_rows(card, [card.one(key)]))


@require_safe
def whole_csv(request: HttpRequest, team: str) -> StreamingHttpResponse:
    scope, card = _card(request, team)
    return as_csv(scope, "scorecard", CSV, csv_rows(card, card.indicators))
