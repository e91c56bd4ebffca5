"""What keeps a promise from counting as delivered: a requirement that is neither included nor accepted in force."""

from __future__ import annotations

from typing import Any

from delivery.actions.rules import Refused
from delivery.models import Commitment
from stakeholders.models import Requirement, RequirementEvent

from . import held

Step = RequirementEvent.Step


def unsettled(commitment: Commitment) -> tuple[Requirement, held.Held | None] | None:
    """The first requirement of `commitment` that is not settled, with the acceptance that should settle it."""
    rows: Any = Requirement.objects.filter(commitments=commitment).with_step()
    for row in rows.filter(step__in=[Step.OPEN, Step.DEFERRED]).order_by("pk"):
        if row.step == Step.OPEN:
            return row, None
        acceptance = held.one(row.acceptance_id)
        if not acceptance.holds:
            return row, acceptance
    return None


def requirements_settled(commitment: Commitment) -> None:
    """Refused while a requirement is open, or its acceptance is not in force."""
    found = unsettled(commitment)
    if found is None:
        return
    row, acceptance = found
    named = f"{row.regime} asks for “{row.title}” ({row.code})"
    if acceptance is None:
        raise Refused(f"{named}, and nobody has decided on it. Include it in this release, or have it accepted first.")
    raise Refused(
        f"{named}. It was to be accepted instead, but {acceptance.row.code} is not in force "
        f"({acceptance.count_words}). Get it signed, or include the requirement."
    )
