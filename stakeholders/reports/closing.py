"""The second sheet of a report, lower half: delivery, people, the weeks ahead, how to read it, its evidence. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from delivery.status import AT_RISK_PERCENT, ON_TRACK_PERCENT, Standing
from teams import spoken

from .charts import sparks
from .document import Cell, Column, Section, Table
from .facts import FactBase, Measure, Source
from .voice import NO_REASON, Voice, listed, lowered, number, sentence, toned

MOST_SIGNATURES = 3
_NAMED = 3  # measures in one sentence


# --- delivery and people ---------------------------------------------------------------------------------------------


def delivery(facts: FactBase, voice: Voice) -> Section:
    said = voice.text("delivery", _better(facts, voice.today))
    rows = tuple(
        (
            Cell(words=one.name, tone=toned(one.tone), url=voice.link(one.url)),
            Cell(words=one.figure or spoken.MISSING),
            _measured(one.value, one),
            _measured(one.before, one),
            Cell(words=one.delta or spoken.MISSING),
            Cell(words=one.counts or spoken.MISSING),
        )
        for one in facts.measures
    )
    columns = (
        Column(name="Measure"), Column(name="This week"), Column(name="Value", kind="count"),
        Column(name="Week before", kind="count"), Column(name="Change"), Column(name="Counted"),
    )  # fmt: skip
    table = (Table(key="measures", title="Measures", columns=columns, rows=rows, most=0),) if rows else ()
    return Section(
        key="delivery", title="Is delivery getting better?", blocks=(said, *sparks(facts), *table), page=2
    )  # fmt: skip


def _measured(value: float | None, one: Measure) -> Cell:
    words = spoken.percent(value) if one.unit == "share" else spoken.count(value)
    return Cell(words=words, value=value)


def _better(facts: FactBase, today: date) -> str:
    """Which measures got better and which worse since the week before; a cause is nowhere recorded, so none is said."""
    if not facts.measures:
        return "Nothing is measured yet: no source of deployments or incidents has been read for this team."
    worse = [one.name for one in facts.measures if one.tone in ("risk", "late")]
    better = [one.name for one in facts.measures if one.tone == "ok"]
    parts = [f"{_named(names)} got {word}" for names, word in ((worse, "worse"), (better, "better")) if names]
    if not parts and today <= facts.week + timedelta(days=6):
        return "The week is not over yet, so that it is not compared with the one before."
    if not parts:
        return "No measure got better or worse this week."
    said = "; ".join([parts[0], *map(lowered, parts[1:])])
    return f"{said}. {NO_REASON}" if worse else f"{said}."


def _named(names: list[str]) -> str:
    if len(names) > _NAMED:
        return f"{number(len(names))} measures"
    return listed([names[0], *(lowered(name) for name in names[1:])])


def people(facts: FactBase, voice: Voice) -> Section:
    one = facts.people
    if one is None:
        return Section(
            key="people",
            title="People",
            blocks=(
                voice.text(
                    "people", "Fewer than five people are entered for this team, so that nothing is said of them."
                ),
            ),
            page=2,
        )
    said = []
    if one.seniors_stayed is not None and one.seniors_at_start:
        leaving = one.seniors_leaving or 0
        of_them = f"; {leaving:,} of them {'is' if leaving == 1 else 'are'} leaving" if leaving else ""
        grew = f", and {one.grew:,} grew into wider roles" if one.grew else ""
        stayed = f"{one.seniors_stayed:,} of {one.seniors_at_start:,} senior engineers stayed in the past year"
        said.append(f"{stayed}{of_them}{grew}.")
    elif one.grew:
        said.append(f"{one.grew:,} grew into wider roles in the past year.")
    if not said:
        said.append("Nobody senior has been here for a year.")
    if one.added:
        said.append(sentence(one.added))
    counts = (
        ("Senior engineers a year ago", one.seniors_at_start), ("Of them still here", one.seniors_stayed),
        ("Of these, leaving soon", one.seniors_leaving),
        ("Grew into wider roles", one.grew), ("Left in the past year", one.left), ("People now", one.headcount),
    )  # fmt: skip
    table = Table(
        key="people_counts",
        title="People",
        columns=(Column(name="Count of"), Column(name="People", kind="count")),
        rows=tuple((Cell(words=name), voice.count(value)) for name, value in counts if value is not None),
        most=0,
    )
    return Section(key="people", title="People", blocks=(voice.text("people", " ".join(said)), table), page=2)


# --- ahead -----------------------------------------------------------------------------------------------------------


def plan(facts: FactBase, voice: Voice) -> Section:
    count = len(facts.ahead)
    title = (
        f"Plan for the next {number(count).lower()} weeks"
        if count > 1
        else f"Plan for the next {'week' if count else 'weeks'}"
    )
    rows = tuple(
        (
            Cell(
                words=f"Week {one.monday.isocalendar().week}", value=one.monday, strong=True,
                note=spoken.days(one.monday, one.monday + timedelta(days=6), voice.today),
            ),
            voice.said(f"plan.{n}", " ".join(sentence(item) for item in one.items if item) or "Nothing is due."),
        )
        for n, one in enumerate(facts.ahead, start=1)
    )  # fmt: skip
    table = Table(
        key="plan",
        title=title,
        columns=(Column(name="Week", kind="date", width=0.27), Column(name="What", width=0.73)),
        rows=rows,
        most=3,
        empty="Nothing is promised for the coming weeks.",
        heads=False,
    )
    return Section(key="plan", title=title, blocks=(table,), page=2)


# --- how to read it, and what it rests on ----------------------------------------------------------------------------


def reading(facts: FactBase, voice: Voice) -> Section:
    meanings = (
        (Standing.ON_TRACK, f"{ON_TRACK_PERCENT}% or more likely by the promised day."),
        (Standing.AT_RISK, f"{AT_RISK_PERCENT}% to {ON_TRACK_PERCENT - 1}%."),
        (Standing.LIKELY_LATE, "less, or past."),
    )
    rows = tuple((Cell(words=one.words, tone=toned(one.value)), Cell(words=means)) for one, means in meanings)
    columns = (Column(name="Status", kind="status", width=0.2), Column(name="Meaning", width=0.8))
    table = Table(key="statuses", title="Statuses", columns=columns, rows=rows, heads=False)
    runs = f", run {facts.trials:,} times" if facts.trials else ""
    words = [
        f"Forecasts rest on what remains and how each squad’s estimates held{runs}. A single date has even odds; "
        "85 of 100 runs keep the 85% sure date."
    ]
    if facts.deadlines and facts.deadlines[0].rate:
        words.append(f"Expected penalty is {facts.deadlines[0].rate}, averaged over the runs.")
    said = voice.text("reading", " ".join(words), "note")
    return Section(key="reading", title="How to read this report", blocks=(table, said), page=2)


def evidence(facts: FactBase, voice: Voice) -> Section:
    """How fresh the sources are, what is missing of them, and which signatures the report leans on."""
    missing = [_lacking(one) for one in facts.sources if one.missing]
    names = [one.name for one in facts.sources if not one.missing]
    read = f"Read from {listed(names)}." if 0 < len(names) <= 6 else f"Read from {len(names)} sources." if names else ""
    said = " ".join(one for one in (read, *missing) if one) or "No source is connected yet."
    sources = Table(
        key="sources",
        title="Sources",
        columns=(
            Column(name="Source"),
            Column(name="State"),
            Column(name="Read to", kind="date"),
            Column(name="Missing"),
        ),
        rows=tuple(
            (
                Cell(words=one.name or "No name"),
                Cell(words=one.state or spoken.MISSING),
                Cell(words=_moment(one.read_to, voice) if one.read_to else "not read yet", value=one.read_to),
                Cell(words=one.missing or "nothing known"),
            )
            for one in facts.sources
        ),
        most=0,
        empty="No source is connected yet.",
    )
    return Section(
        key="evidence",
        title="Sources and signatures",
        blocks=(voice.text("sources", said, "note"), sources, *_signatures(facts, voice)),
        page=2,
    )


def _lacking(one: Source) -> str:
    """What is missing of a source, with its name."""
    return sentence(one.missing if one.name in one.missing else f"{one.name}: {lowered(one.missing)}")


def _moment(value: datetime, voice: Voice) -> str:
    local = voice.local(value)
    return f"{voice.weekday(local.date())}, {local:%H:%M}"


def _signatures(facts: FactBase, voice: Voice) -> tuple[Table, ...]:
    if not facts.signatures:
        return ()
    rows = tuple(
        (
            Cell(words=one.acceptance or spoken.MISSING),
            Cell(words=one.title or "No title"),
            Cell(words=", ".join(part for part in (one.printed_name, one.printed_title) if part) or spoken.MISSING),
            Cell(words=one.meaning or spoken.MISSING),
            Cell(words=_moment(one.at, voice), value=one.at),
            voice.on(one.expires_on),
        )
        for one in facts.signatures
    )
    columns = (
        Column(name="Signed", width=0.08), Column(name="What is accepted", width=0.36), Column(name="By", width=0.24),
        Column(name="Meaning", width=0.1), Column(name="Signed at", kind="date", width=0.13),
        Column(name="Until", kind="date", width=0.09),
    )  # fmt: skip
    return (Table(key="signatures", title="Signatures", columns=columns, rows=rows, most=MOST_SIGNATURES),)
