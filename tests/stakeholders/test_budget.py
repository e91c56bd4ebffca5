"""The budget: sums with worked answers, the file with every fault named, nothing half taken, and the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from stakeholders.investment import actions, money, sheet
from stakeholders.investment.actions.money import Amounts, Purpose
from stakeholders.models import BudgetLine
from teams.models import Person, Team
from tests.personas import Organisation

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)
LINES = [
    money.Line(team="A", month=JAN, category="tooling", plan=100, actual=120, forecast=110),
    money.Line(team="A", month=FEB, category="tooling", plan=100, forecast=90),
    money.Line(team="B", month=FEB, category="vendors", forecast=50),
]


def test_sums_have_their_worked_answers() -> None:
    whole = money.sums(LINES)
    assert (whole.plan, whole.actual, whole.forecast, whole.outlook) == (200, 120, 250, 260)
    assert (whole.variance, whole.unplanned, whole.count) == (10, 50, 3)
    assert money.sums([]).plan is None
    assert money.sums(LINES[2:]).variance is None


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(money.Mixed, match="EUR and USD"):
        money.sums([*LINES, money.Line(team="A", month=JAN, category="tooling", plan=1, currency="EUR")])


@given(st.lists(st.tuples(st.sampled_from("AB"), st.none() | st.integers(-99, 99), st.none() | st.integers(-99, 99))))
def test_groups_add_up_to_the_whole(rows: list[tuple[str, int | None, int | None]]) -> None:
    lines = [money.Line(team=t, month=JAN, category="tooling", plan=p, actual=a) for t, p, a in rows]
    whole, parts = money.sums(lines), money.grouped(lines, lambda line: line.team).values()
    for name in ("plan", "actual", "outlook", "variance"):
        known = [getattr(part, name) for part in parts if getattr(part, name) is not None]
        assert getattr(whole, name) == (sum(known) if known else None)


def test_months_run_over_the_end_of_a_year() -> None:
    found = money.months_between(date(2026, 11, 30), date(2027, 2, 1))
    assert [f"{one:%Y-%m}" for one in found] == ["2026-11", "2026-12", "2027-01", "2027-02"]


GOOD = (
    "team,month,category,name,plan,actual,forecast,currency\n"
    "Squad A,2026-01,tooling,Runners,\"1,200.50\",,,USD\n"
    "squad-b,2026-02,vendors,Epic,,,300,\n"
)  # fmt: skip
BAD = (
    "team,month,category,name,plan,currency\n"
    "Squad X,2026-13,gadgets,Runners,12.345,EUR\n"
    "Squad A,2026-01,tooling,Runners,€5,\n"
    "Squad A,2026-01,tooling,Twice,5,\n"
    "Squad A,2026-01,tooling,Twice,6,\n"
)


def _read(text: str) -> sheet.Read:
    return sheet.read(text, teams=Team.objects.all())


def test_every_fault_is_named_by_line_and_column(organisation: Organisation) -> None:
    found = {(fault.line, fault.column) for fault in _read(BAD).faults}
    assert found == {
        (2, "team"), (2, "month"), (2, "category"), (2, "plan"), (2, "currency"), (3, "plan"), (5, "name"),
    }  # fmt: skip
    assert [fault.words for fault in _read("team,month\nA,2026-01\n").faults] == ["This column is missing."]
    assert _read("").faults
    assert _read('team,month,category\n"A').faults


def test_a_file_is_looked_at_first_then_taken_whole_and_only_once(
    organisation: Organisation, director: Person, page_of: Callable[[Person], Client]
) -> None:
    browser, door = page_of(director), "/budget/product-engineering/file/"
    wrong = browser.post(door, {"pasted": BAD, "take": "1"})
    assert wrong.status_code == 422
    assert "Line 2, currency: EUR is not USD" in wrong.content.decode()
    assert BudgetLine.objects.count() == 0
    looked = browser.post(door, {"pasted": GOOD})
    assert "2 lines without a fault" in looked.content.decode()
    assert BudgetLine.objects.count() == 0
    for _ in range(2):
        assert browser.post(door, {"pasted": GOOD, "take": "1"}).status_code == 302
    assert sorted(BudgetLine.objects.values_list("team__name", "plan", "forecast")) == [
        ("Squad A", 120_050, None), ("Squad B", None, 30_000),
    ]  # fmt: skip
    sent = browser.get("/budget/product-engineering/rows.csv").getvalue().decode()  # type: ignore[attr-defined]
    again = _read(sent)
    assert (len(again.rows), again.faults) == (2, [])
    assert actions.take_lines(
        lines=(
            (
                Purpose(team=r["team"], month=r["month"], category=r["category"], name=r["name"]),
                Amounts(plan=r["plan"], actual=r["actual"], forecast=r["forecast"]), r["currency"], r["phase"],
            )
            for r in again.rows
        ),
        by=director.user,
    ) == {"added": 0, "changed": 0, "same": 2}  # fmt: skip


def test_another_currency_is_refused(organisation: Organisation, director: Person) -> None:
    purpose = Purpose(team=organisation.squad_a, month=JAN, category="tooling")
    with pytest.raises(actions.Refused, match="EUR, the budget is in USD"):
        actions.set_line(purpose=purpose, amounts=Amounts(plan=1), currency="eur", by=director.user)


def test_the_page_rolls_up_what_the_reader_sees(
    organisation: Organisation, director: Person, manager_a: Person, page_of: Callable[[Person], Client]
) -> None:
    for team, plan in ((organisation.squad_a, 100_000), (organisation.squad_m, 900_000)):
        purpose = Purpose(team=team, month=JAN, category="tooling")
        actions.set_line(purpose=purpose, amounts=Amounts(plan=plan, actual=plan + 50_000), by=director.user)
    text = page_of(director).get("/budget/product-engineering/?year=2026").content.decode()
    assert "2026 will cost $11k, $1k more than planned." in text
    own = page_of(manager_a).get("/budget/squad-a/?year=2026").content.decode()
    assert "2026 will cost $1.5k, $500 more than planned." in own
