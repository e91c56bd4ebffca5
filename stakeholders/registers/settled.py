"""Requirements with what became of them: an acceptance counts only while it is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from delivery.models import Commitment
from stakeholders.models import Requirement, RequirementEvent

from . import held as reading
from .held import Held

Step = RequirementEvent.Step
STATES = {  # shape and words
    "open": ("late", "Open"),
    "waiting": ("risk", "Waits for signatures"),
    "included": ("ok", "In this release"),
    "accepted": ("delivered", "Accepted"),
    "withdrawn": ("none", "Withdrawn"),
}


@dataclass
class Settled:
    """One requirement; `held` is the acceptance that it rests on."""

    row: Requirement
    held: Held | None

    @property
    def step(self) -> str:
        return self.row.step  # type: ignore[attr-defined]  # annotated by its queryset

    @property
    def state(self) -> str:
        if self.step == Step.DEFERRED:
            return "accepted" if self.held is not None and self.held.holds else "waiting"
        return self.step

    @property
    def shape(self) -> str:
        return STATES[self.state][0]

    @property
    def word(self) -> str:
        return STATES[self.state][1]

    @property
    def is_settled(self) -> bool:
        return self.state in ("included", "accepted", "withdrawn")


def settled(rows: Any) -> list[Settled]:
    """Each with its acceptance as it stands. Eleven queries."""
    commitments = Prefetch("commitments", Commitment.objects.select_related("team").order_by("pk"))
    found = list(rows.with_step().select_related("team", "found_by").prefetch_related(commitments))
    ids = {one.acceptance_id for one in found if one.step == Step.DEFERRED}
    by_id = {one.row.pk: one for one in reading.hold(reading.every().filter(pk__in=ids))} if ids else {}
    return [Settled(one, by_id.get(one.acceptance_id) if one.step == Step.DEFERRED else None) for one in found]
