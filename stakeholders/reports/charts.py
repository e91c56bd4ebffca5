"""The drawings of a report as data: the forecast week by week, the options' penalties, the measures' lines. Pure."""

from __future__ import annotations

from datetime import timedelta

from teams import spoken

from .document import Bar, BarChart, DriftChart, Point, Spark, Sparks
from .facts import Choice, Deadline, Drift, FactBase, Measure
from .front_page import tone_of
from .voice import Voice, days, lowered, toned

MOST_BARS = 4


def drift(facts: FactBase, voice: Voice) -> tuple[DriftChart, ...]:
    """The nearest deadline's forecast, from the second week on that there is one."""
    if not facts.deadlines or len(facts.drift) < 2:
        return ()
    one, last = facts.deadlines[0], facts.drift[-1]
    points = tuple(
        Point(label=str(at.monday.isocalendar().week), monday=at.monday, even=at.even, sure=at.sure,
              even_words=voice.day(at.even), sure_words=voice.day(at.sure))
        for at in facts.drift
    )  # fmt: skip
    penalty = ""
    if one.penalty_from is not None:
        penalty = f"Penalty window, {one.rate}" if one.rate else "Penalty window"
    title = _finding(one, facts.drift[-2], last)
    ends = " ".join(
        f"Week {at.label}: even odds {at.even_words}, 85% sure {at.sure_words}." for at in (points[0], points[-1])
    )
    alt = f"Line of the forecast over {len(points)} weeks. {ends} The deadline is {voice.day(one.date)}."
    return (
        DriftChart(
            key="drift", title=title, points=points, deadline=one.date,
            deadline_words=f"{voice.day(one.date)} deadline", penalty_from=one.penalty_from, penalty_words=penalty,
            even_words=f"{voice.day(last.even)} even odds",
            sure_words=f"{voice.day(last.sure)} 85% sure", first_label=f"Week {points[0].label}", alt=alt,
        ),
    )  # fmt: skip


def _finding(one: Deadline, before: Drift, now: Drift) -> str:
    name, gap = f"The {lowered(one.title or 'milestone')} forecast", (now.even - one.date).days
    if before.even <= one.date < now.even:
        return f"{name} crossed the deadline this week"
    if now.even <= one.date < before.even:
        return f"{name} came back before the deadline this week"
    if gap > 0:
        return f"{name} is {days(gap)} past the deadline"
    return f"{name} is {days(gap)} ahead of the deadline" if gap else f"{name} falls on the deadline"


def bars(facts: FactBase) -> tuple[BarChart, ...]:
    """The expected penalty under each option of the heaviest ask that has such."""
    ask = next((one for one in facts.asks if any(choice.penalty is not None for choice in one.choices)), None)
    if ask is None:
        return ()
    known = [one for one in ask.choices if one.penalty is not None]
    shown = sorted(known, key=lambda one: not one.advised)[:MOST_BARS]
    made = tuple(_bar(one, ask.currency) for one in shown)
    said = (f"{one.label}: {one.words}{f', {one.note}' if one.note else ''}." for one in made)
    alt = f"Bars of the expected penalty. {' '.join(said)}"
    return (
        BarChart(
            key="penalties", title="Expected penalty under each option", bars=made, currency=ask.currency, alt=alt
        ),
    )


def _bar(one: Choice, currency: str) -> Bar:
    words = spoken.cash(one.penalty, currency)
    if one.cost:
        words += f" + {spoken.cash(one.cost, currency)} cost"
    note = f"{one.chance_words or spoken.percent(one.chance)} on time" if one.chance is not None else ""
    tone = "late" if tone_of(one.chance) == "late" else ""
    return Bar(
        label=one.title or f"Option {one.letter}",
        words=words,
        note=note,
        penalty=one.penalty,
        cost=one.cost,
        tone=toned(tone),
    )


def sparks(facts: FactBase) -> tuple[Sparks, ...]:
    return (
        (Sparks(key="measures", items=tuple(_spark(one, facts) for one in facts.measures)),) if facts.measures else ()
    )


def _spark(one: Measure, facts: FactBase) -> Spark:
    known = [value for value in one.weeks if value is not None]
    last = facts.week.isocalendar().week
    first = _week_back(facts, len(one.weeks) - 1)
    first_words = _short(one.weeks[0], one.unit) if one.weeks and one.weeks[0] is not None else ""
    figure = one.figure or spoken.MISSING
    alt = f"{one.name}: {figure}, {one.delta or 'no week before'}. " + (
        f"Over {len(one.weeks)} weeks between {_short(min(known), one.unit)} and {_short(max(known), one.unit)}."
        if known
        else "No data."
    )
    return Spark(
        label=one.name, words=figure, first_words=first_words, note=one.delta, tone=toned(one.tone), values=one.weeks,
        first_label=f"week {first}" if one.weeks else "", last_label=str(last) if one.weeks else "",
        unit=one.unit, alt=alt,
    )  # fmt: skip


def _week_back(facts: FactBase, weeks: int) -> int:
    return (facts.week - timedelta(weeks=max(weeks, 0))).isocalendar().week


def _short(value: float | None, unit: str) -> str:
    return spoken.percent(value) if unit == "share" else spoken.count(value)
