"""Webhooks of Jenkins: what the Notification plugin sends, or a pipeline that posts the same words.

Jenkins signs nothing: the secret comes as a bearer token, or in the body as `token`. What is pushed says that a build
began or ended; the build itself is then read from Jenkins.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from metrics import read
from metrics.events import Forged, Observation, Push, Unreadable

from .client import whole


def verify(push: Push, secrets: Sequence[str]) -> None:
    """Raises Forged unless one of `secrets` came with this delivery."""
    kind, _, given = push.headers.get("authorization", "").partition(" ")
    given = given.strip() if kind.lower() == "bearer" else push.headers.get("x-jenkins-token", "")
    if not given:
        try:
            given = read.text(read.at(read.decoded(push.body), "token"), 500)
        except Unreadable:
            given = ""
    if not given:
        raise Forged("The delivery carries no secret: send it as “Authorization: Bearer …”, or as “token” in the body.")
    held = [hmac.compare_digest(given.encode(), one.encode()) for one in secrets if one]
    if not any(held):
        raise Forged("The delivery carries another secret than ours.")


def key(push: Push) -> str:
    return read.digest(push.body)[:40]


def hear(push: Push) -> tuple[Observation, ...]:
    """The build that a delivery is about. Raises Unreadable."""
    said = read.decoded(push.body)
    if not isinstance(said, dict):
        raise Unreadable("A webhook of Jenkins is one object, and this is none.")
    build = read.table(said.get("build"))
    if not build:
        return ()
    number = whole(build.get("number"))
    if not number and read.text(build.get("phase"), 40).upper() == "QUEUED":
        return ()  # it gets its number when it begins
    name = _name(read.text(said.get("url") or build.get("url") or build.get("full_url"), 2000))
    name = name or read.text(said.get("name"), 500)
    if number is None or not name:
        raise Unreadable("This webhook does not say which build it is about.")
    kept = {key: value for key, value in said.items() if key != "token"}
    kept["build"] = {key: value for key, value in build.items() if key not in ("log", "parameters")}
    start, took = whole(build.get("timestamp")), whole(build.get("duration")) or 0
    at = read.when(start)
    return (
        Observation(
            kind="build", id=f"{name}#{number}", body=read.encoded({"hook": kept}),
            updated_at=at + timedelta(milliseconds=min(took, 10**10)) if at else None,
        ),
    )  # fmt: skip


def _name(url: str) -> str:
    """The name with its folders, of job/folder/job/name/ and of the whole address."""
    parts = urlsplit(url).path.strip("/").split("/")
    parts = parts[parts.index("job") :] if "job" in parts else []
    names = []
    while len(parts) > 1 and parts[0] == "job":
        names.append(unquote(parts[1]))
        parts = parts[2:]
    return "/".join(names)
