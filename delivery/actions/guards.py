"""What must hold elsewhere before a promise counts as delivered; apps that know more than this one add a guard.

A guard gets the commitment, locked, and raises Refused with what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable

from delivery.models import Commitment

Guard = Callable[[Commitment], None]
_before_delivery: list[Guard] = []


def before_delivery(guard: Guard) -> Guard:
    """Ask `guard` whenever something is marked as delivered; added once however often this is called."""
    if guard not in _before_delivery:
        _before_delivery.append(guard)
    return guard


def ask_guards(commitment: Commitment) -> None:
    for guard in _before_delivery:
        guard(commitment)
