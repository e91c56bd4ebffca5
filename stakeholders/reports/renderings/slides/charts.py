"""Native charts whose numbers can be edited: the drift of a deadline, penalties of options, lines of measures."""

from __future__ import annotations

from datetime import date
from typing import Any

from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from stakeholders.reports.cleaning import cut, plain
from stakeholders.reports.document import BarChart, DriftChart, Point, Spark

from . import fitting
from .paint import FC, FC_MID, FILLS, INK, INK_2, INK_3, LINE, STRONG, TONES, colour, described, font

EPOCH = date(1899, 12, 30)
MOST_BARS = 6
WHITE = 2.7  # how often the longest bar goes into the width: room for its words
Place = tuple[float, float, float, float]


def serial(day: date) -> int:
    """A day as spreadsheets count it."""
    return (day - EPOCH).days


def short(day: date, other: date) -> str:
    """ "8 Jan", with its year if that is far from `other`."""
    return f"{day.day} {day:%b}" if abs((day - other).days) < 300 else f"{day.day} {day:%b} {day.year}"


def drift(slide: Any, at: Place, of: DriftChart) -> None:
    """Even odds and 85% sure of each week as lines, the deadline as one that does not move."""
    data = CategoryChartData(number_format="d mmm yyyy")
    data.categories = [plain(one.label) or "–" for one in of.points]
    data.add_series("85% sure", [serial(one.sure) for one in of.points])
    data.add_series("Even odds", [serial(one.even) for one in of.points])
    data.add_series(plain(of.deadline_words) or "Deadline", [serial(of.deadline)] * len(of.points))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE, *map(Inches, at), data)
    frame.name = "Forecast week by week"
    described(frame, of.alt or of.title)
    chart = frame.chart
    last = of.points[-1]
    _bare(chart)
    _inner(chart, 0.085, 0.05, 0.66, 0.8)
    late = last.even > of.deadline
    said = (
        (FC_MID, 1.5, of.sure_words or f"{short(last.sure, of.deadline)} 85% sure", INK_2),
        (FC, 2.5, of.even_words or f"{short(last.even, of.deadline)} even odds", TONES["late"] if late else INK),
        (FILLS["late"], 1.5, of.deadline_words or f"{short(of.deadline, last.even)} deadline", TONES["late"]),
    )
    room = at[2] * 0.24 * 72
    every = [serial(day) for one in of.points for day in (one.even, one.sure)] + [serial(of.deadline)]
    axis = chart.value_axis
    low, high = min(every), max(every)
    near = max((high - low) * 0.11, 1)
    over, crowded = abs((last.sure - last.even).days) < near, _crowds(last, of.deadline, near)
    places = (
        XL_LABEL_POSITION.ABOVE if over else XL_LABEL_POSITION.RIGHT,
        XL_LABEL_POSITION.BELOW if over else XL_LABEL_POSITION.RIGHT,
        XL_LABEL_POSITION.ABOVE if crowded else XL_LABEL_POSITION.RIGHT,
    )
    at_point = (-1, -1, len(of.points) // 5 if crowded else -1)
    for series, (ink, thick, words, label), place, index in zip(
        chart.plots[0].series, said, places, at_point, strict=True
    ):
        _line(series, ink, thick)
        _label(series.points[index % len(of.points)], plain(words), room, ink=label, at=place)
    step = max((high - low) // 4 + 1, 1)
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = low - step / 2, high + step / 2, step
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "d mmm", False
    _axes(chart, 9.5)
    chart.category_axis.tick_labels.offset = 20


def _crowds(last: Point, deadline: date, near: float) -> bool:
    """Whether the deadline's words would run into those of a forecast."""
    return any(abs((day - deadline).days) < near for day in (last.even, last.sure))


def bars(slide: Any, at: Place, of: BarChart) -> int:
    """Expected penalty and cost of each option; how many were drawn."""
    shown = of.bars[:MOST_BARS]
    room = at[2] * 0.4 * 72
    data = CategoryChartData(number_format="#,##0")
    names = [
        fitting.trimmed(plain(one.label) + (f" ({plain(one.note)})" if one.note else ""), 10, room, 2) for one in shown
    ]
    data.categories = [cut(name, 120) for name in names]
    data.add_series(f"Expected penalty, {plain(of.currency)}", [_amount(one.penalty) for one in shown])
    costs = any(one.cost for one in shown)
    if costs:
        data.add_series(f"Cost, {plain(of.currency)}", [_amount(one.cost) for one in shown])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *map(Inches, at), data)
    frame.name = "Expected penalty under each option"
    described(frame, of.alt or of.title)
    chart = frame.chart
    _bare(chart)
    _inner(chart, 0.42, 0.01, 0.57, min(0.98, 0.26 * len(shown)))
    chart.plots[0].gap_width, chart.plots[0].overlap = 60, 0
    most = max([amount for one in shown for amount in (one.penalty, one.cost) if amount is not None] or [0]) / 100
    for number, series in enumerate(chart.plots[0].series):
        for index, one in enumerate(shown):
            point = series.points[index]
            point.format.fill.solid()
            own = FILLS["late"] if one.tone == "late" else FC
            point.format.fill.fore_color.rgb = colour(FC_MID if number else own)
            if not number and one.penalty is not None:
                room = at[2] * 0.57 * (1 - one.penalty / 100 / (most * WHITE)) * 72 if most else at[2] * 36
                _label(point, plain(one.words), room - 6, ink=INK, at=XL_LABEL_POSITION.OUTSIDE_END)
    chart.category_axis.reverse_order = True
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, most * WHITE or 1
    _axes(chart, 10)
    chart.value_axis.visible = False
    chart.value_axis.has_major_gridlines = False
    chart.category_axis.format.line.fill.background()
    return len(shown)


def _amount(cents: int | None) -> float | None:
    return None if cents is None else cents / 100


def spark(slide: Any, at: Place, of: Spark) -> None:
    """One measure over the weeks; its last point dotted in the colour of its tone."""
    data = CategoryChartData(number_format="General")
    count = len(of.values)
    inside = [""] * max(count - 2, 0)
    data.categories = [plain(of.first_label) or " ", *(name or " " for name in inside), plain(of.last_label) or " "][
        -count:
    ]
    data.add_series(plain(of.label) or "Measure", list(of.values))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE_MARKERS, *map(Inches, at), data)
    frame.name = plain(of.label)[:80] or "Measure"
    described(frame, of.alt or f"{of.label}: {of.words}. {of.note}")
    chart = frame.chart
    _bare(chart)
    _inner(chart, 0.02, 0.12, 0.6, 0.84)
    series = chart.plots[0].series[0]
    _line(series, FC, 1.75)
    known = [one for one in of.values if one is not None]
    low, high = min(known), max(known)
    spread = (high - low) or abs(high) or 1
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = low - spread * 0.12, high + spread * 0.12
    _axes(chart, 9)
    chart.value_axis.visible = False
    chart.value_axis.has_major_gridlines = False
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    last = max(index for index, one in enumerate(of.values) if one is not None)
    point = series.points[last]
    point.marker.style, point.marker.size = 8, 7
    point.marker.format.fill.solid()
    point.marker.format.fill.fore_color.rgb = colour(FILLS.get(of.tone, FC))
    point.marker.format.line.fill.background()
    _label(point, plain(of.words), at[2] * 0.35 * 72, ink=INK, size=12, bold=True)


def _bare(chart: Any) -> None:
    chart.has_legend = chart.has_title = False
    font(chart.font, 10, ink=INK_2)


def _axes(chart: Any, size: float) -> None:
    for axis in (chart.category_axis, chart.value_axis):
        axis.tick_labels.font.size, axis.tick_labels.font.color.rgb = Pt(size), colour(INK_3)
        axis.major_tick_mark = axis.minor_tick_mark = XL_TICK_MARK.NONE
        axis.has_minor_gridlines = False
        axis.format.line.color.rgb = colour(STRONG)
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.has_major_gridlines = False
    chart.value_axis.has_major_gridlines = True
    chart.value_axis.major_gridlines.format.line.color.rgb = colour(LINE)
    chart.value_axis.format.line.fill.background()


def _line(series: Any, ink: str, thick: float) -> None:
    series.smooth = False
    series.format.line.color.rgb, series.format.line.width = colour(ink), Pt(thick)
    series.marker.style = -4142  # none


def _label(
    point: Any, words: str, room: float, *, ink: str, size: float = 10.5, bold: bool = True,
    at: XL_LABEL_POSITION = XL_LABEL_POSITION.RIGHT,
) -> None:  # fmt: skip
    """Words beside a point, on one line."""
    frame = point.data_label.text_frame
    frame.word_wrap = False
    frame.text = fitting.trimmed(words, size, room, 1, bold=bold)
    font(frame.paragraphs[0].runs[0].font, size, bold=bold, ink=ink)
    point.data_label.position = at


def _inner(chart: Any, left: float, top: float, wide: float, high: float) -> None:
    """Where the lines and bars stand, as shares of the whole: the rest is kept free for labels."""
    area = chart._chartSpace.chart.plotArea
    old = area.find(qn("c:layout"))
    if old is not None:
        area.remove(old)
    layout = etree.Element(qn("c:layout"))
    manual = etree.SubElement(layout, qn("c:manualLayout"))
    for name, value in (
        ("layoutTarget", "inner"), ("xMode", "edge"), ("yMode", "edge"), ("x", left), ("y", top), ("w", wide),
        ("h", high),
    ):  # fmt: skip
        etree.SubElement(manual, qn(f"c:{name}"), val=str(value))
    area.insert(0, layout)
