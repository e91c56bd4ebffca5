"""The week in one sentence of at most fifteen words, with grey lines under it and the facts it was worked out from.

Pure: facts in, words out. The first rule that holds makes the sentence; up to two others follow in grey. A cause is
only repeated when somebody logged one: else the line says "No reason logged yet." and nothing is guessed.

The order, also said on the page: no data at all, gaps in the data, open incidents, an outage longer than all others
of twelve weeks, failed deployments, a week without deployments, and then what went well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from .facts import Before, Facts, Gap, Outage

__all__ = ["Before", "Facts", "Found", "Gap", "Headline", "Outage", "headline"]

MOST_WORDS = 15
NO_REASON = "No reason logged yet."
LONG = timedelta(hours=4)  # half a working day: a shorter outage is no headline, though it be the longest
BRIEF = timedelta(hours=1)  # open for less when the week ended: that is told after what failed in the week
_NAME_WORDS, _NAME_LENGTH = 3, 30  # a longer name would break the sentence, so the sentence does without it
ORDER = (
    "The sentence says the first that holds: gaps in the data, open incidents, an outage longer than all others of "
    "twelve weeks, failed deployments, no deployments, and then what went well."
)


@dataclass(frozen=True, slots=True)
class Found:
    """One line of "How this was worked out". `opens` names what its rows are: a measure, "sources", or nothing."""

    text: str
    opens: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """`say` and then `clause`, its coloured end; `more` in grey; `how`, the facts."""

    say: str
    clause: str = ""
    tone: Literal["late", "risk", "ok", ""] = ""
    more: tuple[str, ...] = ()
    how: tuple[Found, ...] = ()

    @property
    def sentence(self) -> str:
        return f"{self.say} {self.clause}".strip()


@dataclass(frozen=True, slots=True)
class _Said:
    say: str
    clause: str
    tone: Literal["late", "risk", "ok", ""]
    causes: tuple[str, ...] = field(default=())


def headline(facts: Facts) -> Headline:
    """The sentence of the week; see the rules above."""
    how = () if facts.too_early else _how(facts)
    if facts.too_early:
        return Headline(
            say=f"There is no data for week\u00a0{facts.week}; it begins in {_whole(facts.first_week)}.", how=how
        )
    if not facts.first_week:
        return Headline(say=_nothing(facts), more=_nothing_more(facts), how=how)
    said = [found for rule in _RULES if (found := rule(facts)) is not None]
    first, rest = said[0], [one for one in said[1:3] if one.tone in ("late", "risk")]
    more = [*first.causes, *(f"{one.say} {one.clause}".strip() for one in rest), *_context(facts, first)]
    return Headline(say=first.say, clause=first.clause, tone=first.tone, more=tuple(more), how=how)


# --- no data ---------------------------------------------------------------------------------------------------------


def _nothing(facts: Facts) -> str:
    if not facts.sources:
        return "No source is connected yet, so nothing is measured here."
    return "The sources have reported no deployment and no incident yet."


def _nothing_more(facts: Facts) -> tuple[str, ...]:
    if not facts.sources:
        return ("Connect a repository or an incident tool, and the numbers of this page appear after its first read.",)
    return ("Numbers appear here as soon as a deployment to production or an incident has been read.",)


# --- the rules, in their order ---------------------------------------------------------------------------------------


def _gaps(facts: Facts) -> _Said | None:
    if not facts.gaps:
        return None
    end = "numbers may be incomplete."
    if len(facts.gaps) > 1:
        return _Said(f"{len(facts.gaps)} of {facts.sources} sources are behind, so", end, "risk", _gap_causes(facts))
    gap = facts.gaps[0]
    name = _short(gap.source, "A source")
    if not gap.read:
        return _Said(f"{name} has not been read yet, so", end, "risk", _gap_causes(facts))
    return _Said(f"{name} was last read on {_whole(gap.read)};", end, "risk", _gap_causes(facts))


def _gap_causes(facts: Facts) -> tuple[str, ...]:
    logged = [
        _sentence(gap.reason) if gap.reason.startswith(gap.source) else f"{gap.source}: {_sentence(gap.reason)}"
        for gap in facts.gaps
        if gap.reason
    ]
    unread = len(facts.gaps) == 1 and not facts.gaps[0].read  # not read yet is no fault that wants a reason
    return tuple(logged[:2]) or (() if unread else (NO_REASON,))


def _open(facts: Facts) -> _Said | None:
    """Open incidents; not those that began just before the end of a week that is over."""
    return None if _only_brushes(facts) else _still_open(facts)


def _only_brushes(facts: Facts) -> bool:
    return not facts.partial and all(one.lasted < BRIEF for one in facts.open)


def _brushed(facts: Facts) -> _Said | None:
    return _still_open(facts) if _only_brushes(facts) else None


def _still_open(facts: Facts) -> _Said | None:
    if not facts.open:
        return None
    oldest = max(facts.open, key=lambda one: one.lasted)
    tied = len({one.team for one in facts.open if one.words == oldest.words}) > 1
    team = "" if facts.one_team or tied else _short(oldest.team, "One team")
    count = len(facts.open)
    if count == 1:
        if facts.partial:
            say = f"{team} has had an incident" if team else "An incident has been"
        else:
            say = f"{team} ended the week with an incident" if team else "The week ended with an incident"
        return _Said(say, f"open for {_whole(oldest.words)}.", "late", _cause(oldest))
    verb = "are" if facts.partial else "were"
    end = "" if facts.partial else " when the week ended"
    where = f" in {team}" if team and not end else ""
    say = f"{count:,} incidents {verb} open{end},"
    return _Said(say, f"the oldest{where} for {_whole(oldest.words)}.", "late", _cause(oldest))


def _longest(facts: Facts) -> _Said | None:
    long = [one for one in facts.longest if one.lasted >= LONG]
    if not long:
        return None
    top = max(long, key=lambda one: one.lasted)
    tied = [one for one in long if one.words == top.words]
    if len(tied) > 1:
        end = f"their longest in {facts.weeks} weeks."
        return _Said(f"{len(tied)} teams each took {_whole(top.words)} to restore service,", end, "late", (NO_REASON,))
    who, whose = ("It", "the") if facts.one_team else (_short(top.team, "One team"), "its")
    return _Said(
        f"{who} took {_whole(top.words)} to restore service,",
        f"{whose} longest in {facts.weeks} weeks.",
        "late",
        _cause(top),
    )


def _failed(facts: Facts) -> _Said | None:
    if not facts.failed:
        return None
    so_far = "So far, " if facts.partial else ""
    if facts.deployments == 1:
        return _Said(f"{so_far}1 deployment reached users,", "and it failed.", "risk", (NO_REASON,))
    if facts.failed == facts.deployments:
        return _Said(
            f"{so_far}{facts.deployments:,} deployments reached users,", "and all failed.", "late", (NO_REASON,)
        )
    say = f"{so_far}{facts.deployments:,} deployments reached users;"
    return _Said(say, f"{facts.failed:,} of them failed.", "risk", (NO_REASON,))


def _silence(facts: Facts) -> _Said | None:
    if facts.deployments:
        return None
    if facts.partial:
        return _Said("No deployments have reached users so far this week.", "", "")
    if facts.silent_weeks < 2:
        return _Said("No deployments reached users", "this week.", "risk", (NO_REASON,))
    last = f" the last was in {facts.last_deployed}." if facts.last_deployed else ""
    stop = ";" if last else "."
    say = f"No deployments for {facts.silent_weeks} weeks{stop}"
    return _Said(say, last.strip(), "risk", (NO_REASON,))


def _good(facts: Facts) -> _Said | None:
    if not facts.deployments or facts.failed:
        return None
    made = _many(facts.deployments, "deployment")
    if facts.resolved:
        ended = f"{_many(facts.resolved, 'incident')} {'was' if facts.resolved == 1 else 'were'} resolved."
        return _Said(f"{made} reached users, none failed;", ended, "ok")
    so_far = " so far" if facts.partial else ""
    return _Said(f"A quiet week{so_far}: {made},", "none failed.", "ok")


_RULES: tuple[Callable[[Facts], _Said | None], ...] = (
    _gaps,
    _open,
    _longest,
    _failed,
    _brushed,
    _silence,
    _good,
)


# --- the grey lines --------------------------------------------------------------------------------------------------


def _cause(outage: Outage) -> tuple[str, ...]:
    what = f"“{outage.title}”" if outage.title else "The incident"
    linked = f" is put down to {outage.put_down_to}." if outage.put_down_to else " is linked to no deployment."
    logged = f"Reason logged: {_sentence(outage.reason)}" if outage.reason else NO_REASON
    return (f"{what}{linked}", logged)


def _context(facts: Facts, first: _Said) -> list[str]:
    lines = []
    if facts.is_first:
        lines.append("It is the first week with data, so there is nothing to compare it with.")
    elif facts.before is not None:
        before = facts.before
        failed = f"; {before.failed} failed" if before.failed else ", none failed" if before.deployments else ""
        lines.append(f"Week {before.week} had {_many(before.deployments, 'deployment')}{failed}.")
    if not facts.incident_source and first.tone == "ok":
        lines.append("No source of incidents is connected: failures show by rollbacks, hotfixes and reverts alone.")
    if facts.partial:
        lines.append("The week is not over, so its counts still grow.")
    return lines


def _how(facts: Facts) -> tuple[Found, ...]:
    if not facts.first_week:
        return ()
    was = facts.before
    made = _many(facts.deployments, "deployment")
    lines = [
        Found(f"{made} to production succeeded{_was(was, was.deployments if was else 0)}.", "deployment-frequency"),
        Found(
            f"{facts.failed} of {facts.deployments} {'is' if facts.failed == 1 else 'are'} shown to have failed by an "
            f"incident, a rollback, a hotfix or a revert{_was(was, was.failed if was else 0)}.",
            "change-failure-rate",
        ),
        Found(f"{_many(facts.changes, 'change')} reached users{_was(was, was.changes if was else 0)}.", "lead-time"),
        Found(
            f"{_many(facts.resolved, 'incident')} {'was' if facts.resolved == 1 else 'were'} resolved, "
            f"{len(facts.open)} {'open' if facts.partial else 'open when the week ended'}.",
            "time-to-restore",
        ),
    ]
    if facts.failed_attempts:
        attempts = _many(facts.failed_attempts, "rollout")
        saw = "it" if facts.failed_attempts == 1 else "them"
        lines.append(Found(f"{attempts} failed before users saw {saw}, counted apart.", "change-failure-rate"))
    behind = f", {len(facts.gaps)} of them behind" if facts.gaps else ""
    lines.append(Found(f"Read from {_many(facts.sources, 'source')}{behind}.", "sources"))
    return (*lines, Found(ORDER))


def _was(before: Before | None, count: int) -> str:
    return "" if before is None else f"; {count:,} in week {before.week}"


# --- words -----------------------------------------------------------------------------------------------------------


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def _whole(words: str) -> str:
    """A date or a duration that a line does not break."""
    return words.replace(" ", "\u00a0")


def _short(name: str, instead: str) -> str:
    """A name that fits into the sentence, or words that stand for it."""
    words = name.split()
    return " ".join(words) if 0 < len(words) <= _NAME_WORDS and len(name) <= _NAME_LENGTH else instead


def _sentence(words: str) -> str:
    text = " ".join(words.split())
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
