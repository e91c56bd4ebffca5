"""CloudEvents around CDEvents: one in headers and body, one whole in the body, or several at once. Pure.

A CDEvent that comes without a CloudEvent around it is read too: it says all of that itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics import read
from metrics.events import Push, Unreadable

MOST = 1000  # events in a batch
_TYPE = re.compile(r"\Adev\.cdevents\.([a-z]+)\.([a-z]+)(?:\.|\Z)")  # what follows is the type's own version


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One CDEvent: `subject` and `predicate` are of its type, "service" and "deployed"."""

    subject: str
    predicate: str
    identity: str
    source: str
    at: datetime | None
    about: Mapping[str, Any]  # its subject: id, source, content
    custom: Mapping[str, Any]
    said: Mapping[str, Any]  # the whole CDEvent

    @property
    def name(self) -> str:
        return f"{self.subject}.{self.predicate}"


def opened(push: Push) -> list[Happened | str]:
    """The events of a delivery; for one that is no CDEvent its type. Raises Unreadable."""
    body = read.decoded(push.body)
    if isinstance(body, list):
        if len(body) > MOST:
            raise Unreadable(f"A batch may hold {MOST} events; this one has {len(body)}.")
        return [_structured(one) for one in body]
    said = read.table(body)
    if "ce-type" in push.headers:
        around = {name[3:]: value for name, value in push.headers.items() if name.startswith("ce-")}
        return [_happened(said, around)]
    return [_structured(said)]


def of_cdevent(said: Mapping[str, Any]) -> Happened:
    """A CDEvent as we keep it. Raises Unreadable for what was never one."""
    found = _happened(said, {})
    if isinstance(found, str):
        raise Unreadable(f"This is no CDEvent: {found or 'it has no type'}.")
    return found


def _structured(one: object) -> Happened | str:
    said = read.table(one)
    if isinstance(said.get("context"), Mapping):
        return _happened(said, {})
    if "data" in said:
        return _happened(read.table(said["data"]), said)
    if isinstance(raw := said.get("data_base64"), str):
        try:
            data = base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable("The data of this CloudEvent is not base64.") from None
        return _happened(read.table(read.decoded(data)), said)
    if "type" in said and "specversion" in said:
        return _happened({}, said)
    raise Unreadable("This is no CloudEvent: it has neither a type nor a context.")


def _happened(said: Mapping[str, Any], around: Mapping[str, Any]) -> Happened | str:
    context = read.table(said.get("context"))
    kind = read.text(context.get("type") or around.get("type"), 200)
    found = _TYPE.match(kind.lower())
    if found is None:
        return kind
    about = read.table(said.get("subject"))
    identity = read.ident(context.get("id")) or read.ident(around.get("id"))
    source = read.text(context.get("source") or around.get("source"), 300)
    at = read.when(context.get("timestamp")) or read.when(around.get("time"))
    whole = {
        **said,
        "context": {
            **context,
            "type": kind,
            "id": identity,
            "source": source,
            "timestamp": at.isoformat() if at else None,
        },
    }
    return Happened(
        subject=found.group(1), predicate=found.group(2), identity=identity, source=source, at=at, about=about,
        custom=read.table(said.get("customData")), said=whole,
    )  # fmt: skip
