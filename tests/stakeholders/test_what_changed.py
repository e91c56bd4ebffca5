"""What differs between two moments: snapshot A + changes = snapshot B; kept as JSON and read back; and in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stakeholders.week import since
from stakeholders.week.known import Deadline, Known, Need, Promise, Record, Slip, applied, changes, read

TODAY = date(2026, 11, 25)
days = st.integers(-40, 90).map(lambda n: TODAY + timedelta(days=n))
names = st.sampled_from(["FHIR Patient API", "Epic certification", "Audit trail", "Überweisung <b>"])
ids = st.integers(1, 4)


def numbered(kind: type[Any], **more: Any) -> st.SearchStrategy[dict[int, Any]]:
    return st.dictionaries(ids, st.builds(kind, id=st.just(0), **more), max_size=4).map(
        lambda rows: {number: replace(row, id=number) for number, row in rows.items()}
    )


promises = numbered(
    Promise, title=names, team=ids, team_name=names, first=days, due=days, word=st.just("A word"),
    state=st.sampled_from(["ok", "risk", "late", "none", "stale", "delivered", "cancelled"]),
    delivered=st.none() | days, even=st.none() | days, sure=st.none() | days, hits=st.none() | st.integers(0, 100),
    trials=st.just(100),
)  # fmt: skip
deadlines = numbered(
    Deadline, name=names, date=days, milestone=ids, title=names, team=ids, even=st.none() | days,
    penalty=st.none() | ids,
    chain=st.lists(ids, max_size=3).map(tuple), driving=st.dictionaries(ids.map(str), st.floats(0, 1), max_size=2),
)  # fmt: skip
needs = numbered(
    Need, before=ids, after=ids, before_title=names, after_title=names, gives=names, asks=names,
    step=st.sampled_from(["requested", "agreed", "broken", "met"]), agreed=st.none() | days,
)  # fmt: skip
slips = numbered(Slip, commitment=ids, title=names, team=names, frm=days, to=days, on=days, options=ids)
records = numbered(
    Record, title=names, state=st.sampled_from(["owned", "asked", "decided", "1", "resolved"]), said=names, on=days
)
choices = numbered(Record, title=names, state=ids.map(str), said=names, on=days)


@st.composite
def knowns(draw: st.DrawFn) -> Known:
    kinds = {
        "promises": promises, "deadlines": deadlines, "needs": needs, "slips": slips, "risks": records,
        "decisions": records, "requirements": records, "choices": choices,
    }  # fmt: skip
    return Known(
        at=datetime(2026, 11, 25, 12, tzinfo=UTC), today=TODAY, rows={kind: draw(rows) for kind, rows in kinds.items()}
    )


@settings(max_examples=60, deadline=None)
@given(knowns(), knowns())
def test_a_snapshot_and_its_changes_make_the_next_one(before: Known, after: Known) -> None:
    made = applied(before, changes(before, after))
    assert made == {kind: dict(after.rows[kind]) for kind in after.rows}
    assert changes(after, after) == []


@settings(max_examples=40, deadline=None)
@given(knowns())
def test_a_snapshot_is_kept_as_json_and_read_back_equal(known: Known) -> None:
    assert read(json.loads(json.dumps(known.as_json()))) == known


@settings(max_examples=40, deadline=None)
@given(knowns(), knowns())
def test_whatever_differs_can_be_told_and_nothing_is_told_twice(before: Known, after: Known) -> None:
    told = [(group.title, line) for group in since.groups(before, after) for line in group.lines]
    assert len(told) <= len(changes(before, after))
    assert all(line.what and line.url for _, line in told)
    assert since.groups(after, after) == []


# --- in words --------------------------------------------------------------------------------------------------------


def a_promise(**more: Any) -> Promise:
    usual: dict[str, Any] = {
        "id": 1, "title": "FHIR Patient API", "team": 1, "team_name": "Squad A", "first": TODAY, "due": TODAY,
        "state": "ok", "word": "On track", "even": TODAY, "sure": TODAY,
    }  # fmt: skip
    return Promise(**(usual | more))


def known(**rows: list[Any]) -> Known:
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return Known(at=at, today=TODAY, rows={kind: {one.id: one for one in own} for kind, own in rows.items()})


def lines(before: Known, after: Known) -> dict[str, list[str]]:
    return {group.title: [f"{one.what} {one.text}" for one in group.lines] for group in since.groups(before, after)}


def test_a_slip_says_from_when_to_when_and_how_early_it_was_warned() -> None:
    slip = Slip(
        id=1, commitment=1, title="FHIR Patient API", team="Squad A", frm=date(2026, 11, 27), to=date(2026, 12, 11),
        on=date(2026, 11, 17), options=3,
    )  # fmt: skip
    assert lines(known(), known(slips=[slip])) == {
        "Slipped": ["FHIR Patient API 27 Nov to 11 Dec. Warned 10 days ahead, with 3 options."]
    }


def test_a_promise_is_told_once_under_what_matters_most_of_it() -> None:
    before = known(promises=[a_promise()])
    late = a_promise(state="late", word="Likely late", even=TODAY + timedelta(days=9))
    done = a_promise(state="delivered", word="Delivered", delivered=TODAY - timedelta(days=2), even=None)
    assert lines(before, known(promises=[late])) == {"Status changed": ["FHIR Patient API on track, now likely late."]}
    assert lines(before, known(promises=[done])) == {"Delivered": ["FHIR Patient API 2 days early."]}
    moved = a_promise(even=TODAY + timedelta(days=4))
    assert lines(before, known(promises=[moved])) == {
        "Forecast moved": ["FHIR Patient API 25 Nov to 29 Nov at even odds."]
    }


def test_the_forecast_of_a_milestone_is_told_once_as_that_of_its_deadline() -> None:
    def at(even: date, day: date) -> Known:
        deadline = Deadline(id=1, name="CMS rule", date=day, milestone=1, title="CMS go-live", team=1, even=even)
        return known(promises=[a_promise(even=even)], deadlines=[deadline])

    day, later = date(2027, 1, 5), TODAY + timedelta(days=9)
    before = at(TODAY, day)
    assert lines(before, at(later, day)) == {"Forecast moved": ["CMS go-live forecast 25 Nov to 4 Dec."]}
    both = lines(before, at(later, day + timedelta(days=7)))
    assert both["Deadlines"] == ["CMS rule moved, 5 Jan to 12 Jan."]
    assert both["Forecast moved"] == ["FHIR Patient API 25 Nov to 4 Dec at even odds."]


def test_a_forecast_that_hardly_moves_is_no_news() -> None:
    moved = a_promise(even=TODAY + timedelta(days=2))
    assert lines(known(promises=[a_promise()]), known(promises=[moved])) == {}
