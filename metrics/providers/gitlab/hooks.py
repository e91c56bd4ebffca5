"""GitLab's webhooks: whether one is genuine, what makes it the same again, and what it says of which thing.

The secret comes back in a header; newer versions sign instead (Standard Webhooks), with a secret that begins with
whsec_. Events that do not concern us say nothing, and are answered with 2xx all the same: GitLab switches a hook off
that refuses them.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from metrics import read
from metrics.events import Forged, Observation, Push, Unreadable

SIGNING = "whsec_"
TOLERANCE = timedelta(seconds=300)
_TIMES = ("updated_at", "created_at", "started_at", "finished_at", "closed_at", "merged_at", "status_changed_at")
NOBODY = "0" * 40


def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
    """Raises Forged unless one of `secrets` signed this delivery, or came with it."""
    signing = [one for one in secrets if one.startswith(SIGNING)]
    signature = push.headers.get("webhook-signature", "")
    if signature and signing:
        _signed(push, signature, signing, now)
        return
    token = push.headers.get("x-gitlab-token", "")
    if not token:
        raise Forged("The delivery carries no secret: set the hook's secret token in GitLab.")
    # each is compared, so that the time does not tell which one it was
    held = [hmac.compare_digest(token.encode(), one.encode()) for one in secrets if one]
    if not any(held):
        raise Forged("The delivery carries another secret than ours.")


def _signed(push: Push, signature: str, secrets: Sequence[str], now: datetime) -> None:
    name, stamp = push.headers.get("webhook-id", ""), push.headers.get("webhook-timestamp", "")
    if not name or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise Forged("The delivery is signed and does not say its id and time.")
    at = datetime.fromtimestamp(int(stamp), tz=UTC)
    if abs(now - at) > TOLERANCE:
        raise Forged("The delivery was signed more than five minutes from now. Check both servers' clocks.")
    try:
        said = push.body.decode()
    except UnicodeDecodeError:
        raise Forged("The delivery's signature does not hold.") from None
    given = [one.partition(",")[2] for one in signature.split()[:20] if one.startswith("v1,")]
    held = []
    for secret in secrets:
        try:
            ours = Webhook(secret).sign(msg_id=name, timestamp=at, data=said).partition(",")[2]
        except (binascii.Error, ValueError, EmptyWebhookSecretError):
            continue  # a secret that was typed wrong signs nothing
        held += [hmac.compare_digest(ours.encode(), one.encode()) for one in given]
    if not any(held):
        raise Forged("The delivery's signature does not hold.")


def key(push: Push) -> str:
    """The delivery's own id, which stays when it is sent again, and what it says."""
    headers = push.headers
    name = headers.get("webhook-id") or headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid") or ""
    return f"{name[:100]}:{read.digest(push.body)[:40]}"


def hear(push: Push) -> tuple[Observation, ...]:
    """What a delivery says; nothing where it does not concern us. Raises Unreadable."""
    said = read.decoded(push.body)
    if not isinstance(said, dict):
        raise Unreadable("A webhook of GitLab is one object, and this is none.")
    made = _HEARD.get(read.text(said.get("object_kind"), 60))
    return made(said) if made is not None else ()


def _observation(kind: str, place: object, number: object, said: Mapping[str, Any]) -> tuple[Observation, ...]:
    project, local = read.ident(place), read.ident(number)
    if not project or not local:
        raise Unreadable(f"This webhook does not say which {kind.replace('_', ' ')} it is about.")
    body = read.encoded({"hook": said})
    return (Observation(kind=kind, id=f"{project}:{local}", body=body, updated_at=_at(said)),)


def _at(said: Mapping[str, Any]) -> datetime | None:
    """The newest time that it tells of its thing: what comes later will be newer."""
    parts = [said, read.table(said.get("object_attributes")), *read.rows(said.get("builds") or said.get("jobs"))]
    if said.get("object_kind") == "note":
        parts.append(read.table(said.get("merge_request")))
    names = [f"{job}{name}" for job in ("", "build_", "job_") for name in _TIMES]
    return read.latest(*(read.when(part.get(name)) for part in parts for name in names))


def _deployment(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    return _observation("deployment", read.at(said, "project", "id"), said.get("deployment_id"), said)


def _pipeline(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    return _observation("pipeline", read.at(said, "project", "id"), read.at(said, "object_attributes", "id"), said)


def _job(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    """A job's part of its pipeline. Old versions do not say which pipeline that is: then it tells us nothing."""
    commit = read.table(said.get("commit"))
    pipeline = said.get("pipeline_id") or (commit.get("id") if "sha" in commit else None)
    if not read.ident(pipeline):
        return ()
    return _observation("pipeline", said.get("project_id") or read.at(said, "project", "id"), pipeline, said)


def _merge_request(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    about = read.table(said.get("object_attributes"))
    place = about.get("target_project_id") or read.at(said, "project", "id")
    return _observation("merge_request", place, about.get("iid"), said)


def _note(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    """A comment on a merge request may be its first review; other comments tell us nothing."""
    about = read.table(said.get("merge_request"))
    if not about:
        return ()
    place = about.get("target_project_id") or said.get("project_id") or read.at(said, "project", "id")
    return _observation("merge_request", place, about.get("iid"), said)


def _issue(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    """An issue or an incident. A work item of a group, such as an epic, belongs to no project."""
    about = read.table(said.get("object_attributes"))
    place = about.get("project_id") or read.at(said, "project", "id")
    if not read.ident(place) and said.get("object_kind") == "work_item":
        return ()
    return _observation("issue", place, about.get("iid"), said)


def _release(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    return _observation("release", read.at(said, "project", "id"), said.get("tag"), said)


def _push(said: Mapping[str, Any]) -> tuple[Observation, ...]:
    """The commits of the default branch by their sha. Their parents are not told: they are asked for."""
    branch = read.text(read.at(said, "project", "default_branch"), 300)
    if not branch or said.get("ref") != f"refs/heads/{branch}" or said.get("after") == NOBODY:
        return ()
    place = said.get("project_id") or read.at(said, "project", "id")
    project = said.get("project")
    return tuple(
        one
        for commit in read.rows(said.get("commits"))
        for one in _observation("commit", place, commit.get("id"), {"project": project, "pushed": commit})
    )


_HEARD = {
    "deployment": _deployment,
    "pipeline": _pipeline,
    "build": _job,
    "job": _job,
    "merge_request": _merge_request,
    "note": _note,
    "issue": _issue,
    "incident": _issue,
    "work_item": _issue,
    "release": _release,
    "push": _push,
}
