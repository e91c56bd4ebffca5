"""What waits about gates: merges below the coverage gate, a main branch that has been red for hours.

Said by what they cost: what is not tested is found later and by others; a red branch releases nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from stakeholders.week.ordering import Weight
from teams.templatetags import ui

from .item import Asked, Item, day_of

RED_FOR = timedelta(hours=4)  # half a working day: a shorter one is mended before anybody reads of it


def coverage(asked: Asked) -> Iterator[Item]:
    """Teams that merged below the gate in the newest week that reported, and still stand below it."""
    for team, weeks in asked.vitals.items():
        told = next((one for one in reversed(weeks[-2:]) if one.reports), None)
        if told is None or not told.below or told.coverage is None or told.coverage >= settings.COVERAGE_GATE:
            continue
        name, key = asked.names.get(team, asked.team.name), f"coverage-{team}"
        slug = next((one.slug for one in asked.teams if one.pk == team), asked.team.slug)
        yield Item(
            key=key, title=f"{name} merges below the coverage gate"[:300],
            why=f"{told.below} of {ui.plural(told.reports, 'merge')} in week {told.week.number} left less than "
            f"{settings.COVERAGE_GATE}% tested; the last stands at {told.coverage:.0f}%. What no test covers is found "
            "in certification or by members. Hold the gate, or say until when it may be lower.",
            weight=Weight(since=told.week.monday, key=key), team=team,
            url=reverse("stakeholders:week_of", args=[slug, told.week.label]) + "#health", word="Open the team",
        )  # fmt: skip


def red(asked: Asked) -> Iterator[Item]:
    """Main branches that have failed for hours and not passed since."""
    for one in asked.red:
        lasted = asked.known.at - one.since
        if lasted < RED_FOR:
            continue
        key = f"red-{one.service}"
        failed = f"{ui.plural(one.failures, 'run')} failed since the last that passed"
        yield Item(
            key=key, title=f"The main branch of {one.title} has been red for {ui.duration(lasted)}"[:300],
            why=f"Nothing of it can be released until it passes, fixes included. {failed}.",
            weight=Weight(since=day_of(one.since), key=key), team=one.team,
            url=reverse("metrics:source", args=[one.source]), word="Open its source",
        )  # fmt: skip
