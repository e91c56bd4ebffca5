"""Asking for things by their id while they are not over."""

from __future__ import annotations

from collections.abc import Sequence

from metrics import read
from metrics.events import Asked, Observation, ProviderError

from .client import Client
from .nested import Nested
from .words import Words, observation

PATHS = {
    "deployment": "deployments", "release": "releases", "pull": "pulls", "commit": "commits", "run": "actions/runs",
    "issue": "issues",
}  # fmt: skip
NOT_THERE = (404, 410, 409, 422, 451)
DENIED = 403


def ask(client: Client, kind: str, ids: Sequence[str]) -> Asked:
    """What GitHub says of them now; `gone` are those that it no longer knows. Raises ProviderError, RateLimited."""
    if kind not in PATHS:
        raise ProviderError(f"GitHub is not asked for things called {kind[:40]}.", permanent=True)
    found: list[Observation] = []
    gone: list[str] = []
    places: dict[str, tuple[Words, int]] = {}
    for which in ids:
        name, _, number = which.partition("@" if kind == "commit" else "#")
        if name not in places:
            place, _, _, status = client.repository(name)
            places[name] = (place, status)
        place_now, status = places[name]
        row: Words = {}
        if status == 200:
            row, status = _row(client, kind, name, number)
        if status == DENIED:  # the right may come back: it stays open, and the others are asked for
            continue
        if status != 200:
            gone.append(which)
            continue
        known = Nested(client, place_now, _quietly)
        if kind == "issue" and _elsewhere(row, place_now):
            found.append(observation("issue", which, None, repository=place_now, issue=row, action="transferred"))
            continue
        said = known.of(kind, [row])
        # whatever the repository is called now, the answer belongs to the thing that was asked for
        found += [Observation(kind=kind, id=which, body=one.body, updated_at=one.updated_at) for one in said]
    return Asked(observations=tuple(found), gone=tuple(gone))


def _row(client: Client, kind: str, name: str, number: str) -> tuple[Words, int]:
    answer = client.get(f"repos/{name}/{PATHS[kind]}/{number}", accept=(*NOT_THERE, DENIED))
    return (read.table(answer.json()) if answer.status == 200 else {}), answer.status


def _elsewhere(row: Words, place: Words) -> bool:
    """Whether an issue was moved to another repository: GitHub sends us on to where it is now."""
    home = read.text(row.get("repository_url"), 400).rstrip("/").lower()
    name = read.text(place.get("full_name"), 200).lower()
    return bool(home) and bool(name) and not home.endswith(f"/repos/{name}")


def _quietly(doing: str, read: int = 0, total: int | None = None) -> None:
    pass
