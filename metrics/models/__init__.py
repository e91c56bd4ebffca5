"""What the sources said, as rows: services, deployments, changes, runs, incidents, and how they are linked.

Also the records that keep reading safe: `Stream` (where we are, who reads), `Observed`, `RawPage` and `Inbox` (what
was really said). `ingest.py` is the only writer of facts.
"""

from .facts import (
    Change,
    ChangeCommit,
    Commit,
    DeployedChange,
    Deployment,
    FactQuerySet,
    Failure,
    Incident,
    IncidentLink,
)
from .reading import Inbox, KeptEtag, Observed, OpenItem, Puzzle, RawPage, SourceDay, Stream, WorkerStart
from .runs import PipelineJob, PipelineRun
from .sources import Credential, HookSecret, Service, ServiceOwner, Source
from .weeks import DirtyLinks, DirtyWeek, ServiceWeek

__all__ = [
    "Change",
    "ChangeCommit",
    "Commit",
    "Credential",
    "DeployedChange",
    "Deployment",
    "DirtyLinks",
    "DirtyWeek",
    "FactQuerySet",
    "Failure",
    "HookSecret",
    "Inbox",
    "Incident",
    "IncidentLink",
    "KeptEtag",
    "Observed",
    "OpenItem",
    "PipelineJob",
    "PipelineRun",
    "Puzzle",
    "RawPage",
    "Service",
    "ServiceOwner",
    "ServiceWeek",
    "Source",
    "SourceDay",
    "Stream",
    "WorkerStart",
]
