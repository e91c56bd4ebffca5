"""Jira's issues as incidents, or as changes, from what was read by query, by id, or pushed.

Whether an issue is over is told by the category of its status (done); its resolution date says since when, else the
change log does. Rules decide which issues are incidents, by their type, labels, priority or severity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics import read
from metrics.events import ChangeSeen, Derived, IncidentSeen, Observation, Push, Unreadable

ISSUE, CHANGE = "issue", "change"
EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")


def listed(
    issue: Mapping[str, Any], *, kind: str = ISSUE, severity_field: str = "", site: str = ""
) -> Observation | None:
    """An issue as a query or a question by id gave it."""
    identity = read.ident(issue.get("id"))
    if not identity:
        return None
    said: dict[str, Any] = {"issue": issue, "site": site}
    if severity_field:
        said["severity"] = _name(read.at(issue, "fields", severity_field))
    at = read.when(read.at(issue, "fields", "updated"))
    return Observation(kind=kind, id=identity, body=read.encoded(said), updated_at=at)


def heard(push: Push) -> tuple[Observation, ...]:
    """The issue in a webhook. Other events (comments, sprints, versions) say nothing of one."""
    said = read.table(read.decoded(push.body))
    event, issue = read.text(said.get("webhookEvent"), 80), read.table(said.get("issue"))
    if not event:
        raise Unreadable("This is no webhook of Jira: it names no event.")
    identity = read.ident(issue.get("id"))
    if event not in EVENTS:
        return ()
    if not identity:
        raise Unreadable("This event of Jira holds no issue.")
    at = read.when(said.get("timestamp"))
    if event == "jira:issue_deleted":
        body = read.encoded({"deleted": True, "issue": {"id": identity, "key": issue.get("key")}})
        return (Observation(kind=ISSUE, id=identity, body=body, updated_at=at),)
    moved = {"created": at.isoformat(), "items": read.at(said, "changelog", "items")} if at else None
    body = read.encoded({"issue": issue, "moved": moved})
    return (Observation(kind=ISSUE, id=identity, body=body, updated_at=_updated(issue) or at),)


# --- what follows ----------------------------------------------------------------------------------------------------


def derived(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    bodies = [(one.updated_at, read.table(read.decoded(one.body)), read.digest(one.body)) for one in told]
    if any(body.get("deleted") for _, body, _ in bodies):
        return Derived(why="an issue that was deleted")
    ordered = sorted(bodies, key=lambda one: (one[0] is not None, one[0] or now, one[2]))
    issue = read.table(ordered[-1][1].get("issue"))
    fields = read.table(issue.get("fields"))
    started = read.when(fields.get("created"))
    if started is None:
        raise Unreadable("An issue that does not say when it was created.", detail=read.ident(issue.get("key")))
    moves = _moves([body for _, body, _ in bodies])
    resolved = _resolved(fields, moves)
    updated = read.latest(started, resolved, *(at for at, _, _ in bodies), *(at for at, _ in moves))
    site = next((read.text(body.get("site"), 500) for _, body, _ in reversed(ordered) if body.get("site")), "")
    key = read.text(issue.get("key"), 60)
    title = read.text(f"{key}: {read.text(fields.get('summary'), 280)}" if key else fields.get("summary"), 300)
    url = read.link(f"{site.rstrip('/')}/browse/{key}") if site and key else ""
    if kind == CHANGE:
        return _change(issue, title, url, moves, started, resolved, updated)
    severity = next((text for _, body, _ in reversed(ordered) if (text := read.text(body.get("severity"), 40))), "")
    components = [name for one in read.rows(fields.get("components")) if (name := read.text(one.get("name"), 200))]
    project = read.text(read.at(fields, "project", "key"), 60) or key.partition("-")[0]
    given = fields.get("labels")
    labels = given[:50] if isinstance(given, list) else []
    priority = _name(fields.get("priority"))
    traits: dict[str, str | tuple[str, ...]] = {
        "title": title, "type": _name(fields.get("issuetype")), "priority": priority, "severity": severity,
        "label": tuple(text for one in labels if (text := read.text(one, 100))), "repository": project,
        "service": components[0] if components else project, "stage": _name(fields.get("status")),
    }  # fmt: skip
    seen = IncidentSeen(
        provider_id=told[0].id,
        service=components[0] if components else project,
        title=title or f"Issue {told[0].id}",
        started_at=started,
        resolved_at=max(resolved, started) if resolved else None,
        severity=severity or priority,
        url=url,
        updated_at=updated,
        traits={trait: value for trait, value in traits.items() if value},
    )
    return Derived(events=(seen,), open=resolved is None)


def _change(
    issue: Mapping[str, Any],
    title: str,
    url: str,
    moves: Sequence[tuple[datetime, str]],
    opened: datetime,
    resolved: datetime | None,
    updated: datetime | None,
) -> Derived:
    if resolved is None:
        return Derived(open=True, why="an issue that is not done")
    seen = ChangeSeen(
        sha=f"issue:{read.ident(issue.get('id'))}"[:64],
        number=read.text(issue.get("key"), 50),
        title=title,
        author=read.text(read.at(issue, "fields", "assignee", "displayName"), 200),
        first_commit_at=min((at for at, _ in moves), default=None),
        merged_at=max(resolved, opened),
        opened_at=opened,
        time_note="" if moves else "The issue was never moved, so when work on it began is not known.",
        url=url,
        updated_at=updated,
    )
    return Derived(events=(seen,))


def _resolved(fields: Mapping[str, Any], moves: Sequence[tuple[datetime, str]]) -> datetime | None:
    """Since when an issue is done; None while it is not, or is again not."""
    category = read.text(read.at(fields, "status", "statusCategory", "key"), 40).lower()
    date = read.when(fields.get("resolutiondate"))
    if category and category != "done":
        return None
    if not category or date is not None:
        return date
    status = _name(fields.get("status"))
    into = [at for at, to in moves if to == status]
    return (
        max(into, default=None) or read.when(fields.get("statuscategorychangedate")) or read.when(fields.get("updated"))
    )


def _moves(bodies: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, str]]:
    """When the status changed, and to which, from every change log that was told."""
    histories = [one for body in bodies for one in read.rows(read.at(body, "issue", "changelog", "histories"))]
    histories += [read.table(body.get("moved")) for body in bodies if body.get("moved")]
    found = {
        (at, read.text(item.get("toString"), 100))
        for history in histories
        if (at := read.when(history.get("created")))
        for item in read.rows(history.get("items"))
        if read.text(item.get("field"), 40).lower() == "status"
    }
    return sorted(found)


def _updated(issue: Mapping[str, Any]) -> datetime | None:
    return read.when(read.at(issue, "fields", "updated"))


def _name(value: object) -> str:
    """The name of a field's value: a text, or something with a name or a value."""
    said = read.table(value)
    return read.text(said.get("name") or said.get("value") if said else value, 100)
