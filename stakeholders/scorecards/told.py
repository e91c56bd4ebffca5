"""Reports on time, as rows beside the indicator of executive communication."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from stakeholders.scorecard import Row
from teams.templatetags import ui

from .gather import Gathered

REPORT_WITHIN = timedelta(days=2)  # of the end of its week


def reports_on_time(got: Gathered) -> list[Row]:
    """One row for each week since a team's first report: sent by the end of the second day after the week, or not."""
    rows = []
    for team in got.teams:
        sent = got.told.get(team.pk, {})
        for sunday in got.ends:
            monday, due = sunday - timedelta(days=6), sunday + REPORT_WITHIN
            at = sent.get(monday)
            if not sent or monday < min(sent) or (at is None and due >= got.today):
                continue
            on = at.astimezone(settings.ORGANISATION_ZONE).date() if at else None
            rows.append(
                Row(
                    id=f"{team.slug}-{monday}",
                    label=f"{team.name}, week {monday.isocalendar().week}",
                    squad=str(team.pk),
                    part=int(on is not None and on <= due),
                    on=due,
                    note=f"sent {ui.day(on)}" if on else "not sent",
                    url=reverse("stakeholders:reports", args=[team.slug]),
                )
            )
    return rows
