"""Jira's REST answers and its CSV export: fields, links, status, and what is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from delivery.actions.rules import today as this_day
from delivery.imports import jira, mapping
from delivery.imports.known import Choices, Known, TeamKnown
from delivery.imports.plan import Fate, Plan, Unreadable
from delivery.imports.rows import read
from delivery.models import Commitment, Dependency, Slip
from teams.models import Person

from .test_imports import dry_run, send

TODAY = date(2026, 6, 1)
TEAMS = [TeamKnown(1, "squad-a", "Squad A"), TeamKnown(2, "squad-b", "Squad B")]
CHOICES = Choices(source="jira")
BLOCKS = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
NEEDS = {"id": "10101", "name": "Need", "inward": "is needed by", "outward": "depends on"}


def issue(key: str, **fields: Any) -> dict[str, Any]:
    """As Jira answers, with what a search without limits to its fields brings along."""
    return {
        "expand": "operations,versionedRepresentations", "id": "1" + key.split("-")[1], "key": key,
        "self": f"https://example.atlassian.net/rest/api/3/issue/{key}",
        "fields": {
            "summary": f"Summary of {key}", "duedate": "2026-09-30", "assignee": None, "resolution": None,
            "resolutiondate": None, "components": [{"id": "1", "name": "Squad A"}], "fixVersions": [],
            "project": {"id": "10", "key": "PAY", "name": "Payments", "projectTypeKey": "software"},
            "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate", "name": "In Progress"}},
            "customfield_10016": 5.0, "customfield_10020": [{"id": 7, "name": "Sprint 7", "state": "active"}],
            "timeestimate": None, "issuelinks": [], "description": {"type": "doc", "content": []},
            "progress": {"progress": 0, "total": 0}, **fields,
        },
    }  # fmt: skip


def page(*issues: dict[str, Any]) -> dict[str, Any]:
    names = {"customfield_10016": "Story Points", "customfield_10020": "Sprint", "duedate": "Due date"}
    return {"startAt": 0, "maxResults": 50, "total": len(issues), "names": names, "issues": list(issues)}


def planned(found: jira.Issues, **changes: Any) -> Plan:
    known = Known(today=TODAY, teams=list(TEAMS))
    chosen = mapping.guess(found, known)
    for name, value in changes.items():
        setattr(chosen, name, value)
    return mapping.plan(found, chosen, known, CHOICES)


def of(*issues: dict[str, Any]) -> jira.Issues:
    return jira.read_json(json.dumps(page(*issues)).encode())


def test_fields_are_guessed_from_their_names_and_values() -> None:
    found = of(issue("PAY-1"), issue("PAY-2", components=[{"name": "squad-b"}, {"name": "API"}]))
    chosen = mapping.guess(found, Known(today=TODAY, teams=list(TEAMS)))
    assert (chosen.promised, chosen.estimate, chosen.unit, chosen.team) == (
        "duedate", "customfield_10016", "points", "components",
    )  # fmt: skip
    assert chosen.teams == {"Squad A": "squad-a", "squad-b": "squad-b"}
    plan = planned(found)
    assert [(row.fate, row.team, row.wanted.days) for row in plan.promises] == [
        (Fate.CREATE, 1, (3, 5, 8)), (Fate.CREATE, 2, (3, 5, 8)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrap", [lambda one: one, lambda one: [one], lambda one: one["issues"], lambda one: [one, one]]
)
def test_a_page_a_list_of_pages_and_a_list_of_issues_are_the_same(wrap: Callable[[dict[str, Any]], Any]) -> None:
    found = jira.read_json(json.dumps(wrap(page(issue("PAY-1"), issue("PAY-2")))).encode())
    assert [one.key for one in found.issues] == ["PAY-1", "PAY-2"]


def test_links_are_read_from_either_end_once() -> None:
    first = issue("PAY-1", issuelinks=[{"id": "1", "type": BLOCKS, "outwardIssue": {"key": "PAY-2"}}])
    second = issue("PAY-2", issuelinks=[
        {"id": "1", "type": BLOCKS, "inwardIssue": {"key": "PAY-1"}},
        {"id": "2", "type": NEEDS, "outwardIssue": {"key": "PAY-3"}},
        {"id": "3", "type": {"name": "Relates", "inward": "relates to", "outward": "relates to"},
         "outwardIssue": {"key": "PAY-9"}},
        {"id": "4", "type": BLOCKS, "outwardIssue": {"key": "OUT-1"}},
    ])  # fmt: skip
    plan = planned(of(first, second, issue("PAY-3")))
    made = [(row.wanted.before, row.wanted.after) for row in plan.links if row.fate is Fate.CREATE]
    assert made == [("PAY-1", "PAY-2"), ("PAY-3", "PAY-2")]
    assert [row.notes for row in plan.links if row.fate is Fate.LEFT_OUT] == [
        ["The same link as from issue 1."], ["OUT-1 is not here, so the link is left out."],
    ]  # fmt: skip


def test_a_loop_of_issues_is_refused_and_the_issues_are_kept() -> None:
    def blocks(other: str) -> list[dict[str, Any]]:
        return [{"id": "1", "type": BLOCKS, "outwardIssue": {"key": other}}]

    plan = planned(of(issue("PAY-1", issuelinks=blocks("PAY-2")), issue("PAY-2", issuelinks=blocks("PAY-1"))))
    assert plan.counts[Fate.CREATE] == 3
    (problem,) = plan.problems
    assert (problem.line, problem.column) == (2, "link: Blocks")
    assert "Summary of PAY-2 → Summary of PAY-1 → Summary of PAY-2" in problem.what


def test_status_categories_say_what_became_of_an_issue() -> None:
    done = {"name": "Closed", "statusCategory": {"key": "done"}}
    plan = planned(of(
        issue("PAY-1", status=done, resolution={"name": "Done"}, resolutiondate="2026-05-20T16:04:11.000+0200"),
        issue("PAY-2", status=done, resolution={"name": "Won't Do"}, resolutiondate="2026-05-20T16:04:11.000+0200"),
        issue("PAY-3"),
    ))  # fmt: skip
    assert [row.acts for row in plan.promises] == [["make", "deliver"], ["make", "cancel"], ["make"]]
    assert plan.promises[0].wanted.delivered_on == date(2026, 5, 20)
    assert plan.promises[1].wanted.cancelled_why == "Jira: Won't Do"


def test_issues_without_a_day_are_left_out_and_the_release_can_be_the_day() -> None:
    release = [{"name": "2.4", "releaseDate": "2026-10-15"}, {"name": "2.3", "releaseDate": "2026-08-15"}]
    found = of(issue("PAY-1", duedate=None), issue("PAY-2", duedate=None, fixVersions=release))
    assert mapping.guess(found, Known(today=TODAY)).promised == "release"
    plan = planned(found)
    assert [row.fate for row in plan.promises] == [Fate.LEFT_OUT, Fate.CREATE]
    assert plan.promises[1].wanted.promised_on == date(2026, 10, 15)


@pytest.mark.parametrize(
    ("unit", "value", "days"),
    [("seconds", 6 * 3600 * 4, (3, 4, 6)), ("hours", 24, (3, 4, 6)), ("days", 4, (3, 4, 6)), ("points", 2, (1, 2, 3)),
     ("days", 0.5, (0, 1, 1))],
)  # fmt: skip
def test_estimates_become_working_days_by_the_stated_factors(
    unit: str, value: float, days: tuple[int, int, int]
) -> None:
    plan = planned(of(issue("PAY-1", customfield_10016=value)), unit=unit)
    assert plan.promises[0].wanted.days == days


def test_values_without_a_team_are_left_out_and_said_so() -> None:
    plan = planned(of(issue("PAY-1", components=[{"name": "Elsewhere"}]), issue("PAY-2")), team="components",
                   teams={"Elsewhere": "", "Squad A": "squad-b"})  # fmt: skip
    assert plan.promises[0].notes == ["Elsewhere is not mapped to a team."]
    assert plan.promises[1].team == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"{", "no JSON at line 1"), (b"[]", "no issues"), (b'{"a": 1}', "no issues"), (b"[" * 100_000, "nested|no JSON"),
     (b'{"errorMessages":["x"]}', "no issues"), (b"1" * 5000, "no JSON|no issues")],
)  # fmt: skip
def test_what_is_not_jiras_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        jira.read_json(raw)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda one: (
        st.lists(one, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "key", "value", "type", "x"]), one, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["summary", "status", "issuelinks", "fixVersions", "project", "duedate",
                                        "components", "assignee", "resolution"]), odd))  # fmt: skip
def test_fields_of_any_shape_are_read_without_falling(fields: dict[str, Any]) -> None:
    planned(of(issue("PAY-1", **fields)))


# --- CSV -------------------------------------------------------------------------------------------------------------

EXPORT = (
    "Summary,Issue key,Issue id,Issue Type,Status,Project key,Resolution,Assignee,Created,Resolved,Due date,"
    "Fix Version/s,Fix Version/s,Component/s,Component/s,Inward issue link (Blocks),Outward issue link (Blocks),"
    "Outward issue link (Blocks),Custom field (Story Points),Original estimate,Status Category\n"
    '"Patient API, read",PAY-1,10001,Story,In Progress,PAY,,,01/May/26 9:14 AM,,30/Sep/26 12:00 AM,'
    "2.4,2.5,Squad A,API,,PAY-2,PAY-3,3.0,28800,In Progress\n"
    "Exchange,PAY-2,10002,Story,Done,PAY,Done,ines,01/May/26 9:14 AM,20/May/26 4:04 PM,30/Sep/26 12:00 AM,"
    ",,Squad B,,PAY-1,,,,,Done\n"
    "No day,PAY-3,10003,Bug,To Do,PAY,,,01/May/26 9:14 AM,,,,,,,,,,,,To Do\n"
)


def test_jiras_export_with_its_repeated_columns_is_read() -> None:
    plan = planned(jira.read_csv(read(EXPORT.encode())))
    first, second, third = plan.promises
    assert (first.title, first.team, first.wanted.promised_on) == ("Patient API, read", 1, date(2026, 9, 30))
    assert first.wanted.days == (2, 3, 5)
    assert (second.team, second.acts, second.wanted.delivered_on) == (2, ["make", "deliver"], date(2026, 5, 20))
    assert third.fate is Fate.LEFT_OUT
    assert [(row.wanted.before, row.wanted.after, row.fate.value) for row in plan.links] == [
        ("PAY-1", "PAY-2", "create"), ("PAY-1", "PAY-3", "left_out"), ("PAY-1", "PAY-2", "left_out"),
    ]  # fmt: skip


def test_another_csv_is_not_taken_for_jiras() -> None:
    with pytest.raises(Unreadable, match="Issue key"):
        jira.read_csv(read(b"id,title\n1,a\n"))


# --- the pages -------------------------------------------------------------------------------------------------------


def test_issues_are_mapped_looked_at_imported_and_moved_with_a_reason(
    page_of: Callable[[Person], Client], manager_a: Person
) -> None:
    ines = page_of(manager_a)

    def bring(days: int, **whole: str) -> Any:
        due = (this_day() + timedelta(days)).isoformat()
        link = [{"id": "1", "type": BLOCKS, "outwardIssue": {"key": "PAY-2"}}]
        raw = json.dumps(page(issue("PAY-1", duedate=due, issuelinks=link), issue("PAY-2", duedate=due))).encode()
        query = send(ines, raw, "jira-json")
        form = ines.get(f"/import/squad-a/columns/?{query}").context["form"]
        data = {field.html_name: field.value() or "" for field in form} | whole
        answer = ines.post(f"/import/squad-a/columns/?{query}", data)
        assert answer.status_code == 302, answer.content.decode()
        digest = dry_run(ines, query).context["plan"].digest
        return ines.post(f"/import/squad-a/apply/?{query}", {"rows": "all", "digest": digest})

    assert bring(30).status_code == 302
    assert {(one.title, one.external_source) for one in Commitment.objects.all()} == {
        ("Summary of PAY-1", "jira"), ("Summary of PAY-2", "jira"),
    }  # fmt: skip
    assert Dependency.objects.get().before.external_id == "PAY-1"
    assert bring(30).status_code == 302
    assert bring(44).status_code == 422, "no reason, no option"
    assert bring(44, reason="scope", option="Split it").status_code == 302
    assert [(one.reason, str(one.options.get())) for one in Slip.objects.all()] == [("scope", "Split it")] * 2
    assert Commitment.objects.count() == 2


def test_another_field_for_the_team_asks_for_its_values(page_of: Callable[[Person], Client], manager_a: Person) -> None:
    ines = page_of(manager_a)
    query = send(ines, json.dumps(page(issue("PAY-1"))).encode(), "jira-json")
    address = f"/import/squad-a/columns/?{query}"
    form = ines.get(address).context["form"]
    data = {field.html_name: field.value() or "" for field in form} | {"team_field": "project"}
    again = ines.post(address, data)
    assert [field.label for field in again.context["form"].of_teams] == ["PAY"]
