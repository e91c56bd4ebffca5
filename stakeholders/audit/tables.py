"""Which tables the trail covers, and which it does not and why.

Everything of teams, delivery and stakeholders is covered without being named, also what is added later. Of metrics only
what people write is. `tests/stakeholders/test_audit_tables.py` fails for a table that is in neither list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import models

WHOLE_APPS = ("teams", "delivery", "stakeholders")
OF_PEOPLE = (
    *("metrics.Source", "metrics.HookSecret", "metrics.Service", "metrics.ServiceOwner", "metrics.IncidentLink"),
)
ALL_WRITES = ("insert", "update", "delete", "truncate")

_SEEN = "what machines read from a source, in volumes; kept raw beside it, never deleted, and derived again at any time"
_WORK = "where the machines stand with their work; nothing that a person said"
_COUNTED = "counted from the facts, and counted again at any time"
EXEMPT: dict[str, str] = {
    "stakeholders.AuditEntry": "the trail itself, which is sealed",
    "stakeholders.AuditSeal": "the trail itself, which is sealed",
    "delivery.NetworkMark": _WORK,
    "metrics.Stream": _WORK,
    "metrics.WorkerStart": _WORK,
    "metrics.OpenItem": _WORK,
    "metrics.KeptEtag": _WORK,
    "metrics.Credential": _WORK,
    "metrics.DirtyLinks": _WORK,
    "metrics.Observed": _SEEN,
    "metrics.Puzzle": _SEEN,
    "metrics.Commit": _SEEN,
    "metrics.ChangeCommit": _SEEN,
    "metrics.PipelineRun": _SEEN,
    "metrics.PipelineJob": _SEEN,
    "metrics.SourceDay": _COUNTED,
    "metrics.RawPage": _SEEN,
    "metrics.Inbox": _SEEN,
    "metrics.Change": _SEEN,
    "metrics.Deployment": _SEEN,
    "metrics.DeployedChange": _COUNTED,
    "metrics.Incident": _SEEN,
    "metrics.Failure": _COUNTED,
    "metrics.ServiceWeek": _COUNTED,
    "metrics.DirtyWeek": _WORK,
    "stakeholders.LinkDay": _COUNTED,
    "stakeholders.Rendering": "made from a report, which is covered; made again at any time",
}
# made by the machine from a kept seed and kept inputs, every night and after every change: adding one is no event
COMPUTED = ("delivery.ForecastRun", "delivery.ForecastLine", "delivery.DeadlineForecast")
ONLY_ROWS: dict[str, str] = {"metrics.IncidentLink": '{"how": "person"}'}  # corrections, not what was derived

SECRET = re.compile(r"password|secret|token|api_?key|private_?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Covered:
    """A table, its key column, the columns whose values are never written down, and which writes are."""

    table: str
    key: str
    secret: tuple[str, ...]
    only: str
    writes: tuple[str, ...]


def exempt(model: type[models.Model]) -> str:
    """Why a table is not covered; "" when it is."""
    if issubclass(model, pghistory.models.Event):
        return "written by a trigger of the table it follows, which is covered; nobody can change it"
    return EXEMPT.get(model._meta.label, "")


def all_models() -> list[type[models.Model]]:
    """Every model with a table of its own in the four apps, tables of many-to-many relations included."""
    found: list[type[models.Model]] = []
    for app in (*WHOLE_APPS, "metrics"):
        found += apps.get_app_config(app).get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def covered() -> list[Covered]:
    return [
        _covered(model)
        for model in all_models()
        if not exempt(model) and (model._meta.app_label in WHOLE_APPS or model._meta.label in OF_PEOPLE)
    ]


def _covered(model: type[models.Model]) -> Covered:
    meta = model._meta
    columns: list[models.Field[Any, Any]] = list(meta.local_concrete_fields)
    assert meta.pk is not None  # noqa: S101 (every table has a key)
    return Covered(
        table=meta.db_table,
        key=str(meta.pk.column),
        secret=tuple(
            str(field.column) for field in columns if isinstance(field, models.BinaryField) or SECRET.search(field.name)
        ),
        only=ONLY_ROWS.get(meta.label, ""),
        writes=ALL_WRITES[1:] if meta.label in COMPUTED else ALL_WRITES,
    )
