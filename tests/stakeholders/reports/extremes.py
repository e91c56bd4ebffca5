"""Fact bases at the borders: nothing at all, far too much, and hostile words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from stakeholders.reports.facts import (
    Ahead,
    Change,
    Exposure,
    FactBase,
    People,
    Source,
)

from .meridian import AS_OF, MONDAY, ZONE, story
from .promised import THOUSAND


def empty() -> FactBase:
    """A team that has promised nothing and measures nothing."""
    return FactBase(
        organisation="Meridian Health",
        team="New Team",
        team_slug="new-team",
        week=MONDAY,
        as_of=AS_OF,
        zone=ZONE,
        say="Nothing is promised and nothing is measured yet.",
    )


def large() -> FactBase:
    """The story with 2,000 outcomes, 400 changes, 40 risks, 30 asks, 25 deadlines, a year of drift, 60 measures."""
    told = story()
    outcomes = tuple(
        replace(
            told.outcomes[n % 6],
            id=n + 1,
            title=f"{told.outcomes[n % 6].title}, region {n + 1}",
            due=_shifted(told.outcomes[n % 6].due, n % 90),
            even=_shifted(told.outcomes[n % 6].even, n % 90),
        )
        for n in range(2_000)
    )
    asks = tuple(
        replace(
            told.asks[n % 3],
            key=f"ask:{n}",
            question=f"{told.asks[n % 3].question} ({n + 1})",
            stake=(200 - n) * THOUSAND,
        )
        for n in range(30)
    )
    risks = tuple(
        replace(
            told.risks[n % 5],
            code=f"R-{n + 100}",
            title=f"{told.risks[n % 5].title}, site {n + 1}",
            expected=(90 - n) * THOUSAND,
        )
        for n in range(40)
    )
    deadlines = tuple(
        replace(
            told.deadlines[n % 3],
            id=n + 1,
            name=f"{told.deadlines[n % 3].name} {n + 1}",
            date=told.deadlines[0].date + timedelta(days=9 * n),
        )
        for n in range(25)
    )
    drift = tuple(replace(told.drift[n % 12], monday=MONDAY - timedelta(weeks=51 - n)) for n in range(52))
    choices = tuple(
        replace(
            told.asks[0].choices[n % 3],
            letter=chr(65 + n),
            title=f"{told.asks[0].choices[n % 3].title} ({n + 1})",
            advised=n == 0,
        )
        for n in range(12)
    )
    money = tuple(
        replace(told.budget[n % 4], category=f"Category {n + 1}", plan=10_000_000_000_00 + n) for n in range(30)
    )
    return replace(
        told,
        on_track=1_204,
        open=1_998,
        on_track_before=1_300,
        open_before=2_001,
        delivered=61,
        waiting=30,
        more=told.more * 8,
        outcomes=outcomes,
        asks=(replace(asks[0], choices=choices), *asks[1:]),
        risks=risks,
        deadlines=deadlines,
        drift=drift,
        exposure=tuple(
            Exposure(currency=name, expected=987_654_321_00, sure=1_234_567_890_00, count=40)
            for name in ("USD", "EUR", "GBP", "CHF")
        ),
        changes=tuple(replace(told.changes[n % 4], what=f"{told.changes[n % 4].what} ({n + 1})") for n in range(400)),
        budget=(*money, told.budget[-1]),
        measures=tuple(replace(told.measures[n % 4], slug=f"m{n}") for n in range(60)),
        ahead=tuple(Ahead(monday=one.monday, items=one.items * 20) for one in told.ahead),
        sources=tuple(replace(told.sources[n % 3], name=f"{told.sources[n % 3].name} {n + 1}") for n in range(80)),
        signatures=told.signatures * 30,
    )


def _shifted(day: date | None, days: int) -> date | None:
    return day + timedelta(days=days) if day else None


HOSTILE = (
    "Long " + "words without an end and without a point " * 12,
    "W" * 300,
    "تقرير الحالة الأسبوعي لمنصة التكامل مع 42 نتيجة",
    "患者記録の読み取りをすべて追跡できるようにする。次の四半期までに完了する予定です",
    "Ship it 🚀🔥👩‍👩‍👧‍👦 🇯🇵 today ✅",
    '#import "x" #panic("no") #read("/etc/passwd") #sys.inputs',
    "<script>alert(1)</script><b onload=x>&amp;&lt;",
    '=HYPERLINK("http://x.example","y")',
    "+cmd|' /C calc'!A0 @SUM(1+1) -2+3",
    "$x^2 + y$ *bold* _under_ `raw` @ref <label> ~ -- --- // comment /* still",
    "C:\\path\\to\\[brackets]{braces}\\n \\u{1F600} {{ 7*7 }} {% now %}",
    "right \u202eto left\u202c and \u2066isolated\u2069 \u200f\u200e",
    "nul\x00 bell\x07 escape\x1b[31m delete\x7f tab\tnew\nline\r\ncarriage \x85next \u2028line \u2029paragraph",
    "\ufeff\ufffe\uffff\ue000 private \U000f0000 \ufdd0 noncharacters",
    "e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309" * 20,
    "   ",
    "[link](javascript:alert(1)) ![x](http://x.example/y.png) | pipe | # heading\n\n---\n> quote",
)


def hostile() -> FactBase:
    """The story with words as a database may hold them: endless, in other scripts, or meant to break out."""
    told = story()

    def word(n: int) -> str:
        return HOSTILE[n % len(HOSTILE)]

    several = len(HOSTILE)
    return replace(
        told,
        organisation=word(0),
        team=word(3),
        prepared_by=word(2),
        prepared_title=word(9),
        say=word(5) + " " + word(2),
        clause=word(0),
        more=(word(12), word(11), word(1)),
        outcomes=tuple(
            replace(
                told.outcomes[n % 6],
                id=n + 1,
                title=word(n),
                team=word(n + 1),
                cause=word(n + 2),
                technical=word(n + 3),
                word=word(n),
                url=word(16),
            )
            for n in range(several)
        ),
        changes=tuple(
            Change(kind=word(n), what=word(n + 1), technical=word(n + 2), tone=word(n)) for n in range(several)
        ),
        asks=tuple(
            replace(
                told.asks[n % 3],
                key=f"{n}:{word(n)}",
                question=word(n),
                why=word(n + 1),
                owner=word(n + 2),
                choices=tuple(replace(one, title=word(n + 5)) for one in told.asks[0].choices),
                url=word(6),
            )
            for n in range(several)
        ),
        risks=tuple(
            replace(
                told.risks[n % 5],
                code=word(n),
                title=word(n + 1),
                owner=word(n + 2),
                signature=word(n + 3),
                state=word(n + 4),
                level=word(n),
            )
            for n in range(several)
        ),
        deadlines=(
            replace(told.deadlines[0], name=word(1), title=word(4), rate=word(9)),
            *(
                replace(told.deadlines[1], id=n + 5, name=word(n), title=word(n + 1), rate=word(n + 3))
                for n in range(several)
            ),
        ),
        budget=tuple(replace(told.budget[n % 4], category=word(n), currency=word(n)[:3]) for n in range(several)),
        measures=tuple(
            replace(
                told.measures[n % 4],
                name=word(n),
                figure=word(n),
                delta=word(n + 1),
                unit=word(n + 2),
                counts=word(n + 3),
            )
            for n in range(several)
        ),
        people=replace(told.people or People(), added=word(0) + word(6)),
        ahead=tuple(Ahead(monday=one.monday, items=HOSTILE) for one in told.ahead),
        sources=tuple(Source(name=word(n), state=word(n + 1), missing=word(n + 2)) for n in range(several)),
        signatures=tuple(
            replace(
                told.signatures[0],
                acceptance=word(n),
                title=word(n + 1),
                printed_name=word(n + 2),
                printed_title=word(n + 3),
                meaning=word(n + 4),
            )
            for n in range(several)
        ),
    )
