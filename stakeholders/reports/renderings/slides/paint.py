"""Shapes on a slide: words that stay inside their box, and native tables that can be edited. Lengths in inches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from stakeholders.reports.cleaning import clean, plain, web
from stakeholders.reports.document import Cell, Table
from stakeholders.reports.renderings.plain import MARKS, NUMBERS
from stakeholders.reports.renderings.tabled import headed

from . import fitting

FONT = "Arial"
INK, INK_2, INK_3, LINE, STRONG = "14181F", "434B57", "626C7A", "E6E9ED", "C8CED6"
FC, FC_MID, ACCENT = "56688A", "9BA9C2", "2A4DB3"
TONES = {"ok": "0A6A58", "risk": "8A5200", "late": "B0251C", "delivered": "0A6A58"}
FILLS = {"ok": "128C76", "risk": "C58509", "late": "C62F24", "delivered": "128C76"}
NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
SIZE, SMALL, HEAD = 12.0, 10.5, 10.5
ROW, ROW_NOTED, ROW_HEAD = 0.33, 0.5, 0.3


def colour(of: str) -> RGBColor:
    return RGBColor.from_string(of)


def words(
    slide: Any, at: tuple[float, float, float, float], said: str, sizes: Sequence[float], *, bold: bool = False,
    ink: str = INK, right: bool = False, bottom: bool = False, shape: Any = None, name: str = "",
) -> bool:  # fmt: skip
    """Words in a box (left, top, width, height); whether some had to be left out."""
    left, top, wide, high = at
    box = shape if shape is not None else slide.shapes.add_textbox(0, 0, 0, 0)
    box.left, box.top, box.width, box.height = Inches(left), Inches(top), Inches(wide), Inches(high)
    box.name = name or box.name
    fitted = fitting.fit(said, wide * 72, high * 72, sizes, bold=bold)
    frame = box.text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.BOTTOM if bottom else MSO_ANCHOR.TOP
    for index, part in enumerate(fitted.words.split("\n")):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = part
        font(run.font, fitted.size, bold=bold, ink=ink)
        paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        paragraph.line_spacing, paragraph.space_before, paragraph.space_after = 1.0, Pt(0), Pt(0)
    return fitted.cut


def font(of: Any, size: float, *, bold: bool = False, ink: str = INK) -> None:
    of.name, of.size, of.bold, of.italic = FONT, Pt(size), bold, False
    of.color.rgb = colour(ink)


def rule(slide: Any, left: float, top: float, wide: float, *, ink: str = LINE, thick: float = 0.75) -> None:
    made = slide.shapes.add_connector(1, Inches(left), Inches(top), Inches(left + wide), Inches(top))
    made.line.color.rgb, made.line.width = colour(ink), Pt(thick)
    made.name = "Rule"
    style = made._element.find(qn("p:style"))  # it brings the theme's shadow
    if style is not None:
        made._element.remove(style)


def described(shape: Any, said: str) -> None:
    """What a reader who does not see the shape is told."""
    shape._element.nvGraphicFramePr.cNvPr.set("descr", clean(said)[:1000])


def table(slide: Any, at: tuple[float, float, float, float], of: Table) -> tuple[int, float]:
    """As many rows of a table as fit into the box; how many they are, and how tall they are together."""
    left, top, wide, high = at
    heads = headed(of)
    widths = _widths(of, of.shown[:30], wide)
    rows, used = [], ROW_HEAD if heads else 0.0
    for row in of.shown:
        tall = _tall(row, widths)
        if used + tall > high + 0.001:
            break
        rows.append((row, tall))
        used += tall
    if not rows or not of.columns:
        return 0, 0.0
    frame = slide.shapes.add_table(
        len(rows) + heads, len(of.columns), Inches(left), Inches(top), Inches(wide), Inches(used)
    )
    frame.name = plain(of.title)[:80] or "Table"
    described(frame, f"{of.title or 'Table'}: {len(of.rows)} rows")
    made = frame.table
    _plain(made, heads=heads)
    for index, share in enumerate(widths):
        made.columns[index].width = Emu(int(Inches(share)))
    if heads:
        made.rows[0].height = Inches(ROW_HEAD)
        for index, column in enumerate(of.columns):
            right = column.kind in NUMBERS and index > 0
            head = [(plain(column.name), HEAD, False, INK_3)]
            _cell(made.cell(0, index), head, widths[index], right=right, under=STRONG)
    for number, (row, tall) in enumerate(rows, int(heads)):
        made.rows[number].height = Inches(tall)
        for index, (column, cell) in enumerate(zip(of.columns, row, strict=True)):
            target = made.cell(number, index)
            _cell(
                target, _said(cell), widths[index], right=column.kind in NUMBERS and index > 0, under=LINE, url=cell.url
            )
    return len(rows), used


def _tall(row: Sequence[Cell], widths: Sequence[float]) -> float:
    """A row of two lines if a cell has a note, or words that need two."""
    for cell, wide in zip(row, widths, strict=True):
        first = _said(cell)[0]
        if cell.note or fitting.lines(first[0], first[1], (wide - 0.13) * 72, bold=first[2]) > 1:
            return ROW_NOTED
    return ROW


def _said(cell: Cell) -> list[tuple[str, float, bool, str]]:
    mark = MARKS.get(cell.tone, "")
    ink = TONES.get(cell.tone, INK if cell.strong else INK_2)
    found = [(f"{mark} {plain(cell.words)}".strip(), SIZE, cell.strong or bool(mark), ink)]
    return found + ([(plain(cell.note), SMALL, False, INK_3)] if cell.note else [])


def _widths(of: Table, rows: Sequence[Sequence[Cell]], wide: float) -> list[float]:
    """Numbers and marks as wide as they are; the rest shared by the columns' own shares."""
    needed: list[float] = []
    for index, column in enumerate(of.columns):
        own = [(plain(column.name), HEAD, False, "")]
        for row in rows:
            own += _said(row[index])
        longest = max(fitting.width(said, size, bold=bold) for said, size, bold, _ in own) / 72 + 0.22
        needed.append(longest)
    fixed = [column.kind in (*NUMBERS, "status") or not column.name for column in of.columns]
    fixed = [one and size <= wide * 0.3 for one, size in zip(fixed, needed, strict=True)]
    held = sum(size for one, size in zip(fixed, needed, strict=True) if one)
    if all(fixed) or held > wide * 0.75:
        whole = sum(column.width for column in of.columns) or 1
        return [wide * column.width / whole for column in of.columns]
    shares = sum(max(column.width, 0.1) for one, column in zip(fixed, of.columns, strict=True) if not one)
    return [
        size if one else (wide - held) * max(column.width, 0.1) / shares
        for one, size, column in zip(fixed, needed, of.columns, strict=True)
    ]


def _cell(
    target: Any, said: list[tuple[str, float, bool, str]], wide: float, *, right: bool, under: str, url: str = "",
    head: bool = False,
) -> None:  # fmt: skip
    target.margin_left, target.margin_right = 0, Inches(0.12)
    target.margin_top, target.margin_bottom = Inches(0.04), Inches(0.02)
    target.vertical_anchor = MSO_ANCHOR.TOP
    frame = target.text_frame
    frame.word_wrap = True
    room = (wide - 0.13) * 72
    for index, (words_, size, bold, ink) in enumerate(said):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = fitting.trimmed(words_, size, room, 2 if len(said) == 1 and not head else 1, bold=bold)
        font(run.font, size, bold=bold, ink=ink)
        etree.SubElement(
            paragraph._p, qn("a:endParaRPr"), sz=str(int(size * 100))
        )  # else an empty line is as tall as 18
        if index == 0 and words_ and web(url):
            run.hyperlink.address = web(url)
    _under(target, under)


def _under(target: Any, ink: str) -> None:
    properties = target._tc.get_or_add_tcPr()
    for side in ("a:lnL", "a:lnR", "a:lnT"):
        etree.SubElement(etree.SubElement(properties, qn(side), w="0"), qn("a:noFill"))
    edge = etree.SubElement(properties, qn("a:lnB"), w="9525")
    etree.SubElement(etree.SubElement(edge, qn("a:solidFill")), qn("a:srgbClr"), val=ink)
    etree.SubElement(properties, qn("a:noFill"))


def _plain(made: Any, *, heads: bool) -> None:
    made.first_row, made.horz_banding = heads, False
    properties = made._tbl.tblPr
    style = properties.find(qn("a:tableStyleId"))
    if style is None:
        style = etree.SubElement(properties, qn("a:tableStyleId"))
    style.text = NO_STYLE
