"""Tables and values out of bytes, whatever wrote them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from delivery.imports import commitments, values
from delivery.imports.columns import COMMITMENTS, guess
from delivery.imports.judge import judge
from delivery.imports.known import Choices, Known, TeamKnown
from delivery.imports.plan import Fate, Intent, Unreadable
from delivery.imports.rows import MOST_BYTES, harmless, read, write
from delivery.loops import Waits

TODAY = date(2026, 6, 1)
TEAMS = [TeamKnown(1, "squad-a", "Squad A"), TeamKnown(2, "squad-b", "Squad B"), TeamKnown(3, "train", "Train", True)]


def fates(raw: bytes, **chosen: str) -> list[Intent]:
    table = read(raw)
    return commitments.plan(
        table, guess(table.names, COMMITMENTS), Known(today=TODAY, teams=list(TEAMS)),
        Choices(team="squad-a", **chosen),
    ).promises  # fmt: skip


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"),
     ("latin-1", "Western European (not Unicode)"), ("cp1252", "Western European (not Unicode)")],
)  # fmt: skip
def test_encodings_and_delimiters_are_recognised(codec: str, name: str, delimiter: str) -> None:
    table = read(delimiter.join(["id", "title"]).encode(codec) + f"\r\nP-1{delimiter}Zürich café\r\n".encode(
        "utf-16-le" if codec == "utf-16" else "utf-8" if codec == "utf-8-sig" else codec))  # fmt: skip
    assert (table.names, table.rows[0].cells) == (["id", "title"], ["P-1", "Zürich café"])
    assert (table.encoding, table.delimiter) == (name, delimiter)


def test_a_delimiter_inside_quotation_marks_does_not_count() -> None:
    assert read(b'"a,b,c,d";title\n1;2\n').names == ["a,b,c,d", "title"]


def test_the_hint_of_a_spreadsheet_is_not_the_header() -> None:
    table = read(b"sep=;\nid;title\n1;Two\n")
    assert (table.names, table.rows[0].line) == (["id", "title"], 3)


def test_lines_are_those_of_the_file_though_cells_reach_over_several() -> None:
    table = read(b'id,title\n\n1,"a\nb\nc"\n2,d\n')
    assert [(row.line, row.cells[1]) for row in table.rows] == [(3, "a\nb\nc"), (6, "d")]


def test_short_rows_are_filled_and_long_ones_named() -> None:
    table = read(b"id,title,team\n1,Two\n1,Two,,\n1,Two,,Three\n")
    assert table.rows[0].cells == ["1", "Two", ""]
    assert [row.problems for row in table.rows[:2]] == [[], []]
    assert (table.rows[2].problems[0].line, table.rows[2].problems[0].column) == (4, "after team")
    assert "4 cells, the header 3" in table.rows[2].problems[0].what


def test_a_title_of_two_megabytes_is_named_once_and_not_carried_along() -> None:
    (row,) = fates(b"title,promised\n" + b"x" * 2_000_000 + b",2026-07-01\n")
    assert [(one.line, one.column) for one in row.problems] == [(2, "title")]
    assert "2,000,000 characters" in row.problems[0].what
    assert len(row.title) <= 100


def test_a_quotation_mark_that_is_never_closed_is_named() -> None:
    table = read(b'id,title\n1,"open\n' + b"2,x\n" * 1500)
    assert "never closed" in table.rows[0].problems[0].what
    assert table.rows[0].problems[0].line == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"", "is empty"), (b"\n\n", "is empty"), (b"id,title\n", "no rows"), (b"PK\x03\x04abc", "Save it as CSV"),
     (b"x" * (MOST_BYTES + 1), "20 MB fit"), (b"id\n" + b"1\n" * 20_001, "more than 20,000 rows")],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_what_to_do(raw: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(raw)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12).map(str.strip)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(2, 4).flatmap(
        lambda wide: st.lists(st.lists(cells, min_size=wide, max_size=wide), min_size=1, max_size=6)
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_is_written_is_read_again(rows: list[list[str]], delimiter: str) -> None:
    assume(any(any(row) for row in rows))
    names = [f"column {number}" for number in range(len(rows[0]))]
    table = read(write(names, rows, delimiter))
    assert table.names == names
    assert [row.cells for row in table.rows] == [row for row in rows if any(row)]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        table = read(raw)
    except Unreadable:
        return
    assert all(len(row.cells) == len(table.names) for row in table.rows)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_cell_we_write_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["2026-04-03", "2026/4/3", "3 Apr 2026", "3 April, 2026", "April 3, 2026", "03-Apr-26", "03/Apr/26 12:00 AM",
     "3.4.2026", "2026-04-03T10:00:00.000+0200", "3rd Apr 2026"],
)  # fmt: skip
def test_days_that_can_be_meant_in_one_way_are_read(text: str) -> None:
    assert values.day(text) == date(2026, 4, 3)


def test_a_day_that_could_be_two_is_refused_until_an_order_is_chosen() -> None:
    with pytest.raises(values.Unclear, match="2026-04-03 or 2026-03-04"):
        values.day("03/04/2026")
    assert values.day("03/04/2026", "dmy") == date(2026, 4, 3)
    assert values.day("03/04/2026", "mdy") == date(2026, 3, 4)
    assert values.day("25/04/2026") == values.day("04/25/2026") == date(2026, 4, 25)
    assert values.day("04/04/2026") == date(2026, 4, 4)
    with pytest.raises(values.Unclear, match="no such day"):
        values.day("25/04/2026", "mdy")


@pytest.mark.parametrize(
    ("text", "words"),
    [("1970-01-01", "1990 to 2099"), ("2100-01-01", "1990 to 2099"), ("31 Nov 2026", "no such day"),
     ("2026-11-31", "no such day"), ("2027-02-29", "no such day"), ("46030", "spreadsheet"), ("Q3", "no day"),
     ("3 Foo 2026", "no month"), ("0000-00-00", "no such day")],
)  # fmt: skip
def test_days_that_cannot_be_meant_say_why(text: str, words: str) -> None:
    with pytest.raises(values.Unclear, match=words):
        values.day(text)


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_unclear(text: str) -> None:
    try:
        assert 1990 <= values.day(text).year <= 2099
    except values.Unclear as unclear:
        if not str(unclear):
            raise


@pytest.mark.parametrize(("text", "cents"), [("160000", 16_000_000), ("$1,600.5", 160_050), ("0", 0)])
def test_amounts(text: str, cents: int) -> None:
    assert values.money(text) == cents


@pytest.mark.parametrize("text", ["1.600,50", "lots", "-3", "9" * 13, "1,60"])
def test_amounts_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(values.Unclear):
        values.money(text)


# --- rows ------------------------------------------------------------------------------------------------------------


def test_other_names_of_columns_are_known() -> None:
    found = guess(["Issue Key", "SUMMARY", "Due Date", "most likely", "Colour", "Titel"], COMMITMENTS)
    assert found == ["id", "title", "promised_on", "likely", "", ""]


@pytest.mark.parametrize(
    ("days", "column"),
    [("5,3,8", "low"), ("3,9,8", "high"), ("3,,8", "likely"), ("-1,3,8", "low"), ("1,2,2001", "high"),
     ("1,2.5,8", "likely"), ("1,inf,8", "likely"), ("1,nan,8", "likely")],
)  # fmt: skip
def test_estimates_that_contradict_themselves_are_named(days: str, column: str) -> None:
    (row,) = fates(f"title,promised,low,likely,high\nOne,2026-07-01,{days}\n".encode())
    assert [one.column for one in row.problems] == [column]


def test_teams_are_found_by_name_and_short_name_and_groups_are_refused() -> None:
    rows = fates(
        b"title,promised,team\na,2026-07-01,SQUAD B\nb,2026-07-01,squad-b\nc,2026-07-01,\nd,2026-07-01,Train\n"
    )
    assert [row.team for row in rows] == [2, 2, 1, None]
    assert "is a group" in rows[3].problems[0].what


def test_a_group_may_hold_a_milestone() -> None:
    (row,) = fates(b"title,promised,team,milestone\nGo-live,2026-07-01,Train,yes\n")
    assert (row.fate, row.team) == (Fate.CREATE, 3)


def test_the_same_promise_twice_in_a_file_is_refused_the_second_time() -> None:
    rows = fates(b"id,title,promised\n1,a,2026-07-01\n1,b,2026-07-01\n,c,2026-07-01\n,C,2026-07-01\n")
    assert [row.fate for row in rows] == [Fate.CREATE, Fate.ERROR, Fate.CREATE, Fate.ERROR]
    assert "Line 2 names the same" in rows[1].problems[0].what


def test_every_error_says_what_to_do() -> None:
    raw = b"title,promised,value,stretch,state,reason,currency\n,x,11,maybe,perhaps,because,dollars\n"
    (row,) = fates(raw)
    assert {one.column for one in row.problems} == {
        "title", "promised", "value", "stretch", "state", "reason", "currency",
    }  # fmt: skip
    assert all(one.what.endswith((".", "?")) for one in row.problems)


def test_judging_nothing_finds_nothing() -> None:
    assert judge([], Known(today=TODAY), Choices()) == []


# --- loops -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40))
def test_links_that_close_no_loop_can_be_put_in_order_and_those_that_do_are_a_ring(
    pairs: list[tuple[int, int]],
) -> None:
    waits, kept = Waits(), set()
    for before, after in pairs:
        loop = waits.loop(str(before), str(after))
        if not loop:
            waits.add(str(before), str(after))
            kept.add((str(before), str(after)))
            continue
        assert loop[0] == loop[-1] == str(before)
        ring = set(pairwise(loop))
        assert ring <= kept | {(str(before), str(after))}
    left = set(map(str, range(8)))
    while left:
        free = {one for one in left if not any(after == one and before in left for before, after in kept)}
        assert free, "what was kept holds a loop"
        left -= free
