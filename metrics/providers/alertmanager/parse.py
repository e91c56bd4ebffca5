"""Alertmanager's alerts, as incidents, from what its webhook said and what its list showed.

One thing, `alert`, is a fingerprint and the moment at which it began to fire: the same alert comes many times, in
groups that hold resolved ones too. While it fires its end is a timeout in the future (in the list) or the year 1 (in
the webhook); neither is an end. A second thing, `group`, stands for a delivery that hid some of its alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Derived, IncidentSeen, Observation, Push, Unreadable

ALERT, GROUP = "alert", "group"
SERVICE_LABELS = ("service", "job", "namespace")  # the first that an alert has names its service
ENVIRONMENT_LABELS = ("environment", "env")
MOST_LABELS = 60
LAG = timedelta(minutes=5)  # the list may show an alert as firing for so long after it has ended

_KEPT = ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "dashboardURL")


def identity_of(alert: Mapping[str, Any]) -> str:
    """fingerprint@start; "" for what has no start. A fingerprint that is not told is made from the labels."""
    started = read.when(alert.get("startsAt"))
    if started is None:
        return ""
    labels = sorted(read.table(alert.get("labels")).items())
    mark = read.ident(alert.get("fingerprint")) or read.digest(read.encoded(labels))[:16]
    return f"{mark}@{_stamp(started)}"


def fingerprint_and_start(identity: str) -> tuple[str, datetime | None]:
    mark, _, start = identity.rpartition("@")
    return mark, read.when(start)


# --- what the webhook says -------------------------------------------------------------------------------------------


def heard(push: Push, *, now: datetime) -> tuple[Observation, ...]:
    """Each alert of a delivery, and the delivery itself where it hid some. Raises Unreadable."""
    said = read.table(read.decoded(push.body))
    alerts = said.get("alerts")
    if not isinstance(alerts, list):
        if "evalMatches" in said or "ruleId" in said:
            raise Unreadable("This is a delivery of Grafana's old alerting, whose alerts cannot be told apart.")
        raise Unreadable("This is no delivery of Alertmanager: it has no list of alerts.")
    found = [one for alert in read.rows(alerts) if (one := _alert(alert, said, now)) is not None]
    if alerts and not found:
        raise Unreadable("None of these alerts says when it began.")
    if hidden := _count(said.get("truncatedAlerts")):
        body = read.encoded({"hidden": hidden, "groupKey": read.text(said.get("groupKey"), 500)})
        found.append(Observation(kind=GROUP, id=read.digest(push.body)[:32], body=body))
    return tuple(found)


def _alert(alert: Mapping[str, Any], group: Mapping[str, Any], now: datetime) -> Observation | None:
    identity = identity_of(alert)
    if not identity:
        return None
    kept: dict[str, Any] = {name: alert[name] for name in _KEPT if name in alert}
    ended = read.when(alert.get("endsAt")) if _is_resolved(alert) else None
    said = {"alert": kept, "externalURL": group.get("externalURL")}
    if _is_resolved(alert) and ended is None:
        said["heard"] = _stamp(now)  # it is over, and its end was not told
        ended = now
    at = ended or read.when(alert.get("startsAt"))
    return Observation(kind=ALERT, id=identity, body=read.encoded(said), updated_at=at)


def _is_resolved(alert: Mapping[str, Any]) -> bool:
    return read.text(alert.get("status"), 40).lower() == "resolved"


# --- what the list shows ---------------------------------------------------------------------------------------------


def shown(alert: Mapping[str, Any], *, now: datetime) -> Observation:
    """An alert that the list shows as firing from now on, or otherwise than before."""
    said = {"alert": what_counts(alert), "seen": _stamp(now)}
    return Observation(kind=ALERT, id=identity_of(alert), body=read.encoded(said), updated_at=now)


def what_counts(alert: Mapping[str, Any]) -> dict[str, Any]:
    """The alert without its moving parts: each time that it is sent again its timeout and its update change."""
    kept = {name: alert[name] for name in _KEPT if name in alert and name != "endsAt"}
    state = read.table(alert.get("status"))
    kept["status"] = {
        "state": state.get("state"), "silenced": bool(state.get("silencedBy")),
        "inhibited": bool(state.get("inhibitedBy")),
    }  # fmt: skip
    return kept


def vanished(identity: str, ends: datetime | None, *, now: datetime) -> Observation:
    """An alert that was firing and that the list shows no more."""
    said = {"vanished": _stamp(now), "ends": _stamp(ends) if ends and ends <= now else None}
    return Observation(kind=ALERT, id=identity, body=read.encoded(said), updated_at=now)


def reconciled(identity: str, *, read_there: bool) -> Observation:
    """The list was read for a delivery that hid alerts; or there is none to read."""
    return Observation(kind=GROUP, id=identity, body=read.encoded({"reconciled": read_there}))


# --- what follows ----------------------------------------------------------------------------------------------------


def derived(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    bodies = [read.table(read.decoded(one.body)) for one in told]
    if kind == GROUP:
        return _group(bodies)
    mark, started = fingerprint_and_start(told[0].id)
    if started is None:
        raise Unreadable("An alert that does not say when it began.")
    whole = [body for body in bodies if isinstance(body.get("alert"), Mapping)]
    if not whole:
        return Derived(why="an alert of which only its end is known")
    opened = [at for body in whole if (at := read.when(body.get("seen")))] or [started]
    ends = [at for body in whole if (at := _end(body))]
    gone = [(at, read.when(body.get("ends"))) for body in bodies if (at := read.when(body.get("vanished")))]
    ended = _ended(max(opened), ends, gone)
    newest = max(whole, key=_order)
    seen = _seen(told[0].id, mark, started, max(ended, started) if ended else None, newest, whole)
    times = read.latest(started, *opened, *ends, *(at for at, _ in gone))
    return Derived(events=(replace(seen, updated_at=times),), open=ended is None)


def _group(bodies: Sequence[Mapping[str, Any]]) -> Derived:
    hidden = max((_count(body.get("hidden")) for body in bodies), default=0)
    answers = [body["reconciled"] for body in bodies if "reconciled" in body]
    if not answers:
        return Derived(open=True, why=f"a delivery that hid {hidden} alerts: they are read from the list")
    if not any(answers):
        return Derived(why=f"a delivery that hid {hidden} alerts, and the address of the list is not known")
    return Derived(why=f"a delivery that hid {hidden} alerts, which were read from the list")


def _end(body: Mapping[str, Any]) -> datetime | None:
    """The end that a webhook tells of a resolved alert. That of one that fires is a timeout, or none."""
    alert = read.table(body.get("alert"))
    if not _is_resolved(alert):
        return None
    return read.when(alert.get("endsAt")) or read.when(body.get("heard"))


def _ended(
    opened: datetime, ends: Sequence[datetime], gone: Sequence[tuple[datetime, datetime | None]]
) -> datetime | None:
    """When it ended, as told; where that was not told, its timeout or the moment at which the list had lost it."""
    last = read.latest(*ends, *(at for at, _ in gone))
    if last is None or last < opened:
        return None
    told = max(ends, default=None)
    if told is not None and told >= opened - LAG:
        return told
    at, timeout = max(gone, key=lambda one: (one[0], one[1] or one[0]))
    return timeout if timeout is not None and timeout >= opened - LAG else at


def _order(body: Mapping[str, Any]) -> tuple[datetime, str]:
    at = read.when(body.get("seen")) or _end(body) or read.when(read.at(body, "alert", "startsAt"))
    return at or datetime.min.replace(tzinfo=UTC), read.digest(read.encoded(body))


def _seen(
    identity: str,
    mark: str,
    started: datetime,
    ended: datetime | None,
    newest: Mapping[str, Any],
    whole: Sequence[Mapping[str, Any]],
) -> IncidentSeen:
    alert = read.table(newest.get("alert"))
    labels = {read.text(name, 100): read.text(value, 200) for name, value in read.table(alert.get("labels")).items()}
    annotations = read.table(alert.get("annotations"))
    name = labels.get("alertname", "")
    title = read.text(annotations.get("summary") or annotations.get("title") or annotations.get("message"), 300)
    severity = labels.get("severity") or labels.get("priority") or ""
    service = next((labels[label] for label in SERVICE_LABELS if labels.get(label)), "")
    traits: dict[str, str | tuple[str, ...]] = {
        "title": title or name,
        "severity": severity,
        "service": service,
        "type": _state(whole),
        "label": tuple(f"{label}={value}" for label, value in sorted(labels.items())[:MOST_LABELS]),
        "environment": next((labels[label] for label in ENVIRONMENT_LABELS if labels.get(label)), ""),
    }
    external = next((body.get("externalURL") for body in whole if body.get("externalURL")), None)
    return IncidentSeen(
        provider_id=identity,
        service=service,
        title=title or name or f"Alert {mark}",
        started_at=started,
        resolved_at=ended,
        severity=severity[:40],
        url=read.link(alert.get("generatorURL")) or read.link(alert.get("dashboardURL")) or read.link(external),
        # a rule about severity must be able to say what holds for an alert that has none
        traits={trait: value for trait, value in traits.items() if value or trait == "severity"},
    )


def _state(whole: Sequence[Mapping[str, Any]]) -> str:
    """active, silenced or inhibited, as the list showed it last; a webhook is only sent for active ones."""
    listed = [body for body in whole if isinstance(read.at(body, "alert", "status"), Mapping)]
    if not listed:
        return "active"
    status = read.table(read.at(max(listed, key=_order), "alert", "status"))
    return "silenced" if status.get("silenced") else "inhibited" if status.get("inhibited") else "active"


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
