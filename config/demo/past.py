"""The sample's year before: what each squad promised, kept and missed, and what it waited for.

Most of it by chance, the same for the same seed; the misses and the dependencies of the last half year are told, since
the scorecard counts them: in autumn few were flagged early, since then most are.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from delivery import actions, network
from delivery.actions import Proposal
from delivery.models import Commitment, Dependency, Slip
from teams.models import User

if TYPE_CHECKING:
    from .programme import Story

Reason, Found = Slip.Reason, Dependency.Found

# what each squad promised in the year before: titles in the order in which they were promised
PROMISED: dict[str, tuple[str, ...]] = {
    "Squad A": (
        "Read patients from two sources", "Search by name and birthday", "Consent service, first cut",
        "Map allergies",
        "Map medications", "Versioned resources", "Terminology lookups", "Bulk read for reports", "Scopes for apps",
    ),
    "Squad B": (
        "Queue for inbound messages", "Replay of failed messages", "Match members to patients",
        "Directory of providers",
        "Alerts for silent feeds", "Encrypt messages at rest", "Feed monitor", "Address checks", "Split the router",
    ),
    "Squad C": (
        "One pipeline template", "Secrets out of code", "Build cache", "Preview environments", "Logs in one place",
        "Faster test data", "Signed artefacts", "Canary releases", "Cost report by team",
    ),
    "Compliance": (
        "Access review, spring", "Vendor questionnaire", "Retention rules", "Incident drill", "Training for new staff",
        "Access review, autumn", "Policy for exports", "Evidence templates",
    ),
    "Epic": ("Sandbox access", "Test accounts", "Profile guide, version 1", "Interface review", "Sandbox refresh"),
}  # fmt: skip
REASONS = (Reason.VENDOR, Reason.SQUAD, Reason.ESTIMATE, Reason.ESTIMATE, Reason.SCOPE, Reason.PEOPLE, Reason.INCIDENT)
RECENT = 175  # days: from here on misses and dependencies are told, not left to chance
# misses since then: working days late, and working days before its day that it was flagged (0: found at review)
MISSED: dict[str, tuple[int, int]] = {
    "Terminology lookups": (3, 12), "Feed monitor": (2, 11), "Training for new staff": (3, 13),
    "Faster test data": (2, 12), "Versioned resources": (4, 0), "Encrypt messages at rest": (2, 0),
    "Signed artefacts": (5, 0), "Access review, autumn": (3, 0), "Interface review": (6, 0),
    "Scopes for apps": (3, 12), "Split the router": (4, 14), "Canary releases": (2, 11), "Evidence templates": (3, 13),
    "Address checks": (5, 0), "Sandbox refresh": (5, 0),
}  # fmt: skip
# before, after, what, whether it was found during the sprint; all others were agreed before it
LINKS: tuple[tuple[str, str, str, bool], ...] = (
    ("Faster test data", "Versioned resources", "Data to version", False),
    ("Encrypt messages at rest", "Versioned resources", "Keys for both", False),
    ("Signed artefacts", "Feed monitor", "A signed image", False),
    ("Signed artefacts", "Terminology lookups", "A place to run it", False),
    ("Terminology lookups", "Feed monitor", "Names of the feeds' codes", True),
    ("Split the router", "Scopes for apps", "One route for each app", False),
    ("Cost report by team", "Scopes for apps", "A budget for calls", True),
    ("Cost report by team", "Split the router", "Which queue belongs to whom", True),
)


def tell(story: Story, chance: random.Random) -> None:
    """Put the year before into the story."""
    for team, titles in PROMISED.items():
        _of_team(story, team, titles, chance)
    for before, after, what, late in LINKS:
        _waited(story, before, after, what, late=late)


def _of_team(story: Story, team: str, titles: tuple[str, ...], chance: random.Random) -> None:
    """One promise after another: most kept, some late with notice, some found late only at their review."""
    calendar = network.WorkCalendar()
    begins = story.at(-310)
    step = 285 // len(titles)
    for number, title in enumerate(titles):
        likely = chance.randint(8, 16)
        made = begins + timedelta(days=number * step)
        start = calendar.add_working_days(made, 1)
        promised = calendar.add_working_days(start, round(likely * 1.35))
        took = max(3, round(likely * chance.lognormvariate(0.1, 0.3)))
        delivered = min(calendar.add_working_days(start, took), story.at(-3))
        _one_of_the_past(story, team, title, (likely - 3, likely, likely + 7), made, start, promised, delivered, chance)


def _one_of_the_past(
    story: Story, team: str, title: str, days: tuple[int, int, int], made: date, start: date, promised: date,
    delivered: date, chance: random.Random,
) -> None:  # fmt: skip
    by, held = story.by(team), story.made
    warned = promised - timedelta(days=chance.choice((21, 18, 16, 14, 9, 4)))
    slips = delivered > promised and warned > start and chance.random() < 0.72
    alarms = not slips and start < warned < delivered <= promised and chance.random() < 0.25
    reason = chance.choice(REASONS) if slips else REASONS[0]
    planned, value = chance.randint(3, 9), chance.randint(4, 10)
    if made > story.today - timedelta(days=RECENT):
        made, promised, warned, slips = _told(title, made, promised, delivered, warned)

    def promise() -> None:
        held[title] = actions.make_commitment(
            team=story.teams[team], title=title, promised_on=promised, days=days, made_on=made, by=by, at=noon(made),
            planned_value=planned, is_sample=True,
        )  # fmt: skip

    story.promised[title] = made
    story.on(made, 10, promise)
    story.on(start, 11, lambda: actions.start(commitment=held[title], on=start, by=by))
    if slips:
        later = delivered + timedelta(days=2)
        later += timedelta(days=max(0, 7 - later.weekday())) if later.weekday() > 4 else timedelta()
        option = Proposal(title="Ship the part that is ready", saves_days=2, is_advised=True)
        story.on(warned, 15, lambda: logged_slip(held[title], later, reason, "", [option], by, warned, days))
    elif alarms:
        option = Proposal(title="Borrow an engineer for a week", cost=800_000, saves_days=3)
        story.on(
            warned,
            15,
            lambda: actions.flag(commitment=held[title], options=[option], by=by, at=noon(warned), on=warned),
        )
    story.on(delivered, 17, lambda: actions.deliver(commitment=held[title], on=delivered, by=by, actual_value=value))


def _told(title: str, made: date, promised: date, delivered: date, warned: date) -> tuple[date, date, date, bool]:
    """(made, promised, flagged, whether it slipped) of the last half year; what was done, and when, stays as it is."""
    calendar = network.WorkCalendar()
    late, ahead = MISSED.get(title, (0, 0))
    if not late:
        return made, max(promised, delivered), warned, False
    promised = _back(calendar, delivered, late)
    flagged = _back(calendar, promised, ahead)
    return min(made, _back(calendar, flagged, 2)), promised, flagged, ahead > 0


def _back(calendar: network.WorkCalendar, day: date, days: int) -> date:
    """So many working days before a day."""
    while days:
        day -= timedelta(days=1)
        days -= calendar.is_working(day)
    return day


def _waited(story: Story, before: str, after: str, what: str, *, late: bool) -> None:
    """One squad waited for another: asked for when both were promised, agreed the day after."""
    held = story.made

    def ask() -> None:
        one, other = held[before], held[after]
        needed = one.first_promised_on
        row = actions.link(
            before=one, after=other, kind=Dependency.Kind.SS, what=what, needed_by=needed, at=noon(day),
            by=story.by(other.team.name), found=Found.MIDSPRINT if late else Found.PLANNING, found_on=day,
        )  # fmt: skip
        provider = story.by(one.team.name)
        actions.offer(dependency=row, on=needed, by=provider, at=noon(day))
        actions.agree(dependency=row, on=needed, by=story.by(other.team.name), at=noon(day + timedelta(days=1)))

    day = max(story.promised[before], story.promised[after])
    story.on(day, 13, ask)


def logged_slip(
    commitment: Commitment, to: date, reason: str, words: str, options: list[Proposal], by: User, on: date,
    days: tuple[int, int, int] | None = None, impact: str = "",
) -> Slip | None:  # fmt: skip
    if to <= commitment.promise_in_force():
        return None
    return actions.log_slip(
        commitment=commitment, to_date=to, reason=reason, words_=words, options=options, by=by, days=days, on=on,
        at=noon(on), impact=impact,
    )  # fmt: skip


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
