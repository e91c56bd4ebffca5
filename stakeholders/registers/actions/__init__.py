"""Every change to risks, acceptances, requirements and decisions, one verb each.

A verb checks what must hold and appends what happened, in one transaction; `by` names who. It does not ask whether
`by` may: the edges have fetched through `teams.access`. Only signing asks for itself who signs.
"""

from delivery.actions.rules import Changed, Refused

from .acceptances import Signer, Wording, ask_acceptance, renew_acceptance, revise_acceptance, revoke_acceptance
from .decisions import (
    Answer,
    add_option,
    ask_decision,
    decide,
    pass_on,
    score_decision,
    withdraw_answer,
    withdraw_decision,
    write_memo,
)
from .requirements import (
    add_requirement,
    defer_requirement,
    include_requirement,
    reopen_requirement,
    withdraw_requirement,
)
from .risks import Sized, add_risk, edit_risk, move_risk
from .signing import sign

__all__ = [
    "Answer", "Changed", "Refused", "Signer", "Sized", "Wording", "add_option", "add_requirement", "add_risk",
    "ask_acceptance", "ask_decision", "decide", "defer_requirement", "edit_risk", "include_requirement", "move_risk",
    "pass_on", "renew_acceptance", "reopen_requirement", "revise_acceptance", "revoke_acceptance", "score_decision",
    "sign", "withdraw_answer", "withdraw_decision", "withdraw_requirement", "write_memo",
]  # fmt: skip
