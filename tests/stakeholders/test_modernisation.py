"""Modernisation: risk is retired when a phase is over, money is counted once, nobody is scored as failing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from delivery.actions.rules import today
from stakeholders.investment import actions
from stakeholders.investment.actions.money import Amounts, Purpose
from stakeholders.investment.views.modernisation import phases
from teams.models import Person
from tests.personas import Organisation


def test_a_phase_with_its_money_criteria_and_risk(
    organisation: Organisation, director: Person, page_of: Callable[[Person], Client]
) -> None:
    by = director.user
    plan = actions.add_plan(team=organisation.squad_a, title="Off v2", by=by)
    terms = actions.PhaseTerms(title="One", risk_retired=5_000_00, criteria=("Silent", "Cancelled"))
    phase = actions.add_phase(plan=plan, terms=terms, by=by)
    for kind, amount in (("asked", 900), ("approved", 800), ("approved", -100), ("spent", 300)):
        actions.fund(phase=phase, kind=kind, amount=amount, by=by)
    with pytest.raises(actions.Refused, match="more than there is"):
        actions.fund(phase=phase, kind="spent", amount=-301, by=by)
    first, second = phase.criteria.order_by("position")
    with pytest.raises(actions.Refused, match="what shows it"):
        actions.mark_criterion(criterion=first, met=True, by=by)
    actions.mark_criterion(criterion=first, met=True, words_="Seen.", by=by)
    (one,) = phases([plan.pk])[plan.pk]
    assert (one.asked, one.approved, one.spent, one.met, one.retired) == (900, 700, 300, 1, 0)
    actions.mark_criterion(criterion=second, met=True, evidence="https://example.org/x", by=by)
    purpose = Purpose(team=organisation.squad_a, month=today(), category="vendors")
    actions.set_line(purpose=purpose, amounts=Amounts(actual=450), phase=phase, by=by)
    (one,) = phases([plan.pk])[plan.pk]
    assert (one.spent, one.from_budget, one.over, one.retired) == (450, True, True, 5_000_00)
    with pytest.raises(actions.Refused, match="not counted twice"):
        actions.fund(phase=phase, kind="spent", amount=1, by=by)
    actions.not_measurable(plan=plan, team=organisation.squad_a, why="No pipeline yet", since=today(), by=by)
    with pytest.raises(actions.Refused, match="already"):
        actions.not_measurable(plan=plan, team=organisation.squad_a, why="Again", since=today(), by=by)
    browser = page_of(director)
    for address in (plan.get_absolute_url(), "/scorecard/squad-a/"):
        text = browser.get(address).content.decode()
        assert "Not yet measurable by DORA" in text
        assert "ever scored as failing" in text or "not scored as failing" in text
