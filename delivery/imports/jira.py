"""Issues out of Jira: its REST answers and its CSV export, as one shape. Pure.

An issue is what its fields say as texts; what they mean here is `mapping.py`'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import values
from .plan import MOST_ROWS, Problem, Unreadable
from .rows import MOST_IN_A_CELL, Table, decode

MOST_VALUES = 200  # of one field of one issue
CATEGORIES = {"new": "open", "undefined": "open", "indeterminate": "open", "done": "done",
              "to do": "open", "in progress": "open"}  # fmt: skip
DONE = {"done", "closed", "resolved", "released", "complete", "completed"}


@dataclass(frozen=True, slots=True)
class Tie:
    """A link as one issue tells of it: `outward` means that this issue does it ("blocks") to the other."""

    name: str
    outward: bool
    other: str


@dataclass(slots=True)
class Issue:
    """`number` counts the issues of the file; from a CSV it is the line."""

    number: int
    key: str
    title: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    releases: list[tuple[str, str]] = field(default_factory=list)  # fix versions: name, day
    status: str = ""
    is_done: bool = False
    resolution: str = ""
    resolved: str = ""
    problems: list[Problem] = field(default_factory=list)

    def one(self, name: str) -> str:
        return next(iter(self.fields.get(name, [])), "")


@dataclass(slots=True)
class Issues:
    """All issues; `labels` names their fields for people, `words` says how each kind of link reads outwards."""

    issues: list[Issue]
    labels: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    unit: str = "issue"
    read_as: str = "JSON"


def read_json(raw: bytes) -> Issues:
    """A page of search results, a list of such pages, or a list of issues. Raises Unreadable."""
    text, _ = decode(raw)
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        raise Unreadable("This JSON is nested too deeply to be Jira's.") from None
    except ValueError as wrong:
        where = f" at line {wrong.lineno}, column {wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else ""
        raise Unreadable(f"This is no JSON{where}. Save Jira's answer as it came.") from None
    pages = found if isinstance(found, list) else [found]
    names: dict[str, Any] = {}
    rows: list[Any] = []
    for page in pages:
        if isinstance(page, dict) and isinstance(page.get("issues"), list):
            rows += page["issues"]
            names |= page["names"] if isinstance(page.get("names"), dict) else {}
        else:
            rows.append(page)
    if not any(isinstance(row, dict) and isinstance(row.get("fields"), dict) for row in rows):
        raise Unreadable("There are no issues in this file. Save the answer of Jira's search, with its fields.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"This file has {len(rows):,} issues; {MOST_ROWS:,} fit. Split it into several files.")
    result = Issues([])
    kept: dict[str, Issue] = {}
    for number, row in enumerate(rows, start=1):
        issue = _issue(number, row, result)
        kept[issue.key or f"#{number}"] = issue  # pages may overlap: the later one is newer
    result.issues = list(kept.values())
    used = dict.fromkeys(name for issue in result.issues for name in issue.fields)
    result.labels = {name: str(names.get(name) or _LABELS.get(name, name)) for name in used}
    return result


_LABELS = {
    "duedate": "Due date", "timeestimate": "Remaining estimate", "timeoriginalestimate": "Original estimate",
    "fixVersions": "Fix versions", "components": "Components", "project": "Project", "issuetype": "Issue type",
    "labels": "Labels", "assignee": "Assignee", "priority": "Priority", "reporter": "Reporter",
    "aggregatetimeestimate": "Σ Remaining estimate", "aggregatetimeoriginalestimate": "Σ Original estimate",
}  # fmt: skip


def _issue(number: int, row: Any, result: Issues) -> Issue:
    if not isinstance(row, dict) or not isinstance(row.get("fields"), dict):
        what = "This is no issue with fields. Ask Jira for the fields as well."
        return Issue(number, "", problems=[Problem.at(number, "issue", str(row)[:80], what)])
    fields = row["fields"]
    issue = Issue(number, _text(row.get("key"))[:200])
    if not issue.key:
        issue.problems.append(Problem.at(number, "key", "", "This issue has no key."))
    issue.title = _text(fields.get("summary"))
    status = _table(fields.get("status"))
    category = _table(status.get("statusCategory"))
    issue.status = _text(status.get("name"))
    issue.is_done = _is_done(_text(category.get("key")) or _text(category.get("name")), issue.status)
    issue.resolution = _text(fields.get("resolution"))
    issue.resolved = _text(fields.get("resolutiondate")) or _text(fields.get("statuscategorychangedate"))
    for name, value in fields.items():
        if name in ("issuelinks", "summary", "comment", "worklog", "attachment", "subtasks", "description"):
            continue
        found = [text for text in _texts(value) if text]
        if found:
            issue.fields[str(name)[:200]] = found
    if isinstance(fields.get("project"), dict):
        issue.fields["project"] = [_text(fields["project"].get("key"))]
    releases = fields.get("fixVersions")
    for version in map(_table, releases if isinstance(releases, list) else []):
        issue.releases.append((_text(version.get("name")), _text(version.get("releaseDate"))))
    links = fields.get("issuelinks")
    for link in links if isinstance(links, list) else []:
        issue.ties += _ties(link, result)
    return issue


def _ties(link: Any, result: Issues) -> Iterator[Tie]:
    if not isinstance(link, dict) or not isinstance(link.get("type"), dict):
        return
    name = _text(link["type"].get("name"))[:100]
    result.words.setdefault(name, _text(link["type"].get("outward"))[:100])
    for side, outward in (("outwardIssue", True), ("inwardIssue", False)):
        other = link.get(side)
        if name and isinstance(other, dict) and _text(other.get("key")):
            yield Tie(name, outward, _text(other["key"])[:200])


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """What a person would read of a value."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else "yes" if value else "no"
    if isinstance(value, dict):
        for name in ("emailAddress", "displayName", "name", "value", "key"):
            if value.get(name) not in (None, "") and not isinstance(value[name], dict | list):
                return _text(value[name])
        return ""
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    return " ".join(str(value)[:MOST_IN_A_CELL].replace("\x00", "").split())


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in value[:MOST_VALUES]] if isinstance(value, list) else [_text(value)]


def _is_done(category: str, status: str) -> bool:
    known = CATEGORIES.get(category.lower())
    return known == "done" if known else status.lower() in DONE


# --- Jira's CSV ------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"(Inward|Outward) issue link \((.+)\)", re.IGNORECASE)
_SAME = {
    "due date": "duedate", "remaining estimate": "timeestimate", "original estimate": "timeoriginalestimate",
    "fix version/s": "fixVersions", "fix versions": "fixVersions", "component/s": "components",
    "components": "components", "project key": "project", "assignee": "assignee", "labels": "labels",
    "issue type": "issuetype", "sprint": "sprint", "parent": "parent", "priority": "priority",
}  # fmt: skip
_BESIDE = {"summary", "issue key", "description", "comment", "attachment", "log work"}


def read_csv(table: Table) -> Issues:
    """The export of a search: columns repeat for fields with several values, and links have columns of their own."""
    names = [name.lower() for name in table.names]
    if "issue key" not in names or "summary" not in names:
        raise Unreadable("This is not Jira's CSV export: it has no columns Issue key and Summary.")
    result = Issues([], unit="line", read_as=table.read_as)
    for row in table.rows:
        issue = Issue(row.line, "", problems=list(row.problems))
        for shown, name, cell in zip(table.names, names, row.cells, strict=True):
            if cell:
                _cell(issue, result, shown, name, cell)
        if not issue.key:
            issue.problems.append(Problem.at(row.line, "Issue key", "", "This row has no issue key."))
        category = issue.one("Status Category")
        issue.is_done = _is_done(category, issue.status)
        result.issues.append(issue)
    return result


def _cell(issue: Issue, result: Issues, shown: str, name: str, cell: str) -> None:
    link = _LINK.fullmatch(shown)
    if link:
        result.words.setdefault(link[2], "")
        issue.ties.append(Tie(link[2], link[1].lower() == "outward", cell[:200]))
    elif name == "issue key":
        issue.key = cell[:200]
    elif name == "summary":
        issue.title = " ".join(cell.split())
    elif name not in _BESIDE:
        field_name = _SAME.get(name, "Status Category" if name == "status category" else shown)
        result.labels.setdefault(field_name, shown)
        if len(issue.fields.setdefault(field_name, [])) < MOST_VALUES:
            issue.fields[field_name].append(cell)
        if name == "status":
            issue.status = cell
        elif name == "resolution":
            issue.resolution = cell
        elif name == "resolved":
            issue.resolved = cell
        elif field_name == "fixVersions":
            issue.releases.append((cell, ""))


def is_day(text: str) -> bool:
    """Whether this reads as a day, in either order."""
    try:
        values.day(text, "dmy")
    except values.Unclear:
        return False
    return True
