"""What a measure says in words: its headline, what the number means, and where it comes from. Facts only, no causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from teams.templatetags import ui

from . import charts, dora
from .catalogue import Measure, difference, value_words
from .measures import Tile
from .rollups import Pooled
from .rows import ChangeRow

PARTS = (("coding", "Coding", "1"), ("pickup", "Waiting for review", "2"), ("review", "Review", "3"),
         ("waiting", "Waiting to deploy", "risk"))  # fmt: skip


def headline(tile: Tile, before: Pooled) -> str:
    """As "Lead time for changes: 31 hours, 7 more than week 46"."""
    measure, week = tile.measure, f"week {tile.week.number}"
    if tile.value is None:
        return f"{measure.title}: nothing to show for {week}"
    now = value_words(measure, tile.value)
    if tile.partial:
        return f"{measure.title}: {now} so far in {week}"
    then = measure.value(before)
    name = f"week {before.week.number}"
    said = f"{measure.title}: {now}" + (f" in {week}" if measure.sort == "count" else "")
    if then is None:
        return f"{said}; nothing in {name} to compare with"
    size = difference(measure, tile.value, then)
    if not size:
        return f"{said}, the same as {name}"
    unit = now.partition(" ")[2].removesuffix("s")
    if unit and size.partition(" ")[2].removesuffix("s") == unit:
        size = size.partition(" ")[0]
    more, less = ("more", "fewer") if measure.sort == "count" else ("more", "less")
    return f"{said}, {size} {more if tile.value > then else less} than {name}"


def meaning(tile: Tile, this: Pooled, evidence: Counter[str], open_count: int) -> str:
    """What the number says, from counted facts."""
    told = tile.reason or {
        "deployment-frequency": _frequency,
        "lead-time": _lead,
        "change-failure-rate": _failures,
        "time-to-restore": _restore,
        "rework-rate": _rework,
    }[tile.slug](tile, this, evidence)
    if tile.slug == "time-to-restore" and open_count:
        told = f"{told} {_are(open_count, 'incident')} not over yet."
    return f"{told} Few events: read it with care." if tile.few else told


def _are(count: int, one: str) -> str:
    return f"{ui.plural(count, one)} {'is' if count == 1 else 'are'}"


def _frequency(tile: Tile, this: Pooled, evidence: Counter[str]) -> str:
    made = "deployment" if this.deployments == 1 else "deployments"
    said = (
        f"{ui.count(this.deployments)} {made} reached production, on {ui.plural(this.deploy_days, 'day')} of the week."
    )
    if this.failed_attempts:
        said = f"{said} {_were(this.failed_attempts, 'more attempt')} stopped before users saw anything."
    return said


def _were(count: int, one: str) -> str:
    return f"{ui.plural(count, one)} {'was' if count == 1 else 'were'}"


def _lead(tile: Tile, this: Pooled, evidence: Counter[str]) -> str:
    within = ui.duration(this.lead)
    if this.changes == 1:
        return f"The one change of the week reached production {within} after its first commit."
    said = f"Half of the {ui.count(this.changes)} changes reached production within {within} of the first commit"
    return f"{said}, and 85% of them within {ui.duration(this.lead_85)}." if not tile.few else f"{said}."


def _failures(tile: Tile, this: Pooled, evidence: Counter[str]) -> str:
    if not this.failed:
        return f"{_none_of(this)} is known to have hurt users."
    shown = ", ".join(
        ui.plural(evidence[how], how) for how in ("incident", "rollback", "hotfix", "revert") if evidence[how]
    )
    shown = shown.replace("hotfixs", "hotfixes")
    said = f"{ui.count(this.failed)} of {ui.plural(this.deployments, 'deployment')} turned out to have failed"
    return f"{said}, as shown by {shown}." if shown else f"{said}."


def _none_of(this: Pooled) -> str:
    return f"None of the {ui.count(this.deployments)} deployments" if this.deployments > 1 else "No deployment"


def _restore(tile: Tile, this: Pooled, evidence: Counter[str]) -> str:
    if this.restored == 1:
        return f"The one incident resolved in the week lasted {ui.duration(this.restore)}."
    lasted = f"{ui.duration(this.restore)} (median) and {ui.duration(this.restore_mean)} on average"
    return f"The {ui.count(this.restored)} incidents resolved in the week lasted {lasted}."


def _rework(tile: Tile, this: Pooled, evidence: Counter[str]) -> str:
    if not this.rework:
        return f"{_none_of(this)} was an unplanned answer to something broken."
    words = {
        "rollback": "rollback,rollbacks",
        "hotfix": "hotfix,hotfixes",
        "": "with nothing but reverts,with nothing but reverts",
    }
    kinds = ", ".join(ui.plural(evidence[how], words[how]) for how in words if evidence[how])
    verb = "was an unplanned answer" if this.rework == 1 else "were unplanned answers"
    said = f"{ui.count(this.rework)} of {ui.plural(this.deployments, 'deployment')} {verb} to something broken"
    return f"{said}: {kinds}." if kinds else f"{said}."


# --- where the hours went --------------------------------------------------------------------------------------------


def stage_row(label: str, middle: Sequence[ChangeRow], unit: charts.Unit, *, current: bool) -> dict[str, Any]:
    """The parts of the change at the median; of two the mean, so that the parts add up to the median exactly."""
    parts = []
    whole = timedelta()
    for name, title, tone in PARTS:
        values = [getattr(one.parts, name).value for one in middle]
        known: list[timedelta] = [value for value in values if value is not None]
        if known:
            value = sum(known, timedelta()) / len(middle)
            whole += value
            parts.append({"label": title, "value": value, "text": unit.text(value.total_seconds()), "tone": tone})
    return {"label": label, "parts": parts, "total": ui.duration(whole, "short"), "sum": whole, "current": current}


def parts(of: dora.LeadParts) -> Iterator[dict[str, Any]]:
    """The known parts of one change, for the bar in its row."""
    for name, title, tone in PARTS:
        part: dora.Part = getattr(of, name)
        if part.value is not None:
            yield {"label": title, "value": part.value, "tone": tone}


def longest_part(row: dict[str, Any], count: int) -> str:
    """Which part of the median change took longest, in a sentence."""
    if not row["parts"] or not row["sum"]:
        return ""
    most = max(row["parts"], key=lambda part: part["value"])
    who = "The change at the median" if count % 2 else "The two changes at the median, averaged,"
    return f"{who} spent {ui.duration(most['value'])} of {ui.duration(row['sum'])} on {most['label'].lower()}.".replace(
        "on waiting", "waiting"
    )


def missing_parts(rows: Sequence[ChangeRow]) -> list[str]:
    """Why parts of these changes are missing, each reason once."""
    reasons = (part.reason for one in rows for part in (one.parts.pickup, one.parts.review, one.parts.waiting))
    return sorted({reason for reason in reasons if reason})


# --- where it comes from ---------------------------------------------------------------------------------------------


BANDS = {  # the border of each band, best first
    "deployment-frequency": ("several a day", "daily to weekly", "weekly to monthly", "less than monthly"),
    "lead-time": ("under a day", "under a week", "under a month", "a month or more"),
    "change-failure-rate": ("up to 5%", "up to 10%", "up to 15%", "over 15%"),
    "time-to-restore": ("under an hour", "under a day", "under a week", "a week or more"),
}


def band_note(tile: Tile) -> str:
    """What the band stands for; of a count, over how long it was taken."""
    if tile.band is None or tile.slug not in BANDS:
        return ""
    said = BANDS[tile.slug][4 - tile.band.level]
    return f"{said}, {len(tile.spark)} weeks on average" if tile.measure.sort == "count" else said


def spread(measure: Measure, values: Sequence[tuple[str, float]]) -> str:
    """From the lowest to the highest squad: "16 h (Squad C) to 42 h (Squad B)"; "" for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values, key=lambda one: one[1]), max(values, key=lambda one: one[1])
    if value_words(measure, low[1], "short") == value_words(measure, high[1], "short"):
        return f"{value_words(measure, low[1], 'short')} in all of them"
    return " to ".join(f"{value_words(measure, value, 'short')} ({name})" for name, value in (low, high))


def industry(measure: Measure) -> str:
    """The survey's mean to stand beside, where there is one."""
    mean = charts.INDUSTRY.get(measure.slug)
    return "" if mean is None else f"{mean:.0%} on average in the {dora.INDUSTRY_2025.edition} survey"
