"""What was promised and what became of it: promises, slips, options, check-ins, contracts, deadlines, forecasts.

What happened is appended and never edited (the database says no); what is true now is computed from it.
"""

from .deadlines import Deadline, Holiday, PenaltyWindow
from .dependencies import Dependency, DependencyEvent
from .forecasts import DeadlineForecast, ForecastLine, ForecastRun, NetworkMark
from .planning import Capacity, FrozenPromise, Iteration, PlanningInterval
from .promises import (
    Answer,
    CheckIn,
    Choice,
    Commitment,
    Estimate,
    Flag,
    Option,
    Outcome,
    Slip,
    StatusOverride,
)

__all__ = [
    "Answer",
    "Capacity",
    "CheckIn",
    "Choice",
    "Commitment",
    "Deadline",
    "DeadlineForecast",
    "Dependency",
    "DependencyEvent",
    "Estimate",
    "Flag",
    "ForecastLine",
    "ForecastRun",
    "FrozenPromise",
    "Holiday",
    "Iteration",
    "NetworkMark",
    "Option",
    "Outcome",
    "PenaltyWindow",
    "PlanningInterval",
    "Slip",
    "StatusOverride",
]
