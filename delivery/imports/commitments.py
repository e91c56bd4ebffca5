"""Rows of commitments: read into what they want, and judged against what is there. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from delivery.actions import Proposal
from delivery.actions.promises import MOST_DAYS
from delivery.models import Slip

from . import values
from .judge import judge
from .known import Choices, Known
from .plan import Plan, Wanted
from .rows import Row, Table
from .values import Unclear

T = TypeVar("T")
TEXTS = {
    "id": 200, "team": 200, "title": 300, "about": 500, "owner": 254, "outcome": 300, "interval": 80,
    "cancelled_why": 300, "words": 2000, "impact": 2000,
}  # fmt: skip
DAYS = ("promised_on", "no_earlier_than", "made_on", "started_on", "delivered_on")
STATES = {
    "open": "open", "todo": "open", "inprogress": "open", "new": "open", "ontrack": "open", "atrisk": "open",
    "delivered": "delivered", "done": "delivered", "closed": "delivered", "complete": "delivered",
    "completed": "delivered", "resolved": "delivered",
    "cancelled": "cancelled", "canceled": "cancelled", "dropped": "cancelled", "wontdo": "cancelled",
}  # fmt: skip
REASONS = {key.lower(): value for value, label in Slip.Reason.choices for key in (value, str(label))}


def plan(table: Table, fields: list[str], known: Known, choices: Choices) -> Plan:
    """The fate of every row. `fields` names the field of each column, "" for one that is left out."""
    wanted = [read(row, table.names, fields, choices) for row in table.rows]
    return Plan(promises=judge(wanted, known, choices), read_as=table.read_as)


def read(row: Row, names: list[str], fields: list[str], choices: Choices) -> Wanted:
    """One row, typed; what cannot be read is a problem of the row."""
    columns = {field: name for field, name in zip(fields, names, strict=True) if field}
    raw = {field: cell for field, cell in zip(fields, row.cells, strict=True) if field}
    found = Wanted(row.line, raw=raw, columns=columns, problems=list(row.problems))
    torn = {problem.column for problem in row.problems}
    for field, longest in TEXTS.items():
        text = raw.get(field, "")
        if len(text) > longest and columns[field] not in torn:
            found.wrong(field, f"This is {len(text):,} characters; {longest:,} fit. Shorten it.")
            text = text[:longest]
        setattr(found, field, text)
    for field in DAYS:
        setattr(found, field, _value(found, field, lambda text: values.day(text, choices.order)))
    for field in ("is_stretch", "is_milestone"):
        setattr(found, field, _value(found, field, values.truth))
    found.planned_value = _value(
        found, "planned_value", lambda text: values.whole(text, lowest=1, highest=10, what="a value")
    )
    found.state = _value(found, "state", _state) or ("delivered" if raw.get("delivered_on") else "")
    found.reason = _value(found, "reason", _reason) or ""
    _estimate(found)
    _options(found)
    return found


def _value(row: Wanted, field: str, convert: Callable[[str], T]) -> T | None:
    """None for an empty cell, which says nothing."""
    text = row.raw.get(field, "").strip()
    if not text:
        return None
    try:
        return convert(text)
    except Unclear as unclear:
        row.wrong(field, str(unclear))
        return None


def _state(text: str) -> str:
    word = STATES.get("".join(sign for sign in text.lower() if sign.isalpha()))
    if word is None:
        raise Unclear("Write open, delivered or cancelled.")
    return word


def _reason(text: str) -> str:
    word = REASONS.get(" ".join(text.lower().split()))
    if word is None:
        raise Unclear(f"This is no reason. Write one of: {', '.join(Slip.Reason.values)}.")
    return word


def _estimate(row: Wanted) -> None:
    given = [field for field in ("low", "likely", "high") if row.raw.get(field, "").strip()]
    if not given:
        return
    before = len(row.problems)
    days = [
        _value(row, field, lambda text: values.whole(text, lowest=0, highest=MOST_DAYS, what="working days"))
        for field in ("low", "likely", "high")
    ]
    if len(row.problems) > before:
        return
    if len(given) < 3:
        missing = next(field for field in ("low", "likely", "high") if field not in given)
        row.wrong(missing, "An estimate is three numbers: low, likely and high. Give all of them, or none.", "")
        return
    low, likely, high = (number or 0 for number in days)
    if low > likely:
        row.wrong("low", f"Low ({low:,}) is more than likely ({likely:,}). Put the smaller number first.")
    elif likely > high:
        row.wrong("high", f"High ({high:,}) is less than likely ({likely:,}). Put the larger number last.")
    else:
        row.days = (low, likely, high)


def _options(row: Wanted) -> None:
    currency = row.raw.get("currency", "").strip() or "USD"
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        row.wrong("currency", "Name the currency with three letters, such as USD.")
        return
    found = []
    for number in ("", "_2", "_3"):
        title = row.raw.get(f"option{number}", "")
        cost = _value(row, f"cost{number}", values.money)
        saves = _value(
            row, f"saves{number}", lambda text: values.whole(text, lowest=0, highest=MOST_DAYS, what="working days")
        )
        if not title:
            if cost or saves:
                row.wrong(f"option{number}", "Say what this option is; it has a cost or saved days only.", "")
            continue
        if len(title) > 300:
            row.wrong(f"option{number}", f"This is {len(title):,} characters; 300 fit. Shorten it.")
            continue
        found.append(Proposal(title=title, cost=cost or 0, currency=currency.upper(), saves_days=saves or 0))
    row.options = tuple(found)
