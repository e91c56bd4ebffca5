"""The forms in which a report is handed out, each made from the same Document; made twice, the bytes are the same.

A rendering decides how something looks, never what it says. What makes one is imported when it is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from stakeholders.reports.document import Document
from stakeholders.reports.facts import FactBase


@dataclass(frozen=True, slots=True)
class Form:
    """`render` gives the bytes of a file; `suffix` is that of its name, without a dot."""

    name: str
    suffix: str
    content_type: str
    render: Callable[[Document, FactBase], bytes]


def _made_by(module: str) -> Callable[[Document, FactBase], bytes]:
    def render(document: Document, facts: FactBase) -> bytes:
        made: bytes = importlib.import_module(f"{__name__}.{module}").render(document, facts)
        return made

    return render


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMS: dict[str, Form] = {
    form.suffix: form
    for form in (
        Form("PDF", "pdf", "application/pdf", _made_by("pdf")),
        Form("Slides", "pptx", f"{_OFFICE}.presentationml.presentation", _made_by("slides")),
        Form("Workbook", "xlsx", f"{_OFFICE}.spreadsheetml.sheet", _made_by("workbook")),
        Form("Markdown", "md", "text/markdown; charset=utf-8", _made_by("markdown")),
        Form("E-mail", "html", "text/html; charset=utf-8", _made_by("mail")),
        Form("Plain text", "txt", "text/plain; charset=utf-8", _made_by("plain")),
        Form("JSON", "json", "application/json", _made_by("data")),
    )
}
