"""What stands in the notes under a slide: all of its words and rows, how to read them, and of which record they are."""

from __future__ import annotations

from collections.abc import Iterable

from stakeholders.reports.cleaning import clean, plain
from stakeholders.reports.document import Block, Document, DriftChart, Figures, Section, Text
from stakeholders.reports.renderings.tabled import headed, lines_of, more, notes, paged


def notes_of(document: Document, sections: Iterable[Section], cut_off: Iterable[str]) -> str:
    """Cut words whole first, then everything of the sections, then as of when and of which record."""
    found = [clean(one) for one in cut_off]
    found += [document.headline.words] if document.headline.words not in found else []
    for section in sections:
        found += ["", section.title] if section.title else [""]
        for block in section.blocks:
            found += _said(block)
    return "\n".join([*found, "", *notes(document)])


def _said(block: Block) -> list[str]:
    if isinstance(block, Text):
        return [block.words] if block.words else []
    if isinstance(block, Figures):
        return [f"{one.label}: {one.words}{f' ({one.note})' if one.note else ''}" for one in block.items]
    table = paged(block)
    if table is None:
        return []
    found = [table.title] if table.title else []
    if not table.rows:
        return [*found, *([table.empty] if table.empty else [])]
    if headed(table):
        found.append(" | ".join(plain(one.name) or "–" for one in table.columns))
    for row in table.shown:
        cells = (f"{plain(cell.words)}{f' ({plain(cell.note)})' if cell.note else ''}" for cell in row)
        found.append(" | ".join(one or "–" for one in cells))
    if table.more:
        found.append(more(table))
    return found + (lines_of(block) if isinstance(block, DriftChart) else [])
