"""Dependencies: asked for, offered, agreed, met or broken. A loop is refused when the link is made."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from delivery.loops import Waits
from delivery.models import Commitment, Dependency, DependencyEvent
from delivery.models.promises import name_of
from teams.models import User

from .rules import Changed, Loop, Refused, lock_network, now, out_of_date, plausible, today, together, words

Step = DependencyEvent.Step
MOST_LAG = 2000


def link(
    *,
    before: Commitment,
    after: Commitment,
    by: User | None,
    kind: str = Dependency.Kind.FS,
    lag: int = 0,
    lag_in_calendar_days: bool = False,
    what: str = "",
    needed_by: date | None = None,
    found: str = Dependency.Found.PLANNING,
    found_on: date | None = None,
    external: tuple[str, str] = ("", ""),
    at: datetime | None = None,
    waits: Waits | None = None,
) -> Dependency:
    """`after` needs `before`. Raises Loop naming the loop that it would close.

    Who makes many passes `waits`, the links in force as read under `lock_network` in their transaction.
    """
    if before.pk == after.pk:
        raise Loop(f"{before} cannot wait for itself. Choose another commitment.", "before")
    if kind not in Dependency.Kind.values:
        raise Refused("A link is FS, SS, FF or SF.", "kind")
    if abs(lag) > MOST_LAG:
        raise Refused(f"A lag of {lag:,} days cannot be meant.", "lag")
    if waits is None:
        with transaction.atomic():
            lock_network()
            return link(
                before=before, after=after, by=by, kind=kind, lag=lag, lag_in_calendar_days=lag_in_calendar_days,
                what=what, needed_by=needed_by, found=found, found_on=found_on, external=external, at=at,
                waits=links_in_force(),
            )  # fmt: skip
    loop = waits.loop(str(before.pk), str(after.pk))
    if loop:
        titles = {str(pk): title for pk, title in Commitment.objects.filter(pk__in=loop).values_list("pk", "title")}
        named = " → ".join(titles[one] for one in loop)
        raise Loop(f"That closes a loop: {named}. Remove one of its links.", "before")
    day = plausible(needed_by, "needed_by") if needed_by else None
    try:
        row = _linked(
            by, at, before=before, after=after, kind=kind, lag=lag, lag_in_calendar_days=lag_in_calendar_days,
            what=words(what, "what", longest=300), needed_by=day, found=found, found_on=found_on or today(),
            external_source=external[0], external_id=external[1],
        )  # fmt: skip
    except IntegrityError as twice:
        raise Changed(f"{after} waits for {before} already.", "before") from twice
    waits.add(str(before.pk), str(after.pk))
    out_of_date(f"{after} needs {before}")
    return row


@together
def _linked(by: User | None, at: datetime | None, **facts: Any) -> Dependency:
    row = Dependency.objects.create(created_by=by, **facts)
    _step(row, Step.REQUESTED, row.needed_by, "", "", by, at)
    return row


def links_in_force() -> Waits:
    """What waits for what. Call it under `lock_network`."""
    links = Dependency.objects.filter(removed_at=None).values_list("before_id", "after_id")
    return Waits((str(before), str(after)) for before, after in links)


@transaction.atomic
def remove_link(*, dependency: Dependency, by: User) -> None:
    """The need is gone; the record stays."""
    lock_network()
    if Dependency.objects.filter(pk=dependency.pk, removed_at=None).update(removed_at=now(None), removed_by=by):
        out_of_date(f"{dependency.after} no longer needs {dependency.before}")


def offer(
    *,
    dependency: Dependency,
    on: date,
    by: User | None,
    words_: str = "",
    evidence: str = "",
    at: datetime | None = None,
) -> DependencyEvent:
    """The team that is asked names a day."""
    return _move(dependency, Step.OFFERED, on, words_, evidence, by, at)


def counter(
    *,
    dependency: Dependency,
    on: date,
    by: User | None,
    words_: str = "",
    evidence: str = "",
    at: datetime | None = None,
) -> DependencyEvent:
    """The team that asks names another day."""
    return _move(dependency, Step.COUNTERED, on, words_, evidence, by, at)


def agree(
    *,
    dependency: Dependency,
    on: date,
    by: User | None,
    words_: str = "",
    evidence: str = "",
    at: datetime | None = None,
) -> DependencyEvent:
    """Both hold to a day."""
    return _move(dependency, Step.AGREED, on, words_, evidence, by, at)


def meet(
    *,
    dependency: Dependency,
    on: date,
    by: User | None,
    words_: str = "",
    evidence: str = "",
    at: datetime | None = None,
) -> DependencyEvent:
    """What was needed is there."""
    return _move(dependency, Step.MET, on, words_, evidence, by, at)


def break_off(
    *, dependency: Dependency, on: date, by: User | None, words_: str, evidence: str = "", at: datetime | None = None
) -> DependencyEvent:
    """The agreed day will not be kept."""
    return _move(dependency, Step.BROKEN, on, words(words_, "words", longest=500, required=True), evidence, by, at)


@transaction.atomic
def _move(
    dependency: Dependency, step: Step, on: date, said: str, evidence: str, by: User | None, at: datetime | None
) -> DependencyEvent:
    held = Dependency.objects.select_for_update().get(pk=dependency.pk)
    if held.removed_at is not None:
        raise Changed("This dependency was removed.")
    last = held.events.order_by("-pk").first()
    if last is not None and last.step == Step.MET:
        raise Refused("This dependency was met.")
    event = _step(held, step, plausible(on, "on"), said, evidence, by, at)
    out_of_date(f"{held}: {step}")
    return event


def _step(
    row: Dependency, step: Step, on: date | None, said: str, evidence: str, by: User | None, at: datetime | None
) -> DependencyEvent:
    if evidence and not evidence.startswith(("http://", "https://")):
        raise Refused("Evidence is an address that begins with https://.", "evidence")
    return DependencyEvent.objects.create(
        dependency=row, step=step, on=on, words=words(said, "words", longest=500), evidence=evidence[:500], at=now(at),
        by=by, by_name=name_of(by),
    )  # fmt: skip
