"""Cents in words, in the organisation's currency."""

from __future__ import annotations

from django.conf import settings

from delivery.recovery import money
from teams.templatetags import ui


def cents(value: int | None) -> str:
    """As pages show an amount of the budget: "$12k"; "–" when nobody has said."""
    return ui.MISSING if value is None else money(value, settings.CURRENCY)
