"""How each stream walks through one repository: newest first down to where it was, in windows, or along the history.

A step reads one page of a list with what belongs to its rows. Where it stands is small JSON; None says that the
repository is done. Rows that change meanwhile come up again at the top, so none is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from metrics import read
from metrics.events import Etag, Observation

from .client import PER_PAGE, Client, Listed
from .nested import Nested
from .words import Words, time

CAP = 1000  # rows of a filtered list of runs, whatever it holds
REVISIT = timedelta(days=30)  # a run can be tried again so long
REVISIT_EVERY = timedelta(hours=24)
LATE = timedelta(days=90)  # a release lies where its commit is dated, and may be published that much later
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is wanted. Fresh: what is new since `limit`, all since `since` being held but that. Backfill: the window."""

    since: datetime
    limit: datetime
    until: datetime | None  # a backfill's end; None: fresh
    began: datetime
    mark: Mapping[str, Any]  # what the last run left for this repository; empty: none came to its end

    @property
    def is_fresh(self) -> bool:
        return self.until is None


@dataclass(slots=True, kw_only=True)
class Step:
    """What one page said. `here` None: this repository is done. `refused`: it may not be read, in GitHub's words."""

    here: dict[str, Any] | None
    observations: Sequence[Observation] = ()
    etags: dict[str, Etag] = field(default_factory=dict)
    reached: datetime | None = None
    leaves: dict[str, Any] = field(default_factory=dict)  # for the next run
    refused: int = 0
    words: str = ""
    asked: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A stream whose list is read newest first: where, and by which times."""

    kind: str
    path: str
    params: Mapping[str, Any]
    order: tuple[str, ...]  # the times that the list is sorted by
    chunk: int  # rows at once, with what belongs to them
    key: str = ""
    chunk_rest: int = 0  # where each row is asked for apart
    margin: timedelta = timedelta()

    def ordered(self, row: Words) -> datetime | None:
        return time(row, *self.order)

    def changed(self, row: Words) -> datetime | None:
        return read.latest(*(time(row, name) for name in ("updated_at", "published_at", "created_at")))


KINDS = {
    "deployments": Kind(
        kind="deployment", path="deployments", params={}, order=("created_at",), chunk=100, chunk_rest=25
    ),
    "releases": Kind(
        kind="release", path="releases", params={}, order=("created_at", "published_at"), chunk=100, chunk_rest=25,
        margin=LATE,
    ),
    "runs": Kind(
        kind="run", path="actions/runs", params={"exclude_pull_requests": "true"}, order=("created_at",), chunk=20,
        key="workflow_runs",
    ),
    "pulls": Kind(
        kind="pull", path="pulls", params={"state": "all", "sort": "updated", "direction": "desc"},
        order=("updated_at",), chunk=50, chunk_rest=10,
    ),
    "issues": Kind(
        kind="issue", path="issues", params={"state": "all", "sort": "updated", "direction": "desc"},
        order=("updated_at",), chunk=100,
    ),
}  # fmt: skip


class Walk:
    """One repository's list, page by page. Made once for a worker's stay; it remembers the page that it is within."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._held: Listed | None = None

    def step(self, stream: str, nested: Nested, here: dict[str, Any], span: Span) -> Step:
        if stream == "commits":
            return self._commits(nested, here, span)
        kind = KINDS[stream]
        if stream == "runs" and (not span.is_fresh or not span.mark or "windows" in here):
            return self._windows(kind, nested, here, span)
        return self._newest(kind, nested, here, span)

    # --- newest first ------------------------------------------------------------------------------------------------

    def _newest(self, kind: Kind, nested: Nested, here: dict[str, Any], span: Span) -> Step:
        url = here.get("page") or self.client.url(f"repos/{nested.name}/{kind.path}", per_page=PER_PAGE, **kind.params)
        limit, leaves = span.limit, dict(span.mark)
        changed_since = span.limit
        if kind.kind == "run":
            revisited = read.when(span.mark.get("revisited")) or span.since
            if span.began - revisited >= REVISIT_EVERY:
                limit = min(limit, max(span.began - REVISIT, span.since))
                changed_since, leaves["revisited"] = revisited, span.began.isoformat()
        page = self._page(url, kind, here, span)
        if page.status != 200:
            return Step(here=None, refused=page.status, words=page.words)
        if page.meta is not None:
            bottom = read.when(page.meta.get("oldest"))
            return Step(here=_on(page.next, bottom, limit, kind), reached=bottom, leaves=leaves)
        wanted = [row for row in page.rows if self._is_wanted(row, kind, span, changed_since)]
        bottom = read.earliest(*(kind.ordered(row) for row in page.rows))
        step = self._some(kind, nested, here, page, wanted)
        step.reached, step.leaves = bottom, leaves
        if step.here is None:
            if page.etag and span.is_fresh:
                meta = {
                    "next": page.next, "oldest": bottom.isoformat() if bottom else None, "from": span.since.isoformat()
                }  # fmt: skip
                step.etags[url] = Etag(value=page.etag, meta=meta)
            step.here = _on(page.next, bottom, limit, kind)
        return step

    def _is_wanted(self, row: Words, kind: Kind, span: Span, changed_since: datetime) -> bool:
        changed, made = kind.changed(row), kind.ordered(row)
        if changed is None:
            return True  # without a time nothing says that it is old
        if span.until is not None:
            begun = time(row, "created_at") or changed
            reached = (made or changed) if kind.order == ("created_at",) else changed
            return reached >= span.since and begun <= span.until
        return changed >= changed_since

    def _page(self, url: str, kind: Kind, here: Mapping[str, Any], span: Span) -> Listed:
        """The page, from memory while it is worked through. Asked for with its ETag where all of it is held."""
        if self._held is not None and self._held.url == url and here.get("did"):
            return self._held
        self._held = None

        def known(meta: Mapping[str, Any]) -> bool:
            since = read.when(meta.get("from"))
            return since is not None and since <= span.since

        may_stay = span.is_fresh and not here.get("did")
        page = self.client.listed(url, kind.key, known=known if may_stay else None)
        if page.meta is None:
            self._held = page
        return page

    def _some(
        self, kind: Kind, nested: Nested, here: Mapping[str, Any], page: Listed, wanted: Sequence[Words]
    ) -> Step:  # fmt: skip
        """The next rows of a page. `here` is None when the page is through."""
        did = set(here.get("did") or ())
        left = [row for row in wanted if nested.which(kind.kind, row) not in did]
        size = kind.chunk if self.client.knows_graphql or not kind.chunk_rest else kind.chunk_rest
        chunk = left[:size]
        found = nested.of(kind.kind, chunk)
        if len(left) > size:
            did |= {nested.which(kind.kind, row) for row in chunk}
            return Step(here={**here, "page": page.url, "did": sorted(did)}, observations=found)
        return Step(here=None, observations=found)

    # --- in windows --------------------------------------------------------------------------------------------------

    def _windows(self, kind: Kind, nested: Nested, here: dict[str, Any], span: Span) -> Step:
        """Runs by when they were created, in windows that hold no more than a filtered list shows."""
        if "windows" not in here:
            here = {"windows": [[span.since.isoformat(), (span.until or span.began).isoformat()]]}
        windows = [list(one) for one in here["windows"]]
        start, end = (read.when(at) or span.since for at in windows[-1])
        url = here.get("page") or self._window_url(kind, nested, start, end)
        page = self._page(url, kind, here, span) if here.get("did") else self._asked(url, kind)
        if page.status != 200:
            return Step(here=None, refused=page.status, words=page.words)
        total = page.total or 0
        if total > CAP and end - start > SECOND:  # newest half first
            middle = (start + (end - start) / 2).replace(microsecond=0)
            middle = middle if middle > start else start + SECOND
            halves = [[start.isoformat(), middle.isoformat()], [middle.isoformat(), end.isoformat()]]
            return Step(here={"windows": [*windows[:-1], *halves]}, reached=end)
        if total > CAP:
            nested.notes.append(f"{nested.name} had {total} runs within one second: GitHub shows {CAP} of them.")
        if "total" in here and total < here["total"]:  # one was deleted, so the rows below moved up: look again
            return Step(here={"windows": windows}, reached=end)
        step = self._some(kind, nested, here, page, page.rows)
        step.reached = end
        if step.here is not None:
            step.here |= {"windows": windows, "total": total}
        elif page.next and page.rows:
            step.here = {"windows": windows, "page": page.next, "total": total}
        else:
            step.reached = start
            step.here = {"windows": windows[:-1]} if windows[:-1] else None
            step.leaves = {"revisited": span.began.isoformat()}
        return step

    def _asked(self, url: str, kind: Kind) -> Listed:
        self._held = self.client.listed(url, kind.key)
        return self._held

    def _window_url(self, kind: Kind, nested: Nested, start: datetime, end: datetime) -> str:
        created = "..".join(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (start, end + SECOND))
        return self.client.url(
            f"repos/{nested.name}/{kind.path}", per_page=PER_PAGE, created=created, **kind.params
        )  # fmt: skip

    # --- along the history -------------------------------------------------------------------------------------------

    def _commits(self, nested: Nested, here: dict[str, Any], span: Span) -> Step:
        """The commits of the main branch: at first those since a day, later what its tip reaches and did not before.

        By date alone a commit that was made long ago and merged today would never be met.
        """
        if "tip" not in here:
            return self._tip(nested, span)
        url = here["page"]
        key = "commits" if here.get("base") else ""
        page = self.client.listed(url, key)
        if page.status != 200 and here.get("base"):  # the history was rewritten and the old tip is gone
            nested.notes.append(f"The history of {nested.name} was rewritten; its commits are read again.")
            return Step(here=self._from_date(nested, here["tip"], here, span))
        if page.status != 200:
            return Step(here=None, refused=0 if page.status == 409 else page.status, words=page.words)
        step = Step(here=None, observations=nested.commits(page.rows))
        read_so_far = here.get("rows", 0) + len(page.rows)
        if page.next and page.rows:
            step.here = {**here, "page": page.next, "rows": read_so_far}
        elif here.get("base") and not page.next and read_so_far < here.get("of", 0):
            step.here = self._from_date(nested, here["tip"], here, span)  # an old server that compares 250 at most
        else:
            step.leaves = {"tip": here["tip"]}
            if here.get("etag"):
                step.etags[here["asked"]] = Etag(value=here["etag"], meta={"tip": here["tip"]})
        step.reached = read.earliest(*(time(read.at(row, "commit", "committer"), "date") for row in page.rows))
        return step

    def _tip(self, nested: Nested, span: Span) -> Step:
        """Where the branch stands; one request, usually answered 304."""
        branch = read.text(nested.place.get("default_branch"), 250)
        url = self.client.url(f"repos/{nested.name}/commits", sha=branch or None, per_page=1)
        had = read.text(span.mark.get("tip"), 64) if span.is_fresh else ""
        page = self.client.listed(
            url, known=(lambda meta: bool(had) and meta.get("tip") == had) if span.is_fresh else None
        )
        if page.meta is not None:
            return Step(here=None, leaves={"tip": had})
        if page.status != 200 or not page.rows:  # 409: it is empty
            return Step(here=None, refused=0 if page.status in (200, 409) else page.status, words=page.words)
        tip = read.text(page.rows[0].get("sha"), 64)
        here = {"tip": tip, "asked": url, "etag": page.etag if span.is_fresh else ""}
        if tip == had:
            return Step(here=None, leaves={"tip": tip}, etags={url: Etag(value=page.etag, meta={"tip": tip})})
        if not had:
            return Step(here=self._from_date(nested, tip, here, span))
        compare = self.client.url(f"repos/{nested.name}/compare/{had}...{tip}", per_page=PER_PAGE, page=1)
        return Step(here={**here, "base": had, "page": compare})

    def _from_date(self, nested: Nested, tip: str, here: Mapping[str, Any], span: Span) -> dict[str, Any]:
        """Pinned to the tip as it was, so that the pages stand still."""
        until = f"{span.until:%Y-%m-%dT%H:%M:%SZ}" if span.until else None
        since = span.since if span.until or not span.mark else min(span.since, span.limit)
        url = self.client.url(
            f"repos/{nested.name}/commits", sha=tip, since=f"{since:%Y-%m-%dT%H:%M:%SZ}", until=until, per_page=PER_PAGE
        )
        kept = {name: here[name] for name in ("tip", "asked", "etag") if name in here}
        return {**kept, "tip": tip, "page": url}


def _on(following: str, bottom: datetime | None, limit: datetime, kind: Kind) -> dict[str, Any] | None:
    """On to the next page, unless this one reached back far enough."""
    if not following or (bottom is not None and bottom < limit - kind.margin):
        return None
    return {"page": following}
