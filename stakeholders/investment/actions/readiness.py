"""Checklists, what people found about their items, the recorded verdict; and the actions of retrospectives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from delivery.actions.rules import Refused, now, plausible, today, words
from delivery.models import Commitment, Deadline
from delivery.models.promises import name_of
from stakeholders.models import Checklist, ChecklistItem, GoDecision, ItemEvent, RetroAction
from teams.models import Team, User

Kind, Said, Verdict = ChecklistItem.Kind, ItemEvent.Said, GoDecision.Verdict

COMPUTED = (Kind.COVERAGE, Kind.PIPELINE, Kind.SANDBOX, Kind.REQUIREMENTS, Kind.DEPENDENCIES, Kind.CHANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Percent."""

    least_chance: int = 70
    least_coverage: int = 80
    least_success: int = 90
    least_fidelity: int = 95


@transaction.atomic
def add_checklist(
    *,
    team: Team,
    name: str,
    by: User | None,
    environment: str = "",
    deadline: Deadline | None = None,
    commitments: Iterable[Commitment] = (),
    kinds: Sequence[str] = COMPUTED,
    thresholds: Thresholds = Thresholds(),  # noqa: B008 (frozen)
    is_sample: bool = False,
) -> Checklist:
    """A checklist with the items that can be computed; more are added by hand."""
    percents = {name: getattr(thresholds, name) for name in Thresholds.__dataclass_fields__}
    wrong = next((field for field, value in percents.items() if not 0 <= value <= 100), None)
    if wrong:
        raise Refused("A threshold is from 0 to 100%.", wrong)
    row = Checklist.objects.create(
        team=team,
        name=words(name, "name", longest=120, required=True),
        deadline=deadline,
        created_by=by,
        environment=words(environment, "environment", longest=100),
        is_sample=is_sample,
        **percents,
    )
    row.commitments.set(commitments)
    for kind in kinds:
        add_item(checklist=row, kind=kind, title=Kind(kind).label, by=by)
    return row


@transaction.atomic
def add_item(*, checklist: Checklist, title: str, by: User | None, kind: str = Kind.HAND) -> ChecklistItem:
    held = Checklist.objects.select_for_update().get(pk=checklist.pk)
    if kind not in Kind.values:
        raise Refused("Choose what kind of item it is.", "kind")
    if kind != Kind.HAND and kind != Kind.SANDBOX and held.items.filter(kind=kind).exists():
        raise Refused("It is on the checklist already.", "kind")
    return ChecklistItem.objects.create(
        checklist=held, position=held.items.count(), kind=kind, title=words(title, "title", longest=200, required=True)
    )


@transaction.atomic
def say_of_item(
    *,
    item: ChecklistItem,
    said: str,
    by: User | None,
    evidence: str = "",
    words_: str = "",
    passed: int | None = None,
    run: int | None = None,
    at: datetime | None = None,
) -> ItemEvent:
    """What somebody found. What is computed can only be accepted by hand, with the reason; never called good."""
    if said not in Said.values:
        raise Refused("Choose whether it holds.", "said")
    if item.kind not in ChecklistItem.BY_HAND and said != Said.ACCEPTED:
        raise Refused("This item is worked out from the records. Its risk can be accepted, with the reason.", "said")
    if item.kind == Kind.SANDBOX and said == Said.HOLDS:
        raise Refused("Enter how many cases were run and passed; whether it holds follows from that.", "said")
    if said == Said.MEASURED:
        if item.kind != Kind.SANDBOX:
            raise Refused("Only a sandbox is measured in cases.", "said")
        if passed is None or run is None or not 0 <= passed <= run or run < 1:
            raise Refused("Enter the cases that were run, and how many of them passed.", "passed")
    else:
        passed = run = None
    text = words(words_, "words", longest=500, required=said in (Said.FAILS, Said.ACCEPTED))
    address = words(evidence, "evidence", longest=500)
    if said == Said.HOLDS and not (text or address):
        raise Refused("Say what shows it: an address, or a few words.", "evidence")
    return ItemEvent.objects.create(
        item=item,
        said=said,
        passed=passed,
        run=run,
        evidence=address,
        words=text,
        at=now(at),
        by=by,
        by_name=name_of(by),
    )


@transaction.atomic
def decide_go(
    *,
    checklist: Checklist,
    decided: str,
    computed: str,
    reasons: Sequence[str],
    by: User,
    words_: str = "",
    at: datetime | None = None,
) -> GoDecision:
    """Keep what was decided beside what was computed. To go against a no-go needs the reason in words."""
    if decided not in Verdict.values:
        raise Refused("Choose go, go with accepted risks, or no-go.", "decided")
    if decided == Verdict.GO and computed != Verdict.GO:
        raise Refused("Not everything holds. It can go with accepted risks, with the reason.", "decided")
    text = words(words_, "words", longest=1000, required=decided != computed or decided != Verdict.GO)
    return GoDecision.objects.create(
        checklist=checklist,
        decided=decided,
        computed=computed,
        reasons=list(reasons),
        words=text,
        at=now(at),
        by=by,
        by_name=name_of(by),
    )


@transaction.atomic
def add_retro_action(
    *, team: Team, text: str, due_on: date, by: User | None, agreed_on: date | None = None, is_sample: bool = False
) -> RetroAction:
    day = plausible(agreed_on, "agreed_on") if agreed_on else today()
    if plausible(due_on, "due_on") < day:
        raise Refused("It is due before it was agreed. Choose a later day.", "due_on")
    return RetroAction.objects.create(
        team=team,
        text=words(text, "text", longest=300, required=True),
        agreed_on=day,
        due_on=due_on,
        created_by=by,
        is_sample=is_sample,
    )


@transaction.atomic
def close_retro_action(*, action: RetroAction, by: User | None, on: date | None = None) -> RetroAction:
    """It is done."""
    row = RetroAction.objects.select_for_update().get(pk=action.pk)
    if row.done_on is not None:
        raise Refused(f"It was done on {row.done_on:%-d %b}.")
    row.done_on, row.done_by = on or today(), by
    row.save(update_fields=["done_on", "done_by"])
    return row
