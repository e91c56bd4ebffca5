"""What the registers know of a commitment, for its page: risks linked to it, requirements it must meet, acceptances."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from delivery.models import Commitment
from stakeholders.models import Requirement, Risk
from teams import access
from teams.models import User
from teams.templatetags import ui

from . import held, settled
from .board import Card

MOST = 8


def of_commitment(user: User, commitment: Commitment) -> list[dict[str, Any]]:
    """Groups with their lines (text, state, word, sub, url), each only of teams that `user` sees; none is left out."""
    seen = {"commitments": commitment, "team__in": access.teams(user)}
    rows = list(Risk.objects.filter(**seen).with_state().select_related("owner").order_by("-pk"))
    about = Q(commitments=commitment) | Q(risk__in=rows)
    written = held.every().filter(about, team__in=access.teams(user)).distinct()
    papers = held.hold(written.order_by("-pk"))
    counts = {one.row.risk_id: one for one in sorted(papers, key=lambda one: (one.holds, one.row.pk))}
    risks = [Card(one, counts.get(one.pk)) for one in rows]
    needs = settled.settled(Requirement.objects.filter(**seen).order_by("-pk"))
    groups = [
        ("Risks", [_line(one.risk.title, one.mark, one.risk.code, one.risk.owner, one.risk) for one in risks]),
        ("Requirements", [_line(one.row.title, (one.shape, one.word), one.row.regime, None, one.row) for one in needs]),
        ("Acceptances", [_line(one.newest.title, (one.state, one.count_words), one.row.code,
                               f"until {ui.day(one.newest.expires_on)}", one.row) for one in papers]),
    ]  # fmt: skip
    return [
        {"title": title, "lines": lines[:MOST], "more": max(len(lines) - MOST, 0)} for title, lines in groups if lines
    ]


def _line(text: str, mark: tuple[str, str], code: str, more: object, row: Any) -> dict[str, str]:
    sub = " · ".join(str(one) for one in (code, more) if one)
    return {"text": text, "state": mark[0], "word": mark[1], "sub": sub, "url": row.get_absolute_url()}
