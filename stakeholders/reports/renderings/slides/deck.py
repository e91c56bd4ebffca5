"""Which part of a report stands on which slide: the bottom line, the outcomes, deadlines and money, delivery and risks.

Sections are told by their keys, and what a later version adds under another key goes to the notes of the last slide, so
that nothing is ever left out.
"""

from __future__ import annotations

import io
import re
from typing import Any

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.util import Inches

from stakeholders.reports.cleaning import clean, cut, plain
from stakeholders.reports.document import (
    BarChart,
    Block,
    Document,
    DriftChart,
    Figures,
    Section,
    Sparks,
    Table,
    Text,
)
from stakeholders.reports.facts import FactBase
from stakeholders.reports.renderings.packing import packed
from stakeholders.reports.renderings.tabled import paged

from . import charts, paint
from .noted import notes_of

WIDE, HIGH, LEFT, TOP, BOTTOM = 13.333, 7.5, 0.6, 1.62, 6.85
ROOM = WIDE - 2 * LEFT
TITLE_ONLY = 5
OUTCOMES, CHANGES = ("outcomes",), ("changes", "changed")
_LINKS = re.compile(rb"(<a:(?:hlink|folHlink)><a:srgbClr val=\")[0-9A-F]{6}")
ASKS, RISKS, MONEY = ("asks", "decisions"), ("risks", "exposure"), ("budget", "money")


def render(document: Document, facts: FactBase) -> bytes:
    return _Deck(document).made()


class _Deck:
    """The slides of one document."""

    def __init__(self, document: Document) -> None:
        self.said = document
        self.made_of = Presentation()
        self.made_of.slide_width, self.made_of.slide_height = Inches(WIDE), Inches(HIGH)
        theme = self.made_of.slide_masters[0].part.part_related_by(RT.THEME)
        theme._blob = _LINKS.sub(rb"\g<1>" + paint.ACCENT.encode(), theme.blob)
        self.left_over: list[Section] = list(document.sections)
        self.slides: list[tuple[Any, list[Section], list[str]]] = []

    def made(self) -> bytes:
        self._bottom_line()
        self._outcomes()
        self._deadlines()
        self._delivery()
        slide, sections, cut_off = self.slides[-1]
        self.slides[-1] = (slide, [*sections, *self.left_over], cut_off)
        for number, (slide, sections, cut_off) in enumerate(self.slides, 1):
            self._furniture(slide, number)
            slide.notes_slide.notes_text_frame.text = clean(notes_of(self.said, sections, cut_off))
        self._properties()
        found = io.BytesIO()
        self.made_of.save(found)
        return packed(found.getvalue(), self.said.as_of)

    # --- the four slides ---------------------------------------------------------------------------------------------

    def _bottom_line(self) -> None:
        first = self._take(lambda one: not one.title)
        asks = self._take(lambda one: one.key in ASKS)
        slide, cut_off = self._slide(self.said.headline.words, [*first, *asks], sizes=(30, 27, 24, 21, 19), high=1.2)
        blocks = [block for one in first for block in one.blocks]
        at = 1.98
        body = "\n".join(one.words for one in blocks if isinstance(one, Text) and one.words and one.role != "note")
        if body:
            self._words(slide, (LEFT, at, ROOM, 0.95), body, (15, 14, 13, 12), cut_off, ink=paint.INK_2)
            at += 1.05
        for block in blocks:
            if isinstance(block, Figures) and block.items:
                self._figures(slide, at, block, cut_off)
                at += 1.35
        for section in asks:
            at = self._stacked(slide, section, at, cut_off)

    def _outcomes(self) -> None:
        found = self._take(lambda one: one.key in OUTCOMES)
        changes = self._take(lambda one: one.key in CHANGES)
        if not found and not changes:
            return
        slide, cut_off = self._slide((found or changes)[0].title, [*found, *changes])
        at = TOP - 0.25
        changed = sum(len(one.shown) for section in changes for one in section.blocks if isinstance(one, Table))
        kept = min(0.4 + paint.ROW * min(changed, 4), 1.8) if changes else 0.0
        for section in found:
            at = self._stacked(slide, section, at, cut_off, titled=False, bottom=BOTTOM - kept)
        for section in changes:
            at = self._stacked(slide, section, at + 0.1, cut_off, titled=bool(found))

    def _deadlines(self) -> None:
        found = self._take(_has(DriftChart, BarChart)) or self._take(lambda one: one.key == "deadlines")
        if not found:
            return
        blocks = [block for one in found for block in one.blocks]
        drift = next((one for one in blocks if isinstance(one, DriftChart) and one.points), None)
        bars = next((one for one in blocks if isinstance(one, BarChart) and one.bars), None)
        slide, cut_off = self._slide(drift.title if drift and drift.title else found[0].title, found)
        at = TOP - 0.2
        split = ROOM * 0.56 if drift and bars else ROOM if drift else 0.0
        if drift:
            charts.drift(slide, (LEFT, at, split, 3.0), drift)
            if drift.penalty_words:
                words = drift.penalty_words
                self._words(
                    slide,
                    (LEFT + split * 0.1, at - 0.02, split * 0.6, 0.22),
                    words,
                    (10,),
                    cut_off,
                    ink=paint.TONES["late"],
                )
        if bars:
            left = LEFT + (split + 0.35 if drift else 0)
            wide = ROOM - (left - LEFT)
            self._words(slide, (left, at - 0.02, wide, 0.3), bars.title, (13, 12, 11), cut_off, bold=True)
            charts.bars(slide, (left, at + 0.33, wide, 2.65), bars)
        at += 3.2 if drift or bars else 0
        for section in found:
            at = self._stacked(slide, section, at, cut_off, titled=False)

    def _delivery(self) -> None:
        found = self._take(lambda one: one.key == "delivery" or _has(Sparks)(one))
        risks, money = self._take(lambda one: one.key in RISKS), self._take(lambda one: one.key in MONEY)
        every = [*found, *risks, *money]
        if not every:
            return
        slide, cut_off = self._slide(every[0].title, every)
        at = TOP - 0.25
        for section in found:
            words = "\n".join(one.words for one in section.blocks if isinstance(one, Text) and one.role != "note")
            if words:
                self._words(slide, (LEFT, at, ROOM, 0.55), words, (14, 13, 12), cut_off, ink=paint.INK_2)
                at += 0.65
            for block in section.blocks:
                if isinstance(block, Sparks) and block.items:
                    self._sparks(slide, at, block, cut_off)
                    at += 2.1
        both = [*risks, *money]
        if len(both) < 2:
            for section in both:
                at = self._stacked(slide, section, at, cut_off, titled=section is not every[0])
            return
        half = (ROOM - 0.5) / 2
        for index, section in enumerate(both[:2]):
            self._stacked(slide, section, at, cut_off, left=LEFT + index * (half + 0.5), wide=half)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _take(self, wanted: Any) -> list[Section]:
        found = [one for one in self.left_over if wanted(one)]
        self.left_over = [one for one in self.left_over if one not in found]
        return found

    def _slide(
        self, title: str, sections: list[Section], *, sizes: tuple[float, ...] = (24, 21, 19, 17), high: float = 0.62
    ) -> tuple[Any, list[str]]:
        slide = self.made_of.slides.add_slide(self.made_of.slide_layouts[TITLE_ONLY])
        cut_off: list[str] = []
        at = (LEFT, 0.72, ROOM, high)
        if paint.words(slide, at, title, sizes, bold=True, shape=slide.shapes.title):
            cut_off.append(title)
        self.slides.append((slide, sections, cut_off))
        return slide, cut_off

    def _words(self, slide: Any, at: Any, said: str, sizes: Any, cut_off: list[str], **how: Any) -> None:
        if paint.words(slide, at, said, sizes, **how):
            cut_off.append(said)

    def _stacked(
        self, slide: Any, section: Section, at: float, cut_off: list[str], *, titled: bool = True, left: float = LEFT,
        wide: float = ROOM, bottom: float = BOTTOM,
    ) -> float:  # fmt: skip
        """The words and tables of a section from `at` down; where the next may begin."""
        if titled and section.title and at + 0.4 < bottom:
            self._words(slide, (left, at, wide, 0.28), section.title, (14, 13, 12), cut_off, bold=True)
            paint.rule(slide, left, at + 0.32, wide, ink=paint.STRONG)
            at += 0.36
        for block in section.blocks:
            if isinstance(block, Text) and block.words and block.role != "note" and at + 0.25 < bottom:
                high = min(0.5, bottom - at)
                self._words(slide, (left, at, wide, high), block.words, (12, 11), cut_off, ink=paint.INK_2)
                at += high + 0.05
            elif isinstance(block, Table):
                at = self._table(slide, block, (left, at, wide, bottom - at), cut_off)
        return at

    def _table(self, slide: Any, block: Table, at: tuple[float, float, float, float], cut_off: list[str]) -> float:
        left, top, wide, high = at
        of = paged(block)
        if of is None:
            return top
        if not of.rows:
            if of.empty and high > 0.3:
                self._words(slide, (left, top + 0.05, wide, 0.3), of.empty, (12, 11), cut_off, ink=paint.INK_3)
            return top + 0.4
        before = len(slide.shapes)
        used, tall = paint.table(slide, (left, top, wide, high), of)
        if used < len(of.rows):  # again, with room for the line that says so
            for shape in list(slide.shapes)[before:]:
                shape._element.getparent().remove(shape._element)
            used, tall = paint.table(slide, (left, top, wide, max(high - 0.28, 0)), of)
        end = top + tall
        if used < len(of.rows) and end + 0.25 <= top + high + 0.01:
            rest = f"{len(of.rows) - used:,} more in the workbook."
            self._words(slide, (left, end + 0.04, wide, 0.22), rest, (10.5,), cut_off, ink=paint.INK_3)
            end += 0.28
        return end + 0.12

    def _figures(self, slide: Any, at: float, block: Figures, cut_off: list[str]) -> None:
        shown = block.items[:5]
        gap = 0.3
        wide = (ROOM - gap * (len(shown) - 1)) / len(shown)
        paint.rule(slide, LEFT, at, ROOM, ink=paint.STRONG)
        paint.rule(slide, LEFT, at + 1.2, ROOM, ink=paint.STRONG)
        for index, one in enumerate(shown):
            left = LEFT + index * (wide + gap)
            ink = paint.TONES.get(one.tone, paint.INK)
            self._words(slide, (left, at + 0.1, wide, 0.22), one.label, (12, 11, 10), cut_off, ink=paint.INK_3)
            self._words(
                slide, (left, at + 0.34, wide, 0.5), one.words, (26, 22, 18, 14, 12), cut_off, bold=True, ink=ink
            )
            self._words(slide, (left, at + 0.88, wide, 0.22), one.note, (12, 11, 10), cut_off, ink=paint.INK_3)

    def _sparks(self, slide: Any, at: float, block: Sparks, cut_off: list[str]) -> None:
        shown = block.items[:4]
        gap = 0.25
        wide = (ROOM - gap * (len(shown) - 1)) / len(shown)
        for index, one in enumerate(shown):
            left = LEFT + index * (wide + gap)
            self._words(slide, (left, at, wide, 0.24), one.label, (13, 12, 11, 10), cut_off, bold=True)
            note = f"{paint.MARKS.get(one.tone, '')} {one.note}".strip()
            ink = paint.TONES.get(one.tone, paint.INK_3)
            self._words(slide, (left, at + 0.27, wide, 0.22), note, (12, 11, 10), cut_off, ink=ink)
            if sum(value is not None for value in one.values) > 1:
                charts.spark(slide, (left, at + 0.5, wide, 1.2), one)
                ends = (LEFT + index * (wide + gap), at + 1.68, wide * 0.62, 0.2)
                self._words(slide, ends, one.first_label, (9,), cut_off, ink=paint.INK_3)
                self._words(slide, ends, one.last_label, (9,), cut_off, ink=paint.INK_3, right=True)
            else:
                self._words(
                    slide, (left, at + 0.6, wide, 0.5), one.words or "No data", (18, 14, 12), cut_off, bold=True
                )

    def _furniture(self, slide: Any, number: int) -> None:
        """The line above and the line below, alike on every slide; what is cut there stands in the notes anyway."""
        said = self.said
        paint.words(
            slide,
            (LEFT, 0.3, ROOM * 0.72, 0.24),
            f"{plain(said.team)}  ·  {plain(said.title)}",
            (11, 10),
            ink=paint.INK_3,
        )
        right = (LEFT + ROOM * 0.74, 0.3, ROOM * 0.26, 0.24)
        paint.words(slide, right, plain(said.organisation), (11, 10), right=True, ink=paint.INK_3)
        paint.rule(slide, LEFT, 0.6, ROOM, ink=paint.INK, thick=1.25)
        paint.rule(slide, LEFT, 6.98, ROOM)
        parts = [one for one in (said.state, said.as_of_words, said.prepared) if one]
        paint.words(slide, (LEFT, 7.05, ROOM * 0.85, 0.22), "  ·  ".join(parts), (10,), ink=paint.INK_3)
        paint.words(
            slide,
            (WIDE - LEFT - 1, 7.05, 1, 0.22),
            f"{number} of {len(self.slides)}",
            (10,),
            right=True,
            ink=paint.INK_3,
        )

    def _properties(self) -> None:
        of, said = self.made_of.core_properties, self.said
        of.title, of.subject = cut(plain(said.title), 200), cut(plain(said.headline.words), 250)
        of.author = of.last_modified_by = cut(plain(said.prepared or said.organisation), 200)
        of.keywords, of.comments, of.category, of.revision = "", cut(plain(said.digest), 200), "", 1
        of.created = of.modified = said.as_of.replace(tzinfo=None)
        of.language = "en"


def _has(*kinds: type[Block]) -> Any:
    return lambda section: any(isinstance(block, kinds) for block in section.blocks)
