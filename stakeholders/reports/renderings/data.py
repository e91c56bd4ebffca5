"""JSON for programs: the facts, and the report as it was worded on them. docs/reports.md has the schema."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from stakeholders.reports.cleaning import clean
from stakeholders.reports.document import Document
from stakeholders.reports.facts import FactBase

SCHEMA = "plumbline-report/1"
BLOCKS = ("Text", "Table", "Figures", "DriftChart", "BarChart", "Sparks")


def render(document: Document, facts: FactBase) -> bytes:
    whole = {
        "schema": SCHEMA,
        "digest": document.digest,
        "document": _plain(document),
        "facts": _plain(facts.as_json()),
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    """What JSON can hold; fields that say nothing are left out of the document, never out of the facts."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        kind = {"block": type(value).__name__} if type(value).__name__ in BLOCKS else {}
        said = ((one.name, getattr(value, one.name)) for one in fields(value))
        return kind | {name: _plain(one) for name, one in said if one not in ("", None, ()) and type(one) is not bytes}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
