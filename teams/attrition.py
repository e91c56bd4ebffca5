"""Who left and who stayed over twelve months: counts always, a percentage only where it can hide nobody.

Pure: stints go in, counts come out. A stint is a time in a team; the stints given are those of one scope (a team, or
a group with everything below it), so a move inside the scope is not a departure. Source: the usual definition of
turnover, separations ÷ average headcount; retention follows the people who were there at the start, and is not
100 − turnover when people were hired in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

SENIOR_RANK = 3  # senior, staff, principal
LEAST_PEOPLE = 5  # in a smaller team a percentage is about a person
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stint:
    """A time in a team, both days included. `level` is a rank: 0 unknown, 1 junior … 5 principal."""

    person: int
    started_on: date
    ended_on: date | None = None
    level: int = 0
    separation: bool = False
    regretted: bool = False

    @property
    def senior(self) -> bool:
        return self.level >= SENIOR_RANK

    def covers(self, day: date) -> bool:
        return self.started_on <= day and (self.ended_on is None or day <= self.ended_on)


@dataclass(frozen=True, slots=True)
class Attrition:
    """What changed between two days. `opening + joined - left - moved_away == closing`, always."""

    since: date
    until: date
    opening: int
    joined: int
    left: int
    left_senior: int
    left_regretted: int
    moved_away: int
    closing: int

    @property
    def average(self) -> float:
        """The mean of the headcounts at both ends."""
        return (self.opening + self.closing) / 2

    @property
    def rate(self) -> float | None:
        """Separations ÷ average headcount, 0.0585 for 5.85 %; None when fewer than five people are concerned."""
        return self._share(self.left)

    @property
    def senior_rate(self) -> float | None:
        """The part of `rate` that seniors make up, over the same headcount."""
        return self._share(self.left_senior)

    @property
    def regretted_rate(self) -> float | None:
        """The part of `rate` that was regretted, over the same headcount."""
        return self._share(self.left_regretted)

    def _share(self, count: int) -> float | None:
        small = self.average < LEAST_PEOPLE or self.closing < LEAST_PEOPLE
        return None if small else count / self.average


@dataclass(frozen=True, slots=True)
class Retention:
    """What became of the people who were there at the start. `stayed + left + moved_away == cohort`, always.

    `leaving` of those who stayed have a last day ahead of them, and `grew` of them have a higher level than then.
    """

    since: date
    until: date
    cohort: int
    stayed: int
    left: int
    moved_away: int
    leaving: int
    grew: int

    @property
    def rate(self) -> float | None:
        """Stayed ÷ cohort; None when the cohort has fewer than five people."""
        return None if self.cohort < LEAST_PEOPLE else self.stayed / self.cohort

    @property
    def words(self) -> str:
        """The counts as said on a page: "3 of 4 stayed, 1 leaving"; "" when nobody was there at the start."""
        return ", ".join([f"{self.stayed} of {self.cohort} stayed", *self.details]) if self.cohort else ""

    @property
    def details(self) -> list[str]:
        """What is to be said beside "3 of 4 stayed", as far as it happened."""
        counts = {"moved to another team": self.moved_away, "leaving": self.leaving, "grew": self.grew}
        return [f"{count} {what}" for what, count in counts.items() if count]


@dataclass(frozen=True, slots=True)
class _Spell:
    """Days without a gap in the scope, made of one or more stints. `end` is the stint that closed it."""

    started_on: date
    ended_on: date | None
    end: Stint

    def ends_within(self, since: date, until: date) -> bool:
        """Whether the first day away falls after `since` and not after `until`."""
        return self.ended_on is not None and since < self.ended_on + _DAY <= until


def year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def attrition(stints: Iterable[Stint], *, until: date, since: date | None = None) -> Attrition:
    """Who came and went after `since` (a year before, unless told) up to and including `until`."""
    since = since or year_before(until)
    spells = [spell for own in _spells(stints).values() for spell in own]
    gone = [spell for spell in spells if spell.ends_within(since, until)]
    left = [spell for spell in gone if spell.end.separation]
    return Attrition(
        since=since,
        until=until,
        opening=sum(_present(spell, since) for spell in spells),
        joined=sum(since < spell.started_on <= until for spell in spells),
        left=len(left),
        left_senior=sum(spell.end.senior for spell in left),
        left_regretted=sum(spell.end.regretted for spell in left),
        moved_away=len(gone) - len(left),
        closing=sum(_present(spell, until) for spell in spells),
    )


def retention(
    stints: Iterable[Stint], *, until: date, since: date | None = None, seniors_only: bool = False
) -> Retention:
    """What became, by `until`, of the people (or only the seniors) who were there on `since`, a year before.

    Somebody who left and came back has left: the cohort is about staying.
    """
    since = since or year_before(until)
    stints = list(stints)
    then, now = _levels(stints, since), _levels(stints, until)
    cohort = stayed = left = moved_away = leaving = grew = 0
    for person, spells in _spells(stints).items():
        if person not in then or (seniors_only and then[person] < SENIOR_RANK):
            continue
        cohort += 1
        spell = next(spell for spell in spells if _present(spell, since))
        if spell.ends_within(since, until):
            left += spell.end.separation
            moved_away += not spell.end.separation
        else:
            stayed += 1
            leaving += spell.ended_on is not None and spell.end.separation
            grew += now[person] > then[person] > 0
    return Retention(since, until, cohort, stayed, left, moved_away, leaving, grew)


def _spells(stints: Iterable[Stint]) -> dict[int, list[_Spell]]:
    """Each person's stints, joined where they touch or overlap, in the order of time."""
    by_person: dict[int, list[Stint]] = defaultdict(list)
    for stint in stints:
        by_person[stint.person].append(stint)
    return {person: _joined(own) for person, own in by_person.items()}


def _joined(stints: list[Stint]) -> list[_Spell]:
    spells: list[_Spell] = []
    for stint in sorted(stints, key=lambda stint: stint.started_on):
        last = spells[-1] if spells else None
        if last is None or (last.ended_on is not None and stint.started_on > last.ended_on + _DAY):
            spells.append(_Spell(stint.started_on, stint.ended_on, stint))
        else:
            spells[-1] = _Spell(last.started_on, *_later(last, stint))
    return spells


def _later(spell: _Spell, stint: Stint) -> tuple[date | None, Stint]:
    """Where a spell ends once `stint` is part of it; of two that end on one day, the departure is what ended it."""
    if spell.ended_on is None:
        return None, spell.end
    if stint.ended_on is None:
        return None, stint
    if stint.ended_on == spell.ended_on:
        return spell.ended_on, max(spell.end, stint, key=lambda end: (end.separation, end.regretted, end.level))
    return (stint.ended_on, stint) if stint.ended_on > spell.ended_on else (spell.ended_on, spell.end)


def _present(spell: _Spell, day: date) -> bool:
    return spell.started_on <= day and (spell.ended_on is None or day <= spell.ended_on)


def _levels(stints: Iterable[Stint], day: date) -> dict[int, int]:
    """The highest level of everybody present on `day`."""
    levels: dict[int, int] = {}
    for stint in stints:
        if stint.covers(day):
            levels[stint.person] = max(levels.get(stint.person, 0), stint.level)
    return levels
