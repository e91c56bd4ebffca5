"""How a stream of GitLab is read, a step at a time: whatever changes while it is being read is not lost.

Where GitLab can say what was updated since a time, the oldest of that is read first and always from page 1, with the
time moving on: rows that change move to the end and come again. Where it cannot, the newest is read first, down to
where the last run ended. Commits are a range between two shas, which nothing can change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from metrics import read
from metrics.events import Etag, Observation, Tell

from .client import A_PAGE, HIDDEN, Client, of
from .told import Project

OVERLAP = timedelta(minutes=10)
Nested = Callable[[Client, Project, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One of GitLab's lists and what belongs to each of its rows."""

    kind: str
    path: str
    number: str  # the field that numbers a row within its project
    params: Mapping[str, str] = field(default_factory=dict)
    nested: Nested | None = None
    at_once: int = A_PAGE  # rows in one step: fewer where each needs requests of its own
    time: str = "updated_at"
    since: bool = True  # whether the list can say what was updated since a time


@dataclass(slots=True, kw_only=True)
class Step:
    """What one step found, and where the project's reading stands afterwards."""

    observations: list[Observation]
    place: dict[str, Any]
    done: bool
    etags: dict[str, Etag] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reached: datetime | None = None
    requests: int = 1


def ascending(
    client: Client, listing: Listing, project: Project, place: dict[str, Any], *, since: datetime,
    until: datetime | None, tell: Tell,
) -> Step:  # fmt: skip
    """What was updated since, the oldest first, always from page 1.

    `place` is {"after", "seen", "page", "top"}: the rows seen at the very time `after` are known, because they come
    again. Only where a whole page has one time is there a page 2, which overlaps with page 1: when the overlap is not
    there a row has moved away, and it begins at page 1 again.
    """
    if place.get("old"):
        return descending(client, listing, project, place, since=since, until=until, tell=tell)
    after = place.get("after") or stamp(since)
    page, seen = int(place.get("page", 1)), set(place.get("seen", ()))
    size = A_PAGE + 1 - page
    params = {
        **listing.params, "order_by": "updated_at", "sort": "asc", "updated_after": after,
        **({"updated_before": stamp(until)} if until else {}), "per_page": str(size),
        **({"page": str(page)} if page > 1 else {}),
    }  # fmt: skip
    url = client.url(f"{of(project)}/{listing.path}", params)
    first = not place
    kept = client.kept(url) if first else None
    answer = client.get(url, etag=kept.value if kept else "", accept=HIDDEN)
    if answer.not_modified:
        return Step(observations=[], place=place, done=True)
    if answer.status != 200:
        return Step(observations=[], place=place, done=True, notes=[_hidden(project, listing)])
    rows = client.rows(answer)
    more = len(rows) >= size or bool(answer.link("next"))
    times = [_time(row, listing) for row in rows]
    if rows and times[-1] is not None and times[-1] < (read.when(after) or since) - timedelta(seconds=1):
        # a version that does not know `updated_after` tells everything from the beginning
        return Step(observations=[], place={"old": True, "top": place.get("top")}, done=False)
    if page > 1 and rows and not any(_name(row, listing) in seen for row in rows):
        return Step(observations=[], place={**place, "page": 1}, done=False)
    fresh = [(row, at) for row, at in zip(rows, times, strict=True) if _name(row, listing) not in seen]
    taken = fresh[: listing.at_once]
    observations, requests = _taken(client, listing, project, [row for row, _ in taken], tell)
    top = read.latest(read.when(place.get("top")), *(at for _, at in taken))
    done = len(taken) == len(fresh) and not more
    last = next((at for _, at in reversed(taken) if at is not None), None)
    if last is not None and stamp(last) != after:
        after, page = stamp(last), 1
        seen = {_name(row, listing) for row, at in taken if at is not None and stamp(at) == after}
    else:
        seen |= {_name(row, listing) for row, _ in taken}
        page += 1 if not taken and more else 0
    place = {"after": after, "page": page, "seen": sorted(seen), "top": stamp(top) if top else None}
    etag = answer.headers.get("etag", "")
    etags = {url: Etag(value=etag)} if etag and first and done else {}
    return Step(observations=observations, place=place, done=done, etags=etags, requests=requests + 1)


def descending(
    client: Client, listing: Listing, project: Project, place: dict[str, Any], *, since: datetime,
    until: datetime | None, tell: Tell,
) -> Step:  # fmt: skip
    """The newest first, down to `since`. What is new meanwhile moves rows to later pages, so that they come again."""
    page, skip = int(place.get("page", 1)), int(place.get("skip", 0))
    params = {**listing.params, "per_page": str(A_PAGE), **({"page": str(page)} if page > 1 else {})}
    params |= {"order_by": listing.time, "sort": "desc"}
    url = client.url(f"{of(project)}/{listing.path}", params)
    first = page == 1 and skip == 0
    kept = client.kept(url) if first else None
    answer = client.get(url, etag=kept.value if kept else "", accept=HIDDEN)
    if answer.not_modified:
        return Step(observations=[], place=place, done=True)
    if answer.status != 200:
        return Step(observations=[], place=place, done=True, notes=[_hidden(project, listing)])
    rows = client.rows(answer)
    times = [_time(row, listing) for row in rows]
    wanted = [row for row, at in zip(rows, times, strict=True) if at is None or since <= at <= (until or at)]
    taken = wanted[skip : skip + listing.at_once]
    observations, requests = _taken(client, listing, project, taken, tell)
    over = any(at is not None and at < since for at in times)
    more = (len(rows) >= A_PAGE or bool(answer.link("next"))) and not over
    top = read.latest(read.when(place.get("top")), *times)
    here = {**place, "top": stamp(top) if top else None}
    if skip + len(taken) < len(wanted):
        return Step(observations=observations, place={**here, "page": page, "skip": skip + len(taken)}, done=False,
                    requests=requests + 1, reached=read.earliest(*times))  # fmt: skip
    etag = answer.headers.get("etag", "")
    return Step(
        observations=observations, place={**here, "page": page + 1, "skip": 0}, done=not more,
        etags={url: Etag(value=etag)} if etag and first and not more else {}, requests=requests + 1,
        reached=read.earliest(*times),
    )  # fmt: skip


def commits(
    client: Client, listing: Listing, project: Project, place: dict[str, Any], *, since: datetime,
    until: datetime | None, tell: Tell,
) -> Step:  # fmt: skip
    """The commits of the default branch that the last run did not see: those between its head then and now.

    `place` is {"from", "head", "page"}. By time alone a commit would be lost that is older than its merge.
    """
    if not place.get("head"):
        url = client.url(f"{of(project)}/repository/branches/{quote(project.branch, safe='')}")
        kept = client.kept(url)
        answer = client.get(url, etag=kept.value if kept else "", accept=HIDDEN)
        if answer.not_modified:
            return Step(observations=[], place={"top": place.get("from")}, done=True)
        if answer.status != 200:
            note = [] if answer.status == 404 else [_hidden(project, listing)]  # an empty repository has no branch
            return Step(observations=[], place={"top": place.get("from")}, done=True, notes=note)
        head = read.text(read.at(answer.json(), "commit", "id"), 64)
        if not head or head == place.get("from"):
            etag = answer.headers.get("etag", "")
            return Step(observations=[], place={"top": place.get("from")}, done=True,
                        etags={url: Etag(value=etag)} if etag and head else {})  # fmt: skip
        return Step(observations=[], place={**place, "head": head, "page": 1}, done=False)
    page, head, before = int(place.get("page", 1)), place["head"], place.get("from")
    params = {"ref_name": f"{before}..{head}" if before else head, "per_page": str(A_PAGE), "page": str(page)}
    if not before:
        params |= {"since": stamp(since)} | ({"until": stamp(until)} if until else {})
    answer = client.get(f"{of(project)}/repository/commits", params, accept=HIDDEN)
    if answer.status != 200 and before:
        rewritten = f"{project.path}: the history was rewritten; its commits are read again."
        return Step(observations=[], place={"head": head, "page": 1}, done=False, notes=[rewritten])
    if answer.status != 200:
        return Step(observations=[], place={"top": None}, done=True, notes=[_hidden(project, listing)])
    rows = client.rows(answer)
    observations, _ = _taken(client, listing, project, rows, tell)
    more = bool(rows) and (len(rows) >= A_PAGE or bool(answer.link("next")))
    times = (_time(row, listing) for row in rows)
    return Step(observations=observations, place={**place, "page": page + 1, "top": head}, done=not more,
                reached=read.earliest(*times))  # fmt: skip


def observation(
    kind: str, project: Project, number: object, envelope: Mapping[str, Any], at: datetime | None
) -> Observation:
    body = read.encoded({"project": project.json(), **envelope})
    return Observation(kind=kind, id=f"{project.id}:{read.ident(number)}", body=body, updated_at=at)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _taken(
    client: Client, listing: Listing, project: Project, rows: list[Mapping[str, Any]], tell: Tell
) -> tuple[list[Observation], int]:
    found = []
    for place, row in enumerate(rows, 1):
        envelope: Mapping[str, Any] = {listing.kind: row}
        if listing.nested is not None:
            tell(f"{listing.kind.replace('_', ' ')}s of {project.path}", place, len(rows))
            envelope = listing.nested(client, project, row)
        if read.ident(row.get(listing.number)):
            at = read.latest(_time(row, listing), _time(read.table(envelope[listing.kind]), listing))
            found.append(observation(listing.kind, project, row[listing.number], envelope, at))
    return found, len(rows) * 2 if listing.nested else 0


def _time(row: Mapping[str, Any], listing: Listing) -> datetime | None:
    return read.when(row.get(listing.time)) or read.when(row.get("created_at"))


def _name(row: Mapping[str, Any], listing: Listing) -> str:
    return read.ident(row.get(listing.number))


def _hidden(project: Project, listing: Listing) -> str:
    what = listing.path.rpartition("/")[2].replace("_", " ")
    return f"{project.path}: {what} are switched off or hidden from this token."
