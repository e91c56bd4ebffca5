"""Trying a connection: whether the token holds, what it may read and what not, and which repositories there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from metrics import read
from metrics.events import Found, ProviderError

from .client import PER_PAGE, Client, Listed

SHOWN = 200  # repositories on the page; more are found by search
SEARCHED = 2000
_TRIED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("deployments", "deployments", {}),
    ("releases", "releases", {}),
    ("pull requests", "pulls", {"state": "all"}),
    ("commits", "commits", {}),
    ("Actions", "actions/runs", {}),
    ("issues", "issues", {"state": "all"}),
)


def chosen(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The repositories in a source's settings. Raises ProviderError for what is no name of one."""
    said = settings.get("repositories") or []
    if isinstance(said, str):
        said = said.replace(",", " ").split()
    found = []
    for one in said if isinstance(said, list | tuple) else ():
        name = read.text(one, 300).removesuffix(".git").strip("/")
        if "://" in name:  # the address of its page
            name = "/".join(name.split("://", 1)[1].split("/")[1:3])
        if name.count("/") != 1 or not all(name.split("/")) or quote(name, safe="/") != name:
            raise ProviderError(
                f"“{read.text(one, 80)}” is not a repository.", advice="Write it as owner/name.", permanent=True
            )
        found.append(name)
    return tuple(dict.fromkeys(found))


def check(client: Client, repositories: Sequence[str]) -> Found:
    """Tries each right on one repository. Raises ProviderError where not even the token holds."""
    who = client.get("user", accept=(403, 404))
    login = read.text(read.table(who.json()).get("login"), 100) if who.status == 200 else ""
    scopes = who.headers.get("x-oauth-scopes", "")
    names, more, _ = client.repositories(SHOWN)
    tried = next(iter(repositories), next(iter(names), ""))
    if not tried:
        raise ProviderError(
            "The token holds, but sees no repository.",
            advice="Give it the repositories that this source is about.", permanent=True,
        )  # fmt: skip
    place, _, _, status = client.repository(tried)
    if status != 200:
        raise ProviderError(
            f"The token holds, but {tried} is not there, or the token may not see it.",
            advice="Check the name, or give the token that repository.", permanent=True,
        )  # fmt: skip
    name = read.text(place.get("full_name"), 200) or tried
    answers = [(what, _tried(client, name, path, params)) for what, path, params in _TRIED]
    can = tuple(what for what, status in answers if status in (200, 409))
    cannot = tuple(what for what, status in answers if status in (403, 404))
    off = tuple(what for what, status in answers if status == 410)
    sentence = f"The token{f' of {login}' if login else ''} can read {_and(can) or 'nothing'}"
    sentence += f", cannot read {_and(cannot)}." if cannot else "."
    if off:
        sentence += f" {name} has its {_and(off)} switched off."
    details = {"login": login, "scopes": scopes, "tried": name, "archived": bool(place.get("archived"))}
    return Found(sentence, details=details, can=can, cannot=cannot, choices=tuple(names), more_choices=more)


def _tried(client: Client, name: str, path: str, params: Mapping[str, Any]) -> int:
    answer = client.get(f"repos/{name}/{path}", accept=(403, 404, 409, 410), per_page=1, **params)
    return answer.status


def search(client: Client, words: str) -> Found:
    """Repositories that the token sees and whose name holds all of `words`."""
    wanted = words.lower().split()
    found: list[str] = []
    page = Listed(url="", next=client.url("user/repos", per_page=PER_PAGE, sort="full_name"))
    looked = 0
    while page.next and looked < SEARCHED and len(found) <= SHOWN:
        page = client.listed(page.next, accept=())
        looked += len(page.rows)
        names = (read.text(row.get("full_name"), 200) for row in page.rows)
        found += [name for name in names if name and all(word in name.lower() for word in wanted)]
    exact = words.strip().removesuffix("/")
    if exact.count("/") == 1 and quote(exact, safe="/") == exact and exact.lower() not in map(str.lower, found):
        place, _, _, status = client.repository(exact)
        if status == 200 and place.get("full_name"):
            found.insert(0, read.text(place["full_name"], 200))
    more = bool(page.next) or len(found) > SHOWN
    sentence = f"{len(found[:SHOWN])} found." if found else "No repository that the token sees is called so."
    return Found(sentence, choices=tuple(found[:SHOWN]), more_choices=more)


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
