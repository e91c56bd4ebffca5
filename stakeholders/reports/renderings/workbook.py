"""The report as a workbook: a sheet for each table and chart with all rows, dates and money as values, no formulas."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from stakeholders.reports.cleaning import clean, cut, plain, web
from stakeholders.reports.document import Cell, Column, Document, DriftChart, Table, Text
from stakeholders.reports.facts import FactBase

from .packing import packed
from .tabled import lines_of, values_of

MOST_SIGNS = 16_000  # of one cell; the format allows 32,767 halves of signs
MOST_ROWS = 1_000_000
FIRST_DAY = date(1900, 3, 1)  # earlier days mean another day in one spreadsheet program or the next
ABOUT, ABOUT_WIDE = "About", 100.0
DAY, TIME, PERCENT, COUNT, DAYS = "d mmm yyyy", "d mmm yyyy hh:mm", "0%", "#,##0.##", '0.# "days"'
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def render(document: Document, facts: FactBase) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made,
        {
            "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            "nan_inf_to_errors": True, "remove_timezone": True,
        },
    )  # fmt: skip
    book.set_properties(
        {
            "title": cut(plain(document.title), 200), "subject": cut(plain(document.headline.words), 250),
            "author": cut(plain(document.prepared or document.organisation), 200),
            "company": cut(plain(document.organisation), 200),
            "created": document.as_of.astimezone(UTC).replace(tzinfo=None),
        }
    )  # fmt: skip
    sheets = _Sheets(book, document)
    about = book.add_worksheet(ABOUT)
    listed = []
    for section, block in document.blocks():
        table = values_of(block)
        if table is not None:
            title = table.title or section.title or table.key
            notes = lines_of(block) if isinstance(block, DriftChart) else []
            where = f"{section.title}: {title}" if section.title and title != section.title else title
            listed.append((sheets.add(table, title), where, len(table.rows), notes))
    sheets.about(about, listed)
    book.close()
    return packed(made.getvalue(), document.as_of)


class _Sheets:
    """The sheets of one workbook, whose names must differ and say little."""

    def __init__(self, book: xlsxwriter.Workbook, document: Document) -> None:
        self._book, self._document = book, document
        self._names = {ABOUT.lower(), "history"}
        self._formats: dict[tuple[Any, ...], Any] = {}
        self._zone = ZoneInfo(document.zone)

    def add(self, table: Table, title: str) -> str:
        """A sheet with the whole table; its name."""
        name = self._name(title)
        sheet = self._book.add_worksheet(name)
        noted = [any(row[index].note for row in table.rows) for index in range(len(table.columns))]
        places, wide = self._heads(sheet, table, noted)
        for number, row in enumerate(table.rows[:MOST_ROWS], 1):
            for column, cell, place, has_note in zip(table.columns, row, places, noted, strict=True):
                self._cell(sheet, number, place, column, cell)
                if has_note and cell.note:
                    self._words(sheet, number, place + 1, cell.note, self._format(wrap=True))
            sheet.set_row(number, _tall([(cell.words, wide[at]) for cell, at in zip(row, places, strict=True)]))
        if not table.rows:
            self._words(sheet, 1, 0, table.empty or "No rows.", self._format())
        sheet.freeze_panes(1, 0)
        if wide and table.rows:
            sheet.autofilter(0, 0, min(len(table.rows), MOST_ROWS), len(wide) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return name

    def _heads(self, sheet: Any, table: Table, noted: list[bool]) -> tuple[list[int], list[float]]:
        """Where each column stands, one more after it where its cells have notes; and how wide all of them are."""
        places: list[int] = []
        wide: list[float] = []
        bold = self._format(bold=True, bottom=True)
        for index, (column, has_note) in enumerate(zip(table.columns, noted, strict=True)):
            usual = {"status": "Status", "count": "No."}.get(column.kind, "Note" if index else "Name")
            head = plain(column.name) or usual
            places.append(len(wide))
            self._words(sheet, 0, len(wide), head, bold)
            wide.append(_wide(column, [row[index] for row in table.rows[:500]]))
            if has_note:
                self._words(sheet, 0, len(wide), f"{head}: note", bold)
                wide.append(50)
        for at, signs in enumerate(wide):
            sheet.set_column(at, at, signs)
        return places, wide

    def about(self, sheet: Any, listed: list[tuple[str, str, int, list[str]]]) -> None:
        """What the workbook is, as of when, of which record; what is on which sheet; what the words mean."""
        said, zone = self._document, self._zone
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, ABOUT_WIDE)
        sheet.fit_to_pages(1, 0)
        sheet.set_row(0, 24)
        self._words(sheet, 0, 0, said.title, self._format(bold=True, size=15))
        plain: list[tuple[str, str | datetime]] = [
            ("Bottom line", said.headline.words), ("Organisation", said.organisation), ("Scope", said.team),
            ("State", said.state), ("Facts as of", said.as_of), ("Time zone", said.zone), ("", said.as_of_words),
            ("Prepared", said.prepared), ("Record (SHA-256)", said.digest), ("Report", said.url),
        ]  # fmt: skip
        row = 2
        for name, value in plain:
            if not value:
                continue
            if isinstance(value, datetime):
                local = value.astimezone(zone).replace(tzinfo=None)
                self._words(sheet, row, 0, name, self._format(bold=True))
                sheet.write_datetime(row, 1, local, self._format(number=TIME, left=True))
            else:
                self._told(sheet, row, name, value)
            row += 1
        row += 1
        for section, block in said.blocks():
            if isinstance(block, Text) and block.words:
                self._told(sheet, row, section.title, block.words)
                row += 1
        row += 1
        for name, title, rows, notes in listed:
            told = "; ".join([f"{title} ({rows:,} {'row' if rows == 1 else 'rows'})", *notes])
            self._told(sheet, row, "", told)
            sheet.write_url(row, 0, f"internal:'{name}'!A1", string=name)
            row += 1

    def _told(self, sheet: Any, row: int, name: str, words: str) -> None:
        self._words(sheet, row, 0, name, self._format(bold=True, wrap=True))
        self._words(sheet, row, 1, words, self._format(wrap=True))
        sheet.set_row(row, _tall([(words, ABOUT_WIDE), (name, 30)]))

    def _name(self, wanted: str) -> str:
        """At most 31 UTF-16 units, none of those that a sheet's name may not hold, and not there yet."""
        kept = "".join(" " if one in "[]:*?/\\'" or ord(one) > 0xFFFF else one for one in plain(wanted))
        kept = cut(" ".join(kept.split()), 31) or "Table"
        name, number = kept, 1
        while name.lower() in self._names:
            number += 1
            name = f"{cut(kept, 31 - len(str(number)) - 1)} {number}"
        self._names.add(name.lower())
        return name

    def _format(self, **wanted: Any) -> Any:
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            made: dict[str, Any] = {"valign": "top", "font_name": "Arial", "font_size": wanted.get("size", 10)}
            made |= {"bold": True} if wanted.get("bold") else {}
            made |= {"bottom": 1, "text_wrap": True} if wanted.get("bottom") else {}
            made |= {"text_wrap": True} if wanted.get("wrap") else {}
            made |= {"num_format": wanted["number"]} if wanted.get("number") else {}
            made |= {"align": "left"} if wanted.get("left") else {}
            self._formats[key] = self._book.add_format(made)
        return self._formats[key]

    def _words(self, sheet: Any, row: int, column: int, words: str, how: Any) -> None:
        sheet.write_string(row, column, cut(clean(words), MOST_SIGNS), how)

    def _cell(self, sheet: Any, row: int, place: int, column: Column, cell: Cell) -> None:
        value, strong = cell.value, {"bold": True} if cell.strong else {}
        if isinstance(value, datetime) and value.date() >= FIRST_DAY:
            local = value.astimezone(self._zone).replace(tzinfo=None) if value.tzinfo else value
            sheet.write_datetime(row, place, local, self._format(number=TIME, left=True, **strong))
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
            sheet.write_datetime(row, place, value, self._format(number=DAY, left=True, **strong))
        elif (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and column.kind not in ("date", "text", "status")
        ):
            amount = value / 100 if column.kind == "money" else value
            sheet.write_number(
                row, place, amount, self._format(number=_number(column, cell.currency or column.currency), **strong)
            )
        elif web(cell.url) and cell.words:
            said = cut(clean(cell.words), MOST_SIGNS)
            if sheet.write_url(row, place, web(cell.url), self._format(wrap=True, **strong), said) != 0:
                self._words(sheet, row, place, said, self._format(wrap=True, **strong))
        else:
            self._words(sheet, row, place, cell.words, self._format(wrap=True, **strong))


def _number(column: Column, currency: str) -> str:
    if column.kind == "money":
        sign = SIGNS.get(currency)
        money = f'"{sign}"#,##0' if sign else f'#,##0 "{currency if currency.isalpha() else ""}"'
        return f"{money};-{money}"
    return {"percent": PERCENT, "days": DAYS}.get(column.kind, COUNT)


def _wide(column: Column, cells: list[Cell]) -> float:
    """Signs wide: as the words are, within reason."""
    longest = max((len(cell.words) for cell in cells), default=0)
    least = {"date": 13, "money": 15, "percent": 9}.get(column.kind, 8)
    return min(max(longest + 2, len(column.name) + 4, least), 60)


def _tall(cells: list[tuple[str, float]]) -> float:
    """Points for the tallest of wrapped cells, told as words and signs across."""
    lines = (sum(-(-len(one) // int(wide - 1.5)) or 1 for one in words.split("\n")) for words, wide in cells)
    return min(max(lines, default=1) * 13.5 + 1.5, 400)
