"""The catalogue of the five measures: what each is called, how it is defined, and how its values are written.

The definitions themselves are `dora.py`'s; here are their words for the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from teams.templatetags import ui

from .rollups import Pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One of the five. `sort`: a count, a time or a share; `events`: what it is counted from."""

    slug: str
    title: str
    sort: Literal["count", "time", "share"]
    better: Literal["up", "down"]
    definition: str
    made_from: str
    events: tuple[str, str]  # one, many
    words: tuple[str, str]  # of a growth, of a fall

    def value(self, one: Pooled) -> float | None:
        """Deployments, seconds, or a share from 0 to 1. None is not 0."""
        found = _VALUES[self.slug](one)
        return found.total_seconds() if isinstance(found, timedelta) else found

    def count(self, one: Pooled) -> int:
        """How many events the value of that week rests on."""
        return {"lead-time": one.changes, "time-to-restore": one.restored}.get(self.slug, one.deployments)

    def hits(self, one: Pooled) -> int:
        """The upper half of a share."""
        return one.failed if self.slug == "change-failure-rate" else one.rework


_VALUES: dict[str, Callable[[Pooled], float | timedelta | None]] = {
    "deployment-frequency": lambda one: float(one.deployments),
    "lead-time": lambda one: one.lead,
    "change-failure-rate": lambda one: one.failure_rate,
    "time-to-restore": lambda one: one.restore,
    "rework-rate": lambda one: one.rework_rate,
}

_ALL = (
    Measure(
        slug="deployment-frequency",
        title="Deployment frequency",
        sort="count",
        better="up",
        definition="Successful deployments to production in a week. A week without one counts as 0.",
        made_from="deployments",
        events=("deployment", "deployments"),
        words=("more", "fewer"),
    ),
    Measure(
        slug="lead-time",
        title="Lead time for changes",
        sort="time",
        better="down",
        definition="First commit of a change to running in production; the median of the changes deployed in the week.",
        made_from="commits, pull requests and the deployments that carried them",
        events=("change", "changes"),
        words=("slower", "faster"),
    ),
    Measure(
        slug="change-failure-rate",
        title="Change failure rate",
        sort="share",
        better="down",
        definition="Production deployments that an incident, a rollback, a hotfix or a revert shows to have failed, "
        "out of all successful ones.",
        made_from="deployments, incidents, rollbacks, hotfixes and reverts",
        events=("deployment", "deployments"),
        words=("worse", "better"),
    ),
    Measure(
        slug="time-to-restore",
        title="Time to restore",
        sort="time",
        better="down",
        definition="Start of an incident to its end; the median of the incidents resolved in the week.",
        made_from="incidents",
        events=("incident", "incidents"),
        words=("slower", "faster"),
    ),
    Measure(
        slug="rework-rate",
        title="Rework rate",
        sort="share",
        better="down",
        definition="Production deployments that were a rollback, a hotfix or nothing but reverts, out of all "
        "successful ones.",
        made_from="deployments",
        events=("deployment", "deployments"),
        words=("worse", "better"),
    ),
)
MEASURES: dict[str, Measure] = {measure.slug: measure for measure in _ALL}


def value_words(measure: Measure, value: float | None, form: str = "") -> str:
    """A value with its unit: "31 hours" ("31 h" in the form "short"), "13%", "23"; "–" for None."""
    if value is None:
        return ui.MISSING
    if measure.sort == "time":
        return ui.duration(timedelta(seconds=value), form)
    return ui.percent(value) if measure.sort == "share" else ui.count(value)


def difference(measure: Measure, now: float, then: float) -> str:
    """How far apart two values are, as a reader of the two printed figures works it out; "" when these are the same."""
    if measure.sort == "share":
        points = abs(_whole_points(now) - _whole_points(then))
        return ui.plural(points, "point,points") if points else ""
    one, other = value_words(measure, now), value_words(measure, then)
    if one == other:
        return ""
    (first, unit), (second, other_unit) = _number(one), _number(other)
    if first is None or second is None or unit != other_unit:
        return ui.duration(timedelta(seconds=abs(now - then)))
    size = ui.count(abs(first - second))
    return f"{size} {unit if size == '1' or not unit else unit + 's'}".strip()


def _whole_points(share: float) -> int:
    return int((Decimal(str(share)) * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def _number(words: str) -> tuple[Decimal | None, str]:
    """ "31 hours" → (31, "hour"); "under a minute" → (None, …)."""
    figure, _, unit = words.partition(" ")
    figure = figure.replace(",", "")
    return (Decimal(figure) if figure.replace(".", "").isdigit() else None), unit.removesuffix("s")
