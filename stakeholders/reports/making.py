"""Reports as files: asked for once, made by a worker, kept by the hash of what they were made from.

The same report asked for again is the same file. What fails says so and can be asked for again; what a worker left
half done is taken over by the next.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from delivery.tasks import send_quietly
from stakeholders.models import Rendering, Report

from .facts import canonical
from .kept import Kept
from .renderings import FORMS, Form

State = Rendering.State
AT_WORK = (State.WAITING, State.RUNNING)
ABANDONED = timedelta(minutes=2)  # so long at work, and its worker is gone
MOST_KEPT = 20  # files of one report


@dataclass(frozen=True, slots=True)
class File:
    """One form on offer, with how far it is; `row` None: nobody has asked for it yet."""

    form: Form
    row: Rendering | None

    @property
    def is_at_work(self) -> bool:
        return self.row is not None and self.row.state in AT_WORK

    @property
    def is_ready(self) -> bool:
        return self.row is not None and self.row.state == State.READY

    @property
    def has_failed(self) -> bool:
        return self.row is not None and self.row.state == State.FAILED

    @property
    def size(self) -> str:
        bytes_ = len(self.row.body) if self.row is not None and self.row.body else 0
        return f"{max(1, round(bytes_ / 1024))} kB"


def document_hash(held: Kept, audience: str) -> str:
    """Of everything that a file of `held` for `audience` is made from."""
    said = {"content": held.hash, "audience": audience, "state": held.state_words, "paper": held.row.paper}
    return hashlib.sha256(canonical(said)).hexdigest()


def files(held: Kept, audience: str) -> list[File]:
    """Every form, as it stands for these very words. One query."""
    rows = {one.form: one for one in held.row.renderings.filter(content_hash=document_hash(held, audience))}
    return [File(form, rows.get(key)) for key, form in FORMS.items()]


def offered(held: Kept, audience: str) -> dict[str, Any]:
    """The same for a page, with whether it is worth looking again soon."""
    found = files(held, audience)
    return {"files": found, "at_work": any(one.is_at_work for one in found)}


def ask(held: Kept, audience: str, form: str, *, at: datetime | None = None) -> Rendering:
    """The file, made or in the making; one that failed is tried again. Raises KeyError for a form that is none."""
    FORMS[form]  # noqa: B018 (raises KeyError for what is no form)
    now = at or timezone.now()
    row, made = Rendering.objects.get_or_create(
        report=held.row, audience=audience, form=form, content_hash=document_hash(held, audience),
        defaults={"asked_at": now},
    )  # fmt: skip
    if not made:
        stuck = Q(state=State.FAILED) | Q(state=State.RUNNING, asked_at__lt=now - ABANDONED)
        anew = Rendering.objects.filter(stuck, pk=row.pk).update(
            state=State.WAITING, error="", asked_at=now, done_at=None
        )
        made = bool(anew)
        row.refresh_from_db()
    if made:
        transaction.on_commit(_nudge)
    return row


def _nudge() -> None:
    from stakeholders.tasks import make_renderings

    send_quietly(make_renderings)


def make_waiting() -> int:
    """Make what waits, oldest first; how many there were. One that fails does not hold up the others."""
    row = _taken()
    if row is None:
        return 0
    try:
        make(row)
    finally:
        rest = make_waiting()
    return 1 + rest


def _taken() -> Rendering | None:
    """The next one, marked as being made, so that no other worker takes it."""
    now = timezone.now()
    left = Q(state=State.WAITING) | Q(state=State.RUNNING, asked_at__lt=now - ABANDONED)
    with transaction.atomic():
        row = Rendering.objects.select_for_update(skip_locked=True).filter(left).order_by("asked_at", "pk").first()
        if row is not None:
            row.state, row.asked_at = State.RUNNING, now
            row.save(update_fields=["state", "asked_at"])
    return row


def make(row: Rendering) -> Rendering:
    """Makes the file. A fault is written down for who asked, and goes on to the log of the worker."""
    form, body = FORMS[row.form], None
    try:
        body = bytes_of(Kept(Report.objects.get(pk=row.report_id)), row.audience, row.form)
    finally:
        fault = sys.exc_info()[0]
        row.state = State.FAILED if body is None else State.READY
        row.body, row.body_hash = body, hashlib.sha256(body).hexdigest() if body is not None else ""
        row.error = (
            f"{form.name} could not be made. Try again; if it fails again, tell whoever runs Plumbline: "
            f"{fault.__name__ if fault else 'no bytes'}."
        ) if body is None else ""  # fmt: skip
        row.done_at = timezone.now()
        row.save(update_fields=["state", "body", "body_hash", "error", "done_at"])
    _forget_old(row)
    return row


def bytes_of(held: Kept, audience: str, form: str) -> bytes:
    """A report as a file. The same report, words and state give the same bytes."""
    return FORMS[form].render(held.document(audience), held.facts)


def _forget_old(row: Rendering) -> None:
    """Bytes are a cache: of one report the newest stay."""
    keep = Rendering.objects.filter(report=row.report_id).order_by("-pk").values("pk")[:MOST_KEPT]
    Rendering.objects.filter(report=row.report_id).exclude(pk__in=list(keep.values_list("pk", flat=True))).delete()


def name_of(held: Kept, row: Rendering) -> str:
    """As a browser saves it."""
    week = held.facts.week.isocalendar()
    return f"{held.facts.team_slug}-{week.year}-w{week.week:02d}-{row.audience}.{FORMS[row.form].suffix}"
