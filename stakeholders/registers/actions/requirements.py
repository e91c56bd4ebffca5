"""Requirements found late: found, included in the release, deferred to an acceptance, withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from delivery.actions.rules import Changed, Refused, now, plausible, today, words
from delivery.models import Commitment
from delivery.models.promises import name_of
from stakeholders.models import Acceptance, Decision, Requirement, RequirementEvent
from teams.models import Person, Team, User

Step = RequirementEvent.Step


@transaction.atomic
def add_requirement(
    *,
    team: Team,
    regime: str,
    title: str,
    found_on: date,
    commitments: Iterable[Commitment],
    by: User,
    text: str = "",
    found_by: Person | None = None,
    decision: Decision | None = None,
    is_sample: bool = False,
    at: datetime | None = None,
) -> Requirement:
    """A rule asks for something that nobody had promised. Its commitments wait for an answer."""
    rows = list(commitments)
    if not rows:
        raise Refused("Name at least one commitment that it concerns.", "commitments")
    if plausible(found_on, "found_on") > today():
        raise Refused("That day has not come. Choose today or a day before.", "found_on")
    row = Requirement.objects.create(
        team=team, regime=words(regime, "regime", longest=40, required=True), found_on=found_on, found_by=found_by,
        title=words(title, "title", longest=200, required=True), text=words(text, "text", longest=2000),
        decision=decision, is_sample=is_sample, created_by=by,
    )  # fmt: skip
    row.commitments.set(rows)
    _step(row, Step.OPEN, "", by, at)
    return row


@transaction.atomic
def include_requirement(*, requirement: Requirement, words_: str, by: User, at: datetime | None = None) -> Requirement:
    """It becomes part of this release; its commitments want a new estimate."""
    row = _held(requirement, Step.INCLUDED)
    _step(row, Step.INCLUDED, words(words_, "words", longest=1000), by, at)
    return row


@transaction.atomic
def defer_requirement(
    *, requirement: Requirement, acceptance: Acceptance, by: User, words_: str = "", at: datetime | None = None
) -> Requirement:
    """Not in this release: it counts as settled while the acceptance is in force."""
    row = _held(requirement)
    if getattr(acceptance, "revocation", None) is not None:
        raise Refused(f"{acceptance.code} was revoked. Ask for a new acceptance.", "acceptance")
    _step(row, Step.DEFERRED, words(words_, "words", longest=1000), by, at, acceptance)
    return row


@transaction.atomic
def withdraw_requirement(*, requirement: Requirement, why: str, by: User, at: datetime | None = None) -> Requirement:
    """It does not apply after all."""
    row = _held(requirement, Step.WITHDRAWN)
    _step(row, Step.WITHDRAWN, words(why, "why", longest=1000, required=True), by, at)
    return row


@transaction.atomic
def reopen_requirement(*, requirement: Requirement, why: str, by: User, at: datetime | None = None) -> Requirement:
    """The answer no longer holds."""
    row = _held(requirement, Step.OPEN)
    _step(row, Step.OPEN, words(why, "why", longest=1000, required=True), by, at)
    return row


def _held(requirement: Requirement, step: str = "") -> Requirement:
    """Locked. Raises Changed when somebody has taken the same step already."""
    row = Requirement.objects.select_for_update().get(pk=requirement.pk)
    last = row.events.order_by("-pk").first()
    if last is not None and step and last.step == step:
        raise Changed(f"{last.by_name} did this on {last.at:%-d %b} at {last.at:%H:%M} UTC: {last.step_name.lower()}.")
    return row


def _step(
    row: Requirement, step: str, said: str, by: User, at: datetime | None, acceptance: Acceptance | None = None
) -> None:
    RequirementEvent.objects.create(
        requirement=row, step=step, acceptance=acceptance, words=said, at=now(at), by=by, by_name=name_of(by)
    )
