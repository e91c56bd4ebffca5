"""How much of the code a build's tests ran through, as Jenkins' plugins for it say: line coverage in percent. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from metrics import read

# where each plugin tells it, the newest first, and by which action a build that has it is known
PLACES: tuple[tuple[str, str, str], ...] = (
    ("coverage.metrics", "coverage", "projectStatistics[*],_class"),
    ("plugins.coverage.", "coverage/result", "results[elements[*],name]"),
    ("jacoco", "jacoco", "lineCoverage[*]"),
    ("cobertura", "cobertura", "results[elements[*],name]"),
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def percent(said: object) -> float | None:
    """Line coverage from any of the plugins' answers; None where it is not told."""
    for found in (
        read.at(said, "projectStatistics", "line"),
        read.at(said, "lineCoverage", "percentageFloat"),
        read.at(said, "lineCoverage", "percentage"),
        *(
            element.get("ratio")
            for element in read.rows(read.at(said, "results", "elements"))
            if read.text(element.get("name"), 40).lower() in ("line", "lines")
        ),
    ):
        if (number := _number(found)) is not None and 0 <= number <= 100:
            return round(number, 2)
    return None


def hinted(build: Mapping[str, Any]) -> str:
    """The place of the plugin that an action of this build belongs to; "" when no action says so."""
    for action in read.rows(build.get("actions")):
        kind = read.text(action.get("_class"), 200)
        for part, place, _ in PLACES:
            if part in kind:
                return place
    return ""


def tree(place: str) -> str:
    return next(asked for _, known, asked in PLACES if known == place)


def _number(said: object) -> float | None:
    if isinstance(said, bool):
        return None
    if isinstance(said, int | float):
        return float(said)
    found = _NUMBER.search(said[:40]) if isinstance(said, str) else None
    return float(found.group().replace(",", ".")) if found else None
