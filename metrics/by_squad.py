"""A measure squad by squad, on one scale, beside the pooled number. Those without data say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from teams import access
from teams.access import Right
from teams.models import Team

from . import rollups, sentences
from .catalogue import value_words
from .measures import Tile, tile_of
from .rollups import Pooled

if TYPE_CHECKING:
    from .opened import Opened

AT_ONCE = 12  # shown before "show all"


def squads(page: Opened) -> dict[str, Any]:
    """Two queries: the weeks of all teams, and whether the reader may connect sources."""
    found = rollups.by_team(page.ids, [one.week for one in page.series])
    may_connect = access.may(page.user, Right.SOURCES, page.team)
    drawn = [team for team in page.teams if team.pk in found or (team.closed_at is None and not team.is_group)]
    tiles = {team.pk: _tile(page, found[team.pk]) for team in drawn if team.pk in found}
    known = [(team.name, tile.value) for team in drawn if (tile := tiles.get(team.pk)) and tile.value is not None]
    high = max((value for tile in tiles.values() for value in tile.spark if value is not None), default=0.0)
    shown = drawn if page.params.get("squads") == "all" else drawn[:AT_ONCE]
    drawings = [
        _drawn(page, team, tiles[team.pk], found[team.pk][-2], high)
        if team.pk in tiles
        else _missing(page, team, may_connect)
        for team in shown
    ]
    return {
        "squads": drawings if len(drawn) > 1 else [],
        "squads_more": len(drawn) - len(shown),
        "squads_url": page.link(squads="all") + "#squads",
        "may_connect": may_connect,
        "spread": sentences.spread(page.measure, known),
    }


def _tile(page: Opened, series: list[Pooled]) -> Tile:
    return tile_of(page.measure, series, now=page.now, weeks=page.weeks, incident_source=page.has_incident_source)


def _note(page: Opened, team: Team, tile: Tile) -> str:
    if tile.value is not None:
        return f"{tile.counts}{', few' if tile.few else ''}"
    if page.measure.slug == "time-to-restore" and not page.knows_incidents(team.pk):
        return "no source of incidents"
    return f"no {page.measure.events[1]}"


def _drawn(page: Opened, team: Team, tile: Tile, before: Pooled, high: float) -> dict[str, Any]:
    was = page.measure.value(before) if tile.value is not None else None
    return {
        "title": team.name,
        "url": page.link(team=team),
        "value": value_words(page.measure, tile.value, "short"),
        "was": "" if was is None else value_words(page.measure, was, "short"),
        "note": _note(page, team, tile),
        "drawn": any(value is not None for value in tile.spark),
        "spark": tile.spark,
        "high": high or None,
        "tone": tile.tone,
        "first": f"week {page.series[1].week.number}",
        "last": page.this.week.number,
    }


def _missing(page: Opened, team: Team, may_connect: bool) -> dict[str, Any]:
    connected = any(team.pk == owner for owner, _, _ in page.sources)
    one = {
        "title": team.name,
        "url": page.link(team=team),
        "missing": "No facts in these weeks" if connected else "No source connected",
    }
    if may_connect and not connected:
        one |= {"link": reverse("metrics:connect", args=[team.slug]), "word": "Connect one"}
    return one
