"""Every form of a report: whole, harmless, the same bytes twice, read back with the programs' own libraries."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser

import openpyxl
import pytest
from lxml import etree
from pptx import Presentation

from stakeholders.reports import facts as based
from stakeholders.reports.document import BarChart, Document, DriftChart, Figures, Sparks, Table, Text
from stakeholders.reports.renderings import FORMS
from stakeholders.reports.renderings.data import SCHEMA
from stakeholders.reports.renderings.plain import wide
from stakeholders.reports.renderings.slides import fitting
from stakeholders.reports.renderings.tabled import day
from stakeholders.reports.wording import document

from .story import HOSTILE, empty, hostile, large, story

OURS = ("pptx", "xlsx", "md", "html", "txt", "json")
WORLDS: dict[str, Callable[[], based.FactBase]] = {"story": story, "hostile": hostile, "large": large, "empty": empty}
ADDRESS = "https://plumbline.example.org/report/7/"


@pytest.fixture(scope="module")
def worlds() -> dict[str, tuple[based.FactBase, Document]]:
    made = {name: based.read(make().as_json()) for name, make in WORLDS.items()}
    return {name: (facts, document(facts, audience="finance", url=ADDRESS)) for name, facts in made.items()}


@pytest.fixture(scope="module")
def files(worlds: dict[str, tuple[based.FactBase, Document]]) -> dict[tuple[str, str], bytes]:
    return {
        (name, form): FORMS[form].render(told, facts) for name, (facts, told) in worlds.items() for form in OURS
    }  # fmt: skip


# --- reading back ----------------------------------------------------------------------------------------------------


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _slides(body: bytes) -> Iterator[str]:
    for slide in Presentation(io.BytesIO(body)).slides:
        yield slide.notes_slide.notes_text_frame.text
        for shape in slide.shapes:
            if shape.has_text_frame:
                yield shape.text_frame.text
            if shape.has_table:
                yield from (cell.text for row in shape.table.rows for cell in row.cells)


def _workbook(body: bytes) -> Iterator[str]:
    for sheet in openpyxl.load_workbook(io.BytesIO(body)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, datetime):
                    yield day(cell.value) + f"{cell.value: %H:%M}"
                elif isinstance(cell.value, (int, float)):
                    yield repr(cell.value)
                elif cell.value is not None:
                    yield str(cell.value)


def _read(form: str, body: bytes) -> str:
    """All that somebody can read in a file, as one text."""
    if form == "pptx":
        return "\n".join(_slides(body))
    if form == "xlsx":
        return "\n".join(_workbook(body))
    text = body.decode()
    if form == "html":
        page = _Words()
        page.feed(text)
        return "\n".join(page.said)
    return re.sub(r"\\(.)", r"\1", text) if form == "md" else text


def _numbers(told: Document) -> Iterator[tuple[str, object]]:
    """Everything with a digit in it that a page of the document shows, and the value behind."""
    said: list[tuple[str, object]] = [(told.headline.words, None), (told.as_of_words, None), (told.digest, None)]
    for _, block in told.blocks():
        if isinstance(block, Text):
            said.append((block.words, None))
        elif isinstance(block, Figures):
            said += [(one, None) for item in block.items for one in (item.words, item.note)]
        elif isinstance(block, Table):
            kept = [index for index, column in enumerate(block.columns) if column.page]
            said += [(row[index].words, row[index].value) for row in block.shown for index in kept]
            said += [(row[index].note, None) for row in block.shown for index in kept]
        elif isinstance(block, DriftChart):
            said += [pair for one in block.points for pair in ((one.even_words, one.even), (one.sure_words, one.sure))]
            said += [(one, None) for one in (block.penalty_words, block.deadline_words)]
        elif isinstance(block, BarChart):
            said += [(words, None) for one in block.bars for words in (one.words, one.note)]
        elif isinstance(block, Sparks):
            said += [(words, None) for one in block.items for words in (one.words, one.note, one.first_words)]
    return ((words, value) for words, value in said if any(sign.isdigit() for sign in words))


def _as_typed(value: object) -> set[str]:
    if isinstance(value, date):
        return {day(value)}
    if isinstance(value, (int, float)):
        return {repr(value), repr(value / 100), repr(value // 100 if isinstance(value, int) else value)}
    return set()


def _digits(words: str) -> list[str]:
    return re.findall(r"\d[\d,.:]*", words)


@pytest.mark.parametrize("world", ["story", "large", "empty"])
@pytest.mark.parametrize("form", OURS)
def test_every_number_of_the_document_is_in_every_form(
    form: str,
    world: str,
    worlds: dict[str, tuple[based.FactBase, Document]],
    files: dict[tuple[str, str], bytes],
) -> None:
    read = re.sub(r"\s+", " ", _read(form, files[world, form]))
    squeezed = read.replace(" ", "")
    for words, value in _numbers(worlds[world][1]):
        if form == "xlsx" and value is not None and any(one in read for one in _as_typed(value)):
            continue
        whole = re.sub(r"\s+", "", words)
        assert whole in squeezed or (form == "txt" and all(one in squeezed for one in _digits(words))), words


@pytest.mark.parametrize("world", ["story", "hostile", "empty"])
@pytest.mark.parametrize("form", OURS)
def test_the_same_document_gives_the_same_bytes_at_any_time(
    form: str,
    world: str,
    worlds: dict[str, tuple[based.FactBase, Document]],
    files: dict[tuple[str, str], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = time.time() + 40 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    facts, told = worlds[world]
    assert FORMS[form].render(told, facts) == files[world, form]


@pytest.mark.parametrize("form", ["pptx", "xlsx"])
def test_office_files_carry_no_time_but_that_of_the_facts(form: str, files: dict[tuple[str, str], bytes]) -> None:
    def times(body: bytes) -> Iterator[str]:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            for info in packed.infolist():
                assert info.date_time == (1980, 1, 1, 0, 0, 0)
                if info.filename.endswith(".xlsx"):
                    yield from times(packed.read(info))
                if info.filename == "docProps/core.xml":
                    yield from re.findall(r"<dcterms:[^>]*>([^<]*)", packed.read(info).decode())

    found = set(times(files["story", form]))
    assert found == {"2026-11-23T12:55:00Z"}


@pytest.mark.parametrize("form", ["pptx", "xlsx"])
def test_hostile_words_leave_office_files_well_formed(form: str, files: dict[tuple[str, str], bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files["hostile", form])) as packed:
        for name in packed.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(packed.read(name))  # noqa: S320 (our own)
                assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", packed.read(name).decode())


# --- slides ----------------------------------------------------------------------------------------------------------


def test_four_slides_with_native_tables_and_charts_that_can_be_edited(files: dict[tuple[str, str], bytes]) -> None:
    deck = Presentation(io.BytesIO(files["story", "pptx"]))
    assert (deck.slide_width, deck.slide_height) == (12191695, 6858000)
    kinds = [
        (sum(one.has_table for one in slide.shapes), sum(one.has_chart for one in slide.shapes))
        for slide in deck.slides
    ]
    assert kinds == [(1, 0), (2, 0), (1, 2), (2, 4)]
    assert [slide.shapes.title.text for slide in deck.slides][1:] == [
        "Where each outcome stands",
        "The go-live forecast crossed the deadline this week",
        "Is delivery getting better?",
    ]  # fmt: skip
    drift, bars = (one.chart for one in deck.slides[2].shapes if one.has_chart)
    sure, even, deadline = drift.plots[0].series
    day_of = openpyxl.utils.datetime.from_excel
    assert [day_of(list(one.values)[-1]).date() for one in (sure, even, deadline)] == [
        date(2027, 1, 19), date(2027, 1, 8), date(2027, 1, 1),
    ]  # fmt: skip
    assert list(bars.plots[0].series[0].values) == [41_000, 81_000, 160_000]
    assert list(bars.plots[0].series[1].values)[1] == 24_000


def test_notes_name_the_record_the_day_of_the_facts_and_what_the_words_mean(
    worlds: dict[str, tuple[based.FactBase, Document]], files: dict[tuple[str, str], bytes]
) -> None:
    facts, _ = worlds["story"]
    deck = Presentation(io.BytesIO(files["story", "pptx"]))
    for slide in deck.slides:
        notes = slide.notes_slide.notes_text_frame.text
        assert facts.digest in notes
        assert "Facts as known on Mon 23 Nov 2026, 07:55" in notes
        assert "A single date has even odds" in notes
    assert "Epic’s patient profile differs from the published guide" in deck.slides[0].notes_slide.notes_text_frame.text


@pytest.mark.parametrize("world", list(WORLDS))
def test_no_words_run_off_their_shape_and_no_shape_off_its_slide(
    world: str, files: dict[tuple[str, str], bytes]
) -> None:
    deck = Presentation(io.BytesIO(files[world, "pptx"]))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width + 2
            assert shape.top + shape.height <= deck.slide_height
            if shape.has_text_frame and shape.text_frame.text:
                run = next(one for part in shape.text_frame.paragraphs for one in part.runs)
                size, room = run.font.size.pt, shape.width.pt
                needed = (
                    fitting.lines(shape.text_frame.text, size, room, bold=bool(run.font.bold)) * size * fitting.LEADING
                )
                assert needed <= shape.height.pt + 0.5, shape.text_frame.text
            if shape.has_table:
                for row in shape.table.rows:
                    for index, cell in enumerate(row.cells):
                        wide = shape.table.columns[index].width.pt - 9
                        for part in cell.text_frame.paragraphs:
                            size = part.runs[0].font.size.pt
                            assert fitting.lines(part.text, size, wide, bold=bool(part.runs[0].font.bold)) <= 2


def test_what_is_cut_on_a_slide_stands_whole_in_its_notes() -> None:
    facts = replace(story(), say="An unending sentence about everything that happened. " * 20, clause="")
    deck = Presentation(io.BytesIO(FORMS["pptx"].render(document(facts, audience="finance"), facts)))
    title, notes = deck.slides[0].shapes.title.text, deck.slides[0].notes_slide.notes_text_frame.text
    assert title.endswith("…")
    assert facts.say.strip() in notes


# --- the workbook ----------------------------------------------------------------------------------------------------


def test_the_workbook_holds_all_rows_typed_and_no_formula(
    worlds: dict[str, tuple[based.FactBase, Document]], files: dict[tuple[str, str], bytes]
) -> None:
    facts, _ = worlds["large"]
    book = openpyxl.load_workbook(io.BytesIO(files["large", "xlsx"]))
    outcomes = book["Where each outcome stands"]
    assert outcomes.max_row == len(facts.outcomes) + 1 > 1000
    assert outcomes.freeze_panes == "A2"
    assert outcomes.auto_filter.ref.startswith("A1:")
    heads = [cell.value for cell in outcomes[1]]
    forecast = outcomes.cell(2, heads.index("Forecast") + 1)
    assert forecast.is_date
    assert forecast.value.date() == facts.outcomes[0].even
    deadlines = book["Deadlines and exposure"]
    cost = deadlines.cell(2, [cell.value for cell in deadlines[1]].index("Expected cost") + 1)
    assert cost.value == facts.deadlines[0].penalty / 100
    assert "$" in cost.number_format
    chance = deadlines.cell(2, [cell.value for cell in deadlines[1]].index("Chance") + 1)
    assert (chance.value, chance.number_format) == (facts.deadlines[0].chance, "0%")


def test_words_that_look_like_formulas_stay_words(files: dict[tuple[str, str], bytes]) -> None:
    assert any(one.startswith("=") for one in HOSTILE)
    book = openpyxl.load_workbook(io.BytesIO(files["hostile", "xlsx"]))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert any(str(cell.value).startswith("=") for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(
                one.hyperlink is None or one.hyperlink.location or one.hyperlink.target.startswith("http")
                for one in row
            )


def test_the_first_sheet_says_what_the_workbook_is(
    worlds: dict[str, tuple[based.FactBase, Document]], files: dict[tuple[str, str], bytes]
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(files["story", "xlsx"]))
    about = {str(row[0].value): row[1].value for row in book.worksheets[0].iter_rows() if row[0].value}
    assert book.sheetnames[0] == "About"
    assert about["Record (SHA-256)"] == worlds["story"][0].digest
    assert about["Facts as of"] == datetime(2026, 11, 23, 7, 55)
    assert set(book.sheetnames[1:]) <= set(about)
    assert "even odds" in about["How to read this report"]


# --- words and data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", list(WORLDS))
def test_plain_text_keeps_to_eighty_columns(world: str, files: dict[tuple[str, str], bytes]) -> None:
    text = files[world, "txt"].decode()
    assert max(wide(one) for one in text.splitlines() if "http" not in one) <= 80


def test_the_mail_is_harmless_and_readable_without_images(files: dict[tuple[str, str], bytes]) -> None:
    page = _Words()
    page.feed(files["hostile", "html"].decode())
    tags = {tag for tag, _ in page.tags}
    assert tags <= {
        "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "th", "p", "h1", "h2", "a", "br", "span",
    }  # fmt: skip
    for tag, attributes in page.tags:
        assert not [one for one in attributes if one.startswith("on")]
        if tag == "a":
            assert str(attributes["href"]).startswith("https://")
        if tag == "table":
            assert attributes["role"] in ("presentation", "table")
    head = files["story", "html"].decode()
    assert "prefers-color-scheme:dark" in head
    assert '<meta name="color-scheme" content="light dark">' in head


def test_markdown_shows_words_as_words(files: dict[tuple[str, str], bytes]) -> None:
    text = files["hostile", "md"].decode()
    assert "<script" not in text.replace(r"\<script", "")
    assert not re.search(r"(?<!\\)!?\[[^\]]*\]\((?!<https?://)", text)
    for row in text.splitlines():
        if row.startswith("| "):
            assert row.endswith(" |")


def test_json_gives_back_the_fact_base_and_its_digest(
    worlds: dict[str, tuple[based.FactBase, Document]], files: dict[tuple[str, str], bytes]
) -> None:
    facts, told = worlds["story"]
    found = json.loads(files["story", "json"])
    assert found["schema"] == SCHEMA
    assert based.read(found["facts"]) == facts
    assert found["digest"] == facts.digest == based.read(found["facts"]).digest
    assert found["document"]["headline"]["words"] == told.headline.words
    assert [one["key"] for one in found["document"]["sections"]] == [one.key for one in told.sections]
