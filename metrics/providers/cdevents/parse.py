"""CDEvents into facts: services put into environments, incidents, merged changes, and pipeline runs with their tasks.

Most events tell that something is done, and not how it went: a service that was deployed, upgraded or rolled back is a
deployment that succeeded; a rollback also shows that the one before it had failed. No event names a commit, unless the
package URL of its artifact does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

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

from .envelope import Happened, of_cdevent, opened

DEPLOYMENT, INCIDENT, CHANGE, RUN = "deployment", "incident", "change", "run"

KINDS: Mapping[str, str] = {
    "service.deployed": DEPLOYMENT, "service.upgraded": DEPLOYMENT, "service.rolledback": DEPLOYMENT,
    "incident.detected": INCIDENT, "incident.reported": INCIDENT, "incident.resolved": INCIDENT,
    "ticket.created": INCIDENT, "ticket.updated": INCIDENT, "ticket.closed": INCIDENT,
    "change.created": CHANGE, "change.reviewed": CHANGE, "change.merged": CHANGE,
    "pipelinerun.queued": RUN, "pipelinerun.started": RUN, "pipelinerun.finished": RUN,
    "taskrun.started": RUN, "taskrun.finished": RUN,
}  # fmt: skip
IRRELEVANT: Mapping[str, str] = {
    "service.published": "a service that can be reached is not a new version of it",
    "service.removed": "a service that is taken away is not a deployment",
    "change.updated": "a change counts when it is merged",
    "change.abandoned": "a change that is not merged is not a change",
    "artifact": "an artifact is not yet deployed",
    "build": "a build is not a deployment; the pipeline run that it belongs to is read",
    "branch": "a branch is not a change",
    "environment": "an environment that comes or goes is not a deployment",
    "repository": "a repository is not a change",
    "testcaserun": "tests are read as part of their pipeline run",
    "testsuiterun": "tests are read as part of their pipeline run",
    "testoutput": "tests are read as part of their pipeline run",
    "ticket": "a ticket that is no incident",
    "taskrun": "a task that belongs to no pipeline run",
}
OUTCOMES = {
    "success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "error": Outcome.FAILURE,
    "cancel": Outcome.CANCELLED, "canceled": Outcome.CANCELLED, "cancelled": Outcome.CANCELLED,
}  # fmt: skip
_SHA = re.compile(r"\A[0-9a-f]{40}\Z")


def why_not(happened: Happened | str) -> str:
    """Why nothing is kept of an event; "" for one that is."""
    if isinstance(happened, str):
        return f"no CDEvent: {happened or 'it has no type'}"
    if happened.name in KINDS:
        if happened.subject == "ticket" and read.text(_content(happened).get("ticketType"), 40).lower() != "incident":
            return IRRELEVANT["ticket"]
        if happened.subject == "taskrun" and not _run_id(happened):
            return IRRELEVANT["taskrun"]
        return ""
    return IRRELEVANT.get(happened.name) or IRRELEVANT.get(happened.subject) or f"{happened.name} says nothing of ours"


def heard(push: Push) -> tuple[Observation, ...]:
    """What a delivery says that concerns us. Raises Unreadable."""
    found = []
    for happened in opened(push):
        if not why_not(happened):
            assert isinstance(happened, Happened)
            if happened.at is None or not read.ident(happened.about.get("id")):
                raise Unreadable(f"This {happened.subject} event lacks its time or the id of its subject.")
            kind = KINDS[happened.name]
            body = read.encoded(happened.said)
            found.append(Observation(kind=kind, id=_thing(happened, kind), body=body, updated_at=happened.at))
    return tuple(found)


def _thing(happened: Happened, kind: str) -> str:
    if kind == DEPLOYMENT:  # each event is one: its source and id are its own
        return _key(happened.source, happened.identity, happened.predicate)
    if happened.subject == "taskrun":
        return _run_id(happened)
    if happened.subject == "ticket":
        return _key(_source(happened), read.ident(happened.about.get("id")), "ticket")
    return _key(_source(happened), read.ident(happened.about.get("id")))


def _key(*parts: str) -> str:
    whole = "#".join(parts)
    return whole if len(whole) <= 250 else f"{whole[:180]}#{read.digest(whole)[:32]}"


def _source(happened: Happened) -> str:
    return read.text(happened.about.get("source"), 300) or happened.source


def _run_id(task: Happened) -> str:
    run = read.table(_content(task).get("pipelineRun"))
    identity = read.ident(run.get("id"))
    return _key(read.text(run.get("source"), 300) or _source(task), identity) if identity else ""


def _content(happened: Happened) -> Mapping[str, Any]:
    return read.table(happened.about.get("content"))


# --- what follows ----------------------------------------------------------------------------------------------------


def derived(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    events = {one.body: of_cdevent(read.table(read.decoded(one.body))) for one in told}
    ordered = [events[body] for body in sorted(events, key=lambda body: (_at(events[body]), read.digest(body)))]
    if kind == DEPLOYMENT:
        return Derived(events=(_deployment(told[0].id, ordered[-1]),))
    if kind == INCIDENT:
        return _incident(told[0].id, ordered)
    if kind == CHANGE:
        return _change(ordered)
    return _run(told[0].id, ordered)


def _deployment(identity: str, happened: Happened) -> DeploymentSeen:
    content = _content(happened)
    environment = read.text(
        read.at(content, "environment", "name") or read.at(content, "environment", "id") or content.get("environment"),
        100,
    )
    service = read.text(happened.about.get("id"), 200)
    artifact = read.text(content.get("artifactId"), 500)
    rolled_back = happened.predicate == "rolledback"
    sha, version = _sha_of(artifact)
    traits = {"via": "deployment", "environment": environment, "service": service, "type": happened.predicate}
    return DeploymentSeen(
        provider_id=identity,
        service=service,
        environment=environment,
        production=False,  # it is not said; the source's rules know their environments
        sha=sha,
        ref=version,
        outcome=Outcome.SUCCESS,
        raw_outcome=happened.predicate,
        started_at=None,
        finished_at=happened.at,
        answer=Answer.ROLLBACK if rolled_back else None,
        note="It took back the one before it." if rolled_back else "",
        updated_at=happened.at,
        traits={trait: value for trait, value in traits.items() if value},
    )


def _sha_of(artifact: str) -> tuple[str, str]:
    """(the commit that a package URL names, or ""; its version). The digest of an image is no commit."""
    whole, _, qualifiers = artifact.partition("?")
    version = unquote(whole.partition("@")[2].partition("#")[0])
    asked = dict(parse_qsl(qualifiers.partition("#")[0]))
    named = (asked.get("commit", ""), asked.get("vcs_url", "").rpartition("@")[2], version)
    return next((one.lower() for one in named if _SHA.match(one.lower())), ""), read.text(version, 300)


def _incident(identity: str, events: Sequence[Happened]) -> Derived:
    begins = [_at(one) for one in events if one.name in ("incident.detected", "incident.reported", "ticket.created")]
    ends = [_at(one) for one in events if one.name in ("incident.resolved", "ticket.closed")]
    if not begins:
        return Derived(why="an incident of which only what came later is known")
    # told again after its end it is open again
    ended = max(ends) if ends and max(ends) >= max(begins) else None
    title, service, environment = _newest(events, "description", "summary"), "", ""
    for one in events:
        content = _content(one)
        service = read.text(read.at(content, "service", "id"), 200) or service
        environment = read.text(read.at(content, "environment", "id"), 100) or environment
    labels = tuple(
        dict.fromkeys(
            text for one in events for label in _list(_content(one).get("labels")) if (text := read.text(label, 100))
        )
    )
    custom = [one.custom for one in events]
    severity = next((text for one in reversed(custom) if (text := read.text(one.get("severity"), 40))), "")
    priority = next((text for one in reversed(custom) if (text := read.text(one.get("priority"), 40))), "")
    priority = priority or _newest(events, "priority")
    traits: dict[str, str | tuple[str, ...]] = {
        "title": title, "service": service, "environment": environment, "severity": severity, "priority": priority,
        "type": events[-1].subject, "label": labels,
    }  # fmt: skip
    seen = IncidentSeen(
        provider_id=identity,
        service=service,
        title=title or f"Incident {read.ident(events[0].about.get('id'))}",
        started_at=min(begins),
        resolved_at=ended,
        severity=severity or priority,
        url=read.link(_newest(events, "ticketURI", "uri")),
        updated_at=_at(events[-1]),
        traits={trait: value for trait, value in traits.items() if value},
    )
    return Derived(events=(seen,), open=ended is None)


def _change(events: Sequence[Happened]) -> Derived:
    merged = [one for one in events if one.predicate == "merged"]
    if not merged:
        return Derived(why="a change that is not merged")
    about = merged[-1].about
    identity = read.ident(about.get("id"))
    is_sha = _SHA.match(identity.lower()) is not None
    reviews = [_at(one) for one in events if one.predicate == "reviewed"]
    created = [_at(one) for one in events if one.predicate == "created"]
    repositories = (read.text(read.at(_content(one), "repository", "id"), 200) for one in reversed(events))
    repository = next((one for one in repositories if one), "")
    seen = ChangeSeen(
        sha=identity.lower() if is_sha else f"id:{read.digest(_source(merged[-1]), identity)[:40]}",
        repository=repository,
        number="" if is_sha else identity[:50],
        title=_newest(events, "description") or f"Change {identity}",
        author="",
        first_commit_at=None,
        merged_at=_at(merged[0]),
        opened_at=min(created, default=None),
        first_review_at=min(reviews, default=None),
        time_note="These events name no commits, so when it was begun is not known.",
        updated_at=_at(events[-1]),
    )
    return Derived(events=(seen,))


def _run(identity: str, events: Sequence[Happened]) -> Derived:
    own = [one for one in events if one.subject == "pipelinerun"]
    if not own:
        return Derived(why="tasks of a pipeline run that was not told itself")
    when: dict[str, datetime] = {}
    for one in own:
        when[one.predicate] = _at(one)
    finished = [one for one in own if one.predicate == "finished"]
    raw = read.text(_content(finished[-1]).get("outcome"), 40) if finished else ""
    name = _newest(own, "pipelineName")
    tasks: dict[str, list[Happened]] = {}
    for one in events:
        if one.subject == "taskrun":
            tasks.setdefault(read.ident(one.about.get("id")), []).append(one)
    traits = {"workflow": name}
    seen = RunSeen(
        provider_id=identity,
        workflow=name or read.ident(own[-1].about.get("id")),
        outcome=_outcome(raw) if finished else None,
        raw_outcome=raw,
        queued_at=when.get("queued"),
        started_at=when.get("started"),
        finished_at=when.get("finished"),
        jobs=tuple(_job(task, told) for task, told in sorted(tasks.items())),
        url=read.link(_newest(own, "uri", "url")),
        updated_at=_at(events[-1]),
        traits={trait: value for trait, value in traits.items() if value},
    )
    return Derived(events=(seen,), open=not finished)


def _job(identity: str, events: Sequence[Happened]) -> JobSeen:
    finished = [one for one in events if one.predicate == "finished"]
    raw = read.text(_content(finished[-1]).get("outcome"), 40) if finished else ""
    started = [_at(one) for one in events if one.predicate == "started"]
    return JobSeen(
        provider_id=identity,
        name=_newest(events, "taskName") or identity,
        outcome=_outcome(raw) if finished else None,
        raw_outcome=raw,
        started_at=min(started, default=None),
        finished_at=_at(finished[-1]) if finished else None,
    )


def _outcome(raw: str) -> Outcome:
    return OUTCOMES.get(raw.lower(), Outcome.UNKNOWN)


def _at(happened: Happened) -> datetime:
    assert happened.at is not None  # an event without a time is not kept
    return happened.at


def _newest(events: Sequence[Happened], *names: str) -> str:
    found = (read.text(_content(one).get(name), 300) for one in reversed(events) for name in names)
    return next((one for one in found if one), "")


def _list(value: object) -> list[Any]:
    return value[:50] if isinstance(value, list) else []
