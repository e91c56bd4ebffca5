"""What waits about sources and people: a source that stopped, seniors with a last day ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from django.urls import reverse

from stakeholders.week.ordering import Weight
from teams.attrition import SENIOR_RANK
from teams.templatetags import ui

from .item import Asked, Item, day_of

LEAST_PEOPLE = 5  # in a smaller squad a count is a person


def sources(asked: Asked) -> Iterator[Item]:
    for feed in asked.feeds:
        if not feed.now.is_stopped or feed.paused_at is not None:
            continue
        since = feed.now.read_at or feed.created_at
        reason = (feed.now.error or {}).get("title", "") or "No reason logged yet."
        key = f"source-{feed.now.pk}"
        yield Item(
            key=key, title=f"{feed.now.name} is no longer read"[:300],
            why=f"Numbers of this page may be incomplete since {ui.day(since)}. {reason}",
            weight=Weight(since=day_of(since), key=key), team=feed.team,
            url=reverse("metrics:source", args=[feed.now.pk]), word="Mend it",
        )  # fmt: skip


def people(asked: Asked) -> Iterator[Item]:
    """Seniors with a last day ahead, as a count; a squad so small that a count is a person is not named."""
    leaving: dict[int, list[date]] = defaultdict(list)
    small = {team for team, stints in asked.stints.items()
             if sum(one.started_on <= asked.today and (one.ended_on is None or one.ended_on >= asked.today)
                    for one in stints) < LEAST_PEOPLE}  # fmt: skip
    for team, stints in asked.stints.items():
        for one in stints:
            if one.ended_on and one.ended_on >= asked.today and one.separation and one.level >= SENIOR_RANK:
                leaving[asked.team.pk if team in small else team].append(one.ended_on)
    for team, days in leaving.items():
        name = asked.names.get(team, asked.team.name)
        count = len(days)
        who = "A senior engineer is" if count == 1 else f"{count} senior engineers are"
        key = f"people-{team}"
        slug = next((one.slug for one in asked.teams if one.pk == team), asked.team.slug)
        yield Item(
            key=key, title=f"{who} leaving {name}"[:300],
            why=f"The first last day is {ui.day(min(days))}. Decide what happens to the work and what they know.",
            weight=Weight(since=asked.today, key=key), team=team, latest=min(days),
            url=reverse("teams:team", args=[slug]),
            word="Open the team",
        )  # fmt: skip
