"""What changed between two moments in words, grouped: slipped, delivered, decided, moved. Pure but for addresses.

Every record that differs is told once, under what matters most of it; what does not differ in words is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from teams.templatetags import ui

from .known import Change as Difference
from .known import Known, Need, Promise, Record, Slip, changes

MOST = 3
NOTABLE_DAYS = 3  # a forecast that moves less is no news
GROUPS = (
    ("slipped", "Slipped", "slip"), ("forecast", "Forecast moved", "metrics"), ("new", "New commitments", "plus"),
    ("needs", "New dependencies", "dependency"), ("contracts", "Dependencies", "dependency"),
    ("status", "Status changed", "metrics"), ("risks", "Risks", "shield"), ("requirements", "Requirements", "check"),
    ("delivered", "Delivered", "check"), ("decided", "Decided", "gavel"), ("asked", "Asked to decide", "gavel"),
    ("cancelled", "Cancelled", "close"), ("deadlines", "Deadlines", "calendar"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One line: in which group, who or what, what happened, on which day, and where its rows are."""

    group: str
    what: str
    text: str
    when: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of change: its first lines, and the rest behind a fold."""

    title: str
    icon: str
    lines: tuple[Told, ...]

    @property
    def changes(self) -> tuple[Told, ...]:
        return self.lines[:MOST]

    @property
    def rest(self) -> tuple[Told, ...]:
        return self.lines[MOST:]

    @property
    def count(self) -> int:
        return len(self.lines)


def groups(before: Known, after: Known) -> list[Group]:
    """Only those with something in them."""
    made = sorted(changes(before, after), key=lambda one: one.kind != "deadlines")  # what hangs on a deadline first
    lines = list(told(made, after))
    return [
        Group(title, icon, own)
        for name, title, icon in GROUPS
        if (own := tuple(one for one in lines if one.group == name))
    ]


def told(made: Iterable[Difference], after: Known) -> Iterator[Told]:
    for _, line in told_of(made, after):
        yield line


def told_of(made: Iterable[Difference], after: Known) -> Iterator[tuple[Difference, Told]]:
    """Each line with what it tells. A milestone's forecast is told as its deadline's, where that tells it."""
    pairs = [
        (one, line)
        for one in made
        if one.after is not None  # a row is only gone when it left the scope or its deadline was closed
        for line in _KINDS[one.kind](one.before, one.after, after)
    ]
    spoken = {one.after.milestone for one, line in pairs if one.kind == "deadlines" and line.group == "forecast"}
    for one, line in pairs:
        if not (one.kind == "promises" and line.group == "forecast" and one.after.id in spoken):
            yield one, line


def _promise(before: Promise | None, one: Promise, after: Known) -> Iterator[Told]:
    url = reverse("delivery:commitment", args=[one.id])
    if before is None:
        if one.delivered is None and one.state != "cancelled":
            yield Told("new", one.title, f"promised by {one.team_name} for {ui.day(one.due)}.", "", url)
        return
    if one.state == before.state and one.even == before.even:
        return
    if one.state == "delivered" and before.state != "delivered" and one.delivered:
        yield Told("delivered", one.title, f"{_against(one.delivered, one.due)}.", _when(one.delivered, after), url)
    elif one.state == "cancelled" and before.state != "cancelled":
        yield Told("cancelled", one.title, one.why or "without a reason.", "", url)
    elif one.state != before.state:
        text = f"{before.word.lower()}, now {one.word.lower()}."
        yield Told("status", one.title, text, "", url)
    elif one.even and before.even and abs((one.even - before.even).days) >= NOTABLE_DAYS:
        yield Told("forecast", one.title, f"{_range(before.even, one.even)} at even odds.", "", url)


def _deadline(before: Any, one: Any, after: Known) -> Iterator[Told]:
    url = reverse("delivery:commitment", args=[one.milestone])
    if before is None:
        yield Told("deadlines", one.name, f"set for {ui.day(one.date)}.", "", url)
    elif one.date != before.date:
        yield Told("deadlines", one.name, f"moved, {_range(before.date, one.date)}.", "", url)
    elif one.even and before.even and one.even != before.even:
        yield Told("forecast", one.title, f"forecast {_range(before.even, one.even)}.", "", url)


def _slip(before: Slip | None, one: Slip, after: Known) -> Iterator[Told]:
    if before is not None:
        return
    ahead = (one.frm - one.on).days
    warned = f"Warned {ui.plural(ahead, 'day')} ahead" if ahead > 0 else "Not warned before its day"
    with_ = f", with {ui.plural(one.options, 'option')}" if one.options else ""
    text = f"{_range(one.frm, one.to)}. {warned}{with_}."
    yield Told("slipped", one.title, text, _when(one.on, after), reverse("delivery:commitment", args=[one.commitment]))


def _need(before: Need | None, one: Need, after: Known) -> Iterator[Told]:
    url = reverse("delivery:dependency", args=[one.id])
    what = f"{one.asks} needs {one.gives}"
    if before is None:
        agreed = f"Agreed for {ui.day(one.agreed)}." if one.agreed else "No day agreed."
        yield Told("needs", what, f"for {one.what or one.before_title}. {agreed}", "", url)
    elif one.step != before.step:
        day = f" for {ui.day(one.agreed)}" if one.agreed and one.step == "agreed" else ""
        yield Told("contracts", what, f"for {one.what or one.before_title}: {one.step}{day}.", "", url)


def _record(kind: str) -> Any:
    address = {"risks": "risk", "decisions": "decision", "requirements": "requirement"}[kind]

    def tell(before: Record | None, one: Record, after: Known) -> Iterator[Told]:
        if before is not None and before.state == one.state:
            return
        group = {"risks": "risks", "requirements": "requirements"}.get(kind, "asked")
        if kind == "decisions" and one.state == "decided":
            group, text = "decided", f"{one.said}, by {one.by}."
        elif kind == "decisions":
            text = {"asked": "waits for an answer.", "passed": f"was passed on by {one.by}."}.get(
                one.state, "withdrawn."
            )
        else:
            text = f"{one.state}." if before is not None or one.state == "resolved" else f"new, {one.state}."
        url = reverse(f"stakeholders:{address}", args=[one.id])
        yield Told(group, one.title, text, _when(one.on, after), url)

    return tell


def _choice(before: Record | None, one: Record, after: Known) -> Iterator[Told]:
    if before is None:
        url = reverse("delivery:commitment", args=[int(one.state)]) + "#options"
        yield Told("decided", one.said, f"for {one.title}, by {one.by}.", _when(one.on, after), url)


_KINDS: dict[str, Any] = {
    "promises": _promise, "deadlines": _deadline, "needs": _need, "slips": _slip, "choices": _choice,
    "risks": _record("risks"), "decisions": _record("decisions"), "requirements": _record("requirements"),
}  # fmt: skip


def _against(day: date, due: date) -> str:
    days = (day - due).days
    return f"{ui.plural(abs(days), 'day')} {'late' if days > 0 else 'early'}" if days else "on the promised day"


def _range(before: date, after: date) -> str:
    return f"{ui.day(before)} to {ui.day(after)}"


def _when(day: date | None, after: Known) -> str:
    if day is None:
        return ""
    return f"{day:%a}" if 0 <= (after.today - day).days < 7 else ui.day(day)


__all__: Sequence[str] = ("GROUPS", "Group", "Told", "groups", "told")
