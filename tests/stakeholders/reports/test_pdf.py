"""The PDF of a report: always two tagged sheets on which all fits, with every number of the document and no other."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from stakeholders.reports import logos
from stakeholders.reports.document import BarChart, Document, DriftChart, Figures, Sparks, Table, Text
from stakeholders.reports.facts import FactBase
from stakeholders.reports.renderings import pdf
from stakeholders.reports.wording import AUDIENCES, document

from . import story

Build = Callable[[], FactBase]
BUILDERS: list[Build] = [story.story, story.empty, story.large, story.hostile]
SHEETS = [(build, audience, paper) for build in BUILDERS for audience in AUDIENCES for paper in pdf.PAPERS]
SIZES = {"a4": (595, 842), "us-letter": (612, 792)}


@cache
def made(build: Build, audience: str = "finance", paper: str = "a4") -> tuple[Document, bytes]:
    facts = build()
    told = document(facts, audience=audience, paper=paper)
    return told, pdf.render(told, facts)


def read(body: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(body))


@cache
def pages_of(body: bytes) -> tuple[str, ...]:
    return tuple(page.extract_text() for page in read(body).pages)


def text_of(body: bytes) -> str:
    return "\n".join(pages_of(body))


@dataclass(frozen=True)
class Word:
    page: int
    left: float
    top: float
    right: float
    bottom: float
    words: str


def boxes(body: bytes) -> list[Word]:
    """Every word with its box in points, from the top left of its page."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    told = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=body, capture_output=True, check=True).stdout.decode()
    found, page = [], 0
    for line in told.splitlines():
        page += line.strip().startswith("<page")
        if match := re.match(r'\s*<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*)</word>', line):
            found.append(Word(page, *map(float, match.groups()[:4]), match[5]))
    return found


def tags(node: Any, depth: int = 0) -> Iterator[tuple[str, DictionaryObject]]:
    """The tags of a PDF in the order of reading."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, ArrayObject):
        for one in node:
            yield from tags(one, depth)
    elif isinstance(node, DictionaryObject):
        if "/S" in node:
            yield str(node["/S"]), node
        if "/K" in node:
            yield from tags(node["/K"], depth + 1)


def root(body: bytes) -> DictionaryObject:
    found = read(body).trailer["/Root"].get_object()
    assert isinstance(found, DictionaryObject)
    return found


# --- two sheets on which all fits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "audience", "paper"), SHEETS)
def test_it_is_two_sheets_on_which_all_fits(build: Build, audience: str, paper: str) -> None:
    told, body = made(build, audience, paper)
    reader = read(body)

    assert len(reader.pages) == 2
    for page in reader.pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == SIZES[paper]
    assert [(sheet["holds"], len(sheet["counts"])) for sheet in pdf.fitted(told)] == [(True, 4), (True, 6)]
    assert "1 of 2" in pages_of(body)[0]
    assert "2 of 2" in pages_of(body)[1]


@pytest.mark.parametrize(("build", "audience", "paper"), SHEETS)
def test_no_word_leaves_the_sheet_or_lies_on_another(build: Build, audience: str, paper: str) -> None:
    width, height = SIZES[paper]
    words = boxes(made(build, audience, paper)[1])

    assert len(words) > 100
    for word in words:
        assert 44 <= word.left < word.right <= width - 43.5, word
        assert 28 <= word.top < word.bottom <= height - 24, word
    for one, other in itertools.combinations(words, 2):
        if one.page == other.page:
            across = min(one.right, other.right) - max(one.left, other.left)
            down = min(one.bottom, other.bottom) - max(one.top, other.top)
            assert across < 1 or down < 0.4 * min(one.bottom - one.top, other.bottom - other.top), (one, other)


def test_rows_that_do_not_fit_are_counted() -> None:
    told, body = made(story.large)
    said = text_of(body)
    shown = pdf.fitted(told)[0]["counts"][1][0]

    assert 3 <= shown < 2_000
    assert f"and {2_000 - shown:,} more in the workbook" in said
    assert "30 decisions we ask of you" in said


def test_long_titles_end_with_an_ellipsis_between_words() -> None:
    _, body = made(story.hostile)

    assert re.search(r"without (a|an|and|end|point|words)…", text_of(body))


def test_the_story_shows_every_outcome_change_decision_and_deadline() -> None:
    for audience in AUDIENCES:
        for paper in pdf.PAPERS:
            told, _ = made(story.story, audience, paper)
            front, back = (sheet["counts"] for sheet in pdf.fitted(told))
            assert front == [[0], [6], [4], [3]]
            assert back[0] == [3]


# --- the same numbers ------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def numbers(words: str) -> list[str]:
    return _NUMBER.findall(words)


def squeezed(words: str) -> str:
    """Without spaces and breaks, which a PDF places at will."""
    return re.sub(r"\s|\u200b", "", unicodedata.normalize("NFKC", words))


def shown_words(told: Document, everything: bool) -> Iterator[str]:
    """What the sheets may print, or with `everything` unset what they must: of tables only what they show."""
    counts = {}
    if not everything:
        front, back = (sheet["counts"] for sheet in pdf.fitted(told))
        lines = (
            [["bottom_line"], ["outcomes"], ["changes"], ["asks"]],
            [["deadlines"], ["risks", "budget"], ["delivery"], ["plan", "people"], ["reading"], ["signatures"]],
        )
        for sheet, keys in zip((front, back), lines, strict=True):
            counts |= {key: n for line, row in zip(keys, sheet, strict=True) for key, n in zip(line, row, strict=True)}
    yield from (
        told.headline.words,
        told.title,
        told.as_of_words,
        told.prepared,
        told.team,
        told.organisation,
        told.state,
    )
    for _, block in told.blocks():
        if isinstance(block, Text):
            yield block.words
        elif isinstance(block, Table):
            rows = block.rows if everything else block.shown[: counts.get(block.key, len(block.shown))]
            for row in rows:
                for column, cell in zip(block.columns, row, strict=True):
                    if column.page:
                        yield from (cell.words, cell.note)
        elif isinstance(block, Figures):
            for item in block.items:
                yield from (item.label, item.words, item.note)
        elif isinstance(block, DriftChart):
            yield from (block.title, block.deadline_words, block.penalty_words, block.even_words, block.sure_words)
            if everything:
                yield block.first_label
                for point in block.points:
                    yield from (point.label, point.even_words)
        elif isinstance(block, BarChart):
            for bar in block.bars:
                yield from (bar.label, bar.words, bar.note)
        elif isinstance(block, Sparks):
            for spark in block.items[: None if everything else pdf.MOST_SPARKS]:
                yield from (
                    spark.label,
                    spark.words,
                    spark.first_words,
                    spark.note,
                    spark.first_label,
                    spark.last_label,
                )


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("build", [story.story, story.empty])
def test_every_number_and_date_shown_is_in_the_text(build: Build, audience: str) -> None:
    told, body = made(build, audience)
    said = squeezed(text_of(body))

    for words in shown_words(told, everything=False):
        assert squeezed(words) in said, words


@pytest.mark.parametrize(("build", "audience", "paper"), SHEETS)
def test_every_number_in_the_text_is_one_of_the_document(build: Build, audience: str, paper: str) -> None:
    told, body = made(build, audience, paper)
    known = {one for words in shown_words(told, everything=True) for one in numbers(words)}
    digest = f"{told.digest[:6]}…{told.digest[-4:]}"
    said = text_of(body).replace(digest, "")
    said = re.sub(r"[12] of 2\b|and [\d,]+ more in the workbook|\d+\.?\d*…|(?<=\n)\d+(?=\n)", " ", said)

    for one in numbers(said.replace("\u200b", "")):
        assert one in known, one


# --- accessible, and the same bytes ----------------------------------------------------------------------------------


def test_it_is_tagged_after_pdf_ua_with_title_and_language() -> None:
    told, body = made(story.story)
    reader, catalogue = read(body), root(body)

    assert catalogue["/MarkInfo"]["/Marked"].value is True
    assert catalogue["/Lang"] == "en"
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert reader.metadata is not None
    assert reader.metadata.title == told.title
    assert reader.metadata.author == "Maya Lindqvist, Director of Product Engineering"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_object().get_data()
    assert told.digest in str(reader.metadata.get("/Keywords"))


def test_headings_come_in_order_and_tables_have_heads() -> None:
    told, body = made(story.story)
    found = list(tags(root(body)["/StructTreeRoot"]))
    names = [name for name, _ in found]
    headings = [name for name in names if re.fullmatch(r"/H\d", name)]

    assert headings == ["/H1"] + ["/H2"] * (len(told.sections) - 1)
    assert names.count("/Table") == 5  # outcomes, decisions, deadlines, risks, budget
    assert names.count("/THead") == 5
    assert names.count("/TH") == 6 + 4 + 6 + 3 + 4


def test_every_picture_says_what_it_shows() -> None:
    logo = io.BytesIO()
    Image.new("RGB", (200, 60), "navy").save(logo, "PNG")
    facts = story.story()
    told = document(facts, audience="finance", logo=logos.check(logo.getvalue()))
    figures = [node for name, node in tags(root(pdf.render(told, facts))["/StructTreeRoot"]) if name == "/Figure"]

    said = [str(node["/Alt"]) for node in figures]
    assert len(said) == 7  # logo, drift, penalties, four measures
    assert said[0] == "Logo of Meridian Health"
    assert said[1].startswith("Line of the forecast over 12 weeks. Week 36: even odds 21 Dec")


def test_it_reads_from_the_headline_to_the_record() -> None:
    _, body = made(story.story)
    said = re.sub(r"\s+", " ", text_of(body))
    order = [
        "Go-live is forecast for 8 January", "Squad A moved", "Chance of making", "Where each outcome stands",
        "What changed this week", "Three decisions we ask of you", "Prepared by Maya", "Deadlines and exposure",
        "Top risks", "Budget this year", "Is delivery getting better?", "Plan for the next three weeks", "People",
        "How to read this report", "Sources and signatures", "Record 27cb46…9ce7",
    ]  # fmt: skip
    places = [said.find(one) for one in order]

    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_font_is_embedded(build: Build) -> None:
    for page in read(made(build)[1]).pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(inner), inner


def test_the_same_document_gives_the_same_bytes() -> None:
    told, body = made(story.story)

    assert pdf.render(told, story.story()) == body
    later = replace(told, as_of=datetime(2026, 11, 24, 4, 0, 0, 123456, tzinfo=ZoneInfo("America/New_York")))
    assert read(pdf.render(later, story.story())).metadata.creation_date == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert read(body).metadata.creation_date == told.as_of


# --- words that mean harm, or have no shape --------------------------------------------------------------------------


def test_markup_of_typst_is_printed_and_not_run() -> None:
    facts = replace(story.empty(), say='#panic("x") $x^2$ *b* _u_ `r` @a <l> \\ #read("/etc/passwd")')
    told = document(facts, audience="finance")

    assert squeezed('#panic("x") $x^2$ *b* _u_ `r` @a <l> \\ #read("/etc/passwd")') in squeezed(
        text_of(pdf.render(told, facts))
    )


def test_what_no_font_can_show_is_a_box() -> None:
    facts = replace(story.empty(), say="患者 42 🚀 done")
    said = text_of(pdf.render(document(facts, audience="finance"), facts))

    assert "□□ 42 □ done" in said


def test_arabic_and_greek_and_cyrillic_are_shown() -> None:
    facts = replace(story.empty(), say="Ωμέγα Жук")
    assert "Ωμέγα Жук" in text_of(pdf.render(document(facts, audience="finance"), facts))

    facts = replace(story.empty(), say="تقرير 42")
    assert "□" not in text_of(pdf.render(document(facts, audience="finance"), facts))


def test_signs_without_a_shape_together_do_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = replace(story.empty(), say="Ship 患者 now")
    monkeypatch.setattr(pdf, "_missing", lambda signs: set())  # as if each of them had one

    assert "Ship □□ now" in text_of(pdf.render(document(facts, audience="finance"), facts))


def test_a_draft_says_so_on_both_sheets_and_a_link_leads_back() -> None:
    facts = story.story()
    told = document(facts, audience="finance", state="Draft", url="https://plumbline.example/report/12/")
    reader = read(pdf.render(told, facts))

    assert all("Draft" in page.extract_text() for page in reader.pages)
    links = [
        note.get_object()["/A"]["/URI"] for page in reader.pages for note in page.get("/Annots", []) or []
        if "/A" in note.get_object()
    ]  # fmt: skip
    assert "https://plumbline.example/report/12/" in links


def test_a_paper_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="a4 or us-letter"):
        pdf.render(replace(made(story.empty)[0], paper="a5"), story.empty())
