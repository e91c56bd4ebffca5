"""PagerDuty's incidents, from all that was ever said of each: read by list, by log entry, by id, or pushed.

One thing, `incident`, by its id. Its body is an envelope: the incident as it was, log entries about it, or the event
of a webhook. What happened last decides whether it is open; a log entry may know that before a stale incident does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from metrics import read
from metrics.events import Derived, IncidentSeen, Observation, Push, Unreadable

KIND = "incident"
OPENS = {"trigger", "reopen", "acknowledge", "unacknowledge"}


def listed(incident: Mapping[str, Any]) -> Observation | None:
    """An incident as a list or a question by id gave it."""
    identity = read.ident(incident.get("id"))
    if not identity:
        return None
    at = _newest(incident)
    return Observation(kind=KIND, id=identity, body=read.encoded({"incident": incident}), updated_at=at)


def logged(entries: Sequence[Mapping[str, Any]]) -> list[Observation]:
    """Log entries of one page, an observation for each incident. Who was notified says nothing of an incident."""
    by_incident: dict[str, list[Mapping[str, Any]]] = {}
    whole: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        incident = read.table(entry.get("incident"))
        identity = read.ident(incident.get("id"))
        if not identity:
            continue  # entries of maintenance windows and the like
        kept = by_incident.setdefault(identity, [])
        if _what(entry) != "notify":
            kept.append({**entry, "incident": {"id": identity}})
        if incident.get("status") and incident.get("created_at"):
            whole[identity] = incident
    found = []
    for identity, kept in by_incident.items():
        said: dict[str, Any] = {"entries": sorted(kept, key=lambda one: str(one.get("id")))}
        if identity in whole:
            said["incident"] = whole[identity]
        elif not kept:
            continue
        at = read.latest(_newest(whole.get(identity, {})), *(_when(one.get("created_at")) for one in kept))
        found.append(Observation(kind=KIND, id=identity, body=read.encoded(said), updated_at=at))
    return found


def heard(push: Push) -> tuple[Observation, ...]:
    """The incident in a webhook's event. Events of notes, responders, services and pings say nothing of one."""
    event = read.table(read.at(read.decoded(push.body), "event"))
    if not event:
        raise Unreadable("This is no event of a PagerDuty webhook (version 3).")
    data = read.table(event.get("data"))
    identity = read.ident(data.get("id"))
    if not str(event.get("event_type", "")).startswith("incident.") or data.get("type") != "incident" or not identity:
        return ()
    at = _when(event.get("occurred_at"))
    return (Observation(kind=KIND, id=identity, body=read.encoded({"event": event}), updated_at=at),)


# --- what follows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Said:
    """An incident as it was once said to be."""

    at: datetime | None
    incident: Mapping[str, Any]
    mark: str  # of the same time, the same one wins in any order


def derived(told: Sequence[Observation], *, now: datetime) -> Derived:
    """The incident, from its bodies (newest first, field by field) and the moments at which its status changed."""
    said: list[_Said] = []
    entries: dict[str, Mapping[str, Any]] = {}
    moments: list[tuple[datetime, int, str]] = []  # when, whether it was told by a body, status
    for observation in told:
        body = read.table(read.decoded(observation.body))
        for entry in read.rows(body.get("entries")):
            entries[read.ident(entry.get("id")) or read.digest(read.encoded(entry))] = entry
        incident, at = read.table(body.get("incident")), None
        if event := read.table(body.get("event")):
            incident, at = read.table(event.get("data")), _when(event.get("occurred_at"))
            if event.get("event_type") == "incident.resolved" and at:
                moments.append((at, 0, "resolved"))
        if incident:
            said.append(_Said(at or _newest(incident), incident, read.digest(observation.body)))
    said.sort(key=lambda one: (one.at is not None, one.at or now, one.mark), reverse=True)
    if (into := _merged(said, entries)) is not None:
        return Derived(why=f"an incident that was merged into {into}" if into else "an incident that was merged")
    moments += [
        (at, 0, "resolved" if _what(entry) == "resolve" else "open")
        for entry in entries.values()
        if (_what(entry) == "resolve" or _what(entry) in OPENS) and (at := _when(entry.get("created_at")))
    ]
    started = read.earliest(
        *(_when(one.incident.get("created_at")) for one in said),
        *(_when(entry.get("created_at")) for entry in entries.values() if _what(entry) == "trigger"),
    )
    known = [at for at, _, _ in moments] + [one.at for one in said if one.at]
    started = started or read.earliest(*known)
    if started is None:
        raise Unreadable("An incident without any time.", detail=f"Told {len(told)} times.")
    resolved = _resolved(said, moments)
    return Derived(events=(_seen(told[0].id, said, entries, started, resolved, known),), open=resolved is None)


def _resolved(said: Sequence[_Said], moments: Sequence[tuple[datetime, int, str]]) -> datetime | None:
    """When it was resolved, if what happened last is that. None while it is open."""
    every = list(moments)
    for one in said:
        status = read.text(one.incident.get("status"), 40).lower()
        changed = _changed(one) if status == "resolved" else None
        if one.at and status:
            every.append((one.at, 1, status if status == "resolved" else "open"))
        if changed:
            every.append((changed, 0, "resolved"))
    every.sort(key=lambda moment: (moment[0], moment[1], moment[2] == "resolved"))
    if not every or every[-1][2] != "resolved":
        return None
    # the first moment of the last stretch in which it was resolved; a body tells of it later than it was
    since = every[-1][0]
    for at, _, status in reversed(every):
        if status != "resolved":
            break
        since = at
    return since


def _changed(one: _Said) -> datetime | None:
    """When a resolved incident says that it was resolved."""
    return _when(one.incident.get("resolved_at")) or _when(one.incident.get("last_status_change_at"))


def _merged(said: Sequence[_Said], entries: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The incident that took this one in, "" where it is not named; None when it was not merged."""
    if said:
        why = read.table(said[0].incident.get("resolve_reason"))
        if why.get("type") == "merge_resolve_reason":
            return read.text(read.at(why, "incident", "summary") or read.at(why, "incident", "id"), 80)
    last = max(
        (entry for entry in entries.values() if _what(entry) in (*OPENS, "resolve")),
        key=lambda entry: (str(entry.get("created_at")), str(entry.get("id"))),
        default=None,
    )
    if last is not None and _what(last) == "resolve" and read.at(last, "channel", "type") == "merge":
        return ""
    return None


def _seen(
    identity: str,
    said: Sequence[_Said],
    entries: Mapping[str, Mapping[str, Any]],
    started: datetime,
    resolved: datetime | None,
    known: Sequence[datetime],
) -> IncidentSeen:
    service = read.text(read.at(_field(said, "service"), "summary") or read.at(_field(said, "service"), "name"), 200)
    service = service or read.ident(read.at(_field(said, "service"), "id"))
    priority = read.text(read.at(_field(said, "priority"), "summary") or read.at(_field(said, "priority"), "name"), 40)
    urgency = read.text(_field(said, "urgency"), 40)
    title = read.text(_field(said, "title") or _field(said, "summary") or _field(said, "description"), 300)
    teams = tuple(name for team in read.rows(_field(said, "teams")) if (name := read.text(team.get("summary"), 100)))
    traits: dict[str, str | tuple[str, ...]] = {
        "title": title, "service": service, "urgency": urgency, "priority": priority,
        "type": read.text(read.at(_field(said, "incident_type"), "name"), 100),
        "label": tuple(f"team={name}" for name in teams),
    }  # fmt: skip
    entry_times = (_when(entry.get("created_at")) for entry in entries.values())
    return IncidentSeen(
        provider_id=identity,
        service=service,
        title=title or f"Incident {identity}",
        started_at=started,
        resolved_at=max(resolved, started) if resolved else None,
        severity=priority or urgency,
        url=read.link(_field(said, "html_url")),
        updated_at=read.latest(*known, *entry_times),
        traits={trait: value for trait, value in traits.items() if value},
    )


def _field(said: Sequence[_Said], name: str) -> Any:
    """What the newest body that has this field says."""
    return next((one.incident[name] for one in said if one.incident.get(name) is not None), None)


def _newest(incident: Mapping[str, Any]) -> datetime | None:
    """The newest time in an incident: what it says holds as of then."""
    fields = ("updated_at", "last_status_change_at", "resolved_at", "created_at")
    return read.latest(*(_when(incident.get(name)) for name in fields))


def _when(value: object) -> datetime | None:
    """The same few times stand in every body of an incident."""
    return _cached(value) if isinstance(value, str) else read.when(value)


_cached = lru_cache(maxsize=4096)(read.when)


def _what(entry: Mapping[str, Any]) -> str:
    """trigger, acknowledge, resolve, … of trigger_log_entry and trigger_log_entry_reference."""
    return read.text(entry.get("type"), 80).partition("_log_entry")[0]
