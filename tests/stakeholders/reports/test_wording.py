"""A report is worded for two audiences from one fact base: the same numbers and days, no invented cause."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any

import pytest

from stakeholders.reports.document import Document, Figures, Sparks, Table, Text
from stakeholders.reports.facts import FactBase
from stakeholders.reports.wording import AUDIENCES, document, editable

from . import story

BUILDERS = [story.story, story.empty, story.large, story.hostile]
Build = Callable[[], FactBase]


def values(told: Document) -> Counter[Any]:
    """Every value of the document with where it stands, by table and column."""
    found: Counter[Any] = Counter()
    for _, block in told.blocks():
        if isinstance(block, Table):
            for row in block.rows:
                for column, cell in zip(block.columns, row, strict=True):
                    if cell.value is not None:
                        found[block.key, column.name, cell.value] += 1
        elif isinstance(block, Figures):
            found.update((block.key, item.label, item.value) for item in block.items if item.value is not None)
        elif isinstance(block, Sparks):
            found.update((block.key, item.label, item.values) for item in block.items)
    return found


def known(value: Any) -> Iterator[Any]:
    """Every number and day of a fact base."""
    if is_dataclass(value):
        for one in fields(value):
            yield from known(getattr(value, one.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from known(one)
    elif isinstance(value, (int, float, date)):
        yield value


def words(told: Document) -> str:
    """All that is printed."""
    found = [told.headline.words]
    for section, block in told.blocks():
        found.append(section.title)
        if isinstance(block, Text):
            found.append(block.words)
        elif isinstance(block, Table):
            found += [part for row in block.rows for cell in row for part in (cell.words, cell.note)]
        elif isinstance(block, Figures):
            found += [part for item in block.items for part in (item.label, item.words, item.note)]
    return "\n".join(found)


@pytest.mark.parametrize("build", BUILDERS)
def test_both_audiences_read_the_same_numbers_and_days(build: Build) -> None:
    facts = build()
    finance, engineering = (values(document(facts, audience=one)) for one in AUDIENCES)

    assert finance == engineering
    assert finance or build is story.empty


@pytest.mark.parametrize("build", BUILDERS)
def test_every_value_is_one_of_the_fact_base(build: Build) -> None:
    facts = build()
    left = {(facts.deadlines[0].date - date(2026, 11, 23)).days} if facts.deadlines else set()
    asked = {*range(1, len(facts.asks) + 1), len(facts.asks)}  # they are numbered and counted
    allowed = {*known(facts), *left, *asked}

    for key, column, value in values(document(facts, audience="finance")):
        for one in value if isinstance(value, tuple) else (value,):
            assert one is None or one in allowed, (key, column, one)


def test_every_outcome_deadline_ask_and_risk_is_told() -> None:
    facts = story.story()
    told = document(facts, audience="finance")
    tables = {table.key: table for table in told.tables()}

    assert [row[3].value for row in tables["outcomes"].rows] == [one.even for one in facts.outcomes]
    assert [row[5].value for row in tables["outcomes"].rows] == [one.first for one in facts.outcomes]
    assert [row[3].value for row in tables["asks"].rows] == [one.stake for one in facts.asks]
    assert [row[2].value for row in tables["risks"].rows] == [one.expected for one in facts.risks]
    assert [row[4].value for row in tables["deadlines"].rows] == [one.chance for one in facts.deadlines]
    assert told.digest == facts.digest


def test_engineering_reads_the_technical_cause_and_finance_the_logged_one() -> None:
    finance, engineering = (words(document(story.story(), audience=one)) for one in AUDIENCES)

    assert "Found late by Compliance." in finance
    assert "AuditEvent.read" not in finance
    assert "AuditEvent.read is missing in the gateway." in engineering
    assert "Epic's sandbox rejects the published patient profile." in engineering


def test_no_cause_is_invented() -> None:
    facts = story.story()
    silent = replace(facts, outcomes=tuple(replace(one, cause="", technical="") for one in facts.outcomes))
    table = next(one for one in document(silent, audience="engineering").tables() if one.key == "outcomes")

    notes = [row[1].note for row in table.rows]
    assert notes[0] == "7 days late. No reason logged yet."
    assert notes[4] == "5 days ahead."  # nothing to explain


def test_it_says_how_it_counts_without_percentiles_of_the_trade() -> None:
    said = words(document(story.story(), audience="engineering"))

    assert not re.search(r"\bP\d\d\b|velocity|RAG|stakeholder", said)
    assert "A single date has even odds; 85 of 100 runs keep the 85% sure date." in said
    assert "35% to 69%." in said


def test_the_headline_names_what_one_decision_wins_back_only_if_it_does() -> None:
    facts = story.story()
    remedy = "One decision this week can bring it back to 30 December."

    assert document(facts, audience="finance").headline.words.endswith(remedy)
    ask = facts.asks[0]
    worse = replace(ask, choices=tuple(replace(one, lands=date(2027, 1, 8)) for one in ask.choices))
    assert remedy not in document(replace(facts, asks=(worse,)), audience="finance").headline.words


def test_what_is_missing_is_a_dash_with_its_reason_and_never_nought() -> None:
    told = document(story.empty(), audience="finance")

    assert all(table.empty for table in told.tables() if not table.rows and table.most != 0)
    assert "no week before" in words(told)
    assert not any(item.value == 0 and item.words == "$0" for item in told.section("bottom_line").blocks[0].items)
    unsized = replace(story.story().risks[0], expected=None, chance=None)
    table = next(
        one
        for one in document(replace(story.story(), risks=(unsized,)), audience="finance").tables()
        if one.key == "risks"
    )
    assert [cell.words for cell in table.rows[0][1:3]] == ["–", "–"]


def test_edited_words_take_the_place_of_words_and_never_of_a_value() -> None:
    facts = story.story()
    plain = document(facts, audience="finance")
    every = {one.key: f"Written {n} anew" for n, one in enumerate(editable(plain))}
    edited = document(facts, audience="finance", words=every)

    assert values(edited) == values(plain)
    assert [one.words for one in editable(edited)] == list(every.values())
    assert all(one.edited for one in editable(edited))
    figures = [block for _, block in edited.blocks() if isinstance(block, Figures)]
    assert figures == [block for _, block in plain.blocks() if isinstance(block, Figures)]
    for table in edited.tables():
        for row in table.rows:
            assert not any(cell.key and cell.value is not None for cell in row)


def test_emptied_words_are_the_computed_ones_again() -> None:
    facts = story.story()

    assert document(facts, audience="finance", words={"lead": ""}) == document(facts, audience="finance")


def test_keys_are_told_once_each() -> None:
    for build in BUILDERS:
        keys = Counter(one.key for one in editable(document(build(), audience="finance")))
        assert max(keys.values()) == 1


def test_nothing_unprintable_reaches_a_rendering() -> None:
    said = words(document(story.hostile(), audience="engineering", words={"lead": "a\x00b\u202ec\nd"}))

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\u2028]", said)
    assert "abc d" in said
    assert "nul bell escape[31m delete tab new line carriage next line paragraph" in said


def test_links_lead_to_web_pages_only() -> None:
    told = document(story.hostile(), audience="finance", url="javascript:alert(1)")

    assert told.url == ""
    links = {cell.url for table in told.tables() for row in table.rows for cell in row}
    assert links == {"", story.story().deadlines[0].url}


def test_rows_lead_to_their_pages_from_the_address_of_the_report() -> None:
    facts = story.story()
    facts = replace(facts, outcomes=(replace(facts.outcomes[0], url="/outcome/1/"),))

    def link(url: str) -> str:
        table = next(one for one in document(facts, audience="finance", url=url).tables() if one.key == "outcomes")
        return table.rows[0][1].url

    assert link("https://plumbline.example/report/12/") == "https://plumbline.example/outcome/1/"
    assert link("") == ""  # a file that does not know where it came from leads nowhere


def test_moments_are_told_in_the_zone_of_the_organisation() -> None:
    facts = story.story()

    assert document(facts, audience="finance").as_of_words == "Facts as known on Mon 23 Nov 2026, 07:55"
    late = replace(facts, as_of=datetime.fromisoformat("2026-11-24T03:30:00+00:00"), zone="Asia/Tokyo")
    assert document(late, audience="finance").as_of_words == "Facts as known on Tue 24 Nov 2026, 12:30"


def test_other_currencies_are_named_where_they_stand() -> None:
    facts = replace(story.story(), risks=(replace(story.story().risks[0], currency="CHF"),))
    table = next(one for one in document(facts, audience="finance").tables() if one.key == "risks")

    assert table.rows[0][2].words == "CHF\u00a0132k"
    assert table.rows[0][2].currency == "CHF"


def test_an_audience_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="finance or engineering"):
        document(story.story(), audience="marketing")


def test_a_week_over_the_turn_of_the_year_is_told_with_both_years() -> None:
    facts = replace(story.story(), week=date(2026, 12, 28))

    assert document(facts, audience="finance").title == "Status report for week 53, 28 December 2026 – 3 January 2027"
