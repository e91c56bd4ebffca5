"""Rows of dependencies: read, their ends found among what is there or comes with them, loops refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from delivery.actions.contracts import MOST_LAG
from delivery.loops import Waits
from delivery.models import Dependency

from . import values
from .known import Choices, Known
from .plan import Fate, Held, Intent, LinkIntent, Plan, WantedLink
from .rows import Row, Table
from .values import Unclear

T = TypeVar("T")
FOUND = {key.lower(): value for value, label in Dependency.Found.choices for key in (value, str(label))}
KIND = {"finishtostart": "FS", "starttostart": "SS", "finishtofinish": "FF", "starttofinish": "SF"}
CODE = re.compile(r"C-(\d{1,18})", re.IGNORECASE)


def plan(table: Table, fields: list[str], known: Known, choices: Choices) -> Plan:
    """The fate of every row. `fields` names the field of each column, "" for one that is left out."""
    wanted = [read(row, table.names, fields, choices) for row in table.rows]
    return Plan(links=judge(wanted, known, choices, []), read_as=table.read_as)


def read(row: Row, names: list[str], fields: list[str], choices: Choices) -> WantedLink:
    """One row, typed; what cannot be read is a problem of the row."""
    columns = {field: name for field, name in zip(fields, names, strict=True) if field}
    raw = {field: cell for field, cell in zip(fields, row.cells, strict=True) if field}
    found = WantedLink(
        row.line, raw.get("before", ""), raw.get("after", ""), id=raw.get("id", "")[:200], text=raw.get("text", ""),
        raw=raw, columns=columns, problems=list(row.problems),
    )  # fmt: skip
    for end, what in (("before", "Say what is needed first."), ("after", "Say what waits for it.")):
        if not getattr(found, end):
            found.wrong(end, f"{what} Write an id, a C-number or an exact title.")
    if len(found.text) > 300:
        found.wrong("text", f"This is {len(found.text):,} characters; 300 fit. Shorten it.")
    found.kind = _value(found, "kind", _kind) or "FS"
    found.lag = _value(found, "lag", lambda text: values.whole(text, lowest=-MOST_LAG, highest=MOST_LAG, what="days"))
    found.in_calendar_days = _value(found, "in_calendar_days", values.truth)
    found.needed_by = _value(found, "needed_by", lambda text: values.day(text, choices.order))
    found.found = _value(found, "found", _found) or ""
    return found


def _value(row: WantedLink, field: str, convert: Callable[[str], T]) -> T | None:
    text = row.raw.get(field, "").strip()
    if not text:
        return None
    try:
        return convert(text)
    except Unclear as unclear:
        row.wrong(field, str(unclear))
        return None


def _kind(text: str) -> str:
    word = "".join(sign for sign in text if sign.isalpha())
    found = KIND.get(word.lower(), word.upper())
    if found not in Dependency.Kind.values:
        raise Unclear("Write FS, SS, FF or SF.")
    return found


def _found(text: str) -> str:
    word = FOUND.get(" ".join(text.lower().split()))
    if word is None:
        raise Unclear("Write planning, sprint or midsprint.")
    return word


def judge(rows: list[WantedLink], known: Known, choices: Choices, promises: list[Intent]) -> list[LinkIntent]:
    """The fate of every link; `promises` are the rows that come with it, made before it."""
    ends = _Ends(known, choices, promises)
    waits = Waits((str(before), str(after)) for before, after, _ in known.links)
    seen: dict[tuple[str, str, str], int] = {}
    return [_judged(row, known, choices, ends, waits, seen) for row in rows]


def _judged(
    row: WantedLink,
    known: Known,
    choices: Choices,
    ends: _Ends,
    waits: Waits,
    seen: dict[tuple[str, str, str], int],
) -> LinkIntent:
    one = LinkIntent(row.line, Fate.ERROR, row, title=f"{row.after} needs {row.before}", problems=row.problems)
    one.external = (choices.source, row.id) if row.id else ("", "")
    for end in ("before", "after"):
        if getattr(row, end):
            try:
                setattr(one, end, ends.find(getattr(row, end), writes=end == "after"))
            except Absent as absent:
                if row.lenient:
                    one.fate = Fate.LEFT_OUT
                    one.notes.append(f"{getattr(row, end)} is not here, so the link is left out.")
                    return one
                row.wrong(end, str(absent))
            except LookupError as unknown:
                row.wrong(end, str(unknown))
    if row.problems:
        return one
    one.title = f"{ends.title(one.after)} needs {ends.title(one.before)}"
    key = (one.before, one.after, row.kind)
    there = known.links.get((int(one.before), int(one.after), row.kind)) if _both_there(one) else None
    if there is not None:
        lag, in_calendar_days = there
        if row.lag not in (None, lag) or row.in_calendar_days not in (None, in_calendar_days):
            row.wrong("lag", f"This link is there already, with a lag of {lag}. Remove it on its page first.")
            return one
        one.fate = Fate.UNCHANGED
        return one
    if key in seen:
        if row.lenient:  # a tracker tells of each link twice, once from either end
            one.fate = Fate.LEFT_OUT
            one.notes.append(f"The same link as from issue {seen[key]}.")
        else:
            row.wrong("after", f"Line {seen[key]} names the same link. Keep one of them.")
        return one
    loop = waits.loop(one.before, one.after)
    if loop:
        named = " → ".join(ends.title(end) for end in _short(loop))
        row.wrong("before", f"This closes a loop: {named}. Leave out one of its links.")
        return one
    seen[key] = row.line
    waits.add(one.before, one.after)
    one.fate = Fate.CREATE
    return one


def _both_there(one: LinkIntent) -> bool:
    return one.before.isdecimal() and one.after.isdecimal()


def _short(loop: list[str]) -> list[str]:
    return loop if len(loop) <= 9 else [*loop[:5], "…", *loop[-3:]]


class Absent(LookupError):
    """No commitment of this name."""


class _Ends:
    """Finds a commitment by id, C-number or title; those that come with the file are "line 12"."""

    def __init__(self, known: Known, choices: Choices, promises: list[Intent]) -> None:
        self.known, self.choices = known, choices
        self.coming = {one.wanted.id: one for one in promises if one.wanted.id}
        self.titles: dict[str, str] = {str(pk): title for pk, title in known.titles.items()}
        self.ids: dict[str, list[Held]] = {}
        self.by_title: dict[str, list[Held]] = {}
        for (_, text), held in known.by_id.items():
            self.ids.setdefault(text, []).append(held)
        for (_, title), group in known.by_title.items():
            self.by_title.setdefault(title, []).extend(group)

    def find(self, text: str, *, writes: bool) -> str:
        """Raises Absent, or LookupError for what is unclear or not to be written."""
        row = self.coming.get(text)
        if row is not None and row.held is None:
            return self._coming(row, text)
        held = row.held if row is not None else self._held(text)
        assert held is not None
        if writes and not held.may_log:
            raise LookupError("It waits in a team in which you may not write. Ask that team to add the link.")
        self.titles[str(held.pk)] = held.title
        return str(held.pk)

    def _coming(self, row: Intent, text: str) -> str:
        if row.fate is Fate.LEFT_OUT:
            raise Absent(f"{text} is left out.")
        if row.fate is Fate.ERROR:
            raise LookupError(f"{text} cannot be imported itself. Mend {'issue' if row.wanted.lenient else 'line'} "
                              f"{row.line} first.")  # fmt: skip
        key = f"line {row.line}"
        self.titles[key] = row.title
        return key

    def _held(self, text: str) -> Held:
        own = self.known.by_id.get((self.choices.source, text))
        group = [own] if own and own.seen else [held for held in self.ids.get(text, []) if held.seen]
        code = CODE.fullmatch(text)
        if not group and code:
            group = [self.known.by_code[int(code[1])]] if int(code[1]) in self.known.by_code else []
        if not group:
            group = [held for held in self.by_title.get(text.lower(), []) if held.seen]
        if len(group) > 1:
            raise LookupError("Several commitments are called this. Write the C-number from its page.")
        if not group:
            raise Absent("No commitment that you see is called this. Write its id, its C-number or its exact title.")
        return group[0]

    def title(self, end: str) -> str:
        return "…" if end == "…" else self.titles.get(end, "a commitment that you do not see")[:80]
