"""CSV files: read as people save them, each fault named by line and column, and imported twice without doubling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import inbox
from metrics.events import Answer, DeploymentSeen, IncidentSeen, Outcome, Push, Unreadable
from metrics.models import Deployment, Incident, Source
from metrics.providers.csv_file import CsvProvider, preview
from metrics.providers.csv_file.table import MOST_ROWS
from teams.models import Team

from .observing import heard, same_in_any_order

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DEPLOYMENTS = """id,service,environment,sha,outcome,started_at,finished_at,answer
d1,shop,production,ABC123,success,2026-11-18T10:00:00Z,2026-11-18T10:05:00Z,
d2,shop,staging,abc124,failed,2026-11-18 11:00,2026-11-18 11:05,rollback
"""
INCIDENTS = """Number;Summary;Service;Sev;Opened;Closed
INC1;"Slow; very";shop;1;18.11.2026 10:00;18.11.2026 11:30
INC2;Down;shop;2;19.11.2026 10:00;
"""


def push(text: str | bytes) -> Push:
    return Push(body=text.encode() if isinstance(text, str) else text, headers={})


def test_deployments_and_incidents_are_told_apart_by_their_columns() -> None:
    first, second = heard(CsvProvider, [push(DEPLOYMENTS)], now=NOW).events(now=NOW)
    assert isinstance(first, DeploymentSeen)
    assert isinstance(second, DeploymentSeen)
    assert (first.sha, first.outcome, first.production, first.answer) == ("abc123", Outcome.SUCCESS, True, None)
    assert (second.outcome, second.production, second.answer) == (Outcome.FAILURE, False, Answer.ROLLBACK)
    assert second.finished_at == datetime(2026, 11, 18, 11, 5, tzinfo=UTC)
    one, two = heard(CsvProvider, [push(INCIDENTS)], now=NOW).events(now=NOW)
    assert isinstance(one, IncidentSeen)
    assert isinstance(two, IncidentSeen)
    assert (one.provider_id, one.title, one.severity) == ("INC1", "Slow; very", "1")
    assert (one.resolved_at, two.resolved_at) == (datetime(2026, 11, 18, 11, 30, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("encoded", "divider", "encoding"),
    [
        (INCIDENTS.replace("Slow", "Größe").encode("utf-8-sig"), ";", "utf-8"),
        (INCIDENTS.replace("Slow", "Größe").encode("utf-16"), ";", "utf-16"),
        (INCIDENTS.replace("Slow", "Größe").encode("cp1252"), ";", "windows-1252"),
        (INCIDENTS.replace("Slow", "Größe").replace("; ", ", ").replace(";", "\t").encode(), "\t", "utf-8"),
        (INCIDENTS.replace("Slow", "Größe").replace("\n", "\r\n").encode(), ";", "utf-8"),
    ],
)
def test_encodings_and_dividers_are_found_out(encoded: bytes, divider: str, encoding: str) -> None:
    found = preview(encoded)
    assert (found.faults, found.divider, found.encoding, found.kind) == ((), divider, encoding, "incident")
    assert "Größe" in found.rows[0].values["title"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-11-18T10:00:00+02:00"], "2026-11-18T08:00:00+00:00"),
        (["1763460000"], "2025-11-18T10:00:00+00:00"), (["1763460000000"], "2025-11-18T10:00:00+00:00"),
        (["Tue, 18 Nov 2025 10:00:00 +0000"], "2025-11-18T10:00:00+00:00"),
        (["5.6.2026 7:08"], "2026-06-05T07:08:00+00:00"), (["2026/6/5"], "2026-06-05T00:00:00+00:00"),
        (["5/6/2026 7:08", "13/6/2026 7:08"], "2026-06-05T07:08:00+00:00"),
        (["5/6/2026 12:08 AM", "5/13/2026 1:00 PM"], "2026-05-06T00:08:00+00:00"),
    ],
)  # fmt: skip
def test_times_are_read_in_the_ways_people_write_them(cells: list[str], expected: str) -> None:
    lines = "\n".join(f'{number},"{cell}"' for number, cell in enumerate(cells))
    found = preview(f"id,finished_at\n{lines}\n".encode())
    assert (found.faults, found.rows[0].values["finished_at"]) == ((), expected)


def test_each_fault_is_named_by_line_and_column_and_nothing_is_imported() -> None:
    text = (
        "id,service,finished_at,started_at,colour\n"
        "d1,shop,2026-11-18 10:00,,red\n"
        "d2,shop,yesterday,,red\n"
        "d3,shop,,,red\n"
        "\n"
        "d4,shop,2026-11-18 10:00,2026-11-18 11:00,red\n"
        "d1,shop,2026-11-18 10:00,,red\n"
        "d5,shop,2026-11-18 10:00,,red,extra\n"
        "d6,shop,3/4/2026 10:00,,red\n"
    )
    found = preview(text.encode())
    assert [(fault.line, fault.column, fault.sentence) for fault in found.faults] == [
        (3, "finished_at", "This is no time. Write it like 2026-01-31 14:05."),
        (4, "finished_at", "Write when it was."),
        (6, "finished_at", "This is before the start."),
        (7, "id", "Line 2 has the same id."),
        (8, "", "This line has 6 cells, the header has 5. Put cells with a comma in quotation marks."),
        (9, "finished_at", "Day and month cannot be told apart in this column. Write it like 2026-01-31 14:05."),
    ]
    assert ([row.line for row in found.rows], found.ignored) == ([2], ("colour",))
    with pytest.raises(Unreadable, match=r"line 3, column finished_at: This is no time.* There are 5 more faults"):
        CsvProvider.hear(push(text), now=NOW)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"), (b"PK\x03\x04\x00\x00", "no text"), (b"<html>", "no CSV"), (b"[1]", "no CSV"),
        (b"colour,size\nred,3\n", "Name the columns"), (b"id,finished_at\n", "no row below"),
        (b"id,finished_at,ID\n1,2026-01-01,2\n", "twice"), (b'id,finished_at\n"1,2026-01-01\n', "cannot be read"),
        (b"id,sha\n1,abc\n", "needs the column finished_at"), (b"x" * 10_000_001, "over 10 MB"),
        (b"id,finished_at\n" + b"1,2026-01-01\n" * (MOST_ROWS + 1), "over 20,000 rows"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(raw: bytes, words: str) -> None:
    found = preview(raw)
    assert any(words in fault.sentence for fault in found.faults), found.faults[:2]
    with pytest.raises(Unreadable):
        CsvProvider.hear(push(raw), now=NOW)


def test_a_row_without_an_id_is_known_again_and_a_later_import_mends_it() -> None:
    text = "service,started_at,title,severity,resolved_at\nshop,2026-11-18 10:00,Slow,,\n"
    mended = text.replace("Slow,,", "Slow,high,2026-11-18 11:00")
    earlier, later = CsvProvider.hear(push(text), now=NOW), CsvProvider.hear(push(mended), now=NOW + timedelta(hours=1))
    assert earlier[0].id == later[0].id
    made = same_in_any_order(CsvProvider, [*earlier, *later], now=NOW)
    (seen,) = made.events
    assert isinstance(seen, IncidentSeen)
    assert (seen.severity, made.open) == ("high", False)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='id,;\n"\t2026-1./:é\x00=', max_size=200).map(str.encode))
def test_no_file_makes_the_preview_stumble(raw: bytes) -> None:
    found = preview(b"id,finished_at\n" + raw)
    assert found.rows or found.faults


@pytest.mark.django_db(transaction=True)
def test_a_file_imported_three_times_is_stored_once(squad: Team) -> None:
    source = Source.objects.create(team=squad, provider="csv", name="files")
    for text in (DEPLOYMENTS, INCIDENTS, DEPLOYMENTS, DEPLOYMENTS + "\n", INCIDENTS):
        inbox.receive(source, CsvProvider.key(push(text)), text.encode())
        inbox.sweep()
    assert (Deployment.objects.count(), Incident.objects.count()) == (2, 2)
    assert set(Incident.objects.values_list("provider_id", "resolved_at")) == {
        ("INC1", datetime(2026, 11, 18, 11, 30, tzinfo=UTC)), ("INC2", None),
    }  # fmt: skip
