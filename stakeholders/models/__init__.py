"""What leaders see, decide and sign: risks, acceptances, requirements found late, decisions.

What happened is appended and never edited (the database says no); how a record stands now is worked out from it.
"""

from .acceptances import Acceptance, AcceptanceVersion, FailedSigning, Revocation, Seat, Signature
from .audit import AuditEntry, AuditSeal
from .decisions import (
    Criterion,
    Decision,
    DecisionEvent,
    DecisionOption,
    DecisionOutcome,
    Evidence,
    Memo,
    Score,
)
from .requirements import Requirement, RequirementEvent
from .risks import Risk, RiskEvent
from .weeks import KeptWeek, QueueMove, Review

__all__ = [
    "Acceptance",
    "AcceptanceVersion",
    "AuditEntry",
    "AuditSeal",
    "Criterion",
    "Decision",
    "DecisionEvent",
    "DecisionOption",
    "DecisionOutcome",
    "Evidence",
    "FailedSigning",
    "KeptWeek",
    "Memo",
    "QueueMove",
    "Requirement",
    "RequirementEvent",
    "Review",
    "Revocation",
    "Risk",
    "RiskEvent",
    "Score",
    "Seat",
    "Signature",
]
