"""Reads the builds of one job, a range at a time, from the newest down to the last that was seen.

Ranges count from the newest build, so what starts meanwhile moves builds to later places: they come again. What is
deleted meanwhile moves them to earlier ones: each range overlaps with the one before, and steps back when it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from metrics import read
from metrics.events import Observation, Tell

from . import coverage
from .client import Client, Job, whole

BUILDS_AT_ONCE = 20


@dataclass(slots=True, kw_only=True)
class Step:
    observations: list[Observation] = field(default_factory=list)
    place: dict[str, Any] = field(default_factory=dict)
    done: bool
    mark: list[Any] | None = None  # number and start of the newest build seen, and where its coverage is told
    notes: list[str] = field(default_factory=list)
    reached: datetime | None = None


class Reader:
    def __init__(self, client: Client, *, with_coverage: bool) -> None:
        self.client = client
        self.with_coverage = with_coverage
        self.requests = 0
        self._told: dict[str, Job] = {}
        self._covered: dict[str, str] = {}

    def step(
        self, job: Job, mark: list[Any] | None, place: dict[str, Any], *, since: datetime, until: datetime | None,
        tell: Tell,
    ) -> Step:  # fmt: skip
        """The next range of builds. `place` is {"at", "lowest", "top", "again", "cover"}."""
        at, lowest = int(place.get("at", 0)), place.get("lowest")
        self.requests += 1
        rows = self.client.builds(job, at, at + BUILDS_AT_ONCE)
        if rows is None:
            return Step(done=True, notes=[f"{job.name} is gone, or hidden from this token."])
        numbered = [(number, row) for row in rows if (number := whole(row.get("number"))) is not None]
        if lowest is not None and at > 0 and numbered and numbered[0][0] < lowest:
            return Step(place={**place, "at": max(0, at - BUILDS_AT_ONCE)}, done=False)
        seen = (whole(mark[0]) or 0, whole(mark[1]) or 0) if mark else (0, 0)
        again = bool(place.get("again"))
        top = place.get("top")
        if top is None and numbered:
            top = [numbered[0][0], whole(numbered[0][1].get("timestamp")) or 0]
        cover = place.get("cover", mark[2] if mark and len(mark) > 2 else None)
        wanted, notes, over = [], [], not numbered
        for number, row in numbered:
            start = whole(row.get("timestamp"))
            if number <= seen[0] and not again:
                # the same number with another start is another build: numbering began anew in between
                if number == seen[0] and start and seen[1] and start != seen[1]:
                    again = True
                    notes.append(f"{job.name}: build numbers began anew, so all its builds are read again.")
                else:
                    over = True
                    break
            began = read.when(start)
            if began is not None and began < since:
                over = True
                break
            if (lowest is None or number < lowest) and (until is None or began is None or began <= until):
                wanted.append(row)
        observations = []
        for count, row in enumerate(wanted, 1):
            tell(f"builds of {job.name}", count, len(wanted))
            if cover is None and row.get("building") is not True:
                cover = self._probe(job.name, row)
            observations.append(self.observed(job, row, cover))
        if numbered:
            lowest = min(numbered[-1][0], lowest if lowest is not None else numbered[-1][0])
        done = over or len(rows) < BUILDS_AT_ONCE
        further = {"at": at + max(1, len(rows) - 1), "lowest": lowest, "top": top, "again": again, "cover": cover}
        times = [one.updated_at for one in observations]
        return Step(
            observations=observations, place=further, done=done, notes=notes, reached=read.earliest(*times),
            mark=[*(top or seen), cover] if top or mark else None,
        )  # fmt: skip

    def again(self, key: str) -> Observation | None:
        """A build by its name and number; None when it is gone."""
        name, _, number = key.rpartition("#")
        self.requests += 1
        row = self.client.build(name, number) if name and whole(number) is not None else None
        if row is None:
            return None
        if name not in self._told:
            self._told[name] = self.client.job(name)
        if name not in self._covered and row.get("building") is not True:
            self._covered[name] = self._probe(name, row)
        return self.observed(self._told[name], row, self._covered.get(name))

    def observed(self, job: Job, row: Mapping[str, Any], cover: str | None) -> Observation:
        """A build with what belongs to it, once it is over: until then each look at its stages would be another."""
        number = whole(row.get("number")) or 0
        body: dict[str, Any] = {"job": job.json(), "build": row}
        over = row.get("building") is not True
        if over and "WorkflowRun" in read.text(row.get("_class"), 200):
            self.requests += 1
            if (stages := self.client.stages(job.name, number)) is not None:
                body["stages"] = stages
        place = coverage.hinted(row) or cover or ""
        if place and self.with_coverage and over:
            self.requests += 1
            if (told := self.client.coverage(job.name, number, place, coverage.tree(place))) is not None:
                body["coverage"] = told
        start = whole(row.get("timestamp"))
        took = whole(row.get("duration")) or 0
        at = read.when(start + (took if over else 0)) if start else None
        return Observation(kind="build", id=f"{job.name}#{number}", body=read.encoded(body), updated_at=at)

    def _probe(self, job: str, row: Mapping[str, Any]) -> str:
        """Where this job's builds tell their coverage, tried once on one that is over; "" for nowhere."""
        if not self.with_coverage:
            return ""
        if place := coverage.hinted(row):
            return place
        for _, place, tree in coverage.PLACES:
            self.requests += 1
            if self.client.coverage(job, whole(row.get("number")) or 0, place, tree) is not None:
                return place
        return ""
