"""What Jira's fields mean here: guessed from the issues, then as the person chose. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from delivery.actions.promises import MOST_DAYS

from . import dependencies, values
from .jira import Issue, Issues, is_day
from .judge import judge
from .known import Choices, Known
from .plan import Plan, Wanted, WantedLink

CANCELLED = ("won't", "wont", "cancel", "duplicate", "declin", "reject", "abandon", "obsolete", "cannot reproduce",
             "not a bug", "invalid", "incomplete")  # fmt: skip
UNITS = {
    "days": "Working days",
    "points": "Story points",
    "hours": "Hours",
    "seconds": "Seconds (Jira's own estimates)",
}
THIS_FIRST, OTHER_FIRST, NOT = "this", "other", ""


@dataclass(slots=True)
class Mapping:
    """`teams`: value of the team's field → slug. `links`: kind of link → which issue comes first, read outwards."""

    promised: str = "duedate"  # a field, or "release" for the day of the fix version
    estimate: str = ""
    unit: str = "points"
    days_a_point: float = 1.0
    hours_a_day: float = 6.0
    low: float = 0.75  # of the estimate
    high: float = 1.5
    team: str = "project"
    teams: dict[str, str] = field(default_factory=dict)
    interval: str = ""
    links: dict[str, str] = field(default_factory=dict)


def guess(issues: Issues, known: Known) -> Mapping:
    """What the fields most likely mean."""
    found = Mapping()
    names = {name: label.lower() for name, label in issues.labels.items()}
    days = [name for name in names if any(is_day(issue.one(name)) for issue in issues.issues[:200] if issue.one(name))]
    wished = [name for name in days if any(word in names[name] for word in ("promise", "commit", "target"))]
    has_release = any(day for issue in issues.issues for _, day in issue.releases)
    found.promised = (
        "duedate" if "duedate" in names else (wished[0] if wished else "release" if has_release else "duedate")
    )
    points = [name for name, label in names.items() if "story point" in label]
    times = [name for name in ("timeestimate", "timeoriginalestimate") if name in names]
    if points:
        found.estimate, found.unit = points[0], "points"
    elif times:
        found.estimate, found.unit = times[0], "seconds"
    named = [name for name, label in names.items() if label in ("team", "squad") or label.endswith((" team", "(team)"))]
    fields = [*named, *(name for name in ("components", "project") if name in names)]
    found.team = max(fields, key=lambda name: _teams_met(issues, known, name), default="project")
    found.teams = {value: team_of(value, known) for value in values_of(issues, found.team)}
    found.links = {name: way_of(name, words) for name, words in issues.words.items()}
    return found


def values_of(issues: Issues, name: str, most: int = 60) -> list[str]:
    """The different first values of a field, the most frequent first."""
    counts: dict[str, int] = {}
    for issue in issues.issues:
        value = issue.one(name)
        if value:
            counts[value] = counts.get(value, 0) + 1
    return sorted(counts, key=lambda value: (-counts[value], value))[:most]


def team_of(value: str, known: Known) -> str:
    """The slug of the team that is called so, or ""."""
    try:
        return known.team(value).slug
    except LookupError:
        return ""


def _teams_met(issues: Issues, known: Known, name: str) -> int:
    return sum(1 for value in values_of(issues, name) if team_of(value, known))


def way_of(name: str, words: str) -> str:
    """Which issue comes first in "this <words> other"; "" for links that are no dependency."""
    said = f"{name} {words}".lower() if not words else words.lower()
    if any(word in said for word in ("depend", "require", "need", "wait", "blocked by", "follows", "after")):
        return OTHER_FIRST
    if any(word in said for word in ("block", "preced", "enable", "gate", "before", "unlock", "must be done")):
        return THIS_FIRST
    return NOT


def plan(issues: Issues, mapping: Mapping, known: Known, choices: Choices) -> Plan:
    """The fate of every issue and of every link between them."""
    wanted = [_wanted(issue, issues, mapping, choices) for issue in issues.issues]
    promises = judge(wanted, known, choices)
    links = dependencies.judge(
        [link for issue in issues.issues for link in _links(issue, mapping)], known, choices, promises
    )
    return Plan(promises=promises, links=links, unit=issues.unit, read_as=issues.read_as)


def _wanted(issue: Issue, issues: Issues, mapping: Mapping, choices: Choices) -> Wanted:
    label = issues.labels.get
    row = Wanted(issue.number, id=issue.key, title=issue.title, lenient=True, problems=list(issue.problems))
    row.columns = {
        "id": "Issue key", "title": "Summary", "promised_on": label(mapping.promised, mapping.promised),
        "team": label(mapping.team, mapping.team), "low": label(mapping.estimate, "estimate"), "reason": "reason",
        "option": "option", "delivered_on": "Resolved", "cancelled_why": "Resolution", "state": "Status",
    }  # fmt: skip
    if len(row.title) > 300:
        row.raw["title"] = row.title
        row.wrong("title", f"This is {len(row.title):,} characters; 300 fit. Shorten it.")
        row.title = row.title[:300]
    _promised(row, issue, mapping, choices)
    if row.left_out:
        return row
    if mapping.estimate and issue.one(mapping.estimate):
        _estimate(row, issue.one(mapping.estimate), mapping)
    value = issue.one(mapping.team)
    row.team = mapping.teams.get(value, "") or (value if value and value not in mapping.teams else "")
    row.raw["team"] = value
    if value and mapping.teams.get(value) == "":
        row.left_out = f"{value} is not mapped to a team."
    row.owner = issue.one("assignee")
    if mapping.interval:
        row.interval = issue.one(mapping.interval)[:80]
    _state(row, issue, choices)
    return row


def _promised(row: Wanted, issue: Issue, mapping: Mapping, choices: Choices) -> None:
    text = issue.one(mapping.promised)
    if mapping.promised == "release":
        text = max((day for _, day in issue.releases if day), default="")
        row.columns["promised_on"] = "Fix version"
    if not text:
        row.left_out = "It has no day, so it is no promise."
        return
    row.raw["promised_on"] = text
    try:
        row.promised_on = values.day(text, choices.order)
    except values.Unclear as unclear:
        row.wrong("promised_on", str(unclear))


def _estimate(row: Wanted, text: str, mapping: Mapping) -> None:
    row.raw["low"] = text
    try:
        number = float(text)
    except ValueError:
        row.wrong("low", "This is no number. Choose another field for the estimate, or correct it in Jira.")
        return
    factor = {
        "days": 1.0, "points": mapping.days_a_point, "hours": 1 / mapping.hours_a_day,
        "seconds": 1 / 3600 / mapping.hours_a_day,
    }[mapping.unit]  # fmt: skip
    likely = number * factor
    if not 0 <= likely * mapping.high <= MOST_DAYS:
        row.wrong("low", f"As working days that is not from 0 to {MOST_DAYS:,}. Check the unit, or correct it in Jira.")
        return
    middle = math.ceil(round(likely, 6))
    row.days = (min(middle, math.floor(likely * mapping.low)), middle, max(middle, math.ceil(likely * mapping.high)))


def _state(row: Wanted, issue: Issue, choices: Choices) -> None:
    ended = f"{issue.resolution} {issue.status}".lower()
    if not issue.is_done:
        row.state = "open"
    elif any(word in ended for word in CANCELLED):
        row.state, row.cancelled_why = "cancelled", f"Jira: {issue.resolution or issue.status}"[:300]
    else:
        row.state = "delivered"
        if issue.resolved:
            row.raw["delivered_on"] = issue.resolved
            try:
                row.delivered_on = values.day(issue.resolved, choices.order)
            except values.Unclear as unclear:
                row.wrong("delivered_on", str(unclear))
        else:
            row.notes.append("Jira does not say when it was done: today is taken.")


def _links(issue: Issue, mapping: Mapping) -> list[WantedLink]:
    found = []
    for tie in issue.ties:
        way = mapping.links.get(tie.name, NOT)
        if not way or not issue.key:
            continue
        this_first = (way == THIS_FIRST) == tie.outward
        before, after = (issue.key, tie.other) if this_first else (tie.other, issue.key)
        link = WantedLink(issue.number, before, after, lenient=True)
        link.columns = dict.fromkeys(("before", "after"), f"link: {tie.name}")
        found.append(link)
    return found


__all__ = ["UNITS", "Mapping", "guess", "plan", "team_of", "values_of", "way_of"]
