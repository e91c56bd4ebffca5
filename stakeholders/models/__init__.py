"""What leaders see, decide and sign: risks, acceptances, requirements, decisions; debt, plans, money, readiness.

What happened is appended and never edited (the database says no); how a record stands now is worked out from it.
"""

from .acceptances import Acceptance, AcceptanceVersion, FailedSigning, Revocation, Seat, Signature
from .audit import AuditEntry, AuditSeal
from .budget import BudgetLine
from .debt import Debt, DebtEvent
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
from .modernisation import (
    CriterionEvent,
    ExitCriterion,
    FundingEvent,
    ModernisationPlan,
    NotMeasurable,
    Phase,
)
from .readiness import Checklist, ChecklistItem, GoDecision, ItemEvent, RetroAction
from .requirements import Requirement, RequirementEvent
from .risks import Risk, RiskEvent
from .weeks import KeptWeek, QueueMove, Review

__all__ = [
    "Acceptance",
    "AcceptanceVersion",
    "AuditEntry",
    "AuditSeal",
    "BudgetLine",
    "Checklist",
    "ChecklistItem",
    "Criterion",
    "CriterionEvent",
    "Debt",
    "DebtEvent",
    "Decision",
    "DecisionEvent",
    "DecisionOption",
    "DecisionOutcome",
    "Evidence",
    "ExitCriterion",
    "FailedSigning",
    "FundingEvent",
    "GoDecision",
    "ItemEvent",
    "KeptWeek",
    "Memo",
    "ModernisationPlan",
    "NotMeasurable",
    "Phase",
    "QueueMove",
    "Requirement",
    "RequirementEvent",
    "RetroAction",
    "Review",
    "Revocation",
    "Risk",
    "RiskEvent",
    "Score",
    "Seat",
    "Signature",
]
