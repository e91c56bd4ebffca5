"""The first sheet of a report: the bottom line, four figures, outcomes, what changed, the decisions asked for. Pure."""

from __future__ import annotations

from datetime import timedelta

from delivery.status import AT_RISK_PERCENT, ON_TRACK_PERCENT
from teams import spoken

from .document import Cell, Column, Figure, Figures, Section, Table, Text, Tone
from .facts import Ask, Choice, FactBase, Outcome
from .voice import NO_REASON, Voice, days, number, sentence, toned

MOST_OUTCOMES, MOST_CHANGES, MOST_ASKS = 8, 6, 5
FIGURES = 4


def tone_of(chance: float | None) -> Tone:
    """How a chance stands, by the borders of a status."""
    if chance is None:
        return "none"
    percent = int(chance * 100 + 1e-9)
    return "ok" if percent >= ON_TRACK_PERCENT else "risk" if percent >= AT_RISK_PERCENT else "late"


# --- the bottom line -------------------------------------------------------------------------------------------------


def headline(facts: FactBase, voice: Voice) -> Text:
    said = f"{facts.say} {facts.clause}".strip() or "Nothing is promised yet."
    return voice.text("headline", " ".join(one for one in (said, _remedy(facts, voice)) if one))


def advised(facts: FactBase) -> tuple[Ask, Choice] | None:
    """The heaviest ask that comes with a recommendation."""
    return next(((ask, one) for ask in facts.asks for one in ask.choices if one.advised), None)


def _remedy(facts: FactBase, voice: Voice) -> str:
    """That a decision wins days back, if the forecast of the advised option says so."""
    found, nearest = advised(facts), facts.deadlines[0] if facts.deadlines else None
    if found is None or nearest is None or nearest.even is None or nearest.even <= nearest.date:
        return ""
    ask, choice = found
    if choice.lands is None or choice.lands >= nearest.even:
        return ""
    soon = ask.by is not None and voice.today <= ask.by < voice.today + timedelta(days=7)
    return f"One decision{' this week' if soon else ''} can bring it back to {voice.day(choice.lands, 'long')}."


def bottom_line(facts: FactBase, voice: Voice) -> Section:
    lead = voice.text("lead", " ".join(sentence(one) for one in facts.more if one), "lead")
    blocks = (lead, _figures(facts, voice)) if lead.words else (_figures(facts, voice),)
    return Section(key="bottom_line", title="", blocks=blocks)


def _figures(facts: FactBase, voice: Voice) -> Figures:
    return Figures(key="figures", items=(*_of_deadline(facts, voice), *_of_scope(facts, voice))[:FIGURES])


def _of_deadline(facts: FactBase, voice: Voice) -> list[Figure]:
    if not facts.deadlines:
        return []
    one, found = facts.deadlines[0], []
    if one.chance is not None:
        was = f"was {one.chance_before_words} last week" if one.chance_before is not None else "not known last week"
        words = one.chance_words or spoken.percent(one.chance)
        found.append(Figure(label=f"Chance of making {voice.day(one.date, 'long')}", words=words, value=one.chance,
                            kind="percent", note=was, tone=tone_of(one.chance)))  # fmt: skip
    if one.penalty is not None:
        was = f"was {spoken.cash(one.penalty_before, one.currency)} last week" if one.penalty_before is not None else ""
        found.append(Figure(label="Expected penalty", words=spoken.cash(one.penalty, one.currency), value=one.penalty,
                            kind="money", note=was or one.rate, currency=one.currency))  # fmt: skip
    best = advised(facts)
    if best is not None and best[1].chance is not None:
        choice, currency = best[1], best[0].currency
        note = f"and {spoken.cash(choice.penalty, currency)} expected" if choice.penalty is not None else choice.title
        words = choice.chance_words or spoken.percent(choice.chance)
        found.append(Figure(label="With the option we advise", words=words, value=choice.chance, kind="percent",
                            note=note))  # fmt: skip
    left = (one.date - voice.today).days
    label = "Days to the deadline" if left >= 0 else "Days past the deadline"
    found.append(Figure(label=label, words=spoken.count(abs(left)), value=abs(left), kind="days",
                        note=f"from {voice.weekday(voice.today, 'long')}"))  # fmt: skip
    return found


def _of_scope(facts: FactBase, voice: Voice) -> list[Figure]:
    was = (
        f"was {facts.on_track_before:,} of {facts.open_before:,} last week"
        if facts.on_track_before is not None and facts.open_before is not None
        else "no week before"
    )
    track = f"{facts.on_track:,} of {facts.open:,}"
    deadline = [] if facts.deadlines else [Figure(label="Nearest deadline", words=spoken.MISSING, note="none is set")]
    exposure = [
        Figure(label="Open risks, expected", words=spoken.cash(one.expected, one.currency), value=one.expected,
               kind="money", currency=one.currency, note=f"85% sure under {spoken.cash(one.sure, one.currency)}")
        for one in facts.exposure[:1]
    ]  # fmt: skip
    return [
        Figure(label="Commitments on track", words=track, value=facts.on_track, kind="count", note=was),
        *exposure,
        Figure(label="Delivered this week", words=spoken.count(facts.delivered), value=facts.delivered, kind="count"),
        Figure(label="Decisions asked", words=spoken.count(len(facts.asks)), value=len(facts.asks), kind="count"),
        *deadline,
    ]


# --- outcomes --------------------------------------------------------------------------------------------------------


def outcomes(facts: FactBase, voice: Voice) -> Section:
    table = Table(
        key="outcomes",
        title="Where each outcome stands",
        columns=(
            Column(name="Status", kind="status", width=0.135),
            Column(name="Outcome", width=0.47),
            Column(name="Chance", kind="percent", width=0.095),
            Column(name="Forecast", kind="date", width=0.086),
            Column(name="Promised", kind="date", width=0.092),
            Column(name="First promise", kind="date", width=0.122),
            Column(name="Against the first promise", kind="status", page=False),
            Column(name="85% sure", kind="date", page=False),
            Column(name="Delivered on", kind="date", page=False),
            Column(name="Team", page=False),
            Column(name="Commitments", kind="count", page=False),
            Column(name="Delivered", kind="count", page=False),
        ),
        rows=tuple(_outcome(one, voice) for one in facts.outcomes),
        most=MOST_OUTCOMES,
        empty="No outcome is named yet. It appears here with the first commitment that names one.",
    )
    return Section(key="outcomes", title=table.title, blocks=(table,))


def _outcome(one: Outcome, voice: Voice) -> tuple[Cell, ...]:
    now, first = toned(one.state) or "none", toned(one.state_first) or "none"
    lands = one.delivered or one.even
    return (
        Cell(words=one.word or "No forecast", tone=now),
        voice.titled(one.title, f"outcome.{one.id}", _stands(one, voice), url=one.url),
        voice.chance(one.chance, one.chance_words),
        voice.on(lands, strong=True),
        voice.on(one.due),
        voice.on(one.first, tone=first if one.first else "", note=one.word_first if one.first else ""),
        Cell(words=one.word_first or "No forecast", tone=first),
        voice.on(one.sure),
        voice.on(one.delivered),
        Cell(words=one.team or spoken.MISSING),
        voice.count(one.commitments),
        voice.count(one.delivered_commitments),
    )


def _stands(one: Outcome, voice: Voice) -> str:
    """How far from the promised day, and why: as somebody logged it, in the words of the audience."""
    technical = voice.audience == "engineering" and one.technical
    if one.delivered is not None:
        off = (one.delivered - one.due).days if one.due else 0
        said = f"{days(off)} {'late' if off > 0 else 'early'}." if off else "On the promised day."
        return f"{said} {sentence(one.technical)}".strip() if technical else said
    if one.even is None:
        return "No forecast yet." if one.commitments else "No commitment belongs to it yet."
    if one.due is None:
        said = "No day is promised."
    elif gap := (one.even - one.due).days:
        said = f"{days(gap)} {'late' if gap > 0 else 'ahead'}."
    else:
        said = "Forecast for the promised day."
    if technical:
        return f"{said} {sentence(one.technical)}"
    if one.state in ("late", "risk") or one.cause:
        return f"{said} {sentence(one.cause) or NO_REASON}"
    return said


# --- what changed ----------------------------------------------------------------------------------------------------


def changes(facts: FactBase, voice: Voice) -> Section:
    since = facts.changes_since
    old = since is not None and (voice.today - since).days > 8
    title = f"What changed since {voice.day(since)}" if old else "What changed this week"
    table = Table(
        key="changes",
        title=title,
        columns=(Column(name="What", width=0.165), Column(name="Change", width=0.835)),
        rows=tuple(
            (
                Cell(words=one.kind or "Changed", strong=True, tone=toned(one.tone)),
                voice.said(
                    f"change.{n}", one.technical if voice.audience == "engineering" and one.technical else one.what
                ),
            )
            for n, one in enumerate(facts.changes, start=1)
        ),
        most=MOST_CHANGES,
        empty="Nothing that was known before has changed.",
        heads=False,
    )
    return Section(key="changes", title=title, blocks=(table,))


# --- decisions -------------------------------------------------------------------------------------------------------


def asks(facts: FactBase, voice: Voice) -> Section:
    count = len(facts.asks)
    title = f"{number(count)} {'decision' if count == 1 else 'decisions'} we ask of you" if count else "Decisions"
    table = Table(
        key="asks",
        title=title,
        columns=(
            Column(name="", kind="count", width=0.05),
            Column(name="Decision", width=0.67),
            Column(name="Answer by", kind="date", width=0.14),
            Column(name="At stake", kind="money", width=0.14, currency=facts.currency),
            Column(name="Days at stake", kind="days", page=False),
            Column(name="Waits for", page=False),
            Column(name="We advise", page=False),
            Column(name="Its cost", kind="money", page=False, currency=facts.currency),
            Column(name="Its chance", kind="percent", page=False),
            Column(name="Its forecast", kind="date", page=False),
            Column(name="Its expected penalty", kind="money", page=False, currency=facts.currency),
        ),
        rows=tuple(_ask(n, one, voice) for n, one in enumerate(facts.asks, start=1)),
        most=MOST_ASKS,
        empty="Nothing needs a decision this week.",
    )
    return Section(key="asks", title=title, blocks=(table,))


def _ask(n: int, one: Ask, voice: Voice) -> tuple[Cell, ...]:
    best = next((choice for choice in one.choices if choice.advised), None)
    stake = voice.cash(one.stake, one.currency)
    note = days(one.stake_days) if one.stake_days is not None else ""
    by = f"{voice.weekday(one.by)}" if one.by else "no day set"
    return (
        Cell(words=str(n), value=n),
        voice.titled(one.question, f"ask.{n}", _why(one, best, voice), url=one.url),
        Cell(words=by, value=one.by, strong=one.by is not None),
        Cell(words=stake.words, value=one.stake, note=note, currency=stake.currency),
        Cell(words=note or spoken.MISSING, value=one.stake_days),
        Cell(words=one.owner or spoken.MISSING),
        Cell(words=f"{best.letter}. {best.title}" if best else "No option is advised"),
        voice.cash(best.cost if best else None, one.currency),
        voice.chance(best.chance, best.chance_words) if best else Cell(words=spoken.MISSING),
        voice.on(best.lands if best else None),
        voice.cash(best.penalty if best else None, one.currency),
    )


def _why(one: Ask, best: Choice | None, voice: Voice) -> str:
    why = sentence(one.why)
    if best is None:
        return why
    facts = [
        f"even odds {voice.day(best.lands)}" if best.lands else "",
        f"{best.chance_words or spoken.percent(best.chance)} on time" if best.chance is not None else "",
        f"{spoken.cash(best.penalty, one.currency)} expected penalty" if best.penalty is not None else "",
        "" if best.cost is None else f"costs {spoken.cash(best.cost, one.currency)}" if best.cost else "no cost",
    ]
    brought = ", ".join(part for part in facts if part)
    return f"We advise: {best.title or 'no title'}{f' ({brought})' if brought else ''}. {why}".strip()
