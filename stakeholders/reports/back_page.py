"""The second sheet of a report, upper half: deadlines with what they may cost, risks, budget. Pure."""

from __future__ import annotations

from delivery.status import Standing
from teams import spoken

from .charts import bars, drift
from .document import Block, Cell, Column, Section, Table, Text
from .facts import Deadline, FactBase, Money, Risk
from .front_page import tone_of
from .voice import Voice, lowered, toned

MOST_DEADLINES, MOST_RISKS, MOST_BUDGET = 5, 5, 6


# --- deadlines and exposure ------------------------------------------------------------------------------------------


def deadlines(facts: FactBase, voice: Voice) -> Section:
    title = "Deadlines and exposure"
    table = Table(
        key="deadlines",
        title=title,
        columns=(
            Column(name="Deadline", width=0.43),
            Column(name="Date", kind="date", width=0.1),
            Column(name="Our forecast", kind="date", width=0.13),
            Column(name="85% sure", kind="date", width=0.11),
            Column(name="Chance", kind="percent", width=0.1),
            Column(name="Expected cost", kind="money", width=0.13, currency=facts.currency),
            Column(name="Status", kind="status", page=False),
            Column(name="What must be done", page=False),
            Column(name="Penalty from", kind="date", page=False),
            Column(name="Penalty", page=False),
            Column(name="Cost, 85% sure", kind="money", page=False, currency=facts.currency),
            Column(name="Chance a week before", kind="percent", page=False),
            Column(name="Expected cost a week before", kind="money", page=False, currency=facts.currency),
        ),
        rows=tuple(_deadline(one, voice) for one in facts.deadlines),
        most=MOST_DEADLINES,
        empty="No deadline is set, so nothing is exposed to a penalty.",
    )
    blocks: tuple[Block, ...] = (*drift(facts, voice), *bars(facts), table, *_options(facts, voice))
    return Section(key="deadlines", title=title, blocks=blocks, page=2)


def _deadline(one: Deadline, voice: Voice) -> tuple[Cell, ...]:
    tone = tone_of(one.chance)
    word = Standing(tone).words
    return (
        Cell(words=one.name or "No name", tone=tone, strong=True, url=voice.link(one.url)),
        voice.on(one.date),
        voice.on(one.even),
        voice.on(one.sure),
        voice.chance(one.chance, one.chance_words, strong=True),
        Cell(words="none") if one.penalty is None and not one.rate
        else voice.cash(one.penalty, one.currency, nothing="none"),
        Cell(words=word, tone=tone),
        Cell(words=one.title or spoken.MISSING),
        voice.on(one.penalty_from),
        Cell(words=one.rate or "none"),
        voice.cash(one.penalty_85, one.currency),
        voice.chance(one.chance_before, one.chance_before_words),
        voice.cash(one.penalty_before, one.currency),
    )  # fmt: skip


def _options(facts: FactBase, voice: Voice) -> tuple[Table, ...]:
    """Every option of every ask, for the workbook."""
    rows = tuple(
        (
            Cell(words=ask.question or "No title"),
            Cell(words=f"{one.letter}. {one.title}"),
            Cell(words="yes" if one.advised else "no"),
            voice.cash(one.cost, ask.currency),
            voice.on(one.lands),
            voice.chance(one.chance, one.chance_words),
            voice.cash(one.penalty, ask.currency),
        )
        for ask in facts.asks
        for one in ask.choices
    )
    columns = (
        Column(name="Decision"), Column(name="Option"), Column(name="Advised"),
        Column(name="Cost", kind="money", currency=facts.currency), Column(name="Forecast", kind="date"),
        Column(name="Chance", kind="percent"), Column(name="Expected penalty", kind="money", currency=facts.currency),
    )  # fmt: skip
    return (Table(key="options", title="Options", columns=columns, rows=rows, most=0),) if rows else ()


# --- risks and money -------------------------------------------------------------------------------------------------


def risks(facts: FactBase, voice: Voice) -> Section:
    table = Table(
        key="risks",
        title="Top risks",
        columns=(
            Column(name="Risk", width=0.68),
            Column(name="Chance", kind="percent", width=0.15),
            Column(name="Expected", kind="money", width=0.17, currency=facts.currency),
            Column(name="Code", page=False),
            Column(name="State", page=False),
            Column(name="Level", page=False),
            Column(name="Owner", page=False),
            Column(name="Signature", page=False),
            Column(name="Low", kind="money", page=False, currency=facts.currency),
            Column(name="High", kind="money", page=False, currency=facts.currency),
            Column(name="Expected days", kind="days", page=False),
        ),
        rows=tuple(_risk(one, voice) for one in facts.risks),
        most=MOST_RISKS,
        empty="No open risk is in the register.",
    )
    return Section(key="risks", title=table.title, blocks=(table, *_exposure(facts, voice)), page=2)


def _risk(one: Risk, voice: Voice) -> tuple[Cell, ...]:
    state = f"{one.code} {one.state.lower()}".strip()
    note = ", ".join(part for part in (state, one.owner or "no owner", lowered(one.signature)) if part)
    return (
        Cell(words=one.title or "No title", note=note, strong=True, url=voice.link(one.url)),
        voice.chance(one.chance, ""),
        voice.cash(one.expected, one.currency, strong=True),
        Cell(words=one.code or spoken.MISSING),
        Cell(words=one.state or spoken.MISSING),
        Cell(words=one.level or spoken.MISSING),
        Cell(words=one.owner or "Nobody"),
        Cell(words=one.signature or "Not asked for"),
        voice.cash(one.low, one.currency),
        voice.cash(one.high, one.currency),
        voice.count(one.days),
    )


def _exposure(facts: FactBase, voice: Voice) -> tuple[Text | Table, ...]:
    if not facts.exposure:
        return ()
    said = " ".join(
        f"{spoken.plural(one.count, 'open sized risk,open sized risks')} together: "
        f"{spoken.cash(one.expected, one.currency)} expected, 85% sure under {spoken.cash(one.sure, one.currency)}."
        for one in facts.exposure
    )
    rows = tuple(
        (
            Cell(words=one.currency),
            voice.cash(one.expected, one.currency),
            voice.cash(one.sure, one.currency),
            voice.count(one.count),
        )
        for one in facts.exposure
    )
    columns = (
        Column(name="Currency"), Column(name="Expected", kind="money", currency=facts.currency),
        Column(name="85% sure", kind="money", currency=facts.currency), Column(name="Risks", kind="count"),
    )  # fmt: skip
    table = Table(key="exposure", title="Exposure", columns=columns, rows=rows, most=0)
    return voice.text("exposure", said, "note"), table


def budget(facts: FactBase, voice: Voice) -> Section:
    whole = [one for one in facts.budget if one.category == "All"]
    lines = [*whole, *(one for one in facts.budget if one.category != "All")]
    table = Table(
        key="budget",
        title="Budget this year",
        columns=(
            Column(name="", width=0.33),
            Column(name="Plan", kind="money", width=0.19, currency=facts.currency),
            Column(name="Outlook", kind="money", width=0.21, currency=facts.currency),
            Column(name="Against plan", kind="money", width=0.27, currency=facts.currency),
            Column(name="Spent so far", kind="money", page=False, currency=facts.currency),
        ),
        rows=tuple(_money(one, voice) for one in lines),
        most=MOST_BUDGET,
        empty="No budget is entered for this team.",
    )
    return Section(key="budget", title=table.title, blocks=(table,), page=2)


def _money(one: Money, voice: Voice) -> tuple[Cell, ...]:
    whole = one.category == "All"
    against = voice.cash(one.variance, one.currency)
    words = against.words
    if one.variance is not None:
        size = spoken.cash(abs(one.variance), one.currency)
        words = f"{size} {'over' if one.variance > 0 else 'under'}" if one.variance else "as planned"
    tone = "risk" if (one.variance or 0) > 0 else ""
    return (
        Cell(words=one.category or "Other", strong=whole),
        voice.cash(one.plan, one.currency, strong=whole),
        voice.cash(one.outlook, one.currency, strong=whole),
        Cell(words=words, value=one.variance, tone=toned(tone), currency=against.currency, strong=whole),
        voice.cash(one.actual, one.currency, strong=whole),
    )
