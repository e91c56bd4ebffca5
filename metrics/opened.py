"""One measure opened: the number, its weeks, its squads and the rows that add up to it, as one page shows them.

A composer: it reads, in a number of queries that does not depend on the data, and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from teams import access
from teams.models import Team, User
from teams.templatetags import ui

from . import by_squad, charts, drilldown, rollups, sentences
from .behind import Behind
from .catalogue import Measure
from .measures import Tile, tiles_of
from .models import ServiceOwner, Source
from .periods import Week, weeks_ending
from .rollups import Pooled

SPANS = (12, 26, 52)
USUAL = 26
WITHOUT_INCIDENTS = frozenset({"git"})  # providers that know of none


@dataclass
class Opened:
    """What was asked for; everything else is worked out once, when the page needs it. `week` None: the newest."""

    user: User
    team: Team
    measure: Measure
    week: Week | None
    weeks: int
    now: datetime
    params: dict[str, str] = field(default_factory=dict)

    # --- what is looked at ---------------------------------------------------------------------------------------

    @cached_property
    def teams(self) -> list[Team]:
        """The scope in the order of the tree."""
        return list(access.below(self.user, self.team).with_tree_fields())  # type: ignore[attr-defined]  # of tree-queries

    @cached_property
    def ids(self) -> list[int]:
        return [team.pk for team in self.teams]

    @cached_property
    def this_week(self) -> Week:
        return Week.of(self.now, settings.ORGANISATION_ZONE)

    @cached_property
    def series(self) -> list[Pooled]:
        """One week more than is shown, to compare with. Without a wish: up to this week if it has a deployment."""
        if self.week is not None:
            return rollups.pooled(self.ids, weeks_ending(self.week, self.weeks + 1))
        found = rollups.pooled(self.ids, weeks_ending(self.this_week, self.weeks + 2))
        return found[1:] if found[-1].deployments else found[:-1]

    @property
    def this(self) -> Pooled:
        return self.series[-1]

    @property
    def before(self) -> Pooled:
        return self.series[-2]

    @cached_property
    def tiles(self) -> list[Tile]:
        return tiles_of(self.series, now=self.now, incident_source=self.has_incident_source)

    @cached_property
    def tile(self) -> Tile:
        return next(tile for tile in self.tiles if tile.measure is self.measure)

    @cached_property
    def sources(self) -> list[tuple[int, str, str]]:
        """(team, name, provider) of what feeds the scope, or fed it while it owned a service of it."""
        own = Source.objects.filter(team__in=self.ids).values_list("team_id", "name", "provider")
        fed = ServiceOwner.objects.filter(team__in=self.ids).values_list(
            "team_id", "service__source__name", "service__source__provider"
        )
        return sorted({*own, *fed.distinct()}, key=lambda one: one[1:])

    @property
    def has_incident_source(self) -> bool:
        return self.knows_incidents(None)

    def knows_incidents(self, team: int | None) -> bool:
        """Whether a source of incidents feeds `team`; None: any of the scope."""
        return any(provider not in WITHOUT_INCIDENTS for owner, _, provider in self.sources if team in (None, owner))

    @cached_property
    def behind(self) -> Behind:
        return Behind(self.measure, self.ids, self.this.week, left_out=self.params.get("left_out") == "1")

    @cached_property
    def evidence(self) -> Counter[str]:
        if self.measure.slug == "change-failure-rate":
            return drilldown.evidence_counts(self.ids, self.this.week)
        if self.measure.slug == "rework-rate":
            return drilldown.answer_counts(self.ids, self.this.week)
        return Counter()

    # --- addresses ------------------------------------------------------------------------------------------------

    def link(
        self, measure: Measure | None = None, team: Team | None = None, *, view: str = "measure", **more: Any
    ) -> str:
        """This page for another measure, team or week; what is not named stays, a page of rows does not."""
        query = {"week": self.week.label if self.week else None, "weeks": self.weeks if self.weeks != USUAL else None}
        query |= more
        url = reverse(f"metrics:{view}", args=[(team or self.team).slug, (measure or self.measure).slug])
        said = urlencode({key: value for key, value in query.items() if value not in (None, "")})
        return f"{url}?{said}" if said else url

    @property
    def picker(self) -> dict[str, str]:
        week = self.this.week
        return {
            "previous": self.link(week=week.previous()),
            "next": self.link(week=week.next()) if week < self.this_week else "",
            "this_week": self.link(week=self.this_week) if week != self.this_week else "",
        }

    # --- the page ---------------------------------------------------------------------------------------------------

    def context(self) -> dict[str, Any]:
        """Everything the templates need."""
        shown = self.series[1:]
        open_incidents = list(self.behind.open_rows(self.now)) if self.measure.slug == "time-to-restore" else []
        chart = charts.over_weeks(self.tile, shown)
        rows = self.behind.page(self.params, self.now)
        return {
            "team": self.team,
            "measure": self.measure,
            "tile": self.tile,
            "week": self.this.week,
            "before": self.before.week,
            "sub": f"Week {self.this.week.number}, {self.this.week.title}"
            + (", not over" if self.tile.partial else ""),
            "picker": self.picker,
            "spans": [
                {"n": n, "url": self.link(weeks=n if n != USUAL else None), "on": n == self.weeks} for n in SPANS
            ],
            "csv_url": self.link(
                view="rows_csv", week=self.this.week, left_out=self.params.get("left_out"), weeks=None
            ),
            "tabs": [self._tab(tile) for tile in self.tiles],
            "headline": sentences.headline(self.tile, self.before),
            "meaning": sentences.meaning(self.tile, self.this, self.evidence, len(open_incidents)),
            "facts": self.facts(),
            "chart": chart,
            "empty_title": f"No {self.measure.title.lower()} in these {self.weeks} weeks",
            "empty_body": f"It is made from {self.measure.made_from}.",
            "has_chart": any(value is not None for value in chart["line"]),
            "finding": charts.finding(self.tile, shown),
            "table": charts.table(self.measure, shown),
            "stages": self.stages() if self.measure.slug == "lead-time" else None,
            "is_bare": not rows["count"] and not self.behind.left_out and not any(v is not None for v in chart["line"]),
            **by_squad.squads(self),
            "squads_sub": f"same scale, {self.weeks} weeks",
            "behind": rows,
            "open_incidents": open_incidents,
            "all_url": self.link(all="1") + "#rows",
            "back_url": self.link() + "#rows",
            "off_count": rows["count"] != self.measure.count(self.this) and not self.behind.left_out,
        }

    def _tab(self, tile: Tile) -> dict[str, Any]:
        unit = tile.unit.removesuffix(", median") if tile.measure.sort == "time" else ""
        if tile.measure.sort == "count" and tile.value is not None:
            unit = "so far" if tile.partial else "a week"
        return {
            "label": tile.title,
            "url": self.link(tile.measure),
            "value": tile.figure,
            "unit": unit,
            "current": tile.measure is self.measure,
            "spark": tile.spark,
            "tone": tile.tone,
        }

    def facts(self) -> list[dict[str, Any]]:
        """Definition, origin, what is left out, and what to hold it against."""
        tile, names = self.tile, list(dict.fromkeys(name for _, name, _ in self.sources))
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        found: list[dict[str, Any]] = [
            {"term": "Measured", "text": self.measure.definition},
            {"term": "From", "text": f"{', '.join(names[:4])}{more}" if names else "No source connected",
             "url": reverse("metrics:sources", args=[self.team.slug])},
        ]  # fmt: skip
        found += [{"term": term, "text": text} for term, text in self._counted()]
        found += self._left_out()
        if tile.band:
            note = sentences.band_note(tile)
            found.append({"term": f"DORA {tile.band.edition}", "band": tile.band, "text": note})
        if said := sentences.industry(self.measure):
            found.append({"term": "Industry", "text": said})
        return found

    def _counted(self) -> Iterator[tuple[str, str]]:
        """The counts, and the other ways to take the same rows."""
        tile, this = self.tile, self.this
        if tile.counts:
            days = f" on {ui.plural(this.deploy_days, 'day')}" if self.measure.sort == "count" else ""
            yield "Counted", f"{tile.counts}{days}{', few events' if tile.few else ''}"
        if self.measure.slug == "lead-time" and tile.value is not None and not tile.few:
            yield "Slowest", f"95% within {ui.duration(this.lead_95)}"
        if self.measure.slug == "time-to-restore" and this.recovery is not None:
            yield "Recovery", f"{ui.duration(this.recovery)} from a bad deployment to restored service (median)"

    def _left_out(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        here = {"term": "Left out", "url": self.link(left_out="1") + "#rows"}
        if self.measure.slug == "lead-time":
            if self.this.left_out:
                all_of = ui.count(self.this.left_out + self.this.changes)
                linked = f"{ui.plural(self.this.left_out, 'change')} of {all_of}"
                found.append({**here, "text": linked, "note": "no plausible first commit"})
            if firsts := drilldown.first_deployments(self.ids, self.this.week):
                said = f"The first deployment of {', '.join(firsts[:3])}{' and others' if len(firsts) > 3 else ''}"
                found.append({"term": "" if found else "Left out", "text": f"{said}: its changes are not counted"})
        elif self.measure.slug != "time-to-restore" and (count := self.behind.left_out_count):
            failed = self.this.failed_attempts
            some = "" if failed == count else f"{ui.count(failed)} "
            note = f"{some}failed before users saw it" if failed else "cancelled, unclear or rewritten"
            found.append({**here, "text": ui.plural(count, "attempt"), "note": note})
        return found

    def stages(self) -> dict[str, Any]:
        """Parts of the median change, this week beside the week before."""
        unit = charts.unit_of(self.measure, [self.tile.value])
        rows, middles = [], []
        for one in (self.before, self.this):
            middle = drilldown.middle_changes(self.ids, one.week, one.changes)
            middles += middle if one is self.this else []
            if middle:
                current = one is self.this
                rows.append(sentences.stage_row(f"Week {one.week.number}", middle, unit, current=current))
        used = {part["label"] for row in rows for part in row["parts"]}
        return {
            "rows": rows,
            "scale": max((row["sum"] for row in rows), default=None),
            "keys": [{"label": title, "tone": tone} for _, title, tone in sentences.PARTS if title in used],
            "said": sentences.longest_part(rows[-1], self.this.changes) if middles else "",
            "missing": sentences.missing_parts(middles),
            "sub": f"{unit.name} of the median change",
        }
