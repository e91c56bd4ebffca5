"""The columns of our own files: names, other names by which they are known, and what they mean. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a row. `others` are further names, as they are written without signs and capitals."""

    field: str
    name: str
    about: str
    example: str = ""
    others: tuple[str, ...] = ()
    required: bool = False


COMMITMENTS = (
    Column("id", "id", "What the row is called where it comes from. The same id updates the same promise. Without one, "
           "team and title together name it.", "PAY-12", ("externalid", "key", "issuekey", "reference", "ref")),
    Column("team", "team", "Name or short name of a team in which you may write. Empty: the team of this page.",
           "Squad A", ("squad", "teamname", "vendor")),
    Column("title", "title", "What is promised, up to 300 characters.", "Patient API answers within 200 ms",
           ("name", "summary", "commitment", "promise"), required=True),
    Column("promised_on", "promised", "The day it is promised for, as 2026-01-31. Needed for a new row. Another day "
           "than before is a slip, and needs a reason.", "2099-01-30",
           ("promisedon", "promiseddate", "date", "due", "duedate", "promisedate", "target", "targetdate", "deadline")),
    Column("low", "low", "Working days that remain if all goes well.", "5", ("lowdays", "best", "optimistic", "min")),
    Column("likely", "likely", "Working days that most likely remain. Give all three or none.", "8",
           ("likelydays", "estimate", "mostlikely", "days", "remaining")),
    Column("high", "high", "Working days that remain if much goes wrong.", "13",
           ("highdays", "worst", "pessimistic", "max")),
    Column("about", "about", "More words, up to 500 characters.", "", ("description", "notes", "details")),
    Column("owner", "owner", "Name or email address of a person here.", "", ("assignee", "responsible", "person")),
    Column("outcome", "outcome", "Title of an outcome that is here already.", "", ("goal", "objective")),
    Column("interval", "interval", "Name of a planning interval that is here already.", "",
           ("pi", "increment", "planninginterval", "quarter")),
    Column("is_stretch", "stretch", "yes: planned on top, without a promise.", "no", ("isstretch",)),
    Column("is_milestone", "milestone", "yes: a day to reach, with no work of its own. Only for new rows.", "no",
           ("ismilestone",)),
    Column("planned_value", "value", "Planned business value, 1 to 10.", "8",
           ("plannedvalue", "businessvalue", "bv")),
    Column("no_earlier_than", "not before", "Work cannot begin before this day.", "",
           ("noearlierthan", "notbefore", "earliest", "earlieststart")),
    Column("made_on", "made", "The day on which it was promised. Only for new rows; empty: today.", "",
           ("madeon", "created", "promisemade")),
    Column("started_on", "started", "The day on which work began.", "", ("startedon", "start", "startdate")),
    Column("state", "state", "open, delivered or cancelled. open reopens what was delivered or cancelled.", "open",
           ("status",)),
    Column("delivered_on", "delivered", "The day on which it was done.", "",
           ("deliveredon", "done", "completed", "finished", "resolved")),
    Column("cancelled_why", "cancelled because", "Needed when the state is cancelled.", "",
           ("cancelledbecause", "cancelledwhy", "cancelreason")),
    Column("reason", "reason", "Why the day moved: vendor, squad, estimate, scope, people, incident or priority.",
           "", ("slipreason", "whymoved", "cause")),
    Column("words", "words", "The slip in words.", "", ("slipwords", "comment", "explanation")),
    Column("impact", "impact", "What the slip means for the business.", "", ("businessimpact",)),
    *(
        column
        for number in ("", "_2", "_3")
        for column in (
            Column(f"option{number}", f"option{number.replace('_', ' ')}", "What could be done about the slip. A later "
                   "day needs at least one.", "", (f"option{number or '_1'}".replace("_", ""),)),
            Column(f"cost{number}", f"option{number.replace('_', ' ')} cost", "What that option costs, as 160000.", "",
                   (f"cost{number}".replace("_", ""), f"option{number}cost".replace("_", ""))),
            Column(f"saves{number}", f"option{number.replace('_', ' ')} saves", "Working days that it saves.", "",
                   (f"saves{number}".replace("_", ""), f"option{number}saves".replace("_", ""))),
        )
    ),
    Column("currency", "currency", "Of the options, three letters. Empty: USD.", "", ()),
)  # fmt: skip

DEPENDENCIES = (
    Column("before", "before", "What is needed first: the id, C-number or exact title of a promise.", "PAY-12",
           ("predecessor", "needs", "from", "dependson", "blockedby", "provider", "blocker"), required=True),
    Column("after", "after", "What waits for it.", "PAY-19",
           ("successor", "to", "dependent", "needer", "blocks", "blocked", "consumer"), required=True),
    Column("kind", "kind", "FS, SS, FF or SF. Empty: FS, it can start when the other is finished.", "FS",
           ("type", "linktype", "dependencytype")),
    Column("lag", "lag", "Days between the two, −2000 to 2000. Empty: 0.", "0", ("lagdays", "delay")),
    Column("in_calendar_days", "calendar days", "yes: the lag counts all days, not working days.", "no",
           ("calendardays", "lagincalendardays")),
    Column("text", "what", "What is handed over, up to 300 characters.", "Signed contract",
           ("description", "deliverable", "about")),
    Column("needed_by", "needed by", "The day by which it is needed, as 2026-01-31.", "2099-01-30",
           ("neededby", "needby", "due", "date")),
    Column("found", "found", "When it came up: planning, sprint or midsprint. Empty: planning.", "planning",
           ("identified", "foundin")),
    Column("id", "id", "What the link is called where it comes from.", "", ("externalid", "key")),
)  # fmt: skip

KINDS = {"commitments": COMMITMENTS, "dependencies": DEPENDENCIES}


def plain(name: str) -> str:
    """A name without signs and capitals."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def guess(names: list[str], columns: tuple[Column, ...]) -> list[str]:
    """For each header a field, or "": by its name, by another name, then by likeness. Each field once."""
    exact = {key: one.field for one in columns for key in (plain(one.name), plain(one.field))}
    others = {key: one.field for one in columns for key in one.others if key not in exact}
    found = [""] * len(names)
    for table in (exact, others):
        for index, name in enumerate(names):
            field = table.get(plain(name), "")
            if field and not found[index] and field not in found:
                found[index] = field
    for index, name in enumerate(names):
        like = difflib.get_close_matches(plain(name), exact, n=1, cutoff=0.86) if not found[index] else []
        if like and exact[like[0]] not in found:
            found[index] = exact[like[0]]
    return found


def missing(fields: list[str], columns: tuple[Column, ...]) -> list[str]:
    """Names of required columns that no header stands for."""
    return [one.name for one in columns if one.required and one.field not in fields]
