"""A decision as an architecture decision record, and a push-back memo, in Markdown.

What people typed is text, not markup: signs that Markdown reads are escaped.
"""

from __future__ import annotations

import re
from typing import Any

from delivery.recovery import money
from stakeholders.models import Decision, DecisionEvent, Memo
from teams.templatetags import ui

from .log import stakes_words

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_AT_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))", re.MULTILINE)


def plain(text: Any) -> str:
    """The words as Markdown shows them, whatever signs they hold."""
    said = _MARKS.sub(r"\\\1", str(text)).replace("\r\n", "\n")
    return _AT_START.sub(lambda found: f"{found[1]}\\{found[2]}" if not found[2].isdigit() else _number(found), said)


def _number(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}\u200b"


def cell(text: Any) -> str:
    return " ".join(plain(text).split()) or "–"


def adr(row: Decision) -> str:
    """The record: context, options, decision, consequences. `row` with its events, options and outcomes."""
    events = list(row.events.select_related("option", "person"))
    last = events[-1]
    status = {"decided": "Decided", "withdrawn": "Withdrawn"}.get(last.step, "Waiting")
    lines = [
        f"# {row.code} {cell(row.question)}", "", f"Status: {status}, {last.at:%Y-%m-%d}, {cell(last.by_name)}",
        f"Asked: {events[0].at:%Y-%m-%d}, {cell(events[0].by_name)}",
    ]  # fmt: skip
    if row.needed_by:
        lines.append(f"Needed by: {row.needed_by}")
    if stakes_words(row):
        lines.append(cell(stakes_words(row)))
    lines += ["", "## Context", "", plain(row.context) or "Nothing was written.", "", "## Options", ""]
    lines += ["| | Option | Cost | A year | Done by | Chance | Penalty left |", "|---|---|---|---|---|---|---|"]
    for one in row.options.all():
        gone = " (withdrawn)" if one.withdrawn_at else " (advised)" if one.is_advised else ""
        amounts = [money(value, row.currency) if value is not None else "–" for value in (one.cost, one.cost_yearly)]
        penalty = money(one.penalty, row.currency) if one.penalty is not None else "–"
        lines.append(
            f"| {one.letter} | {cell(one.title)}{gone} | {amounts[0]} | {amounts[1]} | {one.lands_on or '–'} "
            f"| {ui.percent(one.chance)} | {penalty} |"
        )
    lines += ["", "## Decision", ""]
    if last.step == DecisionEvent.Step.DECIDED:
        lines += [f"**{plain(last.option)}**", "", plain(last.words)]
    else:
        lines.append(plain(last.words) if last.step == DecisionEvent.Step.WITHDRAWN else "Nobody has decided yet.")
    lines += ["", "## Consequences", ""]
    outcomes = list(row.outcomes.all())
    lines += [f"- {one.at:%Y-%m-%d}, {one.verdict_name}: {cell(one.words)}" for one in outcomes]
    if not outcomes:
        lines.append(f"To be looked at on {last.score_on}." if last.score_on else "Not looked at yet.")
    evidence = list(row.evidence.all())
    if evidence:
        lines += ["", "## Evidence", "", *(f"- {cell(one.label)}: <{cell(one.address)}>" for one in evidence)]
    return "\n".join(lines) + "\n"


def memo(row: Memo) -> str:
    """The memo: what is asked, what the evidence says, what could be done instead."""
    facts = row.facts
    lines = [
        f"# {cell(row.commitment.title)} by {ui.day(row.requested_on)}?", "",
        f"{row.code}, {row.at:%Y-%m-%d}, {cell(row.by_name)}. Asked by {cell(row.asked_by)}.", "",
    ]  # fmt: skip
    if row.opening:
        lines += [plain(row.opening), ""]
    lines += ["## What the evidence says", "", *(f"- {plain(one)}" for one in facts["evidence"]), ""]
    if facts["driving"]:
        lines += ["## What drives the date", "", "| Commitment | Team | Promised for | 85% sure |", "|---|---|---|---|"]
        lines += [
            f"| {cell(one['title'])} | {cell(one['team'])} | {one['promised']} | {one['sure'] or '–'} |"
            for one in facts["driving"]
        ]
        lines.append("")
    if facts["options"]:
        lines += ["## What could be done", "", "| Option | Cost | Saves | Given up |", "|---|---|---|---|"]
        lines += [
            f"| {cell(one['title'])} | {one['cost']} | {one['saves']} | {cell(one['gives_up'])} |"
            for one in facts["options"]
        ]
        lines.append("")
    if row.closing:
        lines += [plain(row.closing), ""]
    lines.append(f"Figures: {plain(facts['source'])}")
    return "\n".join(lines) + "\n"
