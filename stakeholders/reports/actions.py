"""What can be done with a report: draft, refresh, write, review, send, put aside. One verb each; `by` names who.

A verb appends what happened. It does not ask whether `by` may: the edges have fetched the report with the right to
decide. What was sent never changes: a correction is a new draft of the same week, which takes its place once sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from delivery.actions.rules import Changed, Refused
from delivery.actions.rules import now as moment
from delivery.actions.rules import words as clean
from delivery.models.promises import name_of
from metrics.periods import Week
from stakeholders.models import Report, ReportStep, ReportWords
from stakeholders.models.reports import Paper
from teams.models import Team, User

from .facts import FactBase, read
from .gather import gather
from .kept import Kept, computed, draft_of
from .styles import style_of

Step = ReportStep.Step
MOST_WORDS = 2000
Places = dict[str, set[str]]
AfterSending = Callable[[Report], None]
_after_sending: list[AfterSending] = []


def after_sending(act: AfterSending) -> AfterSending:
    """Call `act` with every report that was sent, in the same transaction; added once however often this is called."""
    if act not in _after_sending:
        _after_sending.append(act)
    return act


@transaction.atomic
def draft(
    *, team: Team, week: Week, now: datetime, by: User, scheduled: bool = False, at: datetime | None = None
) -> tuple[Report, bool]:
    """A draft of `week` on the facts of `now`, and whether it is new.

    While a week has an open draft there is no second: the first is given back as it is, with the words that somebody
    wrote; `refresh` brings its facts up to date. `scheduled`: made by a schedule of `by`, not by a person. Facts are
    those that `by` may see. Raises PermissionDenied when that is not even the team.
    """
    _lock(team)
    held = draft_of(team.pk, week.monday)
    if held is not None:
        return held, False
    return _made(team, gather(by, team, week, now=now), by, moment(at or now), scheduled=scheduled), True


@transaction.atomic
def refresh(*, report: Report, now: datetime, by: User, at: datetime | None = None) -> Report:
    """A new draft on the facts of `now` in place of this one.

    Edited words come along while what they are about is still there: the second question of today may be another.
    """
    _lock(report.team)
    held = _open(report, "Its facts stay. Make a new draft of this week instead.")
    facts = gather(by, report.team, Week(report.monday), now=now)
    made = _made(report.team, facts, by, moment(at or now), before=report)
    before, after = computed(held.facts), computed(facts)
    newest = {one.key: one for one in sorted(report.words.all(), key=lambda one: one.pk)}
    ReportWords.objects.bulk_create(
        ReportWords(report=made, key=key, words=one.words, at=one.at, by=one.by, by_name=one.by_name)
        for key, one in newest.items()
        if one.words and _same_place(key, before, after)
    )
    _step(held, Step.DROPPED, by, moment(at or now))
    return made


@transaction.atomic
def write(*, report: Report, key: str, words: str, by: User, at: datetime | None = None) -> ReportWords | None:
    """Other words in place of the computed ones; empty, or the computed ones themselves, go back to them.

    Numbers have no key, so that nobody can write them. None when the words were as they are. Raises Refused for words
    that are too long, for a place that does not exist, and once the report was sent.
    """
    _lock(report.team)
    held = _open(report, "What was sent stays as it was read. Make a new draft of this week to say it differently.")
    places = computed(held.facts)
    if key not in places:
        raise Refused("These words are not in the report any more. Open it again and choose what to edit.", "words")
    said = clean(words.replace("\r\n", "\n"), "words", longest=MOST_WORDS)
    said = "" if said in places[key] else said
    if said == held.words.get(key, ""):
        return None
    return ReportWords.objects.create(report=report, key=key, words=said, at=moment(at), by=by, by_name=name_of(by))


@transaction.atomic
def review(*, report: Report, seen: str, by: User, at: datetime | None = None) -> ReportStep:
    """Somebody has read these facts and words; `seen` is the hash of what they were shown."""
    _lock(report.team)
    held = _open(report, "There is nothing left to review.")
    _as_seen(held, seen)
    return held.reviewed or _step(held, Step.REVIEWED, by, moment(at))


@transaction.atomic
def send(
    *, report: Report, by: User, seen: str = "", as_computed: bool = False, at: datetime | None = None
) -> ReportStep:
    """It is told: from now on nothing of it changes. Sent a second time, the first sending is given back.

    Refused while these facts and words were not reviewed; `as_computed`, for schedules that wait for nobody, lets
    pass what no person has written into. A report of the same scope and week that was sent before is superseded.
    """
    _lock(report.team)
    held = Kept(Report.objects.get(pk=report.pk))
    if held.sent is not None:
        return held.sent
    _open(report, "Make a new draft of this week.")
    if seen:
        _as_seen(held, seen)
    if held.reviewed is None and not (as_computed and not held.words):
        if held.changed_since_review:
            raise Refused("It was changed since it was reviewed. Read it again and mark it as reviewed, then send it.")
        raise Refused("Nobody has reviewed it yet. Read it and mark it as reviewed, then send it.")
    made = _step(held, Step.SENT, by, moment(at))
    for act in _after_sending:
        act(held.row)
    return made


@transaction.atomic
def drop(*, report: Report, by: User, at: datetime | None = None) -> ReportStep:
    """Put a draft aside; a new one of that week can be made."""
    _lock(report.team)
    return _step(_open(report, "What was told cannot be taken back; a later report takes its place."), Step.DROPPED, by,
                 moment(at))  # fmt: skip


# --- shared ----------------------------------------------------------------------------------------------------------


def _lock(team: Team) -> None:
    """One verb at a time for a scope, so that there is one draft of a week and one sending of a report."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def _made(
    team: Team, facts: FactBase, by: User, at: datetime, *, scheduled: bool = False, before: Report | None = None
) -> Report:
    """`before` is the draft whose look it keeps."""
    kept = facts.as_json()
    facts = read(kept)  # as it will be read, so that the hash is of that
    last = Report.objects.filter(team=team, monday=facts.week).order_by("-pk").first()
    style = before.style if before else style_of(team)
    name = f"Schedule of {name_of(by)}" if scheduled else name_of(by)
    made = Report.objects.create(
        team=team, monday=facts.week, facts=facts.as_json(), facts_hash=facts.digest, as_of=facts.as_of,
        supersedes=last, style=style, paper=style.paper if style else Paper.A4, is_sample=by.is_sample,
        created_at=at, created_by=None if scheduled else by, created_by_name=name[:150],
    )  # fmt: skip
    ReportStep.objects.create(
        report=made, step=Step.DRAFT, content_hash=Kept(made).hash, at=at, by=None if scheduled else by,
        by_name=name[:150],
    )  # fmt: skip
    return made


def _same_place(key: str, before: Places, after: Places) -> bool:
    """Whether `key` is about the same thing in both: a numbered place is when its computed words are the same."""
    kind, _, number = key.partition(".")
    return key in after and (not number or kind == "outcome" or before.get(key) == after[key])


def _open(report: Report, instead: str) -> Kept:
    """The report, or Refused when it was sent or put aside."""
    held = Kept(Report.objects.select_related("team").get(pk=report.pk))
    if held.sent is not None:
        raise Refused(f"{report.code} was sent. {instead}")
    if not held.is_open:
        later = draft_of(report.team_id, report.monday)
        where = f" The draft of this week is {later.code} now." if later else " Make a new draft of this week."
        raise Refused(f"{report.code} was put aside.{where}")
    return held


def _as_seen(held: Kept, seen: str) -> None:
    if held.hash != seen:
        raise Changed("Somebody changed it since it was shown to you. Read it again, then decide.")


def _step(held: Kept, step: str, by: User, at: datetime) -> ReportStep:
    return ReportStep.objects.create(
        report=held.row, step=step, content_hash=held.hash, at=at, by=by, by_name=name_of(by)
    )
