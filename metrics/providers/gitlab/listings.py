"""The lists of GitLab that are read, and what has to be asked for beside each row of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics import read
from metrics.events import Asked, Observation

from .client import Client, of
from .reading import Listing, observation
from .told import Project


def _deployment(client: Client, project: Project, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A deployment and the tier of its environment, which the list of deployments does not tell."""
    environment = read.table(row.get("environment"))
    number = read.ident(environment.get("id"))
    if environment.get("tier") or not number:
        return {"deployment": row}
    name = f"{of(project)}/environments/{number}"
    if name not in client.memory:
        client.memory[name] = client.one(name) or {}
    said = client.memory[name]
    # not the whole: it tells its last deployment as well, and would differ each time
    return {"deployment": row, "environment": {key: said[key] for key in ("id", "name", "tier") if key in said}}


def _pipeline(client: Client, project: Project, row: Mapping[str, Any]) -> Mapping[str, Any]:
    path = f"{of(project)}/pipelines/{read.ident(row.get('id'))}"
    return {"pipeline": client.one(path) or row, "jobs": client.all(f"{path}/jobs", {"include_retried": "true"})}


def _merge_request(client: Client, project: Project, row: Mapping[str, Any]) -> Mapping[str, Any]:
    if row.get("state") != "merged":
        return {"merge_request": row}
    path = f"{of(project)}/merge_requests/{read.ident(row.get('iid'))}"
    notes = client.all(f"{path}/notes", {"sort": "asc", "order_by": "created_at"})
    return {
        "merge_request": row,
        "commits": client.all(f"{path}/commits"),
        "notes": [_note(note) for note in notes],
    }


def _note(note: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who wrote it and when. What people write is not kept; what GitLab itself writes tells approvals."""
    kept = {key: note.get(key) for key in ("id", "created_at", "system")}
    author = {key: read.at(note, "author", key) for key in ("id", "username")}
    return kept | {"author": author} | ({"body": read.text(note.get("body"), 200)} if note.get("system") else {})


LISTINGS: Mapping[str, Listing] = {
    "deployments": Listing(kind="deployment", path="deployments", number="id", nested=_deployment),
    "pipelines": Listing(kind="pipeline", path="pipelines", number="id", nested=_pipeline, at_once=15),
    "merge_requests": Listing(
        kind="merge_request", path="merge_requests", number="iid", params={"state": "merged", "scope": "all"},
        nested=_merge_request, at_once=15,
    ),
    "incidents": Listing(kind="issue", path="issues", number="iid", params={"scope": "all"}),
    "releases": Listing(kind="release", path="releases", number="tag_name", time="created_at"),
    "commits": Listing(kind="commit", path="repository/commits", number="id", time="committed_date"),
}  # fmt: skip
_BY_KIND = {listing.kind: listing for listing in LISTINGS.values()}


def ask(client: Client, kind: str, ids: list[str]) -> Asked:
    """Things by their ids ("project:number"). Those that GitLab does not show any more are gone."""
    listing = _BY_KIND[kind]
    found: list[Observation] = []
    gone = []
    for key in ids:
        place, _, number = key.partition(":")
        if place not in client.memory:
            client.memory[place] = client.project(place) or {}
        project = Project.of(client.memory[place])
        path = f"{of(project)}/{listing.path}/{number.replace('/', '%2F')}"
        row = client.one(path) if project.id else None
        if row is None:
            gone.append(key)
            continue
        envelope = listing.nested(client, project, row) if listing.nested else {kind: row}
        at = read.latest(*(read.when(row.get(name)) for name in (listing.time, "created_at")))
        found.append(observation(kind, project, row.get(listing.number) or number, envelope, at))
    return Asked(observations=tuple(found), gone=tuple(gone))
