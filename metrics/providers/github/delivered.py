"""Deliveries of GitHub's webhooks: whether they are its own, which they are, and what they say. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from metrics import read
from metrics.events import Forged, Observation, Push, Unreadable

from .words import Words, observation, time

EVENTS = (
    "deployment", "deployment_status", "release", "workflow_run", "workflow_job", "pull_request", "pull_request_review",
    "push", "issues",
)  # fmt: skip


def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
    """Whether one of `secrets` signed this body as it came. Raises Forged."""
    given = push.headers.get("x-hub-signature-256", "").strip()
    if not given:
        old = " Its old form, X-Hub-Signature, is not enough." if push.headers.get("x-hub-signature") else ""
        raise Forged(f"This delivery is not signed: enter the secret in the webhook's settings.{old}")
    held = False
    for secret in secrets:
        made = "sha256=" + hmac.new(secret.encode(), push.body, hashlib.sha256).hexdigest()
        held |= hmac.compare_digest(made.encode(), given.encode("utf-8", "replace"))
    if not held:
        raise Forged("The signature does not hold: the webhook's secret at GitHub is not ours.")


def key(push: Push) -> str:
    given = read.text(push.headers.get("x-github-delivery"), 100)
    return given or read.digest(push.headers.get("x-github-event", ""), push.body)


def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
    """What a delivery says; nothing where it does not concern us. Raises Unreadable."""
    event = push.headers.get("x-github-event", "").strip()
    if why_not(event):
        return ()
    said = _said(push)
    if not event:
        raise Unreadable("A delivery without X-GitHub-Event says nothing of what it is.")
    name = read.text(read.at(said, "repository", "full_name"), 200)
    if not name:
        raise Unreadable(f"A delivery of {event} that names no repository.")
    return tuple(_HEARD[event](said, name))


def why_not(event: str) -> str:
    """Why a kind of delivery does not concern us, in words for a person; "" when it does."""
    if not event or event in _HEARD:
        return ""
    if event == "ping":
        return "GitHub's test that the webhook works"
    return f"{read.text(event, 60)}, which none of our measures needs"


def _said(push: Push) -> Words:
    body = push.body
    form = push.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    if form or body[:8] == b"payload=":
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
        body = (fields.get("payload") or [""])[0].encode()
    said = read.decoded(body)
    if not isinstance(said, Mapping):
        raise Unreadable("A delivery that is no JSON object.")
    return said


def _part(said: Words, name: str) -> Words:
    part = said.get(name)
    if not isinstance(part, Mapping):
        raise Unreadable(f"A delivery without its {name.replace('_', ' ')}.")
    return part


def _id(said: Words, name: str = "id") -> str:
    if not (which := read.ident(said.get(name))):
        raise Unreadable(f"A delivery whose {name} is missing.")
    return which


def _deployment(said: Words, name: str) -> list[Observation]:
    row = _part(said, "deployment")
    status = _part(said, "deployment_status") if "deployment_status" in said else None
    at = read.latest(
        time(row, "updated_at"), time(row, "created_at"), time(status, "updated_at"), time(status, "created_at")
    )
    return [
        observation(
            "deployment", f"{name}#{_id(row)}", at, repository=said["repository"], deployment=row,
            statuses=[status] if status is not None else None,
        )
    ]  # fmt: skip


def _release(said: Words, name: str) -> list[Observation]:
    row = _part(said, "release")
    at = read.latest(time(row, "updated_at"), time(row, "published_at"), time(row, "created_at"))
    deleted = "deleted" if said.get("action") == "deleted" else None
    return [
        observation("release", f"{name}#{_id(row)}", at, repository=said["repository"], release=row, action=deleted)
    ]


def _run(said: Words, name: str) -> list[Observation]:
    row = _part(said, "workflow_run")
    at = read.latest(time(row, "updated_at"), time(row, "run_started_at"), time(row, "created_at"))
    workflow = said.get("workflow") if isinstance(said.get("workflow"), Mapping) else None
    return [
        observation(
            "run", f"{name}#{_id(row)}", at, repository=said["repository"], runs=[row],
            workflow={part: workflow.get(part) for part in ("id", "name", "path")} if workflow else None,
        )
    ]  # fmt: skip


def _job(said: Words, name: str) -> list[Observation]:
    row = {part: one for part, one in _part(said, "workflow_job").items() if part not in ("steps", "labels")}
    at = read.latest(time(row, "completed_at"), time(row, "started_at"), time(row, "created_at"))
    return [observation("run", f"{name}#{_id(row, 'run_id')}", at, repository=said["repository"], jobs=[row])]


def _pull(said: Words, name: str) -> list[Observation]:
    row = _part(said, "pull_request")
    review = said.get("review") if isinstance(said.get("review"), Mapping) else None
    at = read.latest(time(row, "updated_at"), time(row, "created_at"), time(review, "submitted_at"))
    return [
        observation(
            "pull", f"{name}#{_id(row, 'number')}", at, repository=said["repository"], pull=row,
            reviews=[review] if review else None,
        )
    ]  # fmt: skip


def _push(said: Words, name: str) -> list[Observation]:
    """Commits that came onto the main branch. Their parents are not told, so each is asked for."""
    main = read.at(said, "repository", "default_branch") or read.at(said, "repository", "master_branch")
    if read.text(said.get("ref"), 300) != f"refs/heads/{main}" or said.get("deleted") is True:
        return []
    return [
        observation(
            "commit", f"{name}@{sha.lower()}", time(row, "timestamp"), repository=said["repository"],
            pushed={part: row.get(part) for part in ("id", "message", "timestamp")},
        )
        for row in read.rows(said.get("commits"))
        if (sha := read.text(row.get("id"), 64))
    ]  # fmt: skip


def _issue(said: Words, name: str) -> list[Observation]:
    row = _part(said, "issue")
    gone = said.get("action") if said.get("action") in ("deleted", "transferred") else None
    at = read.latest(time(row, "updated_at"), time(row, "created_at"))
    return [
        observation("issue", f"{name}#{_id(row, 'number')}", at, repository=said["repository"], issue=row, action=gone)
    ]


_HEARD: Mapping[str, Callable[[Any, str], list[Observation]]] = {
    "deployment": _deployment,
    "deployment_status": _deployment,
    "release": _release,
    "workflow_run": _run,
    "workflow_job": _job,
    "pull_request": _pull,
    "pull_request_review": _pull,
    "push": _push,
    "issues": _issue,
}
