"""What an import is judged against: the teams, commitments, people and plans that somebody may name. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import date

from .plan import Held, some


@dataclass(frozen=True, slots=True)
class TeamKnown:
    pk: int
    slug: str
    name: str
    is_group: bool = False
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person chose for the whole file."""

    source: str = "csv"
    order: str = ""  # dmy, mdy, or "": refuse what can be two days
    team: str = ""  # slug: for rows that name none
    reason: str = ""  # for dates that moved, of rows that give none
    option: str = ""


@dataclass(slots=True)
class Known:
    """Names are in lower case; what a name means twice is in `twice`."""

    today: date
    teams: list[TeamKnown] = field(default_factory=list)  # those over which the person may log
    people: dict[str, int | None] = field(default_factory=dict)  # None: that name is two people's
    outcomes: dict[str, int | None] = field(default_factory=dict)
    intervals: dict[str, int | None] = field(default_factory=dict)
    by_id: dict[tuple[str, str], Held] = field(default_factory=dict)
    by_title: dict[tuple[int, str], list[Held]] = field(default_factory=dict)  # team, title
    by_code: dict[int, Held] = field(default_factory=dict)
    links: dict[tuple[int, int, str], tuple[int, bool]] = field(default_factory=dict)  # ends, kind → lag
    titles: dict[int, str] = field(default_factory=dict)  # of what is linked already and may be seen
    _teams: dict[str, list[TeamKnown]] = field(default_factory=dict)

    def team(self, text: str, *, milestone: bool = False) -> TeamKnown:
        """By slug, else by name. Raises LookupError saying which names come close."""
        if not self._teams:
            for one in self.teams:
                for name in dict.fromkeys((one.slug.lower(), one.name.lower())):
                    self._teams.setdefault(name, []).append(one)
        word = " ".join(text.lower().split())
        found = self._teams.get(word, [])
        exact = [one for one in found if one.slug == word]
        if len(found) > 1 and not exact:
            slugs = some(one.slug for one in found)
            raise LookupError(f"{len(found)} teams have this name. Write its short name: {slugs}.")
        if not found:
            close = difflib.get_close_matches(word, self._teams, n=3, cutoff=0.5)
            near = list(dict.fromkeys(self._teams[name][0].name for name in close))
            meant = f"Did you mean {some(near)}?" if near else self._offer()
            raise LookupError(f"You have no team of this name to write in. {meant}")
        team = (exact or found)[0]
        if team.is_closed:
            raise LookupError(f"{team.name} is closed. Choose another team.")
        if team.is_group and not milestone:
            raise LookupError(f"{team.name} is a group; a promise belongs to one team. Choose a squad or a vendor.")
        return team

    def _offer(self) -> str:
        open_ones = [one.name for one in self.teams if not one.is_group and not one.is_closed]
        if not open_ones:
            return "Ask for a role in a team that holds promises."
        return f"Write one of: {', '.join(open_ones[:6])}{' …' if len(open_ones) > 6 else ''}."

    def named(self, kind: str, text: str) -> int:
        """The person, outcome or planning interval of this name. Raises LookupError."""
        where: dict[str, int | None] = getattr(self, kind)
        word = " ".join(text.lower().split())
        if word in where:
            found = where[word]
            if found is None:
                raise LookupError(_TWICE[kind])
            return found
        close = difflib.get_close_matches(word, where, n=3, cutoff=0.6) if len(where) < 5000 else []
        raise LookupError(f"{_UNKNOWN[kind]} {f'Did you mean {some(close)}?' if close else _ELSE[kind]}")


_TWICE = {
    "people": "Several people have this name. Write the email address.",
    "outcomes": "Several outcomes have this title. Rename one of them first.",
    "intervals": "Several planning intervals have this name. Rename one of them first.",
}
_UNKNOWN = {
    "people": "You know nobody of this name or address here.",
    "outcomes": "There is no such outcome.",
    "intervals": "There is no such planning interval.",
}
_ELSE = {
    "people": "Leave the cell empty, or add the person first.",
    "outcomes": "Leave the cell empty, or add the outcome first.",
    "intervals": "Leave the cell empty, or add the interval first.",
}
