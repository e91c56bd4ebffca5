# ruff: noqa: F811 (fixtures are imported)
"""Every address of debt, modernisation, budget, readiness and the scorecard × every kind of person."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from delivery.actions.rules import today
from stakeholders.investment import actions
from stakeholders.investment.actions.money import Amounts, Purpose
from stakeholders.investment.urls import urlpatterns as investment
from stakeholders.scorecards.urls import urlpatterns as scorecards
from teams.models import Person
from tests.personas import Organisation
from tests.test_doors import PERSONAS, SEEN, _parts

from .doors import knocked, plain_refusals

__all__ = ["plain_refusals"]

DECIDES = (200, 403, 403, 403, 403, 403, 404, 404)  # the director alone
LOGS = (200, 403, 200, 200, 403, 403, 404, 404)
NOT_YET = {200: 422}
DONE = {200: 302}


def _posted(answers: tuple[int, ...], became: dict[int, int] = NOT_YET) -> tuple[int, ...]:
    return tuple(became.get(one, one) for one in answers)


DOORS: dict[str, tuple[int, ...]] = {
    "/debt/squad-a/": SEEN,
    "/debt/squad-a/rows.csv": SEEN,
    "/debt/squad-a/new/": LOGS,
    "POST /debt/squad-a/new/": _posted(LOGS),
    "/debt-item/{debt}/": SEEN,
    "/debt-item/{debt}/edit/": LOGS,
    "/debt-item/{debt}/spent/": LOGS,
    "POST /debt-item/{debt}/spent/": _posted(LOGS),
    "/debt-item/{debt}/size/": LOGS,
    "/debt-item/{debt}/end/": LOGS,
    "/modernisation/squad-a/": SEEN,
    "/modernisation/squad-a/rows.csv": SEEN,
    "/modernisation/squad-a/new/": DECIDES,
    "/modernisation-plan/{plan}/": SEEN,
    "/modernisation-plan/{plan}/edit/": DECIDES,
    "/modernisation-plan/{plan}/phase/": DECIDES,
    "POST /modernisation-plan/{plan}/phase/": _posted(DECIDES),
    "/modernisation-plan/{plan}/not-measurable/": DECIDES,
    "/phase/{phase}/fund/": DECIDES,
    "/exit-criterion/{criterion}/": LOGS,
    "POST /not-measurable/{mark}/end/": _posted(DECIDES, DONE),
    "/budget/squad-a/": SEEN,
    "/budget/squad-a/rows.csv": SEEN,
    "/budget/squad-a/new/": DECIDES,
    "/budget/squad-a/file/": DECIDES,
    "/budget-line/{line}/": DECIDES,
    "POST /budget-line/{line}/": _posted(DECIDES),
    "POST /budget-line/{spare}/remove/": _posted(DECIDES, DONE),
    "/go/squad-a/": SEEN,
    "/go/squad-a/rows.csv": SEEN,
    "/go/squad-a/new/": DECIDES,
    "/checklist/{checklist}/": SEEN,
    "/checklist/{checklist}/item/": LOGS,
    "/checklist/{checklist}/decide/": DECIDES,
    "/checklist-item/{item}/": LOGS,
    "/retro/squad-a/": SEEN,
    "/retro/squad-a/rows.csv": SEEN,
    "/retro/squad-a/new/": LOGS,
    "POST /retro-action/{retro}/done/": _posted(LOGS, DONE),
    "/scorecard/squad-a/": SEEN,
    "/scorecard/squad-a/rows.csv": SEEN,
    "/scorecard/squad-a/debt/": SEEN,
    "/scorecard/squad-a/debt/rows.csv": SEEN,
    "/scorecard/squad-a/velocity/": (404,) * 8,
}


@pytest.fixture
def numbers(organisation: Organisation, director: Person) -> dict[str, int]:
    team, by = organisation.squad_a, director.user
    debt = actions.add_debt(team=team, title="Owed", principal=Decimal(3), interest=Decimal(1), by=by)
    plan = actions.add_plan(team=team, title="Out with the old", by=by)
    phase = actions.add_phase(plan=plan, terms=actions.PhaseTerms(title="One", criteria=("It is off",)), by=by)
    mark = actions.not_measurable(plan=plan, team=team, why="No pipeline", since=today(), by=by)
    made = [
        actions.set_line(
            purpose=Purpose(team=team, month=today(), category="tooling", name=name), amounts=Amounts(plan=1), by=by
        )[0].pk
        for name in ("kept", "spare")
    ]
    checklist = actions.add_checklist(team=team, name="Release", by=by)
    retro = actions.add_retro_action(team=team, text="Pair", due_on=today(), by=by)
    return {
        "debt": debt.pk, "plan": plan.pk, "phase": phase.pk, "criterion": phase.criteria.get().pk, "mark": mark.pk,
        "line": made[0], "spare": made[1], "checklist": checklist.pk, "item": checklist.items.all()[0].pk,
        "retro": retro.pk,
    }  # fmt: skip


def _knock(client: Client, door: str, numbers: dict[str, int]) -> int:
    method, _, address = door.rpartition(" ")
    return (client.post if method == "POST" else client.get)(address.format(**numbers)).status_code


def test_each_door_opens_for_whom_it_should(
    request: pytest.FixtureRequest, numbers: dict[str, int], page_of: Callable[[Person], Client], plain_refusals: None
) -> None:
    assert not knocked(request, PERSONAS, DOORS, page_of, lambda browser, door: _knock(browser, door, numbers))


def test_every_address_has_its_row() -> None:
    import re

    rows = {re.sub(r"\{\w+\}", "#", door.rpartition(" ")[2]) for door in DOORS}
    example = {"team": "squad-a", "pk": "#", "indicator": "debt"}
    for pattern in [*investment, *scorecards]:
        parts = _parts(str(pattern.pattern))
        address = "/" + "".join(example[part] if index % 2 else part for index, part in enumerate(parts))
        assert address in rows, f"{address} has no row in this table"
