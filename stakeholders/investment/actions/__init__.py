"""Every change to debts, plans, budgets, checklists and retro actions, one verb each.

As in the other apps: `by` names who, what cannot be done raises Refused with what to do instead, and what happened is
appended. Whether `by` may has been asked at the edges.
"""

from delivery.actions.rules import Changed, Refused

from .debt import add_debt, edit_debt, end_debt, log_work, rescore_debt
from .modernisation import (
    PhaseTerms,
    add_phase,
    add_plan,
    edit_plan,
    end_not_measurable,
    fund,
    mark_criterion,
    not_measurable,
)
from .money import remove_line, set_line, take_lines
from .readiness import add_checklist, add_item, add_retro_action, close_retro_action, decide_go, say_of_item

__all__ = [
    "Changed",
    "PhaseTerms",
    "Refused",
    "add_checklist",
    "add_debt",
    "add_item",
    "add_phase",
    "add_plan",
    "add_retro_action",
    "close_retro_action",
    "decide_go",
    "edit_debt",
    "edit_plan",
    "end_debt",
    "end_not_measurable",
    "fund",
    "log_work",
    "mark_criterion",
    "not_measurable",
    "remove_line",
    "rescore_debt",
    "say_of_item",
    "set_line",
    "take_lines",
]
