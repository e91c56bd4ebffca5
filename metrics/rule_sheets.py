"""Rules as a person edits them: lines of conditions that may be half written, with what is wrong at each place.

Pure: fields of a form in, rules as they are stored out. Nothing that was typed is lost, however wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .rules import LONGEST, MOST, TRAITS, BadRule, compiled

KINDS = ("production", "services", "incidents")
MOST_CONDITIONS = 6


@dataclass(slots=True)
class Condition:
    trait: str = ""
    pattern: str = ""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.pattern.strip()


@dataclass(slots=True)
class Line:
    """One rule: it holds when all its conditions do."""

    conditions: list[Condition] = field(default_factory=lambda: [Condition()])
    name: str = ""  # of the service, where the sheet names services
    name_error: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.name.strip() and all(one.is_blank for one in self.conditions)


@dataclass(slots=True)
class Sheet:
    """The rules of one kind; without `own` the provider's usual ones stand."""

    kind: str
    own: bool
    lines: list[Line]

    @property
    def names(self) -> bool:
        return self.kind == "services"

    def said(self) -> list[dict[str, str]]:
        """The rules as they are stored; blank lines and blank conditions are none."""
        found = []
        for line in self.lines:
            if line.is_blank:
                continue
            rule = {one.trait: one.pattern.strip() for one in line.conditions if not one.is_blank}
            found.append(rule | ({"name": line.name.strip()} if self.names else {}))
        return found

    def is_right(self) -> bool:
        """Whether these rules can be used; else what is wrong stands where it is."""
        right = True
        for line in self.lines:
            if line.is_blank:
                continue
            if self.names and not line.name.strip():
                line.name_error, right = "Say which service this is.", False
            seen: set[str] = set()
            for one in line.conditions:
                one.error = "" if one.is_blank else _wrong(one, seen)
                seen.add(one.trait)
                right = right and not one.error
            if all(one.is_blank for one in line.conditions):
                line.conditions[0].error, right = "Write what to look for, or remove the line.", False
        return right


def _wrong(one: Condition, seen: Collection[str]) -> str:
    if one.trait not in TRAITS:
        return "Choose what to look at."
    if one.trait in seen:
        return f"This rule asks about the {TRAITS[one.trait]} twice. Put both into one pattern, divided by a comma."
    try:
        compiled(one.pattern)
    except BadRule as wrong:
        return str(wrong)
    return ""


def stored(rules: Mapping[str, Any], usual: Mapping[str, Any]) -> list[Sheet]:
    """The sheets of a source's rules; where nothing is stored its provider's usual rules, not its own."""
    found = []
    for kind in KINDS:
        own = kind in rules
        said = rules.get(kind) if own else usual.get(kind)
        lines = [_line(rule) for rule in said or () if isinstance(rule, Mapping)]
        found.append(Sheet(kind, own or kind == "services", lines))
    return found


def _line(rule: Mapping[str, Any]) -> Line:
    conditions = [Condition(str(trait), str(pattern)) for trait, pattern in rule.items() if trait != "name"]
    return Line(conditions or [Condition()], str(rule.get("name", "")))


def typed(fields: Mapping[str, str]) -> list[Sheet]:
    """The sheets as they were sent: "production-own", "production-0-1-trait", "production-0-1-pattern", …"""
    found = []
    for kind in KINDS:
        lines: dict[int, dict[int, Condition]] = {}
        names: dict[int, str] = {}
        for key, value in fields.items():
            sort, *place = key.split("-")
            if sort != kind or not place or not place[0].isdecimal() or int(place[0]) >= 2 * MOST:
                continue
            match place[1:]:
                case ["name"]:
                    names[int(place[0])] = value[:LONGEST]
                    lines.setdefault(int(place[0]), {})
                case [number, ("trait" | "pattern") as part] if number.isdecimal() and int(number) < MOST_CONDITIONS:
                    one = lines.setdefault(int(place[0]), {}).setdefault(int(number), Condition())
                    setattr(one, part, value[: 2 * LONGEST])
        found.append(
            Sheet(
                kind,
                kind == "services" or fields.get(f"{kind}-own") == "1",
                [
                    Line([one for _, one in sorted(conditions.items())] or [Condition()], names.get(place_, ""))
                    for place_, conditions in sorted(lines.items())
                ],
            )
        )
    return found


def acted(sheets: Sequence[Sheet], act: str, usual: Mapping[str, Any]) -> bool:
    """Do what a button says: "add-production", "remove-production-2" and "more-production-2" are about lines;
    "own-production" begins rules of one's own with the usual ones, "usual-production" goes back to these.
    """
    verb, _, rest = act.partition("-")
    kind, _, number = rest.partition("-")
    sheet = next((one for one in sheets if one.kind == kind), None)
    if sheet is None:
        return False
    place = int(number) if number.isdecimal() else -1
    match verb:
        case "own":
            sheet.own, sheet.lines = True, [_line(rule) for rule in usual.get(kind) or ()] or [Line()]
        case "usual" if not sheet.names:
            sheet.own, sheet.lines = False, []
        case "add" if len(sheet.lines) < MOST:
            sheet.own = True
            sheet.lines.append(Line())
        case "remove" if 0 <= place < len(sheet.lines):
            sheet.own = True
            del sheet.lines[place]
        case "more" if 0 <= place < len(sheet.lines) and len(sheet.lines[place].conditions) < MOST_CONDITIONS:
            sheet.own = True
            sheet.lines[place].conditions.append(Condition())
        case _:
            return False
    return True


def rules_of(sheets: Sequence[Sheet]) -> dict[str, list[dict[str, str]]]:
    """What is stored: the sheets of one's own; the others stay the provider's."""
    return {sheet.kind: sheet.said() for sheet in sheets if sheet.own}
