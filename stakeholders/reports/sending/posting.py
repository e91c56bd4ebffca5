"""Slack and Microsoft Teams by incoming webhook: which addresses are taken, and one post that is never repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from delivery.actions.rules import Refused
from metrics import addresses, secrets
from metrics.events import ProviderError, RateLimited
from metrics.http import Door
from stakeholders.models import Schedule
from stakeholders.reports.document import Document

from . import chat
from .trouble import Later, Never, Perhaps

WORDED: dict[str, Callable[[Document], Any]] = {Schedule.Way.SLACK: chat.slack, Schedule.Way.TEAMS: chat.teams}
HOSTS: dict[str, tuple[str, ...]] = {
    Schedule.Way.SLACK: ("hooks.slack.com", "hooks.slack-gov.com"),
    Schedule.Way.TEAMS: (".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com"),
}
SECONDS = 20.0
MOST_BYTES = 100_000


def checked(way: str, address: str) -> str:
    """`address`, if it is one of a webhook of that program. Raises Refused with what to do."""
    said = address.strip()
    try:
        parts = addresses.parse(said)
    except addresses.Refused as wrong:
        raise Refused(f"{wrong} {wrong.advice}".strip(), "address") from wrong
    if addresses.is_trusted(parts.host, parts.port, settings.MESSAGE_HOSTS):
        return said
    if not any(parts.host == one or (one[0] == "." and parts.host.endswith(one)) for one in HOSTS.get(way, ())):
        raise Refused(
            f"{parts.host} is no webhook of {Schedule.Way(way).label}. Copy the address from there, or ask whoever "
            "runs Plumbline to allow this host (PLUMBLINE_ALLOWED_HOSTS_FOR_MESSAGES).",
            "address",
        )
    if parts.scheme != "https":
        raise Refused("Only https addresses are taken. Copy the whole address again.", "address")
    return said


def sealed(way: str, address: str) -> bytes:
    """The address as it is kept. Raises Refused."""
    said = checked(way, address)
    try:
        kept = secrets.sealed(said)
    except ImproperlyConfigured as missing:
        raise Refused(
            "This installation cannot keep secrets yet: PLUMBLINE_SOURCE_KEYS is not set.", "address"
        ) from missing
    assert kept is not None  # an address is never empty
    return kept


def called(stored: bytes | memoryview | None) -> str:
    """What tells one webhook from another without saying its address: the host, and a mark of the rest."""
    try:
        address = secrets.opened(stored)
        return f"{addresses.parse(address).host} #{hashlib.sha256(address.encode()).hexdigest()[:6]}"
    except (ProviderError, addresses.Refused):
        return "an address that cannot be read"


def post(way: str, stored: bytes | memoryview | None, document: Document, *, hand: Callable[[], None],
         done: Callable[[], None]) -> None:  # fmt: skip
    """One message. `hand` is called before it leaves, `done` once it was taken. Raises Trouble."""
    try:
        address = checked(way, secrets.opened(stored))
    except (ProviderError, Refused) as wrong:
        raise Never(f"{wrong} Enter the address of the webhook again.") from wrong
    parts = addresses.parse(address)
    door = None
    try:
        with Door(
            address=address, secret=f"{parts.path}?{parts.query}", trusted_hosts=settings.MESSAGE_HOSTS,
            timeout=SECONDS, seconds=SECONDS * 2, most_bytes=MOST_BYTES, most_tries=1,
        ) as door:  # fmt: skip
            hand()
            door.post(address, body=WORDED[way](document))
            done()
    except RateLimited as limit:
        raise Later(f"{parts.host} asks us to wait.", limit.until) from limit
    except ProviderError as failed:
        said = f"{failed} {failed.advice}".strip()
        if failed.permanent:
            raise Never(f"{_refused(parts.host)} {failed.detail}".strip() if failed.detail else said) from failed
        if door is not None and door.connected and not failed.detail.startswith("HTTP"):
            raise Perhaps(
                f"{parts.host} took the message and gave no answer. Look there before sending again."
            ) from failed
        raise Later(said) from failed


def _refused(host: str) -> str:
    return f"{host} refused the message. The webhook may have been removed: make a new one and enter its address."
