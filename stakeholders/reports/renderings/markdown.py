"""Markdown as wikis and code hosts read it; whatever people wrote stays words."""

from __future__ import annotations

import re

from stakeholders.reports.cleaning import clean, plain, web
from stakeholders.reports.document import Block, Cell, Document, DriftChart, Figures, Table, Text
from stakeholders.reports.facts import FactBase

from .plain import MARKS, NUMBERS
from .tabled import lines_of, more, paged

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_START = re.compile(r"^(?:([-+=])(?!\d)|(\d+)([.)])(?=\s|$))")  # of a list, a rule, an underlined heading
_AMP = re.compile(r"&(?=[#\w])")
_BARE = re.compile(r"\b(https?|ftp|mailto|www)([:.])", re.IGNORECASE)


def render(document: Document, facts: FactBase) -> bytes:
    said = [f"# {_escaped(document.headline.words)}", ""]
    said += [f"**{_escaped(document.team)}** · {_escaped(document.title)} · {_escaped(document.organisation)}", ""]
    said += [f"> **{_escaped(document.state)}**", ""] if document.state else []
    for section in document.sections:
        said += [f"## {_escaped(section.title)}", ""] if section.title else []
        for block in section.blocks:
            lines = _block(block)
            said += [*lines, ""] if lines else []
    said += ["---", "", _escaped(" · ".join(one for one in (document.as_of_words, document.prepared) if one))]
    said += ["", f"Record `{plain(document.digest)}`"] if document.digest else []
    said += ["", f"<{web(document.url)}>"] if web(document.url) else []
    return ("\n".join(said).strip() + "\n").encode()


def _block(block: Block) -> list[str]:
    if isinstance(block, Text):
        words = _paragraphs(block.words)
        return [f"*{words}*" if block.role == "note" and words and "\n" not in words else words]
    if isinstance(block, Figures):
        return [
            f"- {_escaped(one.label)}: **{_escaped(one.words) or '–'}**{f' ({_escaped(one.note)})' if one.note else ''}"
            for one in block.items
        ]
    table = paged(block)
    if table is None:
        return []
    found = [f"**{_escaped(table.title)}**", ""] if table.title and not isinstance(block, Table) else []
    found += _table(table)
    if isinstance(block, DriftChart):
        found += ["", *(f"- {_escaped(one)}" for one in lines_of(block))]
    return found


def _table(table: Table) -> list[str]:
    if not table.rows:
        return [_escaped(table.empty or "None.")]
    right = [one.kind in NUMBERS and index > 0 for index, one in enumerate(table.columns)]
    found = ["| " + " | ".join(_escaped(one.name) or " " for one in table.columns) + " |"]
    found.append("|" + "|".join(" ---: " if one else " --- " for one in right) + "|")
    found += ["| " + " | ".join(_cell(cell) or " " for cell in row) + " |" for row in table.shown]
    return found + (["", _escaped(more(table))] if table.more else [])


def _cell(cell: Cell) -> str:
    words = _escaped(cell.words)
    if words and web(cell.url):
        words = f"[{words}](<{web(cell.url)}>)"
    words = f"**{words}**" if cell.strong and words else words
    mark = MARKS.get(cell.tone, "")
    return "<br>".join(one for one in (f"{mark} {words}".strip(), _escaped(cell.note)) if one)


def _escaped(words: str) -> str:
    """One line of words in which no sign means anything to Markdown, HTML or a wiki."""
    return _unlinked(_START.sub(_kept, _SIGNS.sub(r"\\\1", plain(words))))


def _kept(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


def _paragraphs(words: str) -> str:
    lines = [_escaped(one) for one in clean(words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _unlinked(words: str) -> str:
    """No address becomes a link by itself: a reader must see where one leads."""
    return _BARE.sub("\\1\u2060\\2", _AMP.sub("&amp;", words))
