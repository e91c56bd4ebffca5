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
from .deliveries import Bounce, Delivery, LinkDay, Schedule, ShareLink
from .modernisation import (
    CriterionEvent,
    ExitCriterion,
    FundingEvent,
    ModernisationPlan,
    NotMeasurable,
    Phase,
)
from .readiness import Checklist, ChecklistItem, GoDecision, ItemEvent, RetroAction
from .reports import Rendering, Report, ReportStep, ReportStyle, ReportWords
from .requirements import Requirement, RequirementEvent
from .risks import Risk, RiskEvent
from .weeks import KeptWeek, QueueMove, Review

__all__ = [
    "Acceptance",
    "AcceptanceVersion",
    "AuditEntry",
    "AuditSeal",
    "Bounce",
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
    "Delivery",
    "Evidence",
    "ExitCriterion",
    "FailedSigning",
    "FundingEvent",
    "GoDecision",
    "ItemEvent",
    "KeptWeek",
    "LinkDay",
    "Memo",
    "ModernisationPlan",
    "NotMeasurable",
    "Phase",
    "QueueMove",
    "Rendering",
    "Report",
    "ReportStep",
    "ReportStyle",
    "ReportWords",
    "Requirement",
    "RequirementEvent",
    "RetroAction",
    "Review",
    "Revocation",
    "Risk",
    "RiskEvent",
    "Schedule",
    "Score",
    "Seat",
    "ShareLink",
    "Signature",
]
