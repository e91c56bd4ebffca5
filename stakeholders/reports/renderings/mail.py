"""The report as an HTML e-mail: one column, no images, no outside address but the report's own, light and dark.

Styles stand at each element, since many mail programs drop what stands in the head; the media query in the head is for
those that do not. Colours in light are those of the pages.
"""

from __future__ import annotations

from html import escape

from stakeholders.reports.cleaning import clean, plain, web
from stakeholders.reports.document import Block, Cell, Document, DriftChart, Figures, Table, Text
from stakeholders.reports.facts import FactBase

from .plain import MARKS, NUMBERS
from .tabled import headed, lines_of, more, paged

FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
INK, INK_2, INK_3, LINE = "#14181F", "#434B57", "#626C7A", "#E6E9ED"
TONES = {"ok": "#0A6A58", "risk": "#8A5200", "late": "#B0251C", "delivered": "#0A6A58"}
DARK = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#0F1318!important}.ink{color:#E9ECF1!important}.ink2{color:#B3BCC8!important}.ink3{color:#8D97A6!important}
.rule{border-color:#222933!important}.ok,.delivered{color:#4CC5A9!important}.risk{color:#F0B541!important}
.late{color:#FF8A7E!important}.link{color:#9DB4FF!important}.wide tr{border-color:#222933!important}
}
@media (max-width:480px){.pad{padding:20px 16px!important}.head{font-size:21px!important;line-height:28px!important}
.cell{padding-right:6px!important}
.wide .heads{display:none!important}.wide tr{display:block!important;padding:8px 0!important}
.wide td{display:inline-block!important;border:0!important;padding:2px 14px 2px 0!important;text-align:left!important}
.wide td.words{display:block!important}.wide .label{display:inline!important}
.wide tr{border-bottom:1px solid #C8CED6}}
"""


MOST_ACROSS = 3  # columns that a phone has room for


def render(document: Document, facts: FactBase) -> bytes:
    body = [_p(f"{document.organisation} · {document.team}", "ink3", f"font-size:13px;line-height:18px;color:{INK_3};")]
    body.append(_p(document.title, "ink3", f"font-size:13px;line-height:18px;color:{INK_3};margin-bottom:16px;"))
    if document.state:
        body.append(_p(document.state, "risk", f"font-weight:600;color:{TONES['risk']};margin-bottom:12px;"))
    body.append(
        f'<h1 class="ink head" style="margin:0 0 16px;font-size:25px;line-height:32px;font-weight:600;color:{INK};">'
        f"{_words(document.headline.words)}</h1>"
    )
    for section in document.sections:
        if section.title:
            body.append(
                f'<h2 class="ink rule" style="margin:32px 0 8px;padding-bottom:6px;font-size:16px;line-height:22px;'
                f'font-weight:600;color:{INK};border-bottom:1px solid #C8CED6;">{_words(section.title)}</h2>'
            )
        body += [_block(block) for block in section.blocks]
    body.append(_foot(document))
    page = (
        '<!doctype html>\n<html lang="en" dir="ltr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">'
        f"<title>{_line(document.title)}</title><style>{DARK}</style></head>"
        f'<body class="page" style="margin:0;padding:0;background:#FFFFFF;">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" '
        'style="max-width:640px;background:#FFFFFF;">'
        f'<tr><td class="pad" style="padding:28px 24px;text-align:left;{FONT}'
        f'font-size:14px;line-height:21px;color:{INK_2};">\n' + "\n".join(body) + "\n</td></tr></table>"
        "</td></tr></table></body></html>\n"
    )
    return page.encode()


def _line(words: str) -> str:
    return escape(plain(words))


def _words(words: str) -> str:
    return escape(clean(words)).replace("\n", "<br>")


def _p(words: str, kind: str = "ink2", style: str = "") -> str:
    base = f"margin:0 0 4px;color:{INK_2};overflow-wrap:anywhere;"
    return f'<p class="{kind}" style="{base}{style}">{_words(words)}</p>'


def _block(block: Block) -> str:
    if isinstance(block, Text):
        if block.role == "note":
            return _p(block.words, "ink3", f"font-size:12px;line-height:17px;color:{INK_3};margin-bottom:8px;")
        return _p(
            block.words,
            "ink2",
            "margin-bottom:10px;" + ("font-size:16px;line-height:24px;" if block.role == "lead" else ""),
        )
    if isinstance(block, Figures):
        return _figures(block)
    table = paged(block)
    if table is None:
        return ""
    title = ""
    if table.title and not isinstance(block, Table):
        title = _p(table.title, "ink", f"font-weight:600;color:{INK};margin-top:16px;")
    after = (
        "".join(_p(one, "ink3", f"font-size:13px;color:{INK_3};") for one in lines_of(block))
        if isinstance(block, DriftChart)
        else ""
    )
    return title + _table(table) + after


def _figures(block: Figures) -> str:
    rows = []
    for one in block.items:
        colour = f"color:{TONES.get(one.tone, INK)};"
        rows.append(
            f'<tr><th scope="row" class="ink2 rule cell" style="{_side("left")}font-weight:400;">'
            f"{_words(one.label)}</th>"
            f'<td class="{one.tone or "ink"} rule" style="{_side("right", end=True)}font-size:18px;line-height:24px;'
            f'font-weight:600;overflow-wrap:anywhere;{colour}">{_words(one.words)}'
            f'<br><span class="ink3" style="font-size:12px;line-height:16px;font-weight:400;color:{INK_3};">'
            f"{_words(one.note)}</span></td></tr>"
        )
    return _wrapped("".join(rows))


def _side(side: str, *, end: bool = False) -> str:
    gap = "0" if end else "12px"
    return f"text-align:{side};vertical-align:top;padding:7px {gap} 7px 0;border-bottom:1px solid {LINE};"


def _wrapped(rows: str, *, wide: bool = False) -> str:
    """`wide`: more columns than a phone has room for; there each row becomes lines, with the heads before the cells."""
    return (
        f'<table role="table" class="{"wide" if wide else ""}" width="100%" cellpadding="0" cellspacing="0" border="0" '
        f'style="border-collapse:collapse;margin:4px 0 10px;{FONT}font-size:13px;line-height:18px;color:{INK_2};">'
        f"{rows}</table>"
    )


def _table(table: Table) -> str:
    if not table.rows:
        return _p(table.empty or "None.", "ink3", f"color:{INK_3};")
    sides = ["right" if one.kind in NUMBERS and at else "left" for at, one in enumerate(table.columns)]
    last = len(sides) - 1
    heads = ""
    if headed(table):
        heads = "".join(
            f'<th scope="col" class="ink3 rule cell" style="{_side(side, end=index == last)}'
            f'font-weight:500;font-size:12px;color:{INK_3};">{_line(column.name)}</th>'
            for index, (column, side) in enumerate(zip(table.columns, sides, strict=True))
        )
        heads = f'<tr class="heads">{heads}</tr>'
    rows = "".join(
        "<tr>"
        + "".join(_cell(cell, sides[at], end=at == last, head=table.columns[at].name) for at, cell in enumerate(row))
        + "</tr>"
        for row in table.shown
    )
    rest = _p(more(table), "ink3", f"color:{INK_3};") if table.more else ""
    return _wrapped(heads + rows, wide=len(table.columns) > MOST_ACROSS) + rest


def _cell(cell: Cell, side: str, *, end: bool, head: str) -> str:
    kind = cell.tone if cell.tone in TONES else "ink" if cell.strong else "ink2"
    colour = TONES.get(cell.tone, INK if cell.strong else INK_2)
    mark = MARKS.get(cell.tone, "")
    words = _words(cell.words)
    if words and web(cell.url):
        words = (
            f'<a class="{kind}" href="{escape(web(cell.url))}" style="color:{colour};text-decoration:none;">{words}</a>'
        )
    note = ""
    if cell.note:
        note = (
            f'<br><span class="ink3" style="font-weight:400;font-size:12px;color:{INK_3};">{_words(cell.note)}</span>'
        )
    short = side == "right" or bool(mark)
    whole = "white-space:nowrap;" if short and len(cell.words) < 20 else "overflow-wrap:anywhere;"
    weight = "font-weight:600;" if cell.strong or mark else ""
    label = f'<span class="label ink3" style="display:none;font-weight:400;color:{INK_3};">{_line(head)} </span>'
    label = label if head and side == "right" else ""
    return (
        f'<td class="{kind} rule cell{"" if side == "right" else " words"}" '
        f'style="{_side(side, end=end)}{whole}{weight}color:{colour};">'
        f"{label}{f'{mark} ' if mark else ''}{words}{note}</td>"
    )


def _foot(document: Document) -> str:
    small = f"font-size:12px;line-height:17px;color:{INK_3};"
    found = []
    if web(document.url):
        found.append(
            f'<p style="margin:28px 0 16px;"><a class="link" href="{escape(web(document.url))}" '
            'style="color:#2A4DB3;font-weight:600;">Open the report</a></p>'
        )
    record = f"Record {document.digest}" if document.digest else ""
    found += [_p(one, "ink3", small) for one in (document.as_of_words, document.prepared, record) if one]
    return "\n".join(found)
