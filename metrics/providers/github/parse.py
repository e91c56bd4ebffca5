"""From all that was observed of one thing to its facts, by its kind. Pure.

Whatever the order and the number of observations, and whether they were read or pushed, the same facts follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from metrics import read
from metrics.events import Derived, IncidentSeen, Observation, Unreadable

from . import changes, deployments, runs
from .words import Told, first, home, names, newest, opened, state, time

_NAMED = re.compile(r"/deployments/(\d{1,19})\b|\bdeployment(?:[ _-]id)?\s*[:#=]?\s*(\d{4,19})\b", re.I)
_SEVERITY = re.compile(r"(?:sev(?:erity)?|prio(?:rity)?)[-:/_ ]*(\w+)\Z|(p[0-5])\Z|(sev\d)\Z", re.I)
_INCIDENT = re.compile(r"incident|outage|\bsev\W?\d", re.I)


def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    """What follows from all observations of one thing. Raises Unreadable."""
    if kind not in _MAKES:
        raise Unreadable(f"GitHub has no things that we call {kind[:40]}.")
    return _MAKES[kind](opened(told), now)


def _issue(told: Sequence[Told], now: datetime) -> Derived:
    said = newest(told, "issue", lambda words: state(words, "state") == "closed")
    name, _ = home(told)
    which, begun = read.ident(first(said, "id", "databaseId")), time(said, "created_at", "createdAt")
    if not said or not which:
        raise Unreadable("An issue without its id.")
    if said.get("pull_request"):
        return Derived(why="a pull request, which is no incident")
    if gone := next((one.words["action"] for one in told if one.words.get("action") in ("deleted", "transferred")), ""):
        return Derived(why=f"an issue that was {gone}")
    if begun is None:
        raise Unreadable("An issue without the time at which it was opened.")
    is_closed = state(said, "state") == "closed"
    closed = time(said, "closed_at", "closedAt") or time(said, "updated_at", "updatedAt") if is_closed else None
    labels = names(said.get("labels"))
    kind = said.get("type") or said.get("issueType")
    kind = read.text(first(kind, "name") if isinstance(kind, dict) else kind, 100)
    severity = next((label for label in labels if _SEVERITY.match(label)), "")
    body = said.get("body")
    named = _NAMED.search(body) if isinstance(body, str) else None
    traits: dict[str, str | tuple[str, ...]] = {
        "via": "issue", "repository": name, "label": labels, "type": kind, "title": read.text(said.get("title"), 300),
        "severity": severity, "state_reason": state(said, "state_reason", "stateReason"),
    }  # fmt: skip
    seen = IncidentSeen(
        provider_id=which, service=name, title=read.text(said.get("title"), 300) or "(no title)", started_at=begun,
        resolved_at=max(closed, begun) if closed else None, severity=severity,
        caused_by=(named[1] or named[2]) if named else "", url=read.link(first(said, "html_url", "url")),
        updated_at=read.latest(time(said, "updated_at", "updatedAt"), closed, begun),
        traits={trait: value for trait, value in traits.items() if value},
    )  # fmt: skip
    # the list by last change tells when any issue closes; only what may be an incident is worth asking for apart
    worth = any(_INCIDENT.search(one) for one in (*labels, kind))
    return Derived(events=(seen,), open=closed is None and worth)


_MAKES: Mapping[str, Callable[[Sequence[Told], datetime], Derived]] = {
    "deployment": deployments.deployment,
    "release": deployments.release,
    "run": runs.derive,
    "pull": changes.pull,
    "commit": changes.commit,
    "issue": _issue,
}
