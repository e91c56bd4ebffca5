"""The week's sentence about promises: at most fifteen words, a coloured clause, grey lines with cause and remedy.

Pure: facts in, words out. A cause is said only when somebody logged one. The order, also said on the page: the
nearest deadline that is forecast late, a deadline that is not safe, promises that will be late, promises without a
forecast, decisions that wait, and then a good week.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from delivery.chance import Chance

from .headline import MOST_WORDS, NO_REASON, Found, Headline
from .known import Deadline, Known, Slip

ORDER = (
    "The sentence says the first that holds: the nearest deadline that is forecast late, a deadline less than 70% "
    "likely, promises that will be late, promises without a forecast, decisions that wait, and then that all is well."
)
_NAME_WORDS, _NAME_LENGTH = 4, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`remedy`: the best option on the table in words, "" when none is; `waiting`: items that need the reader."""

    known: Known
    waiting: int = 0
    remedy: str = ""
    past: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    say: str
    clause: str = ""
    tone: str = ""
    more: tuple[str, ...] = ()


def saying(facts: Facts) -> Headline | None:
    """The sentence; None where nothing is promised, so that deliveries speak."""
    known = facts.known
    if not known.open and not known.deadlines:
        return None
    said = next(found for rule in _RULES if (found := rule(facts)) is not None)
    return Headline(say=said.say, clause=said.clause, tone=said.tone, more=said.more, how=_how(facts))  # type: ignore[arg-type]  # the last rule always says something


# --- the rules, in their order ---------------------------------------------------------------------------------------


def _late(facts: Facts) -> _Said | None:
    known = facts.known
    late = [one for one in known.deadlines if (one.days_late or 0) > 0]
    if not late:
        return None
    nearest = [one for one in late if one.date == late[0].date]
    worst = max(nearest, key=lambda one: (one.days_late or 0, one.penalty or 0, -one.id))
    rest = [one for one in late if one not in nearest]
    if len(nearest) > 1:
        say = f"{len(nearest)} deadlines of {_day(worst.date, known.today)} are forecast late,"
        clause = f"the worst by {_days(worst.days_late or 0)}."
    else:
        say = f"{short(worst.title, 'The milestone')} is forecast for {_long(worst.even, known.today)},"
        clause = f"{_days(worst.days_late or 0)} {_after(worst)}."
    more = [*causes(known, worst), *([facts.remedy] if facts.remedy else [])]
    if rest:
        more.append(f"{_many(len(rest), 'later deadline')} {'is' if len(rest) == 1 else 'are'} forecast late as well.")
    return _Said(say, clause, "late", tuple(more))


def _after(one: Deadline) -> str:
    if one.penalty_from is None or one.even is None or one.even < one.penalty_from:
        return "after its deadline"
    return "into the penalty window"


def _unsafe(facts: Facts) -> _Said | None:
    known = facts.known
    found = [one for one in known.deadlines if (chance := chance_of(one)) and not chance.at_least(70)]
    if not found:
        return None
    one, chance = found[0], chance_of(found[0])
    assert chance is not None  # noqa: S101 (filtered above)
    tied = [other for other in found if other.date == one.date]
    if len(tied) > 1:
        say = f"{len(tied)} deadlines of {_day(one.date, known.today)} are"
        return _Said(say, "less than 70% likely.", "risk", tuple(causes(known, one)))
    say = f"{short(one.title, 'The milestone')} by {_day(one.date, known.today)} is"
    more = [*causes(known, one), *([facts.remedy] if facts.remedy else [])]
    return _Said(say, f"only {chance.words} likely.", "risk", tuple(more))


def _missed(facts: Facts) -> _Said | None:
    late = [one for one in facts.known.open if one.state == "late"]
    if not late:
        return None
    count, of = len(late), len(facts.known.open)
    if count == 1:
        one = late[0]
        why = [slip_words(slip) for slip in slips_of(facts.known, [one.id])[:1]] or [NO_REASON]
        return _Said(f"{short(one.title, 'One commitment')} of {short(one.team_name, 'one team')} is",
                     "likely late.", "risk", (one.why, *why))  # fmt: skip
    return _Said(f"{count} of {of} open commitments are", "likely late.", "risk", (_safe(facts.known),))


def _unknown(facts: Facts) -> _Said | None:
    blind = [one for one in facts.known.open if one.even is None]
    if not blind:
        return None
    of = len(facts.known.open)
    words = "Estimate what remains of each: low, likely and high."
    if len(blind) == of:
        return _Said(f"There is no forecast yet for {_many(of, 'open commitment')}.", more=(words,))
    return _Said(f"{len(blind)} of {of} open commitments have", "no forecast.", "risk", (words,))


def _waits(facts: Facts) -> _Said | None:
    if not facts.waiting or facts.past:
        return None
    verb = "waits" if facts.waiting == 1 else "wait"
    return _Said("No deadline is in danger;", f"{_many(facts.waiting, 'decision')} {verb} for you.", "risk",
                 (_safe(facts.known),))  # fmt: skip


def _well(facts: Facts) -> _Said | None:
    quiet = [one for one in facts.known.open if one.state in ("stale", "risk")]
    if facts.past:
        return _Said("That week,", "nothing was in danger.", "ok", (_safe(facts.known),))
    more = (
        _safe(facts.known),
        *((f"{_many(len(quiet), 'commitment')} at risk or not heard of lately.",) if quiet else ()),
    )
    return _Said("Nothing needs you this week.", tone="ok", more=more)


_RULES: tuple[Callable[[Facts], _Said | None], ...] = (_late, _unsafe, _missed, _unknown, _waits, _well)


# --- causes ----------------------------------------------------------------------------------------------------------


def causes(known: Known, one: Deadline) -> list[str]:
    """The newest logged slip on the way to a deadline; or that there is none."""
    found = [slip for slip in slips_of(known, one.chain) if slip.to > slip.frm]
    return [slip_words(found[0])] if found else [NO_REASON]


def slips_of(known: Known, ids: Collection[int]) -> list[Slip]:
    still = {one.id for one in known.open}
    found = [one for one in known.of("slips") if one.commitment in ids and one.commitment in still]
    return sorted(found, key=lambda one: (one.on, one.id), reverse=True)


def slip_words(slip: Slip) -> str:
    moved = f"{slip.team} moved {slip.title} by {_days((slip.to - slip.frm).days)}"
    why = _sentence(slip.words) if slip.words else f"{slip.reason}." if slip.reason else NO_REASON
    return f"{moved}: {why[0].lower() + why[1:] if _may_lower(why) else why}"


def _may_lower(words: str) -> bool:
    first = words.split()[0] if words.split() else ""
    return first in ("The", "A", "An", "We", "It", "Estimate", "Waiting", "Scope", "People", "Incident", "Priority",
                     "Vendor")  # fmt: skip


def _safe(known: Known) -> str:
    on_track = sum(one.state == "ok" for one in known.open)
    said = f"{on_track} of {_many(len(known.open), 'open commitment')} {'is' if on_track == 1 else 'are'} on track"
    nearest = known.deadlines[0] if known.deadlines else None
    chance = chance_of(nearest) if nearest else None
    if nearest is None:
        return f"{said}; no deadline is set."
    if chance is None:
        return f"{said}; {nearest.title} has no forecast yet."
    return f"{said}; {nearest.title} is {chance.words} likely by {_day(nearest.date, known.today)}."


def _how(facts: Facts) -> tuple[Found, ...]:
    known = facts.known
    lines = []
    for one in known.deadlines[:3]:
        chance = chance_of(one)
        even = f"even odds {_day(one.even, known.today)}" if one.even else "no forecast yet"
        sure = f", 85% sure {_day(one.sure, known.today)}" if one.sure else ""
        odds = f"; {chance.words} likely in time" if chance else ""
        name = f"{one.title}, deadline {_day(one.date, known.today)}: {even}{sure}{odds}."
        lines.append(Found(name, f"commitment:{one.milestone}"))
        on_way = [promise for key in one.chain if (promise := known.get("promises", key)) and promise.is_open]
        if on_way:
            lines.append(Found(f"On its way: {', '.join(promise.title for promise in on_way)}.", "roadmap"))
        for slip in slips_of(known, one.chain)[:3]:
            lines.append(Found(slip_words(slip), f"commitment:{slip.commitment}"))
    tally = [(word, sum(one.state == state for one in known.open)) for state, word in (
        ("ok", "on track"), ("risk", "at risk"), ("late", "likely late"), ("stale", "not heard of for 8 days"),
        ("none", "without a forecast"),
    )]  # fmt: skip
    stand = ", ".join(f"{count} {word}" for word, count in tally if count)
    if stand:
        lines.append(Found(f"{_many(len(known.open), 'open commitment')}: {stand}.", "commitments"))
    if known.forecast_at:
        lines.append(
            Found(f"Forecast made {_day(known.forecast_at.date(), known.today)}, for the whole network at once.")
        )
    return (*lines, Found(ORDER))


# --- words -----------------------------------------------------------------------------------------------------------


def chance_of(one: Deadline) -> Chance | None:
    return Chance(one.hits, one.trials) if one.hits is not None and one.trials else None


def from_what(known: Known, options: int) -> str:
    late = len([one for one in known.of("slips") if any(p.id == one.commitment and p.is_open for p in known.promises)])
    parts = [_many(len(known.open), "commitment"), _many(late, "slip"), _many(options, "option")]
    return f"Written from {parts[0]}, {parts[1]} and {parts[2]}."


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def _long(day: date | None, today: date) -> str:
    if day is None:
        return "no day"
    far = f" {day.year}" if abs((day - today).days) > 270 else ""
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]}{far}"


def _day(day: date | None, today: date) -> str:
    if day is None:
        return "–"
    far = f" {day.year}" if abs((day - today).days) > 270 else ""
    return f"{day.day}\u00a0{_MONTHS[day.month - 1][:3]}{far}"


def _days(count: int) -> str:
    if count and count % 7 == 0 and count > 7:
        return f"{count // 7}\u00a0weeks"
    return "1\u00a0day" if count == 1 else f"{count:,}\u00a0days"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def short(name: str, instead: str) -> str:
    """A name that fits into the sentence, or words that stand for it."""
    words = name.split()
    return " ".join(words) if 0 < len(words) <= _NAME_WORDS and len(name) <= _NAME_LENGTH else instead


def _sentence(words: str) -> str:
    text = " ".join(words.split())
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


__all__ = [
    "MOST_WORDS",
    "ORDER",
    "Facts",
    "causes",
    "chance_of",
    "from_what",
    "saying",
    "short",
    "slip_words",
    "slips_of",
]
