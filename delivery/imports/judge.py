"""What would become of each wanted commitment: made, changed, left as it is, or refused with the reason. Pure."""

from __future__ import annotations

from delivery.actions import Proposal

from .known import Choices, Known
from .plan import Fate, Held, Intent, Wanted


def judge(rows: list[Wanted], known: Known, choices: Choices) -> list[Intent]:
    """The fate of every row, in the order of the file."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        one = _judged(row, known, choices)
        if one.fate in (Fate.CREATE, Fate.UPDATE, Fate.UNCHANGED):
            key = ("id", row.id) if row.id else (str(one.team), row.title.lower())
            first = seen.setdefault(key, row.line)
            if first != row.line:
                what = f"{'Issue' if row.lenient else 'Line'} {first} names the same commitment. Keep one of them."
                row.wrong("id" if row.id else "title", what, row.id or row.title)
                one.fate = Fate.ERROR
        one.problems = row.problems
        found.append(one)
    return found


def _judged(row: Wanted, known: Known, choices: Choices) -> Intent:
    one = Intent(row.line, Fate.ERROR, row, external=(choices.source, row.id) if row.id else ("", ""), notes=row.notes)
    if row.left_out:
        one.fate = Fate.LEFT_OUT
        one.notes = [row.left_out]
        return one
    if not row.title and not any(problem.column == row.columns.get("title") for problem in row.problems):
        row.wrong("title", "Say what is promised.")
    held = known.by_id.get((choices.source, row.id)) if row.id else None
    one.team = _team(row, held, known, choices)
    if held is None and not row.id and one.team is not None:
        same = known.by_title.get((one.team, row.title.lower()), [])
        if len(same) > 1:
            row.wrong("title", "Several commitments of this team have this title. Give each an id.")
        held = same[0] if len(same) == 1 else None
    one.held = held
    for field, kind in (("owner", "people"), ("outcome", "outcomes"), ("interval", "intervals")):
        setattr(one, field, _named(row, field, kind, known))
    if held is not None and not held.may_log:
        row.wrong("id", "This id belongs to a commitment of a team in which you may not write. Leave the row out.")
    elif held is None:
        _new(one, known)
    else:
        _changed(one, held, known, choices)
    if not row.problems:
        one.fate = Fate.CREATE if held is None else Fate.UPDATE if one.acts else Fate.UNCHANGED
    return one


def _team(row: Wanted, held: Held | None, known: Known, choices: Choices) -> int | None:
    if not row.team and held is not None:
        return held.team
    name = row.team or choices.team
    if not name:
        row.wrong("team", "Name the team. This page's own team holds no promises.")
        return None
    milestone = row.is_milestone if held is None else held.is_milestone
    try:
        return known.team(name, milestone=bool(milestone)).pk
    except LookupError as unknown:
        row.wrong("team", str(unknown), row.team or name)
        return None


def _named(row: Wanted, field: str, kind: str, known: Known) -> int | None:
    name = getattr(row, field)
    if not name:
        return None
    try:
        return known.named(kind, name)
    except LookupError as unknown:
        if row.lenient:
            row.notes.append(f"The {field} “{name[:60]}” is not known here and is left out.")
        else:
            row.wrong(field, str(unknown))
        return None


def _new(one: Intent, known: Known) -> None:
    row = one.wanted
    if row.promised_on is None and not row.raw.get("promised_on"):
        row.wrong("promised_on", "Say for which day it is promised, as 2026-01-31.")
    if row.made_on and row.made_on > known.today:
        row.wrong("made_on", "This day has not come. Write the day on which it was promised.")
    one.acts = ["make"]
    _ended(one, None, known)


def _changed(one: Intent, held: Held, known: Known, choices: Choices) -> None:
    row = one.wanted
    if row.state == "open" and held.state != "open" and not row.lenient:
        one.acts.append("reopen")
        one.changes.append(f"reopened, was {held.state}")
    is_open = held.state == "open" or "reopen" in one.acts
    if one.team is not None and one.team != held.team:
        if is_open:
            one.acts.append("move")
            name = next((team.name for team in known.teams if team.pk == one.team), "")
            one.changes.append(f"handed to {name}")
        else:
            one.notes.append(f"{held.state.capitalize()} here: it stays with its team.")
    edited = [
        words
        for field, words in (
            ("title", "title"), ("about", "about"), ("owner", "owner"), ("outcome", "outcome"),
            ("interval", "interval"), ("is_stretch", "stretch"), ("planned_value", "value"),
            ("no_earlier_than", "not before"),
        )
        if _said(one, field) not in (None, "", getattr(held, field))
    ]  # fmt: skip
    if edited:
        one.acts.append("edit")
        one.changes += edited
    if row.is_milestone is not None and row.is_milestone != held.is_milestone:
        row.wrong("is_milestone", "What is there cannot become a milestone, or stop being one. Make it anew.")
    if not is_open:
        if row.promised_on not in (None, held.promised_on) or row.days not in (None, held.days):
            one.notes.append(f"{held.state.capitalize()} here: its day and its estimate stay.")
    elif not (row.state == "delivered" and held.state == "open" and row.lenient):
        _moved(one, held, known, choices)
    if is_open and row.started_on and row.started_on != held.started_on:
        one.acts.append("start")
        one.changes.append(f"started {row.started_on:%-d %b %Y}")
    _ended(one, held, known)


def _said(one: Intent, field: str) -> object:
    return getattr(one, field) if field in ("owner", "outcome", "interval") else getattr(one.wanted, field)


def _moved(one: Intent, held: Held, known: Known, choices: Choices) -> None:
    """Another day is a slip; another estimate is a new estimate, unless the slip brings it."""
    row = one.wanted
    slips = row.promised_on is not None and row.promised_on != held.promised_on
    estimated = row.days is not None and row.days != held.days and not held.is_milestone
    if slips:
        assert row.promised_on is not None
        later = row.promised_on > held.promised_on
        way = f"{held.promised_on:%-d %b %Y} to {row.promised_on:%-d %b %Y}"
        if row.promised_on < known.today:
            row.wrong("promised_on", f"The promise would move from {way}, which has passed. Choose a later day.")
            return
        row.reason = row.reason or ("" if row.raw.get("reason") else choices.reason)
        if not row.reason and not row.raw.get("reason"):
            row.wrong("reason", f"The promise moves from {way}. Give the reason: vendor, squad, estimate, scope, "
                                "people, incident or priority.")  # fmt: skip
        if later and not row.options and choices.option:
            row.options = (Proposal(title=choices.option),)
        if later and not row.options:
            row.wrong("option", f"The promise moves from {way}. Add one option: what could be done about it.")
        one.acts.append("slip")
        one.changes.append(f"promise moves from {way}")
    if estimated:
        low, likely, high = row.days or (0, 0, 0)
        one.changes.append(f"estimate {low}–{likely}–{high} days")
        if not slips:
            one.acts.append("estimate")


def _ended(one: Intent, held: Held | None, known: Known) -> None:
    row = one.wanted
    stands = "open" if held is None or "reopen" in one.acts else held.state
    if row.state == "delivered" and row.delivered_on is None and not row.raw.get("delivered_on"):
        if row.lenient:
            row.delivered_on = known.today
        elif stands != "delivered":
            row.wrong("delivered_on", "Say on which day it was delivered.")
    if row.delivered_on and row.state == "open" and row.raw.get("delivered_on"):
        row.wrong("state", "The row says open and names a day of delivery. Keep one of them.")
    if row.state == "cancelled" and not row.cancelled_why and stands != "cancelled":
        row.wrong("cancelled_why", "Say why it was cancelled.")
    if row.state in ("delivered", "cancelled") and row.state != stands:
        if stands != "open":
            what = f"It was {stands} here. Reopen it first if that was a mistake."
            if row.lenient:
                one.notes.append(f"{stands.capitalize()} here: it stays so.")
            else:
                row.wrong("state", what)
            return
        if row.state == "delivered" and row.delivered_on and row.delivered_on > known.today:
            row.wrong("delivered_on", "That day has not come. Choose today or a day before.")
            return
        one.acts.append("deliver" if row.state == "delivered" else "cancel")
        ended = f" {row.delivered_on:%-d %b %Y}" if row.state == "delivered" and row.delivered_on else ""
        one.changes.append(f"{row.state}{ended}")
