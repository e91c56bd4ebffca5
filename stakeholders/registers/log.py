"""The decision log: what was asked here, and the options of slips that were taken, newest first.

A taken option shows what it promised then beside what happened since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from delivery.actions.rules import today as this_day
from delivery.happened import local
from delivery.models import Choice
from delivery.recovery import money
from stakeholders.models import Decision, DecisionEvent, DecisionOption, DecisionOutcome, Memo
from teams import access
from teams.models import Team, User
from teams.templatetags import ui

Step = DecisionEvent.Step
SHOWS = (
    ("", "All"), ("waiting", "Waiting"), ("decided", "Decided"), ("due", "To look back on"), ("withdrawn", "Withdrawn"),
    ("memo", "Push-backs"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    code: str
    url: str
    title: str
    state: str  # waiting, decided, withdrawn, memo
    at: datetime  # asked, decided, withdrawn or written at
    team: str
    words: str
    who: str
    days: int | None = None  # that it has waited
    needed_by: date | None = None
    due: bool = False  # decided, and time to look back
    then: str = ""  # what it promised
    since: str = ""  # what happened
    verdict: str = ""
    considered: int = 0  # options, when it was decided

    @property
    def is_late(self) -> bool:
        return self.needed_by is not None and self.needed_by < this_day()


def decisions(user: User, scope: Team) -> Any:
    """Decisions of the scope with all that the log reads."""
    events = DecisionEvent.objects.select_related("option", "person")
    return (
        Decision.objects.filter(team__in=access.below(user, scope))
        .select_related("team")
        .prefetch_related(
            Prefetch("events", events), Prefetch("options", DecisionOption.objects.all()),
            Prefetch("outcomes", DecisionOutcome.objects.order_by("pk")),
        )
    )  # fmt: skip


def entries(user: User, scope: Team, *, show: str = "", query: str = "") -> list[Entry]:
    """Waiting ones first, longest first; then the newest. Six queries."""
    day = this_day()
    found = [decision_entry(one, day) for one in decisions(user, scope)]
    taken = Choice.objects.filter(option__commitment__team__in=access.below(user, scope)).select_related(
        "option__commitment__team", "option__slip"
    )
    found += [_choice_entry(one) for one in taken]
    memos = Memo.objects.filter(commitment__team__in=access.below(user, scope)).select_related("commitment__team")
    found += [_memo_entry(one) for one in memos]
    if show == "due":
        found = [one for one in found if one.due]
    elif show:
        found = [one for one in found if one.state == show]
    if query:
        wanted = query.casefold()
        found = [one for one in found if wanted in f"{one.code} {one.title} {one.words} {one.who}".casefold()]
    return sorted(found, key=_in_order)


def _in_order(one: Entry) -> tuple[bool, float]:
    waits, at = one.state == "waiting", one.at.timestamp()
    return not waits, at if waits else -at


def decision_entry(row: Decision, day: date) -> Entry:
    events = list(row.events.all())
    options = [one for one in row.options.all() if one.withdrawn_at is None]
    asked, last = events[0], events[-1]
    outcomes = list(row.outcomes.all())
    common: dict[str, Any] = {
        "code": row.code, "url": row.get_absolute_url(), "title": row.question, "team": row.team.name,
    }  # fmt: skip
    if last.step in DecisionEvent.WAITING:
        people = [one.person.name for one in events if one.person]
        said = [ui.plural(len(options), "option")] if options else ["No options yet"]
        return Entry(
            **common, state="waiting", at=asked.at, days=(day - local(asked.at)).days, needed_by=row.needed_by,
            words=f"{said[0]}. {stakes_words(row)}".strip(),
            who=f"For {people[-1]}" + (f", passed on by {last.by_name}" if last.step == Step.PASSED else "")
            if people else "For nobody in particular",
        )  # fmt: skip
    if last.step == Step.WITHDRAWN:
        return Entry(**common, state="withdrawn", at=last.at, words=last.words, who=last.by_name)
    considered = len(list(row.options.all()))
    newest = outcomes[-1] if outcomes else None
    return Entry(
        **common, state="decided", at=last.at, words=f"{last.option}. {last.words}",
        who=last.by_name, considered=considered,
        due=newest is None and last.score_on is not None and last.score_on <= day,
        then=_promised(last, row.currency), since=f"{newest.verdict_name}. {newest.words}" if newest else "",
        verdict=newest.verdict if newest else "",
    )  # fmt: skip


def stakes_words(row: Decision) -> str:
    """ "Stakes $108k and 6 days." """
    parts = []
    if row.stakes is not None:
        parts.append(money(row.stakes, row.currency))
    if row.stakes_days:
        parts.append(ui.plural(row.stakes_days, "day"))
    said = f"Stakes {' and '.join(parts)}" if parts else ""
    more = f" {row.stakes_words}" if row.stakes_words else ""
    return f"{said}{more}.".replace("..", ".").strip() if said or more else ""


def _promised(event: DecisionEvent, currency: str) -> str:
    """What the option that was taken promised then."""
    one = next((one for one in event.promised if one["option"] == event.option_id), None)
    if one is None:
        return ""
    parts = []
    if one["cost"] is not None:
        parts.append(f"cost {money(one['cost'], currency)}")
    if one["cost_yearly"] is not None:
        parts.append(f"{money(one['cost_yearly'], currency)} a year")
    if one["lands_on"]:
        parts.append(f"done by {ui.day(date.fromisoformat(one['lands_on']))}")
    if one["chance"] is not None:
        parts.append(f"chance {ui.percent(one['chance'])}")
    if one["penalty"]:
        parts.append(f"penalty left {money(one['penalty'], currency)}")
    return ", ".join(parts)


def _choice_entry(row: Choice) -> Entry:
    option = row.option
    held = option.commitment
    kept = row.forecast.get(str(option.pk)) or {}
    then = []
    if option.cost:
        then.append(f"cost {money(option.cost, option.currency)}")
    if kept.get("lands"):
        then.append(f"{held.title} on {ui.day(date.fromisoformat(kept['lands']))} at even odds")
    since = f"Delivered {ui.day(held.delivered_on)}" if held.delivered_on else ""
    if held.delivered_on and kept.get("lands"):
        late = (held.delivered_on - date.fromisoformat(kept["lands"])).days
        since += (
            f", {ui.plural(abs(late), 'day')} {'later' if late > 0 else 'earlier'} than it said"
            if late
            else ", as it said"
        )
    return Entry(
        code=held.code, url=reverse("delivery:commitment", args=[held.pk]) + "#options", title=option.title,
        state="decided", at=row.at, team=held.team.name, words=f"{held.title}. {row.why}".strip(),
        who=row.by_name, then=", ".join(then), since=since,
    )  # fmt: skip


def _memo_entry(row: Memo) -> Entry:
    chance = row.facts.get("chance")
    said = f"The forecast gave it {ui.percent(chance)}." if chance is not None else "There was no forecast."
    return Entry(
        code=row.code, url=row.get_absolute_url(), title=f"{row.commitment} by {ui.day(row.requested_on)}?",
        state="memo", at=row.at, team=row.commitment.team.name, words=f"{row.asked_by} asks for it. {said}",
        who=row.by_name,
    )  # fmt: skip
