"""The what-if panel: the picked commitment, the changes kept beside it, and the form that keeps one as an option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from delivery.forms.roadmap import OptionForm
from teams import access
from teams.access import Right
from teams.models import Team, User

from .changed import LEAST, MOST, MOST_CHANGES, Answered, Change

VIEW = ("unit", "from", "deadline", "links", "view")  # of the address: how the page looks


def panel(
    user: User, team: Team, asked: QueryDict, answer: Answered | None, problem: str, form: OptionForm | None = None
) -> dict[str, Any]:
    """The panel's part of the context. `form` is one that was refused; else who may log gets an empty one."""
    changes = answer.changes if answer else []
    current = next((one for one in changes if str(one.commitment.pk) == asked.get("commitment")), None)
    kept = [one for one in changes if one is not current]
    if form is None and current and current.days and access.may(user, Right.LOG, current.commitment.team):
        form = OptionForm(initial={"commitment": current.commitment.pk, "days": current.days})
    can_add = bool(current and current.days) and len(changes) < MOST_CHANGES
    return {
        "team": team,
        "answer": answer,
        "problem": problem,
        "current": current,
        "pick": current.commitment.pk if current else None,
        "days": asked.get("days") or "0",
        "least": LEAST,
        "most": MOST,
        "kept": [
            (f"c{place}", f"d{place}", one, address(asked, [other for other in kept if other is not one], current))
            for place, one in enumerate(kept, 1)
        ],
        "add_another": address(asked, changes, None) if can_add else "",
        "reset": address(asked, [], None),
        "view_fields": [(key, value) for key in (*VIEW, "open") for value in asked.getlist(key) if value],
        "form": form,
    }


def address(asked: QueryDict, kept: Sequence[Change], current: Change | None) -> str:
    """The page as it looks, with other changes."""
    query: list[tuple[str, Any]] = [(key, value) for key in (*VIEW, "open") for value in asked.getlist(key) if value]
    for place, one in enumerate(kept, 1):
        query += [(f"c{place}", one.commitment.pk), (f"d{place}", one.days)]
    if current:
        query += [("commitment", current.commitment.pk), ("days", current.days)]
    return f"?{urlencode(query)}#what-if"
