"""Talks with GitHub: its REST with ETags, and GraphQL beside it. Returns its words; knows no facts.

github.com and Enterprise Server differ in where things are and in what old versions leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from metrics import read
from metrics.events import Connection, Etag, ProviderError, RateLimited
from metrics.http import Answer, Door

from .words import Words, place

PER_PAGE = 100
MOST_REPOSITORIES = 500
REFUSED = (403, 404, 409, 410, 451)  # answers that say something of one repository, not of us


class NoGraphql(Exception):
    """This server does not answer GraphQL, or not this question: ask by REST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a list. Unchanged: `rows` is empty and `meta` what was kept of it."""

    url: str
    rows: Sequence[Words] = ()
    next: str = ""
    total: int | None = None
    etag: str = ""
    meta: Mapping[str, Any] | None = None  # None: it is new
    status: int = 200
    words: str = ""  # what a refusal says


def root_of(address: str) -> str:
    """The API's address, also for somebody who gave the one of the pages."""
    parts = urlsplit(address.strip() if "://" in address else f"https://{address.strip()}")
    host = (parts.hostname or "").lower()
    path = parts.path.rstrip("/").removesuffix("/graphql")
    if host in ("github.com", "www.github.com"):
        return "https://api.github.com"
    if host.endswith(".ghe.com") and not host.startswith("api."):
        return f"https://api.{host}"
    numbered = host.replace(".", "").isdigit() or ":" in host or host == "localhost"
    if not path and not host.startswith("api.") and not numbered:
        path = "/api/v3"  # Enterprise Server
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path if path != '/api' else '/api/v3'}"


class Client:
    def __init__(self, connection: Connection) -> None:
        self.root = root_of(connection.address or "https://api.github.com")
        base = self.root.removesuffix("/v3") if self.root.endswith("/api/v3") else self.root
        self.graphql_url = f"{base}/graphql"
        self._etag: Callable[[str], Etag | None] = connection.etag
        headers = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
        if connection.secret:
            headers["authorization"] = f"Bearer {connection.secret.strip()}"
        self.door = Door(
            address=self.root, headers=headers, secret=connection.secret.strip(), trusted_hosts=connection.trusted_hosts
        )
        self.has_graphql = bool(connection.secret)  # it never answers without a token
        self.knows_graphql = False  # it has answered: until then a question is a small one

    def close(self) -> None:
        self.door.close()

    # --- REST --------------------------------------------------------------------------------------------------------

    def url(self, path: str, **params: Any) -> str:
        return self.door.url(path, params)

    def get(self, path: str, *, accept: Collection[int] = (), **params: Any) -> Answer:
        return self.door.get(path, params=params, accept=accept)

    def listed(
        self, url: str, key: str = "", *, known: Callable[[Mapping[str, Any]], bool] | None = None,
        accept: Collection[int] = REFUSED,
    ) -> Listed:  # fmt: skip
        """A page of a list; `known` says of what was kept of it whether that will do, should it be unchanged."""
        kept = self._etag(url) if known else None
        if kept is not None and not (known and known(kept.meta)):
            kept = None
        answer = self.door.get(url, etag=kept.value if kept else "", accept=accept)
        if answer.not_modified and kept is not None:
            return Listed(url=url, meta=kept.meta, next=str(kept.meta.get("next") or ""), etag=kept.value)
        if answer.status >= 300:
            return Listed(url=url, status=answer.status, words=_message(answer))
        said = answer.json()
        rows = read.rows(read.table(said).get(key)) if key else read.rows(said)
        total = read.table(said).get("total_count")
        following = answer.link("next") or ""
        return Listed(
            url=url, rows=rows, next=following, etag=answer.headers.get("etag", ""),
            total=total if isinstance(total, int) else None,
        )  # fmt: skip

    def every(self, url: str, key: str = "", *, pages: int = 10, accept: Collection[int] = REFUSED) -> Listed:
        """All rows of a short list, of at most so many pages."""
        rows: list[Words] = []
        found = Listed(url=url, next=url)
        for _ in range(pages):
            found = self.listed(found.next, key, accept=accept)
            rows += found.rows
            if not found.next:
                break
        return Listed(url=url, rows=rows, next=found.next, total=found.total, status=found.status, words=found.words)

    def repository(self, name: str) -> tuple[Words, Etag | None, str, int]:
        """(what is known of it, the ETag to keep, the address that was asked, the status)."""
        url = self.url(f"repos/{name}")
        kept = self._etag(url)
        answer = self.door.get(url, etag=kept.value if kept else "", accept=REFUSED)
        if answer.not_modified and kept is not None:
            return read.table(kept.meta.get("place")), None, url, 200
        if answer.status >= 300:
            return {"message": _message(answer)}, None, url, answer.status
        said = read.table(answer.json())
        known = place(said) | {"archived": said.get("archived") is True, "disabled": said.get("disabled") is True}
        tag = answer.headers.get("etag", "")
        return known, Etag(value=tag, meta={"place": known}) if tag else None, url, 200

    def repositories(self, most: int = MOST_REPOSITORIES) -> tuple[list[str], bool, dict[str, Etag]]:
        """(names of all that the token sees, whether there are more, ETags to keep)."""
        names: dict[str, None] = {}
        etags: dict[str, Etag] = {}
        following = self.url("user/repos", per_page=PER_PAGE, sort="full_name")
        while following and len(names) < most:
            page = self.listed(following, known=lambda meta: "names" in meta, accept=())
            if page.meta is not None:
                names |= dict.fromkeys(page.meta["names"])
            else:
                found = [read.text(row.get("full_name"), 200) for row in page.rows]
                names |= dict.fromkeys(name for name in found if name)
                if page.etag:
                    etags[following] = Etag(value=page.etag, meta={"names": found, "next": page.next})
            following = page.next
        return list(names)[:most], bool(following) or len(names) > most, etags

    # --- GraphQL -----------------------------------------------------------------------------------------------------

    def graphql(self, query: str, **variables: Any) -> Words:
        """The data. Raises NoGraphql where this server does not answer it, RateLimited, ProviderError."""
        if not self.has_graphql:
            raise NoGraphql
        answer = self.door.post(
            self.graphql_url, body={"query": query, "variables": variables}, accept=(400, 403, 404, 405, 406, 422)
        )
        said = read.table(answer.json()) if answer.status == 200 else {}
        errors = read.rows(said.get("errors"))
        for error in errors:
            if error.get("type") == "RATE_LIMITED" or "rate limit" in read.text(error.get("message")).lower():
                raise self._limited(answer)
        data = said.get("data")
        if not isinstance(data, Mapping):
            self.has_graphql = self.knows_graphql = False
            raise NoGraphql
        self.knows_graphql = True
        return data

    def nodes(self, query: str, ids: Sequence[str]) -> dict[str, Words]:
        """node id → what GraphQL says of it; those that it does not know, or may not say, are left out."""
        found = read.rows(self.graphql(query, ids=list(ids)).get("nodes"))
        return {read.text(one.get("id")): one for one in found if one.get("id")}

    def _limited(self, answer: Answer) -> RateLimited:
        reset = read.when(answer.headers.get("x-ratelimit-reset"))
        now = datetime.now(UTC)
        if reset is not None and reset > answer.at:
            return RateLimited(until=now + (reset - answer.at))
        return RateLimited(until=now + timedelta(seconds=60), doubling=True)


def _message(answer: Answer) -> str:
    try:
        return read.text(read.table(answer.json()).get("message"), 300)
    except ProviderError:
        return ""
