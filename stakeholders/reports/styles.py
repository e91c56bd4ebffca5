"""How reports of a team look: paper and logo, its own or those of the nearest team above that has some."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from delivery.actions.rules import Refused
from delivery.actions.rules import now as moment
from delivery.models.promises import name_of
from stakeholders.models import ReportStyle
from stakeholders.models.reports import Paper
from teams.models import Team, User

from . import logos


def style_of(team: Team) -> ReportStyle | None:
    """The newest row of the nearest team that has one; None: A4 without a logo. Two queries."""
    line = [one.pk for one in Team.objects.ancestors(team, include_self=True)]
    rows = {one.team_id: one for one in ReportStyle.objects.filter(team__in=line).select_related("team").order_by("pk")}
    return next((rows[pk] for pk in reversed(line) if pk in rows), None)


@transaction.atomic
def set_style(
    *,
    team: Team,
    paper: str,
    by: User,
    logo: bytes | None = None,
    without_logo: bool = False,
    at: datetime | None = None,
) -> ReportStyle:
    """From now on reports are drafted like this; those that exist stay as they are.

    Without a `logo` the one in force stays, unless `without_logo`. Raises Refused for what is no picture.
    """
    if paper not in Paper.values:
        raise Refused("Choose A4 or Letter.", "paper")
    held = style_of(team)
    kept = None if without_logo else bytes(held.logo) if held is not None and held.logo else None
    if logo is not None:
        try:
            kept = logos.check(logo)
        except logos.LogoError as wrong:
            raise Refused(str(wrong), "logo") from wrong
    return ReportStyle.objects.create(team=team, paper=paper, logo=kept, at=moment(at), by=by, by_name=name_of(by))
