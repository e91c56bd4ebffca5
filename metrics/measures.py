"""The five measures in words: figure, unit, change against the week before, band, and what is missing.

Composes what `rollups` counted with what `dora` defines; nothing is defined anew. All five measures of a group cost one
query. A change is coloured only when it is good or bad, rests on enough events, and both weeks are over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings

from teams.templatetags import ui

from . import dora, rollups
from .catalogue import MEASURES, Measure, difference, value_words
from .periods import Week, weeks_ending
from .rollups import Pooled

__all__ = ["MEASURES", "Measure", "Tile", "tile_of", "tiles", "tiles_of"]

MISSING = ui.MISSING
NO_CHANGE_TIMED = "No change of this period has a known lead time."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One measure in one week. `figure` is "–" with a `reason` when there is no value; `spark` has None for a gap."""

    measure: Measure
    week: Week
    value: float | None  # deployments, seconds, or a share
    figure: str
    unit: str
    counts: str  # "23 changes", "3 of 23"
    delta: str
    tone: Literal["ok", "risk", ""]
    spark: list[float | None]  # deployments, hours, or shares; oldest first
    band: dora.Band | None
    typical: str  # "10% over 12 weeks"; "" for times, whose medians cannot be pooled
    notes: tuple[str, ...]
    reason: str
    few: bool
    partial: bool

    @property
    def slug(self) -> str:
        return self.measure.slug

    @property
    def title(self) -> str:
        return self.measure.title

    def card(self, url: str = "") -> dict[str, Any]:
        """As components/metric_tile.html wants it."""
        notes = [self.counts] if self.measure.slug == "rework-rate" and self.counts else []
        notes += ["few events"] if self.few else [self.typical] if self.typical and not self.band else []
        return {
            "label": self.title,
            "url": url,
            "value": self.figure,
            "unit": self.unit,
            "change": self.delta,
            "tone": self.tone,
            "spark": self.spark,
            "band": self.band.level if self.band else None,
            "band_word": f"{self.band.name}, DORA {self.band.edition}" if self.band else "",
            "note": " · ".join(notes),
            "missing": self.reason,
        }


def tiles(
    teams: Collection[int], week: Week, *, now: datetime, weeks: int = 12, incident_source: bool = True
) -> list[Tile]:
    """The five measures of `teams` together in `week`, in the order of MEASURES. One query.

    `incident_source` False says why there is no time to restore. Raises ValueError where the calendar ends.
    """
    series = rollups.pooled(teams, weeks_ending(week, max(weeks, 2)))
    return tiles_of(series, now=now, weeks=weeks, incident_source=incident_source)


def tiles_of(series: Sequence[Pooled], *, now: datetime, weeks: int = 12, incident_source: bool = True) -> list[Tile]:
    """The same from weeks in hand: oldest first, the last one is the week spoken of, at least two."""
    return [
        tile_of(measure, series, now=now, weeks=weeks, incident_source=incident_source) for measure in MEASURES.values()
    ]


def tile_of(
    measure: Measure, series: Sequence[Pooled], *, now: datetime, weeks: int = 12, incident_source: bool = True
) -> Tile:
    """One measure from weeks in hand, as in `tiles_of`."""
    this, before = series[-1], series[-2]
    shown = series[-weeks:]
    partial = this.week.is_partial(now, settings.ORGANISATION_ZONE)
    silent = measure.sort == "count" and not any(one.deployments for one in (*shown, before))
    value = None if silent else measure.value(this)
    few = value is not None and _is_few(measure, this, before)
    figure, unit = _figure(measure, this, value, partial=partial)
    return Tile(
        measure=measure,
        week=this.week,
        value=value,
        figure=figure,
        unit=unit,
        counts=_counts(measure, this) if value is not None else "",
        delta="" if value is None else _delta(measure, this, before, partial=partial),
        tone="" if few or partial or value is None else _tone(measure, this, before),
        spark=[None if silent else _plotted(measure, one) for one in shown],
        band=None if few and measure.sort == "share" else _band(measure, shown, value, now),
        typical="" if value is None else _typical(measure, shown, now),
        notes=tuple(_notes(measure, this)),
        reason=_reason(measure, this, incident_source) if value is None else "",
        few=few,
        partial=partial,
    )


# --- the figure ------------------------------------------------------------------------------------------------------


def _figure(measure: Measure, this: Pooled, value: float | None, *, partial: bool) -> tuple[str, str]:
    if value is None:
        return MISSING, ""
    words = value_words(measure, value)
    if measure.sort == "time":
        # "under a minute" is no figure with a unit
        figure, _, unit = ("< 1", "", "minute") if words.startswith("under") else words.partition(" ")
        return figure, f"{unit}, median"
    if measure.sort == "count":
        return words, "this week so far" if partial else "this week"
    return words, "of deployments" if measure.slug == "rework-rate" else f"{measure.hits(this)} of {this.deployments}"


def _counts(measure: Measure, this: Pooled) -> str:
    if measure.sort == "share":
        return f"{ui.count(measure.hits(this))} of {ui.count(this.deployments)}"
    return ui.plural(measure.count(this), ",".join(measure.events))


def _is_few(measure: Measure, this: Pooled, before: Pooled) -> bool:
    """A fall from 23 deployments to 3 is told by 23 events; a median or a share stands on this week's alone."""
    most = max(measure.count(this), measure.count(before)) if measure.sort == "count" else measure.count(this)
    return most < dora.FEW


def _plotted(measure: Measure, one: Pooled) -> float | None:
    value = measure.value(one)
    return value / 3600 if value is not None and measure.sort == "time" else value


# --- against the week before -----------------------------------------------------------------------------------------


def _delta(measure: Measure, this: Pooled, before: Pooled, *, partial: bool) -> str:
    now, then = measure.value(this), measure.value(before)
    name = f"week {before.week.number}"
    if now is None or then is None:
        return "nothing to compare with"
    if partial:
        return f"so far; {value_words(measure, then)} in {name}"
    size = difference(measure, now, then)
    if not size:
        return f"same as {name}"
    word = measure.words[0 if now > then else 1]
    return f"{size} {word} than {name}" if measure.sort == "count" else f"{size} {word}"


def _tone(measure: Measure, this: Pooled, before: Pooled) -> Literal["ok", "risk", ""]:
    now, then = measure.value(this), measure.value(before)
    if now is None or then is None or not difference(measure, now, then):
        return ""
    if measure.sort != "count" and measure.count(before) < dora.FEW:
        return ""
    return "ok" if (now > then) == (measure.better == "up") else "risk"


# --- bands, the usual, and what is missing ---------------------------------------------------------------------------


def _whole(series: Sequence[Pooled], now: datetime) -> list[Pooled]:
    return [one for one in series if not one.week.is_partial(now, settings.ORGANISATION_ZONE)]


def _band(measure: Measure, shown: Sequence[Pooled], value: float | None, now: datetime) -> dora.Band | None:
    if value is None:
        return None
    if measure.sort == "count":  # one week cannot tell once a month from never: all whole weeks shown
        whole = _whole(shown, now)
        return dora.band_frequency(sum(one.deployments for one in whole), 7 * len(whole))
    if measure.slug == "lead-time":
        return dora.band_lead_time(timedelta(seconds=value))
    if measure.slug == "time-to-restore":
        return dora.band_restore(timedelta(seconds=value))
    return dora.band_failure_rate(value) if measure.slug == "change-failure-rate" else None


def _typical(measure: Measure, shown: Sequence[Pooled], now: datetime) -> str:
    whole = _whole(shown, now)
    span = ui.plural(len(whole), "week,weeks")
    if measure.sort == "count" and whole:
        return f"{ui.count(dora.median(float(one.deployments) for one in whole))} in a usual week of {span}"
    made = sum(one.deployments for one in whole)
    if measure.sort == "share" and made:
        return f"{ui.percent(sum(measure.hits(one) for one in whole) / made)} over {span}"
    return ""


def _notes(measure: Measure, this: Pooled) -> list[str]:
    if measure.slug == "lead-time" and this.left_out:
        return [f"{ui.plural(this.left_out, 'change,changes')} left out: no plausible first commit"]
    if measure.slug == "change-failure-rate" and this.failed_attempts:
        return [f"{ui.plural(this.failed_attempts, 'attempt,attempts')} failed before users saw it, counted apart"]
    return []


def _reason(measure: Measure, this: Pooled, incident_source: bool) -> str:
    if measure.slug == "lead-time":
        return NO_CHANGE_TIMED if this.left_out else dora.NO_CHANGES if this.deployments else dora.NO_DEPLOYMENTS
    if measure.slug == "time-to-restore":
        return dora.NO_INCIDENTS if incident_source else dora.NO_INCIDENT_SOURCE
    return dora.NO_DEPLOYMENTS
