"""A source's rules: edited line by line, previewed against what is held, then saved and worked out anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from metrics import actions, one_source, reading, registry, rule_preview, rule_sheets
from metrics.events import Guide
from metrics.models import Source
from metrics.rules import TRAITS, BadRule, Rules
from teams.access import Right

from .fetched import person, source_of


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    source = source_of(request, pk, Right.SOURCES)
    guide = one_source.guide_of(source)
    if guide is None or not registry.observes(source.provider):
        raise Http404("This source has no rules.")
    if request.method != "POST":
        sheets = rule_sheets.stored(source.settings.get("rules") or {}, guide.default_rules)
        return render(request, "metrics/rules.html", _context(source, guide, sheets))
    sheets, act = rule_sheets.typed(request.POST.dict()), request.POST.get("act", "preview")
    if rule_sheets.acted(sheets, act, guide.default_rules):
        return render(request, "metrics/rules.html", _context(source, guide, sheets))
    right = [sheet.is_right() for sheet in sheets if sheet.own]  # each, so that each shows what is wrong
    said, why = rule_sheets.rules_of(sheets), ""
    if all(right):
        try:
            rules = Rules.of({"rules": said}, guide.default_rules)
            if act == "save":
                actions.change_rules(source=source, rules=said, by=person(request))
                messages.success(request, "The rules are saved. What is held is worked out anew.")
                return redirect("metrics:rules", pk=source.pk)
            shown = rule_preview.preview(source, rules, now=timezone.now())
            return render(request, "metrics/rules.html", _context(source, guide, sheets) | {"preview": shown})
        except (BadRule, actions.Refused) as wrong:
            why = str(wrong)
    context = _context(source, guide, sheets) | {"wrong": True, "why": why}
    return render(request, "metrics/rules.html", context, status=422)


def now(request: HttpRequest, pk: int) -> HttpResponse:
    """How far working out anew has come: the part that renews itself."""
    source = source_of(request, pk, Right.SOURCES)
    return render(request, "metrics/rules_now.html", {"source": source, "anew": _anew(source)})


def _anew(source: Source) -> one_source.StreamNow | None:
    streams = list(source.streams.filter(kind=reading.DERIVE))
    return next(iter(one_source.streams_now(source, streams, now=timezone.now())), None)


def _context(source: Source, guide: Guide, sheets: list[rule_sheets.Sheet]) -> dict[str, Any]:
    traits = [(trait, words) for trait, words in TRAITS.items() if not guide.rules or trait in guide.rules]
    traits.sort(key=lambda pair: pair[0] == "via")  # the odd one last
    usual = {kind: [_said(rule) for rule in guide.default_rules.get(kind) or ()] for kind in rule_sheets.KINDS}
    heads = {
        "production": (
            "What is a production deployment",
            "One rule that holds is enough.",
            "deployments",
            "environment",
        ),
        "services": ("Which service it belongs to", "The first rule that holds names it.", "services", "repository"),
        "incidents": ("What is an incident", "One rule that holds is enough.", "incidents", "label"),
    }
    return {
        "scope": source.team, "source": source, "traits": traits, "anew": _anew(source),
        "sheets": [
            {
                "sheet": sheet, "title": heads[sheet.kind][0], "sub": heads[sheet.kind][1],
                "noun": heads[sheet.kind][2], "first": heads[sheet.kind][3], "usual": usual[sheet.kind],
                "says_itself": guide.default_rules.get(sheet.kind) is None,
            }
            for sheet in sheets
        ],
    }  # fmt: skip


def _said(rule: dict[str, str]) -> str:
    return " and ".join(f"{TRAITS.get(trait, trait)} is {pattern}" for trait, pattern in rule.items())
