"""A report as a short message for Slack or Microsoft Teams: the bottom line, figures, what is asked, a link. Pure.

Words of people stand where neither program reads marks in them, so that nobody is called and nothing becomes a link.
"""

from __future__ import annotations

from typing import Any

from stakeholders.reports.cleaning import cut, plain, web
from stakeholders.reports.document import Document, Figures, Table

MOST_ASKS, MOST_FIGURES = 5, 4
Json = dict[str, Any]


def _asks(document: Document) -> list[str]:
    """Question, by when and what hangs on it, heaviest first."""
    section = document.section("asks")
    tables = [one for one in section.blocks if isinstance(one, Table)] if section else []
    found = []
    for table in tables:
        for row in table.shown[:MOST_ASKS]:
            cells = [
                (column, cell) for column, cell in zip(table.columns, row, strict=True) if column.page and cell.words
            ]
            said = [plain(cell.words) for column, cell in cells if column.name]
            found.append(cut(" · ".join(said), 280))
    return found


def _figures(document: Document) -> list[tuple[str, str]]:
    return [
        (cut(plain(one.label), 80), cut(f"{plain(one.words)}{f' ({plain(one.note)})' if one.note else ''}", 120))
        for _, block in document.blocks()
        if isinstance(block, Figures)
        for one in block.items[:MOST_FIGURES]
    ]


def slack(document: Document) -> Json:
    """Blocks for an incoming webhook of Slack."""
    title = cut(plain(f"{document.team}: {document.title}"), 150)
    headline = cut(plain(document.headline.words), 2000)
    blocks: list[Json] = [_header(title), _words(headline)]
    figures = _figures(document)
    if figures:
        fields = [{"type": "plain_text", "text": f"{label}\n{words}", "emoji": False} for label, words in figures]
        blocks.append({"type": "section", "fields": fields})
    asks = _asks(document)
    if asks:
        blocks.append(
            _words(cut("Asked of you:\n" + "\n".join(f"{n}. {said}" for n, said in enumerate(asks, 1)), 2900))
        )
    if web(document.url):
        open_it = {"type": "plain_text", "text": "Open the report", "emoji": False}
        blocks.append({"type": "actions", "elements": [{"type": "button", "text": open_it, "url": web(document.url)}]})
    foot = {"type": "plain_text", "text": cut(plain(document.as_of_words), 300) or "–", "emoji": False}
    blocks.append({"type": "context", "elements": [foot]})
    return {"text": _unmarked(f"{title}. {headline}"), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _header(said: str) -> Json:
    return {"type": "header", "text": {"type": "plain_text", "text": said or "–", "emoji": False}}


def _words(said: str) -> Json:
    return {"type": "section", "text": {"type": "plain_text", "text": said or "–", "emoji": False}}


def _unmarked(said: str) -> str:
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams(document: Document) -> Json:
    """An adaptive card for an incoming webhook or workflow of Microsoft Teams."""
    body = [
        _run(cut(plain(f"{document.team}: {document.title}"), 300), size="small", subtle=True),
        _run(cut(plain(document.headline.words), 2000), size="large", weight="bolder"),
    ]
    for label, words in _figures(document):
        body.append({"type": "RichTextBlock", "inlines": [_text(f"{label}: "), _text(words, weight="bolder")]})
    asks = _asks(document)
    if asks:
        body.append(_run("Asked of you", weight="bolder"))
        body += [_run(f"{n}. {said}") for n, said in enumerate(asks, 1)]
    body.append(_run(cut(plain(document.as_of_words), 300), size="small", subtle=True))
    card: Json = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": body, "msteams": {"width": "Full"},
    }  # fmt: skip
    if web(document.url):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the report", "url": web(document.url)}]
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attached]}


def _run(said: str, *, size: str = "default", weight: str = "default", subtle: bool = False) -> Json:
    return {"type": "RichTextBlock", "inlines": [_text(said, size=size, weight=weight, subtle=subtle)]}


def _text(said: str, *, size: str = "default", weight: str = "default", subtle: bool = False) -> Json:
    return {"type": "TextRun", "text": said or "–", "size": size, "weight": weight, "isSubtle": subtle}
