"""Talks to GitLab's REST API (v4) through the one HTTP door: addresses, pages, and what to say when it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from metrics import read
from metrics.events import Connection, Etag, ProviderError, RateLimited, Unreadable
from metrics.http import Answer, Door

from .told import Project

A_PAGE = 100
MOST_PAGES = 10  # of what belongs to one thing: its jobs, its commits, its notes
HIDDEN = (403, 404)  # switched off, deleted, or not for this token


class Client:
    def __init__(self, connection: Connection) -> None:
        address = connection.address.strip().rstrip("/") or "https://gitlab.com"
        self.api = address if address.endswith("/api/v4") else f"{address}/api/v4"
        self._etag = connection.etag
        self.memory: dict[str, Mapping[str, Any]] = {}  # what is asked for once and belongs to many things
        headers = {"Accept": "application/json"} | ({"PRIVATE-TOKEN": connection.secret} if connection.secret else {})
        self.door = Door(
            address=self.api, headers=headers, secret=connection.secret, trusted_hosts=connection.trusted_hosts
        )

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, etag: str = "", accept: tuple[int, ...] = (404,)
    ) -> Answer:
        url = path if "://" in path else self.url(path, params)
        answer = self.door.get(url, etag=etag, accept=accept)
        if answer.status == 403:
            self._forbidden(answer)
        return answer

    def _forbidden(self, answer: Answer) -> None:
        """Tell a limit, and a token that may read nothing at all, from what is only hidden."""
        if "retry-after" in answer.headers or answer.headers.get("ratelimit-remaining") == "0":
            raise RateLimited(until=datetime.now(UTC) + timedelta(seconds=60), doubling=True)
        if b"insufficient_scope" in answer.body[:4000]:
            raise ProviderError(
                "The token has not the scope that we need.",
                advice="Make one with the scope read_api, and enter it.",
                permanent=True,
            )

    def close(self) -> None:
        self.door.close()

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The whole address: also the name under which an etag is kept."""
        return f"{self.api}/{path}" + (f"?{urlencode(params)}" if params else "")

    def kept(self, url: str) -> Etag | None:
        return self._etag(url)

    def rows(self, answer: Answer) -> list[Mapping[str, Any]]:
        """The rows of a listing. Raises Unreadable for an answer that is none."""
        said = answer.json()
        if not isinstance(said, list):
            raise Unreadable("GitLab answered something that is no list.", detail=answer.url)
        return read.rows(said)

    def all(self, path: str, params: Mapping[str, str] | None = None) -> list[Mapping[str, Any]]:
        """All rows of what belongs to one thing; none where it is hidden. At most some pages of them."""
        found: list[Mapping[str, Any]] = []
        url = self.url(path, {"per_page": str(A_PAGE), **(params or {})})
        for _ in range(MOST_PAGES):
            answer = self.get(url, accept=HIDDEN)
            if answer.status != 200:
                break
            found += self.rows(answer)
            url = answer.link("next") or ""
            if not url:
                break
        return found

    def one(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        """One thing; None where it is gone or hidden."""
        answer = self.get(path, params, accept=HIDDEN)
        return read.table(answer.json()) if answer.status == 200 else None

    def project(self, name: str) -> Mapping[str, Any] | None:
        """A project by its path or its id, also by a path that it had before."""
        return self.one(f"projects/{quote(name.strip().strip('/'), safe='')}")

    def named(self, name: str, etags: dict[str, Etag]) -> Project | None:
        """A project by its path or id; None where it is gone or hidden. An unchanged one costs a 304."""
        url = self.url(f"projects/{quote(name.strip().strip('/'), safe='')}")
        kept = self.kept(url)
        answer = self.get(url, etag=kept.value if kept else "", accept=HIDDEN)
        if answer.not_modified and kept is not None:
            return Project.of(kept.meta.get("project"))
        if answer.status != 200:
            return None
        project = Project.of(answer.json())
        if etag := answer.headers.get("etag"):
            etags[url] = Etag(value=etag, meta={"project": project.json()})
        return project

    def memberships(self, url: str, etags: dict[str, Etag]) -> tuple[list[Project], str]:
        """(a page of the projects that the token is a member of, the address of the next page)."""
        asked = {"membership": "true", "pagination": "keyset", "order_by": "id", "sort": "asc", "per_page": str(A_PAGE)}
        url = url or self.url("projects", {**asked, "simple": "true"})
        kept = self.kept(url)
        answer = self.get(url, etag=kept.value if kept else "", accept=())
        if answer.not_modified and kept is not None:
            return [Project.of(one) for one in kept.meta["projects"]], str(kept.meta["next"])
        found = [Project.of(row) for row in self.rows(answer)]
        further = answer.link("next") or ""
        if etag := answer.headers.get("etag"):
            etags[url] = Etag(value=etag, meta={"projects": [one.json() for one in found], "next": further})
        return found, further


def of(project: Project) -> str:
    return f"projects/{project.id}"
