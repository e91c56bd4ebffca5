"""What a token may read of a GitLab, each right tried by itself, and which projects a person may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics import read
from metrics.events import Found, ProviderError

from .client import HIDDEN, Client

CHOICES = 50
_RIGHTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("deployments", "deployments", {}),
    ("environments", "environments", {}),
    ("pipelines and jobs", "pipelines", {}),
    ("merge requests", "merge_requests", {"state": "merged"}),
    ("commits", "repository/commits", {}),
    ("issues and incidents", "issues", {}),
    ("releases", "releases", {}),
)


def check(client: Client, chosen: tuple[str, ...], *, anonymous: bool) -> Found:
    """Raises ProviderError when nothing can be read at all."""
    choices, more = ((), False) if anonymous else _choices(client, {})
    names = chosen or choices[:1]
    if not names:
        raise ProviderError(
            "GitLab answers, and shows this token no project.",
            advice="Use the token of a project or a group, or of somebody who is a member of the projects.",
            permanent=True,
        )
    project, missing = None, []
    for name in names[:20]:
        said = client.project(name)
        if said is None:
            missing.append(name)
        project = project or said
    if project is None:
        raise ProviderError(
            f"GitLab does not show us {missing[0]}.",
            advice="Check the path, and that the token's owner is a member there with at least the role Reporter.",
            permanent=True,
        )
    can, cannot = _rights(client, project)
    if not can:
        raise ProviderError(
            "The token shows projects and nothing of what is in them.",
            advice="Give it the scope read_api, and the role Reporter.",
            permanent=True,
        )
    version = read.text(read.at(_quiet(client, "version"), "version"), 40)
    sentence = f"GitLab{' ' + version if version else ''} answers. The token can read {_listed(can)}"
    sentence += f", and cannot read {_listed(cannot)}." if cannot else "."
    if missing:
        sentence += f" It is not shown {_listed(missing)}."
    expires = read.text(read.at(_quiet(client, "personal_access_tokens/self"), "expires_at"), 40)
    if expires:
        sentence += f" The token ends on {expires}."
    return Found(
        sentence,
        {"version": version, "expires": expires, "tried": read.text(project.get("path_with_namespace"), 300)},
        can=tuple(can), cannot=tuple(cannot), choices=choices, more_choices=more,
    )  # fmt: skip


def search(client: Client, words: str) -> Found:
    """Projects whose name or group holds `words`."""
    asked = {"search": words.strip()[:200], "search_namespaces": "true"} if words.strip() else {}
    choices, more = _choices(client, asked)
    if not choices:
        return Found("No project that the token is a member of is called like this.")
    count = f"{len(choices)}{' and more' if more else ''} project{'s' if len(choices) > 1 or more else ''}"
    return Found(f"{count} found.", choices=choices, more_choices=more)


def _choices(client: Client, asked: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    params = {"membership": "true", "simple": "true", "order_by": "last_activity_at", "per_page": str(CHOICES), **asked}
    answer = client.get("projects", params, accept=())
    names = (read.text(row.get("path_with_namespace"), 300) for row in client.rows(answer))
    return tuple(name for name in names if name), bool(answer.link("next"))


def _rights(client: Client, project: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    can: list[str] = []
    cannot: list[str] = []
    for name, path, params in _RIGHTS:
        answer = client.get(
            f"projects/{read.ident(project.get('id'))}/{path}", {**params, "per_page": "1"}, accept=HIDDEN
        )
        # a repository without a commit answers 404 as well: nothing to read is not forbidden
        empty = answer.status == 404 and path == "repository/commits" and project.get("empty_repo") is True
        (can if answer.status == 200 or empty else cannot).append(name)
    return can, cannot


def _quiet(client: Client, path: str) -> Mapping[str, Any]:
    """What is nice to know: old versions and narrow tokens do not tell it."""
    try:
        return client.one(path) or {}
    except ProviderError as refused:
        if refused.permanent:
            return {}
        raise


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
