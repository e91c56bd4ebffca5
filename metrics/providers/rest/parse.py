"""What was sent to the plain door into facts: deployments, changes, pipeline runs and incidents, by the sender's ids.

A thing may be told in several steps (started, then finished): what was told last counts, field by field, and a field
that a later step leaves out stays as it was. “Last” is by the sender's updated_at, else by the newest time in the body,
else by when it was received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from metrics import read
from metrics.events import (
    Answer,
    ChangeSeen,
    DeploymentSeen,
    Derived,
    IncidentSeen,
    JobSeen,
    Observation,
    Outcome,
    Push,
    RunSeen,
    Unreadable,
)

from . import devlake

KIND_HEADER, AT_HEADER = "x-plumbline-kind", "x-plumbline-at"
KINDS = {
    "deployments": "deployment", "changes": "change", "runs": "run", "incidents": "incident",
    "devlake-deployments": "deployment", "devlake-issues": "incident", "devlake-close": "incident",
}  # fmt: skip
MOST = 500  # things in one delivery
OUTCOMES = {
    "success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "cancelled": Outcome.CANCELLED,
    "canceled": Outcome.CANCELLED, "unknown": Outcome.UNKNOWN,
}  # fmt: skip
UNDER_WAY = ("running", "queued", "started", "in_progress")
TIMES = (
    "updated_at", "finished_at", "resolved_at", "started_at", "queued_at", "merged_at", "approved_at",
    "first_review_at", "opened_at",
)  # fmt: skip
_PRODUCTION = re.compile(r"\A(prod|live)", re.IGNORECASE)


def heard(push: Push, *, now: datetime) -> tuple[Observation, ...]:
    """Each thing in a delivery: one, or a list. Raises Unreadable."""
    form = push.headers.get(KIND_HEADER, "")
    if form not in KINDS:
        raise Unreadable(f"A delivery says what it holds in {KIND_HEADER}: {', '.join(KINDS)}.")
    said = read.decoded(push.body)
    items = said if isinstance(said, list) else [said]
    if len(items) > MOST:
        raise Unreadable(f"A delivery holds at most {MOST} things; this one holds {len(items)}.")
    received = read.when(push.headers.get(AT_HEADER)) or now
    return tuple(observed(form, item, received) for item in items)


def observed(form: str, item: object, received: datetime) -> Observation:
    """One thing as it was sent. Raises Unreadable for one without an id."""
    if not isinstance(item, Mapping):
        raise Unreadable("Each thing is an object with named fields.")
    told = _told(form, item)
    identity = _identity(KINDS[form], told)
    if not identity:
        raise Unreadable("Each thing has an id, so that it is known again when it is sent a second time.")
    body = read.encoded({"form": form, "said": item, "received": _stamp(received)})
    return Observation(kind=KINDS[form], id=identity, body=body, updated_at=_time(told) or received)


def _told(form: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thing in our own words."""
    if form == "devlake-deployments":
        return devlake.deployment(item)
    if form in ("devlake-issues", "devlake-close"):
        return devlake.incident(item)
    if form in ("deployments", "runs") and item.get("finished_at") and not item.get("outcome"):
        return {**item, "outcome": "success"}  # an end without a word is a good one
    return item


def _identity(kind: str, told: Mapping[str, Any]) -> str:
    identity = read.ident(told.get("id"))
    if kind == "change":
        sha = read.text(told.get("sha"), 64)
        return f"{read.text(told.get('repository'), 200)}@{sha}" if sha else ""
    if kind == "run" and identity:
        return f"{identity}.{_attempt(told)}"
    return identity


def _time(told: Mapping[str, Any]) -> datetime | None:
    return read.when(told.get("updated_at")) or read.latest(*(read.when(told.get(name)) for name in TIMES))


# --- what follows ----------------------------------------------------------------------------------------------------


def derived(kind: str, observations: Sequence[Observation], *, now: datetime) -> Derived:
    told: list[tuple[datetime, datetime, str, str, Mapping[str, Any]]] = []
    for one in observations:
        body = read.table(read.decoded(one.body))
        form, item = read.text(body.get("form"), 40), read.table(body.get("said"))
        received = read.when(body.get("received")) or datetime.min.replace(tzinfo=UTC)
        ours = _told(form, item)
        told.append((_time(ours) or received, received, read.digest(one.body), form, ours))
    told.sort(key=lambda one: one[:3])
    whole: dict[str, Any] = {}
    for _, _, _, form, ours in told:
        if form.startswith("devlake-"):  # each of these tells all there is to say
            whole = dict(ours) if form != "devlake-close" else whole
        else:
            whole |= ours
    updated = told[-1][0]
    if kind == "deployment":
        return _deployment(observations[0].id, whole, updated)
    if kind == "change":
        return _change(whole, updated)
    if kind == "run":
        return _run(whole, updated)
    since = max((received for _, received, _, form, _ in told if form != "devlake-close"), default=None)
    closes = [received for _, received, _, form, _ in told if form == "devlake-close"]
    closed = min((at for at in closes if since is None or at >= since), default=None)
    return _incident(observations[0].id, whole, read.latest(updated, *closes) or updated, closed)


def _deployment(identity: str, told: Mapping[str, Any], updated: datetime) -> Derived:
    outcome, under_way = _outcome(told)
    environment = read.text(told.get("environment"), 100) or "production"
    production = told.get("production")
    finished = read.when(told.get("finished_at"))
    seen = DeploymentSeen(
        provider_id=identity,
        service=read.text(told.get("service"), 200),
        environment=environment,
        production=production if isinstance(production, bool) else bool(_PRODUCTION.match(environment)),
        sha=read.text(told.get("sha"), 64).lower(),
        ref=read.text(told.get("ref"), 300),
        outcome=outcome or Outcome.UNKNOWN,
        raw_outcome=read.text(told.get("raw_outcome") or told.get("outcome"), 100),
        started_at=read.when(told.get("started_at")),
        finished_at=None if under_way else finished,
        answer={"rollback": Answer.ROLLBACK, "hotfix": Answer.HOTFIX}.get(read.text(told.get("answer"), 20).lower()),
        answers=read.ident(told.get("answers")),
        note=read.text(told.get("note"), 300),
        url=read.link(told.get("url")),
        updated_at=updated,
        repository=read.text(told.get("repository"), 200),
        traits=_traits(told, via="deployment", environment=environment),
    )
    return Derived(events=(seen,), open=under_way)


def _change(told: Mapping[str, Any], updated: datetime) -> Derived:
    merged = read.when(told.get("merged_at"))
    if merged is None:
        return Derived(why="a change that is not merged")
    given = told.get("commits")
    commits = given[:1000] if isinstance(given, list) else []
    began = read.when(told.get("first_commit_at"))
    seen = ChangeSeen(
        sha=read.text(told.get("sha"), 64).lower(),
        repository=read.text(told.get("repository"), 200),
        number=read.ident(told.get("number"))[:50],
        commits=tuple(sha for one in commits if (sha := read.text(one, 64).lower())),
        title=read.text(told.get("title"), 300),
        author=read.text(told.get("author"), 200),
        first_commit_at=began,
        merged_at=merged,
        opened_at=read.when(told.get("opened_at")),
        first_review_at=read.when(told.get("first_review_at")),
        approved_at=read.when(told.get("approved_at")),
        reverts=read.text(told.get("reverts"), 64).lower(),
        time_note="" if began else "When it was begun was not sent.",
        url=read.link(told.get("url")),
        updated_at=updated,
    )
    return Derived(events=(seen,))


def _run(told: Mapping[str, Any], updated: datetime) -> Derived:
    outcome, under_way = _outcome(told)
    on_main, coverage = told.get("on_main"), told.get("coverage")
    seen = RunSeen(
        provider_id=read.ident(told.get("id")),
        attempt=_attempt(told),
        workflow=read.text(told.get("workflow"), 200),
        repository=read.text(told.get("repository"), 200),
        branch=read.text(told.get("branch"), 200),
        sha=read.text(told.get("sha"), 64).lower(),
        event=read.text(told.get("event"), 40),
        on_main=on_main if isinstance(on_main, bool) else None,
        outcome=None if under_way else outcome,
        raw_outcome=read.text(told.get("outcome"), 100),
        queued_at=read.when(told.get("queued_at")),
        started_at=read.when(told.get("started_at")),
        finished_at=None if under_way else read.when(told.get("finished_at")),
        coverage=float(coverage) if isinstance(coverage, int | float) and 0 <= coverage <= 100 else None,
        jobs=tuple(_job(job, place) for place, job in enumerate(read.rows(told.get("jobs"))[:500], 1)),
        service=read.text(told.get("service"), 200),
        url=read.link(told.get("url")),
        updated_at=updated,
        traits=_traits(told, workflow=read.text(told.get("workflow"), 200)),
    )
    return Derived(events=(seen,), open=under_way)


def _job(told: Mapping[str, Any], place: int) -> JobSeen:
    outcome, under_way = _outcome(
        told if told.get("outcome") or not told.get("finished_at") else {"outcome": "success"}
    )
    return JobSeen(
        provider_id=read.ident(told.get("id")) or str(place),
        name=read.text(told.get("name"), 200),
        outcome=None if under_way else outcome,
        raw_outcome=read.text(told.get("outcome"), 100),
        stage=read.text(told.get("stage"), 100),
        queued_at=read.when(told.get("queued_at")),
        started_at=read.when(told.get("started_at")),
        finished_at=read.when(told.get("finished_at")),
    )


def _incident(identity: str, told: Mapping[str, Any], updated: datetime, closed: datetime | None) -> Derived:
    started = read.when(told.get("started_at"))
    if started is None:
        return Derived(why="an incident of which only its end was sent" if closed else "an incident without a start")
    resolved = read.when(told.get("resolved_at")) or closed
    if resolved is None and told.get("is_over") is True:
        resolved = updated  # it is done, and since when was not sent
    seen = IncidentSeen(
        provider_id=identity,
        service=read.text(told.get("service"), 200),
        title=read.text(told.get("title"), 300) or f"Incident {identity}",
        started_at=started,
        resolved_at=max(resolved, started) if resolved else None,
        severity=read.text(told.get("severity") or told.get("priority"), 40),
        caused_by=read.ident(told.get("caused_by")),
        url=read.link(told.get("url")),
        updated_at=updated,
        traits=_traits(told, type=read.text(told.get("type"), 100) or "incident"),
    )
    return Derived(events=(seen,), open=resolved is None)


def _outcome(told: Mapping[str, Any]) -> tuple[Outcome | None, bool]:
    """(how it ended, whether it is under way)."""
    raw = read.text(told.get("outcome"), 100).lower()
    if not raw or raw in UNDER_WAY:
        return None, True
    return OUTCOMES.get(raw, Outcome.UNKNOWN), False


def _attempt(told: Mapping[str, Any]) -> int:
    attempt = told.get("attempt")
    return attempt if isinstance(attempt, int) and not isinstance(attempt, bool) and 0 < attempt < 10_000 else 1


def _traits(told: Mapping[str, Any], **more: str) -> dict[str, str | tuple[str, ...]]:
    names = ("repository", "branch", "service", "title", "severity", "priority", "urgency")
    found: dict[str, str | tuple[str, ...]] = {name: read.text(told.get(name), 300) for name in names}
    if not found["service"]:
        found["service"] = read.text(told.get("component"), 200)
    labels = told.get("labels")
    found["label"] = (
        tuple(text for one in labels[:50] if (text := read.text(one, 100))) if isinstance(labels, list) else ()
    )
    found |= more
    return {name: value for name, value in found.items() if value}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
