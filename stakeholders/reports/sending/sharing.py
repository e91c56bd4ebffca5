"""Links to one report for readers without a log-in: made, found, counted, revoked. Only the hash of a token is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from delivery.actions.rules import Refused
from delivery.actions.rules import words as clean
from metrics.periods import local_day
from stakeholders.models import LinkDay, Report, ShareLink
from stakeholders.reports.kept import AUDIENCES, Kept
from teams.models import User

DAYS, MOST_DAYS, MOST_OPENINGS = 30, 365, 1_000_000
TOKEN_SIGNS = 43  # of 32 bytes
BOTS = (
    "bot", "crawler", "spider", "preview", "facebookexternalhit", "slackbot", "whatsapp", "skypeuripreview",
    "embedly", "microsoft office", "ms-office", "outlook", "google-safety", "proofpoint", "mimecast",
    "barracuda", "curl/", "wget/", "python-", "go-http-client", "okhttp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """A new link, and the token that is shown this once."""

    row: ShareLink
    token: str


@transaction.atomic
def share(
    *, report: Report, audience: str, by: User, label: str = "", days: int = DAYS, most_openings: int | None = None,
    at: datetime | None = None,
) -> Shared:  # fmt: skip
    """A link to a sent report. Raises Refused for a draft and for what cannot be meant."""
    now = at or timezone.now()
    if audience not in AUDIENCES:
        raise Refused("Choose for whom it is worded.", "audience")
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"A link lasts from 1 to {MOST_DAYS} days.", "days")
    if most_openings is not None and not 1 <= most_openings <= MOST_OPENINGS:
        raise Refused(f"Write a number from 1 to {MOST_OPENINGS:,}, or nothing.", "most_openings")
    if not Kept(report).is_sent:
        raise Refused("Only a report that was sent can be shared. Send it first.")
    token = secrets.token_urlsafe(32)
    row = ShareLink.objects.create(
        report=report, audience=audience, label=clean(label, "label", longest=120), token_hash=_hash(token),
        expires_at=now + timedelta(days=days), most_openings=most_openings, created_at=now, created_by=by,
    )  # fmt: skip
    return Shared(row, token)


@transaction.atomic
def revoke(*, link: ShareLink, by: User, at: datetime | None = None) -> ShareLink:
    row = ShareLink.objects.select_for_update().get(pk=link.pk)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = at or timezone.now(), by
        row.save(update_fields=["revoked_at", "revoked_by"])
    return row


def found(token: str, *, now: datetime) -> ShareLink | None:
    """The link of a token while it lasts. By the hash, so that no comparison tells how near a guess was."""
    if len(token) != TOKEN_SIGNS:
        return None
    rows = ShareLink.objects.select_related("report__team").filter(token_hash=_hash(token))
    return rows.filter(revoked_at=None, expires_at__gt=now).first()


def opened(link: ShareLink, *, now: datetime) -> bool:
    """Count one opening; False when there is none left."""
    with transaction.atomic():
        if link.most_openings is not None:
            ShareLink.objects.select_for_update().get(pk=link.pk)
            used = link.days.aggregate(sum=Sum("openings"))["sum"] or 0
            if used >= link.most_openings:
                return False
        day = local_day(now, settings.ORGANISATION_ZONE)
        while not LinkDay.objects.filter(link=link, day=day).update(openings=F("openings") + 1, last_at=now):
            try:
                with transaction.atomic():
                    LinkDay.objects.create(link=link, day=day, openings=1, last_at=now)
            except IntegrityError:
                continue  # somebody opened it at this very moment
            break
    return True


def is_used_up(link: ShareLink) -> bool:
    used = link.days.aggregate(sum=Sum("openings"))["sum"] or 0
    return link.most_openings is not None and used >= link.most_openings


def is_person(method: str, agent: str, purpose: str) -> bool:
    """Whether a person opens the page, as far as can be told: not a preview, a scanner or a prefetching browser."""
    said = agent.lower()
    return method == "GET" and bool(said) and "prefetch" not in purpose.lower() and not any(one in said for one in BOTS)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
