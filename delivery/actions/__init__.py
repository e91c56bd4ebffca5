"""Every change to promises, contracts, deadlines and plans, one verb each.

A verb checks what must hold, appends what happened and marks the forecast as out of date, in one transaction; `by`
names who. It does not ask whether `by` may: the edges have fetched through `teams.access`. What cannot be done
raises a Refused, whose sentence says what to do instead and whose `field` says where.
"""

from .contracts import agree, break_off, counter, link, meet, offer, remove_link
from .dates import add_deadline, add_holiday, close_deadline, edit_deadline, remove_holiday
from .plans import add_interval, add_outcome, freeze, set_capacity
from .promises import (
    Proposal,
    cancel,
    choose,
    correct_slip,
    deliver,
    edit_commitment,
    estimate,
    flag,
    log_slip,
    make_commitment,
    move_commitment,
    override_status,
    propose,
    reopen,
    start,
    withdraw_option,
)
from .rules import Changed, Loop, Refused
from .weekly import Said, send_checkin

__all__ = [
    "Changed", "Loop", "Proposal", "Refused", "Said", "add_deadline", "add_holiday", "add_interval", "add_outcome",
    "agree", "break_off", "cancel", "choose", "close_deadline", "correct_slip", "counter", "deliver", "edit_commitment",
    "edit_deadline", "estimate", "flag", "freeze", "link", "log_slip", "make_commitment", "meet", "move_commitment",
    "offer", "override_status", "propose", "remove_holiday", "remove_link", "reopen", "send_checkin", "set_capacity",
    "start", "withdraw_option",
]  # fmt: skip
