"""The PDF: two sheets, tagged after PDF/UA-1, set by typst from `report.typ`.

The document goes to the template as JSON and is only ever text there. What no font can show is printed as a box: PDF/UA
forbids text without a shape, and a report is not to fail on somebody's emoji.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from stakeholders.reports.document import (
    BarChart,
    Block,
    Cell,
    Column,
    Document,
    DriftChart,
    Figures,
    Sparks,
    Table,
    Text,
)
from stakeholders.reports.facts import FactBase

from . import fonts

TEMPLATE = Path(__file__).with_name("report.typ")
PAPERS = ("a4", "us-letter")
MOST_SPARKS = 4
_BOX = "□"
_NOT_LATIN = re.compile("[^\x00-\u024f\u2010-\u2026\u2212□]")
_JOINERS = re.compile("[\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PROBE = b"""#set document(title: "Probe", date: none)
#set text(font: json(bytes(sys.inputs.fonts)))
#heading(level: 1, sys.inputs.words)"""
_LONGEST = 1_500  # signs of one text that may reach a sheet; far more than its lines hold


def render(document: Document, facts: FactBase) -> bytes:
    """The bytes of the file; the same document gives the same bytes. Raises ValueError for a paper that is none."""
    asked = _asked(document)
    try:
        made = _compiler().compile(**asked)
    except typst.TypstError as wrong:
        if "could not be displayed" not in str(wrong):
            raise
        # signs that have a shape each, and none together
        asked["sys_inputs"]["data"] = _NOT_LATIN.sub(_BOX, asked["sys_inputs"]["data"])
        made = _compiler().compile(**asked)
    assert isinstance(made, bytes)
    return made


def fitted(document: Document) -> list[dict[str, Any]]:
    """For each sheet: how many rows each of its units shows (`counts`), whether all `holds`, and how `dense` it is."""
    asked = _asked(document)
    compiler = typst.Compiler(
        TEMPLATE, root=TEMPLATE.parent, font_paths=fonts.loaded().fonts, ignore_system_fonts=True,
        sys_inputs=asked["sys_inputs"],
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(compiler.query("<fit>", field="value"))
    return found


def _compiler() -> typst.Compiler:
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts.loaded().fonts, ignore_system_fonts=True)


def _asked(document: Document) -> dict[str, Any]:
    if document.paper not in PAPERS:
        raise ValueError(f"A report is printed on {' or '.join(PAPERS)}, not on “{document.paper}”.")
    return {
        "format": "pdf",
        "pdf_standards": "ua-1",
        "timestamp": document.as_of.astimezone(UTC).replace(microsecond=0),
        "sys_inputs": {"data": json.dumps(_shown(_data(document)), ensure_ascii=False)},
    }


# --- the document as the template reads it ---------------------------------------------------------------------------


def _data(document: Document) -> dict[str, Any]:
    at = document.as_of.astimezone(UTC)
    sections = {
        one.key: {"title": one.title, "blocks": [_block(block) for block in one.blocks]} for one in document.sections
    }
    short = f"{document.digest[:6]}…{document.digest[-4:]}" if document.digest else ""
    return {
        "fonts": list(fonts.loaded().families),
        "paper": document.paper,
        "title": document.title,
        "description": f"{document.team}, {document.organisation}. {document.headline.words}",
        "author": document.prepared.removeprefix("Prepared by ") or document.organisation,
        "date": {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "digest": document.digest,
        "record": f"Record {short}" if short else "",
        "organisation": document.organisation,
        "team": document.team,
        "state": document.state,
        "headline": document.headline.words,
        "as_of": document.as_of_words,
        "prepared": document.prepared,
        "url": document.url,
        "logo": list(document.logo) if document.logo else None,
        "logo_alt": f"Logo of {document.organisation}",
        "sections": sections,
    }


def _block(block: Block) -> dict[str, Any]:
    kind = {"kind": type(block).__name__}
    if isinstance(block, Text):
        return kind | {"words": block.words, "role": block.role}
    if isinstance(block, Table):
        return kind | _table(block)
    if isinstance(block, Figures):
        return kind | {"items": [{"label": one.label, "words": one.words, "note": one.note} for one in block.items]}
    if isinstance(block, DriftChart):
        return kind | _drift(block)
    if isinstance(block, BarChart):
        return kind | _bars(block)
    return kind | _sparks(block)


def _table(table: Table) -> dict[str, Any]:
    paged = [at for at, column in enumerate(table.columns) if column.page]
    return {
        "key": table.key,
        "most": table.most,
        "columns": [_column(table.columns[at]) for at in paged],
        "rows": [[_cell(row[at]) for at in paged] for row in table.shown],
        "more": table.more,
        "empty": table.empty,
        "heads": table.heads,
    }


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "kind": column.kind, "width": column.width, "page": True}


def _cell(cell: Cell) -> dict[str, Any]:
    return {"words": cell.words, "note": cell.note, "tone": cell.tone, "strong": cell.strong, "url": cell.url}


def _drift(chart: DriftChart) -> dict[str, Any]:
    found = asdict(chart)
    for point in found["points"]:
        point |= {"even": point["even"].toordinal(), "sure": point["sure"].toordinal(), "monday": 0}
    assert isinstance(chart.deadline, date)
    return found | {"deadline": chart.deadline.toordinal(), "penalty_from": 0}


def _bars(chart: BarChart) -> dict[str, Any]:
    bars = [asdict(one) | {"penalty": one.penalty or 0, "cost": one.cost or 0} for one in chart.bars]
    return {"title": chart.title, "alt": chart.alt, "bars": bars}


def _sparks(sparks: Sparks) -> dict[str, Any]:
    shown = sparks.items[:MOST_SPARKS]
    return {"items": [asdict(one) for one in shown], "more": len(sparks.items) - len(shown)}


# --- words that have a shape -----------------------------------------------------------------------------------------


def _shown(value: Any) -> Any:
    """The same data with a box for every sign that no font can show."""
    missing = _missing({sign for text in _texts(value) if not text.isascii() for sign in text})
    return _boxed(value, str.maketrans(dict.fromkeys(missing, _BOX)), bool(missing))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list) and value and not isinstance(value[0], int):
        for one in value:
            yield from _texts(one)


def _boxed(value: Any, boxes: dict[int, str], joined: bool) -> Any:
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST else value[:_LONGEST]
        return text if text.isascii() else _JOINERS.sub("", text).translate(boxes) if joined else text
    if isinstance(value, dict):
        return {name: _boxed(one, boxes, joined) for name, one in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], int):
        return [_boxed(one, boxes, joined) for one in value]
    return value


def _missing(signs: set[str]) -> set[str]:
    covered = fonts.loaded().covered
    doubtful = sorted(sign for sign in signs if ord(sign) not in covered and not sign.isspace())
    return {sign for sign in doubtful if not _can_show(sign)}


@lru_cache(maxsize=20_000)
def _can_show(sign: str) -> bool:
    """Whether one of typst's own fonts has it, which only typst can tell."""
    inputs = {"words": sign, "fonts": json.dumps(fonts.loaded().families)}
    try:
        typst.compile(
            _PROBE, format="pdf", pdf_standards="ua-1", font_paths=fonts.loaded().fonts, ignore_system_fonts=True,
            sys_inputs=inputs,
        )  # fmt: skip
    except typst.TypstError:
        return False
    return True
