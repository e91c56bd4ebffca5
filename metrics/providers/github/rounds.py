"""A round of one stream through all repositories, as a cursor that any worker can go on with.

`run` is the round under way: when it began, its repositories, which one it is at and where in it. `seen` is what the
last rounds left for each repository: up to when it is held. A mark never passes the time at which its round began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Etag, Observation, Page, ProviderError, Tell

from .client import MOST_REPOSITORIES, Client
from .lists import Span, Step, Walk
from .nested import Nested
from .words import Words

OVERLAP = timedelta(minutes=10)
STEPS = 20  # that may say nothing before a page is given back
MOST_NOTES = 20
USUAL = timedelta(days=90)
RIGHTS = {
    "deployments": "Deployments: read",
    "releases": "Contents: read",
    "runs": "Actions: read",
    "pulls": "Pull requests: read",
    "commits": "Contents: read",
    "issues": "Issues: read",
}
SAID = {"runs": "workflow runs", "pulls": "pull requests"}


class Rounds:
    def __init__(
        self, client: Client, walk: Walk, chosen: Sequence[str], stream: str, cursor: Mapping[str, Any], *,
        now: datetime, tell: Tell,
    ) -> None:  # fmt: skip
        if stream not in RIGHTS:
            raise ProviderError(f"GitHub has no stream called {stream[:40]}.", permanent=True)
        self.client, self.walk, self.chosen, self.stream = client, walk, chosen, stream
        self.now, self.tell = now, tell
        self.since = read.when(cursor.get("since")) or now - USUAL
        self.until = read.when(cursor.get("until"))
        self.cursor = dict(cursor)
        self.seen: dict[str, dict[str, Any]] = {name: dict(mark) for name, mark in (cursor.get("seen") or {}).items()}
        self.etags: dict[str, Etag] = {}

    @property
    def doing(self) -> str:
        return SAID.get(self.stream, self.stream)

    def page(self) -> Page:
        if self.cursor.get("ended"):
            return Page(cursor=self.cursor, done=True)
        run = dict(self.cursor.get("run") or {}) or self._begin()
        observations: list[Observation] = []
        reached: datetime | None = None
        quiet = 0
        while not observations and quiet < STEPS and run["at"] < len(run["names"]):
            step = self._step(run)
            observations += step.observations
            reached = step.reached or reached
            quiet += step.asked
        run["read"] += len(observations)
        if run["at"] < len(run["names"]):
            return self._said({**self._kept(), "run": run}, run, observations, reached, done=False)
        self._nobody_left(run)
        kept = self._kept() | ({"ended": True} if self.until else {})
        return self._said(kept, run, observations, reached, done=True)

    def _begin(self) -> dict[str, Any]:
        names, notes = list(self.chosen), []
        if not names:
            self.tell("listing repositories")
            names, more, self.etags = self.client.repositories()
            if more:
                notes.append(f"The token sees more than {MOST_REPOSITORIES} repositories: choose those that matter.")
            if not names:
                raise ProviderError(
                    "The token sees no repository.",
                    advice="Give it the repositories that this source is about, or choose them by name.",
                    permanent=True,
                )
        return {
            "phase": self.doing, "began": self.now.isoformat(), "names": names, "at": 0, "read": 0, "notes": notes,
            "refused": 0,
        }  # fmt: skip

    def _kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = {"since": self.since.isoformat()}
        if self.until:
            kept["until"] = self.until.isoformat()
        return kept | ({"seen": self.seen} if self.seen else {})

    def _said(
        self, cursor: dict[str, Any], run: Mapping[str, Any], found: Sequence[Observation], reached: datetime | None, *,
        done: bool,
    ) -> Page:  # fmt: skip
        return Page(
            cursor=cursor, done=done, observations=tuple(found), etags=self.etags, read=run["read"], reached=reached,
            doing=self.doing, notes=tuple(run["notes"]),
        )  # fmt: skip

    # --- one repository ----------------------------------------------------------------------------------------------

    def _step(self, run: dict[str, Any]) -> Step:
        """The next page of the repository that the round is at, or on to the next repository."""
        name = run["names"][run["at"]]
        self.tell(self.doing, run["read"])
        if "place" not in run:
            place = self._place(name, run)
            if place is None:
                self._next(run)
                return Step(here=None)
            run["place"], run["here"] = place, {}
        nested = Nested(self.client, run["place"], self.tell)
        step = self.walk.step(self.stream, nested, dict(run["here"]), self._span(name, run))
        self._note(run, *nested.notes)
        self.etags |= step.etags
        if step.refused:
            self._refused(name, run, step)
        elif step.here is None and not self.until:
            self.seen[name] = {**self.seen.get(name, {}), **step.leaves, "upto": run["began"]}
        if step.here is None:
            self._next(run)
        else:
            run["here"] = step.here
        return step

    def _span(self, name: str, run: Mapping[str, Any]) -> Span:
        mark = self.seen.get(name, {}) if self.until is None else {}
        began = read.when(run["began"]) or self.now
        upto = read.when(mark.get("upto"))
        limit = max(upto - OVERLAP, self.since) if upto else self.since
        return Span(since=self.since, limit=limit, until=self.until, began=began, mark=mark if upto else {})

    def _next(self, run: dict[str, Any]) -> None:
        run["at"] += 1
        run.pop("place", None)
        run.pop("here", None)

    def _place(self, name: str, run: dict[str, Any]) -> Words | None:
        """What is known of the repository: its name now and its main branch. None: it is passed over, with a note."""
        place, etag, url, status = self.client.repository(name)
        if etag is not None:
            self.etags[url] = etag
        if status != 200:
            run["refused"] += 1
            self._note(run, _gone(name, status))
            return None
        now_called = read.text(place.get("full_name"), 200)
        if not now_called:
            self._note(run, f"{name} was answered without its name, so it is passed over.")
            return None
        if now_called.lower() != name.lower():
            self._note(run, f"{name} is called {now_called} now: choose it under its new name.")
        if place.get("archived"):
            self._note(run, f"{now_called} is archived: what it holds is read, and nothing new will come.")
        return place

    def _refused(self, name: str, run: dict[str, Any], step: Step) -> None:
        run["refused"] += 1
        if step.refused == 410 or (step.refused == 404 and self.stream == "issues"):
            run["refused"] -= 1
            self._note(run, f"{name} has its {self.doing} switched off: nothing is to be read.")
        else:
            self._note(run, f"The token may not read the {self.doing} of {name}. Give it “{RIGHTS[self.stream]}”.")

    def _note(self, run: dict[str, Any], *notes: str) -> None:
        run["notes"] = list(dict.fromkeys([*run["notes"], *notes]))[:MOST_NOTES]

    def _nobody_left(self, run: Mapping[str, Any]) -> None:
        """Raise where no repository at all could be read: a person has to do something."""
        if run["names"] and run["refused"] >= len(run["names"]):
            sentence, _, advice = (run["notes"] or ["Nothing could be read."])[-1].partition(". ")
            raise ProviderError(
                f"{sentence.rstrip('.')}.",
                advice=advice or f"Give the token “{RIGHTS[self.stream]}”, or choose other repositories.",
                detail=" ".join(run["notes"]), permanent=True,
            )  # fmt: skip


def _gone(name: str, status: int) -> str:
    if status == 403:
        return f"The token may not see {name}. Give it “Metadata: read” there, or take it out of the source."
    if status == 451:
        return f"{name} is blocked by GitHub for legal reasons. Take it out of the source."
    return (
        f"{name} is not there any more, or the token may not see it. Take it out of the source, choose it under its "
        "new name, or give the token that repository."
    )
