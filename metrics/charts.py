"""What static/js/charts.js draws: a measure over many weeks. None is a gap in the line, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from teams.templatetags import ui

from . import dora
from .catalogue import Measure, value_words
from .measures import Tile
from .rollups import Pooled

INDUSTRY = {
    "change-failure-rate": dora.INDUSTRY_2025.failure_rate,
    "rework-rate": dora.INDUSTRY_2025.rework_rate,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """How a measure's values are written on one scale: `size` of them make one."""

    size: float
    short: str
    name: str

    def number(self, value: float | None) -> float | None:
        return None if value is None else round(value / self.size, 3)

    def text(self, value: float | None) -> str:
        """The figure alone, as `ui.duration` would write it in this unit: "31", "2.7", "< 1"."""
        if value is None:
            return ui.MISSING
        if self.short == "min" and 0 < value < 30:
            return "< 1"
        number = Decimal(str(value)) / Decimal(str(self.size))
        fine = self.short in ("h", "d") and number < Decimal("9.95")
        return ui.count(number if fine else number.quantize(Decimal(1), rounding="ROUND_HALF_UP"))


MINUTES, HOURS, DAYS = Unit(60, "min", "minutes"), Unit(3600, "h", "hours"), Unit(86400, "d", "days")


def unit_of(measure: Measure, values: Sequence[float | None]) -> Unit:
    """One unit for all `values`: of times the one in which their median would be written."""
    if measure.sort == "share":
        return Unit(0.01, "%", "percent")
    if measure.sort == "count":
        return Unit(1, "", "deployments")
    usual = ui.duration(timedelta(seconds=dora.median(value for value in values if value is not None) or 3600), "short")
    return next(unit for unit in (HOURS, DAYS, MINUTES) if unit.short == usual.split()[-1])


def seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()


def over_weeks(tile: Tile, series: Sequence[Pooled]) -> dict[str, Any]:
    """The JSON of the large chart; its contract stands at the top of charts.js."""
    measure = tile.measure
    values = [measure.value(one) for one in series]
    if measure.sort == "count" and not any(values):
        values = [None] * len(values)
    unit = unit_of(measure, values)
    lead = measure.slug == "lead-time"
    industry = INDUSTRY.get(measure.slug)
    return {
        "x": [one.week.label for one in series],
        "labels": [f"Week {one.week.number}" for one in series],
        "line": [unit.number(value) for value in values],
        "low": [unit.number(seconds(one.lead_low)) for one in series] if lead else None,
        "high": [unit.number(seconds(one.lead_high)) for one in series] if lead else None,
        "bars": measure.sort == "count",
        "unit": unit.short,
        "target": None if industry is None else unit.number(industry),
        "target_label": "" if industry is None else f"mean of the {dora.INDUSTRY_2025.edition} survey {industry:.0%}",
        "line_label": _end(measure, values[-1]),
        "low_label": f"fastest quarter to {_short(series[-1].lead_low)}" if lead and series[-1].lead_low else "",
        "high_label": f"slowest quarter from {_short(series[-1].lead_high)}" if lead and series[-1].lead_high else "",
        "hover": [week_sentence(measure, one, value) for one, value in zip(series, values, strict=True)],
        "tone": tile.tone,
        "partial": tile.partial,
        "zero": True,
    }


def _short(value: timedelta | None) -> str:
    return ui.duration(value, "short")


def _end(measure: Measure, value: float | None) -> str:
    if value is None:
        return ""
    return f"{'median ' if measure.sort == 'time' else ''}{value_words(measure, value, 'short')}"


def week_sentence(measure: Measure, one: Pooled, value: float | None) -> str:
    """One week in a sentence, for the line under the chart."""
    when = f"Week {one.week.number}, {one.week.title}"
    if value is None:
        return f"{when}: no {measure.events[1]}"
    if measure.sort == "count":
        return f"{when}: {ui.plural(one.deployments, 'deployment')} on {ui.plural(one.deploy_days, 'day')}"
    if measure.sort == "share":
        return (
            f"{when}: {value_words(measure, value)}, {measure.hits(one)} of {ui.plural(one.deployments, 'deployment')}"
        )
    counted = ui.plural(measure.count(one), ",".join(measure.events))
    middle = f"{when}: median {value_words(measure, value)} of {counted}"
    if measure.slug == "lead-time":
        return f"{middle}, half of them between {_short(one.lead_low)} and {_short(one.lead_high)}"
    return f"{middle}, mean {ui.duration(one.restore_mean)}"


def finding(tile: Tile, series: Sequence[Pooled]) -> str:
    """What the chart shows, for those who do not see it."""
    measure = tile.measure
    known = [(value, one.week) for one in series if (value := measure.value(one)) is not None]
    span = f"{measure.title}, weeks {series[0].week.number} to {series[-1].week.number}"
    if not known or (tile.value is None and measure.sort == "count"):
        return f"{span}: no data."
    (low, low_week), (high, high_week) = min(known, key=lambda one: one[0]), max(known, key=lambda one: one[0])
    return (
        f"{span}: between {value_words(measure, low)} in week {low_week.number} and {value_words(measure, high)} in "
        f"week {high_week.number}; {value_words(measure, tile.value)} in week {series[-1].week.number}."
    )


def table(measure: Measure, series: Sequence[Pooled]) -> dict[str, Any]:
    """The same numbers for a rows_table, newest week first."""
    columns = ["Week", *_COLUMNS[measure.sort]]
    if measure.slug == "lead-time":
        columns = [
            "Week",
            "Median",
            "Fastest quarter to",
            "Slowest quarter from",
            "85% within",
            "95% within",
            "Changes",
        ]
    return {
        "columns": [{"label": name, "kind": "num" if place else ""} for place, name in enumerate(columns)],
        "rows": [
            {"cells": [f"Week {one.week.number}, {one.week.title}", *_cells(measure, one)]} for one in series[::-1]
        ],
    }


_COLUMNS = {
    "count": ("Deployments", "Days with one", "Attempts that failed first"),
    "share": ("Rate", "Of them", "Deployments"),
    "time": ("Median", "Mean", "After a bad deployment", "Incidents"),
}


def _cells(measure: Measure, one: Pooled) -> list[str]:
    if measure.sort == "count":
        return [ui.count(one.deployments), ui.count(one.deploy_days), ui.count(one.failed_attempts)]
    if measure.sort == "share":
        return [value_words(measure, measure.value(one)), ui.count(measure.hits(one)), ui.count(one.deployments)]
    if measure.slug == "lead-time":
        times = (one.lead, one.lead_low, one.lead_high, one.lead_85, one.lead_95)
        return [*(_short(time) for time in times), ui.count(one.changes)]
    return [*(_short(time) for time in (one.restore, one.restore_mean, one.recovery)), ui.count(one.restored)]
